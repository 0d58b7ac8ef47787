// SPDX-License-Identifier: GPL-2.0-only
/* An explanation for programs; polgen(8) describes the form. */
#include "frontend/cli/explain.h"
#include "frontend/cli/json_part.h"
#include "frontend/rule_title.h"

static json_t *place_to_json(const struct pg_explanation *explanation, struct pg_origin origin)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_rule_place(&explanation->input->sources, &explanation->input->policy, origin, &buf);
	return pg_text_to_json(&buf);
}

static json_t *end_to_json(const struct pg_explanation *explanation, enum pg_direction direction)
{
	const struct pg_explain_end *end = &explanation->ends[direction];
	const struct pg_party *party = pg_explain_party(explanation, direction);
	_cleanup_strbuf_ struct pg_strbuf name = { 0 };
	char text[PG_ADDR_TEXT_MAX];
	json_t *object;

	pg_strbuf_add_escaped(&name, end->text, strlen(end->text));
	object = json_pack("{s:o, s:I}", "name", pg_text_to_json(&name), "identity",
			   (json_int_t)party->id.n);
	if (party->addr.family)
		json_object_set_new(object, "address",
				    json_string(pg_addr_format(&party->addr, text)));
	return object;
}

static json_t *entry_to_json(const struct pg_explanation *explanation,
			     const struct pg_reason_step *step)
{
	const struct pg_entry *entry = pg_explain_entry(explanation, step->origin);
	_cleanup_strbuf_ struct pg_strbuf peers = { 0 }, ports = { 0 };
	json_t *object;

	pg_explain_peers(entry, &peers);
	pg_explain_ports(entry, &ports);
	object =
		json_pack("{s:o, s:s, s:o, s:o, s:s, s:s, s:s}", "entry",
			  place_to_json(explanation, step->origin), "action",
			  entry->deny ? "deny" : "allow", "peers", pg_text_to_json(&peers), "ports",
			  pg_text_to_json(&ports), "peer", pg_peer_match_name(step->answer.peer),
			  "port", pg_port_match_name(step->answer.port), "verdict",
			  pg_verdict_name(step->answer.verdict));
	if (step->unmet.rule)
		json_object_set_new(object, "requiredBy", place_to_json(explanation, step->unmet));
	if (step->http_asked)
		json_object_set_new(object, "requestMatches", json_boolean(step->http_allows));
	return object;
}

static json_t *rule_to_json(const struct pg_explanation *explanation,
			    const struct pg_reason_step *step)
{
	const struct pg_rule *rule = pg_explain_rule(explanation, step->origin);
	_cleanup_strbuf_ struct pg_strbuf name = { 0 }, description = { 0 };
	json_t *entries = json_array(), *object;

	pg_rule_own_name(rule, &name);
	object = json_pack("{s:o, s:b}", "rule", place_to_json(explanation, step->origin), "closes",
			   step->closes);
	if (name.length)
		json_object_set_new(object, "name", pg_text_to_json(&name));
	if (rule->description) {
		pg_strbuf_add_escaped(&description, rule->description, strlen(rule->description));
		json_object_set_new(object, "description", pg_text_to_json(&description));
	}
	if (rule->labels.list.count)
		json_object_set_new(object, "labels", pg_labels_to_json(&rule->labels));
	for (uint32_t i = 1; i <= step->entries; i++)
		json_array_append_new(entries, entry_to_json(explanation, step + i));
	json_object_set_new(object, "entries", entries);
	return object;
}

static json_t *side_to_json(const struct pg_explanation *explanation, enum pg_direction direction)
{
	const struct pg_judgement *judgement = &explanation->reasoning.evaluation.side[direction];
	json_t *object =
		json_pack("{s:s, s:s, s:s}", "verdict", pg_verdict_name(judgement->verdict),
			  "reason", pg_reason_name(judgement->reason), "conclusion",
			  pg_explain_conclusion(explanation, direction));
	json_t *rules = json_array();

	if (judgement->origin.rule)
		json_object_set_new(object, "rule", place_to_json(explanation, judgement->origin));
	pg_array_foreach(step, &explanation->reasoning.side[direction].steps) {
		if (!step->origin.entry)
			json_array_append_new(rules, rule_to_json(explanation, step));
	}
	json_object_set_new(object, "rules", rules);
	return object;
}

json_t *pg_explain_to_json(const struct pg_explanation *explanation)
{
	const struct pg_options *options = explanation->options;
	_cleanup_strbuf_ struct pg_strbuf flow = { 0 };
	json_t *object;

	pg_explain_format_flow(explanation, &flow);
	object = json_pack("{s:o, s:s, s:i, s:o, s:o, s:s, s:s, s:o, s:o}", "flow",
			   pg_text_to_json(&flow), "verdict",
			   pg_explain_outcome(&explanation->reasoning.evaluation), "family",
			   explanation->family, "source", end_to_json(explanation, PG_EGRESS),
			   "destination", end_to_json(explanation, PG_INGRESS), "enforcement",
			   pg_enforcement_name(options->enforcement), "hostPolicy",
			   pg_host_policy_name(options->host_policy), "egress",
			   side_to_json(explanation, PG_EGRESS), "ingress",
			   side_to_json(explanation, PG_INGRESS));
	if (explanation->live.backend)
		json_object_set_new(object, "live", pg_explain_live_to_json(&explanation->live));
	return object;
}
