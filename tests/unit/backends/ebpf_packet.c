// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/backends/ebpf_packet.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <netinet/ip6.h>

struct packet tcp(const char *src, uint16_t sport, const char *dst, uint16_t dport, uint8_t flags)
{
	return (struct packet){
		.src = src,
		.dst = dst,
		.proto = IPPROTO_TCP,
		.sport = sport,
		.dport = dport,
		.tcp_flags = flags,
	};
}

struct packet udp(const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	return (struct packet){
		.src = src, .dst = dst, .proto = IPPROTO_UDP, .sport = sport, .dport = dport
	};
}

struct packet icmp(const char *src, const char *dst, uint8_t type, uint16_t id)
{
	return (struct packet){
		.src = src, .dst = dst, .proto = IPPROTO_ICMP, .sport = id, .dport = type
	};
}

struct packet icmp_error(const char *src, const char *dst, uint8_t type, const struct packet *about)
{
	struct packet packet = icmp(src, dst, type, 0);

	packet.about = about;
	return packet;
}

struct packet icmpv6(const char *src, const char *dst, uint8_t type, uint16_t id)
{
	struct packet packet = icmp(src, dst, type, id);

	packet.proto = IPPROTO_ICMPV6;
	return packet;
}

struct packet icmpv6_error(const char *src, const char *dst, uint8_t type,
			   const struct packet *about)
{
	struct packet packet = icmpv6(src, dst, type, 0);

	packet.about = about;
	return packet;
}

void extend(struct packet *packet, uint8_t proto)
{
	assert_true(packet->extension_count < PACKET_EXTENSIONS);
	packet->extensions[packet->extension_count++] = proto;
}

void make_fragment(struct packet *packet, uint32_t id, uint16_t offset, bool more)
{
	extend(packet, IPPROTO_FRAGMENT);
	packet->id = id;
	packet->fragment = (uint16_t)(offset | more);
}

static void put(struct frame *frame, const void *bytes, size_t length)
{
	assert_true(frame->length + length <= sizeof(frame->bytes));
	memcpy(frame->bytes + frame->length, bytes, length);
	frame->length += length;
}

static void put8(struct frame *frame, uint8_t value)
{
	put(frame, &value, sizeof(value));
}

static void put16(struct frame *frame, uint16_t value)
{
	uint16_t wire = htons(value);

	put(frame, &wire, sizeof(wire));
}

static void put_zeros(struct frame *frame, size_t length)
{
	static const char zeros[2048];

	put(frame, zeros, length);
}

static void put_address(struct frame *frame, const char *text)
{
	struct pg_addr addr;

	assert_int_equal(pg_addr_parse(text, &addr), 0);
	put(frame, addr.bytes, pg_addr_bits(&addr) / 8);
}

static void put_transport(struct frame *frame, const struct packet *packet);

static void put_ipv4(struct frame *frame, const struct packet *packet)
{
	size_t start = frame->length;
	uint16_t total;

	put8(frame, (uint8_t)(0x45 + packet->options / 4));
	put8(frame, 0);
	put16(frame, 0);
	put16(frame, (uint16_t)packet->id);
	put16(frame, packet->fragment);
	put8(frame, 64);
	put8(frame, packet->proto);
	put16(frame, 0);
	put_address(frame, packet->src);
	put_address(frame, packet->dst);
	put_zeros(frame, packet->options);
	if (packet->fragment & 0x1fff)
		put_zeros(frame, 32);
	else
		put_transport(frame, packet);
	total = htons((uint16_t)(frame->length - start));
	memcpy(frame->bytes + start + 2, &total, sizeof(total));
}

static void put_fragment(struct frame *frame, const struct packet *packet)
{
	put8(frame, 0);
	put16(frame, packet->fragment);
	put16(frame, (uint16_t)(packet->id >> 16));
	put16(frame, (uint16_t)packet->id);
}

