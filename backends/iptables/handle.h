/* SPDX-License-Identifier: GPL-2.0-only */
/* What the functions of the iptables backend share. */
#ifndef PG_BACKENDS_IPTABLES_HANDLE_H
#define PG_BACKENDS_IPTABLES_HANDLE_H

#include "backends/backend.h"
#include "backends/iptables/flavour.h"
#include "backends/iptables/layout.h"

struct pg_backend_handle {
	bool kernel;				      /* this namespace was asked; else defaults */
	const struct pg_ipt_flavour *flavour, *other; /* the one in use, and the one that isn't */
	enum pg_layout layout;			      /* of the rules to be made */
	bool any_layout;			      /* it is still to be found which */
	char parent4[PG_CHAIN_NAME_MAX];	      /* the chains that forwarding is hooked to */
	char parent6[PG_CHAIN_NAME_MAX];
	bool ipv6; /* this host has IPv6 */
	/* What was planned last, for the commit that follows: making it anew takes its time. */
	const struct pg_intent *planned; /* NULL: nothing */
	uint8_t planned_digest[32];	 /* of the intent */
	struct pg_tree planned4, planned6;
};

/*
 * choose.c: flavour, layout and parents, from the options and from where the host's own rules are. What the
 * host uses is, in this order: where DOCKER-USER is, where FORWARD has rules, and which flavour the
 * command iptables is of. -EINVAL: an unknown flavour or layout, or no such parent.
 */
int pg_ipt_choose(const struct pg_backend_options *options, bool kernel, struct pg_diags *diags,
		  struct pg_backend_handle *handle);

/* check.c: the backend's check(). */
int pg_ipt_check(struct pg_backend_handle *handle, const struct pg_intent *intent,
		 struct pg_diags *diags);

/* report.c: the backend's status() and counters(). */
int pg_ipt_status(struct pg_backend_handle *handle, struct pg_diags *diags,
		  struct pg_backend_status *ret_status);
int pg_ipt_counters(struct pg_backend_handle *handle, struct pg_diags *diags,
		    struct pg_counters *ret_counters);

/* trace.c: the backend's trace(). */
int pg_ipt_trace(struct pg_backend_handle *handle, const struct pg_trace_query *query,
		 struct pg_diags *diags, struct pg_trace *ret_trace);

#endif
