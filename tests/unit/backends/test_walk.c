// SPDX-License-Identifier: GPL-2.0-only
/* A packet's walk through rules: which it meets, by number, and what becomes of it. */
#include "tests/unit/backends/intent.h"
#include "tests/unit/backends/ipt_machine.h"

#include "backends/iptables/layout.h"
#include "backends/iptables/walk.h"

#define SEED	  4711
#define UNIVERSES 40

static struct pg_tree_rule *add_rule(struct pg_tree_chain *chain, enum pg_target target,
				     const char *to)
{
	struct pg_tree_rule *rule = pg_tree_add_rule(chain);

	assert_non_null(rule);
	rule->target = target;
	snprintf(rule->chain, sizeof(rule->chain), "%s", to);
	return rule;
}

static struct pg_tree_chain *add_chain(struct pg_tree *tree, const char *name)
{
	struct pg_tree_chain *chain = pg_tree_add_chain(tree, name);

	assert_non_null(chain);
	return chain;
}

static struct pg_trace_query query_of(const char *src, const char *dst, uint16_t dport)
{
	struct pg_trace_query query = { .proto = PG_PROTO_TCP, .dport = dport, .bridged = true };

	query.end[PG_EGRESS] = (struct pg_trace_end){ build_addr(src), "veth1", false };
	query.end[PG_INGRESS] = (struct pg_trace_end){ build_addr(dst), "veth2", false };
	return query;
}

/* The walk as text: "FORWARD 1; POLGEN 2 deny". */
static char *walk(const struct pg_tree *tree, const struct pg_trace_query *query)
{
	_cleanup_trace_ struct pg_trace trace = { 0 };
	struct pg_strbuf buf = { 0 };

	assert_int_equal(pg_ipt_walk(tree, query, &trace), 0);
	pg_array_foreach(step, &trace.steps) {
		pg_strbuf_printf(&buf, "%s%s", buf.length ? "; " : "", step->object);
		if (step->verdict != PG_VERDICT_NONE)
			pg_strbuf_printf(&buf, " %s", pg_verdict_name(step->verdict));
		if (step->stray)
			pg_strbuf_puts(&buf, " stray");
	}
	pg_strbuf_puts(&buf, trace.dropped ? "; dropped" : "");
	return pg_strbuf_take(&buf);
}

static void assert_walk(const struct pg_tree *tree, const struct pg_trace_query *query,
			const char *expected)
{
	_cleanup_free_ char *walked = walk(tree, query);

	assert_string_equal(walked, expected);
}

/* FORWARD -> POLGEN -> POLGEN-EGRESS (goes to POLGEN-EGRESS-EP for one source), POLGEN-INGRESS. */
static void make_tree(struct pg_tree *tree)
{
	struct pg_tree_chain *chain;
	struct pg_tree_rule *rule;

	*tree = (struct pg_tree){ .family = 4 };
	chain = add_chain(tree, "POLGEN");
	add_rule(chain, PG_TARGET_RETURN, "")->ct_states = PG_CT_ESTABLISHED;
	add_rule(chain, PG_TARGET_JUMP, "POLGEN-EGRESS");
	add_rule(chain, PG_TARGET_JUMP, "POLGEN-INGRESS");
	chain = add_chain(tree, "POLGEN-EGRESS");
	rule = add_rule(chain, PG_TARGET_GOTO, "POLGEN-EGRESS-EP");
	rule->src = build_prefix("10.0.0.2");
	rule = add_rule(chain, PG_TARGET_RETURN, "");
	rule->dst = build_prefix("10.0.0.0/24");
	rule->dst_not = true;
	rule = add_rule(chain, PG_TARGET_DROP, "");
	rule->has_dport = true;
	rule->proto = PG_PROTO_TCP;
	rule->dport_first = 20;
	rule->dport_last = 29;
	chain = add_chain(tree, "POLGEN-EGRESS-EP");
	rule = add_rule(chain, PG_TARGET_RETURN, "");
	snprintf(rule->comment, sizeof(rule->comment), "a.json:1:1");
	chain = add_chain(tree, "POLGEN-INGRESS");
	rule = add_rule(chain, PG_TARGET_DROP, "");
	snprintf(rule->physdev_out, sizeof(rule->physdev_out), "veth2");
	rule->src = build_prefix("10.0.0.2");
	rule->packets = 7;
	rule->bytes = 420;
	assert_int_equal(pg_tree_add_hook(tree, "FORWARD", "POLGEN", 1), 0);
}

