// SPDX-License-Identifier: GPL-2.0-only
/* The rules of each layout say what the verdict table says, origins included. */
#include "tests/unit/backends/intent.h"
#include "tests/unit/backends/ipt_machine.h"

#include "backends/iptables/layout.h"

#define SEED	  977
#define UNIVERSES 120

static struct pg_tree build_tree(const struct pg_intent *intent, uint8_t family,
				 enum pg_layout layout)
{
	const struct pg_layout_options options = { family, layout, "FORWARD" };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_tree tree = { 0 };

	assert_int_equal(pg_layout_build(intent, &options, &diags, &tree), 0);
	assert_int_equal(diags.list.count, 0);
	return tree;
}

/* Who an address is. */
struct end {
	struct pg_addr addr;
	pg_identity id;
	const struct pg_endpoint *endpoint;
	bool is_host;
};

struct ends {
	uint8_t family;
	struct pg_array(struct end) list;
};

static void add_end(struct ends *ends, const struct universe *universe, const struct pg_addr *addr)
{
	struct end *end;

	if (addr->family != ends->family)
		return;
	end = pg_array_add(&ends->list);
	assert_non_null(end);
	end->addr = *addr;
	end->id = pg_identities_of_addr(&universe->identities, addr);
	pg_array_foreach(endpoint, &universe->endpoints.list) {
		if (!pg_addr_compare(&endpoint->ipv4, addr) ||
		    !pg_addr_compare(&endpoint->ipv6, addr))
			end->endpoint = endpoint;
	}
	end->is_host = end->id.n == PG_IDENTITY_HOST.n;
}

/* One more or less than an address. */
static struct pg_addr step(struct pg_addr addr, int by)
{
	int carry = by;

	for (int i = pg_addr_bits(&addr) / 8 - 1; i >= 0; i--) {
		int sum = addr.bytes[i] + carry;

		addr.bytes[i] = (uint8_t)sum;
		carry = sum < 0 ? -1 : sum > 255;
	}
	return addr;
}

static struct pg_addr last_of(const struct pg_prefix *prefix)
{
	struct pg_addr addr = prefix->addr;

	for (int bit = prefix->length; bit < pg_addr_bits(&addr); bit++)
		addr.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return addr;
}

/* All parties, and both sides of both ends of each CIDR of the policy. */
static struct ends find_ends(const struct universe *universe, uint8_t family)
{
	struct ends ends = { .family = family };

	pg_array_foreach(party, &universe->parties)
		add_end(&ends, universe, &party->addr);
	pg_array_foreach(info, &universe->identities.list) {
		struct pg_addr first = info->cidr.addr, last = last_of(&info->cidr);
		struct pg_addr around[4];

		if (first.family != family)
			continue;
		around[0] = first;
		around[1] = last;
		around[2] = step(first, -1);
		around[3] = step(last, 1);
		for (size_t i = 0; i < PG_COUNT(around); i++)
			add_end(&ends, universe, &around[i]);
	}
	return ends;
}

static struct machine_packet packet_of(const struct end *src, const struct end *dst, pg_proto proto,
				       uint16_t port)
{
	return (struct machine_packet){
		.src = src->addr,
		.dst = dst->addr,
		.proto = proto,
		.dport = port,
		.in = src->endpoint ? src->endpoint->interface : "",
		.out = src->endpoint && dst->endpoint ? dst->endpoint->interface : "",
	};
}

static const char *way_of(const struct end *src, const struct end *dst)
{
	return src->is_host ? "OUTPUT" : dst->is_host ? "INPUT" : "FORWARD";
}

static size_t checked[7][PG_VERDICTS]; /* by family */

/* What one side is to say: "" for nothing, which passes. Yields whether it drops. */
static bool expect(const struct universe *universe, enum pg_direction direction,
		   const struct end *subject, const struct end *peer, pg_proto proto, uint16_t port,
		   char name[PG_RULE_NAME_MAX])
{
	enum pg_verdict verdict;
	struct pg_origin origin;

	name[0] = '\0';
	if (!subject->endpoint)
		return false;
	verdict = pg_verdict_table_judge(&universe->table, subject->id, direction, peer->id, proto,
					 port, &origin);
	if (origin.rule || verdict == PG_VERDICT_DENY)
		intent_rule_name(NULL, origin, name);
	checked[subject->addr.family][verdict]++;
	return verdict == PG_VERDICT_DENY;
}

