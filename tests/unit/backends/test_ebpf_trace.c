// SPDX-License-Identifier: GPL-2.0-only
/*
 * What trace() says of a packet is what the programs do with it, and the counter that it names is the
 * one that they count on.
 */
#include "tests/unit/backends/ebpf_packet.h"
#include "tests/unit/backends/intent.h"

#include "backends/ebpf/attach.h"

#include <bpf/bpf.h>

#define SEED	   815
#define UNIVERSES  6
#define INTERFACES 6

static bool can_run;
static size_t fates[2];

struct fixture {
	struct pg_backend_handle *handle;
	const struct universe *universe;
	struct pg_pins pins;
};

static void apply(struct pg_backend_handle *handle, const struct pg_intent *intent)
{
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(pg_backend_ebpf.plan(handle, intent, &diags, &desired), 0);
	assert_int_equal(pg_backend_ebpf.live(handle, &diags, &live), 0);
	assert_int_equal(pg_diff_make(&desired, &live, &diff), 0);
	assert_int_equal(pg_backend_ebpf.commit(handle, intent, &desired, &diff, &diags), 0);
}

static struct pg_trace trace(const struct fixture *fixture, const struct pg_trace_query *query)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_trace traced = { 0 };

	assert_int_equal(pg_backend_ebpf.trace(fixture->handle, query, &diags, &traced), 0);
	assert_int_equal(diags.list.count, 0);
	return traced;
}

static struct pg_trace_end end_of(const struct universe *universe, const struct pg_party *party)
{
	struct pg_trace_end end = { .addr = party->addr,
				    .host = party->id.n == PG_IDENTITY_HOST.n };

	pg_array_foreach(endpoint, &universe->endpoints.list) {
		if (!pg_addr_compare(&endpoint->ipv4, &party->addr) ||
		    !pg_addr_compare(&endpoint->ipv6, &party->addr))
			end.interface = endpoint->interface;
	}
	return end;
}

static bool runs(const struct fixture *fixture, enum pg_direction direction,
		 const struct pg_trace_query *query, const struct packet *packet)
{
	const char *interface = query->end[direction].interface;
	struct frame frame = frame_of(packet);

	return !interface ||
	       run_frame_on(&fixture->pins, direction, if_nametoindex(interface), &frame) == PASS;
}

/* Each step that judges, the last one's included, has counted the packet, and none else. */
static void assert_counted(const struct pg_trace *before, const struct pg_trace *after)
{
	assert_int_equal(before->steps.count, after->steps.count);
	for (size_t i = 0; i < before->steps.count; i++) {
		const struct pg_trace_step *was = &before->steps.items[i];
		const struct pg_trace_step *is = &after->steps.items[i];

		assert_string_equal(was->object, is->object);
		assert_string_equal(was->text, is->text);
		assert_int_equal(was->counted, is->counted);
		assert_int_equal(is->packets, was->packets + (was->counted ? 1 : 0));
	}
}

static void check_packet(const struct fixture *fixture, const struct pg_trace_query *query)
{
	_cleanup_trace_ struct pg_trace before = trace(fixture, query), after = { 0 };
	char src[PG_ADDR_TEXT_MAX], dst[PG_ADDR_TEXT_MAX];
	static uint16_t number;
	struct packet packet =
		tcp(pg_addr_format(&query->end[PG_EGRESS].addr, src), 54321,
		    pg_addr_format(&query->end[PG_INGRESS].addr, dst), query->dport, TCP_SYN);
	bool passes;

	packet.proto = query->proto.n;
	if (packet.proto == IPPROTO_ICMP || packet.proto == IPPROTO_ICMPV6)
		packet.sport = ++number;
	passes = runs(fixture, PG_EGRESS, query, &packet) &&
		 runs(fixture, PG_INGRESS, query, &packet);
	assert_int_equal(before.dropped, !passes);
	fates[passes]++;
	after = trace(fixture, query);
	assert_counted(&before, &after);
}

