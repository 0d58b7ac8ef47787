// SPDX-License-Identifier: GPL-2.0-only
/* The meaning of a policy, as plainly as it can be said: every rule is asked about every flow. */
#include "policy/evaluate.h"

#include "policy/http.h"

static const char *const reason_names[] = {
	[PG_REASON_NOT_MANAGED] = "not managed",   [PG_REASON_NOT_ENFORCED] = "not enforced",
	[PG_REASON_HOST_POLICY] = "host policy",   [PG_REASON_RULE] = "rule",
	[PG_REASON_DEFAULT_DENY] = "default deny", [PG_REASON_HTTP] = "http",
};
_Static_assert(PG_COUNT(reason_names) == PG_REASONS, "a reason lacks its name");

const char *pg_reason_name(enum pg_reason reason)
{
	return (size_t)reason < PG_REASONS ? reason_names[reason] : "?";
}

/* One side of a flow: may the subject, in this direction, have this with the peer? */
struct side {
	const struct pg_policy *policy;
	const struct pg_flow *flow;
	enum pg_direction direction;
	const struct pg_identity_info *subject, *peer;
	struct pg_addr peer_addr;
	bool requires_met[2]; /* by the peer; [1]: those of deny entries */
};

static bool is_managed(const struct pg_identity_info *info)
{
	return info->endpoints.count > 0;
}

static bool selects_subject(const struct side *side, const struct pg_rule *rule)
{
	return pg_selector_matches(&rule->subject, &side->subject->labels);
}

/* Whether the peer meets what one entry requires. */
static bool meets_requires(const struct side *side, const struct pg_peers *peers)
{
	pg_array_foreach(selector, &peers->requires) {
		if (!pg_selector_matches(selector, &side->peer->labels))
			return false;
	}
	return true;
}

/* Whether the peer meets what all allow (or all deny) entries of the subject require. */
static bool meets_all_requires(const struct side *side, bool deny)
{
	pg_array_foreach(rule, &side->policy->rules) {
		if (!selects_subject(side, rule))
			continue;
		pg_array_foreach(entry, &rule->entries) {
			if (entry->direction == side->direction && entry->deny == deny &&
			    !meets_requires(side, &entry->peers))
				return false;
		}
	}
	return true;
}

static bool is_selected(const struct side *side, const struct pg_peers *peers)
{
	pg_array_foreach(selector, &peers->endpoints) {
		if (pg_selector_matches(selector, &side->peer->labels))
			return true;
	}
	return false;
}

static bool in_cidr(const struct pg_cidr *cidr, const struct pg_addr *addr)
{
	if (!pg_prefix_contains(&cidr->prefix, addr))
		return false;
	pg_array_foreach(except, &cidr->except) {
		if (pg_prefix_contains(except, addr))
			return false;
	}
	return true;
}

/* CIDRs speak only of addresses that are neither an endpoint's nor a host's. */
static bool in_cidrs(const struct side *side, const struct pg_peers *peers)
{
	if (!pg_identity_is_world(side->peer->id))
		return false;
	pg_array_foreach(cidr, &peers->cidrs) {
		if (in_cidr(cidr, &side->peer_addr))
			return true;
	}
	return false;
}

static bool is_entity(const struct pg_identity_info *peer, unsigned int entities)
{
	bool host = peer->id.n == PG_IDENTITY_HOST.n;
	bool remote_node = peer->id.n == PG_IDENTITY_REMOTE_NODE.n;

	return (entities & PG_ENTITY_ALL) ||
	       ((entities & PG_ENTITY_WORLD) && pg_identity_is_world(peer->id)) ||
	       ((entities & PG_ENTITY_HOST) && host) ||
	       ((entities & PG_ENTITY_REMOTE_NODE) && remote_node) ||
	       ((entities & PG_ENTITY_CLUSTER) && (host || remote_node || is_managed(peer)));
}

static bool is_peer(const struct side *side, const struct pg_entry *entry)
{
	const struct pg_peers *peers = &entry->peers;

	if (!meets_requires(side, peers))
		return false;
	return peers->l3 == PG_L3_ANY ||
	       (is_selected(side, peers) && side->requires_met[entry->deny]) ||
	       in_cidrs(side, peers) || is_entity(side->peer, peers->entities);
}

