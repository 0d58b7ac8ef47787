// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the programs do with a packet of a new flow, asked of the maps that they read. It follows
 * bpf/polgen.bpf.c: from_container on the source's interface, then to_container on the destination's.
 */
#include <stdarg.h>

#include "backends/ebpf/attach.h"
#include "backends/ebpf/lookup.h"
#include "backends/ebpf/outcome.h"

struct tracer {
	const struct pg_backend_handle *handle;
	const struct pg_trace_query *query;
	struct pg_lookup lookup;
	enum pg_direction program;
	uint32_t judged; /* whose egress has been judged; 0: nobody's */
	struct pg_trace *trace;
};

/* The programs know the ICMP of one family in the other by no name. */
static uint8_t named_proto(const struct pg_trace_query *query)
{
	bool v6 = query->end[PG_EGRESS].addr.family == 6;

	return query->proto.n == (v6 ? PG_PROTO_ICMP : PG_PROTO_ICMPV6).n ? 0 : query->proto.n;
}

static const struct pg_prefix link_local = { { 6, { 0xfe, 0x80 } }, 10 };
static const struct pg_prefix multicast = { { 6, { 0xff } }, 8 };

/* Neighbour discovery, and listener queries and reports, the former to endpoints only. */
static bool is_neighbourly(const struct pg_trace_query *query, enum pg_direction program)
{
	const struct pg_addr *src = &query->end[PG_EGRESS].addr,
			     *dst = &query->end[PG_INGRESS].addr;

	if (src->family != 6 || query->proto.n != PG_PROTO_ICMPV6.n)
		return false;
	if (query->dport >= 133 && query->dport <= 137)
		return true;
	return ((query->dport == 130 && program == PG_INGRESS) || query->dport == 131 ||
		query->dport == 132 || query->dport == 143) &&
	       pg_prefix_contains(&link_local, src) && pg_prefix_contains(&multicast, dst);
}

static struct pg_trace_step *add_step(struct tracer *tracer, struct pg_strbuf *object,
				      const char *format, ...) PG_PRINTF(3, 4);

static struct pg_trace_step *add_step(struct tracer *tracer, struct pg_strbuf *object,
				      const char *format, ...)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	va_list args;

	va_start(args, format);
	pg_strbuf_vprintf(&text, format, args);
	va_end(args);
	return pg_trace_add(tracer->trace, object, &text);
}

/* A counter that isn't there is none. */
static int add_counter(struct tracer *tracer, enum pg_map map, uint32_t slot,
		       struct pg_trace_step *step)
{
	struct pg_map_counter counter = { 0 };
	int found = pg_lookup_counter(&tracer->lookup, map, slot, &counter);

	if (found < 0)
		return found;
	step->counted = true;
	step->packets = counter.packets;
	step->bytes = counter.bytes;
	return 0;
}

/* The packet ends here, by no rule of the policy. */
static int drop(struct tracer *tracer, enum pg_outcome outcome)
{
	_cleanup_strbuf_ struct pg_strbuf object = { 0 };
	struct pg_trace_step *step;

	pg_strbuf_printf(&object, "%s %u", pg_map_types[PG_MAP_OUTCOMES].name, outcome);
	step = add_step(tracer, &object, "%s", pg_outcome_name(outcome));
	if (!step)
		return -ENOMEM;
	tracer->trace->dropped = true;
	step->direction = tracer->program;
	step->verdict = PG_VERDICT_DENY;
	snprintf(step->rule, sizeof(step->rule), "%s", pg_outcome_name(outcome));
	return add_counter(tracer, PG_MAP_OUTCOMES, outcome, step);
}

/* Whom nobody knows is the world's. */
static int find_peer(struct tracer *tracer, const struct pg_addr *addr,
		     struct pg_map_address_half *ret_half)
{
	_cleanup_strbuf_ struct pg_strbuf object = { 0 };
	struct pg_map_address_half half = { 0 };
	char text[PG_ADDR_TEXT_MAX];
	int found = pg_lookup_address(&tracer->lookup, addr, &half);

