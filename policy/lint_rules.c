// SPDX-License-Identifier: GPL-2.0-only
/* Rules as a whole: whom they select, whether one is there twice, what they close. */
#include "policy/labelindex.h"
#include "policy/lint_part.h"

/* Who closes an identity in one direction: a rule, or several. */
enum { NOBODY = 0, SEVERAL = UINT32_MAX };

struct closer {
	uint32_t rule[PG_DIRECTIONS];
};

static struct pg_origin rule_origin(uint32_t number)
{
	return (struct pg_origin){ .rule = number };
}

static int compare_rules(const void *a, const void *b)
{
	const struct pg_rule *left = *(const struct pg_rule *const *)a;
	const struct pg_rule *right = *(const struct pg_rule *const *)b;

	/* Of equal rules the first of the file comes first. */
	return pg_rule_compare(left, right) ?: (left > right) - (left < right);
}

static int find_duplicates(struct pg_linter *linter)
{
	const struct pg_rule *rules = linter->policy->rules.items;
	size_t count = linter->policy->rules.count;
	_cleanup_free_ const struct pg_rule **sorted = calloc(count + 1, sizeof(*sorted));
	const struct pg_rule *first = NULL;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &rules[i];
	qsort(sorted, count, sizeof(*sorted), compare_rules);
	for (size_t i = 0; i < count; i++) {
		struct pg_finding *finding;

		if (!first || pg_rule_compare(first, sorted[i])) {
			first = sorted[i];
			continue;
		}
		finding = pg_lint_add(linter, PG_FINDING_DUPLICATE, sorted[i]->loc,
				      rule_origin((uint32_t)(sorted[i] - rules) + 1));
		if (!finding)
			return -ENOMEM;
		finding->other = rule_origin((uint32_t)(first - rules) + 1);
		linter->duplicate_of[sorted[i] - rules] = finding->other.rule;
	}
	return 0;
}

static int report_subject(struct pg_linter *linter, uint32_t number)
{
	const struct pg_selector *subject = &linter->policy->rules.items[number - 1].subject;
	enum pg_finding_kind kind =
		pg_lint_is_impossible(subject) ? PG_FINDING_IMPOSSIBLE : PG_FINDING_NO_SUBJECT;
	struct pg_finding *finding = pg_lint_add(linter, kind, subject->loc, rule_origin(number));

	if (!finding)
		return -ENOMEM;
	finding->selector = subject;
	return 0;
}

static void note_closer(struct closer *closer, const struct pg_rule *rule, uint32_t number)
{
	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		if (rule->default_deny[i])
			closer->rule[i] = closer->rule[i] == NOBODY ? number : SEVERAL;
	}
}

static int check_rule(struct pg_linter *linter, const struct pg_label_index *index, uint32_t number,
		      struct closer *closers)
{
	_cleanup_selection_ struct pg_selection selection = { 0 };
	const struct pg_rule *rule = &linter->policy->rules.items[number - 1];
	bool says_nothing = !rule->entries.count && !rule->default_deny[PG_EGRESS] &&
			    !rule->default_deny[PG_INGRESS];
	bool found = false;
	int err = pg_label_index_select(index, &rule->subject, &selection);

	if (err)
		return err;
	pg_array_foreach(identity, &selection.list) {
		if (!linter->identities->list.items[*identity].endpoints.count)
			continue;
		found = true;
		note_closer(&closers[*identity], rule, number);
	}
	if (says_nothing &&
	    !pg_lint_add(linter, PG_FINDING_SAYS_NOTHING, rule->loc, rule_origin(number)))
		return -ENOMEM;
	return found ? 0 : report_subject(linter, number);
}

/* The finding of the rule and direction; the first endpoint makes it. NULL: out of memory. */
static struct pg_finding *find_closing(struct pg_linter *linter, uint32_t *finding_of,
				       uint32_t number, enum pg_direction direction)
{
	uint32_t *place = &finding_of[(number - 1) * PG_DIRECTIONS + direction];
	struct pg_finding *finding;

	if (*place)
		return &linter->findings.list.items[*place - 1];
	finding = pg_lint_add(linter, PG_FINDING_CLOSES,
			      linter->policy->rules.items[number - 1].loc, rule_origin(number));
	if (!finding)
		return NULL;
	finding->direction = direction;
	*place = (uint32_t)linter->findings.list.count;
	return finding;
}

static int add_endpoint(struct pg_finding *finding, uint32_t endpoint)
{
	uint32_t *added = pg_array_add(&finding->endpoints);

	if (!added)
		return -ENOMEM;
	*added = endpoint;
	return 0;
}

/* Goes by endpoint, so that each list is in the order of their names. */
static int report_closers(struct pg_linter *linter, const struct closer *closers)
{
	const struct pg_identities *identities = linter->identities;
	_cleanup_free_ uint32_t *finding_of =
		calloc(linter->policy->rules.count * PG_DIRECTIONS + 1, sizeof(*finding_of));

	if (!finding_of)
		return -ENOMEM;
	for (uint32_t i = 0; i < identities->endpoint_ids.count; i++) {
		const struct pg_identity_info *info =
			pg_identities_get(identities, identities->endpoint_ids.items[i]);
		const struct closer *closer = &closers[info - identities->list.items];

		for (size_t d = 0; d < PG_DIRECTIONS; d++) {
			struct pg_finding *finding;

			if (closer->rule[d] == NOBODY || closer->rule[d] == SEVERAL)
				continue;
			finding = find_closing(linter, finding_of, closer->rule[d],
					       (enum pg_direction)d);
			if (!finding || add_endpoint(finding, i))
				return -ENOMEM;
		}
	}
	return 0;
}

int pg_lint_rules(struct pg_linter *linter)
{
	_cleanup_label_index_ struct pg_label_index index = { 0 };
	_cleanup_free_ struct closer *closers =
		calloc(linter->identities->list.count + 1, sizeof(*closers));
	int err = closers ? find_duplicates(linter) : -ENOMEM;

	err = err ?: pg_label_index_make(linter->identities, &index);
	for (uint32_t number = 1; number <= linter->policy->rules.count && !err; number++)
		err = check_rule(linter, &index, number, closers);
	if (!err && linter->options->enforcement == PG_ENFORCEMENT_DEFAULT)
		err = report_closers(linter, closers);
	return err;
}
