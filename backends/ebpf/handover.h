/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Of a flow that takes a short way, on this host or by the uplink, the kernel's connection tracking has seen the first packets at most.
 * Before its packets go through the stack again, it is put in there as the running flow that it is, so
 * that rules which let known flows pass know it.
 */
#ifndef PG_BACKENDS_EBPF_HANDOVER_H
#define PG_BACKENDS_EBPF_HANDOVER_H

#include "backends/ebpf/lookup.h"
#include "compat/nfnl.h"

struct pg_handover {
	struct pg_lookup lookup; /* in the policy that counted when it began */
	struct pg_nfnl nfnl;
	uint32_t seconds[3]; /* that a flow is remembered: TCP, UDP, others */
	uint64_t now;
	size_t failed;
	int err;   /* the first failure's */
	bool idle; /* there is no connection tracking: nothing is to be done */
};

void pg_handover_done(struct pg_handover *handover);
#define _cleanup_handover_ PG_CLEANUP(pg_handover_done)

/* The pins are borrowed. -errno. */
int pg_handover_begin(const struct pg_pins *pins, struct pg_handover *ret_handover);

/*
 * Once before packets go through the stack, and once after, for what has taken the short way meanwhile:
 * it is known by few packets that are just past, and may miss some that are sent until then.
 */
void pg_handover_pass(struct pg_handover *handover);

/* A warning if something failed. */
void pg_handover_report(const struct pg_handover *handover, struct pg_diags *diags);

#endif
