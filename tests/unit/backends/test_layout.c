// SPDX-License-Identifier: GPL-2.0-only
/* The rules that particular policies come to, and those that no policy can have. */
#include "tests/unit/backends/intent.h"
#include "tests/unit/backends/ipt_machine.h"

#include "backends/iptables/layout.h"

#define ESTABLISHED \
	"-m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment established -j RETURN\n"
#define META                                                     \
	"-A POLGEN-META -m comment --comment \"polgen/1 digest=" \
	"0000000000000000000000000000000000000000000000000000000000000000 host-policy="

static void add_endpoint(struct universe *universe, const char *name, const char *addr,
			 const char *labels, const char *interface)
{
	struct pg_endpoint *endpoint = build_endpoint(&universe->endpoints, name, addr, labels);

	endpoint->interface = interface ? strdup(interface) : NULL;
}

/* app1 and app2 on a bridge whose host is 10.0.0.1. */
static void make_pair(struct universe *universe)
{
	*universe = (struct universe){ 0 };
	add_endpoint(universe, "app1", "10.0.0.2", "k8s:app=one", "veth1");
	add_endpoint(universe, "app2", "10.0.0.3", "k8s:app=two", "veth2");
	*pg_array_add(&universe->endpoints.host_addrs) = build_addr("10.0.0.1");
}

/* app1 takes connections of app2 to port 80 and nothing else. */
static void make_thesis(struct universe *universe)
{
	struct pg_rule *rule;
	struct pg_entry *entry;

	make_pair(universe);
	rule = build_rule(&universe->policy, "app=one", false);
	rule->default_deny[PG_INGRESS] = true;
	entry = build_entry(rule, PG_INGRESS);
	build_peer(entry, "app=two");
	build_ports(entry, PG_PROTO_TCP, 80, 80);
	intent_resolve(universe);
}

static int build_with(const struct pg_intent *intent, uint8_t family, struct pg_diags *diags,
		      struct pg_tree *tree)
{
	const struct pg_layout_options options = { .family = family, .parent = "DOCKER-USER" };

	return pg_layout_build(intent, &options, diags, tree);
}

static struct pg_tree build_tree(const struct pg_intent *intent)
{
	const struct pg_layout_options options = { 4, PG_LAYOUT_TREE, "DOCKER-USER" };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_tree tree = { 0 };

	assert_int_equal(pg_layout_build(intent, &options, &diags, &tree), 0);
	return tree;
}

static struct pg_tree build_family(const struct pg_intent *intent, uint8_t family)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_tree tree = { 0 };

	assert_int_equal(build_with(intent, family, &diags, &tree), 0);
	assert_int_equal(tree.family, family);
	return tree;
}

static struct pg_tree build(const struct pg_intent *intent)
{
	return build_family(intent, 4);
}

static void assert_tree(const struct pg_tree *tree, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_tree_format(tree, &buf);
	assert_string_equal(buf.text, wanted);
}

static void test_the_thesis_policy(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_intent intent;

	(void)state;
	make_thesis(&universe);
	intent = intent_of(&universe);
	intent.host_policy = PG_HOST_POLICY_ALLOW;
	tree = build(&intent);
	assert_tree(&tree,
		    "*filter\n:POLGEN - [0:0]\n:POLGEN-EGRESS - [0:0]\n:POLGEN-INGRESS - [0:0]\n"
		    ":POLGEN-INPUT - [0:0]\n:POLGEN-META - [0:0]\n:POLGEN-NOT-OWN - [0:0]\n"
		    ":POLGEN-SPOOF - [0:0]\n"
		    "-A POLGEN -j POLGEN-SPOOF\n"
		    "-A POLGEN -j POLGEN-NOT-OWN\n"
		    "-A POLGEN " ESTABLISHED "-A POLGEN -j POLGEN-EGRESS\n"
		    "-A POLGEN -j POLGEN-INGRESS\n"
		    "-A POLGEN-INGRESS -s 10.0.0.3/32 -d 10.0.0.2/32 -p tcp -m tcp --dport 80 "
		    "-m comment --comment \"rule-1.1\" -j RETURN\n"
		    "-A POLGEN-INGRESS -d 10.0.0.2/32 -m comment --comment default-deny -j DROP\n"
		    "-A POLGEN-INPUT -j POLGEN-SPOOF\n"
		    "-A POLGEN-INPUT " ESTABLISHED "-A POLGEN-INPUT -j POLGEN-EGRESS\n" META
		    "allow on-revoke=cut layout=linear\" -j RETURN\n"
		    "-A POLGEN-NOT-OWN ! -d 10.0.0.2/32 -m physdev --physdev-out veth1 "
		    "--physdev-is-bridged -m comment --comment not-own-address -j DROP\n"
		    "-A POLGEN-SPOOF ! -s 10.0.0.2/32 -m physdev --physdev-in veth1 "
		    "-m comment --comment spoofed -j DROP\n"
		    "-A POLGEN-SPOOF ! -s 10.0.0.3/32 -m physdev --physdev-in veth2 "
		    "-m comment --comment spoofed -j DROP\n"
		    "-I DOCKER-USER 1 -j POLGEN\n-I INPUT 1 -j POLGEN-INPUT\nCOMMIT\n");
}

