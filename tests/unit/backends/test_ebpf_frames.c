// SPDX-License-Identifier: GPL-2.0-only
/* What the programs check before any policy: addresses, headers, fragments, other protocols. */
#include "tests/unit/backends/ebpf_abc.h"

#include <bpf/bpf.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>

#include "backends/ebpf/events.h"

/* a may send everything to anybody, and everybody to a. */
static struct world *begin_with_a_allowed(void **state)
{
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, ANY_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_rule(world, A_ID, PG_INGRESS, ANY_ID, EVERY, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	return world;
}

static uint64_t dropped(const char *reason)
{
	return world_counter(reason, PG_EGRESS, PG_VERDICT_DENY);
}

static void test_spoofing(void **state)
{
	begin_with_a_allowed(state);
	assert_passes(sent(A, udp(A_IP, 1, WORLD_IP, 2)));
	assert_drops(sent(A, udp(B_IP, 1, WORLD_IP, 2)));
	assert_drops(sent(A, udp(WORLD_IP, 1, WORLD_IP, 2)));
	/* Also of an endpoint that is open, and what DHCP clients send. */
	assert_drops(sent(C, udp(A_IP, 1, WORLD_IP, 2)));
	assert_drops(sent(C, udp("0.0.0.0", 68, "255.255.255.255", 67)));
	assert_passes(sent(C, udp(C_IP, 1, WORLD_IP, 2)));
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 4);
}

/* Not even a flow that is known gets a spoofed packet through. */
static void test_spoofing_of_a_known_flow(void **state)
{
	begin_with_a_allowed(state);
	assert_passes(sent(A, udp(A_IP, 1, WORLD_IP, 2)));
	assert_passes(received(A, udp(WORLD_IP, 2, A_IP, 1)));
	assert_drops(sent(B, udp(A_IP, 1, WORLD_IP, 2)));
	assert_passes(sent(A, udp(A_IP, 1, WORLD_IP, 2)));
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 1);
}

/* A bridge floods; what is closed gets nothing that isn't for itself. */
static void test_not_for_the_endpoint(void **state)
{
	begin_with_a_allowed(state);
	assert_drops(received(A, udp(WORLD_IP, 1, B_IP, 2)));
	assert_drops(received(A, udp(WORLD_IP, 1, "255.255.255.255", 2)));
	assert_drops(received(A, udp(HOST_IP, 1, "224.0.0.1", 2)));
	assert_passes(received(A, udp(WORLD_IP, 1, A_IP, 2)));
	assert_passes(received(C, udp(WORLD_IP, 1, "255.255.255.255", 2)));
	assert_int_equal(dropped(PG_COUNT_NOT_OWN), 3);
}

static void test_malformed(void **state)
{
	struct packet packet = tcp(A_IP, 1, WORLD_IP, 2, TCP_SYN);

	begin_with_a_allowed(state);
	assert_malformed_drops(&packet);
	assert_int_equal(dropped(PG_COUNT_MALFORMED), 11);
}

static void test_short_transport_headers(void **state)
{
	struct packet of_udp = udp(A_IP, 1, WORLD_IP, 2), of_sctp = of_udp;
	struct packet of_icmp = icmp(A_IP, WORLD_IP, 8, 1);

	begin_with_a_allowed(state);
	of_sctp.proto = IPPROTO_SCTP;
	assert_int_equal(sent_changed(&of_udp, IP_AT + 3, 28, 0), PASS);
	assert_int_equal(sent_changed(&of_udp, IP_AT + 3, 27, 0), DROP);
	assert_int_equal(sent_changed(&of_sctp, IP_AT + 3, 32, 0), PASS);
	assert_int_equal(sent_changed(&of_sctp, IP_AT + 3, 31, 0), DROP);
	assert_int_equal(sent_changed(&of_icmp, IP_AT + 3, 28, 0), PASS);
	assert_int_equal(sent_changed(&of_icmp, IP_AT + 3, 27, 0), DROP);
}

static void test_padding_and_options(void **state)
{
	struct packet packet = tcp(A_IP, 1000, WORLD_IP, 80, TCP_SYN);
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	for (packet.options = 0; packet.options <= 40; packet.options += 4) {
		packet.dport = 80;
		assert_passes(sent(A, packet));
		packet.dport = 81;
		assert_drops(sent(A, packet));
	}
	/* Ethernet pads frames that are too short. */
	packet.options = 0;
	packet.dport = 80;
	assert_int_equal(sent_changed(&packet, 60, 0xff, 64), PASS);
}

