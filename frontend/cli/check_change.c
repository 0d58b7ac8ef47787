// SPDX-License-Identifier: GPL-2.0-only
/* What is said of a change that pg_compare() found. */
#include "frontend/cli/check.h"
#include "frontend/cli/json_part.h"
#include "frontend/rule_title.h"

/* Columns of an identity's labels in a heading. */
#define LABELS_SHOWN 100

/* Generic routing encapsulation stands for the protocols that the language has no word for. */
static const char *const proto_names[] = {
	[PG_FLOW_TCP] = "tcp",	 [PG_FLOW_UDP] = "udp",	      [PG_FLOW_SCTP] = "sctp",
	[PG_FLOW_ICMP] = "icmp", [PG_FLOW_ICMPV6] = "icmpv6", [PG_FLOW_OTHER] = "gre",
};
_Static_assert(PG_COUNT(proto_names) == PG_FLOW_PROTOS, "a name for each protocol");

static bool is_icmp(enum pg_flow_proto proto)
{
	return proto == PG_FLOW_ICMP || proto == PG_FLOW_ICMPV6;
}

static void add_text(struct pg_strbuf *buf, const char *text)
{
	pg_strbuf_add_escaped(buf, text, strlen(text));
}

static void add_labels(const struct pg_labels *labels, struct pg_strbuf *buf)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	pg_strbuf_puts(&text, "");
	pg_labels_format(labels, &text);
	pg_strbuf_printf(buf, "{%.*s%s}", LABELS_SHOWN, text.text ? text.text : "",
			 text.length > LABELS_SHOWN ? "..." : "");
}

static const char *reserved_name(pg_identity id)
{
	return id.n == PG_IDENTITY_HOST.n    ? "host"
	       : id.n == PG_IDENTITY_WORLD.n ? "world"
					     : "remote-node";
}

/* Everybody who is meant by one end. */
static void add_identity(const struct pg_check_diff *diff, pg_identity id, struct pg_strbuf *buf)
{
	const struct pg_identity_info *info = pg_identities_get(&diff->changes.identities, id);
	char text[PG_PREFIX_TEXT_MAX];

	if (info->cidr.addr.family)
		pg_strbuf_puts(buf, pg_prefix_format(&info->cidr, text));
	else if (info->endpoints.count)
		add_labels(&info->labels, buf);
	else
		pg_strbuf_puts(buf, reserved_name(id));
}

/* Somebody of them, as other verbs take it. */
static void add_end(const struct pg_check_diff *diff, const struct pg_flow_end *end,
		    struct pg_strbuf *buf)
{
	char text[PG_ADDR_TEXT_MAX];

	if (end->endpoint)
		add_text(buf, diff->input->endpoints.list.items[end->endpoint - 1].name);
	else if (end->id.n == PG_IDENTITY_HOST.n)
		pg_strbuf_puts(buf, "host");
	else
		pg_strbuf_printf(buf, "ip:%s", pg_addr_format(&end->addr, text));
}

static void add_protos(const struct pg_flow_change *change, struct pg_strbuf *buf)
{
	const char *comma = "";

	if (change->every) {
		pg_strbuf_puts(buf, "every protocol");
		return;
	}
	for (size_t i = 0; i < PG_FLOW_PROTOS; i++) {
		if (!(change->protos & 1u << i))
			continue;
		pg_strbuf_printf(buf, "%s%s", comma,
				 i == PG_FLOW_OTHER ? "other protocols" : proto_names[i]);
		comma = ", ";
	}
	if (!change->first && change->last == UINT16_MAX)
		return;
	if (is_icmp(change->proto))
		pg_strbuf_puts(buf, change->first == change->last ? " type" : " types");
	pg_strbuf_printf(buf, change->first == change->last ? " %u" : " %u-%u", change->first,
			 change->last);
}

static void add_example(const struct pg_check_diff *diff, const struct pg_flow_change *change,
			struct pg_strbuf *buf)
{
	add_end(diff, &change->src, buf);
	pg_strbuf_puts(buf, " -> ");
	add_end(diff, &change->dst, buf);
	pg_strbuf_printf(buf, " %s", proto_names[change->proto]);
	if (is_icmp(change->proto))
		pg_strbuf_printf(buf, " type %u", change->port);
	else if (change->proto != PG_FLOW_OTHER)
		pg_strbuf_printf(buf, "/%u", change->port);
}

/* A side that agrees with the whole; a lone deny or redirect decides, and an allow takes two. */
static bool decides(const struct pg_evaluation *evaluation, enum pg_direction direction)
{
	const struct pg_judgement *side = &evaluation->side[direction];

	return side->verdict == evaluation->verdict && side->reason != PG_REASON_NOT_MANAGED;
}

