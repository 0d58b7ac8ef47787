/* SPDX-License-Identifier: GPL-2.0-only */
/* IP addresses and prefixes of both families, in network byte order. */
#ifndef PG_POLICY_ADDR_H
#define PG_POLICY_ADDR_H

#include "compat/util.h"

struct pg_addr {
	uint8_t family;	   /* 4 or 6; 0: no address */
	uint8_t bytes[16]; /* network order; an IPv4 address fills the first 4, the rest is 0 */
};

/* Bits past `length` are 0. */
struct pg_prefix {
	struct pg_addr addr;
	uint8_t length; /* 0..32 or 0..128 */
};

#define PG_ADDR_TEXT_MAX   46 /* "ffff:...:255.255.255.255" and NUL */
#define PG_PREFIX_TEXT_MAX 50 /* with "/128" */

/* 32 or 128. */
static inline uint8_t pg_addr_bits(const struct pg_addr *addr)
{
	return addr->family == 4 ? 32 : 128;
}

/*
 * Strict forms only: four decimal numbers without leading zeros, or RFC 4291 text. IPv4 in the form
 * of IPv6 (::ffff:192.0.2.1) is none: no packet has such an address, and IPv4 is meant. -EINVAL.
 */
int pg_addr_parse(const char *text, struct pg_addr *ret_addr);
/* "10.0.0.0/8"; a bare address is its /32 or /128; host bits are cleared. -EINVAL. */
int pg_prefix_parse(const char *text, struct pg_prefix *ret_prefix);

const char *pg_addr_format(const struct pg_addr *addr, char text[PG_ADDR_TEXT_MAX]);
const char *pg_prefix_format(const struct pg_prefix *prefix, char text[PG_PREFIX_TEXT_MAX]);

/* Order: family, then bytes, then length (shorter first). */
int pg_addr_compare(const struct pg_addr *a, const struct pg_addr *b);
int pg_prefix_compare(const struct pg_prefix *a, const struct pg_prefix *b);

struct pg_prefix pg_prefix_of(const struct pg_addr *addr, uint8_t length);
bool pg_prefix_contains(const struct pg_prefix *prefix, const struct pg_addr *addr);
/* True also for equal prefixes. */
bool pg_prefix_covers(const struct pg_prefix *outer, const struct pg_prefix *inner);

#endif
