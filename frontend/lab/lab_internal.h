/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the lab share. */
#ifndef PG_FRONTEND_LAB_INTERNAL_H
#define PG_FRONTEND_LAB_INTERNAL_H

#include "frontend/lab/lab.h"

struct pg_lab {
	int host, world; /* namespaces; -1: not made yet */
	struct pg_array(int) endpoints;
};

struct pg_lab_addrs {
	struct pg_array(struct pg_addr) list;
};

void pg_lab_addrs_done(struct pg_lab_addrs *addrs);
#define _cleanup_lab_addrs_ PG_CLEANUP(pg_lab_addrs_done)
/* Appends copies. -ENOMEM. */
int pg_lab_addrs_add(struct pg_lab_addrs *addrs, const struct pg_addr *list, size_t count);

/* Aligned blocks of addresses that hold endpoints and nobody else's address. */
struct pg_lab_blocks {
	struct pg_array(struct pg_prefix) list;
};

void pg_lab_blocks_done(struct pg_lab_blocks *blocks);
#define _cleanup_lab_blocks_ PG_CLEANUP(pg_lab_blocks_done)

/*
 * The blocks of a bridge in one family: every endpoint is in one of them, none of `others` is. What
 * is in a block is on the link for its neighbours, so routes don't grow with the square of the
 * endpoints. -ENOMEM.
 */
int pg_lab_blocks_make(const struct pg_endpoints *endpoints, uint8_t family,
		       const struct pg_addr *others, size_t other_count,
		       struct pg_lab_blocks *ret_blocks);

/* The bridge's address of a family, the first of the host's; NULL: it has none. */
const struct pg_addr *pg_lab_bridge_addr(const struct pg_endpoints *endpoints, uint8_t family);

/* Moves the process into the host's namespaces. `ipv6`: somebody has an IPv6 address. */
int pg_lab_host_enter(bool ipv6, struct pg_diags *diags, int *ret_netns);
/* Makes the network namespace of a further host, for which the mounts have to do. */
int pg_lab_host_new(bool ipv6, struct pg_diags *diags, int *ret_netns);
/* Makes the namespace of an endpoint, or of the world: loopback up. */
int pg_lab_guest_new(bool ipv6, struct pg_diags *diags, int *ret_netns);

/* Links, addresses and routes, with all namespaces made. `others`: the world's addresses. */
int pg_lab_connect(const struct pg_lab *lab, const struct pg_endpoints *endpoints,
		   const struct pg_lab_addrs *others, struct pg_diags *diags);

/* Numbers and names of interfaces, in the host's namespace. */
#define PG_LAB_BRIDGE	      "brpg0"
#define PG_LAB_BRIDGE_INDEX   2u
#define PG_LAB_UPLINK	      "uplink0"
#define PG_LAB_UPLINK_INDEX   3u
#define PG_LAB_VETH	      "vpg%zu"
#define PG_LAB_VETH_INDEX     70000u /* of the first endpoint; hosts with history need 17 bits */
#define PG_LAB_LOOPBACK_INDEX 1u
/* In the other namespaces. */
#define PG_LAB_ETH	 "eth0"
#define PG_LAB_ETH_INDEX 2u

#endif