static void test_jumps_gotos_and_returns(void **state)
{
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_trace_query query;

	(void)state;
	make_tree(&tree);
	query = query_of("10.0.0.2", "10.0.0.9", 22);
	assert_walk(&tree, &query,
		    "FORWARD 1; POLGEN 2; POLGEN-EGRESS 1; POLGEN-EGRESS-EP 1 allow; POLGEN 3; "
		    "POLGEN-INGRESS 1 deny; dropped");
	query.bridged = false;
	assert_walk(&tree, &query,
		    "FORWARD 1; POLGEN 2; POLGEN-EGRESS 1; POLGEN-EGRESS-EP 1 allow; POLGEN 3");
	query = query_of("10.0.0.3", "10.0.0.9", 22);
	assert_walk(&tree, &query, "FORWARD 1; POLGEN 2; POLGEN-EGRESS 3 deny; dropped");
	query = query_of("10.0.0.3", "10.0.0.9", 30);
	assert_walk(&tree, &query, "FORWARD 1; POLGEN 2; POLGEN 3");
	query = query_of("10.0.0.3", "10.0.1.9", 22);
	assert_walk(&tree, &query, "FORWARD 1; POLGEN 2; POLGEN-EGRESS 2; POLGEN 3");
	query.proto = PG_PROTO_UDP;
	query.end[PG_INGRESS].addr = build_addr("10.0.0.9");
	assert_walk(&tree, &query, "FORWARD 1; POLGEN 2; POLGEN 3");
}

static void test_the_hosts_packets_take_other_ways(void **state)
{
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_trace_query query = query_of("10.0.0.1", "10.0.0.9", 22);

	(void)state;
	make_tree(&tree);
	assert_int_equal(pg_tree_add_hook(&tree, "INPUT", "POLGEN-EGRESS", 1), 0);
	assert_int_equal(pg_tree_add_hook(&tree, "OUTPUT", "POLGEN-INGRESS", 1), 0);
	query.end[PG_EGRESS].host = true;
	assert_walk(&tree, &query, "OUTPUT 1");
	query.end[PG_EGRESS].host = false;
	query.end[PG_INGRESS].host = true;
	assert_walk(&tree, &query, "INPUT 1; POLGEN-EGRESS 3 deny; dropped");
}

static void test_counters_and_text(void **state)
{
	_cleanup_tree_ struct pg_tree tree = { 0 };
	_cleanup_trace_ struct pg_trace trace = { 0 };
	const struct pg_trace_query query = query_of("10.0.0.2", "10.0.0.9", 22);
	const struct pg_trace_step *steps;

	(void)state;
	make_tree(&tree);
	assert_int_equal(pg_ipt_walk(&tree, &query, &trace), 0);
	steps = trace.steps.items;
	assert_string_equal(steps[0].text, "-j POLGEN");
	assert_int_equal(steps[0].direction, PG_DIRECTIONS);
	assert_string_equal(steps[3].rule, "a.json:1:1");
	assert_int_equal(steps[3].direction, PG_EGRESS);
	assert_string_equal(steps[5].text, "-s 10.0.0.2/32 -m physdev --physdev-out veth2 "
					   "--physdev-is-bridged -j DROP");
	assert_true(steps[5].counted);
	assert_int_equal(steps[5].packets, 7);
	assert_int_equal(steps[5].bytes, 420);
}

/* Rules that a tree can't hold, and chains of others, are shown and not followed. */
static void test_what_is_not_ours(void **state)
{
	_cleanup_tree_ struct pg_tree tree = { .family = 4 };
	const struct pg_trace_query query = query_of("10.0.0.2", "10.0.0.9", 22);
	struct pg_tree_chain *chain = add_chain(&tree, "POLGEN");

	(void)state;
	add_rule(chain, PG_TARGET_ACCEPT, "")->foreign =
		strdup("-m limit --limit 3/hour -j ACCEPT");
	add_rule(chain, PG_TARGET_JUMP, "ELSEWHERE");
	add_rule(chain, PG_TARGET_NONE, "");
	add_rule(chain, PG_TARGET_ACCEPT, "");
	add_rule(chain, PG_TARGET_DROP, "");
	assert_int_equal(pg_tree_add_hook(&tree, "FORWARD", "POLGEN", 1), 0);
	assert_int_equal(pg_tree_add_hook(&tree, "FORWARD", "POLGEN", 2), 0);
	assert_walk(&tree, &query,
		    "FORWARD 1; POLGEN 1 stray; POLGEN 2 stray; POLGEN 3; POLGEN 4 allow");
	tree.hooks.items[0].conditional = true;
	assert_walk(&tree, &query,
		    "FORWARD 1 stray; FORWARD 2; POLGEN 1 stray; POLGEN 2 stray; POLGEN 3; "
		    "POLGEN 4 allow");
}

