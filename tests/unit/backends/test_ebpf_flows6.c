// SPDX-License-Identifier: GPL-2.0-only
/* IPv6: the policy, replies, errors and queries, as test_ebpf_policy.c and test_ebpf_flows.c. */
#include "tests/unit/backends/ebpf_abc.h"

#include <bpf/bpf.h>

/* a may connect to b's port 80. */
static void allow_a_to_b(struct world *world)
{
	abc_add_ipv6(world);
	world_rule(world, A_ID, PG_EGRESS, B_ID, TCP_ALL, PG_VERDICT_ALLOW, 1);
	world_rule(world, B_ID, PG_INGRESS, A_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
}

/* a may do everything at the CIDR's addresses. */
static void allow_a_to_cidr(struct world *world)
{
	abc_add_ipv6(world);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, EVERY, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
}

#define A_TO_B(flags) tcp(A_IP6, 1000, B_IP6, 80, flags)
#define B_TO_A(flags) tcp(B_IP6, 80, A_IP6, 1000, flags)

static uint64_t established(void)
{
	return world_counter(PG_COUNT_ESTABLISHED, PG_EGRESS, PG_VERDICT_ALLOW);
}

static void test_connection(void **state)
{
	struct world *world = abc_begin(state);

	allow_a_to_b(world);
	assert_drops(sent(B, B_TO_A(TCP_SYN | TCP_ACK)));
	assert_passes(exchanged(A, B, A_TO_B(TCP_SYN)));
	assert_passes(exchanged(B, A, B_TO_A(TCP_SYN | TCP_ACK)));
	assert_passes(exchanged(A, B, A_TO_B(TCP_ACK)));
	assert_int_equal(established(), 2);
	assert_int_equal(world_counter("rule-1", PG_EGRESS, PG_VERDICT_ALLOW), 1);
	assert_int_equal(world_counter("rule-2", PG_INGRESS, PG_VERDICT_ALLOW), 1);
	assert_drops(sent(B, tcp(B_IP6, 80, A_IP6, 1001, TCP_SYN | TCP_ACK)));
	assert_drops(exchanged(A, B, tcp(A_IP6, 1000, B_IP6, 81, TCP_SYN)));
	/* Neither is known in the other family. */
	assert_drops(sent(B, tcp(B_IP, 80, A_IP, 1000, TCP_SYN | TCP_ACK)));
	assert_passes(exchanged(A, B, A_TO_B(TCP_RST)));
	assert_drops(sent(B, B_TO_A(TCP_SYN)));
}

/* Whichever half of the addresses it is that orders them, both directions are one flow. */
static void test_both_directions_are_one_flow(void **state)
{
	static const char *const peers[] = { "2001:db8:1::1", "2001:db8:1:ffff:ffff::", CIDR_IP6,
					     "2001:db8:1::ffff:ffff:ffff:ffff" };
	static const uint16_t ports[] = { 1, 1000, 65535 };

	allow_a_to_cidr(abc_begin(state));
	for (size_t i = 0; i < PG_COUNT(peers); i++) {
		for (size_t j = 0; j < PG_COUNT(ports); j++) {
			assert_drops(received(A, udp(peers[i], ports[j], A_IP6, 1000)));
			assert_passes(sent(A, udp(A_IP6, 1000, peers[i], ports[j])));
			assert_passes(received(A, udp(peers[i], ports[j], A_IP6, 1000)));
		}
	}
}

/* An endpoint that sends to itself: the ports alone tell the directions. */
static void test_same_address(void **state)
{
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	world_rule(world, A_ID, PG_EGRESS, A_ID, IPPROTO_UDP, 80, 80, PG_VERDICT_ALLOW, 1);
	world_rule(world, A_ID, PG_INGRESS, A_ID, IPPROTO_UDP, 80, 80, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	assert_drops(exchanged(A, A, udp(A_IP6, 80, A_IP6, 1000)));
	assert_passes(exchanged(A, A, udp(A_IP6, 1000, A_IP6, 80)));
	assert_passes(exchanged(A, A, udp(A_IP6, 80, A_IP6, 1000)));
}

static void test_idle_limits(void **state)
{
	_cleanup_pins_ struct pg_pins pins;
	struct pg_map_flow_key key;
	struct pg_map_flow flow;
	int map;

	allow_a_to_cidr(abc_begin(state));
	assert_passes(sent(A, udp(A_IP6, 1000, CIDR_IP6, 53)));
	assert_passes(received(A, udp(CIDR_IP6, 53, A_IP6, 1000)));
	world_pins(&pins);
	map = pins.maps[PG_MAP_OPENING6];
	assert_int_equal(bpf_map_get_next_key(map, NULL, &key), 0);
	assert_int_equal(bpf_map_lookup_elem(map, &key, &flow), 0);
	assert_int_equal(flow.local, 1 << flow.initiator);
	assert_int_equal(key.port[flow.initiator], 1000);
	flow.seen -= (PG_ABI_IDLE_UDP + 5) * 1000000000ull;
	flow.tick -= 1000;
	assert_int_equal(bpf_map_update_elem(map, &key, &flow, BPF_EXIST), 0);
	assert_drops(received(A, udp(CIDR_IP6, 53, A_IP6, 1000)));
}

static void forget_address(struct world *world, const char *text)
{
	struct pg_prefix prefix;

	assert_int_equal(pg_prefix_parse(text, &prefix), 0);
	for (size_t i = 0; i < world->identities.addresses.count; i++) {
		struct pg_address *address = &world->identities.addresses.items[i];

		if (pg_prefix_compare(&address->prefix, &prefix))
			continue;
		*address = world->identities.addresses.items[--world->identities.addresses.count];
		abc_apply(world);
		return;
	}
	fail();
}

static void test_prefixes(void **state)
{
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	world_address(world, "2001:db8:1:8000::/49", CIDR_ID + 1);
	world_address(world, "2001:db8:1:8000::7/128", CIDR_ID + 2);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID + 2, EVERY, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	assert_passes(sent(A, udp(A_IP6, 1, "2001:db8:1::1", 2)));
	assert_passes(sent(A, udp(A_IP6, 1, "2001:db8:1:7fff::1", 2)));
	assert_drops(sent(A, udp(A_IP6, 1, "2001:db8:1:8000::1", 2)));
	assert_passes(sent(A, udp(A_IP6, 1, "2001:db8:1:8000::7", 2)));
	assert_drops(sent(A, udp(A_IP6, 1, "2001:db8:2::1", 2)));
	/* One that goes leaves the address to the prefix around it. */
	forget_address(world, "2001:db8:1:8000::7/128");
	assert_drops(sent(A, udp(A_IP6, 3, "2001:db8:1:8000::7", 2)));
	forget_address(world, "2001:db8:1:8000::/49");
	assert_passes(sent(A, udp(A_IP6, 3, "2001:db8:1:8000::7", 2)));
}

static void test_host_policy(void **state)
{
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	abc_apply(world);
	assert_drops(received(A, udp(HOST_IP6, 1, A_IP6, 2)));
	world->intent.host_policy = PG_HOST_POLICY_ALLOW;
	abc_apply(world);
	assert_passes(received(A, udp(HOST_IP6, 1, A_IP6, 2)));
	assert_drops(sent(A, udp(A_IP6, 1, HOST_IP6, 3)));
	assert_drops(received(A, udp(WORLD_IP6, 1, A_IP6, 2)));
}

/* Types of ICMPv6 have keys of their own. */
static void test_icmpv6_types(void **state)
{
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_ICMPV6, 128, 128, PG_VERDICT_ALLOW, 1);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, IPPROTO_ICMP, 0, 65535, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	assert_passes(sent(A, icmpv6(A_IP6, WORLD_IP6, 128, 1)));
	assert_drops(sent(A, icmpv6(A_IP6, WORLD_IP6, 139, 1)));
	assert_drops(sent(A, icmpv6(A_IP6, CIDR_IP6, 128, 1)));
	assert_passes(sent(A, icmp(A_IP, CIDR_IP, 8, 1)));
	assert_drops(sent(A, icmp(A_IP, WORLD_IP, 128, 1)));
}

/* The other family's ICMP is a protocol that only rules for every one speak of. */
static void test_icmp_of_the_other_family(void **state)
{
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_ICMPV6, 0, 65535, PG_VERDICT_ALLOW, 1);
	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_ICMP, 0, 65535, PG_VERDICT_ALLOW, 2);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, EVERY, PG_VERDICT_ALLOW, 3);
	abc_apply(world);
	assert_passes(sent(A, icmpv6(A_IP6, WORLD_IP6, 128, 1)));
	assert_passes(sent(A, icmp(A_IP, WORLD_IP, 8, 1)));
	assert_drops(sent(A, icmpv6(A_IP, WORLD_IP, 128, 1)));
	assert_drops(sent(A, icmp(A_IP6, WORLD_IP6, 8, 1)));
	assert_passes(sent(A, icmpv6(A_IP, CIDR_IP, 128, 1)));
	assert_passes(sent(A, icmp(A_IP6, CIDR_IP6, 8, 1)));
}

