// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/backends/ebpf_abc.h"

#include "compat/netns.h"

static bool can_run;
static uint32_t ifindexes[ABC];

void abc_enter(void)
{
	can_run = world_enter();
	if (!can_run)
		return;
	ifindexes[A] = world_veth("va", 0);
	/* More than 16 bits. */
	ifindexes[B] = world_veth("vb", 70000);
	ifindexes[C] = world_veth("vc", 0);
}

void abc_enter_apart(void)
{
	/* Held until the process ends. */
	static int elsewhere = -1;

	can_run = world_enter();
	if (!can_run)
		return;
	assert_int_equal(pg_netns_new(&elsewhere), 0);
	ifindexes[A] = world_veth_to("va", 0, elsewhere);
	ifindexes[B] = world_veth_to("vb", 70000, elsewhere);
	ifindexes[C] = world_veth_to("vc", 0, elsewhere);
}

int abc_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	if (!world)
		return -1;
	*state = world;
	world_init(world);
	world_endpoint(world, "a", "va", A_IP, A_ID);
	world_endpoint(world, "b", "vb", B_IP, B_ID);
	world_endpoint(world, "c", "vc", C_IP, C_ID);
	world_address(world, HOST_IP, HOST_ID);
	world_address(world, "10.1.0.0/16", CIDR_ID);
	world_subject(world, A_ID, true, true);
	world_subject(world, B_ID, true, true);
	world_subject(world, C_ID, false, false);
	return 0;
}

int abc_teardown(void **state)
{
	if (can_run)
		world_clear();
	world_done(*state);
	free(*state);
	return 0;
}

struct world *abc_begin(void **state)
{
	if (!can_run)
		skip();
	return *state;
}

void abc_add_ipv6(struct world *world)
{
	world_ipv6(world, A, A_IP6);
	world_ipv6(world, B, B_IP6);
	world_ipv6(world, C, C_IP6);
	world_address(world, HOST_IP6, HOST_ID);
	world_address(world, "2001:db8:1::/48", CIDR_ID);
}

uint32_t abc_ifindex(enum abc endpoint)
{
	return ifindexes[endpoint];
}

void abc_apply(struct world *world)
{
	world_finish(world);
	world_apply_ok(world);
}

int sent(enum abc by, struct packet packet)
{
	return run_packet(PG_EGRESS, ifindexes[by], &packet);
}

int received(enum abc by, struct packet packet)
{
	return run_packet(PG_INGRESS, ifindexes[by], &packet);
}

int exchanged(enum abc from, enum abc to, struct packet packet)
{
	int verdict = sent(from, packet);

	return verdict == PASS ? received(to, packet) : verdict;
}

int sent_changed(const struct packet *packet, size_t at, uint8_t value, size_t length)
{
	struct frame frame = frame_of(packet);

	frame.bytes[at] = value;
	if (length)
		frame.length = length;
	return run_frame(PG_EGRESS, abc_ifindex(A), &frame);
}

void assert_malformed_drops(const struct packet *packet)
{
	assert_int_equal(sent_changed(packet, IP_AT, 0x45, 0), PASS);
	/* version; header too short; total length beyond the frame, or within the header */
	assert_int_equal(sent_changed(packet, IP_AT, 0x65, 0), DROP);
	assert_int_equal(sent_changed(packet, IP_AT, 0x44, 0), DROP);
	assert_int_equal(sent_changed(packet, IP_AT + 2, 1, 0), DROP);
	assert_int_equal(sent_changed(packet, IP_AT + 3, 19, 0), DROP);
	assert_int_equal(sent_changed(packet, IP_AT + 3, 0, 0), DROP);
	/* header longer than the packet */
	assert_int_equal(sent_changed(packet, IP_AT, 0x4f, 0), DROP);
	/* TCP's header: cut off; longer than the packet; too short */
	assert_int_equal(sent_changed(packet, IP_AT + 3, 39, 0), DROP);
	assert_int_equal(sent_changed(packet, TCP_AT + 12, 0x60, 0), DROP);
	assert_int_equal(sent_changed(packet, TCP_AT + 12, 0x40, 0), DROP);
	/* the frame ends after the IP header, as long as the header claims and not */
	assert_int_equal(sent_changed(packet, IP_AT, 0x45, IP_AT + 20), DROP);
	assert_int_equal(sent_changed(packet, IP_AT + 3, 20, IP_AT + 20), DROP);
}
