// SPDX-License-Identifier: GPL-2.0-only
/* Packets of established flows, which cost one look-up: that it is no way around anything. */
#include "tests/unit/backends/ebpf_abc.h"

#define A_TO_B(flags)  tcp(A_IP, 1000, B_IP, 80, flags)
#define B_TO_A(flags)  tcp(B_IP, 80, A_IP, 1000, flags)
#define A_TO_B6(flags) tcp(A_IP6, 1000, B_IP6, 80, flags)
#define B_TO_A6(flags) tcp(B_IP6, 80, A_IP6, 1000, flags)

static void allow(struct world *world)
{
	world_rule(world, A_ID, PG_EGRESS, B_ID, TCP_ALL, PG_VERDICT_ALLOW, 1);
	world_rule(world, B_ID, PG_INGRESS, A_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 2);
	abc_add_ipv6(world);
	abc_apply(world);
}

static void open_connections(void)
{
	assert_passes(exchanged(A, B, A_TO_B(TCP_SYN)));
	assert_passes(exchanged(B, A, B_TO_A(TCP_SYN | TCP_ACK)));
	assert_passes(exchanged(A, B, A_TO_B6(TCP_SYN)));
	assert_passes(exchanged(B, A, B_TO_A6(TCP_SYN | TCP_ACK)));
	for (int i = 0; i < 4; i++) {
		assert_passes(exchanged(A, B, A_TO_B(TCP_ACK)));
		assert_passes(exchanged(B, A, B_TO_A(TCP_ACK)));
		assert_passes(exchanged(A, B, A_TO_B6(TCP_ACK)));
		assert_passes(exchanged(B, A, B_TO_A6(TCP_ACK)));
	}
}

static uint64_t dropped(const char *reason)
{
	return world_counter(reason, PG_EGRESS, PG_VERDICT_DENY);
}

/* Two programs, one packet: each counts once. */
static void test_counted_once(void **state)
{
	struct world *world = abc_begin(state);

	allow(world);
	open_connections();
	assert_int_equal(world_counter("rule-1", PG_EGRESS, PG_VERDICT_ALLOW), 2);
	assert_int_equal(world_counter("rule-2", PG_INGRESS, PG_VERDICT_ALLOW), 2);
	assert_int_equal(world_counter(PG_COUNT_ESTABLISHED, PG_EGRESS, PG_VERDICT_ALLOW), 18);
}

/* The flow's packets, where they don't belong. */
static void test_on_another_interface(void **state)
{
	struct world *world = abc_begin(state);

	allow(world);
	open_connections();
	assert_drops(sent(C, A_TO_B(TCP_ACK)));
	assert_drops(sent(C, A_TO_B6(TCP_ACK)));
	assert_drops(sent(B, A_TO_B(TCP_ACK)));
	assert_drops(sent(A, B_TO_A(TCP_ACK)));
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 4);
	assert_drops(received(A, A_TO_B(TCP_ACK)));
	assert_drops(received(B, B_TO_A6(TCP_ACK)));
	assert_int_equal(dropped(PG_COUNT_NOT_OWN), 2);
	assert_passes(exchanged(A, B, A_TO_B(TCP_ACK)));
	assert_passes(exchanged(B, A, B_TO_A6(TCP_ACK)));
}

/* Neighbours of the flow, which have none. */
static void test_other_tuples(void **state)
{
	struct world *world = abc_begin(state);

	allow(world);
	open_connections();
	assert_drops(sent(B, tcp(B_IP, 80, A_IP, 1001, TCP_ACK)));
	assert_drops(sent(B, tcp(B_IP, 81, A_IP, 1000, TCP_ACK)));
	assert_drops(sent(B, tcp(B_IP, 1000, A_IP, 80, TCP_ACK)));
	assert_drops(sent(B, udp(B_IP, 80, A_IP, 1000)));
	assert_drops(sent(B, tcp(B_IP6, 81, A_IP6, 1000, TCP_ACK)));
	assert_drops(sent(B, tcp(B_IP6, 80, C_IP6, 1000, TCP_ACK)));
	assert_drops(sent(B, udp(B_IP6, 80, A_IP6, 1000)));
	assert_passes(sent(B, B_TO_A(TCP_ACK)));
	assert_passes(sent(B, B_TO_A6(TCP_ACK)));
}

#define TCP6_AT (ETH_HLEN + 40)

static void test_malformed(void **state)
{
	struct world *world = abc_begin(state);
	struct packet packet = A_TO_B(TCP_ACK);

	allow(world);
	open_connections();
	assert_malformed_drops(&packet);
	assert_int_equal(dropped(PG_COUNT_MALFORMED), 11);
}

static void test_malformed_ipv6(void **state)
{
	struct world *world = abc_begin(state);
	struct packet packet = A_TO_B6(TCP_ACK);

	allow(world);
	open_connections();
	assert_int_equal(sent_changed(&packet, IP_AT, 0x60, 0), PASS);
	assert_int_equal(sent_changed(&packet, IP_AT, 0x40, 0), DROP);
	/* longer than the frame; shorter than TCP's header; no room for its options */
	assert_int_equal(sent_changed(&packet, IP_AT + 4, 1, 0), DROP);
	assert_int_equal(sent_changed(&packet, IP_AT + 5, 21, 0), DROP);
	assert_int_equal(sent_changed(&packet, IP_AT + 5, 19, 0), DROP);
	assert_int_equal(sent_changed(&packet, TCP6_AT + 12, 0x60, 0), DROP);
	assert_int_equal(sent_changed(&packet, TCP6_AT + 12, 0x40, 0), DROP);
	assert_int_equal(dropped(PG_COUNT_MALFORMED), 6);
}

/* What isn't plain is read with more care, and is of the flow all the same. */
static void test_out_of_the_ordinary(void **state)
{
	struct world *world = abc_begin(state);
	struct packet options = B_TO_A(TCP_ACK), extended = B_TO_A6(TCP_ACK);

	allow(world);
	open_connections();
	options.options = 8;
	assert_passes(exchanged(B, A, options));
	options.dport = 1001;
	assert_drops(sent(B, options));
	extend(&extended, IPPROTO_DSTOPTS);
	assert_passes(exchanged(B, A, extended));
	extended.dport = 1001;
	assert_drops(sent(B, extended));
}

/* Whoever has the address now is asked again. */
static void test_an_address_that_moves(void **state)
{
	struct world *world = abc_begin(state);

	allow(world);
	open_connections();
	free(world->endpoints.list.items[A].interface);
	free(world->endpoints.list.items[C].interface);
	world->endpoints.list.items[A].interface = strdup("vc");
	world->endpoints.list.items[C].interface = strdup("va");
	world_apply_ok(world);
	assert_drops(sent(A, A_TO_B(TCP_ACK)));
	assert_drops(sent(A, A_TO_B6(TCP_ACK)));
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 2);
	assert_passes(exchanged(C, B, A_TO_B(TCP_ACK)));
	assert_passes(exchanged(B, C, B_TO_A6(TCP_ACK)));
	assert_drops(sent(A, A_TO_B(TCP_ACK)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_counted_once),	      abc_test(test_on_another_interface),
		abc_test(test_other_tuples),	      abc_test(test_malformed),
		abc_test(test_malformed_ipv6),	      abc_test(test_out_of_the_ordinary),
		abc_test(test_an_address_that_moves),
	};

	abc_enter();
	return cmocka_run_group_tests_name("ebpf established", tests, NULL, NULL);
}