static void assert_chain(const struct pg_tree *tree, const char *name, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	const struct pg_tree_chain *chain = pg_tree_find_chain(tree, name);

	assert_non_null(chain);
	pg_strbuf_puts(&buf, "");
	pg_array_foreach(rule, &chain->rules) {
		pg_tree_format_rule(rule, &buf);
		pg_strbuf_putc(&buf, '\n');
	}
	assert_string_equal(buf.text ? buf.text : "", wanted);
}

static void test_the_host_is_judged_on_request(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_intent intent;

	(void)state;
	make_thesis(&universe);
	intent = intent_of(&universe);
	tree = build(&intent);
	assert_chain(&tree, "POLGEN-OUTPUT", ESTABLISHED "-j POLGEN-INGRESS\n");
	assert_int_equal(tree.hooks.count, 3);
	assert_string_equal(tree.hooks.items[2].parent, "OUTPUT");
}

/* CIDRs never mean a managed address, and one CIDR not what a longer one of the policy means. */
static void test_peers_are_split_before_cidrs(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_intent intent;
	struct pg_rule *rule;

	(void)state;
	make_pair(&universe);
	rule = build_rule(&universe.policy, "app=one", false);
	rule->default_deny[PG_EGRESS] = true;
	build_cidr(build_entry(rule, PG_EGRESS), "10.0.0.0/8", "10.128.0.0/10");
	build_peer(build_entry(rule, PG_EGRESS), "app=two");
	intent_resolve(&universe);
	intent = intent_of(&universe);
	tree = build(&intent);
	assert_chain(&tree, "POLGEN-EGRESS",
		     "-d 10.0.0.1/32 -g POLGEN-EGRESS-EP\n"
		     "-d 10.0.0.2/32 -g POLGEN-EGRESS-EP\n"
		     "-d 10.0.0.3/32 -g POLGEN-EGRESS-EP\n"
		     "-s 10.0.0.2/32 -d 10.0.0.0/9 -m comment --comment \"rule-1.1\" -j RETURN\n"
		     "-s 10.0.0.2/32 -d 10.192.0.0/10 -m comment --comment \"rule-1.1\" -j RETURN\n"
		     "-s 10.0.0.2/32 -m comment --comment default-deny -j DROP\n");
	assert_chain(&tree, "POLGEN-EGRESS-EP",
		     "-s 10.0.0.2/32 -d 10.0.0.3/32 -m comment --comment \"rule-1.2\" -j RETURN\n"
		     "-s 10.0.0.2/32 -m comment --comment default-deny -j DROP\n");
	/* Nothing in the other direction asks for it. */
	assert_null(pg_tree_find_chain(&tree, "POLGEN-INGRESS-EP"));
}

static void format_chains(const struct pg_tree *tree, enum pg_direction direction,
			  struct pg_strbuf *text)
{
	pg_array_foreach(chain, &tree->chains) {
		if (pg_layout_direction(chain->name) != direction)
			continue;
		pg_array_foreach(rule, &chain->rules) {
			pg_strbuf_printf(text, "%s ", chain->name);
			pg_tree_format_rule(rule, text);
			pg_strbuf_putc(text, '\n');
		}
	}
}

