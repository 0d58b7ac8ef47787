// SPDX-License-Identifier: GPL-2.0-only
/*
 * What both tables do with a packet of a new flow: the look-ups of chains.c and guard.c, in their order,
 * among the elements that the kernel holds.
 */
#include "backends/nftables/trace.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "backends/nftables/stray.h"
#include "backends/nftables/text.h"

struct tracer {
	const struct pg_nftables_state *state;
	const struct pg_trace_query *query;
	uint8_t family, nfproto; /* 4 or 6; the table's that is asked */
	struct pg_trace *trace;
};

static const struct pg_addr *address_of(const struct tracer *tracer, enum pg_direction end)
{
	return &tracer->query->end[end].addr;
}

/* NULL: the map has no such key, or isn't there. */
static const struct pg_object *find(const struct tracer *tracer, const char *set,
				    const struct pg_nftables_key *key)
{
	uint8_t bytes[3 + PG_NFTABLES_NAME_MAX + PG_NFTABLES_KEY_MAX + 1] = { PG_RANK_ELEMENT,
									      tracer->nfproto };
	size_t name = strnlen(set, PG_NFTABLES_NAME_MAX - 1);

	memcpy(bytes + 2, set, name);
	memcpy(bytes + 2 + name + 1, key->bytes, key->length);
	return pg_objects_find(&tracer->state->objects, bytes, 2 + name + 1 + key->length);
}

static bool has_chain(const struct tracer *tracer, const char *name)
{
	uint8_t key[2 + PG_NFTABLES_NAME_MAX] = { PG_RANK_CHAIN, tracer->nfproto };
	size_t length = strnlen(name, PG_NFTABLES_NAME_MAX - 1);

	memcpy(key + 2, name, length);
	return pg_objects_find(&tracer->state->objects, key, 2 + length);
}

static void copy_counter(const struct tracer *tracer, const struct pg_object *object,
			 struct pg_trace_step *step)
{
	const struct pg_object *counted =
		pg_objects_find(&tracer->state->counts, object->key, object->key_length);
	struct pg_nftables_count count;

	if (!counted)
		return;
	memcpy(&count, counted->value, sizeof(count));
	step->counted = true;
	step->packets = count.packets;
	step->bytes = count.bytes;
}

/* An element that was found: which map, and what it says. */
static struct pg_trace_step *add_element(struct tracer *tracer, const struct pg_object *object)
{
	_cleanup_strbuf_ struct pg_strbuf where = { 0 }, text = { 0 };
	struct pg_nftables_item item = { 0 };
	struct pg_trace_step *step;

	pg_nftables_item(object, &item);
	pg_strbuf_printf(&where, "%s @%s", pg_nftables_table(item.family), item.name);
	pg_nftables_format_content(&tracer->state->objects, object, &text);
	step = pg_trace_add(tracer->trace, &where, &text);
	if (step)
		copy_counter(tracer, object, step);
	return step;
}

/* A rule that names no map. */
static struct pg_trace_step *add_rule(struct tracer *tracer, const char *chain, const char *what)
{
	_cleanup_strbuf_ struct pg_strbuf where = { 0 }, text = { 0 };

	pg_strbuf_printf(&where, "%s %s", pg_nftables_table(tracer->nfproto), chain);
	pg_strbuf_puts(&text, what);
	return pg_trace_add(tracer->trace, &where, &text);
}

/* Counted by a counter with a name. */
static int drop(struct tracer *tracer, const char *chain, const char *what,
		enum pg_direction direction)
{
	struct pg_trace_step *step = add_rule(tracer, chain, what);

	if (!step)
		return -ENOMEM;
	step->direction = direction;
	step->verdict = PG_VERDICT_DENY;
	snprintf(step->rule, sizeof(step->rule), "%s", what);
	tracer->trace->dropped = true;
	pg_array_foreach(counter, &tracer->state->counters.list) {
		if (strcmp(counter->rule, what) != 0)
			continue;
		step->counted = true;
		step->packets = counter->packets;
		step->bytes = counter->bytes;
	}
	return 0;
}

static bool is_neighbours(const struct tracer *tracer)
{
	return tracer->family == 6 && tracer->query->proto.n == PG_PROTO_ICMPV6.n &&
	       tracer->query->dport >= 133 && tracer->query->dport <= 137;
}

static struct pg_nftables_key interface_key(const char *interface)
{
	char name[IFNAMSIZ] = { 0 };
	struct pg_nftables_key key = { 0 };

	snprintf(name, sizeof(name), "%s", interface);
	pg_nftables_key_add(&key, name, sizeof(name));
	return key;
}

static bool is_own(const struct tracer *tracer, enum pg_direction end)
{
	struct pg_nftables_key key = interface_key(tracer->query->end[end].interface);
	const struct pg_addr *addr = address_of(tracer, end);

	pg_nftables_key_add(&key, addr->bytes, pg_addr_bits(addr) / 8);
	return find(tracer, tracer->family == 4 ? "own4" : "own6", &key);
}

