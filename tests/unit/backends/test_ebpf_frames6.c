// SPDX-License-Identifier: GPL-2.0-only
/* What the programs check of IPv6 before any policy: addresses, extension headers, fragments. */
#include "tests/unit/backends/ebpf_abc.h"

#include <bpf/bpf.h>
#include <netinet/icmp6.h>

#include "backends/ebpf/events.h"

#define MLD_QUERY   130
#define MLD2_REPORT 143
#define ALL_NODES   "ff02::1"
#define MLD_ROUTERS "ff02::16"

/* a may send everything to anybody, and everybody to a. */
static void allow_a(struct world *world)
{
	world_rule(world, A_ID, PG_EGRESS, ANY_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_rule(world, A_ID, PG_INGRESS, ANY_ID, EVERY, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
}

static struct world *begin_with_a_allowed(void **state)
{
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	allow_a(world);
	return world;
}

/* a may connect to the world's port 80. */
static void begin_with_port_80(void **state)
{
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
}

static uint64_t dropped(const char *reason)
{
	return world_counter(reason, PG_EGRESS, PG_VERDICT_DENY);
}

static void test_spoofing(void **state)
{
	begin_with_a_allowed(state);
	assert_passes(sent(A, udp(A_IP6, 1, WORLD_IP6, 2)));
	assert_passes(sent(C, udp(C_IP6, 1, WORLD_IP6, 2)));
	assert_drops(sent(A, udp(B_IP6, 1, WORLD_IP6, 2)));
	assert_drops(sent(A, udp(WORLD_IP6, 1, WORLD_IP6, 2)));
	/* One bit of another word each. */
	assert_drops(sent(A, udp("fc00::2", 1, WORLD_IP6, 2)));
	assert_drops(sent(A, udp("fd00:0:1::2", 1, WORLD_IP6, 2)));
	assert_drops(sent(A, udp("fd00::1:0:2", 1, WORLD_IP6, 2)));
	assert_drops(sent(A, udp("fd00::12", 1, WORLD_IP6, 2)));
	/* Also of an endpoint that is open, from the link, and what DHCP clients send. */
	assert_drops(sent(C, udp(A_IP6, 1, WORLD_IP6, 2)));
	assert_drops(sent(C, udp(LINK_IP6, 1, "fe80::3", 2)));
	assert_drops(sent(C, udp(LINK_IP6, 546, "ff02::1:2", 547)));
	assert_drops(sent(C, udp("::", 1, ALL_NODES, 2)));
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 10);
}

static void test_spoofing_of_a_known_flow(void **state)
{
	begin_with_a_allowed(state);
	assert_passes(sent(A, udp(A_IP6, 1, WORLD_IP6, 2)));
	assert_passes(received(A, udp(WORLD_IP6, 2, A_IP6, 1)));
	assert_drops(sent(B, udp(A_IP6, 1, WORLD_IP6, 2)));
	assert_passes(sent(A, udp(A_IP6, 1, WORLD_IP6, 2)));
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 1);
}

/* Nothing else is delivered to the link's addresses, be the endpoint open. */
static void test_not_for_the_endpoint(void **state)
{
	begin_with_a_allowed(state);
	assert_passes(received(A, udp(WORLD_IP6, 1, A_IP6, 2)));
	assert_drops(received(A, udp(WORLD_IP6, 1, B_IP6, 2)));
	assert_drops(received(A, udp(WORLD_IP6, 1, ALL_NODES, 2)));
	assert_drops(received(A, udp(WORLD_IP6, 1, LINK_IP6, 2)));
	assert_passes(received(C, udp(WORLD_IP6, 1, C_IP6, 2)));
	assert_passes(received(C, udp(WORLD_IP6, 1, B_IP6, 2)));
	assert_passes(received(C, udp(WORLD_IP6, 1, ALL_NODES, 2)));
	assert_drops(received(C, udp(WORLD_IP6, 1, LINK_IP6, 2)));
	assert_drops(received(C, udp(WORLD_IP6, 1, "febf:ffff::1", 2)));
	assert_passes(received(C, udp(WORLD_IP6, 1, "fec0::1", 2)));
	assert_int_equal(dropped(PG_COUNT_NOT_OWN), 5);
}

