// SPDX-License-Identifier: GPL-2.0-only
/* What the nftables backend plans, by the look-ups that its rules make. */
#include "tests/unit/backends/intent.h"

#include "backends/nftables/layout.h"
#include "backends/nftables/trace.h"

#define SEED	  421
#define UNIVERSES 120

static struct pg_objects plan(const struct pg_intent *intent)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_objects objects = { 0 };

	assert_int_equal(pg_nftables_plan(intent, &diags, &objects), 0);
	assert_int_equal(diags.list.count, 0);
	return objects;
}

/* What the elements of a plan say of packets, by the look-ups that the rules make. */

struct end {
	struct pg_addr addr;
	pg_identity id;
	const struct pg_endpoint *endpoint;
};

static struct end end_of(const struct universe *universe, const struct pg_addr *addr)
{
	struct end end = { .addr = *addr,
			   .id = pg_identities_of_addr(&universe->identities, addr) };

	pg_array_foreach(endpoint, &universe->endpoints.list) {
		if (!pg_addr_compare(&endpoint->ipv4, addr) ||
		    !pg_addr_compare(&endpoint->ipv6, addr))
			end.endpoint = endpoint;
	}
	return end;
}

static enum pg_verdict expect(const struct universe *universe, const struct end *subject,
			      const struct end *peer, enum pg_direction direction, pg_proto proto,
			      uint16_t port, char name[PG_RULE_NAME_MAX])
{
	enum pg_verdict verdict;
	struct pg_origin origin;

	name[0] = '\0';
	if (!subject->endpoint)
		return PG_VERDICT_ALLOW;
	verdict = pg_verdict_table_judge(&universe->table, subject->id, direction, peer->id, proto,
					 port, &origin);
	if (origin.rule || verdict == PG_VERDICT_DENY)
		intent_rule_name(NULL, origin, name);
	return verdict;
}

/* The rule that decided for a side; "": none did. */
static const char *decided_by(const struct pg_trace *trace, enum pg_direction direction)
{
	const char *name = "";

	pg_array_foreach(step, &trace->steps) {
		if (step->verdict != PG_VERDICT_NONE && step->direction == direction)
			name = step->rule;
	}
	return name;
}

static size_t checked[PG_VERDICTS];

static void check_flow(const struct universe *universe, const struct pg_nftables_state *state,
		       const struct end *src, const struct end *dst, pg_proto proto, uint16_t port)
{
	const struct pg_trace_query query = {
		.end = { [PG_EGRESS] = { .addr = src->addr,
					 .host = src->id.n == PG_IDENTITY_HOST.n },
			 [PG_INGRESS] = { .addr = dst->addr,
					  .host = dst->id.n == PG_IDENTITY_HOST.n } },
		.proto = proto,
		.dport = port,
	};
	_cleanup_trace_ struct pg_trace trace = { 0 };
	char out[PG_RULE_NAME_MAX], in[PG_RULE_NAME_MAX];
	enum pg_verdict egress = expect(universe, src, dst, PG_EGRESS, proto, port, out);
	enum pg_verdict ingress = expect(universe, dst, src, PG_INGRESS, proto, port, in);
	bool denied = egress == PG_VERDICT_DENY || ingress == PG_VERDICT_DENY;

	assert_int_equal(pg_nftables_trace(state, &query, &trace), 0);
	assert_int_equal(trace.dropped, denied);
	assert_string_equal(decided_by(&trace, PG_EGRESS), out);
	if (egress != PG_VERDICT_DENY)
		assert_string_equal(decided_by(&trace, PG_INGRESS), in);
	checked[denied ? PG_VERDICT_DENY : PG_VERDICT_ALLOW]++;
}

/* Neighbour discovery passes whatever the policy says, and ICMP of the other family has no name. */
static bool is_judged(const struct end *end, pg_proto proto, uint16_t port)
{
	bool v6 = end->addr.family == 6;

	if (proto.n == PG_PROTO_ICMP.n || proto.n == PG_PROTO_ICMPV6.n)
		return v6 == (proto.n == PG_PROTO_ICMPV6.n) && port <= 255 &&
		       !(v6 && port >= 133 && port <= 137);
	return true;
}

static void check_pair(struct universe *universe, const struct pg_nftables_state *state,
		       const struct end *src, const struct end *dst)
{
	static const pg_proto protos[] = { { 1 }, { 6 }, { 17 }, { 47 }, { 58 }, { 132 } };

	if (src->addr.family != dst->addr.family ||
	    (src->id.n == PG_IDENTITY_HOST.n && dst->id.n == PG_IDENTITY_HOST.n))
		return;
	for (size_t i = 0; i < PG_COUNT(protos); i++) {
		uint16_t port = universe->ports.count && universe_random(universe, 2)
					? universe->ports.items[universe_random(
						  universe, (uint32_t)universe->ports.count)]
					: (uint16_t)universe_random(universe, 256);

		if (protos[i].n == 47)
			port = 0;
		if (is_judged(src, protos[i], port))
			check_flow(universe, state, src, dst, protos[i], port);
	}
}

static void check_universe(struct universe *universe)
{
	struct pg_intent intent = intent_of(universe);
	_cleanup_nftables_state_ struct pg_nftables_state state = { .objects = plan(&intent) };

	pg_array_foreach(src, &universe->parties) {
		pg_array_foreach(dst, &universe->parties) {
			struct end from = end_of(universe, &src->addr);
			struct end to = end_of(universe, &dst->addr);

			if (from.addr.family && to.addr.family)
				check_pair(universe, &state, &from, &to);
		}
	}
}