static void test_a_tree_tells_apart_by_address(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_intent intent;
	struct pg_rule *rule;

	(void)state;
	make_pair(&universe);
	rule = build_rule(&universe.policy, "app=one", false);
	rule->default_deny[PG_EGRESS] = true;
	build_cidr(build_entry(rule, PG_EGRESS), "10.0.0.0/8", "10.128.0.0/10");
	build_peer(build_entry(rule, PG_EGRESS), "app=two");
	intent_resolve(&universe);
	intent = intent_of(&universe);
	tree = build_tree(&intent);
	format_chains(&tree, PG_EGRESS, &text);
	assert_string_equal(
		text.text, "POLGEN-E-22419 -d 10.0.0.3/32 -g POLGEN-E-22419-24698\n"
			   "POLGEN-E-22419 -g POLGEN-E-22419-0\n"
			   "POLGEN-E-22419-0 -m comment --comment default-deny -j DROP\n"
			   "POLGEN-E-22419-24698 -m comment --comment \"rule-1.2\" -j RETURN\n"
			   "POLGEN-E-22419-24698 -m comment --comment default-deny -j DROP\n"
			   "POLGEN-E-22419-W -d 10.128.0.0/10 -g POLGEN-E-22419-W-0\n"
			   "POLGEN-E-22419-W -d 10.0.0.0/8 -g POLGEN-E-22419-W-20201481\n"
			   "POLGEN-E-22419-W -g POLGEN-E-22419-W-0\n"
			   "POLGEN-E-22419-W-0 -m comment --comment default-deny -j DROP\n"
			   "POLGEN-E-22419-W-20201481 -m comment --comment \"rule-1.1\" -j RETURN\n"
			   "POLGEN-E-22419-W-20201481 -m comment --comment default-deny -j DROP\n"
			   "POLGEN-EGRESS -d 10.0.0.3/32 -g POLGEN-EGRESS-EP\n"
			   "POLGEN-EGRESS -d 10.0.0.2/32 -g POLGEN-EGRESS-EP\n"
			   "POLGEN-EGRESS -d 10.0.0.1/32 -g POLGEN-EGRESS-EP\n"
			   "POLGEN-EGRESS -g POLGEN-EGRESS-W\n"
			   "POLGEN-EGRESS-EP -s 10.0.0.2/32 -g POLGEN-E-22419\n"
			   "POLGEN-EGRESS-W -s 10.0.0.2/32 -g POLGEN-E-22419-W\n");
}

static struct machine_result run(const struct pg_tree *tree, const char *parent, const char *in,
				 const char *src, const char *dst, const char *out,
				 bool established)
{
	struct machine_packet packet = { .src = build_addr(src),
					 .dst = build_addr(dst),
					 .proto = PG_PROTO_TCP,
					 .dport = 80,
					 .established = established,
					 .in = in,
					 .out = out };

	return machine_run(tree, parent, &packet);
}

/* A deny with an exception that an earlier rule allows: both have the same peer, ports and all. */
static void test_a_denied_cidr_keeps_its_exception(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_intent intent;

	(void)state;
	make_pair(&universe);
	build_cidr(build_entry(build_rule(&universe.policy, "app=one", true), PG_EGRESS),
		   "192.0.2.128/25", NULL);
	build_cidr(build_deny(build_rule(&universe.policy, "app=one", true), PG_EGRESS),
		   "192.0.2.0/24", "192.0.2.128/25");
	intent_resolve(&universe);
	intent = intent_of(&universe);
	tree = build(&intent);
	assert_true(run(&tree, "DOCKER-USER", "veth1", "10.0.0.2", "192.0.2.1", "", false).dropped);
	assert_false(
		run(&tree, "DOCKER-USER", "veth1", "10.0.0.2", "192.0.2.129", "", false).dropped);
}

