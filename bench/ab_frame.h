/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames as one container sends them to another one, for running programs on. */
#ifndef PG_BENCH_AB_FRAME_H
#define PG_BENCH_AB_FRAME_H

#include "compat/util.h"

struct ab_frame {
	uint8_t family;	  /* 4 or 6 */
	bool udp;	  /* else TCP */
	uint8_t from, to; /* last byte of the containers' addresses */
	uint16_t sport, dport;
	uint8_t flags; /* of TCP */
};

#define AB_FRAME_MAX 128
#define AB_TCP_SYN   0x02
#define AB_TCP_ACK   0x10

/* Writes Ethernet, IP and transport headers, without checksums. Yields the length. */
size_t ab_frame_write(const struct ab_frame *frame, uint8_t bytes[AB_FRAME_MAX]);

#endif
