// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames on a real veth, for what BPF_PROG_TEST_RUN can't make: VLAN tags that the kernel has taken
 * out of the frame, and frames that end in the middle of a header. A frame that must not arrive is
 * sent before one that must: they stay in order.
 */
#include "tests/unit/backends/ebpf_abc.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

static int packet_socket(const char *interface)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(interface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/*
 * For everybody, so that the interface takes it for its own. What the program of this side drops is
 * reported to the sender as a full queue.
 */
static void transmit(int fd, struct frame frame)
{
	memset(frame.bytes, 0xff, 6);
	assert_true(send(fd, frame.bytes, frame.length, 0) == (ssize_t)frame.length ||
		    errno == ENOBUFS);
}

/* Puts a VLAN tag into a frame. */
static struct frame tagged(struct frame plain, uint8_t vlan)
{
	uint8_t inner[sizeof(plain.bytes)] = { 0, vlan };

	memcpy(inner + 2, plain.bytes + 12, plain.length - 12);
	return frame_raw(ETH_P_8021Q, inner, 2 + plain.length - 12);
}

static struct frame cut(const struct packet *packet, size_t length)
{
	struct frame frame = frame_of(packet);

	frame.length = length;
	return frame;
}

static uint64_t dropped(const char *reason)
{
	return world_counter(reason, PG_EGRESS, PG_VERDICT_DENY);
}

static void allow_a(struct world *world)
{
	world_rule(world, A_ID, PG_EGRESS, ANY_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_rule(world, A_ID, PG_INGRESS, ANY_ID, EVERY, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
}

/* Counted once the kernel has got to it; all before it in its queue have been then. */
static void wait_for(const char *rule, uint64_t packets)
{
	for (int i = 0; world_counter(rule, PG_EGRESS, PG_VERDICT_ALLOW) < packets; i++) {
		assert_true(i < 10000);
		poll(NULL, 0, 1);
	}
}

/* From the container's end. */
static void test_what_a_container_sends(void **state)
{
	struct world *world = abc_begin(state);
	struct packet from_a = udp(A_IP, 1, WORLD_IP, 2), from_c = udp(C_IP, 1, WORLD_IP, 2);
	_cleanup_close_ int a = packet_socket("va-c"), c = packet_socket("vc-c");

	allow_a(world);
	transmit(a, frame_of(&from_a));
	transmit(a, tagged(frame_of(&from_a), 5));
	transmit(c, tagged(frame_of(&from_c), 5));
	transmit(a, cut(&from_a, ETH_HLEN + 19));
	transmit(a, cut(&from_a, ETH_HLEN + 27));
	transmit(a, frame_of(&from_c));
	transmit(a, frame_of(&from_a));
	wait_for("rule-1", 2);
	assert_int_equal(dropped("vlan"), 1);
	assert_int_equal(dropped(PG_COUNT_MALFORMED), 2);
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 1);
}

/* Receivers take VLAN 0 as no tag: an open endpoint may use it, but not to spoof. */
static void test_vlan_0(void **state)
{
	struct world *world = abc_begin(state);
	struct packet from_a = udp(A_IP, 1, WORLD_IP, 2), from_c = udp(C_IP, 1, WORLD_IP, 2);
	_cleanup_close_ int a = packet_socket("va-c"), c = packet_socket("vc-c");

	allow_a(world);
	transmit(c, tagged(frame_of(&from_c), 0));
	transmit(c, tagged(frame_of(&from_a), 5));
	transmit(c, tagged(frame_of(&from_a), 0));
	transmit(c, tagged(cut(&from_a, ETH_HLEN + 19), 0));
	transmit(c, tagged(tagged(frame_of(&from_a), 0), 0));
	transmit(a, tagged(frame_of(&from_a), 0));
	transmit(a, frame_of(&from_a));
	wait_for("rule-1", 1);
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 1);
	assert_int_equal(dropped(PG_COUNT_MALFORMED), 1);
	assert_int_equal(dropped("vlan"), 2);
}

/* The same with IPv6; discovery passes as ever, and an endpoint of which no address is known is free. */
static void test_vlan_0_of_ipv6(void **state)
{
	struct world *world = abc_begin(state);
	struct packet from_a = udp(A_IP6, 1, WORLD_IP6, 2), from_c = udp(C_IP6, 1, WORLD_IP6, 2);
	struct packet from_link = udp(LINK_IP6, 1, WORLD_IP6, 2);
	struct packet discovery = icmpv6(LINK_IP6, "ff02::1", 135, 0);
	struct packet last = udp(A_IP, 1, WORLD_IP, 2);
	_cleanup_close_ int a = packet_socket("va-c"), c = packet_socket("vc-c");

	allow_a(world);
	transmit(c, tagged(frame_of(&from_a), 0));
	transmit(a, frame_of(&last));
	wait_for("rule-1", 1);
	abc_add_ipv6(world);
	abc_apply(world);
	transmit(c, tagged(frame_of(&from_c), 0));
	transmit(c, tagged(frame_of(&from_a), 5));
	transmit(c, tagged(frame_of(&from_a), 0));
	transmit(c, tagged(frame_of(&from_link), 0));
	transmit(c, tagged(frame_of(&discovery), 0));
	transmit(c, tagged(cut(&from_a, ETH_HLEN + 39), 0));
	transmit(c, tagged(tagged(frame_of(&from_a), 0), 0));
	transmit(a, tagged(frame_of(&discovery), 0));
	transmit(a, cut(&from_a, ETH_HLEN + 1));
	transmit(a, cut(&from_a, ETH_HLEN + 39));
	transmit(a, cut(&from_a, ETH_HLEN + 47));
	transmit(a, frame_of(&from_a));
	wait_for("rule-1", 2);
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 2);
	assert_int_equal(dropped(PG_COUNT_MALFORMED), 4);
	assert_int_equal(dropped("vlan"), 2);
}

