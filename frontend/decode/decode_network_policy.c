// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kubernetes' own NetworkPolicy as a rule. What is absent or empty means the opposite of what it
 * does in Cilium's language: no peers are everybody, no ports are everything.
 */
#include "frontend/decode/decode_object.h"

/* The direction's words, here and in policyTypes. */
static const char *const sections[PG_DIRECTIONS] = {
	[PG_INGRESS] = "ingress",
	[PG_EGRESS] = "egress",
};
static const char *const types[PG_DIRECTIONS] = {
	[PG_INGRESS] = "Ingress",
	[PG_EGRESS] = "Egress",
};

struct spec {
	const struct pg_json_value *pod_selector, *types, *sections[PG_DIRECTIONS];
};

/* One section's elements on their way into the rule. */
struct target {
	const struct pg_object *object;
	struct pg_rule *rule;
	enum pg_direction direction;
};

struct port {
	const struct pg_json_value *port, *end, *protocol;
};

static const struct pg_field port_fields[] = {
	PG_FIELD("port", PG_STRING | PG_INTEGER, pg_decode_keep, offsetof(struct port, port),
		 .without = "every port"),
	PG_FIELD("endPort", PG_INTEGER, pg_decode_keep, offsetof(struct port, end)),
	PG_FIELD("protocol", PG_STRING, pg_decode_keep, offsetof(struct port, protocol)),
};

static bool find_protocol(struct pg_decoder *decoder, const struct pg_json_value *value,
			  pg_proto *ret_proto)
{
	static const char *const names[] = { "TCP", "UDP", "SCTP" };

	*ret_proto = PG_PROTO_TCP;
	for (size_t i = 0; value && i < PG_COUNT(names); i++) {
		if (!strcmp(names[i], value->string))
			return pg_proto_parse(names[i], ret_proto) == 0;
	}
	if (value)
		pg_decode_unknown_word(decoder, value, "protocol", names, PG_COUNT(names));
	return !value;
}

/* Here 0 is no port, and a range has to be one: the API server takes no other. */
static bool find_range(struct pg_decoder *decoder, const struct port *port, struct pg_l4 *l4)
{
	l4->first = 0;
	l4->last = UINT16_MAX;
	if (!port->port && port->end)
		pg_error(decoder->diags, port->end->key_loc, "'endPort' needs a 'port'");
	if (!port->port)
		return !port->end;
	if (!pg_decode_port_number(decoder, port->port, &l4->first))
		return false;
	l4->last = l4->first;
	if (!l4->first) {
		pg_error(decoder->diags, port->port->loc, "port 0 is not in 1..%d", UINT16_MAX);
		return false;
	}
	if (!port->end)
		return true;
	if (!pg_decode_port_number(decoder, port->end, &l4->last))
		return false;
	if (l4->last >= l4->first)
		return true;
	pg_error(decoder->diags, port->end->loc, "'endPort' is less than 'port'");
	return false;
}

/* `member` is a struct pg_entry. */
static int decode_port(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_entry *entry = member;
	struct port port = { 0 };
	struct pg_l4 l4 = { .loc = value->loc }, *added;
	int r = pg_decode_fields(decoder, value, port_fields, PG_COUNT(port_fields), &port);
	bool good = find_protocol(decoder, port.protocol, &l4.proto);

	good = find_range(decoder, &port, &l4) && good;
	if (r < 0 || !good)
		return r;
	added = pg_array_add(&entry->l4);
	if (!added)
		return -ENOMEM;
	*added = l4;
	return 0;
}

struct entry {
	const struct pg_json_value *peers, *ports;
};

static const struct pg_field ingress_fields[] = {
	PG_FIELD("from", PG_ARRAY, pg_decode_keep, offsetof(struct entry, peers),
		 .without = "everybody"),
	PG_FIELD("ports", PG_ARRAY, pg_decode_keep, offsetof(struct entry, ports),
		 .without = "every protocol and port"),
	PG_MISPLACED("to", "from"),
};

static const struct pg_field egress_fields[] = {
	PG_FIELD("to", PG_ARRAY, pg_decode_keep, offsetof(struct entry, peers),
		 .without = "everybody"),
	PG_FIELD("ports", PG_ARRAY, pg_decode_keep, offsetof(struct entry, ports),
		 .without = "every protocol and port"),
	PG_MISPLACED("from", "to"),
};

/* An entry on its way; what it is decoded into first. */
struct network_entry {
	struct pg_entry entry;
	const struct pg_object *object;
};

