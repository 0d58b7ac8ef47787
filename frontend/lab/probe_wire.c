// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/lab/probe_wire.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>

#define ECHO_LENGTH	  16 /* header, token */
#define SCTP_HEADER	  12
#define SCTP_INIT	  20 /* the chunk, with its own header */
#define SCTP_COOKIE_TYPE  7
#define SCTP_COOKIE	  12 /* the parameter, with its own header */
#define SCTP_OFFER_WINDOW 65536

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)(value >> 16));
	put16(at + 2, (uint16_t)value);
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static uint64_t get64(const uint8_t *at)
{
	return (uint64_t)get32(at) << 32 | get32(at + 4);
}

uint32_t pg_wire_crc32c(const uint8_t *bytes, size_t length)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

/* RFC 1071, over an even number of bytes. */
static uint16_t internet_checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i += 2)
		sum += get16(bytes + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

size_t pg_wire_echo(uint8_t packet[PG_WIRE_MAX], uint8_t family, uint16_t id, uint64_t token)
{
	memset(packet, 0, ECHO_LENGTH);
	packet[0] = family == 4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	put16(packet + 4, id);
	put32(packet + 8, (uint32_t)(token >> 32));
	put32(packet + 12, (uint32_t)token);
	if (family == 4)
		put16(packet + 2, internet_checksum(packet, ECHO_LENGTH));
	return ECHO_LENGTH;
}

static size_t ip4_header(const uint8_t *data, size_t length)
{
	size_t header = length ? (data[0] & 0xf) * 4u : 0;

	if (length < sizeof(struct iphdr) || data[0] >> 4 != 4)
		return SIZE_MAX;
	return header >= sizeof(struct iphdr) && header <= length ? header : SIZE_MAX;
}

size_t pg_wire_header(const uint8_t *data, size_t length, uint8_t family)
{
	return family == 4 ? ip4_header(data, length) : 0;
}

static size_t inner_header(const uint8_t *inner, size_t length, uint8_t family)
{
	if (family == 4)
		return ip4_header(inner, length);
	return length >= sizeof(struct ip6_hdr) && inner[0] >> 4 == 6 ? sizeof(struct ip6_hdr)
								      : SIZE_MAX;
}

static bool is_echo(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/* A destination unreachable holds the IP header it is about, and 8 bytes after that. */
static void parse_unreachable(const uint8_t *inner, size_t length, uint8_t family,
			      struct pg_wire_icmp *icmp)
{
	size_t header = inner_header(inner, length, family);

	if (header == SIZE_MAX || length < header + 8)
		return;
	icmp->kind = PG_WIRE_ICMP_UNREACHABLE;
	icmp->proto = inner[family == 4 ? offsetof(struct iphdr, protocol)
					: offsetof(struct ip6_hdr, ip6_nxt)];
	icmp->to.family = family;
	if (family == 4)
		memcpy(icmp->to.bytes, inner + offsetof(struct iphdr, daddr), 4);
	else
		memcpy(icmp->to.bytes, inner + offsetof(struct ip6_hdr, ip6_dst), 16);
	icmp->port = get16(inner + header + (is_echo(icmp->proto) ? 4 : 0));
}

struct pg_wire_icmp pg_wire_icmp_parse(const uint8_t *data, size_t length, uint8_t family)
{
	struct pg_wire_icmp icmp = { .kind = PG_WIRE_ICMP_OTHER };
	uint8_t reply = family == 4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
	uint8_t unreachable = family == 4 ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH;

	if (length < 8)
		return icmp;
	icmp.code = data[1];
	if (data[0] == reply && length >= ECHO_LENGTH) {
		icmp.kind = PG_WIRE_ICMP_REPLY;
		icmp.id = get16(data + 4);
		icmp.token = get64(data + 8);
	} else if (data[0] == unreachable) {
		parse_unreachable(data + 8, length - 8, family, &icmp);
	}
	return icmp;
}

/*
 * One stream each way and a TSN of no meaning: nothing follows. The cookie of an INIT ACK is
 * mandatory; ours is never sent back.
 */
size_t pg_wire_sctp_make(uint8_t packet[PG_WIRE_MAX], const struct pg_wire_sctp *sctp)
{
	uint8_t *chunk = packet + SCTP_HEADER, *cookie = chunk + SCTP_INIT;
	size_t length = SCTP_INIT + (sctp->chunk == PG_WIRE_SCTP_INIT_ACK ? SCTP_COOKIE : 0);
	uint32_t crc;

	memset(packet, 0, PG_WIRE_MAX);
	put16(packet, sctp->sport);
	put16(packet + 2, sctp->dport);
	put32(packet + 4, sctp->tag);
	chunk[0] = sctp->chunk;
	put16(chunk + 2, (uint16_t)length);
	put32(chunk + 4, sctp->init_tag);
	put32(chunk + 8, SCTP_OFFER_WINDOW);
	put16(chunk + 12, 1);
	put16(chunk + 14, 1);
	put32(chunk + 16, sctp->init_tag);
	if (length > SCTP_INIT) {
		put16(cookie, SCTP_COOKIE_TYPE);
		put16(cookie + 2, SCTP_COOKIE);
	}
	length += SCTP_HEADER;
	crc = pg_wire_crc32c(packet, length);
	for (int i = 0; i < 4; i++)
		packet[8 + i] = (uint8_t)(crc >> 8 * i);
	return length;
}

bool pg_wire_sctp_parse(const uint8_t *data, size_t length, struct pg_wire_sctp *ret_sctp)
{
	const uint8_t *chunk = data + SCTP_HEADER;
	bool init;

	if (length < SCTP_HEADER + 4)
		return false;
	init = chunk[0] == PG_WIRE_SCTP_INIT || chunk[0] == PG_WIRE_SCTP_INIT_ACK;
	if (init && length < SCTP_HEADER + SCTP_INIT)
		return false;
	*ret_sctp = (struct pg_wire_sctp){
		.sport = get16(data),
		.dport = get16(data + 2),
		.tag = get32(data + 4),
		.chunk = chunk[0],
		.init_tag = init ? get32(chunk + 4) : 0,
	};
	return true;
}
