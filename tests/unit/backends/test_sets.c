// SPDX-License-Identifier: GPL-2.0-only
/* The layout "set": who is in which set, how many look-ups that takes, and ports that share a rule. */
#include "tests/unit/backends/intent.h"
#include "tests/unit/backends/ipt_machine.h"

#include "backends/iptables/layout.h"
#include "backends/iptables/sets.h"

#define SEED	 1601
#define SUBJECTS 300

static struct pg_tree build(const struct universe *universe, enum pg_layout layout)
{
	const struct pg_layout_options options = { 4, layout, "FORWARD" };
	const struct pg_intent intent = intent_of(universe);
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_tree tree = { 0 };

	assert_int_equal(pg_layout_build(&intent, &options, &diags, &tree), 0);
	return tree;
}

static void add_endpoint(struct universe *universe, unsigned int number, const char *app)
{
	char name[16], addr[32], labels[32];

	snprintf(name, sizeof(name), "c%u", number);
	snprintf(addr, sizeof(addr), "10.0.%u.%u", number / 250, 2 + number % 250);
	snprintf(labels, sizeof(labels), "k8s:app=%s", app);
	build_endpoint(&universe->endpoints, name, addr, labels);
}

/* c0 is app0, ..., each an identity of its own; app0 takes from each port 1000 + its number. */
static void make_crowd(struct universe *universe, unsigned int count)
{
	struct pg_rule *rule;

	*universe = (struct universe){ 0 };
	for (unsigned int i = 0; i < count; i++) {
		char app[16];

		snprintf(app, sizeof(app), "app%u", i);
		add_endpoint(universe, i, app);
	}
	rule = build_rule(&universe->policy, "app=app0", true);
	for (unsigned int i = 1; i < count; i++) {
		struct pg_entry *entry = build_entry(rule, PG_INGRESS);
		char app[24];

		snprintf(app, sizeof(app), "app=app%u", i);
		build_peer(entry, app);
		build_ports(entry, PG_PROTO_TCP, (uint16_t)(1000 + i), (uint16_t)(1000 + i));
	}
}

static struct machine_result run(const struct pg_tree *tree, const struct pg_addr *from,
				 const struct pg_addr *to, pg_proto proto, uint16_t port)
{
	const struct machine_packet packet = {
		.src = *from, .dst = *to, .proto = proto, .dport = port, .in = "", .out = ""
	};

	return machine_run(tree, "FORWARD", &packet);
}

static void test_steps_grow_with_the_logarithm(void **state)
{
	static const unsigned int counts[] = { 4, 20, SUBJECTS };
	static const unsigned int most[] = { 24, 30, 38 };

	(void)state;
	for (size_t n = 0; n < PG_COUNT(counts); n++) {
		PG_CLEANUP(universe_done) struct universe universe;
		const struct pg_endpoint *endpoints;
		_cleanup_tree_ struct pg_tree tree = { 0 };

		make_crowd(&universe, counts[n]);
		intent_resolve(&universe);
		tree = build(&universe, PG_LAYOUT_SET);
		endpoints = universe.endpoints.list.items;
		for (unsigned int i = 1; i < counts[n]; i++) {
			const struct pg_addr *from = &endpoints[i].ipv4, *to = &endpoints[0].ipv4;
			/* In the order of their names, c1, c10, c11, ... */
			uint16_t port = (uint16_t)(1000 + strtoul(endpoints[i].name + 1, NULL, 10));
			struct machine_result got = run(&tree, from, to, PG_PROTO_TCP, port);

			assert_false(got.dropped);
			assert_string_not_equal(got.ingress, "");
			assert_in_range(got.steps, 1, most[n]);
			got = run(&tree, from, to, PG_PROTO_TCP, (uint16_t)(port + 1));
			assert_true(got.dropped);
			assert_in_range(got.steps, 1, most[n]);
		}
	}
}

/* How many elements all sets have, and how many sets of `tree` there are in `other` as well. */
static size_t count_elements(const struct pg_tree *tree)
{
	size_t count = 0;

	pg_array_foreach(set, &tree->sets.list)
		count += set->elements.count;
	return count;
}

static size_t count_same(const struct pg_tree *tree, const struct pg_tree *other)
{
	size_t count = 0;

	pg_array_foreach(set, &tree->sets.list)
		count += pg_sets_find(&other->sets, set->name) != NULL;
	return count;
}

static void test_another_replica_is_elements(void **state)
{
	PG_CLEANUP(universe_done) struct universe few, more;
	_cleanup_tree_ struct pg_tree before = { 0 }, after = { 0 };
	size_t changed;

	(void)state;
	make_crowd(&few, SUBJECTS);
	make_crowd(&more, SUBJECTS);
	add_endpoint(&more, SUBJECTS, "app7");
	intent_resolve(&few);
	intent_resolve(&more);
	before = build(&few, PG_LAYOUT_SET);
	after = build(&more, PG_LAYOUT_SET);
	assert_int_equal(pg_tree_rules(&after), pg_tree_rules(&before));
	assert_int_equal(after.chains.count, before.chains.count);
	assert_int_equal(after.sets.list.count, before.sets.list.count);
	changed = after.sets.list.count - count_same(&after, &before);
	assert_in_range(changed, 1, 1 + PG_IPT_SET_STEPS);
	assert_int_equal(count_elements(&after) - count_elements(&before), changed);
}

