// SPDX-License-Identifier: GPL-2.0-only
/* What the programs make of the policy maps: verdicts on new flows. */
#include "tests/unit/backends/ebpf_abc.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

static void test_closed_and_open(void **state)
{
	struct world *world = abc_begin(state);

	abc_apply(world);
	assert_drops(sent(A, tcp(A_IP, 1000, B_IP, 80, TCP_SYN)));
	assert_drops(received(B, tcp(WORLD_IP, 1000, B_IP, 80, TCP_SYN)));
	assert_passes(sent(C, tcp(C_IP, 1000, WORLD_IP, 80, TCP_SYN)));
	assert_passes(received(C, udp(WORLD_IP, 1000, C_IP, 53)));
	assert_int_equal(world_counter("default-deny", PG_EGRESS, PG_VERDICT_DENY), 1);
	assert_int_equal(world_counter("default-deny", PG_INGRESS, PG_VERDICT_DENY), 1);
}

/* What to_container lets through was let through by the source's egress under the same policy. */
static void test_both_sides_are_judged_at_the_destination(void **state)
{
	struct world *world = abc_begin(state);

	abc_apply(world);
	assert_drops(received(C, tcp(A_IP, 1000, C_IP, 80, TCP_SYN)));
	assert_passes(received(C, tcp(WORLD_IP, 1000, C_IP, 80, TCP_SYN)));
	assert_int_equal(world_counter("default-deny", PG_EGRESS, PG_VERDICT_DENY), 1);
}

static void test_port_and_protocol(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, B_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 1);
	world_rule(world, B_ID, PG_INGRESS, A_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	assert_passes(exchanged(A, B, tcp(A_IP, 1000, B_IP, 80, TCP_SYN)));
	assert_drops(sent(A, tcp(A_IP, 1000, B_IP, 81, TCP_SYN)));
	assert_drops(sent(A, udp(A_IP, 1000, B_IP, 80)));
	assert_drops(sent(A, icmp(A_IP, B_IP, 8, 1)));
	assert_drops(sent(A, tcp(A_IP, 1000, C_IP, 80, TCP_SYN)));
	assert_drops(received(B, tcp(C_IP, 1000, B_IP, 80, TCP_SYN)));
	assert_int_equal(world_counter("rule-1", PG_EGRESS, PG_VERDICT_ALLOW), 1);
	assert_int_equal(world_counter("rule-2", PG_INGRESS, PG_VERDICT_ALLOW), 1);
	assert_int_equal(world_counter("default-deny", PG_EGRESS, PG_VERDICT_DENY), 4);
}

static void test_egress_alone_is_not_enough(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, B_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_passes(sent(A, tcp(A_IP, 1000, B_IP, 80, TCP_SYN)));
	assert_drops(received(B, tcp(A_IP, 1000, B_IP, 80, TCP_SYN)));
	assert_int_equal(world_counter("default-deny", PG_INGRESS, PG_VERDICT_DENY), 1);
}

static void test_every_protocol(void **state)
{
	struct world *world = abc_begin(state);
	struct packet gre = { .src = A_IP, .dst = WORLD_IP, .proto = IPPROTO_GRE };

	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, EVERY, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_passes(sent(A, gre));
	assert_passes(sent(A, icmp(A_IP, WORLD_IP, 8, 1)));
	assert_passes(sent(A, udp(A_IP, 1, WORLD_IP, 2)));
	assert_drops(sent(A, udp(A_IP, 1, CIDR_IP, 2)));
	gre.dst = B_IP;
	assert_drops(sent(A, gre));
}

static void test_port_range(void **state)
{
	struct world *world = abc_begin(state);
	uint16_t port;

	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_UDP, 1000, 1005, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_drops(sent(A, udp(A_IP, 1, WORLD_IP, 999)));
	for (port = 1000; port <= 1005; port++)
		assert_passes(sent(A, udp(A_IP, 1, WORLD_IP, port)));
	assert_drops(sent(A, udp(A_IP, 1, WORLD_IP, 1006)));
}

static void test_all_ports_of_a_protocol(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, ANY_ID, IPPROTO_SCTP, 0, 65535, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	for (int i = 0; i < 3; i++) {
		struct packet sctp = udp(A_IP, 1, i ? B_IP : HOST_IP, (uint16_t)(i * 32767));

		sctp.proto = IPPROTO_SCTP;
		assert_passes(sent(A, sctp));
		sctp.proto = IPPROTO_UDP;
		assert_drops(sent(A, sctp));
	}
}

static void test_anybody(void **state)
{
	struct world *world = abc_begin(state);
	static const char *const senders[] = { A_IP, C_IP, HOST_IP, CIDR_IP, WORLD_IP };

	world_rule(world, A_ID, PG_EGRESS, ANY_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_rule(world, B_ID, PG_INGRESS, ANY_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	for (size_t i = 0; i < PG_COUNT(senders); i++) {
		assert_passes(received(B, tcp(senders[i], 1000, B_IP, 80, TCP_SYN)));
		assert_drops(received(B, tcp(senders[i], 1000, B_IP, 81, TCP_SYN)));
	}
}

static void test_deny_beats_allow(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, ANY_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_TCP, 25, 25, PG_VERDICT_DENY, 2);
	abc_apply(world);
	assert_drops(sent(A, tcp(A_IP, 1, WORLD_IP, 25, TCP_SYN)));
	assert_passes(sent(A, tcp(A_IP, 1, CIDR_IP, 25, TCP_SYN)));
	assert_passes(sent(A, tcp(A_IP, 1, WORLD_IP, 26, TCP_SYN)));
	assert_int_equal(world_counter("rule-2", PG_EGRESS, PG_VERDICT_DENY), 1);
}

/* Deny entries count for an endpoint that is open, too. */
static void test_deny_in_an_open_direction(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, C_ID, PG_INGRESS, CIDR_ID, EVERY, PG_VERDICT_DENY, 1);
	abc_apply(world);
	assert_drops(received(C, tcp(CIDR_IP, 1, C_IP, 80, TCP_SYN)));
	assert_passes(received(C, tcp(WORLD_IP, 1, C_IP, 80, TCP_SYN)));
}