/* They may let the packet pass before any of ours is asked. */
static void test_rules_before_ours(void **state)
{
	_cleanup_tree_ struct pg_tree tree = { .family = 4 };
	const struct pg_trace_query query = query_of("10.0.0.2", "10.0.0.9", 22);

	(void)state;
	add_rule(add_chain(&tree, "POLGEN"), PG_TARGET_DROP, "");
	assert_int_equal(pg_tree_add_hook(&tree, "FORWARD", "POLGEN", 2), 0);
	assert_walk(&tree, &query, "FORWARD 1 stray; FORWARD 2; POLGEN 1 deny; dropped");
	tree.hooks.items[0].position = 4;
	assert_walk(&tree, &query, "FORWARD 1-3 stray; FORWARD 4; POLGEN 1 deny; dropped");
	tree.hooks.items[0].position = 1;
	tree.chains.items[0].rules.items[0].target = PG_TARGET_RETURN;
	assert_int_equal(pg_tree_add_hook(&tree, "FORWARD", "POLGEN", 2), 0);
	assert_walk(&tree, &query, "FORWARD 1; POLGEN 1; FORWARD 2; POLGEN 1");
}

static void test_a_name_with_a_plus(void **state)
{
	_cleanup_tree_ struct pg_tree tree = { .family = 4 };
	struct pg_trace_query query = query_of("10.0.0.2", "10.0.0.9", 22);
	struct pg_tree_rule *rule = add_rule(add_chain(&tree, "POLGEN"), PG_TARGET_DROP, "");

	(void)state;
	snprintf(rule->physdev_in, sizeof(rule->physdev_in), "veth+");
	assert_int_equal(pg_tree_add_hook(&tree, "FORWARD", "POLGEN", 1), 0);
	assert_walk(&tree, &query, "FORWARD 1; POLGEN 1 deny; dropped");
	query.end[PG_EGRESS].interface = "eth1";
	assert_walk(&tree, &query, "FORWARD 1");
	query.end[PG_EGRESS].interface = NULL;
	assert_walk(&tree, &query, "FORWARD 1");
}

static void test_a_loop_has_an_end(void **state)
{
	_cleanup_tree_ struct pg_tree tree = { .family = 4 };
	_cleanup_trace_ struct pg_trace trace = { 0 };
	const struct pg_trace_query query = query_of("10.0.0.2", "10.0.0.9", 22);

	(void)state;
	add_rule(add_chain(&tree, "POLGEN"), PG_TARGET_JUMP, "POLGEN");
	assert_int_equal(pg_tree_add_hook(&tree, "FORWARD", "POLGEN", 1), 0);
	assert_int_equal(pg_ipt_walk(&tree, &query, &trace), -ELOOP);
}

static void test_a_maze_has_an_end(void **state)
{
	_cleanup_tree_ struct pg_tree tree = { .family = 4 };
	_cleanup_trace_ struct pg_trace trace = { 0 };
	const struct pg_trace_query query = query_of("10.0.0.2", "10.0.0.9", 22);
	char name[] = "POLGEN-A", next[] = "POLGEN-B";

	(void)state;
	for (; next[7] <= 'Z'; name[7]++, next[7]++) {
		struct pg_tree_chain *chain = add_chain(&tree, name);

		add_rule(chain, PG_TARGET_JUMP, next);
		add_rule(chain, PG_TARGET_JUMP, next);
	}
	add_chain(&tree, "POLGEN-Z");
	assert_int_equal(pg_tree_add_hook(&tree, "FORWARD", "POLGEN-A", 1), 0);
	assert_int_equal(pg_ipt_walk(&tree, &query, &trace), -E2BIG);
}

/* A terminal and JSON take what somebody wrote into a live comment. */
static void test_texts_are_harmless(void **state)
{
	_cleanup_trace_ struct pg_trace trace = { 0 };
	_cleanup_counters_ struct pg_counters counters = { 0 };
	struct pg_strbuf object = { 0 }, text = { 0 };

	(void)state;
	pg_strbuf_puts(&object, "POLGEN 1");
	pg_strbuf_puts(&text, "--comment \"\x1b[31m\xff\"");
	assert_non_null(pg_trace_add(&trace, &object, &text));
	assert_string_equal(trace.steps.items[0].object, "POLGEN 1");
	assert_string_equal(trace.steps.items[0].text, "--comment \"\\x1b[31m\\xff\"");
	assert_int_equal(pg_counters_add(&counters, "a\x1b\xff", PG_EGRESS, PG_VERDICT_DENY, 1, 1),
			 0);
	assert_string_equal(counters.list.items[0].rule, "a\\x1b\\xff");
}

