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
	uint8_t bytes[256];
	size_t length;
};

struct packet {
	const char *src, *dst;
	uint8_t proto;
	uint16_t sport, dport; /* ICMP: identifier and type */
	uint8_t tcp_flags;
	uint8_t options; /* bytes of IP options, a multiple of 4 */
	uint16_t id;
	uint16_t fragment;	    /* the field: flags and offset in units of 8 bytes */
	const struct packet *about; /* ICMP errors: the packet that is sent back */
};

/* Packets to be changed where a test wants more. The texts must outlive the packet. */
struct packet tcp(const char *src, uint16_t sport, const char *dst, uint16_t dport, uint8_t flags);
struct packet udp(const char *src, uint16_t sport, const char *dst, uint16_t dport);
struct packet icmp(const char *src, const char *dst, uint8_t type, uint16_t id);
struct packet icmp_error(const char *src, const char *dst, uint8_t type,
			 const struct packet *about);

struct frame frame_of(const struct packet *packet);
/* An Ethernet frame of any kind. */
struct frame frame_raw(uint16_t ethertype, const void *bytes, size_t length);

/* TC_ACT_UNSPEC (-1) or TC_ACT_SHOT (2). */
#define PASS (-1)
#define DROP 2

/* The verdict of one program, as it is pinned, on the host's side of an interface. */
int run_frame(enum pg_direction direction, uint32_t ifindex, const struct frame *frame);
/* Where the pinned state is open already. */
int run_frame_on(const struct pg_pins *pins, enum pg_direction direction, uint32_t ifindex,
		 const struct frame *frame);
int run_packet(enum pg_direction direction, uint32_t ifindex, const struct packet *packet);

#endif