/* Both ways, between any addresses. */
static void assert_neighbourly(enum abc endpoint, uint8_t type, bool wanted)
{
	static const char *const addresses[] = { A_IP6, WORLD_IP6, LINK_IP6, "::", ALL_NODES };

	for (size_t i = 0; i < PG_COUNT(addresses); i++) {
		for (size_t j = 0; j < PG_COUNT(addresses); j++) {
			struct packet packet = icmpv6(addresses[i], addresses[j], type, 0);

			assert_int_equal(sent(endpoint, packet), wanted ? PASS : DROP);
			assert_int_equal(received(endpoint, packet), wanted ? PASS : DROP);
		}
	}
}

static void test_neighbour_discovery(void **state)
{
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	abc_apply(world);
	for (uint8_t type = ND_ROUTER_SOLICIT; type <= ND_REDIRECT; type++)
		assert_neighbourly(B, type, true);
	assert_neighbourly(B, ND_REDIRECT + 1, false);
	assert_neighbourly(C, ND_NEIGHBOR_SOLICIT, true);
}

/* What asks for them after other headers is still discovery, but nobody takes it in fragments. */
static void test_neighbour_discovery_behind_headers(void **state)
{
	struct packet packet = icmpv6(LINK_IP6, ALL_NODES, ND_NEIGHBOR_SOLICIT, 0);
	struct packet fragment = packet;

	begin_with_a_allowed(state);
	extend(&packet, IPPROTO_HOPOPTS);
	extend(&packet, IPPROTO_DSTOPTS);
	assert_passes(sent(A, packet));
	make_fragment(&fragment, 1, 0, true);
	assert_drops(sent(A, fragment));
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 1);
}

static struct packet listener_report(const char *src, const char *dst, uint8_t type)
{
	struct packet packet = icmpv6(src, dst, type, 0);

	/* The router alert. */
	extend(&packet, IPPROTO_HOPOPTS);
	return packet;
}

static void test_listener_reports(void **state)
{
	static const uint8_t types[] = { MLD_LISTENER_REPORT, MLD_LISTENER_REDUCTION, MLD2_REPORT };
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	abc_apply(world);
	for (size_t i = 0; i < PG_COUNT(types); i++) {
		assert_passes(sent(A, listener_report(LINK_IP6, MLD_ROUTERS, types[i])));
		assert_passes(received(A, listener_report(LINK_IP6, MLD_ROUTERS, types[i])));
		assert_passes(sent(A, icmpv6(LINK_IP6, MLD_ROUTERS, types[i], 0)));
		assert_drops(sent(A, listener_report("::", MLD_ROUTERS, types[i])));
		assert_drops(sent(A, listener_report(A_IP6, MLD_ROUTERS, types[i])));
		assert_drops(sent(A, listener_report(LINK_IP6, "fe80::1", types[i])));
	}
	assert_passes(received(A, listener_report(LINK_IP6, ALL_NODES, MLD_QUERY)));
	assert_drops(received(A, listener_report(WORLD_IP6, ALL_NODES, MLD_QUERY)));
	assert_drops(sent(A, listener_report(LINK_IP6, ALL_NODES, MLD_QUERY)));
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 7);
}

/* a is closed and c open, and no address of theirs is known. */
static void test_no_known_address(void **state)
{
	struct packet broken = tcp(A_IP6, 1, WORLD_IP6, 2, TCP_SYN);

	for (int i = 0; i < PACKET_EXTENSIONS; i++)
		extend(&broken, IPPROTO_DSTOPTS);
	allow_a(abc_begin(state));
	assert_drops(sent(A, udp(A_IP6, 1, WORLD_IP6, 2)));
	assert_drops(received(A, udp(WORLD_IP6, 1, A_IP6, 2)));
	assert_drops(sent(A, udp("::", 1, WORLD_IP6, 2)));
	assert_drops(received(A, udp(WORLD_IP6, 1, "::", 2)));
	assert_drops(sent(A, broken));
	assert_neighbourly(A, ND_NEIGHBOR_ADVERT, true);
	assert_passes(sent(A, listener_report(LINK_IP6, MLD_ROUTERS, MLD2_REPORT)));
	assert_int_equal(dropped(PG_COUNT_IPV6), 5);
	assert_passes(sent(C, udp(LINK_IP6, 1, WORLD_IP6, 2)));
	assert_passes(received(C, udp(WORLD_IP6, 1, LINK_IP6, 2)));
	assert_passes(sent(C, broken));
	assert_passes(sent(A, udp(A_IP, 1, WORLD_IP, 2)));
}