static bool is_link_local(const struct pg_addr *addr)
{
	return addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

/* Which drop a packet goes to that isn't the endpoint's own. NULL: none. */
static const struct pg_object *find_drop(const struct tracer *tracer, enum pg_direction end)
{
	struct pg_nftables_key key = interface_key(tracer->query->end[end].interface);
	const struct pg_object *found;

	if (end == PG_EGRESS)
		return find(tracer, "from6", &key);
	found = find(tracer, "to6", &key);
	if (!found && is_link_local(address_of(tracer, end)))
		found = find(tracer, "link-local6", &key);
	return found;
}

static int guard_ipv6(struct tracer *tracer, enum pg_direction end)
{
	const struct pg_object *found = find_drop(tracer, end);
	struct pg_nftables_value value;

	if (!found || pg_nftables_read_element(found, &value))
		return 0;
	return add_element(tracer, found) ? drop(tracer, value.chain, value.chain, end) : -ENOMEM;
}

static int guard_ipv4(struct tracer *tracer, enum pg_direction end)
{
	struct pg_nftables_key key = interface_key(tracer->query->end[end].interface);

	if (end == PG_EGRESS)
		return drop(tracer, "from", PG_COUNT_SPOOFED, end);
	return find(tracer, "closed", &key) ? drop(tracer, "to", PG_COUNT_NOT_OWN, end) : 0;
}

static int guard(struct tracer *tracer, enum pg_direction end)
{
	const char *interface = tracer->query->end[end].interface;
	struct pg_nftables_key key =
		interface ? interface_key(interface) : (struct pg_nftables_key){ 0 };

	tracer->nfproto = NFPROTO_BRIDGE;
	if (!interface || !find(tracer, "endpoints", &key) || is_own(tracer, end) ||
	    is_neighbours(tracer))
		return 0;
	return tracer->family == 4 ? guard_ipv4(tracer, end) : guard_ipv6(tracer, end);
}

/* The identity of an address by one of the maps; ANY: it isn't there. */
static int find_identity(struct tracer *tracer, const char *map, const struct pg_addr *addr,
			 pg_identity *ret_id)
{
	char name[PG_NFTABLES_NAME_MAX];
	struct pg_nftables_key key = { 0 };
	struct pg_nftables_value value;
	const struct pg_object *object;

	snprintf(name, sizeof(name), "%s%u", map, tracer->family);
	pg_nftables_key_add(&key, addr->bytes, pg_addr_bits(addr) / 8);
	object = find(tracer, name, &key);
	*ret_id = PG_IDENTITY_ANY;
	if (!object || pg_nftables_read_element(object, &value))
		return 0;
	*ret_id = value.id;
	return add_element(tracer, object) ? 0 : -ENOMEM;
}

/* The interval that has the address: the last one that begins at or before it. */
static int find_interval(struct tracer *tracer, const struct pg_addr *addr, pg_identity *ret_id)
{
	const struct pg_object *found = NULL;
	const char *name = tracer->family == 4 ? "cidrs4" : "cidrs6";
	size_t length = pg_addr_bits(addr) / 8;
	struct pg_nftables_value value;

	pg_array_foreach(object, &tracer->state->objects.list) {
		struct pg_nftables_item item;

		if (!pg_nftables_item(object, &item) && item.rank == PG_RANK_ELEMENT &&
		    item.family == tracer->nfproto && !strcmp(item.name, name) &&
		    item.key_length == length + 1 && memcmp(item.key, addr->bytes, length) <= 0 &&
		    item.key[length])
			found = object;
	}
	*ret_id = PG_IDENTITY_ANY;
	if (!found || pg_nftables_read_element(found, &value))
		return 0;
	*ret_id = value.id;
	return add_element(tracer, found) ? 0 : -ENOMEM;
}

static int find_peer(struct tracer *tracer, enum pg_direction direction, pg_identity *ret_id)
{
	const struct pg_addr *addr =
		address_of(tracer, direction == PG_EGRESS ? PG_INGRESS : PG_EGRESS);
	int err = find_identity(tracer, "peers", addr, ret_id);

	return err || ret_id->n ? err : find_interval(tracer, addr, ret_id);
}

static int add_verdict(struct tracer *tracer, const struct pg_object *object,
		       enum pg_direction direction)
{
	struct pg_trace_step *step = add_element(tracer, object);
	struct pg_nftables_value value = { 0 };

	if (!step)
		return -ENOMEM;
	pg_nftables_read_element(object, &value);
	step->direction = direction;
	step->verdict = value.code == NF_DROP ? PG_VERDICT_DENY : PG_VERDICT_ALLOW;
	snprintf(step->rule, sizeof(step->rule), "%s", value.comment);
	tracer->trace->dropped = step->verdict == PG_VERDICT_DENY;
	return 0;
}

/* What is asked of the verdict maps of one direction. */
struct question {
	enum pg_direction direction;
	pg_identity subject, peer; /* ANY: of every peer */
};

static const struct pg_object *look_up(const struct tracer *tracer, const struct question *question,
				       const struct pg_nftables_place *place)
{
	const struct pg_class class = {
		.subject = question->subject,
		.direction = question->direction,
		.peer = question->peer,
		.proto = tracer->query->proto,
		.port = (uint16_t)(tracer->query->dport & pg_nftables_place_mask(place)),
	};
	struct pg_nftables_key key = pg_nftables_class_key(&class, place);
	struct pg_nftables_name name = pg_nftables_class_map(&class, place);

	return find(tracer, name.text, &key);
}

/* A packet of the other family's ICMP is of no protocol that rules name. */
static bool is_strange(const struct tracer *tracer)
{
	return tracer->query->proto.n ==
	       (tracer->family == 4 ? PG_PROTO_ICMPV6.n : PG_PROTO_ICMP.n);
}

static const struct pg_object *find_class(const struct tracer *tracer,
					  const struct question *question)
{
	struct pg_nftables_place place = pg_nftables_place_first(tracer->query->proto);
	const struct pg_object *found = NULL;

	for (; place.bits && !found && !is_strange(tracer); place.bits--)
		found = look_up(tracer, question, &place);
	place = (struct pg_nftables_place){ .form = PG_FORM_PROTO };
	if (!found && !is_strange(tracer))
		found = look_up(tracer, question, &place);
	place.form = PG_FORM_EVERY;
	return found ?: look_up(tracer, question, &place);
}

static int decide(struct tracer *tracer, struct question question)
{
	const char *direction = pg_direction_name(question.direction);
	const struct pg_object *found = find_class(tracer, &question);
	struct pg_nftables_key key = { 0 };
	char closed[PG_NFTABLES_NAME_MAX];

	question.peer = PG_IDENTITY_ANY;
	found = found ?: find_class(tracer, &question);
	snprintf(closed, sizeof(closed), "%s-closed", direction);
	pg_nftables_key_add_id(&key, question.subject);
	found = found ?: find(tracer, closed, &key);
	return found ? add_verdict(tracer, found, question.direction) : 0;
}

static int judge(struct tracer *tracer, enum pg_direction direction)
{
	struct question question = { .direction = direction };
	struct pg_nftables_key key = { 0 };
	char subjects[PG_NFTABLES_NAME_MAX];
	int err =
		find_identity(tracer, "subjects", address_of(tracer, direction), &question.subject);

	if (err || !question.subject.n)
		return err;
	snprintf(subjects, sizeof(subjects), "%s-subjects", pg_direction_name(direction));
	pg_nftables_key_add_id(&key, question.subject);
	if (!find(tracer, subjects, &key))
		return 0;
	err = find_peer(tracer, direction, &question.peer);
	return err ?: decide(tracer, question);
}

/* What the hook of IP that the packet comes by judges. */
static int judge_both(struct tracer *tracer)
{
	bool to_host = tracer->query->end[PG_INGRESS].host;
	bool from_host = tracer->query->end[PG_EGRESS].host;
	int err = 0;

	tracer->nfproto = NFPROTO_INET;
	if (is_neighbours(tracer) || !has_chain(tracer, to_host	    ? "input"
							: from_host ? "output"
								    : "forward"))
		return 0;
	if (!from_host)
		err = judge(tracer, PG_EGRESS);
	if (!err && !to_host && !tracer->trace->dropped)
		err = judge(tracer, PG_INGRESS);
	return err;
}

static int add_stray(struct pg_trace *trace, const struct pg_object *object, const char *fate,
		     const struct pg_nftables_strays *strays)
{
	_cleanup_strbuf_ struct pg_strbuf where = { 0 }, text = { 0 };
	struct pg_nftables_item item = { 0 };
	struct pg_trace_step *step;

	pg_nftables_item(object, &item);
	pg_strbuf_printf(&where, "%s %s", pg_nftables_table(item.family), item.name);
	if (item.rank == PG_RANK_RULE)
		pg_strbuf_printf(&where, " %u", item.index);
	pg_strbuf_printf(&text, "%s: ", fate);
	pg_nftables_format(&strays->live, object, &text);
	step = pg_trace_add(trace, &where, &text);
	if (!step)
		return -ENOMEM;
	step->direction = PG_DIRECTIONS;
	step->stray = true;
	return 0;
}

/* What isn't as we made it may do anything: shown, and not followed. */
int pg_nftables_trace_strays(const struct pg_nftables_state *state, struct pg_trace *trace)
{
	_cleanup_strays_ struct pg_nftables_strays strays = { 0 };
	int err = pg_nftables_find_strays(&state->objects, &strays);

	if (err)
		return err == -ENOENT ? 0 : err;
	pg_array_foreach(change, &strays.diff.changes) {
		if (!err)
			err = add_stray(trace, change->live ? change->live : change->desired,
					change->live ? "not polgen's" : "missing", &strays);
	}
	return err;
}

int pg_nftables_trace(const struct pg_nftables_state *state, const struct pg_trace_query *query,
		      struct pg_trace *trace)
{
	struct tracer tracer = { .state = state,
				 .query = query,
				 .family = query->end[PG_EGRESS].addr.family,
				 .trace = trace };
	int err = guard(&tracer, PG_EGRESS);

	if (!err && !trace->dropped)
		err = judge_both(&tracer);
	if (!err && !trace->dropped)
		err = guard(&tracer, PG_INGRESS);
	return err;
}
