/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was dropped, packet by packet, as the programs tell it. Of the pinned state: whoever enforced
 * the policy need not be there any more. One reader at a time: an event that one has read no other
 * gets to see.
 */
#ifndef PG_BACKENDS_EBPF_EVENTS_H
#define PG_BACKENDS_EBPF_EVENTS_H

#include "backends/backend.h"
#include "policy/addr.h"

struct pg_drop {
	uint64_t time;		     /* nanoseconds of CLOCK_MONOTONIC */
	const char *reason;	     /* "policy", PG_COUNT_SPOOFED ... as the counters have it */
	char rule[PG_RULE_NAME_MAX]; /* reason "policy": which one decided; else "" */
	enum pg_direction direction; /* whose: the source's egress or the destination's ingress */
	uint32_t ifindex;	     /* where: the host's side of an endpoint's interface */
	pg_identity subject, peer;   /* 0: not looked up */
	struct pg_addr src, dst;     /* family 0: not an IP packet */
	pg_proto proto;		     /* PG_PROTO_EVERY: not read */
	uint16_t sport, dport;	     /* host order; ICMP: identifier and type */
	uint32_t length;	     /* bytes of IP */
};

struct pg_drops;

/*
 * Opens the events of the handle's network namespace. -ENOENT: nothing is enforced. `from_now`:
 * events that are waiting, perhaps for long, are passed over.
 */
int pg_drops_open(struct pg_backend_handle *handle, bool from_now, struct pg_diags *diags,
		  struct pg_drops **ret_drops);
void pg_drops_close(struct pg_drops *drops); /* accepts NULL */

/*
 * Calls fn for each event that is there, and waits up to `timeout_ms` for the first (-1: as long as
 * it takes). How many there were, or -errno: -EINTR, or what fn returned if that was negative.
 */
int pg_drops_read(struct pg_drops *drops, int timeout_ms,
		  int (*fn)(void *context, const struct pg_drop *drop), void *context);

#endif