static void test_another_identity_leaves_the_rest(void **state)
{
	PG_CLEANUP(universe_done) struct universe few, more;
	_cleanup_tree_ struct pg_tree before = { 0 }, after = { 0 };

	(void)state;
	make_crowd(&few, SUBJECTS);
	make_crowd(&more, SUBJECTS + 1);
	intent_resolve(&few);
	intent_resolve(&more);
	before = build(&few, PG_LAYOUT_SET);
	after = build(&more, PG_LAYOUT_SET);
	/* Its own way, and that of one that another number moved, if two hashed to one. */
	assert_in_range(before.sets.list.count - count_same(&before, &after), 0,
			2 * PG_IPT_SET_STEPS);
}

/* Entries of one pair, many of them about single ports. */
static void make_ports(struct universe *universe, uint64_t seed)
{
	static const pg_proto protos[] = { PG_PROTO_TCP, PG_PROTO_UDP, PG_PROTO_SCTP };
	struct universe random = { .random = seed };

	*universe = (struct universe){ 0 };
	add_endpoint(universe, 0, "app0");
	add_endpoint(universe, 1, "app1");
	for (unsigned int i = 0; i < 60; i++) {
		struct pg_rule *rule = build_rule(&universe->policy, "app=app0", i % 2);
		bool denies = !universe_random(&random, 4);
		struct pg_entry *entry =
			denies ? build_deny(rule, PG_INGRESS) : build_entry(rule, PG_INGRESS);
		uint16_t first = (uint16_t)(100 + universe_random(&random, 40)), last = first;

		if (universe_random(&random, 3))
			build_peer(entry, "app=app1");
		if (!universe_random(&random, 12))
			last = (uint16_t)(first + universe_random(&random, 5));
		build_ports(entry, protos[universe_random(&random, 2 + i % 2)], first, last);
	}
	intent_resolve(universe);
}

static size_t count_lookups(const struct pg_tree *tree)
{
	size_t count = 0;

	pg_array_foreach(set, &tree->sets.list)
		count += set->kind == PG_SET_PORTS;
	return count;
}

/* The flat list has no sets, and another order of rules that don't match the same packets. */
static void test_ports_say_what_rules_would(void **state)
{
	static const pg_proto protos[] = { PG_PROTO_TCP, PG_PROTO_UDP, PG_PROTO_SCTP,
					   PG_PROTO_ICMP };
	size_t lookups = 0;

	(void)state;
	for (uint64_t seed = SEED; seed < SEED + 30; seed++) {
		PG_CLEANUP(universe_done) struct universe universe;
		_cleanup_tree_ struct pg_tree linear = { 0 }, sets = { 0 };
		const struct pg_endpoint *ends;

		make_ports(&universe, seed);
		linear = build(&universe, PG_LAYOUT_LINEAR);
		sets = build(&universe, PG_LAYOUT_SET);
		lookups += count_lookups(&sets);
		ends = universe.endpoints.list.items;
		for (size_t i = 0; i < PG_COUNT(protos) * 60; i++) {
			pg_proto proto = protos[i % PG_COUNT(protos)];
			uint16_t port = (uint16_t)(95 + i / PG_COUNT(protos));
			struct machine_result want =
				run(&linear, &ends[1].ipv4, &ends[0].ipv4, proto, port);
			struct machine_result got =
				run(&sets, &ends[1].ipv4, &ends[0].ipv4, proto, port);

			assert_int_equal(got.dropped, want.dropped);
			assert_string_equal(got.ingress, want.ingress);
		}
	}
	assert_true(lookups > 30);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(pg_ipt_set_is_ours("polgen-4-49527-9a7b3c1d"));
	assert_true(pg_ipt_set_is_ours("polgen-6-spare-00000000"));
	assert_false(pg_ipt_set_is_ours("polgen-4-9a7b3c1d"));
	assert_false(pg_ipt_set_is_ours("polgen-5-1-9a7b3c1d"));
	assert_false(pg_ipt_set_is_ours("polgen-4-1-9a7b3c1"));
	assert_false(pg_ipt_set_is_ours("polgen-4-1-9A7B3C1D"));
	assert_false(pg_ipt_set_is_ours("polgen-4-mine"));
	assert_false(pg_ipt_set_is_ours("polgen-mine"));
	assert_int_equal(pg_ipt_set_family("polgen-6-all-00000000"), 6);
	assert_int_equal(pg_ipt_set_stem("polgen-6-all-00000000"), strlen("polgen-6-all-"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_grow_with_the_logarithm),
		cmocka_unit_test(test_another_replica_is_elements),
		cmocka_unit_test(test_another_identity_leaves_the_rest),
		cmocka_unit_test(test_ports_say_what_rules_would),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("sets", tests, NULL, NULL);
}