/* The rest of an extension header; AH counts in units of 4 bytes. */
static void put_extension(struct frame *frame, const struct packet *packet, uint8_t proto)
{
	size_t units = packet->extension_length;

	if (proto == IPPROTO_FRAGMENT) {
		put_fragment(frame, packet);
		return;
	}
	put8(frame, packet->extension_length);
	put_zeros(frame, proto == IPPROTO_AH ? 4 * units + 6 : 8 * units + 6);
}

static void put_extensions(struct frame *frame, const struct packet *packet)
{
	for (size_t i = 0; i < packet->extension_count; i++) {
		bool is_last = i + 1 == packet->extension_count;

		put8(frame, is_last ? packet->proto : packet->extensions[i + 1]);
		put_extension(frame, packet, packet->extensions[i]);
	}
}

static void put_ipv6(struct frame *frame, const struct packet *packet)
{
	size_t start = frame->length + sizeof(struct ip6_hdr);
	uint16_t payload;

	put8(frame, 0x60);
	put_zeros(frame, 5);
	put8(frame, packet->extension_count ? packet->extensions[0] : packet->proto);
	put8(frame, 64);
	put_address(frame, packet->src);
	put_address(frame, packet->dst);
	put_extensions(frame, packet);
	if (packet->fragment & 0xfff8)
		put_zeros(frame, 32);
	else
		put_transport(frame, packet);
	payload = htons((uint16_t)(frame->length - start));
	memcpy(frame->bytes + start - sizeof(struct ip6_hdr) + 4, &payload, sizeof(payload));
}

static bool is_ipv6(const struct packet *packet)
{
	return strchr(packet->src, ':');
}

static void put_ip(struct frame *frame, const struct packet *packet)
{
	if (is_ipv6(packet))
		put_ipv6(frame, packet);
	else
		put_ipv4(frame, packet);
}

static void put_icmp(struct frame *frame, const struct packet *packet)
{
	put8(frame, (uint8_t)packet->dport);
	put_zeros(frame, 3);
	put16(frame, packet->sport);
	put16(frame, 1);
	if (packet->about)
		put_ip(frame, packet->about);
}

static void put_transport(struct frame *frame, const struct packet *packet)
{
	if (packet->proto == IPPROTO_ICMP || packet->proto == IPPROTO_ICMPV6) {
		put_icmp(frame, packet);
		return;
	}
	put16(frame, packet->sport);
	put16(frame, packet->dport);
	if (packet->proto == IPPROTO_TCP) {
		put_zeros(frame, 8);
		put8(frame, 0x50);
		put8(frame, packet->tcp_flags);
		put_zeros(frame, 6);
	} else {
		put_zeros(frame, 8);
	}
}

struct frame frame_raw(uint16_t ethertype, const void *bytes, size_t length)
{
	struct frame frame = { 0 };

	put_zeros(&frame, 12);
	put16(&frame, ethertype);
	put(&frame, bytes, length);
	return frame;
}

struct frame frame_of(const struct packet *packet)
{
	struct frame frame = frame_raw(is_ipv6(packet) ? ETH_P_IPV6 : ETH_P_IP, "", 0);

	put_ip(&frame, packet);
	return frame;
}

int run_frame_on(const struct pg_pins *pins, enum pg_direction direction, uint32_t ifindex,
		 const struct frame *frame)
{
	struct __sk_buff context = { .ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes,
		    .data_size_in = (uint32_t)frame->length, .ctx_in = &context,
		    .ctx_size_in = sizeof(context));

	assert_int_equal(bpf_prog_test_run_opts(pins->programs[direction], &options), 0);
	return (int)options.retval;
}

int run_frame(enum pg_direction direction, uint32_t ifindex, const struct frame *frame)
{
	_cleanup_pins_ struct pg_pins pins;

	world_pins(&pins);
	return run_frame_on(&pins, direction, ifindex, frame);
}

int run_packet(enum pg_direction direction, uint32_t ifindex, const struct packet *packet)
{
	struct frame frame = frame_of(packet);

	return run_frame(direction, ifindex, &frame);
}
