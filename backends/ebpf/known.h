/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What live() learns of the maps besides objects: numbers that only this kernel knows. A commit costs
 * what changes, and not what is there, since it need not look for them. It keeps them true.
 */
#ifndef PG_BACKENDS_EBPF_KNOWN_H
#define PG_BACKENDS_EBPF_KNOWN_H

#include "backends/ebpf/slots.h"

struct pg_known_endpoint; /* of a hash table */

struct pg_known {
	uint32_t generation, pending; /* of the meta map */
	size_t entries[PG_MAPS_WITH_HALVES];
	struct pg_slots slots;
	struct pg_known_endpoint *endpoints;
};

/* NULL: without memory. */
struct pg_known *pg_known_new(void);
void pg_known_free(struct pg_known *known); /* accepts NULL */

/* At which interface index the endpoint of an interface is in the map; 0: none is. */
uint32_t pg_known_ifindex(const struct pg_known *known, const char interface[PG_ABI_IFNAME]);

/* Index 0: it is no more. -ENOMEM. */
int pg_known_set(struct pg_known *known, const char interface[PG_ABI_IFNAME], uint32_t ifindex);

#endif
