/* SPDX-License-Identifier: GPL-2.0-only */
/* iptables-restore with the rules that polgen would install. */
#ifndef PG_BENCH_AB_RESTORE_H
#define PG_BENCH_AB_RESTORE_H

#include "backends/backend.h"

/*
 * Has iptables-legacy-restore replace our chains of IPv4, and add the rules that jump there, unless
 * they are there. Yields how long it ran, ms. -EIO: it failed.
 */
int ab_restore(const struct pg_backend_options *options, const struct pg_intent *intent,
	       struct pg_diags *diags, double *ret_ms);

#endif