static bool covers(const struct pg_l4 *l4, const struct pg_flow *flow)
{
	return l4->proto.n == flow->proto.n && l4->first <= flow->dport && flow->dport <= l4->last;
}

/*
 * What one entry says of the flow. Without ports it speaks of every protocol, but only of peers that
 * it names: an entry that says nothing at all allows nothing.
 */
static enum pg_verdict ask_entry(const struct side *side, const struct pg_entry *entry)
{
	enum pg_verdict verdict = PG_VERDICT_NONE;

	if (entry->direction != side->direction || !is_peer(side, entry))
		return PG_VERDICT_NONE;
	if (!entry->has_l4 && entry->peers.l3 != PG_L3_ANY)
		return entry->deny ? PG_VERDICT_DENY : PG_VERDICT_ALLOW;
	pg_array_foreach(l4, &entry->l4) {
		if (!covers(l4, side->flow))
			continue;
		if (entry->deny)
			return PG_VERDICT_DENY;
		if (!l4->http)
			return PG_VERDICT_ALLOW;
		verdict = PG_VERDICT_REDIRECT;
	}
	return verdict;
}

/* Who first said what, and who closed the subject. */
struct answers {
	struct pg_origin by[PG_VERDICTS]; /* rule 0: nobody said so */
	struct pg_origin closed_by;
};

static void ask_rule(const struct side *side, uint32_t number, struct answers *answers)
{
	const struct pg_rule *rule = &side->policy->rules.items[number - 1];

	if (!selects_subject(side, rule))
		return;
	if (rule->default_deny[side->direction] && !answers->closed_by.rule)
		answers->closed_by.rule = number;
	for (uint32_t i = 0; i < rule->entries.count; i++) {
		enum pg_verdict verdict = ask_entry(side, &rule->entries.items[i]);

		if (!answers->by[verdict].rule)
			answers->by[verdict] = (struct pg_origin){ number, i + 1 };
	}
}

/* 1: a list of the entry allows the request; 0; or an error. */
static int ask_http(const struct side *side, const struct pg_entry *entry)
{
	int result = 0;

	pg_array_foreach(l4, &entry->l4) {
		int allows;

		if (!l4->http || !covers(l4, side->flow))
			continue;
		allows = pg_http_list_allows(&entry->http_lists.items[l4->http - 1],
					     side->flow->http);
		if (allows == 1)
			return 1;
		result = result ?: allows;
	}
	return result;
}

/* As ask_http(), over all entries that redirect the flow; yields the one that allows. */
static int ask_all_http(const struct side *side, struct pg_origin *ret_origin)
{
	int result = 0;

	for (uint32_t r = 0; r < side->policy->rules.count; r++) {
		const struct pg_rule *rule = &side->policy->rules.items[r];

		for (uint32_t e = 0; e < rule->entries.count && selects_subject(side, rule); e++) {
			const struct pg_entry *entry = &rule->entries.items[e];
			int allows;

			if (ask_entry(side, entry) != PG_VERDICT_REDIRECT)
				continue;
			allows = ask_http(side, entry);
			if (allows == 1) {
				*ret_origin = (struct pg_origin){ r + 1, e + 1 };
				return 1;
			}
			result = result ?: allows;
		}
	}
	return result;
}

/* The flow is allowed at L4, by entries with HTTP rules only. */
static int judge_http(const struct side *side, struct pg_origin redirected_by,
		      struct pg_judgement *ret_judgement)
{
	struct pg_origin allowed_by;
	int allows;

	*ret_judgement =
		(struct pg_judgement){ PG_VERDICT_REDIRECT, PG_REASON_RULE, redirected_by };
	if (!side->flow->http)
		return 0;
	allows = ask_all_http(side, &allowed_by);
	if (allows < 0)
		return allows;
	if (allows)
		*ret_judgement =
			(struct pg_judgement){ PG_VERDICT_ALLOW, PG_REASON_RULE, allowed_by };
	else
		*ret_judgement =
			(struct pg_judgement){ PG_VERDICT_DENY, PG_REASON_HTTP, redirected_by };
	return 0;
}

/* Deny, then an allow without HTTP rules, then the HTTP rules, then what the subject's mode says. */
static int judge_by_rules(const struct side *side, enum pg_enforcement enforcement,
			  struct pg_judgement *ret_judgement)
{
	static const enum pg_verdict plain[] = { PG_VERDICT_DENY, PG_VERDICT_ALLOW };
	struct answers answers = { 0 };

