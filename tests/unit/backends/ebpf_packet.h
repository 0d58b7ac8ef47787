/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets made by hand, and the programs run on them (BPF_PROG_TEST_RUN). */
#ifndef PG_TESTS_UNIT_BACKENDS_EBPF_PACKET_H
#define PG_TESTS_UNIT_BACKENDS_EBPF_PACKET_H

#include "tests/unit/backends/ebpf_world.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct frame {
	uint8_t bytes[3072];
	size_t length;
};

#define PACKET_EXTENSIONS 8

struct packet {
	const char *src, *dst; /* of which family they are the packet is */
	uint8_t proto;
	uint16_t sport, dport; /* ICMP: identifier and type */
	uint8_t tcp_flags;
	uint8_t options; /* IPv4: bytes of IP options, a multiple of 4 */
	/* IPv6: protocols of the extension headers, and what their field for the length says */
	uint8_t extensions[PACKET_EXTENSIONS], extension_length;
	size_t extension_count;
	uint32_t id;		    /* of a fragment; IPv4: 16 bits */
	uint16_t fragment;	    /* the field: flags, and offset in units of 8 bytes */
	const struct packet *about; /* ICMP errors: the packet that is sent back */
};

/* Packets to be changed where a test wants more. The texts must outlive the packet. */
struct packet tcp(const char *src, uint16_t sport, const char *dst, uint16_t dport, uint8_t flags);
struct packet udp(const char *src, uint16_t sport, const char *dst, uint16_t dport);
struct packet icmp(const char *src, const char *dst, uint8_t type, uint16_t id);
struct packet icmp_error(const char *src, const char *dst, uint8_t type,
			 const struct packet *about);

struct packet icmpv6(const char *src, const char *dst, uint8_t type, uint16_t id);
struct packet icmpv6_error(const char *src, const char *dst, uint8_t type,
			   const struct packet *about);

/* Appends an extension header, of 8 bytes. */
void extend(struct packet *packet, uint8_t proto);
/* Appends a fragment's: with the offset in bytes. */
void make_fragment(struct packet *packet, uint32_t id, uint16_t offset, bool more);

struct frame frame_of(const struct packet *packet);
/* An Ethernet frame of any kind. */
struct frame frame_raw(uint16_t ethertype, const void *bytes, size_t length);

/* TC_ACT_UNSPEC (-1), TC_ACT_SHOT (2) or TC_ACT_REDIRECT (7). */
#define PASS (-1)
#define DROP 2
#define HAND 7

/* The verdict of one program, as it is pinned, on the host's side of an interface. */
int run_frame(enum pg_direction direction, uint32_t ifindex, const struct frame *frame);
/* Where the pinned state is open already. */
int run_frame_on(const struct pg_pins *pins, enum pg_direction direction, uint32_t ifindex,
		 const struct frame *frame);
int run_packet(enum pg_direction direction, uint32_t ifindex, const struct packet *packet);

#endif
