// SPDX-License-Identifier: GPL-2.0-only
/* Findings, and the order in which they are looked for. */
#include "policy/lint_part.h"

static const char *const finding_names[] = {
	[PG_FINDING_NO_SUBJECT] = "no-subject",
	[PG_FINDING_SAYS_NOTHING] = "says-nothing",
	[PG_FINDING_DUPLICATE] = "duplicate",
	[PG_FINDING_CLOSES] = "closes",
	[PG_FINDING_IMPOSSIBLE] = "impossible",
	[PG_FINDING_NO_PEER] = "no-peer",
	[PG_FINDING_EMPTY_PEERS] = "empty-peers",
	[PG_FINDING_EMPTY_PORTS] = "empty-ports",
	[PG_FINDING_UNMET] = "unmet",
	[PG_FINDING_SHADOWED] = "shadowed",
	[PG_FINDING_DENIED] = "denied",
	[PG_FINDING_PARTLY_DENIED] = "partly-denied",
	[PG_FINDING_OPEN] = "open",
	[PG_FINDING_HOST] = "host",
};
_Static_assert(PG_COUNT(finding_names) == PG_FINDINGS, "a finding lacks its name");

const char *pg_finding_name(enum pg_finding_kind kind)
{
	return (size_t)kind < PG_FINDINGS ? finding_names[kind] : "?";
}

void pg_findings_done(struct pg_findings *findings)
{
	pg_array_foreach(finding, &findings->list)
		free(finding->endpoints.items);
	free(findings->list.items);
	*findings = (struct pg_findings){ 0 };
}

static void linter_done(struct pg_linter *linter)
{
	pg_findings_done(&linter->findings);
	free(linter->duplicate_of);
}

static const struct pg_entry *entry_of(const struct pg_policy *policy, struct pg_origin origin)
{
	return &policy->rules.items[origin.rule - 1].entries.items[origin.entry - 1];
}

bool pg_finding_is_mistake(const struct pg_finding *finding, const struct pg_policy *policy)
{
	switch (finding->kind) {
	case PG_FINDING_CLOSES:
	case PG_FINDING_PARTLY_DENIED:
	case PG_FINDING_OPEN:
		return false;
	case PG_FINDING_HOST:
		return entry_of(policy, finding->origin)->deny;
	default:
		return true;
	}
}

struct pg_finding *pg_lint_add(struct pg_linter *linter, enum pg_finding_kind kind,
			       struct pg_loc loc, struct pg_origin origin)
{
	struct pg_finding *finding = pg_array_add(&linter->findings.list);

	if (!finding)
		return NULL;
	finding->kind = kind;
	finding->loc = loc;
	finding->origin = origin;
	if (origin.entry)
		finding->direction = entry_of(linter->policy, origin)->direction;
	return finding;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_findings(const void *a, const void *b)
{
	const struct pg_finding *left = a, *right = b;
	int order = compare_numbers(left->loc.source, right->loc.source);

	order = order ?: compare_numbers(left->loc.offset, right->loc.offset);
	order = order ?: pg_origin_compare(left->origin, right->origin);
	order = order ?: compare_numbers(left->kind, right->kind);
	return order ?: compare_numbers(left->direction, right->direction);
}

int pg_lint(const struct pg_policy *policy, const struct pg_endpoints *endpoints,
	    const struct pg_identities *identities, const struct pg_evaluation_options *options,
	    struct pg_findings *ret_findings)
{
	PG_CLEANUP(linter_done)
	struct pg_linter linter = {
		.policy = policy,
		.endpoints = endpoints,
		.identities = identities,
		.options = options,
		.duplicate_of = calloc(policy->rules.count + 1, sizeof(uint32_t)),
	};
	int err = linter.duplicate_of ? pg_lint_rules(&linter) : -ENOMEM;

	err = err ?: pg_lint_peers(&linter);
	if (options->enforcement != PG_ENFORCEMENT_NEVER)
		err = err ?: pg_lint_entries(&linter);
	if (err)
		return err;
	if (linter.findings.list.count)
		qsort(linter.findings.list.items, linter.findings.list.count,
		      sizeof(struct pg_finding), compare_findings);
	*ret_findings = linter.findings;
	linter.findings = (struct pg_findings){ 0 };
	return 0;
}