static void check_pair(const struct fixture *fixture, const struct pg_party *src,
		       const struct pg_party *dst)
{
	pg_proto icmp = src->addr.family == 4 ? PG_PROTO_ICMP : PG_PROTO_ICMPV6;
	const pg_proto protos[] = { PG_PROTO_TCP, PG_PROTO_UDP, icmp };
	struct pg_trace_query query = { 0 };

	query.end[PG_EGRESS] = end_of(fixture->universe, src);
	query.end[PG_INGRESS] = end_of(fixture->universe, dst);
	for (size_t p = 0; p < PG_COUNT(protos); p++) {
		pg_array_foreach(port, &fixture->universe->ports) {
			query.proto = protos[p];
			query.dport = *port;
			if (query.proto.n != icmp.n || *port <= UINT8_MAX)
				check_packet(fixture, &query);
		}
	}
}

static void check_universe(const struct fixture *fixture)
{
	pg_array_foreach(src, &fixture->universe->parties) {
		pg_array_foreach(dst, &fixture->universe->parties) {
			if (src != dst && src->addr.family == dst->addr.family)
				check_pair(fixture, src, dst);
		}
	}
}

static void test_what_the_programs_do(void **state)
{
	struct fixture fixture = { 0 };

	(void)state;
	if (!can_run)
		skip();
	fixture.handle = world_open(NULL);
	for (uint64_t seed = SEED; seed < SEED + UNIVERSES; seed++) {
		struct universe universe;
		struct pg_intent intent;

		intent_world(&universe, seed);
		intent = intent_of(&universe);
		memcpy(intent.digest, &seed, sizeof(seed));
		if (seed % 2)
			intent.host_policy = PG_HOST_POLICY_ALLOW;
		apply(fixture.handle, &intent);
		fixture.universe = &universe;
		world_pins(&fixture.pins);
		check_universe(&fixture);
		pg_pins_done(&fixture.pins);
		universe_done(&universe);
	}
	pg_backend_ebpf.close(fixture.handle);
	world_clear();
	print_message("# %zu pass, %zu are dropped\n", fates[true], fates[false]);
	assert_true(fates[false] > 1000 && fates[true] > 1000);
}

/* app (256) on veth0 may talk TCP port 80 to the world and is else closed in egress. */
static void small_world(struct world *world)
{
	world_init(world);
	world_endpoint(world, "app", "veth0", "10.0.0.2", 256);
	world_subject(world, 256, true, false);
	world_rule(world, 256, PG_EGRESS, 2, IPPROTO_TCP, 80, 83, PG_VERDICT_ALLOW, 1);
	world_finish(world);
	world_apply_ok(world);
}

static struct pg_trace_query to_world(const char *from, uint16_t dport)
{
	struct pg_trace_query query = { .proto = PG_PROTO_TCP, .dport = dport };

	pg_addr_parse(from, &query.end[PG_EGRESS].addr);
	pg_addr_parse("8.8.8.8", &query.end[PG_INGRESS].addr);
	query.end[PG_EGRESS].interface = "veth0";
	return query;
}

static void assert_last(const struct fixture *fixture, const struct pg_trace_query *query,
			const char *object, const char *rule, bool dropped)
{
	_cleanup_trace_ struct pg_trace traced = trace(fixture, query);
	const struct pg_trace_step *last = &traced.steps.items[traced.steps.count - 1];

	assert_string_equal(last->object, object);
	assert_string_equal(last->rule, rule);
	assert_int_equal(traced.dropped, dropped);
}

