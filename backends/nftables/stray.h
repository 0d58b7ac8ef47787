/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chains and rules that aren't as polgen makes them. They follow from which maps there are and from what
 * the tables say of themselves, so the policy isn't needed to tell.
 */
#ifndef PG_BACKENDS_NFTABLES_STRAY_H
#define PG_BACKENDS_NFTABLES_STRAY_H

#include "backends/nftables/kernel.h"
#include "backends/nftables/layout.h"

struct pg_nftables_strays {
	struct pg_objects wanted, live; /* chains, rules, and what is foreign */
	struct pg_diff diff;
};

void pg_nftables_strays_done(struct pg_nftables_strays *strays);
#define _cleanup_strays_ PG_CLEANUP(pg_nftables_strays_done)

/* -ENOENT: these objects are no tables of polgen's. -ENOMEM. */
int pg_nftables_find_strays(const struct pg_objects *live, struct pg_nftables_strays *ret_strays);

/* What the tables say of themselves. -ENOENT: nothing. */
int pg_nftables_find_meta(const struct pg_objects *objects, struct pg_nftables_meta *ret_meta);

#endif