static void add_reasons(const struct pg_check_diff *diff, const struct pg_policy *policy,
			const struct pg_evaluation *evaluation, struct pg_strbuf *buf)
{
	const char *separator = "";

	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		const struct pg_judgement *side = &evaluation->side[i];

		if (!decides(evaluation, (enum pg_direction)i))
			continue;
		pg_strbuf_printf(buf, "%s%s %s", separator, pg_direction_name((enum pg_direction)i),
				 pg_reason_name(side->reason));
		if (side->origin.rule)
			pg_strbuf_putc(buf, ' ');
		pg_rule_title(&diff->input->sources, policy, side->origin, buf);
		separator = ", ";
	}
}

void pg_check_print_pair(const struct pg_check_diff *diff, const struct pg_flow_change *change)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	add_identity(diff, change->src.id, &buf);
	pg_strbuf_puts(&buf, " -> ");
	add_identity(diff, change->dst.id, &buf);
	puts(buf.text ? buf.text : "");
}

void pg_check_print_change(const struct pg_check_diff *diff, const struct pg_flow_change *change)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	bool http = change->before.verdict == change->after.verdict;

	pg_strbuf_puts(&buf, "  ");
	add_protos(change, &buf);
	pg_strbuf_printf(&buf, ": %s -> %s%s\n    ", pg_verdict_name(change->before.verdict),
			 pg_verdict_name(change->after.verdict), http ? ", other HTTP rules" : "");
	add_example(diff, change, &buf);
	pg_strbuf_puts(&buf, "\n      before: ");
	add_reasons(diff, &diff->before, &change->before, &buf);
	pg_strbuf_puts(&buf, "\n      after:  ");
	add_reasons(diff, &diff->after, &change->after, &buf);
	puts(buf.text ? buf.text : "");
}

static json_t *identity_to_json(const struct pg_check_diff *diff, pg_identity id)
{
	const struct pg_identity_info *info = pg_identities_get(&diff->changes.identities, id);
	json_t *object = json_pack("{s:o}", "labels", pg_labels_to_json(&info->labels));
	char text[PG_PREFIX_TEXT_MAX];

	if (info->cidr.addr.family)
		json_object_set_new(object, "cidr",
				    json_string(pg_prefix_format(&info->cidr, text)));
	else
		json_object_set_new(object, "identity", json_integer(id.n));
	return object;
}

static json_t *protos_to_json(const struct pg_flow_change *change)
{
	json_t *array = json_array();

	for (size_t i = 0; i < PG_FLOW_PROTOS; i++) {
		if (change->protos & 1u << i)
			json_array_append_new(
				array, json_string(i == PG_FLOW_OTHER ? "other" : proto_names[i]));
	}
	return array;
}

static json_t *end_to_json(const struct pg_check_diff *diff, const struct pg_flow_end *end)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	add_end(diff, end, &buf);
	return pg_text_to_json(&buf);
}

static json_t *example_to_json(const struct pg_check_diff *diff,
			       const struct pg_flow_change *change)
{
	json_t *object = json_pack("{s:o, s:o, s:s}", "source", end_to_json(diff, &change->src),
				   "destination", end_to_json(diff, &change->dst), "protocol",
				   proto_names[change->proto]);

	if (change->proto != PG_FLOW_OTHER)
		json_object_set_new(object, is_icmp(change->proto) ? "type" : "port",
				    json_integer(change->port));
	return object;
}

static json_t *evaluation_to_json(const struct pg_check_diff *diff, const struct pg_policy *policy,
				  const struct pg_evaluation *evaluation)
{
	json_t *object = json_pack("{s:s}", "verdict", pg_verdict_name(evaluation->verdict));

	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		const struct pg_judgement *judgement = &evaluation->side[i];
		_cleanup_strbuf_ struct pg_strbuf place = { 0 };
		json_t *side =
			json_pack("{s:s, s:s}", "verdict", pg_verdict_name(judgement->verdict),
				  "reason", pg_reason_name(judgement->reason));

		pg_rule_place(&diff->input->sources, policy, judgement->origin, &place);
		if (place.length)
			json_object_set_new(side, "rule", pg_text_to_json(&place));
		json_object_set_new(object, pg_direction_name((enum pg_direction)i), side);
	}
	return object;
}

json_t *pg_check_change_to_json(const struct pg_check_diff *diff,
				const struct pg_flow_change *change)
{
	return json_pack("{s:o, s:o, s:o, s:i, s:i, s:o, s:o, s:o}", "source",
			 identity_to_json(diff, change->src.id), "destination",
			 identity_to_json(diff, change->dst.id), "protocols",
			 protos_to_json(change), "first", change->first, "last", change->last,
			 "example", example_to_json(diff, change), "before",
			 evaluation_to_json(diff, &diff->before, &change->before), "after",
			 evaluation_to_json(diff, &diff->after, &change->after));
}