static void test_guards_come_first(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct machine_result got;
	struct pg_intent intent;

	(void)state;
	make_thesis(&universe);
	intent = intent_of(&universe);
	tree = build(&intent);
	/* Even of a known flow, even from another endpoint's address, even to the host. */
	got = run(&tree, "DOCKER-USER", "veth1", "10.0.0.3", "10.0.0.2", "veth2", true);
	assert_true(got.dropped);
	assert_string_equal(got.other, PG_COUNT_SPOOFED);
	got = run(&tree, "INPUT", "veth2", "10.0.0.4", "10.0.0.1", "", true);
	assert_true(got.dropped);
	assert_string_equal(got.other, PG_COUNT_SPOOFED);
	assert_false(run(&tree, "INPUT", "veth2", "10.0.0.3", "10.0.0.1", "", false).dropped);
	/* Flooded: to the closed one no, to the open one yes. */
	got = run(&tree, "DOCKER-USER", "veth2", "10.0.0.3", "10.0.0.255", "veth1", false);
	assert_true(got.dropped);
	assert_string_equal(got.other, PG_COUNT_NOT_OWN);
	got = run(&tree, "DOCKER-USER", "veth1", "10.0.0.2", "10.0.0.255", "veth2", false);
	assert_false(got.dropped);
	/* Replies pass where a new packet doesn't. */
	got = run(&tree, "DOCKER-USER", "", "8.8.8.8", "10.0.0.2", "", true);
	assert_false(got.dropped);
	assert_string_equal(got.other, PG_COUNT_ESTABLISHED);
	assert_true(run(&tree, "DOCKER-USER", "", "8.8.8.8", "10.0.0.2", "", false).dropped);
}

static void test_endpoints_without_interface_or_address(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe = { 0 };
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_intent intent;

	(void)state;
	add_endpoint(&universe, "a", "10.0.0.2", "k8s:app=one", NULL);
	add_endpoint(&universe, "b", "fd00::3", "k8s:app=one", "veth-b");
	build_rule(&universe.policy, "app=one", true);
	intent_resolve(&universe);
	intent = intent_of(&universe);
	tree = build(&intent);
	assert_chain(&tree, "POLGEN-SPOOF",
		     "-m physdev --physdev-in veth-b -m comment --comment spoofed -j DROP\n");
	assert_chain(&tree, "POLGEN-NOT-OWN",
		     "-m physdev --physdev-out veth-b --physdev-is-bridged "
		     "-m comment --comment not-own-address -j DROP\n");
	assert_chain(&tree, "POLGEN-EGRESS",
		     "-s 10.0.0.2/32 -m comment --comment default-deny -j DROP\n");
}

static void test_icmp_types(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_intent intent;
	struct pg_entry *entry;

	(void)state;
	make_pair(&universe);
	entry = build_entry(build_rule(&universe.policy, "app=one", true), PG_INGRESS);
	build_ports(entry, PG_PROTO_ICMP, 3, 4);
	build_ports(entry, PG_PROTO_ICMPV6, 128, 128);
	build_ports(entry, PG_PROTO_UDP, 0, 65535);
	intent_resolve(&universe);
	intent = intent_of(&universe);
	tree = build(&intent);
	assert_chain(&tree, "POLGEN-INGRESS",
		     "-d 10.0.0.2/32 -p icmp -m icmp --icmp-type 3 -m comment --comment "
		     "\"rule-1.1\" -j RETURN\n"
		     "-d 10.0.0.2/32 -p icmp -m icmp --icmp-type 4 -m comment --comment "
		     "\"rule-1.1\" -j RETURN\n"
		     "-d 10.0.0.2/32 -p udp -m comment --comment \"rule-1.1\" -j RETURN\n"
		     "-d 10.0.0.2/32 -m comment --comment default-deny -j DROP\n");
}

/* The first error of a build that must fail. */
static void assert_refused(struct universe *universe, int wanted, const char *text)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_intent intent;

	intent_resolve(universe);
	intent = intent_of(universe);
	assert_int_equal(build_with(&intent, 4, &diags, &tree), wanted);
	assert_true(diags.errors > 0);
	assert_string_equal(diags.list.items[0].text, text);
	assert_true(pg_tree_is_empty(&tree));
}

