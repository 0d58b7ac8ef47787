// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "translate/ruletree.h"

static struct pg_prefix prefix(const char *text)
{
	struct pg_prefix parsed;

	assert_int_equal(pg_prefix_parse(text, &parsed), 0);
	return parsed;
}

static void assert_rule(const struct pg_tree_rule *rule, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_tree_format_rule(rule, &buf);
	assert_int_equal(pg_strbuf_error(&buf), 0);
	assert_string_equal(buf.text, wanted);
}

/* The wanted texts are iptables-save's own, of iptables 1.8.9. */
static void test_rules_look_like_iptables_save(void **state)
{
	(void)state;
	assert_rule(&(struct pg_tree_rule){ .src = prefix("10.0.0.2"),
					    .proto = PG_PROTO_TCP,
					    .has_dport = true,
					    .dport_first = 80,
					    .dport_last = 80,
					    .ct_states = PG_CT_ESTABLISHED | PG_CT_RELATED,
					    .physdev_in = "veth1",
					    .comment = "shop.json:3:7",
					    .target = PG_TARGET_RETURN },
		    "-s 10.0.0.2/32 -p tcp -m physdev --physdev-in veth1 "
		    "-m conntrack --ctstate RELATED,ESTABLISHED -m tcp --dport 80 "
		    "-m comment --comment \"shop.json:3:7\" -j RETURN");
	assert_rule(&(struct pg_tree_rule){ .src = prefix("10.0.0.2"),
					    .src_not = true,
					    .physdev_out = "veth1",
					    .comment = "spoofed",
					    .target = PG_TARGET_DROP },
		    "! -s 10.0.0.2/32 -m physdev --physdev-out veth1 --physdev-is-bridged "
		    "-m comment --comment spoofed -j DROP");
	assert_rule(&(struct pg_tree_rule){ .src = prefix("10.0.0.0/8"),
					    .src_not = true,
					    .dst = prefix("0.0.0.0/1"),
					    .proto = PG_PROTO_TCP,
					    .has_dport = true,
					    .dport_last = 65535,
					    .target = PG_TARGET_ACCEPT },
		    "! -s 10.0.0.0/8 -d 0.0.0.0/1 -p tcp -m tcp -j ACCEPT");
	assert_rule(&(struct pg_tree_rule){ .src = prefix("fd00::1"),
					    .proto = PG_PROTO_ICMPV6,
					    .has_dport = true,
					    .dport_first = 135,
					    .dport_last = 135,
					    .target = PG_TARGET_GOTO,
					    .chain = "POLGEN" },
		    "-s fd00::1/128 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -g POLGEN");
	assert_rule(&(struct pg_tree_rule){ .proto = PG_PROTO_SCTP,
					    .has_dport = true,
					    .dport_first = 8,
					    .dport_last = 9,
					    .comment = "a'b \"c\\" },
		    "-p sctp -m sctp --dport 8:9 -m comment --comment \"a\\'b \\\"c\\\\\"");
	assert_rule(&(struct pg_tree_rule){ .ct_states = PG_CT_ESTABLISHED,
					    .target = PG_TARGET_JUMP,
					    .chain = "POLGEN-EGRESS" },
		    "-m conntrack --ctstate ESTABLISHED -j POLGEN-EGRESS");
}

static void test_a_tree_is_restore_input(void **state)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	_cleanup_tree_ struct pg_tree tree = { .family = 4 };
	struct pg_tree_rule *rule;

	(void)state;
	assert_true(pg_tree_is_empty(&tree));
	assert_non_null(pg_tree_add_chain(&tree, "POLGEN-META"));
	assert_non_null(pg_tree_add_chain(&tree, "POLGEN"));
	rule = pg_tree_add_rule(pg_tree_find_chain(&tree, "POLGEN"));
	assert_non_null(rule);
	rule->target = PG_TARGET_DROP;
	assert_int_equal(pg_tree_add_hook(&tree, "FORWARD", "POLGEN", 0), 0);
	assert_null(pg_tree_find_chain(&tree, "POLGE"));
	assert_false(pg_tree_is_empty(&tree));
	assert_int_equal(pg_tree_rules(&tree), 1);
	pg_tree_format(&tree, &buf);
	assert_string_equal(buf.text, "*filter\n"
				      ":POLGEN-META - [0:0]\n"
				      ":POLGEN - [0:0]\n"
				      "-A POLGEN -j DROP\n"
				      "-I FORWARD 1 -j POLGEN\n"
				      "COMMIT\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_look_like_iptables_save),
		cmocka_unit_test(test_a_tree_is_restore_input),
	};

	return cmocka_run_group_tests_name("ruletree", tests, NULL, NULL);
}