/* `member` is a struct pg_entry, the first member of a struct network_entry. */
static int decode_entry_fields(struct pg_decoder *decoder, const struct pg_json_value *value,
			       void *member)
{
	struct network_entry *network = member;
	struct pg_entry *entry = &network->entry;
	bool ingress = entry->direction == PG_INGRESS;
	struct entry parts = { 0 };
	int r = pg_decode_fields(decoder, value, ingress ? ingress_fields : egress_fields,
				 ingress ? PG_COUNT(ingress_fields) : PG_COUNT(egress_fields),
				 &parts);

	if (r == 0)
		r = pg_decode_network_peers(decoder, parts.peers, network->object, entry);
	if (r < 0 || !parts.ports || !parts.ports->count)
		return r;
	entry->has_l4 = true;
	return pg_decode_elements(decoder, parts.ports, PG_OBJECT, decode_port, entry);
}

/* `member` is a struct target. */
static int decode_entry(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	const struct target *target = member;
	struct network_entry network = {
		.entry = { .direction = target->direction, .loc = value->loc },
		.object = target->object,
	};
	int r = pg_decode_or_leave_out(decoder, value, decode_entry_fields, &network.entry);
	struct pg_entry *added = pg_array_add(&target->rule->entries);

	if (!added) {
		pg_entry_done(&network.entry);
		return -ENOMEM;
	}
	*added = network.entry;
	return r;
}

/* `member` is the bool[PG_DIRECTIONS] that says which directions the policy is about. */
static int decode_type(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	bool *directions = member;

	for (unsigned int i = 0; i < PG_DIRECTIONS; i++) {
		if (!strcmp(types[i], value->string)) {
			directions[i] = true;
			return 0;
		}
	}
	pg_decode_unknown_word(decoder, value, "policy type", types, PG_COUNT(types));
	return 0;
}

/* Without policyTypes: ingress, and egress if there is some. */
static int find_directions(struct pg_decoder *decoder, const struct spec *spec, bool *directions)
{
	const struct pg_json_value *egress = spec->sections[PG_EGRESS];

	if (spec->types && spec->types->count)
		return pg_decode_elements(decoder, spec->types, PG_STRING, decode_type, directions);
	directions[PG_INGRESS] = true;
	directions[PG_EGRESS] = egress && egress->count;
	if (egress && !egress->count)
		pg_warning(decoder->diags, egress->loc,
			   "an empty 'egress' closes nothing without 'policyTypes'");
	return 0;
}

/* Rules in a direction that policyTypes leaves out: Kubernetes takes no notice of them. */
static int decode_idle_section(struct pg_decoder *decoder, const struct pg_json_value *value,
			       struct target target)
{
	struct pg_rule unused = { 0 };
	int r;

	if (value->count)
		pg_warning(decoder->diags, value->key_loc,
			   "'%s' does nothing: 'policyTypes' has no '%s'",
			   sections[target.direction], types[target.direction]);
	target.rule = &unused;
	r = pg_decode_elements(decoder, value, PG_OBJECT, decode_entry, &target);
	pg_rule_done(&unused);
	return r;
}

static int decode_sections(struct pg_decoder *decoder, const struct spec *spec,
			   const struct pg_object *object, struct pg_rule *rule)
{
	int r = find_directions(decoder, spec, rule->default_deny);

	for (unsigned int i = 0; i < PG_DIRECTIONS && r == 0; i++) {
		struct target target = { object, rule, (enum pg_direction)i };

		if (!spec->sections[i])
			continue;
		if (rule->default_deny[i])
			r = pg_decode_elements(decoder, spec->sections[i], PG_OBJECT, decode_entry,
					       &target);
		else
			r = decode_idle_section(decoder, spec->sections[i], target);
	}
	return r;
}

static const struct pg_field spec_fields[] = {
	PG_FIELD("podSelector", PG_OBJECT, pg_decode_keep, offsetof(struct spec, pod_selector),
		 .required = true, .null_is_empty = true, .without = "every endpoint"),
	PG_FIELD("policyTypes", PG_ARRAY, pg_decode_keep, offsetof(struct spec, types),
		 .essential = true),
	PG_FIELD("ingress", PG_ARRAY, pg_decode_keep, offsetof(struct spec, sections[PG_INGRESS])),
	PG_FIELD("egress", PG_ARRAY, pg_decode_keep, offsetof(struct spec, sections[PG_EGRESS]),
		 .essential = true),
};

int pg_decode_network_policy(struct pg_decoder *decoder, const struct pg_json_value *value,
			     const struct pg_object *object, struct pg_policy *policy)
{
	struct pg_rule *rule = pg_array_add(&policy->rules);
	struct spec spec = { 0 };
	int r;

	if (!rule)
		return -ENOMEM;
	rule->loc = value->loc;
	r = pg_decode_fields(decoder, value, spec_fields, PG_COUNT(spec_fields), &spec);
	if (r == 0 && spec.pod_selector)
		r = pg_decode_whole_selector(decoder, spec.pod_selector, &rule->subject);
	if (r == 0)
		r = pg_object_limit_subject(decoder, object, &rule->subject);
	if (r == 0)
		r = decode_sections(decoder, &spec, object, rule);
	return r < 0 ? r : pg_object_name_rule(object, rule);
}