static void test_closed_in_one_direction(void **state)
{
	struct world *world = abc_begin(state);

	world->table.subjects.items[0].enforced[PG_INGRESS] = false;
	world->table.subjects.items[1].enforced[PG_EGRESS] = false;
	abc_apply(world);
	assert_drops(sent(A, udp(A_IP6, 1, WORLD_IP6, 2)));
	assert_passes(received(A, udp(WORLD_IP6, 1, A_IP6, 2)));
	assert_passes(sent(B, udp(B_IP6, 1, WORLD_IP6, 2)));
	assert_drops(received(B, udp(WORLD_IP6, 1, B_IP6, 2)));
}

/* An endpoint that has no IPv4 address has none of zeros either. */
static void test_no_ipv4_address(void **state)
{
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	world->endpoints.list.items[C].ipv4 = (struct pg_addr){ 0 };
	abc_apply(world);
	assert_drops(sent(C, udp("0.0.0.0", 68, "255.255.255.255", 67)));
	assert_passes(sent(C, udp(C_IP6, 1, WORLD_IP6, 2)));
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 1);
}

static const uint8_t extensions[] = { IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
				      IPPROTO_DSTOPTS, IPPROTO_AH };

static void assert_ports_found(struct packet packet)
{
	packet.dport = 80;
	assert_passes(sent(A, packet));
	packet.dport = 81;
	assert_drops(sent(A, packet));
}

/* Ports are judged behind each of them, however long. */
static void test_extension_headers(void **state)
{
	static const uint8_t lengths[] = { 0, 1, 2, 127, 128, 255 };

	begin_with_port_80(state);
	for (size_t i = 0; i < PG_COUNT(extensions); i++) {
		for (size_t j = 0; j < PG_COUNT(lengths); j++) {
			struct packet packet = tcp(A_IP6, 1000, WORLD_IP6, 80, TCP_SYN);

			extend(&packet, extensions[i]);
			packet.extension_length = lengths[j];
			assert_ports_found(packet);
		}
	}
}

static void test_many_extension_headers(void **state)
{
	struct packet packet = tcp(A_IP6, 1000, WORLD_IP6, 80, TCP_SYN);

	begin_with_port_80(state);
	for (int i = 0; i < PG_ABI_IPV6_HEADERS; i++) {
		extend(&packet, extensions[(size_t)i % PG_COUNT(extensions)]);
		assert_ports_found(packet);
	}
	extend(&packet, IPPROTO_DSTOPTS);
	assert_drops(sent(A, packet));
	assert_int_equal(dropped(PG_COUNT_MALFORMED), 1);
}

/* What the kernel doesn't walk is a protocol without ports. */
static void test_other_protocols(void **state)
{
	static const uint8_t protocols[] = { IPPROTO_ESP, IPPROTO_NONE, IPPROTO_MH, 139, 253 };
	struct world *world = begin_with_a_allowed(state);

	for (size_t i = 0; i < PG_COUNT(protocols); i++) {
		struct packet packet = { .src = A_IP6, .dst = WORLD_IP6, .proto = protocols[i] };

		assert_passes(sent(A, packet));
		extend(&packet, IPPROTO_DSTOPTS);
		assert_passes(sent(A, packet));
	}
	world_rule(world, A_ID, PG_EGRESS, ANY_ID, TCP_ALL, PG_VERDICT_ALLOW, 3);
	world->table.entries.items[0] = world->table.entries.items[2];
	world->table.entries.count = 1;
	abc_apply(world);
	assert_passes(sent(A, tcp(A_IP6, 1, WORLD_IP6, 2, TCP_SYN)));
	for (size_t i = 0; i < PG_COUNT(protocols); i++) {
		struct packet packet = { .src = A_IP6, .dst = CIDR_IP6, .proto = protocols[i] };

		assert_drops(sent(A, packet));
	}
}

#define IP_AT ETH_HLEN

static void set_payload(struct frame *frame, size_t length)
{
	frame->bytes[IP_AT + 4] = (uint8_t)(length >> 8);
	frame->bytes[IP_AT + 5] = (uint8_t)length;
}