/* Segments not yet cut, of more than 64 KiB together, say 0 in the length field. */
static void test_big_tcp(void **state)
{
	struct packet packet = tcp(A_IP, 1, WORLD_IP, 2, TCP_ACK);
	struct frame frame = frame_of(&packet);
	struct __sk_buff context = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.bytes,
		    .data_size_in = (uint32_t)frame.length, .ctx_in = &context,
		    .ctx_size_in = sizeof(context));
	_cleanup_pins_ struct pg_pins pins;

	begin_with_a_allowed(state);
	world_pins(&pins);
	frame.bytes[IP_AT + 3] = 0;
	context.ifindex = abc_ifindex(A);
	context.gso_size = 1448;
	assert_int_equal(bpf_prog_test_run_opts(pins.programs[PG_EGRESS], &options), 0);
	assert_int_equal((int)options.retval, PASS);
}

#define MORE 0x2000

static void test_fragments_follow_the_first(void **state)
{
	struct packet first = udp(A_IP, 1000, B_IP, 80), later = first;
	struct world *world = abc_begin(state);

	world_rule(world, A_ID, PG_EGRESS, B_ID, IPPROTO_UDP, 80, 80, PG_VERDICT_ALLOW, 1);
	world_rule(world, B_ID, PG_INGRESS, A_ID, IPPROTO_UDP, 80, 80, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	first.id = later.id = 7;
	first.fragment = MORE;
	later.fragment = MORE | 2;
	assert_drops(sent(A, later));
	assert_passes(sent(A, first));
	assert_passes(sent(A, later));
	/* What the sender's side let through is not yet let in. */
	assert_drops(received(B, later));
	assert_passes(received(B, first));
	assert_passes(received(B, later));
	later.fragment = 4;
	assert_passes(exchanged(A, B, later));
	/* Another datagram, another protocol, another destination. */
	later.id = 8;
	assert_drops(sent(A, later));
	later.id = 7;
	later.proto = IPPROTO_TCP;
	assert_drops(sent(A, later));
	later.proto = IPPROTO_UDP;
	later.dst = C_IP;
	assert_drops(sent(A, later));
	/* As in a chain, where a datagram is put together first, it counts once. */
	assert_int_equal(world_counter("rule-1", PG_EGRESS, PG_VERDICT_ALLOW), 1);
	assert_int_equal(dropped("fragment"), 5);
}

static void test_fragments_of_what_is_denied(void **state)
{
	struct packet first = udp(A_IP, 1000, B_IP, 81), later = first;
	struct world *world = abc_begin(state);

	abc_apply(world);
	first.fragment = MORE;
	later.fragment = 2;
	assert_drops(sent(A, first));
	assert_drops(sent(A, later));
	/* Of an endpoint about which there is nothing to judge. */
	later.src = C_IP;
	assert_passes(sent(C, later));
}

static void test_fragments_grow_old(void **state)
{
	struct pg_map_frag_key key = { .id = 0x0700, .proto = IPPROTO_UDP };
	struct packet first = udp(A_IP, 1, WORLD_IP, 2), later = first;
	_cleanup_pins_ struct pg_pins pins;
	struct pg_map_frag frag;
	struct pg_addr addr;

	begin_with_a_allowed(state);
	first.id = later.id = 7;
	first.fragment = MORE;
	later.fragment = 2;
	assert_passes(sent(A, first));
	assert_passes(sent(A, later));
	pg_addr_parse(A_IP, &addr);
	memcpy(&key.addr4[0], addr.bytes, 4);
	pg_addr_parse(WORLD_IP, &addr);
	memcpy(&key.addr4[1], addr.bytes, 4);
	world_pins(&pins);
	assert_int_equal(bpf_map_lookup_elem(pins.maps[PG_MAP_FRAGS4], &key, &frag), 0);
	frag.seen -= (PG_ABI_IDLE_FRAGMENT + 1) * 1000000000ull;
	assert_int_equal(bpf_map_update_elem(pins.maps[PG_MAP_FRAGS4], &key, &frag, BPF_EXIST), 0);
	assert_drops(sent(A, later));
}

/* Fragments made so that the ports or flags are not where they are judged (RFC 1858, RFC 3128). */
static void test_fragments_that_hide_the_header(void **state)
{
	struct packet first = tcp(A_IP, 1, WORLD_IP, 2, TCP_SYN), second = first;

	begin_with_a_allowed(state);
	first.fragment = MORE;
	second.fragment = 1;
	assert_int_equal(sent_changed(&first, IP_AT + 3, 36, 0), DROP);
	assert_passes(sent(A, first));
	assert_drops(sent(A, second));
	second.fragment = 3;
	assert_passes(sent(A, second));
	assert_int_equal(dropped(PG_COUNT_MALFORMED), 2);
}

static struct frame frame_ipv6(uint8_t next_header, uint8_t type)
{
	uint8_t bytes[48] = { 0x60, [4] = 0, [5] = 8, [6] = next_header, [7] = 255 };

	bytes[40] = type;
	return frame_raw(ETH_P_IPV6, bytes, sizeof(bytes));
}

static void test_ipv6(void **state)
{
	struct frame of_udp = frame_ipv6(IPPROTO_UDP, ND_NEIGHBOR_SOLICIT);
	struct frame hidden = frame_ipv6(IPPROTO_DSTOPTS, ND_NEIGHBOR_SOLICIT);
	struct frame cut;

	begin_with_a_allowed(state);
	for (int type = 132; type <= 138; type++) {
		struct frame frame = frame_ipv6(IPPROTO_ICMPV6, (uint8_t)type);
		bool is_nd = type >= ND_ROUTER_SOLICIT && type <= ND_REDIRECT;

		assert_int_equal(run_frame(PG_EGRESS, abc_ifindex(A), &frame), is_nd ? PASS : DROP);
		assert_int_equal(run_frame(PG_INGRESS, abc_ifindex(A), &frame),
				 is_nd ? PASS : DROP);
	}
	assert_int_equal(run_frame(PG_EGRESS, abc_ifindex(A), &of_udp), DROP);
	assert_int_equal(run_frame(PG_EGRESS, abc_ifindex(A), &hidden), DROP);
	assert_int_equal(run_frame(PG_EGRESS, abc_ifindex(C), &of_udp), PASS);
	assert_int_equal(run_frame(PG_INGRESS, abc_ifindex(C), &of_udp), PASS);
	cut = frame_ipv6(IPPROTO_ICMPV6, ND_NEIGHBOR_SOLICIT);
	cut.length = ETH_HLEN + 40;
	assert_int_equal(run_frame(PG_EGRESS, abc_ifindex(A), &cut), DROP);
	assert_int_equal(dropped("ipv6"), 7);
}

static void test_tagged_frames(void **state)
{
	struct packet packet = udp(A_IP, 1, WORLD_IP, 2);
	struct frame plain = frame_of(&packet);
	uint8_t tagged[2 + sizeof(plain.bytes)] = { 0, 5 };
	static const uint16_t types[] = { ETH_P_8021Q, ETH_P_8021AD };

	begin_with_a_allowed(state);
	memcpy(tagged + 2, plain.bytes + 12, plain.length - 12);
	for (size_t i = 0; i < PG_COUNT(types); i++) {
		struct frame frame = frame_raw(types[i], tagged, 2 + plain.length - 12);

		assert_int_equal(run_frame(PG_EGRESS, abc_ifindex(A), &frame), DROP);
		assert_int_equal(run_frame(PG_INGRESS, abc_ifindex(A), &frame), DROP);
		assert_int_equal(run_frame(PG_EGRESS, abc_ifindex(C), &frame), PASS);
	}
	assert_int_equal(run_frame(PG_EGRESS, abc_ifindex(A), &plain), PASS);
	assert_int_equal(dropped("vlan"), 4);
}

/* An open endpoint's denies must not be got around by a tag that receivers take for none. */
static void test_tagged_frames_of_whom_a_rule_speaks(void **state)
{
	struct packet packet = udp(WORLD_IP, 1, C_IP, 2);
	struct frame plain = frame_of(&packet), frame;
	uint8_t tagged[2 + sizeof(plain.bytes)] = { 0, 0 };
	struct world *world = abc_begin(state);

	world_rule(world, C_ID, PG_INGRESS, WORLD_ID, EVERY, PG_VERDICT_DENY, 1);
	abc_apply(world);
	memcpy(tagged + 2, plain.bytes + 12, plain.length - 12);
	frame = frame_raw(ETH_P_8021Q, tagged, 2 + plain.length - 12);
	assert_int_equal(run_frame(PG_INGRESS, abc_ifindex(C), &frame), DROP);
	assert_int_equal(run_frame(PG_EGRESS, abc_ifindex(C), &frame), PASS);
	assert_int_equal(dropped("vlan"), 1);
}

static void test_arp(void **state)
{
	struct world *world = abc_begin(state);
	uint8_t zeros[28] = { 0 };
	struct frame frame = frame_raw(ETH_P_ARP, zeros, sizeof(zeros));

	abc_apply(world);
	assert_int_equal(run_frame(PG_EGRESS, abc_ifindex(A), &frame), PASS);
	assert_int_equal(run_frame(PG_INGRESS, abc_ifindex(A), &frame), PASS);
}

static int keep(void *context, const struct pg_drop *drop)
{
	struct pg_drop **next = context;

	*(*next)++ = *drop;
	return 0;
}

static void assert_addr(const struct pg_addr *addr, const char *text)
{
	char formatted[PG_ADDR_TEXT_MAX];

	assert_string_equal(pg_addr_format(addr, formatted), text);
}

static void test_events(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_handle *handle;
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_drops *drops = NULL;
	struct pg_drop seen[4], *next = seen;

	world_rule(world, B_ID, PG_INGRESS, ANY_ID, IPPROTO_UDP, 0, 65535, PG_VERDICT_DENY, 3);
	abc_apply(world);
	handle = world_open(NULL);
	assert_drops(sent(A, udp(A_IP, 1, WORLD_IP, 2)));
	assert_int_equal(pg_drops_open(handle, true, &diags, &drops), 0);
	assert_drops(received(B, udp(CIDR_IP, 1000, B_IP, 53)));
	assert_drops(sent(A, udp(B_IP, 1, WORLD_IP, 2)));
	assert_passes(sent(C, udp(C_IP, 1, WORLD_IP, 2)));
	assert_int_equal(pg_drops_read(drops, 0, keep, &next), 2);
	assert_string_equal(seen[0].reason, "policy");
	assert_string_equal(seen[0].rule, "rule-3");
	assert_int_equal(seen[0].direction, PG_INGRESS);
	assert_int_equal(seen[0].ifindex, abc_ifindex(B));
	assert_int_equal(seen[0].subject.n, B_ID);
	assert_int_equal(seen[0].peer.n, CIDR_ID);
	assert_addr(&seen[0].src, CIDR_IP);
	assert_addr(&seen[0].dst, B_IP);
	assert_int_equal(seen[0].proto.n, IPPROTO_UDP);
	assert_int_equal(seen[0].sport, 1000);
	assert_int_equal(seen[0].dport, 53);
	assert_int_equal(seen[0].length, 32);
	assert_string_equal(seen[1].reason, PG_COUNT_SPOOFED);
	assert_string_equal(seen[1].rule, "");
	assert_int_equal(seen[1].ifindex, abc_ifindex(A));
	assert_int_equal(pg_drops_read(drops, 0, keep, &next), 0);
	pg_drops_close(drops);
	pg_backend_ebpf.close(handle);
}

static int count(void *context, const struct pg_drop *drop)
{
	(void)drop;
	++*(uint64_t *)context;
	return 0;
}

/* With nobody who reads, what doesn't fit is counted and packets are dropped as ever. */
static void test_events_that_are_lost(void **state)
{
	struct world *world = abc_begin(state);
	struct packet packet = udp(A_IP, 1, WORLD_IP, 2);
	struct frame frame = frame_of(&packet);
	struct __sk_buff context = { .ifindex = abc_ifindex(A) };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.bytes,
		    .data_size_in = (uint32_t)frame.length, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = 5000);
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_pins_ struct pg_pins pins;
	struct pg_backend_handle *handle;
	struct pg_drops *drops = NULL;
	uint64_t lost, read = 0;

	abc_apply(world);
	world_pins(&pins);
	assert_int_equal(bpf_prog_test_run_opts(pins.programs[PG_EGRESS], &options), 0);
	assert_int_equal((int)options.retval, DROP);
	lost = world_counter("event-lost", PG_EGRESS, PG_VERDICT_NONE);
	assert_true(lost > 0 && lost < 5000);
	handle = world_open(NULL);
	assert_int_equal(pg_drops_open(handle, false, &diags, &drops), 0);
	assert_true(pg_drops_read(drops, 0, count, &read) > 0);
	assert_int_equal(read + lost, 5000);
	assert_int_equal(world_counter("default-deny", PG_EGRESS, PG_VERDICT_DENY), 5000);
	pg_drops_close(drops);
	pg_backend_ebpf.close(handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_spoofing),
		abc_test(test_spoofing_of_a_known_flow),
		abc_test(test_not_for_the_endpoint),
		abc_test(test_malformed),
		abc_test(test_short_transport_headers),
		abc_test(test_padding_and_options),
		abc_test(test_big_tcp),
		abc_test(test_fragments_follow_the_first),
		abc_test(test_fragments_of_what_is_denied),
		abc_test(test_fragments_grow_old),
		abc_test(test_fragments_that_hide_the_header),
		abc_test(test_ipv6),
		abc_test(test_tagged_frames),
		abc_test(test_tagged_frames_of_whom_a_rule_speaks),
		abc_test(test_arp),
		abc_test(test_events),
		abc_test(test_events_that_are_lost),
	};

	abc_enter();
	return cmocka_run_group_tests_name("ebpf frames", tests, NULL, NULL);
}
