// SPDX-License-Identifier: GPL-2.0-only
/* The meaning of a policy, as plainly as it can be said: every rule is asked about every flow. */
#include "policy/evaluate.h"

#include "policy/side.h"

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

/* Who first said what, and who closed the subject. */
struct answers {
	struct pg_origin by[PG_VERDICTS]; /* rule 0: nobody said so */
	struct pg_origin closed_by;
};

static void ask_rule(const struct pg_side *side, uint32_t number, struct answers *answers)
{
	const struct pg_rule *rule = &side->policy->rules.items[number - 1];

	if (!pg_side_selects(side, rule))
		return;
	if (rule->default_deny[side->direction] && !answers->closed_by.rule)
		answers->closed_by.rule = number;
	for (uint32_t i = 0; i < rule->entries.count; i++) {
		enum pg_verdict verdict = pg_side_ask(side, &rule->entries.items[i]).verdict;

		if (!answers->by[verdict].rule)
			answers->by[verdict] = (struct pg_origin){ number, i + 1 };
	}
}

/* As pg_side_ask_http(), over all entries that redirect the flow; yields the one that allows. */
static int ask_all_http(const struct pg_side *side, struct pg_origin *ret_origin)
{
	int result = 0;

	for (uint32_t r = 0; r < side->policy->rules.count; r++) {
		const struct pg_rule *rule = &side->policy->rules.items[r];

		for (uint32_t e = 0; e < rule->entries.count && pg_side_selects(side, rule); e++) {
			const struct pg_entry *entry = &rule->entries.items[e];
			int allows;

			if (pg_side_ask(side, entry).verdict != PG_VERDICT_REDIRECT)
				continue;
			allows = pg_side_ask_http(side, entry);
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
static int judge_http(const struct pg_side *side, struct pg_origin redirected_by,
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
static int judge_by_rules(const struct pg_side *side, enum pg_enforcement enforcement,
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

static int judge(const struct pg_side *side, const struct pg_evaluation_options *options,
		 struct pg_judgement *ret_judgement)
{
	struct pg_judgement open = { .verdict = PG_VERDICT_ALLOW };

	if (!pg_side_is_exempt(side, options, &open.reason))
		return judge_by_rules(side, options->enforcement, ret_judgement);
	*ret_judgement = open;
	return 0;
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
	struct pg_evaluation evaluation;

	for (unsigned int i = 0; i < PG_DIRECTIONS; i++) {
		struct pg_side side;
		int err;

		if (!pg_side_make(policy, identities, flow, (enum pg_direction)i, &side))
			return -EINVAL;
		err = judge(&side, options, &evaluation.side[i]);
		if (err)
			return err;
	}
	combine(&evaluation);
	*ret_evaluation = evaluation;
	return 0;
}
