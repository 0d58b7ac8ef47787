/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether flows get through, found out with real packets: one process holds sockets in all the
 * namespaces and probes all flows at once.
 */
#ifndef PG_FRONTEND_PROBE_H
#define PG_FRONTEND_PROBE_H

#include "policy/addr.h"
#include "policy/diag.h"
#include "policy/types.h"

enum pg_probe_result {
	PG_PROBE_UNKNOWN, /* not probed, or the probe itself failed: `error` */
	PG_PROBE_OPEN, /* TCP: connected; UDP, echo: answered; SCTP: the INIT arrived and was answered */
	PG_PROBE_CLOSED,  /* nothing came back */
	PG_PROBE_REFUSED, /* an answer came that says no: RST, ICMP error */
	PG_PROBE_RESULTS,
};

struct pg_probe {
	int src_netns, dst_netns; /* descriptors; borrowed */
	struct pg_addr src, dst;  /* src of family 0: the kernel's choice */
	pg_proto proto;		  /* ICMP with IPv4 only, ICMPV6 with IPv6 only: an echo request */
	uint16_t dport;		  /* of echoes: ignored */
	bool expect_open; /* wait longer before it is called closed; never changes what is reported */
	enum pg_probe_result result;
	int error; /* errno of a probe that could not be made */
};

struct pg_probe_options {
	unsigned int
		settle_ms; /* silence after the last answer before the rest counts as closed; 0: 300 */
	unsigned int limit_ms; /* the most to wait for those expected open; 0: 3000 */
	/*
	 * Where source ports and the ids of echoes go on from; NULL: anywhere. Runs that share one meet
	 * no flow state (conntrack) of each other until 32768 flows later.
	 */
	uint32_t *sequence;
};

/*
 * Listens where nobody does yet, connects, waits, fills in `result` of every probe. TCP and UDP ports
 * that already have a listener are used as they are (UDP then counts as open only when it answers).
 * -EPERM, -EMFILE and the like: nothing was probed.
 */
int pg_probe_run(struct pg_probe *probes, size_t count, const struct pg_probe_options *options,
		 struct pg_diags *diags);

const char *pg_probe_result_name(enum pg_probe_result result);

#endif
