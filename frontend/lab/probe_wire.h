/* SPDX-License-Identifier: GPL-2.0-only */
/* The packets that probes make by hand: ICMP echoes, and SCTP as far as its first answer. */
#ifndef PG_FRONTEND_PROBE_WIRE_H
#define PG_FRONTEND_PROBE_WIRE_H

#include "policy/addr.h"

#define PG_WIRE_MAX 64 /* the largest packet made here */

/* CRC32c (RFC 9260, appendix A), as the number whose little-endian bytes go into the header. */
uint32_t pg_wire_crc32c(const uint8_t *bytes, size_t length);

/*
 * Echo request that carries a token: of ICMP (RFC 792) for family 4, of ICMPv6 (RFC 4443) for 6, whose
 * checksum is the kernel's to fill in, since it takes addresses. Returns its length.
 */
size_t pg_wire_echo(uint8_t packet[PG_WIRE_MAX], uint8_t family, uint16_t id, uint64_t token);

/* What the receiver of ICMP and ICMPv6 messages has to tell apart. */
struct pg_wire_icmp {
	enum {
		PG_WIRE_ICMP_OTHER,
		PG_WIRE_ICMP_REPLY,	  /* id, token */
		PG_WIRE_ICMP_UNREACHABLE, /* code, and of the packet it is about: proto, port, to */
	} kind;
	uint16_t id;
	uint64_t token;
	uint8_t code, proto;
	uint16_t port; /* source port, or the echo's id */
	struct pg_addr to;
};

/*
 * Raw sockets hand IPv4 packets out with their IP header, IPv6 packets without: this is its length, 0
 * for family 6. SIZE_MAX: it isn't there in whole.
 */
size_t pg_wire_header(const uint8_t *data, size_t length, uint8_t family);

/*
 * `data` starts at the message. Anything but a whole one of these kinds is PG_WIRE_ICMP_OTHER, and so
 * is one about a packet with IPv6 extension headers: no probe has any.
 */
struct pg_wire_icmp pg_wire_icmp_parse(const uint8_t *data, size_t length, uint8_t family);

enum {
	PG_WIRE_SCTP_INIT = 1,
	PG_WIRE_SCTP_INIT_ACK = 2,
	PG_WIRE_SCTP_ABORT = 6,
};

/* An SCTP packet by its first chunk (RFC 9260, 3.1 and 3.3). */
struct pg_wire_sctp {
	uint16_t sport, dport;
	uint32_t tag;	   /* verification tag */
	uint8_t chunk;	   /* type */
	uint32_t init_tag; /* of INIT and INIT ACK */
};

/* Makes an INIT or INIT ACK. Returns its length. */
size_t pg_wire_sctp_make(uint8_t packet[PG_WIRE_MAX], const struct pg_wire_sctp *sctp);
/* `data` starts at the SCTP header. False: not a whole one. */
bool pg_wire_sctp_parse(const uint8_t *data, size_t length, struct pg_wire_sctp *ret_sctp);

#endif