static void test_says_what_the_table_says(void **state)
{
	(void)state;
	for (uint64_t seed = SEED; seed < SEED + UNIVERSES; seed++) {
		struct universe universe = { 0 };

		intent_world(&universe, seed);
		check_universe(&universe);
		universe_done(&universe);
	}
	assert_true(checked[PG_VERDICT_ALLOW] > 10000);
	assert_true(checked[PG_VERDICT_DENY] > 10000);
}

static pg_identity flat_id(const struct pg_nftables_intervals *intervals,
			   const struct pg_addr *addr)
{
	pg_identity id = PG_IDENTITY_ANY;

	pg_array_foreach(interval, &intervals->list) {
		if (memcmp(interval->first, addr->bytes, 16) <= 0)
			id = interval->id;
	}
	return id;
}

static void add_prefix(struct pg_identities *identities, const char *text, uint32_t number)
{
	struct pg_address *address = pg_array_add(&identities->addresses);

	assert_int_equal(pg_prefix_parse(text, &address->prefix), 0);
	address->id.n = PG_IDENTITY_CIDR_FLAG | number;
}

static void expect_flat(const struct pg_nftables_intervals *intervals, const char *addr,
			uint32_t number)
{
	struct pg_addr parsed = build_addr(addr);

	assert_int_equal(flat_id(intervals, &parsed).n, number);
}

static void test_flattens_what_nests(void **state)
{
	enum { CIDR = PG_IDENTITY_CIDR_FLAG, WORLD = 2 };
	struct pg_identities identities = { 0 };
	struct pg_nftables_intervals v4 = { 0 }, v6 = { 0 };

	(void)state;
	add_prefix(&identities, "10.0.0.0/8", 1);
	add_prefix(&identities, "10.0.0.0/24", 2);
	add_prefix(&identities, "10.0.1.0/24", 3);
	add_prefix(&identities, "10.0.1.255/32", 4);
	add_prefix(&identities, "255.255.255.0/24", 5);
	add_prefix(&identities, "fd00::/8", 6);
	add_prefix(&identities, "fd00::1/128", 7);
	assert_int_equal(pg_nftables_flatten(&identities, 4, &v4), 0);
	assert_int_equal(pg_nftables_flatten(&identities, 6, &v6), 0);
	expect_flat(&v4, "0.0.0.0", WORLD);
	expect_flat(&v4, "9.255.255.255", WORLD);
	expect_flat(&v4, "10.0.0.0", CIDR | 2);
	expect_flat(&v4, "10.0.0.255", CIDR | 2);
	expect_flat(&v4, "10.0.1.0", CIDR | 3);
	expect_flat(&v4, "10.0.1.255", CIDR | 4);
	expect_flat(&v4, "10.0.2.0", CIDR | 1);
	expect_flat(&v4, "10.255.255.255", CIDR | 1);
	expect_flat(&v4, "11.0.0.0", WORLD);
	expect_flat(&v4, "255.255.255.255", CIDR | 5);
	assert_int_equal(v4.list.count, 7);
	expect_flat(&v6, "fd00::", CIDR | 6);
	expect_flat(&v6, "fd00::1", CIDR | 7);
	expect_flat(&v6, "fd00::2", CIDR | 6);
	expect_flat(&v6, "fe00::", WORLD);
	assert_int_equal(v6.list.count, 5);
	pg_nftables_intervals_done(&v4);
	pg_nftables_intervals_done(&v6);
	free(identities.addresses.items);
}

/* Nothing that the kernel gave back is taken for granted. */
static void test_refuses_strange_objects(void **state)
{
	static const struct {
		const char *key;
		uint32_t length;
	} keys[] = { { "", 0 },		 { "\3", 1 },
		     { "\10\1x", 3 },	 { "\4\1set", 5 },
		     { "\4\1set\0", 6 }, { "\5\1chain\0\0\0\1", 11 },
		     { "\2\1c\0x", 5 },	 { "\2\1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 34 } };
	struct pg_nftables_chain chain;
	struct pg_nftables_value value;
	struct pg_nftables_item item;
	struct pg_nftables_set set;
	bool base;

	(void)state;
	for (size_t i = 0; i < PG_COUNT(keys); i++) {
		struct pg_object object = { .key = keys[i].key, .key_length = keys[i].length };

		assert_int_equal(pg_nftables_item(&object, &item), -EINVAL);
	}
	assert_int_equal(
		pg_nftables_read_chain(&(struct pg_object){ .value = "x", .value_length = 1 },
				       &base, &chain),
		-EINVAL);
	assert_int_equal(
		pg_nftables_read_set(&(struct pg_object){ .value = "x", .value_length = 1 }, &set),
		-EINVAL);
	assert_int_equal(
		pg_nftables_read_element(
			&(struct pg_object){ .value = "xxxxxxx", .value_length = 7 }, &value),
		-EINVAL);
	assert_int_equal(pg_nftables_parse_key_type(0, &set), -EINVAL);
	assert_int_equal(pg_nftables_parse_key_type(63, &set), -EINVAL);
	assert_int_equal(pg_nftables_parse_key_type(UINT32_MAX, &set), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says_what_the_table_says),
		cmocka_unit_test(test_flattens_what_nests),
		cmocka_unit_test(test_refuses_strange_objects),
	};

	return cmocka_run_group_tests_name("nftables plan", tests, NULL, NULL);
}