static const char *interface_of(const struct universe *universe, const struct pg_addr *addr)
{
	pg_array_foreach(endpoint, &universe->endpoints.list) {
		if (!pg_addr_compare(&endpoint->ipv4, addr) ||
		    !pg_addr_compare(&endpoint->ipv6, addr))
			return endpoint->interface;
	}
	return NULL;
}

static struct pg_trace_end end_of(const struct universe *universe, const struct pg_party *party)
{
	return (struct pg_trace_end){ party->addr, interface_of(universe, &party->addr),
				      party->id.n == PG_IDENTITY_HOST.n };
}

static size_t fates[2];

/* The other machine is the layout test's own. */
static void check_packet(const struct pg_tree *tree, const struct pg_trace_query *query)
{
	const struct pg_trace_end *src = &query->end[PG_EGRESS], *dst = &query->end[PG_INGRESS];
	struct machine_packet packet = {
		.src = src->addr,
		.dst = dst->addr,
		.proto = query->proto,
		.dport = query->dport,
		.in = src->interface ? src->interface : "",
		.out = src->interface && dst->interface ? dst->interface : "",
	};
	const char *way = src->host ? "OUTPUT" : dst->host ? "INPUT" : "FORWARD";
	_cleanup_trace_ struct pg_trace trace = { 0 };

	assert_int_equal(pg_ipt_walk(tree, query, &trace), 0);
	assert_int_equal(trace.dropped, machine_run(tree, way, &packet).dropped);
	fates[trace.dropped]++;
}

static void check_pair(const struct universe *universe, const struct pg_tree *tree,
		       const struct pg_party *src, const struct pg_party *dst)
{
	static const pg_proto protos[] = { PG_PROTO_TCP, PG_PROTO_UDP, PG_PROTO_ICMP };

	if (src->addr.family != tree->family || dst->addr.family != tree->family ||
	    (src->id.n == PG_IDENTITY_HOST.n && dst->id.n == PG_IDENTITY_HOST.n))
		return;
	for (size_t p = 0; p < PG_COUNT(protos); p++) {
		pg_array_foreach(port, &universe->ports) {
			struct pg_trace_query query = { .proto = protos[p], .dport = *port };

			query.end[PG_EGRESS] = end_of(universe, src);
			query.end[PG_INGRESS] = end_of(universe, dst);
			query.bridged =
				query.end[PG_EGRESS].interface && query.end[PG_INGRESS].interface;
			check_packet(tree, &query);
		}
	}
}

static void check_universe(const struct universe *universe, uint8_t family, enum pg_layout layout)
{
	const struct pg_intent intent = intent_of(universe);
	const struct pg_layout_options options = { family, layout, "FORWARD" };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_tree_ struct pg_tree tree = { 0 };

	assert_int_equal(pg_layout_build(&intent, &options, &diags, &tree), 0);
	pg_array_foreach(src, &universe->parties) {
		pg_array_foreach(dst, &universe->parties)
			check_pair(universe, &tree, src, dst);
	}
}

static void test_the_same_fate_as_by_the_other_machine(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < UNIVERSES; i++) {
		struct universe universe;

		intent_world(&universe, SEED + i);
		for (enum pg_layout layout = PG_LAYOUT_LINEAR; layout < PG_LAYOUTS; layout++) {
			check_universe(&universe, 4, layout);
			check_universe(&universe, 6, layout);
		}
		universe_done(&universe);
	}
	assert_true(fates[false] > 1000);
	assert_true(fates[true] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jumps_gotos_and_returns),
		cmocka_unit_test(test_the_hosts_packets_take_other_ways),
		cmocka_unit_test(test_counters_and_text),
		cmocka_unit_test(test_what_is_not_ours),
		cmocka_unit_test(test_rules_before_ours),
		cmocka_unit_test(test_a_name_with_a_plus),
		cmocka_unit_test(test_a_loop_has_an_end),
		cmocka_unit_test(test_a_maze_has_an_end),
		cmocka_unit_test(test_texts_are_harmless),
		cmocka_unit_test(test_the_same_fate_as_by_the_other_machine),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