/* The UDP destination port of the next IPv4 frame that arrives, tagged or not. */
static uint16_t next_port(int fd)
{
	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		struct frame frame;
		ssize_t length;

		assert_int_equal(poll(&ready, 1, 10000), 1);
		length = recv(fd, frame.bytes, sizeof(frame.bytes), 0);
		assert_true(length > 0);
		if (length >= 38 && frame.bytes[12] == 8 && !frame.bytes[13])
			return (uint16_t)(frame.bytes[36] << 8 | frame.bytes[37]);
	}
}

/* From the host's end, where frames that leave pass to_container. */
static void test_what_a_container_gets(void **state)
{
	struct world *world = abc_begin(state);
	struct packet to_a = udp(WORLD_IP, 1, A_IP, 10), other = udp(WORLD_IP, 1, B_IP, 11);
	struct packet denied = udp(WORLD_IP, 1, A_IP, 12), last = udp(WORLD_IP, 1, A_IP, 13);
	_cleanup_close_ int host = packet_socket("va"), container = packet_socket("va-c");

	world_rule(world, A_ID, PG_INGRESS, WORLD_ID, IPPROTO_UDP, 12, 12, PG_VERDICT_DENY, 3);
	allow_a(world);
	transmit(host, frame_of(&to_a));
	assert_int_equal(next_port(container), 10);
	transmit(host, tagged(frame_of(&to_a), 5));
	transmit(host, frame_of(&other));
	transmit(host, frame_of(&denied));
	transmit(host, frame_of(&last));
	assert_int_equal(next_port(container), 13);
	assert_int_equal(dropped("vlan"), 1);
	assert_int_equal(dropped(PG_COUNT_NOT_OWN), 1);
	assert_int_equal(world_counter("rule-3", PG_INGRESS, PG_VERDICT_DENY), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_what_a_container_sends),
		abc_test(test_vlan_0),
		abc_test(test_vlan_0_of_ipv6),
		abc_test(test_what_a_container_gets),
	};
	cpu_set_t one;

	/* What one processor sends stays in order. */
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	abc_enter();
	return cmocka_run_group_tests_name("ebpf wire", tests, NULL, NULL);
}