	for (uint32_t number = 1; number <= side->policy->rules.count; number++)
		ask_rule(side, number, &answers);
	for (size_t i = 0; i < PG_COUNT(plain); i++) {
		if (answers.by[plain[i]].rule) {
			*ret_judgement = (struct pg_judgement){ plain[i], PG_REASON_RULE,
								answers.by[plain[i]] };
			return 0;
		}
	}
	if (answers.by[PG_VERDICT_REDIRECT].rule)
		return judge_http(side, answers.by[PG_VERDICT_REDIRECT], ret_judgement);
	if (enforcement == PG_ENFORCEMENT_ALWAYS)
		*ret_judgement = (struct pg_judgement){ PG_VERDICT_DENY, PG_REASON_DEFAULT_DENY,
							PG_ORIGIN_NONE };
	else if (answers.closed_by.rule)
		*ret_judgement = (struct pg_judgement){ PG_VERDICT_DENY, PG_REASON_DEFAULT_DENY,
							answers.closed_by };
	else
		*ret_judgement = (struct pg_judgement){ PG_VERDICT_ALLOW, PG_REASON_NOT_ENFORCED,
							PG_ORIGIN_NONE };
	return 0;
}

static int judge(struct side *side, const struct pg_evaluation_options *options,
		 struct pg_judgement *ret_judgement)
{
	struct pg_judgement open = { .verdict = PG_VERDICT_ALLOW };

	if (!is_managed(side->subject)) {
		open.reason = PG_REASON_NOT_MANAGED;
	} else if (side->direction == PG_INGRESS && side->peer->id.n == PG_IDENTITY_HOST.n &&
		   options->host_policy == PG_HOST_POLICY_ALLOW) {
		open.reason = PG_REASON_HOST_POLICY;
	} else if (options->enforcement == PG_ENFORCEMENT_NEVER) {
		open.reason = PG_REASON_NOT_ENFORCED;
	} else {
		side->requires_met[false] = meets_all_requires(side, false);
		side->requires_met[true] = meets_all_requires(side, true);
		return judge_by_rules(side, options->enforcement, ret_judgement);
	}
	*ret_judgement = open;
	return 0;
}

/* Identities are shared: only an address says that both ends are one endpoint. */
static bool is_to_itself(const struct pg_flow *flow, const struct pg_identity_info *info)
{
	return flow->src.id.n == flow->dst.id.n && is_managed(info) && flow->src.addr.family &&
	       !pg_addr_compare(&flow->src.addr, &flow->dst.addr);
}

/* Both sides' verdicts in one. A connection that does not open is no HTTP matter. */
static void combine(struct pg_evaluation *evaluation)
{
	evaluation->verdict =
		PG_MAX(evaluation->side[PG_EGRESS].verdict, evaluation->side[PG_INGRESS].verdict);
	evaluation->http_403 = evaluation->verdict == PG_VERDICT_DENY;
	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		if (evaluation->side[i].verdict == PG_VERDICT_DENY &&
		    evaluation->side[i].reason != PG_REASON_HTTP)
			evaluation->http_403 = false;
	}
}

int pg_evaluate(const struct pg_policy *policy, const struct pg_identities *identities,
		const struct pg_flow *flow, const struct pg_evaluation_options *options,
		struct pg_evaluation *ret_evaluation)
{
	const struct pg_identity_info *src = pg_identities_get(identities, flow->src.id);
	const struct pg_identity_info *dst = pg_identities_get(identities, flow->dst.id);
	struct side egress = { policy, flow, PG_EGRESS, src, dst, flow->dst.addr, { 0 } };
	struct side ingress = { policy, flow, PG_INGRESS, dst, src, flow->src.addr, { 0 } };
	const struct pg_judgement open = { .verdict = PG_VERDICT_ALLOW,
					   .reason = PG_REASON_NOT_ENFORCED };
	struct pg_evaluation evaluation = { .side = { open, open } };
	int err = 0;

	if (!src || !dst)
		return -EINVAL;
	if (!is_to_itself(flow, src)) {
		err = judge(&egress, options, &evaluation.side[PG_EGRESS]);
		err = err ?: judge(&ingress, options, &evaluation.side[PG_INGRESS]);
	}
	if (err)
		return err;
	combine(&evaluation);
	*ret_evaluation = evaluation;
	return 0;
}
