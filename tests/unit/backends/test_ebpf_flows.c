// SPDX-License-Identifier: GPL-2.0-only
/* Replies, errors, ends of connections, idle limits: what conntrack would make of them. */
#include "tests/unit/backends/ebpf_abc.h"

#include <bpf/bpf.h>
#include <time.h>

/* a may connect to b's port 80. */
static void allow_a_to_b(struct world *world)
{
	world_rule(world, A_ID, PG_EGRESS, B_ID, TCP_ALL, PG_VERDICT_ALLOW, 1);
	world_rule(world, B_ID, PG_INGRESS, A_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
}

#define A_TO_B(flags) tcp(A_IP, 1000, B_IP, 80, flags)
#define B_TO_A(flags) tcp(B_IP, 80, A_IP, 1000, flags)

static uint64_t established(void)
{
	return world_counter(PG_COUNT_ESTABLISHED, PG_EGRESS, PG_VERDICT_ALLOW);
}

static void test_replies_pass(void **state)
{
	struct world *world = abc_begin(state);

	allow_a_to_b(world);
	assert_drops(sent(B, B_TO_A(TCP_SYN | TCP_ACK)));
	assert_passes(exchanged(A, B, A_TO_B(TCP_SYN)));
	assert_passes(exchanged(B, A, B_TO_A(TCP_SYN | TCP_ACK)));
	/* The packet passed two programs and is one. */
	assert_int_equal(established(), 1);
	assert_drops(sent(B, tcp(B_IP, 81, A_IP, 1000, TCP_SYN | TCP_ACK)));
	assert_drops(sent(B, tcp(B_IP, 80, A_IP, 1001, TCP_SYN | TCP_ACK)));
	assert_drops(sent(B, udp(B_IP, 80, A_IP, 1000)));
	assert_drops(received(A, tcp(WORLD_IP, 80, A_IP, 1000, TCP_ACK)));
}

static void test_first_direction_is_judged_until_there_is_a_reply(void **state)
{
	struct world *world = abc_begin(state);

	allow_a_to_b(world);
	assert_passes(exchanged(A, B, A_TO_B(TCP_SYN)));
	assert_passes(exchanged(A, B, A_TO_B(TCP_SYN)));
	assert_int_equal(world_counter("rule-1", PG_EGRESS, PG_VERDICT_ALLOW), 2);
	assert_int_equal(world_counter("rule-2", PG_INGRESS, PG_VERDICT_ALLOW), 2);
	assert_int_equal(established(), 0);
	assert_passes(exchanged(B, A, B_TO_A(TCP_SYN | TCP_ACK)));
	assert_passes(exchanged(A, B, A_TO_B(TCP_ACK)));
	assert_int_equal(world_counter("rule-1", PG_EGRESS, PG_VERDICT_ALLOW), 2);
	assert_int_equal(established(), 2);
}

/* b refuses a's packet: that leaves nothing by which b gets in at a. */
static void test_denied_at_the_destination_leaves_no_flow(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, B_ID, TCP_ALL, PG_VERDICT_ALLOW, 1);
	world_rule(world, B_ID, PG_EGRESS, A_ID, TCP_ALL, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	assert_passes(sent(A, A_TO_B(TCP_SYN)));
	assert_drops(received(B, A_TO_B(TCP_SYN)));
	assert_passes(sent(B, B_TO_A(TCP_SYN)));
	assert_drops(received(A, B_TO_A(TCP_SYN)));
	assert_drops(received(A, B_TO_A(TCP_SYN | TCP_ACK)));
}

static void test_to_the_world_and_back(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_UDP, 53, 53, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_drops(received(A, udp(WORLD_IP, 53, A_IP, 1000)));
	assert_passes(sent(A, udp(A_IP, 1000, WORLD_IP, 53)));
	assert_passes(received(A, udp(WORLD_IP, 53, A_IP, 1000)));
	assert_drops(received(A, udp(WORLD_IP, 54, A_IP, 1000)));
	assert_drops(received(A, udp("8.8.4.4", 53, A_IP, 1000)));
	assert_int_equal(established(), 1);
}

static void test_from_the_world_and_back(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_INGRESS, WORLD_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_drops(sent(A, tcp(A_IP, 80, WORLD_IP, 1000, TCP_SYN | TCP_ACK)));
	assert_passes(received(A, tcp(WORLD_IP, 1000, A_IP, 80, TCP_SYN)));
	assert_passes(sent(A, tcp(A_IP, 80, WORLD_IP, 1000, TCP_SYN | TCP_ACK)));
	assert_passes(received(A, tcp(WORLD_IP, 1000, A_IP, 80, TCP_ACK)));
	assert_int_equal(established(), 2);
	assert_drops(sent(A, tcp(A_IP, 80, WORLD_IP, 1001, TCP_SYN | TCP_ACK)));
}

/* Published ports with the source kept, from container to container: each side has its own tuple. */
static void test_a_destination_that_was_translated(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, HOST_ID, IPPROTO_TCP, 8080, 8080, PG_VERDICT_ALLOW, 1);
	allow_a_to_b(world);
	assert_passes(sent(A, tcp(A_IP, 1000, HOST_IP, 8080, TCP_SYN)));
	assert_passes(received(B, A_TO_B(TCP_SYN)));
	assert_passes(sent(B, B_TO_A(TCP_SYN | TCP_ACK)));
	assert_passes(received(A, tcp(HOST_IP, 8080, A_IP, 1000, TCP_SYN | TCP_ACK)));
	assert_drops(received(A, tcp(HOST_IP, 8081, A_IP, 1000, TCP_SYN | TCP_ACK)));
}