static void test_icmp_type_255_cannot_be_matched(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;

	(void)state;
	make_pair(&universe);
	build_ports(build_entry(build_rule(&universe.policy, "app=one", true), PG_INGRESS),
		    PG_PROTO_ICMP, 254, 255);
	assert_refused(&universe, -EOPNOTSUPP, "iptables cannot match ICMP type 255");
}

static void test_interfaces_that_rules_cannot_name(void **state)
{
	static const char *const names[] = { "ve th", "veth+", "ve\"th", "-o", "", "ve\nth" };
	static const char *const texts[] = { "ve th", "veth+", "ve\"th", "-o", "", "ve\\nth" };

	(void)state;
	for (size_t i = 0; i < PG_COUNT(names); i++) {
		PG_CLEANUP(universe_done) struct universe universe = { 0 };
		char text[96];

		snprintf(text, sizeof(text), "iptables rules cannot name interface '%s'", texts[i]);
		add_endpoint(&universe, "a", "10.0.0.2", "k8s:app=one", names[i]);
		assert_refused(&universe, -EINVAL, text);
	}
}

static void test_an_interface_of_two_endpoints(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe = { 0 };

	(void)state;
	add_endpoint(&universe, "a", "10.0.0.2", "k8s:app=one", "veth1");
	add_endpoint(&universe, "b", "10.0.0.3", "k8s:app=one", "veth2");
	add_endpoint(&universe, "c", "10.0.0.4", "k8s:app=one", "veth1");
	assert_refused(&universe, -EINVAL, "interface 'veth1' is of two endpoints");
}

/* Found out by counting: making them would take a gigabyte. */
static void test_too_many_pairs(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe = { 0 };
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_intent intent;
	char addr[32], name[32];
	unsigned int id;

	(void)state;
	for (unsigned int i = 0; i < 2100; i++) {
		snprintf(name, sizeof(name), "e%u", i);
		snprintf(addr, sizeof(addr), "10.0.%u.%u", i / 250, i % 250 + 1);
		add_endpoint(&universe, name, addr, "k8s:app=one", NULL);
	}
	build_peer(build_entry(build_rule(&universe.policy, "app=one", true), PG_INGRESS),
		   "app=one");
	assert_refused(&universe, -E2BIG,
		       "layout 'linear' needs 4414200 iptables rules, the limit is 4000000");
	/* Of all these pairs the same is said: each subject's dispatch has one chain of judges. */
	intent = intent_of(&universe);
	tree = build_tree(&intent);
	id = universe.identities.endpoint_ids.items[0].n;
	snprintf(name, sizeof(name), "POLGEN-I-%u-%u", id, id);
	assert_chain(&tree, name,
		     "-m comment --comment \"rule-1.1\" -j RETURN\n"
		     "-m comment --comment default-deny -j DROP\n");
	assert_true(pg_tree_rules(&tree) < 4 * 2100);
}

static void test_meta_is_read_back(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	struct pg_tree_chain chain = { 0 };
	struct pg_intent intent;
	struct pg_meta meta;
	char comment[PG_COMMENT_MAX];

	(void)state;
	make_thesis(&universe);
	intent = intent_of(&universe);
	for (size_t i = 0; i < sizeof(intent.digest); i++)
		intent.digest[i] = (uint8_t)(i * 37);
	intent.on_revoke = PG_ON_REVOKE_KEEP;
	assert_int_equal(pg_guard_meta(&intent, "linear", &chain), 0);
	snprintf(comment, sizeof(comment), "%s", chain.rules.items[0].comment);
	free(chain.rules.items);
	assert_int_equal(pg_meta_parse(comment, &meta), 0);
	assert_memory_equal(meta.digest, intent.digest, sizeof(meta.digest));
	assert_int_equal(meta.on_revoke, PG_ON_REVOKE_KEEP);
	assert_string_equal(meta.layout, "linear");
	*strstr(comment, "linear") = '\x1b';
	assert_int_equal(pg_meta_parse(comment, &meta), -EINVAL);
	*strchr(comment, '\x1b') = 'l';
	assert_int_equal(pg_meta_parse(comment, &meta), 0);
	comment[20] = 'x';
	assert_int_equal(pg_meta_parse(comment, &meta), -EINVAL);
	assert_int_equal(pg_meta_parse("", &meta), -EINVAL);
	assert_int_equal(pg_meta_parse("polgen/1 digest= layout=linear", &meta), -EINVAL);
	comment[20] = '0';
	*strstr(comment, "keep") = 'l';
	assert_int_equal(pg_meta_parse(comment, &meta), -EINVAL);
}

