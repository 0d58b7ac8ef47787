// SPDX-License-Identifier: GPL-2.0-only
/* Trees of chains lead where the longest prefix, or the port, says, and in few steps. */
#include "tests/unit/backends/intent.h"
#include "tests/unit/backends/ipt_machine.h"

#include "backends/iptables/dispatch.h"

#define SEED	  1213
#define NOWHERE	  "nowhere"
#define ADDRESSES 3000

static struct pg_ipt_builder begin(struct pg_layout_options *options, uint8_t family)
{
	struct pg_ipt_builder builder = { .options = options, .tree.family = family };

	*options = (struct pg_layout_options){ family, PG_LAYOUT_TREE, "FORWARD" };
	assert_int_equal(pg_tree_add_hook(&builder.tree, "FORWARD", "POLGEN", 0), 0);
	return builder;
}

/* A chain whose one rule drops, and has the chain's name as its own. */
static void add_end(struct pg_ipt_builder *builder, const char *name)
{
	struct pg_tree_rule rule = { .target = PG_TARGET_DROP };
	size_t chain;

	snprintf(rule.comment, sizeof(rule.comment), "%s", name);
	assert_int_equal(pg_ipt_add_chain(builder, name, &chain), 0);
	assert_int_equal(pg_ipt_add_rule(builder, chain, &rule), 0);
}

static void add_route(struct pg_ipt_builder *builder, struct pg_ipt_routes *routes,
		      const struct pg_prefix *prefix)
{
	char name[PG_CHAIN_NAME_MAX];

	pg_array_foreach(route, &routes->list) {
		if (!pg_prefix_compare(&route->prefix, prefix))
			return;
	}
	snprintf(name, sizeof(name), "end-%zu", routes->list.count);
	add_end(builder, name);
	assert_int_equal(pg_ipt_routes_add(routes, prefix, name), 0);
}

static void finish(struct pg_ipt_builder *builder, struct pg_ipt_routes *routes, bool by_source)
{
	size_t chain;

	add_end(builder, NOWHERE);
	assert_int_equal(pg_ipt_add_chain(builder, "POLGEN", &chain), 0);
	assert_int_equal(pg_ipt_dispatch(builder, routes, by_source, "POLGEN-E-S", chain, NOWHERE),
			 0);
	pg_tree_sort(&builder->tree);
}

static const char *find(const struct pg_ipt_routes *routes, const struct pg_addr *addr)
{
	const struct pg_ipt_route *best = NULL;

	pg_array_foreach(route, &routes->list) {
		if (pg_prefix_contains(&route->prefix, addr) &&
		    (!best || best->prefix.length < route->prefix.length))
			best = route;
	}
	return best ? best->chain : NOWHERE;
}

static unsigned int check_addr(const struct pg_ipt_builder *builder,
			       const struct pg_ipt_routes *routes, bool by_source,
			       const struct pg_addr *addr)
{
	struct machine_packet packet = { .in = "", .out = "", .proto = PG_PROTO_TCP };
	struct machine_result result;

	packet.src.family = packet.dst.family = addr->family;
	*(by_source ? &packet.src : &packet.dst) = *addr;
	result = machine_run(&builder->tree, "FORWARD", &packet);
	assert_string_equal(result.other[0] ? result.other : result.egress, find(routes, addr));
	return result.steps;
}

static struct pg_addr random_addr(struct universe *random, uint8_t family)
{
	struct pg_addr addr = { .family = family };

	/* Few values, so that prefixes nest and addresses are in them. */
	for (int i = 0; i < pg_addr_bits(&addr) / 8; i++)
		addr.bytes[i] = (uint8_t)(universe_random(random, 4) ? 0x40 * i : 0x55);
	addr.bytes[family == 4 ? 3 : 15] = (uint8_t)universe_random(random, 256);
	addr.bytes[family == 4 ? 2 : 14] = (uint8_t)universe_random(random, 8);
	return addr;
}

static void check_prefixes(uint8_t family, uint32_t count)
{
	struct universe random = { .random = SEED + count };
	struct pg_layout_options options;
	_cleanup_ipt_builder_ struct pg_ipt_builder builder = begin(&options, family);
	_cleanup_ipt_routes_ struct pg_ipt_routes routes = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		struct pg_addr addr = random_addr(&random, family);
		uint8_t length = (uint8_t)universe_random(&random, pg_addr_bits(&addr) + 1u);
		struct pg_prefix prefix = pg_prefix_of(&addr, length);

		add_route(&builder, &routes, &prefix);
	}
	finish(&builder, &routes, count % 2);
	for (uint32_t i = 0; i < 500; i++) {
		struct pg_addr addr = random_addr(&random, family);

		check_addr(&builder, &routes, count % 2, &addr);
	}
	pg_array_foreach(route, &routes.list)
		check_addr(&builder, &routes, count % 2, &route->prefix.addr);
}