static void test_icmp_types(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_ICMP, 8, 8, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_passes(sent(A, icmp(A_IP, WORLD_IP, 8, 1)));
	assert_drops(sent(A, icmp(A_IP, WORLD_IP, 13, 1)));
	assert_drops(sent(A, icmp(A_IP, WORLD_IP, 0, 2)));
}

static void test_cidr_prefixes(void **state)
{
	struct world *world = abc_begin(state);

	world_address(world, "10.1.2.0/24", CIDR_ID + 1);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, IPPROTO_TCP, 443, 443, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_passes(sent(A, tcp(A_IP, 1, "10.1.1.255", 443, TCP_SYN)));
	assert_drops(sent(A, tcp(A_IP, 1, "10.1.2.0", 443, TCP_SYN)));
	assert_drops(sent(A, tcp(A_IP, 1, "10.1.2.255", 443, TCP_SYN)));
	assert_passes(sent(A, tcp(A_IP, 1, "10.1.3.0", 443, TCP_SYN)));
	assert_drops(sent(A, tcp(A_IP, 1, "10.2.0.0", 443, TCP_SYN)));
}

static void test_host_policy(void **state)
{
	struct world *world = abc_begin(state);

	abc_apply(world);
	assert_drops(received(A, tcp(HOST_IP, 1, A_IP, 80, TCP_SYN)));
	world->intent.host_policy = PG_HOST_POLICY_ALLOW;
	world->intent.digest[31]++;
	world_apply_ok(world);
	assert_passes(received(A, tcp(HOST_IP, 1, A_IP, 80, TCP_SYN)));
	assert_passes(sent(A, tcp(A_IP, 80, HOST_IP, 1, TCP_SYN | TCP_ACK)));
	/* The other way round is judged as ever. */
	assert_drops(sent(A, tcp(A_IP, 1, HOST_IP, 80, TCP_SYN)));
	assert_drops(received(A, tcp(WORLD_IP, 1, A_IP, 80, TCP_SYN)));
}

/* A value that counts from a later generation on shows its old half until then. */
static void test_halves(void **state)
{
	struct world *world = abc_begin(state);
	_cleanup_pins_ struct pg_pins pins;
	struct pg_map_policy_key key = {
		.subject = A_ID,
		.peer = WORLD_ID,
		.port = 80,
		.port_bits = 16,
		.proto = IPPROTO_TCP,
		.direction = PG_EGRESS,
	};
	struct pg_map_policy value;

	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	world_pins(&pins);
	assert_int_equal(bpf_map_lookup_elem(pins.maps[PG_MAP_POLICY], &key, &value), 0);
	assert_int_equal(value.generation, 1);
	value.old = value.new;
	value.new.verdict = PG_ABI_NONE;
	value.generation = 2;
	assert_int_equal(bpf_map_update_elem(pins.maps[PG_MAP_POLICY], &key, &value, 0), 0);
	assert_passes(sent(A, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
	__atomic_store_n(&pins.meta->generation, 2, __ATOMIC_SEQ_CST);
	assert_drops(sent(A, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
	/* Generation 0: nothing is enforced yet. */
	__atomic_store_n(&pins.meta->generation, 0, __ATOMIC_SEQ_CST);
	assert_passes(sent(A, tcp(A_IP, 1, B_IP, 80, TCP_SYN)));
}

/* An interface that has the programs and no entry: nothing is known, nothing passes. */
static void test_unknown_interface(void **state)
{
	struct world *world = abc_begin(state);
	struct packet packet = tcp(A_IP, 1, B_IP, 80, TCP_SYN);
	uint32_t stranger;

	abc_apply(world);
	stranger = world_veth("stranger", 0);
	assert_drops(run_packet(PG_EGRESS, stranger, &packet));
	assert_drops(run_packet(PG_INGRESS, stranger, &packet));
	world_delete_link(stranger);
	assert_int_equal(world_counter("unknown-interface", PG_EGRESS, PG_VERDICT_DENY), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_closed_and_open),
		abc_test(test_both_sides_are_judged_at_the_destination),
		abc_test(test_port_and_protocol),
		abc_test(test_egress_alone_is_not_enough),
		abc_test(test_every_protocol),
		abc_test(test_port_range),
		abc_test(test_all_ports_of_a_protocol),
		abc_test(test_anybody),
		abc_test(test_deny_beats_allow),
		abc_test(test_deny_in_an_open_direction),
		abc_test(test_icmp_types),
		abc_test(test_cidr_prefixes),
		abc_test(test_host_policy),
		abc_test(test_halves),
		abc_test(test_unknown_interface),
	};

	abc_enter();
	return cmocka_run_group_tests_name("ebpf policy", tests, NULL, NULL);
}