#define PASS(type, name) \
	"-p ipv6-icmp -m icmp6 --icmpv6-type " #type " -m comment --comment " name " -j RETURN\n"
#define REPORT(type)	"-s fe80::/10 -d ff00::/8 " PASS(type, "multicast-listener-report")
#define DISCOVERY(type) PASS(type, "neighbour-discovery")
#define NEIGHBOURS     \
	DISCOVERY(133) \
	DISCOVERY(134) \
	DISCOVERY(135) DISCOVERY(136) DISCOVERY(137) REPORT(131) REPORT(132) REPORT(143)

/* The thesis's two, with addresses of both families, and app3 that has IPv4 only. */
static void make_dual(struct universe *universe)
{
	struct pg_rule *rule;
	struct pg_entry *entry;

	make_pair(universe);
	universe->endpoints.list.items[0].ipv6 = build_addr("fd00::2");
	universe->endpoints.list.items[1].ipv6 = build_addr("fd00::3");
	add_endpoint(universe, "app3", "10.0.0.4", "k8s:app=three", "veth3");
	*pg_array_add(&universe->endpoints.host_addrs) = build_addr("fd00::1");
	rule = build_rule(&universe->policy, "app=one", false);
	rule->default_deny[PG_INGRESS] = true;
	entry = build_entry(rule, PG_INGRESS);
	build_peer(entry, "app=two");
	build_ports(entry, PG_PROTO_TCP, 80, 80);
	build_ports(entry, PG_PROTO_ICMP, 8, 8);
	build_ports(entry, PG_PROTO_ICMPV6, 128, 128);
}

static void test_ipv6_has_the_same_layout(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_tree_ struct pg_tree tree = { 0 }, v4 = { 0 };
	struct pg_intent intent;

	(void)state;
	make_dual(&universe);
	intent_resolve(&universe);
	intent = intent_of(&universe);
	tree = build_family(&intent, 6);
	assert_chain(&tree, "POLGEN",
		     NEIGHBOURS "-j POLGEN-SPOOF\n-j POLGEN-NOT-OWN\n" ESTABLISHED
				"-j POLGEN-EGRESS\n-j POLGEN-INGRESS\n");
	assert_chain(&tree, "POLGEN-INPUT",
		     NEIGHBOURS "-j POLGEN-SPOOF\n" ESTABLISHED "-j POLGEN-EGRESS\n");
	assert_chain(&tree, "POLGEN-OUTPUT", NEIGHBOURS ESTABLISHED "-j POLGEN-INGRESS\n");
	assert_chain(&tree, "POLGEN-EGRESS", "");
	assert_chain(&tree, "POLGEN-INGRESS",
		     "-s fd00::3/128 -d fd00::2/128 -p tcp -m tcp --dport 80 -m comment "
		     "--comment \"rule-1.1\" -j RETURN\n"
		     "-s fd00::3/128 -d fd00::2/128 -p ipv6-icmp -m icmp6 --icmpv6-type 128 "
		     "-m comment --comment \"rule-1.1\" -j RETURN\n"
		     "-d fd00::2/128 -m comment --comment default-deny -j DROP\n");
	assert_chain(&tree, "POLGEN-SPOOF",
		     "! -s fd00::2/128 -m physdev --physdev-in veth1 -m comment --comment spoofed "
		     "-j DROP\n"
		     "! -s fd00::3/128 -m physdev --physdev-in veth2 -m comment --comment spoofed "
		     "-j DROP\n");
	assert_chain(&tree, "POLGEN-NOT-OWN",
		     "! -d fd00::2/128 -m physdev --physdev-out veth1 --physdev-is-bridged "
		     "-m comment --comment not-own-address -j DROP\n"
		     "-d fe80::/10 -m physdev --physdev-out veth2 --physdev-is-bridged "
		     "-m comment --comment not-own-address -j DROP\n");
	/* Each family has its own ICMP only. */
	v4 = build(&intent);
	assert_chain(&v4, "POLGEN-INGRESS",
		     "-s 10.0.0.3/32 -d 10.0.0.2/32 -p icmp -m icmp --icmp-type 8 -m comment "
		     "--comment \"rule-1.1\" -j RETURN\n"
		     "-s 10.0.0.3/32 -d 10.0.0.2/32 -p tcp -m tcp --dport 80 -m comment "
		     "--comment \"rule-1.1\" -j RETURN\n"
		     "-d 10.0.0.2/32 -m comment --comment default-deny -j DROP\n");
}