	if (found < 0)
		return found;
	if (!half.identity)
		half.identity = PG_ABI_WORLD;
	pg_strbuf_printf(
		&object, "%s %s",
		pg_map_types[addr->family == 4 ? PG_MAP_ADDRESSES4 : PG_MAP_ADDRESSES6].name,
		pg_addr_format(addr, text));
	if (!add_step(tracer, &object, "identity=%u%s%s", half.identity,
		      half.flags & PG_ABI_ADDRESS_LOCAL ? " local" : "",
		      found ? "" : " (not there: the world)"))
		return -ENOMEM;
	*ret_half = half;
	return 0;
}

/* The name of a slot's rule; one that isn't there is half of a commit that was killed. */
static int find_rule(struct tracer *tracer, uint32_t slot, struct pg_map_rule *ret_rule)
{
	struct pg_map_rule rule = { .name = "?" };
	int found = pg_lookup_rule(&tracer->lookup, slot, &rule);

	if (found < 0)
		return found;
	rule.name[sizeof(rule.name) - 1] = '\0';
	*ret_rule = rule;
	return 0;
}

static int count_rule(struct tracer *tracer, uint32_t slot, const struct pg_map_rule *rule,
		      struct pg_trace_step *step)
{
	snprintf(step->rule, sizeof(step->rule), "%s", rule->name);
	return add_counter(tracer, PG_MAP_COUNTERS, slot, step);
}

static void format_key(const struct pg_map_policy_key *key, struct pg_strbuf *buf)
{
	const char *proto = key->proto ? pg_proto_name((pg_proto){ key->proto }) : "every";
	unsigned int last = key->port + (0xffffu >> key->port_bits);

	pg_strbuf_printf(buf, "%s subject=%u %s peer=", pg_map_types[PG_MAP_POLICY].name,
			 key->subject, pg_direction_name(key->direction));
	pg_strbuf_printf(buf, key->peer ? "%u " : "any ", key->peer);
	pg_strbuf_printf(buf, proto ? "%s" : "%s%u", proto ? proto : "", key->proto);
	if (key->port_bits)
		pg_strbuf_printf(buf, last == key->port ? "/%u" : "/%u-%u", key->port, last);
}

static int add_hit(struct tracer *tracer, const struct pg_map_policy_key *key,
		   const struct pg_map_policy_half *half)
{
	_cleanup_strbuf_ struct pg_strbuf object = { 0 };
	struct pg_map_rule rule;
	struct pg_trace_step *step;
	int err = find_rule(tracer, half->slot, &rule);

	if (err)
		return err;
	format_key(key, &object);
	step = add_step(tracer, &object, "%s rule=%s slot=%u",
			pg_verdict_name((enum pg_verdict)half->verdict), rule.name, half->slot);
	if (!step)
		return -ENOMEM;
	step->direction = (enum pg_direction)key->direction;
	step->verdict = half->verdict == PG_ABI_ALLOW ? PG_VERDICT_ALLOW : PG_VERDICT_DENY;
	tracer->trace->dropped = step->verdict == PG_VERDICT_DENY;
	return count_rule(tracer, half->slot, &rule, step);
}

/* No entry speaks of it: what the subject is decides. */
static int add_default(struct tracer *tracer, uint32_t identity, enum pg_direction direction,
		       const struct pg_map_subject_half *subject)
{
	_cleanup_strbuf_ struct pg_strbuf object = { 0 };
	bool closed = !subject || subject->enforced & (1 << direction);
	uint32_t slot = direction; /* of default deny */
	struct pg_map_rule rule;
	struct pg_trace_step *step;
	int err = find_rule(tracer, slot, &rule);

	if (err)
		return err;
	pg_strbuf_printf(&object, "%s %u", pg_map_types[PG_MAP_SUBJECTS].name, identity);
	step = closed ? add_step(tracer, &object, "closed in %s: %s slot=%u%s",
				 pg_direction_name(direction), rule.name, slot,
				 subject ? "" : " (not there)")
		      : add_step(tracer, &object, "open in %s", pg_direction_name(direction));
	if (!step)
		return -ENOMEM;
	step->direction = direction;
	step->verdict = closed ? PG_VERDICT_DENY : PG_VERDICT_ALLOW;
	tracer->trace->dropped = closed;
	return closed ? count_rule(tracer, slot, &rule, step) : 0;
}

