// SPDX-License-Identifier: GPL-2.0-only
/* Which flows the programs take the short way, as frame after frame proves it or doesn't. */
#include "tests/unit/backends/ebpf_abc.h"

#include <bpf/bpf.h>
#include <net/if.h>
#include <unistd.h>

#define TRIES 40

static const char *const ips[][ABC] = { { A_IP, B_IP, C_IP }, { A_IP6, B_IP6, C_IP6 } };

#define TCP_THERE(family, flags) tcp(ips[family][A], 1000, ips[family][B], 80, flags)
#define TCP_BACK(family, flags)	 tcp(ips[family][B], 80, ips[family][A], 1000, flags)
#define UDP_THERE(family)	 udp(ips[family][A], 1000, ips[family][B], 53)
#define UDP_BACK(family)	 udp(ips[family][B], 53, ips[family][A], 1000)

/* a may talk to b, and to c, of whom no rule speaks. */
static struct world *begin(void **state)
{
	struct world *world = abc_begin(state);

	world->intent.same_host = PG_SAME_HOST_REDIRECT;
	world_rule(world, A_ID, PG_EGRESS, B_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_rule(world, B_ID, PG_INGRESS, A_ID, EVERY, PG_VERDICT_ALLOW, 2);
	world_rule(world, A_ID, PG_EGRESS, C_ID, EVERY, PG_VERDICT_ALLOW, 3);
	abc_add_ipv6(world);
	return world;
}

static uint64_t established(void)
{
	return world_counter(PG_COUNT_ESTABLISHED, PG_EGRESS, PG_VERDICT_ALLOW);
}

/* Until nothing is left to prove: one packet each way, and one more of the first. */
static void open_tcp(int family)
{
	assert_passes(exchanged(A, B, TCP_THERE(family, TCP_SYN)));
	assert_passes(exchanged(B, A, TCP_BACK(family, TCP_SYN | TCP_ACK)));
	assert_passes(exchanged(A, B, TCP_THERE(family, TCP_ACK)));
}

static void open_udp(int family)
{
	assert_passes(exchanged(A, B, UDP_THERE(family)));
	assert_passes(exchanged(B, A, UDP_BACK(family)));
	assert_passes(exchanged(A, B, UDP_THERE(family)));
}

static void test_proven_flows(void **state)
{
	abc_apply(begin(state));
	for (int family = 0; family < 2; family++) {
		open_tcp(family);
		open_udp(family);
	}
	assert_int_equal(established(), 8);
	for (int family = 0; family < 2; family++) {
		for (int i = 0; i < 3; i++) {
			assert_hands(sent(A, TCP_THERE(family, TCP_ACK)));
			assert_hands(sent(B, TCP_BACK(family, TCP_ACK)));
			assert_hands(sent(A, UDP_THERE(family)));
			assert_hands(sent(B, UDP_BACK(family)));
		}
	}
	/* to_container sees nothing of them, and each counts all the same. */
	assert_int_equal(established(), 8 + 24);
	/* One that the stack still had is no less of the flow. */
	assert_passes(received(B, TCP_THERE(0, TCP_ACK)));
	assert_drops(sent(B, tcp(B_IP, 80, A_IP, 1001, TCP_ACK)));
	assert_drops(sent(C, TCP_THERE(0, TCP_ACK)));
}

/* To an endpoint that is open as well. */
static void test_open_endpoint(void **state)
{
	abc_apply(begin(state));
	assert_passes(exchanged(A, C, udp(A_IP, 1, C_IP, 2)));
	assert_passes(exchanged(C, A, udp(C_IP, 2, A_IP, 1)));
	assert_passes(exchanged(A, C, udp(A_IP, 1, C_IP, 2)));
	assert_hands(sent(C, udp(C_IP, 2, A_IP, 1)));
	assert_hands(sent(A, udp(A_IP, 1, C_IP, 2)));
}

/* Ends of connections, and what isn't plain: not by the quick look, but the same way. */
static void test_out_of_the_ordinary(void **state)
{
	struct packet options = TCP_THERE(0, TCP_ACK), extended = TCP_BACK(1, TCP_ACK);

	abc_apply(begin(state));
	open_tcp(0);
	open_tcp(1);
	options.options = 8;
	assert_hands(sent(A, options));
	extend(&extended, IPPROTO_DSTOPTS);
	assert_hands(sent(B, extended));
	for (int family = 0; family < 2; family++) {
		assert_hands(sent(A, TCP_THERE(family, TCP_FIN | TCP_ACK)));
		assert_hands(sent(B, TCP_BACK(family, TCP_FIN | TCP_ACK)));
		assert_hands(sent(A, TCP_THERE(family, TCP_ACK)));
		/* Another connection from the same port is one of its own. */
		open_tcp(family);
		assert_hands(sent(B, TCP_BACK(family, TCP_RST)));
	}
}

static void test_ping(void **state)
{
	abc_apply(begin(state));
	assert_passes(exchanged(A, B, icmp(A_IP, B_IP, 8, 7)));
	assert_passes(exchanged(B, A, icmp(B_IP, A_IP, 0, 7)));
	assert_passes(exchanged(A, B, icmp(A_IP, B_IP, 8, 7)));
	assert_hands(sent(B, icmp(B_IP, A_IP, 0, 7)));
	assert_hands(sent(A, icmp(A_IP, B_IP, 8, 7)));
	assert_drops(sent(B, icmp(B_IP, A_IP, 0, 8)));
}

/* Nothing but the proof counts: whatever drops it on its way, the packet doesn't come. */
static void assert_stays(struct packet there, struct packet back)
{
	for (int i = 0; i < TRIES; i++) {
		assert_passes(exchanged(A, B, there));
		assert_passes(exchanged(B, A, back));
	}
}

static void test_packets_that_do_not_come(void **state)
{
	abc_apply(begin(state));
	assert_passes(exchanged(A, B, UDP_THERE(0)));
	for (int i = 0; i < TRIES; i++) {
		assert_passes(sent(B, UDP_BACK(0)));
		assert_passes(exchanged(A, B, UDP_THERE(0)));
	}
	/* Given up: what comes later proves nothing. */
	assert_stays(UDP_THERE(0), UDP_BACK(0));
}

/* The answers of b reach a from the host's address, and a's questions go there. */
static void test_a_tuple_that_changes(void **state)
{
	struct world *world = begin(state);

	world_rule(world, A_ID, PG_EGRESS, HOST_ID, EVERY, PG_VERDICT_ALLOW, 4);
	abc_apply(world);
	for (int i = 0; i < TRIES; i++) {
		assert_passes(sent(A, udp(A_IP, 1000, HOST_IP, 8053)));
		assert_passes(received(B, UDP_THERE(0)));
		assert_passes(sent(B, UDP_BACK(0)));
		assert_passes(received(A, udp(HOST_IP, 8053, A_IP, 1000)));
	}
	/* One that only ever comes is of no flow that leaves. */
	for (int i = 0; i < TRIES; i++)
		assert_passes(received(B, UDP_THERE(0)));
}

static int run_with_mac(enum pg_direction direction, enum abc at, struct packet packet, size_t byte)
{
	struct frame frame = frame_of(&packet);

	frame.bytes[byte] = 2;
	return run_frame(direction, abc_ifindex(at), &frame);
}

/* Routed: it comes with other MAC addresses than it had. */
static void test_mac_addresses_that_change(void **state)
{
	static const size_t bytes[] = { 0, 5, 6, 11 };

	for (size_t i = 0; i < PG_COUNT(bytes); i++) {
		if (i)
			world_clear();
		else
			abc_apply(begin(state));
		world_apply_ok(*state);
		assert_passes(exchanged(A, B, UDP_THERE(0)));
		assert_passes(sent(B, UDP_BACK(0)));
		assert_passes(run_with_mac(PG_INGRESS, A, UDP_BACK(0), bytes[i]));
		assert_stays(UDP_THERE(0), UDP_BACK(0));
		/* The way back is another one than the way there. */
		assert_passes(exchanged(A, B, UDP_THERE(1)));
		assert_passes(exchanged(B, A, UDP_BACK(1)));
		assert_passes(run_with_mac(PG_EGRESS, A, UDP_THERE(1), bytes[i]));
		assert_stays(UDP_THERE(1), UDP_BACK(1));
	}
}

/* What an endpoint's entry says of the short way, as the next commit would write it. */
static void set_entry(enum abc endpoint, uint16_t flags, uint16_t mtu)
{
	_cleanup_pins_ struct pg_pins pins;
	struct pg_map_endpoint value;
	uint32_t ifindex = abc_ifindex(endpoint);
	int map;

	world_pins(&pins);
	map = pins.maps[PG_MAP_ENDPOINTS];
	assert_int_equal(bpf_map_lookup_elem(map, &ifindex, &value), 0);
	value.new.flags = flags;
	value.new.mtu = mtu;
	assert_int_equal(bpf_map_update_elem(map, &ifindex, &value, BPF_EXIST), 0);
}

static void test_both_ends_must_allow_it(void **state)
{
	abc_apply(begin(state));
	set_entry(A, 0, 1500);
	assert_stays(UDP_THERE(0), UDP_BACK(0));
	set_entry(A, PG_ABI_ENDPOINT_SHORT, 1500);
	set_entry(B, 0, 1500);
	assert_stays(UDP_THERE(1), UDP_BACK(1));
	set_entry(B, PG_ABI_ENDPOINT_SHORT, 1400);
	assert_stays(TCP_THERE(0, TCP_ACK), TCP_BACK(0, TCP_ACK));
	set_entry(B, PG_ABI_ENDPOINT_SHORT, 1500);
	open_tcp(1);
	assert_hands(sent(A, TCP_THERE(1, TCP_ACK)));
}

static void test_not_asked_for(void **state)
{
	struct world *world = begin(state);

	world->intent.same_host = PG_SAME_HOST_STACK;
	abc_apply(world);
	assert_stays(UDP_THERE(0), UDP_BACK(0));
	assert_stays(UDP_THERE(1), UDP_BACK(1));
}

/* The policy changes elsewhere: the stack knows nothing of the flow, which goes on as it did. */
static void test_another_generation(void **state)
{
	struct world *world = begin(state);

	abc_apply(world);
	open_tcp(0);
	open_udp(1);
	world_rule(world, C_ID, PG_EGRESS, WORLD_ID, EVERY, PG_VERDICT_DENY, 5);
	abc_apply(world);
	assert_hands(sent(A, TCP_THERE(0, TCP_ACK)));
	assert_hands(sent(B, TCP_BACK(0, TCP_ACK)));
	assert_hands(sent(B, UDP_BACK(1)));
	world->intent.same_host = PG_SAME_HOST_STACK;
	world_apply_ok(world);
	assert_stays(TCP_THERE(0, TCP_ACK), TCP_BACK(0, TCP_ACK));
	assert_stays(UDP_THERE(1), UDP_BACK(1));
}

static void test_cut_at_once(void **state)
{
	struct world *world = begin(state);

	abc_apply(world);
	for (int family = 0; family < 2; family++) {
		open_tcp(family);
		open_udp(family);
	}
	world_rule(world, B_ID, PG_INGRESS, A_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_DENY, 6);
	abc_apply(world);
	for (int family = 0; family < 2; family++) {
		assert_drops(sent(B, TCP_BACK(family, TCP_ACK)));
		assert_drops(exchanged(A, B, TCP_THERE(family, TCP_ACK)));
		/* The neighbour that is still allowed. */
		assert_hands(sent(A, UDP_THERE(family)));
	}
}

/* To where the address was nothing goes any more. */
static void test_an_end_that_moves(void **state)
{
	struct world *world = begin(state);

	abc_apply(world);
	open_udp(0);
	open_udp(1);
	free(world->endpoints.list.items[B].interface);
	free(world->endpoints.list.items[C].interface);
	world->endpoints.list.items[B].interface = strdup("vc");
	world->endpoints.list.items[C].interface = strdup("vb");
	world_apply_ok(world);
	assert_passes(exchanged(A, C, UDP_THERE(0)));
	assert_passes(exchanged(C, A, UDP_BACK(0)));
	assert_passes(exchanged(A, C, UDP_THERE(1)));
	assert_drops(sent(B, UDP_BACK(0)));
	/* A new flow finds the new place. */
	assert_passes(exchanged(A, C, udp(A_IP, 1001, B_IP, 53)));
	assert_passes(exchanged(C, A, udp(B_IP, 53, A_IP, 1001)));
	assert_passes(exchanged(A, C, udp(A_IP, 1001, B_IP, 53)));
	assert_hands(sent(A, udp(A_IP, 1001, B_IP, 53)));
}

static void set_fragment(struct packet *packet, bool v6, uint16_t id, uint16_t offset, bool more)
{
	if (v6) {
		make_fragment(packet, id, offset, more);
		return;
	}
	packet->id = id;
	packet->fragment = (uint16_t)(offset / 8 | (more ? 0x2000 : 0));
}

static struct packet fragment(struct packet packet, bool v6, uint16_t id, uint16_t offset)
{
	set_fragment(&packet, v6, id, offset, !offset);
	return packet;
}

static void test_fragments_follow(void **state)
{
	struct world *world = begin(state);

	abc_apply(world);
	for (int v6 = 0; v6 < 2; v6++) {
		/* A datagram of which the first went through the stack goes there as a whole. */
		assert_passes(exchanged(A, B, fragment(UDP_THERE(v6), v6, 7, 0)));
		assert_passes(exchanged(B, A, UDP_BACK(v6)));
		assert_passes(exchanged(A, B, UDP_THERE(v6)));
		assert_passes(exchanged(A, B, fragment(UDP_THERE(v6), v6, 7, 1400)));
		/* One of which the first took the short way, too. */
		assert_hands(sent(A, fragment(UDP_THERE(v6), v6, 8, 0)));
		assert_hands(sent(A, fragment(UDP_THERE(v6), v6, 8, 1400)));
		assert_drops(sent(A, fragment(UDP_THERE(v6), v6, 9, 1400)));
		assert_drops(received(B, fragment(UDP_THERE(v6), v6, 8, 1400)));
	}
	/* Who is behind an interface may have changed. */
	world->intent.same_host = PG_SAME_HOST_STACK;
	world_apply_ok(world);
	assert_passes(sent(A, fragment(UDP_THERE(0), false, 8, 1400)));
	assert_passes(sent(A, fragment(UDP_THERE(1), true, 8, 1400)));
}

/* What is sent by an endpoint that is open is judged by nobody, and follows the first one all the same. */
static void test_fragments_of_an_open_endpoint(void **state)
{
	struct packet there = udp(A_IP, 1, C_IP, 2), back = udp(C_IP, 2, A_IP, 1);

	abc_apply(begin(state));
	assert_passes(exchanged(A, C, there));
	assert_passes(exchanged(C, A, back));
	assert_passes(exchanged(A, C, there));
	assert_hands(sent(C, fragment(back, false, 8, 0)));
	assert_hands(sent(C, fragment(back, false, 8, 1400)));
	assert_passes(sent(C, fragment(back, false, 9, 1400)));
}

static void test_errors_follow(void **state)
{
	struct packet there = UDP_THERE(0), back = UDP_BACK(0), there6 = UDP_THERE(1);

	abc_apply(begin(state));
	assert_passes(exchanged(A, B, there));
	assert_passes(exchanged(B, A, icmp_error(B_IP, A_IP, 3, &there)));
	open_udp(0);
	open_udp(1);
	assert_hands(sent(B, icmp_error(B_IP, A_IP, 3, &there)));
	assert_hands(sent(A, icmp_error(A_IP, B_IP, 3, &back)));
	assert_hands(sent(B, icmpv6_error(B_IP6, A_IP6, 1, &there6)));
	/* To the one whose packet it is about, from the other one. */
	assert_drops(sent(B, icmp_error(B_IP, C_IP, 3, &there)));
	assert_passes(exchanged(C, A, icmp_error(C_IP, A_IP, 3, &there)));
	there.dport++;
	assert_drops(sent(B, icmp_error(B_IP, A_IP, 3, &there)));
}

/* Before anybody says so. The last test, since the interface is no more. */
static void test_an_interface_that_is_gone(void **state)
{
	abc_apply(begin(state));
	open_udp(0);
	assert_passes(exchanged(A, B, icmp(A_IP, B_IP, 8, 7)));
	assert_passes(exchanged(B, A, icmp(B_IP, A_IP, 0, 7)));
	assert_passes(exchanged(A, B, icmp(A_IP, B_IP, 8, 7)));
	assert_hands(sent(A, icmp(A_IP, B_IP, 8, 7)));
	assert_int_equal(system("ip link delete vb"), 0);
	assert_passes(sent(A, icmp(A_IP, B_IP, 8, 7)));
	/* What costs one look-up finds out a second later at most. */
	sleep(1);
	assert_passes(sent(A, UDP_THERE(0)));
	assert_passes(sent(A, UDP_THERE(0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_proven_flows),
		abc_test(test_open_endpoint),
		abc_test(test_out_of_the_ordinary),
		abc_test(test_ping),
		abc_test(test_packets_that_do_not_come),
		abc_test(test_a_tuple_that_changes),
		abc_test(test_mac_addresses_that_change),
		abc_test(test_both_ends_must_allow_it),
		abc_test(test_not_asked_for),
		abc_test(test_another_generation),
		abc_test(test_cut_at_once),
		abc_test(test_an_end_that_moves),
		abc_test(test_fragments_follow),
		abc_test(test_fragments_of_an_open_endpoint),
		abc_test(test_errors_follow),
		abc_test(test_an_interface_that_is_gone),
	};

	abc_enter_apart();
	return cmocka_run_group_tests_name("ebpf short way", tests, NULL, NULL);
}