static int run_bytes(const struct frame *frame)
{
	return run_frame(PG_EGRESS, abc_ifindex(A), frame);
}

/*
 * The frame, or the length that its header claims, ends at any byte of the headers. Frames that end in
 * IPv6's own can't be made here but on the wire.
 */
static void test_cut_off(void **state)
{
	struct packet packet = tcp(A_IP6, 1000, WORLD_IP6, 80, TCP_SYN);
	struct frame whole;
	size_t cuts = 0;

	begin_with_a_allowed(state);
	for (size_t i = 0; i < PG_COUNT(extensions); i++)
		extend(&packet, extensions[i]);
	whole = frame_of(&packet);
	assert_int_equal(run_bytes(&whole), PASS);
	for (size_t length = ETH_HLEN + 40; length < whole.length; length++, cuts++) {
		struct frame frame = whole;

		frame.length = length;
		assert_int_equal(run_bytes(&frame), DROP);
	}
	for (size_t payload = 0; payload < whole.length - IP_AT - 40; payload++, cuts++) {
		struct frame frame = whole;

		set_payload(&frame, payload);
		assert_int_equal(run_bytes(&frame), DROP);
	}
	assert_int_equal(dropped(PG_COUNT_MALFORMED), cuts);
}

static void test_malformed(void **state)
{
	struct packet packet = tcp(A_IP6, 1, WORLD_IP6, 2, TCP_SYN);
	struct packet options = packet;
	struct frame frame = frame_of(&packet), other = frame;

	begin_with_a_allowed(state);
	other.bytes[IP_AT] = 0x40;
	assert_int_equal(run_bytes(&other), DROP);
	/* longer than the frame; TCP's header too short, and longer than the packet */
	other = frame;
	set_payload(&other, 21);
	assert_int_equal(run_bytes(&other), DROP);
	other = frame;
	other.bytes[IP_AT + 52] = 0x40;
	assert_int_equal(run_bytes(&other), DROP);
	other.bytes[IP_AT + 52] = 0x60;
	assert_int_equal(run_bytes(&other), DROP);
	/* an extension header that is longer than the packet */
	extend(&options, IPPROTO_DSTOPTS);
	other = frame_of(&options);
	other.bytes[IP_AT + 41] = 3;
	assert_int_equal(run_bytes(&other), DROP);
	assert_int_equal(dropped(PG_COUNT_MALFORMED), 5);
	/* Ethernet pads frames that are too short. */
	frame.length += 7;
	assert_int_equal(run_bytes(&frame), PASS);
}

static void test_short_transport_headers(void **state)
{
	struct packet of_udp = udp(A_IP6, 1, WORLD_IP6, 2), of_sctp = of_udp;
	struct packet of_icmp = icmpv6(A_IP6, WORLD_IP6, 128, 1);
	struct {
		struct packet *packet;
		size_t least;
	} table[] = { { &of_udp, 8 }, { &of_sctp, 12 }, { &of_icmp, 8 } };

	of_sctp.proto = IPPROTO_SCTP;
	begin_with_a_allowed(state);
	for (size_t i = 0; i < PG_COUNT(table); i++) {
		struct frame frame = frame_of(table[i].packet);

		set_payload(&frame, table[i].least);
		assert_int_equal(run_bytes(&frame), PASS);
		set_payload(&frame, table[i].least - 1);
		assert_int_equal(run_bytes(&frame), DROP);
	}
}

static int run_uncut(const struct packet *packet, uint32_t segment)
{
	struct frame frame = frame_of(packet);
	struct __sk_buff context = { .ifindex = abc_ifindex(A), .gso_size = segment };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.bytes,
		    .data_size_in = (uint32_t)frame.length, .ctx_in = &context,
		    .ctx_size_in = sizeof(context));
	_cleanup_pins_ struct pg_pins pins;

	world_pins(&pins);
	set_payload(&frame, 0);
	assert_int_equal(bpf_prog_test_run_opts(pins.programs[PG_EGRESS], &options), 0);
	return (int)options.retval;
}

/* Segments not yet cut, of more than 64 KiB together, say 0 in the length field. */
static void test_big_tcp(void **state)
{
	struct packet packet = tcp(A_IP6, 1, WORLD_IP6, 2, TCP_ACK);

	begin_with_a_allowed(state);
	assert_int_equal(run_uncut(&packet, 1448), PASS);
	assert_int_equal(run_uncut(&packet, 0), DROP);
	/* With the jumbo payload's option. */
	extend(&packet, IPPROTO_HOPOPTS);
	assert_int_equal(run_uncut(&packet, 1448), PASS);
}