static int judge(struct tracer *tracer, uint32_t identity, uint32_t peer,
		 enum pg_direction direction)
{
	struct pg_lookup_question question = {
		.subject = identity,
		.peer = peer,
		.direction = direction,
		.proto = named_proto(tracer->query),
		.port = tracer->query->dport,
	};
	struct pg_map_subject_half subject;
	struct pg_map_policy_key key;
	struct pg_map_policy_half half;
	int known = pg_lookup_subject(&tracer->lookup, identity, &subject);
	int found;

	if (known <= 0)
		return known < 0 ? known : add_default(tracer, identity, direction, NULL);
	question.use = subject.use[direction];
	found = pg_lookup_policy(&tracer->lookup, &question, &key, &half);
	if (found < 0)
		return found;
	return found ? add_hit(tracer, &key, &half)
		     : add_default(tracer, identity, direction, &subject);
}

static int judge_egress(struct tracer *tracer, const struct pg_map_endpoint_half *endpoint)
{
	struct pg_map_address_half peer;
	int err = find_peer(tracer, &tracer->query->end[PG_INGRESS].addr, &peer);

	tracer->judged = endpoint->identity;
	return err ? err : judge(tracer, endpoint->identity, peer.identity, PG_EGRESS);
}

static int pass_host(struct tracer *tracer)
{
	_cleanup_strbuf_ struct pg_strbuf object = { 0 };
	struct pg_trace_step *step;

	pg_strbuf_puts(&object, pg_map_types[PG_MAP_META].name);
	step = add_step(tracer, &object, "host-policy=allow");
	if (!step)
		return -ENOMEM;
	step->direction = PG_INGRESS;
	step->verdict = PG_VERDICT_ALLOW;
	return 0;
}

static bool host_passes(const struct tracer *tracer)
{
	const struct pg_map_meta *meta = tracer->lookup.pins->meta;

	return meta->half[tracer->lookup.generation & 1].host_policy == PG_ABI_HOST_POLICY_ALLOW;
}

/* A local sender's egress is judged here again; who has just been judged needs not be shown twice. */
static int judge_ingress(struct tracer *tracer, const struct pg_map_endpoint_half *endpoint)
{
	struct pg_map_address_half sender;
	int err = find_peer(tracer, &tracer->query->end[PG_EGRESS].addr, &sender);

	if (err)
		return err;
	if (sender.identity == PG_ABI_HOST && host_passes(tracer))
		return pass_host(tracer);
	if (sender.flags & PG_ABI_ADDRESS_LOCAL && sender.identity != tracer->judged)
		err = judge(tracer, sender.identity, endpoint->identity, PG_EGRESS);
	if (err || tracer->trace->dropped)
		return err;
	return judge(tracer, endpoint->identity, sender.identity, PG_INGRESS);
}

/* 1, 0 or -errno. Whether the endpoint is closed in the program's direction. */
static int is_enforced(struct tracer *tracer, const struct pg_map_endpoint_half *endpoint)
{
	struct pg_map_subject_half subject;
	int found = pg_lookup_subject(&tracer->lookup, endpoint->identity, &subject);

	if (found < 0)
		return found;
	return !found || subject.enforced & (1 << tracer->program);
}

static int drop_if_enforced(struct tracer *tracer, const struct pg_map_endpoint_half *endpoint,
			    enum pg_outcome outcome)
{
	int enforced = is_enforced(tracer, endpoint);

	return enforced == 1 ? drop(tracer, outcome) : enforced;
}

static bool has_ipv6(const struct pg_map_endpoint_half *endpoint)
{
	static const uint8_t none[sizeof(endpoint->ipv6)];

	return memcmp(endpoint->ipv6, none, sizeof(none));
}

