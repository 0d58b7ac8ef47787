/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PG_BACKENDS_NFTABLES_TRACE_H
#define PG_BACKENDS_NFTABLES_TRACE_H

#include "backends/nftables/kernel.h"

/*
 * pg_backend.trace, of a state that was read with counts: appends to `trace`. What isn't polgen's in the
 * tables is not followed. -ENOMEM.
 */
int pg_nftables_trace(const struct pg_nftables_state *state, const struct pg_trace_query *query,
		      struct pg_trace *trace);

/* Appends what isn't polgen's, and what is missing. -ENOMEM. */
int pg_nftables_trace_strays(const struct pg_nftables_state *state, struct pg_trace *trace);

#endif