/* A CIDR of one family splits no chain of the other. */
static void test_ipv6_cidrs(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_tree_ struct pg_tree tree = { 0 }, v4 = { 0 };
	struct pg_intent intent;
	struct pg_rule *rule;

	(void)state;
	make_dual(&universe);
	rule = build_rule(&universe.policy, "app=one", true);
	build_cidr(build_entry(rule, PG_EGRESS), "2001:db8::/32", "2001:db8:8000::/34");
	intent_resolve(&universe);
	intent = intent_of(&universe);
	tree = build_family(&intent, 6);
	assert_chain(&tree, "POLGEN-EGRESS",
		     "-d fd00::1/128 -g POLGEN-EGRESS-EP\n"
		     "-d fd00::2/128 -g POLGEN-EGRESS-EP\n"
		     "-d fd00::3/128 -g POLGEN-EGRESS-EP\n"
		     "-s fd00::2/128 -d 2001:db8::/33 -m comment --comment \"rule-2.1\" -j RETURN\n"
		     "-s fd00::2/128 -d 2001:db8:c000::/34 -m comment --comment \"rule-2.1\" "
		     "-j RETURN\n"
		     "-s fd00::2/128 -m comment --comment default-deny -j DROP\n");
	assert_chain(&tree, "POLGEN-EGRESS-EP",
		     "-s fd00::2/128 -m comment --comment default-deny -j DROP\n");
	v4 = build(&intent);
	assert_null(pg_tree_find_chain(&v4, "POLGEN-EGRESS-EP"));
	assert_chain(&v4, "POLGEN-EGRESS",
		     "-s 10.0.0.2/32 -m comment --comment default-deny -j DROP\n");
}

static bool passes(const struct pg_tree *tree, const char *in, const char *src, const char *dst,
		   const char *out, uint16_t type)
{
	struct machine_packet packet = { .src = build_addr(src),
					 .dst = build_addr(dst),
					 .proto = PG_PROTO_ICMPV6,
					 .dport = type,
					 .in = in,
					 .out = out };

	return !machine_run(tree, "DOCKER-USER", &packet).dropped;
}

static void test_neighbours_of_ipv6_pass(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct machine_result got;
	struct pg_intent intent;

	(void)state;
	make_dual(&universe);
	intent_resolve(&universe);
	intent = intent_of(&universe);
	tree = build_family(&intent, 6);
	/* From any address to any, also to the closed app1; the types around it not. */
	for (uint16_t type = 133; type <= 137; type++) {
		assert_true(passes(&tree, "veth2", "fe80::3", "fe80::2", "veth1", type));
		assert_true(passes(&tree, "veth2", "::", "ff02::1:ff00:2", "veth1", type));
	}
	assert_false(passes(&tree, "veth2", "fe80::3", "fe80::2", "veth1", 130));
	assert_false(passes(&tree, "veth2", "fe80::3", "ff02::1", "veth1", 138));
	/* Reports: link-local to multicast, each of the two needed. */
	assert_true(passes(&tree, "veth2", "fe80::3", "ff02::16", "veth1", 143));
	assert_true(passes(&tree, "veth2", "fe80::3", "ff02::1:3", "veth1", 131));
	assert_true(passes(&tree, "veth2", "febf::3", "ff02::2", "veth1", 132));
	assert_false(passes(&tree, "veth2", "fe80::3", "fd00::2", "veth1", 143));
	assert_false(passes(&tree, "veth2", "fec0::3", "ff02::16", "veth1", 143));
	/* All else that is link-local is spoofed, also towards the open app2. */
	assert_true(passes(&tree, "veth1", "fd00::2", "fd00::3", "veth2", 128));
	assert_false(passes(&tree, "veth1", "fe80::2", "fe80::3", "veth2", 128));
	assert_false(passes(&tree, "veth1", "fd00::3", "fd00::3", "veth2", 128));
	assert_false(passes(&tree, "veth1", "fd00::2", "fe80::3", "veth2", 128));
	assert_true(passes(&tree, "veth1", "fd00::2", "ff02::1", "veth2", 128));
	got = run(&tree, "INPUT", "veth1", "fe80::2", "fe80::1", "", true);
	assert_true(got.dropped);
	assert_string_equal(got.other, PG_COUNT_SPOOFED);
	/* Policy: app2 may, the world may not. */
	assert_true(passes(&tree, "veth2", "fd00::3", "fd00::2", "veth1", 128));
	assert_false(passes(&tree, "veth2", "fd00::3", "fd00::2", "veth1", 129));
	assert_false(passes(&tree, "", "2001:db8::1", "fd00::2", "", 128));
	assert_true(passes(&tree, "", "2001:db8::1", "fd00::3", "", 128));
}