static const char *layout_of(const struct pg_tree *tree)
{
	return strstr(pg_tree_find_chain(tree, "POLGEN-META")->rules.items[0].comment, "layout=");
}

static void check_flow(const struct universe *universe, const struct pg_tree *tree,
		       const struct end *src, const struct end *dst, pg_proto proto, uint16_t port)
{
	struct machine_packet packet = packet_of(src, dst, proto, port);
	struct machine_result got = machine_run(tree, way_of(src, dst), &packet);
	char egress[PG_RULE_NAME_MAX], ingress[PG_RULE_NAME_MAX];
	char from[PG_ADDR_TEXT_MAX], to[PG_ADDR_TEXT_MAX];
	bool drops = expect(universe, PG_EGRESS, src, dst, proto, port, egress);

	ingress[0] = '\0';
	if (!drops)
		drops = expect(universe, PG_INGRESS, dst, src, proto, port, ingress);
	if (got.dropped == drops && !strcmp(got.egress, egress) && !strcmp(got.ingress, ingress))
		return;
	print_error("%s, seed %llu: %s -> %s %s %u: %s '%s' '%s', not %s '%s' '%s'\n",
		    layout_of(tree), (unsigned long long)universe->seed,
		    pg_addr_format(&src->addr, from), pg_addr_format(&dst->addr, to),
		    pg_proto_name(proto), port, got.dropped ? "drop" : "pass", got.egress,
		    got.ingress, drops ? "drop" : "pass", egress, ingress);
	fail();
}

/* Neighbour discovery passes whatever the table says. */
static bool is_judged_type(pg_proto icmp, uint16_t type)
{
	return type <= 255 && (icmp.n == PG_PROTO_ICMP.n || type < 133 || type > 137);
}

static void check_pair(const struct universe *universe, const struct pg_tree *tree,
		       const struct end *src, const struct end *dst)
{
	const pg_proto icmp = src->addr.family == 4 ? PG_PROTO_ICMP : PG_PROTO_ICMPV6;
	const pg_proto protos[] = { PG_PROTO_TCP, PG_PROTO_UDP, PG_PROTO_SCTP, icmp };

	for (size_t i = 0; i < PG_COUNT(protos); i++) {
		pg_array_foreach(port, &universe->ports) {
			if (protos[i].n != icmp.n || is_judged_type(icmp, *port))
				check_flow(universe, tree, src, dst, protos[i], *port);
		}
	}
}

static void check_family(const struct universe *universe, uint8_t family, enum pg_layout layout)
{
	struct pg_intent intent = intent_of(universe);
	struct pg_tree tree = build_tree(&intent, family, layout);
	struct ends ends = find_ends(universe, family);

	pg_array_foreach(src, &ends.list) {
		pg_array_foreach(dst, &ends.list) {
			/* Between strangers, hosts, and within one endpoint there is no verdict. */
			if ((src->endpoint || dst->endpoint) && src->endpoint != dst->endpoint)
				check_pair(universe, &tree, src, dst);
		}
	}
	free(ends.list.items);
	pg_tree_done(&tree);
}

static void check_layout(enum pg_layout layout)
{
	memset(checked, 0, sizeof(checked));
	for (uint64_t i = 0; i < UNIVERSES; i++) {
		PG_CLEANUP(universe_done) struct universe universe;

		intent_world(&universe, SEED + i);
		check_family(&universe, 4, layout);
		check_family(&universe, 6, layout);
	}
	for (uint8_t family = 4; family <= 6; family += 2) {
		assert_true(checked[family][PG_VERDICT_ALLOW] > 10000);
		assert_true(checked[family][PG_VERDICT_DENY] > 10000);
	}
}

static void test_linear_agrees_with_the_table(void **state)
{
	(void)state;
	check_layout(PG_LAYOUT_LINEAR);
}

static void test_tree_agrees_with_the_table(void **state)
{
	(void)state;
	check_layout(PG_LAYOUT_TREE);
}

static void test_set_agrees_with_the_table(void **state)
{
	(void)state;
	check_layout(PG_LAYOUT_SET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linear_agrees_with_the_table),
		cmocka_unit_test(test_tree_agrees_with_the_table),
		cmocka_unit_test(test_set_agrees_with_the_table),
	};

	return cmocka_run_group_tests_name("judging", tests, NULL, NULL);
}