static void test_ping(void **state)
{
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	world_rule(world, A_ID, PG_EGRESS, B_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_rule(world, B_ID, PG_INGRESS, A_ID, EVERY, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	assert_drops(sent(B, icmpv6(B_IP6, A_IP6, 129, 7)));
	assert_passes(exchanged(A, B, icmpv6(A_IP6, B_IP6, 128, 7)));
	assert_passes(exchanged(B, A, icmpv6(B_IP6, A_IP6, 129, 7)));
	/* The answer, and nothing else with that identifier. */
	assert_drops(sent(B, icmpv6(B_IP6, A_IP6, 128, 7)));
	assert_drops(sent(B, icmpv6(B_IP6, A_IP6, 140, 7)));
	assert_drops(sent(B, icmpv6(B_IP6, A_IP6, 129, 8)));
	assert_passes(exchanged(A, B, icmpv6(A_IP6, B_IP6, 139, 7)));
	assert_passes(exchanged(B, A, icmpv6(B_IP6, A_IP6, 140, 7)));
	assert_drops(sent(B, icmpv6(B_IP6, A_IP6, 139, 7)));
	/* An answer that nobody asked for begins nothing. */
	assert_passes(exchanged(A, B, icmpv6(A_IP6, B_IP6, 129, 9)));
	assert_drops(sent(B, icmpv6(B_IP6, A_IP6, 129, 9)));
	assert_drops(sent(B, icmpv6(B_IP6, A_IP6, 128, 9)));
}

static void test_errors_about_a_flow(void **state)
{
	struct world *world = abc_begin(state);
	struct packet about = udp(A_IP6, 1000, CIDR_IP6, 53), headers = about;
	struct packet other = udp(A_IP6, 1000, CIDR_IP6, 54);

	extend(&headers, IPPROTO_HOPOPTS);
	make_fragment(&headers, 7, 0, true);
	abc_add_ipv6(world);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, IPPROTO_UDP, 53, 53, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_drops(received(A, icmpv6_error(CIDR_IP6, A_IP6, 1, &about)));
	assert_passes(sent(A, about));
	for (uint8_t type = 1; type <= 4; type++) {
		/* From the other end, or any router on the way. */
		assert_passes(received(A, icmpv6_error(CIDR_IP6, A_IP6, type, &about)));
		assert_passes(received(A, icmpv6_error(WORLD_IP6, A_IP6, type, &headers)));
		assert_drops(received(A, icmpv6_error(CIDR_IP6, A_IP6, type, &other)));
	}
	assert_int_equal(established(), 8);
	assert_drops(received(A, icmpv6_error(CIDR_IP6, A_IP6, 128, &about)));
	assert_drops(received(A, icmpv6_error(CIDR_IP6, A_IP6, 129, &about)));
	assert_drops(received(A, icmpv6_error(CIDR_IP6, A_IP6, 1, NULL)));
	headers.fragment = 8;
	assert_drops(received(A, icmpv6_error(CIDR_IP6, A_IP6, 1, &headers)));
	/* A reply has not been seen: errors are none. */
	assert_passes(sent(A, about));
	assert_int_equal(world_counter("rule-1", PG_EGRESS, PG_VERDICT_ALLOW), 2);
}

/* It must go to the one whose packet it is about, in the packet's own family. */
static void test_errors_to_the_wrong_one(void **state)
{
	struct world *world = abc_begin(state);
	struct packet about = A_TO_B(TCP_SYN), of_ipv4 = tcp(A_IP, 1000, B_IP, 80, TCP_SYN);

	allow_a_to_b(world);
	assert_passes(exchanged(A, B, about));
	assert_passes(exchanged(A, B, of_ipv4));
	assert_passes(exchanged(B, A, icmpv6_error(B_IP6, A_IP6, 1, &about)));
	assert_drops(sent(B, icmpv6_error(B_IP6, C_IP6, 1, &about)));
	assert_drops(received(B, icmpv6_error(WORLD_IP6, B_IP6, 1, &about)));
	assert_drops(sent(B, icmpv6_error(B_IP6, A_IP6, 1, &of_ipv4)));
	assert_drops(sent(B, icmp_error(B_IP, A_IP, 3, &about)));
	assert_drops(sent(B, icmp_error(B_IP6, A_IP6, 3, &about)));
}

/* What ends in the middle of the packet that it is about. */
static void test_errors_that_are_cut(void **state)
{
	struct packet about = udp(A_IP6, 1000, CIDR_IP6, 53);
	struct packet error = icmpv6_error(WORLD_IP6, A_IP6, 3, &about);
	struct frame frame = frame_of(&error);
	size_t whole = 8 + 40 + 8;

	allow_a_to_cidr(abc_begin(state));
	assert_passes(sent(A, about));
	for (size_t length = 8; length <= whole; length++) {
		frame.bytes[ETH_HLEN + 5] = (uint8_t)length;
		frame.length = ETH_HLEN + 40 + length;
		/* The ports are the first half of UDP's header. */
		assert_int_equal(run_frame(PG_INGRESS, abc_ifindex(A), &frame),
				 length >= whole - 4 ? PASS : DROP);
	}
}

/* As conntrack: no flow comes of a packet that says there is nothing behind its headers. */
static void test_no_next_header(void **state)
{
	struct packet none = { .src = A_IP6, .dst = CIDR_IP6, .proto = IPPROTO_NONE };
	struct packet back = { .src = CIDR_IP6, .dst = A_IP6, .proto = IPPROTO_NONE };

	allow_a_to_cidr(abc_begin(state));
	assert_passes(sent(A, none));
	assert_drops(received(A, back));
	none.proto = back.proto = IPPROTO_ESP;
	assert_passes(sent(A, none));
	assert_passes(received(A, back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_connection),
		abc_test(test_both_directions_are_one_flow),
		abc_test(test_same_address),
		abc_test(test_idle_limits),
		abc_test(test_prefixes),
		abc_test(test_host_policy),
		abc_test(test_icmpv6_types),
		abc_test(test_icmp_of_the_other_family),
		abc_test(test_ping),
		abc_test(test_errors_about_a_flow),
		abc_test(test_errors_to_the_wrong_one),
		abc_test(test_errors_that_are_cut),
		abc_test(test_no_next_header),
	};

	abc_enter();
	return cmocka_run_group_tests_name("ebpf flows of IPv6", tests, NULL, NULL);
}