/* conntrack calls these packets invalid: the policy may let them pass, but no flow comes of them. */
static void test_packets_that_begin_nothing(void **state)
{
	struct world *world = abc_begin(state);
	static const uint8_t flags[] = { TCP_RST, TCP_SYN | TCP_ACK, TCP_FIN | TCP_ACK, 0 };

	world_rule(world, A_ID, PG_INGRESS, WORLD_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	for (size_t i = 0; i < PG_COUNT(flags); i++) {
		assert_passes(received(A, tcp(WORLD_IP, 1000, A_IP, 80, flags[i])));
		assert_drops(sent(A, tcp(A_IP, 80, WORLD_IP, 1000, TCP_ACK)));
	}
	/* From the middle of a connection that is older than the policy. */
	assert_passes(received(A, tcp(WORLD_IP, 1000, A_IP, 80, TCP_ACK)));
	assert_passes(sent(A, tcp(A_IP, 80, WORLD_IP, 1000, TCP_ACK)));
}

static void open_connection(void)
{
	assert_passes(exchanged(A, B, A_TO_B(TCP_SYN)));
	assert_passes(exchanged(B, A, B_TO_A(TCP_SYN | TCP_ACK)));
	assert_passes(exchanged(A, B, A_TO_B(TCP_ACK)));
}

/* After its end the other side can't open it again from its port. */
static void test_a_closed_connection_begins_anew(void **state)
{
	struct world *world = abc_begin(state);

	allow_a_to_b(world);
	open_connection();
	assert_passes(exchanged(A, B, A_TO_B(TCP_FIN | TCP_ACK)));
	/* Half closed: not the end. */
	assert_passes(exchanged(B, A, B_TO_A(TCP_SYN)));
	assert_passes(exchanged(B, A, B_TO_A(TCP_ACK)));
	assert_passes(exchanged(B, A, B_TO_A(TCP_FIN | TCP_ACK)));
	assert_passes(exchanged(A, B, A_TO_B(TCP_ACK)));
	assert_drops(sent(B, B_TO_A(TCP_SYN)));
	assert_passes(exchanged(A, B, A_TO_B(TCP_SYN)));
	assert_passes(exchanged(B, A, B_TO_A(TCP_SYN | TCP_ACK)));
}

static void test_a_reset_connection_begins_anew(void **state)
{
	struct world *world = abc_begin(state);

	allow_a_to_b(world);
	open_connection();
	assert_passes(exchanged(B, A, B_TO_A(TCP_RST | TCP_ACK)));
	assert_drops(sent(B, B_TO_A(TCP_SYN)));
	open_connection();
}

/* Moves the time at which a flow was last seen into the past. */
static void age(uint8_t proto, const char *one, uint16_t one_port, const char *other,
		uint16_t other_port, unsigned int seconds)
{
	struct pg_map_flow_key key = { .port = { one_port, other_port }, .proto = proto };
	_cleanup_pins_ struct pg_pins pins;
	struct pg_map_flow flow;
	struct pg_addr addr;
	int map;

	assert_int_equal(pg_addr_parse(one, &addr), 0);
	memcpy(&key.addr4[0], addr.bytes, 4);
	assert_int_equal(pg_addr_parse(other, &addr), 0);
	memcpy(&key.addr4[1], addr.bytes, 4);
	world_pins(&pins);
	map = pins.maps[PG_MAP_FLOWS4];
	if (bpf_map_lookup_elem(map, &key, &flow)) {
		map = pins.maps[PG_MAP_OPENING4];
		assert_int_equal(bpf_map_lookup_elem(map, &key, &flow), 0);
	}
	flow.seen -= seconds * 1000000000ull;
	flow.tick -= 1000;
	assert_int_equal(bpf_map_update_elem(map, &key, &flow, BPF_EXIST), 0);
}

static void test_idle_connections(void **state)
{
	struct world *world = abc_begin(state);

	allow_a_to_b(world);
	assert_passes(exchanged(A, B, A_TO_B(TCP_SYN)));
	age(IPPROTO_TCP, A_IP, 1000, B_IP, 80, PG_ABI_IDLE_TCP_OPENING - 5);
	assert_passes(exchanged(B, A, B_TO_A(TCP_SYN | TCP_ACK)));
	/* Being used made it young again. */
	age(IPPROTO_TCP, A_IP, 1000, B_IP, 80, PG_ABI_IDLE_TCP_ESTABLISHED - 5);
	assert_passes(exchanged(B, A, B_TO_A(TCP_ACK)));
	age(IPPROTO_TCP, A_IP, 1000, B_IP, 80, PG_ABI_IDLE_TCP_ESTABLISHED + 5);
	assert_drops(sent(B, B_TO_A(TCP_ACK)));
	/* One that was never answered. */
	assert_passes(exchanged(A, B, A_TO_B(TCP_SYN)));
	age(IPPROTO_TCP, A_IP, 1000, B_IP, 80, PG_ABI_IDLE_TCP_OPENING + 5);
	assert_drops(sent(B, B_TO_A(TCP_SYN | TCP_ACK)));
	/* Ends of connections. */
	open_connection();
	assert_passes(exchanged(A, B, A_TO_B(TCP_FIN | TCP_ACK)));
	age(IPPROTO_TCP, A_IP, 1000, B_IP, 80, PG_ABI_IDLE_TCP_CLOSING + 5);
	assert_drops(sent(B, B_TO_A(TCP_ACK)));
	open_connection();
	assert_passes(exchanged(A, B, A_TO_B(TCP_RST)));
	age(IPPROTO_TCP, A_IP, 1000, B_IP, 80, PG_ABI_IDLE_TCP_RESET + 5);
	assert_drops(sent(B, B_TO_A(TCP_ACK)));
}

static void test_idle_udp(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, IPPROTO_UDP, 53, 53, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_passes(sent(A, udp(A_IP, 1000, CIDR_IP, 53)));
	age(IPPROTO_UDP, A_IP, 1000, CIDR_IP, 53, PG_ABI_IDLE_UDP_OPENING + 5);
	assert_drops(received(A, udp(CIDR_IP, 53, A_IP, 1000)));
	assert_passes(sent(A, udp(A_IP, 1000, CIDR_IP, 53)));
	assert_passes(received(A, udp(CIDR_IP, 53, A_IP, 1000)));
	age(IPPROTO_UDP, A_IP, 1000, CIDR_IP, 53, PG_ABI_IDLE_UDP_OPENING + 5);
	assert_passes(received(A, udp(CIDR_IP, 53, A_IP, 1000)));
	age(IPPROTO_UDP, A_IP, 1000, CIDR_IP, 53, PG_ABI_IDLE_UDP + 5);
	assert_drops(received(A, udp(CIDR_IP, 53, A_IP, 1000)));
}

static void test_other_protocols(void **state)
{
	struct world *world = abc_begin(state);
	struct packet there = { .src = A_IP, .dst = CIDR_IP, .proto = IPPROTO_GRE };
	struct packet back = { .src = CIDR_IP, .dst = A_IP, .proto = IPPROTO_GRE };

	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, EVERY, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_drops(received(A, back));
	assert_passes(sent(A, there));
	assert_passes(received(A, back));
	age(IPPROTO_GRE, A_IP, 0, CIDR_IP, 0, PG_ABI_IDLE_OTHER + 5);
	assert_drops(received(A, back));
	back.proto = IPPROTO_ESP;
	assert_passes(sent(A, there));
	assert_drops(received(A, back));
}

static void test_ping(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, B_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_rule(world, B_ID, PG_INGRESS, A_ID, EVERY, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	assert_drops(sent(B, icmp(B_IP, A_IP, 0, 7)));
	assert_passes(exchanged(A, B, icmp(A_IP, B_IP, 8, 7)));
	assert_passes(exchanged(B, A, icmp(B_IP, A_IP, 0, 7)));
	/* The answer, and nothing else with that identifier. */
	assert_drops(sent(B, icmp(B_IP, A_IP, 8, 7)));
	assert_drops(sent(B, icmp(B_IP, A_IP, 14, 7)));
	assert_drops(sent(B, icmp(B_IP, A_IP, 0, 8)));
	assert_passes(exchanged(A, B, icmp(A_IP, B_IP, 13, 7)));
	assert_passes(exchanged(B, A, icmp(B_IP, A_IP, 14, 7)));
	/* An answer that nobody asked for begins nothing. */
	assert_passes(exchanged(A, B, icmp(A_IP, B_IP, 0, 9)));
	assert_drops(sent(B, icmp(B_IP, A_IP, 0, 9)));
	assert_drops(sent(B, icmp(B_IP, A_IP, 8, 9)));
}

static void test_errors_about_a_flow(void **state)
{
	struct world *world = abc_begin(state);
	static const uint8_t types[] = { 3, 4, 5, 11, 12 };
	struct packet about = udp(A_IP, 1000, CIDR_IP, 53);
	struct packet other = udp(A_IP, 1000, CIDR_IP, 54);

	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, IPPROTO_UDP, 53, 53, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_drops(received(A, icmp_error(CIDR_IP, A_IP, 3, &about)));
	assert_passes(sent(A, about));
	for (size_t i = 0; i < PG_COUNT(types); i++) {
		/* From the other end, or any router on the way. */
		assert_passes(received(A, icmp_error(CIDR_IP, A_IP, types[i], &about)));
		assert_passes(received(A, icmp_error(WORLD_IP, A_IP, types[i], &about)));
		assert_drops(received(A, icmp_error(CIDR_IP, A_IP, types[i], &other)));
	}
	assert_int_equal(established(), 2 * PG_COUNT(types));
	assert_drops(received(A, icmp_error(CIDR_IP, A_IP, 8, &about)));
	assert_drops(received(A, icmp_error(CIDR_IP, A_IP, 3, NULL)));
	/* A reply has not been seen: errors are none. */
	assert_passes(sent(A, about));
	assert_int_equal(world_counter("rule-1", PG_EGRESS, PG_VERDICT_ALLOW), 2);
}

/* It must go to the one whose packet it is about. */
static void test_errors_to_the_wrong_one(void **state)
{
	struct world *world = abc_begin(state);
	struct packet about = A_TO_B(TCP_SYN);

	allow_a_to_b(world);
	assert_passes(exchanged(A, B, about));
	assert_passes(exchanged(B, A, icmp_error(B_IP, A_IP, 3, &about)));
	assert_drops(sent(B, icmp_error(B_IP, C_IP, 3, &about)));
	assert_drops(received(B, icmp_error(WORLD_IP, B_IP, 3, &about)));
	about.fragment = 1;
	assert_drops(received(A, icmp_error(B_IP, A_IP, 3, &about)));
}

static void test_errors_about_a_ping(void **state)
{
	struct world *world = abc_begin(state);
	struct packet ping = icmp(A_IP, CIDR_IP, 8, 7);
	struct packet unasked = icmp(A_IP, CIDR_IP, 0, 7);

	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, EVERY, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_passes(sent(A, ping));
	assert_passes(received(A, icmp_error(WORLD_IP, A_IP, 11, &ping)));
	assert_drops(received(A, icmp_error(WORLD_IP, A_IP, 11, &unasked)));
}

#define FEW_FLOWS 4096 /* of those that aren't assured a quarter */
#define MANY	  10000
#define RUNNING	  50

static int run_on(const struct pg_pins *pins, enum abc from, enum abc to, struct packet packet)
{
	struct frame frame = frame_of(&packet);
	int verdict = run_frame_on(pins, PG_EGRESS, abc_ifindex(from), &frame);

	return verdict == PASS ? run_frame_on(pins, PG_INGRESS, abc_ifindex(to), &frame) : verdict;
}

/* How far a connection from a's port gets. */
enum { ASKED, ANSWERED, ASSURED, RESET };

static void connect_from(const struct pg_pins *pins, uint16_t port, int how_far)
{
	assert_passes(run_on(pins, A, B, tcp(A_IP, port, B_IP, 80, TCP_SYN)));
	if (how_far >= ANSWERED)
		assert_passes(run_on(pins, B, A, tcp(B_IP, 80, A_IP, port, TCP_SYN | TCP_ACK)));
	if (how_far >= ASSURED)
		assert_passes(run_on(pins, A, B, tcp(A_IP, port, B_IP, 80, TCP_ACK)));
	if (how_far >= RESET)
		assert_passes(run_on(pins, B, A, tcp(B_IP, 80, A_IP, port, TCP_RST | TCP_ACK)));
}

static int send_back(const struct pg_pins *pins, uint16_t port)
{
	return run_on(pins, B, A, tcp(B_IP, 80, A_IP, port, TCP_ACK));
}

/* Whether those that run survive more than the maps have room for of others. */
static void test_a_flood(void **state)
{
	struct world *world = abc_begin(state);
	_cleanup_pins_ struct pg_pins pins;

	world_set_flows(FEW_FLOWS);
	allow_a_to_b(world);
	world_pins(&pins);
	for (uint16_t i = 0; i < RUNNING; i++)
		connect_from(&pins, i + 1, ASSURED);
	for (int how_far = ASKED; how_far <= RESET; how_far++) {
		if (how_far == ASSURED)
			continue;
		for (uint16_t i = 0; i < MANY; i++)
			connect_from(&pins, (uint16_t)(20000 + i), how_far);
		for (uint16_t i = 0; i < RUNNING; i++)
			assert_passes(send_back(&pins, i + 1));
		/* Of the others the latest are known. */
		assert_passes(send_back(&pins, 20000 + MANY - 1));
		assert_drops(send_back(&pins, 20000));
	}
	world_set_flows(0);
}

/* The least recently used is forgotten: its next packet is a new flow's. */
static void test_more_running_flows_than_there_is_room_for(void **state)
{
	struct world *world = abc_begin(state);
	_cleanup_pins_ struct pg_pins pins;

	world_set_flows(FEW_FLOWS);
	allow_a_to_b(world);
	world_pins(&pins);
	connect_from(&pins, 1, ASSURED);
	for (uint16_t i = 0; i < MANY; i++)
		connect_from(&pins, (uint16_t)(20000 + i), ASSURED);
	assert_drops(send_back(&pins, 1));
	assert_passes(run_on(&pins, A, B, tcp(A_IP, 1, B_IP, 80, TCP_ACK)));
	assert_passes(send_back(&pins, 1));
	assert_passes(send_back(&pins, 20000 + MANY - 1));
	world_set_flows(0);
}

/* Maps keep their size until they are made anew. */
static void test_another_number_of_flows(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_handle *handle;
	_cleanup_diags_ struct pg_diags diags = { 0 };

	allow_a_to_b(world);
	world_set_flows(FEW_FLOWS);
	handle = world_open(NULL);
	assert_int_equal(pg_backend_ebpf.check(handle, &world->intent, &diags), -EINVAL);
	world_says(&diags, "made for 262144 flows, and 4096 are asked for");
	world_clear();
	assert_int_equal(pg_backend_ebpf.check(handle, &world->intent, &diags), 0);
	world_apply_ok(world);
	assert_int_equal(pg_backend_ebpf.check(handle, &world->intent, &diags), 0);
	pg_backend_ebpf.close(handle);
	world_set_flows(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_replies_pass),
		abc_test(test_first_direction_is_judged_until_there_is_a_reply),
		abc_test(test_denied_at_the_destination_leaves_no_flow),
		abc_test(test_to_the_world_and_back),
		abc_test(test_from_the_world_and_back),
		abc_test(test_a_destination_that_was_translated),
		abc_test(test_packets_that_begin_nothing),
		abc_test(test_a_closed_connection_begins_anew),
		abc_test(test_a_reset_connection_begins_anew),
		abc_test(test_idle_connections),
		abc_test(test_idle_udp),
		abc_test(test_other_protocols),
		abc_test(test_ping),
		abc_test(test_errors_about_a_flow),
		abc_test(test_errors_to_the_wrong_one),
		abc_test(test_errors_about_a_ping),
		abc_test(test_a_flood),
		abc_test(test_more_running_flows_than_there_is_room_for),
		abc_test(test_another_number_of_flows),
	};

	abc_enter();
	return cmocka_run_group_tests_name("ebpf flows", tests, NULL, NULL);
}