static void test_keys_and_guards(void **state)
{
	_cleanup_world_ struct world world;
	struct fixture fixture = { 0 };
	struct pg_trace_query query;

	(void)state;
	if (!can_run)
		skip();
	small_world(&world);
	fixture.handle = world_open(NULL);
	query = to_world("10.0.0.2", 81);
	assert_last(&fixture, &query, "pg_policy subject=256 egress peer=2 tcp/80-83", "rule-1",
		    false);
	query.dport = 84;
	assert_last(&fixture, &query, "pg_subjects 256", "default-deny", true);
	query = to_world("10.0.0.3", 80);
	assert_last(&fixture, &query, "pg_outcomes 3", "spoofed", true);
	pg_backend_ebpf.close(fixture.handle);
	world_clear();
}

/* What comes before the policy; an endpoint's IPv6 address is known or not. */
static void test_guards_of_ipv6(void **state)
{
	_cleanup_world_ struct world world;
	struct fixture fixture = { 0 };
	struct pg_trace_query query = { .proto = PG_PROTO_TCP, .dport = 80 };
	_cleanup_trace_ struct pg_trace traced = { 0 };

	(void)state;
	if (!can_run)
		skip();
	small_world(&world);
	fixture.handle = world_open(NULL);
	pg_addr_parse("fe80::2", &query.end[PG_EGRESS].addr);
	pg_addr_parse("ff02::16", &query.end[PG_INGRESS].addr);
	query.end[PG_EGRESS].interface = "veth0";
	assert_last(&fixture, &query, "pg_outcomes 7", "ipv6", true);
	world_ipv6(&world, 0, "fd00::2");
	world_finish(&world);
	world_apply_ok(&world);
	assert_last(&fixture, &query, "pg_outcomes 3", "spoofed", true);
	query.proto = PG_PROTO_ICMPV6;
	query.dport = 143;
	traced = trace(&fixture, &query);
	assert_false(traced.dropped);
	query.end[PG_INGRESS] = query.end[PG_EGRESS];
	query.end[PG_EGRESS].interface = NULL;
	query.proto = PG_PROTO_TCP;
	assert_last(&fixture, &query, "pg_outcomes 4", "not-own-address", true);
	pg_backend_ebpf.close(fixture.handle);
	world_clear();
}

static void test_an_interface_that_nobody_watches(void **state)
{
	_cleanup_world_ struct world world;
	_cleanup_trace_ struct pg_trace traced = { 0 };
	struct fixture fixture = { 0 };
	struct pg_trace_query query = to_world("10.0.0.2", 84);

	(void)state;
	if (!can_run)
		skip();
	small_world(&world);
	fixture.handle = world_open(NULL);
	assert_int_equal(pg_detach(fixture.handle, if_nametoindex("veth0"), PG_ON_CONTAINER), 0);
	traced = trace(&fixture, &query);
	assert_int_equal(traced.steps.count, 1);
	assert_string_equal(traced.steps.items[0].text,
			    "interface=veth0 identity=256 (no programs on it)");
	assert_false(traced.dropped);
	pg_backend_ebpf.close(fixture.handle);
	world_clear();
}

static void test_nothing_is_enforced(void **state)
{
	_cleanup_trace_ struct pg_trace traced = { 0 };
	struct fixture fixture = { 0 };
	struct pg_trace_query query = to_world("10.0.0.2", 84);

	(void)state;
	if (!can_run)
		skip();
	fixture.handle = world_open(NULL);
	traced = trace(&fixture, &query);
	assert_int_equal(traced.steps.count, 0);
	assert_false(traced.dropped);
	pg_backend_ebpf.close(fixture.handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_enforced),
		cmocka_unit_test(test_keys_and_guards),
		cmocka_unit_test(test_guards_of_ipv6),
		cmocka_unit_test(test_an_interface_that_nobody_watches),
		cmocka_unit_test(test_what_the_programs_do),
	};

	can_run = world_enter();
	for (int i = 0; can_run && i < INTERFACES; i++) {
		char name[IFNAMSIZ];

		snprintf(name, sizeof(name), "veth%d", i);
		world_veth(name, 0);
	}
	return cmocka_run_group_tests_name("ebpf trace", tests, NULL, NULL);
}