static struct packet fragment_of(struct packet packet, uint32_t id, uint16_t offset, bool more)
{
	make_fragment(&packet, id, offset, more);
	return packet;
}

#define ID 0x12345678

static void test_fragments_follow_the_first(void **state)
{
	struct packet whole = udp(A_IP6, 1000, B_IP6, 80), other = whole;
	struct packet first = fragment_of(whole, ID, 0, true);
	struct packet later = fragment_of(whole, ID, 1024, true);
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	world_rule(world, A_ID, PG_EGRESS, B_ID, IPPROTO_UDP, 80, 80, PG_VERDICT_ALLOW, 1);
	world_rule(world, B_ID, PG_INGRESS, A_ID, IPPROTO_UDP, 80, 80, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	assert_drops(sent(A, later));
	assert_passes(sent(A, first));
	assert_passes(sent(A, later));
	/* What the sender's side let through is not yet let in. */
	assert_drops(received(B, later));
	assert_passes(received(B, first));
	assert_passes(received(B, later));
	assert_passes(exchanged(A, B, fragment_of(whole, ID, 2048, false)));
	/* A datagram is told by its addresses and all 32 bits of its number, whatever the protocol. */
	assert_drops(sent(A, fragment_of(whole, ID + 1, 1024, true)));
	assert_drops(sent(A, fragment_of(whole, ID ^ 0x10000, 1024, true)));
	other.proto = IPPROTO_DSTOPTS;
	assert_passes(sent(A, fragment_of(other, ID, 1024, true)));
	other.dst = C_IP6;
	assert_drops(sent(A, fragment_of(other, ID, 1024, true)));
	/* The same number from the other side. */
	assert_drops(sent(B, fragment_of(udp(B_IP6, 80, A_IP6, 1000), ID, 1024, true)));
	assert_int_equal(world_counter("rule-1", PG_EGRESS, PG_VERDICT_ALLOW), 1);
	assert_int_equal(dropped("fragment"), 6);
}

/* A number that was used for what is denied lets nothing through; nor does one of IPv4. */
static void test_fragments_of_what_is_denied(void **state)
{
	struct packet denied = udp(A_IP6, 1000, WORLD_IP6, 81),
		      of_ipv4 = udp(A_IP, 1, WORLD_IP, 80);
	struct packet allowed = udp(A_IP6, 1000, WORLD_IP6, 80);
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_UDP, 80, 80, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	of_ipv4.id = 7;
	of_ipv4.fragment = 0x2000;
	assert_passes(sent(A, of_ipv4));
	assert_drops(sent(A, fragment_of(denied, 0x0700, 0, true)));
	assert_drops(sent(A, fragment_of(denied, 0x0700, 8, false)));
	assert_passes(sent(A, fragment_of(allowed, 8, 0, true)));
	assert_passes(sent(A, fragment_of(allowed, 8, 8, false)));
	/* Of an endpoint about which there is nothing to judge; its address must be right. */
	assert_passes(sent(C, fragment_of(udp(C_IP6, 1, WORLD_IP6, 2), 9, 8, false)));
	assert_drops(sent(C, fragment_of(allowed, 8, 8, false)));
	assert_int_equal(dropped(PG_COUNT_SPOOFED), 1);
}

static void test_fragments_grow_old(void **state)
{
	struct packet whole = udp(A_IP6, 1, WORLD_IP6, 2);
	struct pg_map_frag_key key = { .id = htonl(ID) };
	_cleanup_pins_ struct pg_pins pins;
	struct pg_map_frag frag;
	struct pg_addr addr;

	begin_with_a_allowed(state);
	assert_passes(sent(A, fragment_of(whole, ID, 0, true)));
	assert_passes(sent(A, fragment_of(whole, ID, 8, false)));
	pg_addr_parse(A_IP6, &addr);
	memcpy(key.addr6[0], addr.bytes, sizeof(key.addr6[0]));
	pg_addr_parse(WORLD_IP6, &addr);
	memcpy(key.addr6[1], addr.bytes, sizeof(key.addr6[1]));
	world_pins(&pins);
	assert_int_equal(bpf_map_lookup_elem(pins.maps[PG_MAP_FRAGS6], &key, &frag), 0);
	frag.seen -= (PG_ABI_IDLE_FRAGMENT + 1) * 1000000000ull;
	assert_int_equal(bpf_map_update_elem(pins.maps[PG_MAP_FRAGS6], &key, &frag, BPF_EXIST), 0);
	assert_drops(sent(A, fragment_of(whole, ID, 8, false)));
}

/* The first fragment must have all headers (RFC 7112); a fragment of a fragment can't be told. */
static void test_fragments_that_hide_the_header(void **state)
{
	struct packet whole = tcp(A_IP6, 1, WORLD_IP6, 2, TCP_SYN);
	struct packet nested = fragment_of(whole, ID, 0, true);
	struct frame first = frame_of(&nested);

	begin_with_a_allowed(state);
	set_payload(&first, 8 + 19);
	assert_int_equal(run_bytes(&first), DROP);
	set_payload(&first, 8);
	assert_int_equal(run_bytes(&first), DROP);
	make_fragment(&nested, ID, 0, true);
	assert_drops(sent(A, nested));
	assert_drops(sent(A, fragment_of(whole, ID, 8, false)));
	assert_int_equal(dropped(PG_COUNT_MALFORMED), 3);
	assert_passes(sent(A, fragment_of(whole, ID, 0, true)));
	assert_passes(sent(A, fragment_of(whole, ID, 24, false)));
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
	struct packet many = udp(A_IP6, 1, WORLD_IP6, 2);
	struct pg_backend_handle *handle;
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct world *world = abc_begin(state);
	struct pg_drops *drops = NULL;
	struct pg_drop seen[4], *next = seen;

	abc_add_ipv6(world);
	world_rule(world, B_ID, PG_INGRESS, ANY_ID, IPPROTO_ICMPV6, 0, 65535, PG_VERDICT_DENY, 3);
	abc_apply(world);
	handle = world_open(NULL);
	assert_int_equal(pg_drops_open(handle, true, &diags, &drops), 0);
	assert_drops(received(B, icmpv6(CIDR_IP6, B_IP6, 128, 1000)));
	for (int i = 0; i < PACKET_EXTENSIONS; i++)
		extend(&many, IPPROTO_DSTOPTS);
	assert_drops(sent(A, many));
	assert_int_equal(pg_drops_read(drops, 0, keep, &next), 2);
	assert_string_equal(seen[0].reason, "policy");
	assert_string_equal(seen[0].rule, "rule-3");
	assert_int_equal(seen[0].subject.n, B_ID);
	assert_int_equal(seen[0].peer.n, CIDR_ID);
	assert_addr(&seen[0].src, CIDR_IP6);
	assert_addr(&seen[0].dst, B_IP6);
	assert_int_equal(seen[0].proto.n, IPPROTO_ICMPV6);
	assert_int_equal(seen[0].dport, 128);
	assert_int_equal(seen[0].length, 48);
	assert_string_equal(seen[1].reason, PG_COUNT_MALFORMED);
	assert_addr(&seen[1].src, A_IP6);
	assert_addr(&seen[1].dst, WORLD_IP6);
	pg_drops_close(drops);
	pg_backend_ebpf.close(handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_spoofing),
		abc_test(test_spoofing_of_a_known_flow),
		abc_test(test_not_for_the_endpoint),
		abc_test(test_neighbour_discovery),
		abc_test(test_neighbour_discovery_behind_headers),
		abc_test(test_listener_reports),
		abc_test(test_no_known_address),
		abc_test(test_closed_in_one_direction),
		abc_test(test_no_ipv4_address),
		abc_test(test_extension_headers),
		abc_test(test_many_extension_headers),
		abc_test(test_other_protocols),
		abc_test(test_cut_off),
		abc_test(test_malformed),
		abc_test(test_short_transport_headers),
		abc_test(test_big_tcp),
		abc_test(test_fragments_follow_the_first),
		abc_test(test_fragments_of_what_is_denied),
		abc_test(test_fragments_grow_old),
		abc_test(test_fragments_that_hide_the_header),
		abc_test(test_events),
	};

	abc_enter();
	return cmocka_run_group_tests_name("ebpf frames of IPv6", tests, NULL, NULL);
}
