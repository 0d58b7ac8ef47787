// SPDX-License-Identifier: GPL-2.0-only
#include "policy/reasoning.h"

static const char *const peer_match_names[] = {
	[PG_PEER_OTHER] = "other", [PG_PEER_NOBODY] = "nobody",	  [PG_PEER_LACKS] = "lacks",
	[PG_PEER_UNMET] = "unmet", [PG_PEER_MATCHES] = "matches", [PG_PEER_ANYBODY] = "anybody",
};
_Static_assert(PG_COUNT(peer_match_names) == PG_PEER_MATCH_COUNT, "a match lacks its name");

static const char *const port_match_names[] = {
	[PG_PORT_OTHER] = "other",     [PG_PORT_PROTO] = "protocol",  [PG_PORT_NONE] = "none",
	[PG_PORT_NOTHING] = "nothing", [PG_PORT_MATCHES] = "matches", [PG_PORT_EVERY] = "every",
};
_Static_assert(PG_COUNT(port_match_names) == PG_PORT_MATCH_COUNT, "a match lacks its name");

const char *pg_peer_match_name(enum pg_peer_match match)
{
	return (size_t)match < PG_PEER_MATCH_COUNT ? peer_match_names[match] : "?";
}

const char *pg_port_match_name(enum pg_port_match match)
{
	return (size_t)match < PG_PORT_MATCH_COUNT ? port_match_names[match] : "?";
}

void pg_reasoning_done(struct pg_reasoning *reasoning)
{
	for (size_t i = 0; i < PG_DIRECTIONS; i++)
		free(reasoning->side[i].steps.items);
	*reasoning = (struct pg_reasoning){ 0 };
}

static int ask_http(const struct pg_side *side, const struct pg_entry *entry,
		    struct pg_reason_step *step)
{
	int allows;

	if (!side->flow->http || step->answer.verdict != PG_VERDICT_REDIRECT)
		return 0;
	allows = pg_side_ask_http(side, entry);
	/* What a regular expression ran away from is not allowed, and not the end of the reasoning. */
	if (allows < 0 && allows != -EDOM)
		return allows;
	step->http_asked = true;
	step->http_allows = allows == 1;
	return 0;
}

static int reason_entry(const struct pg_side *side, struct pg_origin origin,
			struct pg_reasoning_side *reasoning)
{
	const struct pg_rule *rule = &side->policy->rules.items[origin.rule - 1];
	const struct pg_entry *entry = &rule->entries.items[origin.entry - 1];
	struct pg_reason_step *step = pg_array_add(&reasoning->steps);

	if (!step)
		return -ENOMEM;
	step->origin = origin;
	step->answer = pg_side_ask(side, entry);
	if (step->answer.peer == PG_PEER_UNMET)
		step->unmet = side->unmet[entry->deny];
	return ask_http(side, entry, step);
}

static int reason_rule(const struct pg_side *side, uint32_t number,
		       struct pg_reasoning_side *reasoning)
{
	const struct pg_rule *rule = &side->policy->rules.items[number - 1];
	size_t at = reasoning->steps.count;
	struct pg_reason_step *step;
	int err = 0;

	if (!pg_side_selects(side, rule))
		return 0;
	step = pg_array_add(&reasoning->steps);
	if (!step)
		return -ENOMEM;
	*step = (struct pg_reason_step){ .origin.rule = number,
					 .closes = rule->default_deny[side->direction] };
	for (uint32_t i = 0; i < rule->entries.count && !err; i++) {
		if (rule->entries.items[i].direction == side->direction)
			err = reason_entry(side, (struct pg_origin){ number, i + 1 }, reasoning);
	}
	reasoning->steps.items[at].entries = (uint32_t)(reasoning->steps.count - at - 1);
	return err;
}

static int reason_side(const struct pg_side *side, const struct pg_evaluation_options *options,
		       struct pg_reasoning_side *reasoning)
{
	enum pg_reason unused;
	int err = 0;

	reasoning->exempt = pg_side_is_exempt(side, options, &unused);
	if (reasoning->exempt)
		return 0;
	for (uint32_t number = 1; number <= side->policy->rules.count && !err; number++)
		err = reason_rule(side, number, reasoning);
	return err;
}

int pg_reasoning_make(const struct pg_policy *policy, const struct pg_identities *identities,
		      const struct pg_flow *flow, const struct pg_evaluation_options *options,
		      struct pg_reasoning *ret_reasoning)
{
	_cleanup_reasoning_ struct pg_reasoning reasoning = { 0 };
	int err = pg_evaluate(policy, identities, flow, options, &reasoning.evaluation);

	for (unsigned int i = 0; i < PG_DIRECTIONS && !err; i++) {
		struct pg_side side;

		pg_side_make(policy, identities, flow, (enum pg_direction)i, &side);
		reasoning.to_itself = pg_side_is_to_itself(&side);
		err = reason_side(&side, options, &reasoning.side[i]);
	}
	if (err)
		return err;
	*ret_reasoning = reasoning;
	reasoning = (struct pg_reasoning){ 0 };
	return 0;
}

const struct pg_reason_step *pg_reasoning_deciding(const struct pg_reasoning *reasoning,
						   enum pg_direction direction)
{
	const struct pg_origin decided = reasoning->evaluation.side[direction].origin;

	pg_array_foreach(step, &reasoning->side[direction].steps) {
		if (decided.rule && !pg_origin_compare(step->origin, decided))
			return step;
	}
	return NULL;
}