static void test_the_longest_prefix_counts(void **state)
{
	static const uint32_t counts[] = { 0, 1, 2, 15, 16, 17, 100, 700 };

	(void)state;
	for (size_t i = 0; i < PG_COUNT(counts); i++) {
		check_prefixes(4, counts[i]);
		check_prefixes(6, counts[i]);
	}
}

/* Containers' addresses: 10.0.0.0 and the next ones. */
static struct pg_addr address(uint32_t number)
{
	return (struct pg_addr){
		4, { 10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number }
	};
}

static void test_steps_grow_with_the_logarithm(void **state)
{
	struct pg_layout_options options;
	_cleanup_ipt_builder_ struct pg_ipt_builder builder = begin(&options, 4);
	_cleanup_ipt_routes_ struct pg_ipt_routes routes = { 0 };

	(void)state;
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		struct pg_addr addr = address(i);
		struct pg_prefix prefix = pg_prefix_of(&addr, 32);

		add_route(&builder, &routes, &prefix);
	}
	finish(&builder, &routes, false);
	for (uint32_t i = 0; i < ADDRESSES + 10; i++) {
		struct pg_addr addr = address(i);
		unsigned int most = PG_IPT_DISPATCH_LEVELS * (PG_IPT_DISPATCH_FANOUT + 1) + 1;

		assert_true(check_addr(&builder, &routes, false, &addr) <= most);
	}
	pg_array_foreach(chain, &builder.tree.chains)
		assert_true(chain->rules.count <= PG_IPT_DISPATCH_FANOUT + 1);
}

static void name_port(uint32_t number, char name[IFNAMSIZ])
{
	/* As Docker names them; the first ones begin like the others. */
	if (number < 5)
		snprintf(name, IFNAMSIZ, "%.*s", 3 + (int)number, "veth000");
	else
		snprintf(name, IFNAMSIZ, "veth%07x", number * 2654435761u >> 4);
}

static void check_port(const struct pg_ipt_builder *builder, bool in, const char *name, bool known)
{
	struct machine_packet packet = {
		.src.family = 4,
		.dst.family = 4,
		.in = in ? name : "veth0",
		.out = in ? "veth0" : name,
		.proto = PG_PROTO_TCP,
	};
	struct machine_result result = machine_run(&builder->tree, "FORWARD", &packet);

	assert_string_equal(result.other, known ? name : "");
	assert_true(result.steps <= 80);
}

static void check_ports(bool in, uint32_t count)
{
	struct pg_layout_options options;
	_cleanup_ipt_builder_ struct pg_ipt_builder builder = begin(&options, 4);
	struct pg_tree_chain rules = { 0 };
	char name[IFNAMSIZ];

	for (uint32_t i = 0; i < count; i++) {
		struct pg_tree_rule *rule = pg_tree_add_rule(&rules);

		assert_non_null(rule);
		name_port(i, in ? rule->physdev_in : rule->physdev_out);
		snprintf(rule->comment, sizeof(rule->comment), "%s",
			 in ? rule->physdev_in : rule->physdev_out);
		rule->target = PG_TARGET_DROP;
	}
	assert_int_equal(pg_ipt_dispatch_ports(&builder, &rules, in, "POLGEN"), 0);
	pg_tree_sort(&builder.tree);
	for (uint32_t i = 0; i < count + 10; i++) {
		name_port(i, name);
		check_port(&builder, in, name, i < count);
	}
	check_port(&builder, in, "eth0", false);
	check_port(&builder, in, "", false);
	free(rules.rules.items);
}

static void test_ports_are_told_apart(void **state)
{
	static const uint32_t counts[] = { 0, 1, 16, 17, 60, 1000 };

	(void)state;
	for (size_t i = 0; i < PG_COUNT(counts); i++) {
		check_ports(true, counts[i]);
		check_ports(false, counts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_longest_prefix_counts),
		cmocka_unit_test(test_steps_grow_with_the_logarithm),
		cmocka_unit_test(test_ports_are_told_apart),
	};

	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