/* app3's IPv6 addresses aren't known: it is closed as far as a policy closes it. */
static void test_ipv6_without_an_address(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_tree_ struct pg_tree tree = { 0 }, closed = { 0 };
	struct pg_intent intent;

	(void)state;
	make_dual(&universe);
	intent_resolve(&universe);
	intent = intent_of(&universe);
	tree = build_family(&intent, 6);
	assert_true(passes(&tree, "veth3", "fd00::77", "fd00::3", "veth2", 128));
	assert_true(passes(&tree, "veth2", "fd00::3", "fd00::77", "veth3", 128));
	pg_identities_done(&universe.identities);
	pg_verdict_table_done(&universe.table);
	build_rule(&universe.policy, "app=three", true);
	intent_resolve(&universe);
	intent = intent_of(&universe);
	closed = build_family(&intent, 6);
	assert_false(passes(&closed, "veth3", "fd00::77", "fd00::3", "veth2", 128));
	assert_false(passes(&closed, "veth2", "fd00::3", "fd00::77", "veth3", 128));
	assert_true(run(&closed, "INPUT", "veth3", "fe80::77", "fe80::1", "", true).dropped);
	assert_true(passes(&closed, "veth3", "fe80::77", "ff02::1:ff00:3", "veth2", 135));
	assert_true(passes(&closed, "veth1", "fd00::2", "fd00::3", "veth2", 128));
}

static void test_ipv6_of_an_open_world_is_untouched(void **state)
{
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_tree_ struct pg_tree tree = { 0 };
	struct pg_intent intent;

	(void)state;
	make_pair(&universe);
	intent_resolve(&universe);
	intent = intent_of(&universe);
	tree = build_family(&intent, 6);
	assert_true(pg_tree_is_empty(&tree));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_thesis_policy),
		cmocka_unit_test(test_the_host_is_judged_on_request),
		cmocka_unit_test(test_peers_are_split_before_cidrs),
		cmocka_unit_test(test_a_tree_tells_apart_by_address),
		cmocka_unit_test(test_a_denied_cidr_keeps_its_exception),
		cmocka_unit_test(test_guards_come_first),
		cmocka_unit_test(test_endpoints_without_interface_or_address),
		cmocka_unit_test(test_icmp_types),
		cmocka_unit_test(test_icmp_type_255_cannot_be_matched),
		cmocka_unit_test(test_interfaces_that_rules_cannot_name),
		cmocka_unit_test(test_an_interface_of_two_endpoints),
		cmocka_unit_test(test_too_many_pairs),
		cmocka_unit_test(test_meta_is_read_back),
		cmocka_unit_test(test_ipv6_has_the_same_layout),
		cmocka_unit_test(test_ipv6_cidrs),
		cmocka_unit_test(test_neighbours_of_ipv6_pass),
		cmocka_unit_test(test_ipv6_without_an_address),
		cmocka_unit_test(test_ipv6_of_an_open_world_is_untouched),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