static bool is_own(const struct pg_map_endpoint_half *endpoint, const struct pg_addr *addr)
{
	if (addr->family == 6)
		return !memcmp(endpoint->ipv6, addr->bytes, sizeof(endpoint->ipv6));
	return endpoint->ipv4 && !memcmp(&endpoint->ipv4, addr->bytes, sizeof(endpoint->ipv4));
}

/* What isn't to the endpoint's own address. */
static int pass_by(struct tracer *tracer, const struct pg_map_endpoint_half *endpoint)
{
	const struct pg_addr *addr = &tracer->query->end[PG_INGRESS].addr;

	if (addr->family == 6 && pg_prefix_contains(&link_local, addr))
		return drop(tracer, PG_OUTCOME_NOT_OWN);
	return drop_if_enforced(tracer, endpoint, PG_OUTCOME_NOT_OWN);
}

static int run_program(struct tracer *tracer, const struct pg_map_endpoint_half *endpoint)
{
	const struct pg_addr *own = &tracer->query->end[tracer->program].addr;

	if (is_neighbourly(tracer->query, tracer->program))
		return 0;
	if (own->family == 6 && !has_ipv6(endpoint))
		return drop_if_enforced(tracer, endpoint, PG_OUTCOME_IPV6);
	if (tracer->program == PG_EGRESS)
		return is_own(endpoint, own) ? judge_egress(tracer, endpoint)
					     : drop(tracer, PG_OUTCOME_SPOOFED);
	return is_own(endpoint, own) ? judge_ingress(tracer, endpoint) : pass_by(tracer, endpoint);
}

/* Where no program is nothing is judged; a program without an entry drops. */
static int enter(struct tracer *tracer, uint32_t ifindex, const char *interface)
{
	_cleanup_strbuf_ struct pg_strbuf object = { 0 };
	struct pg_map_endpoint_half endpoint;
	char identity[32] = " (not there)";
	bool attached = pg_attach_holds(tracer->handle, tracer->lookup.pins, ifindex);
	int found = pg_lookup_endpoint(&tracer->lookup, ifindex, &endpoint);

	if (found < 0)
		return found;
	pg_strbuf_printf(&object, "%s %u", pg_map_types[PG_MAP_ENDPOINTS].name, ifindex);
	if (found)
		snprintf(identity, sizeof(identity), " identity=%u", endpoint.identity);
	if (!add_step(tracer, &object, "interface=%s%s%s", interface, identity,
		      attached ? "" : " (no programs on it)"))
		return -ENOMEM;
	if (!attached)
		return 0;
	return found ? run_program(tracer, &endpoint) : drop(tracer, PG_OUTCOME_UNKNOWN);
}

static int run_programs(struct tracer *tracer)
{
	for (unsigned int i = 0; i < PG_DIRECTIONS && !tracer->trace->dropped; i++) {
		const char *interface = tracer->query->end[i].interface;
		uint32_t ifindex = interface ? if_nametoindex(interface) : 0;
		int err;

		if (!ifindex)
			continue;
		tracer->program = (enum pg_direction)i;
		err = enter(tracer, ifindex, interface);
		if (err)
			return err;
	}
	return 0;
}

int pg_ebpf_trace(struct pg_backend_handle *handle, const struct pg_trace_query *query,
		  struct pg_diags *diags, struct pg_trace *ret_trace)
{
	_cleanup_trace_ struct pg_trace trace = { 0 };
	struct tracer tracer = { .handle = handle, .query = query, .trace = &trace };
	_cleanup_pins_ struct pg_pins pins;
	int err;

	pg_pins_init(&pins);
	err = pg_pins_open(handle, diags, &pins);
	if (err && err != -ENOENT)
		return err;
	if (!err)
		err = pg_lookup_init(&pins, &tracer.lookup);
	if (!err && tracer.lookup.generation)
		err = run_programs(&tracer);
	if (err && err != -ENOENT)
		return pg_ebpf_error(diags, err, "cannot look into the eBPF maps");
	*ret_trace = trace;
	trace = (struct pg_trace){ 0 };
	return 0;
}
