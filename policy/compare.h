/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two policies on the same endpoints: the flows that they judge differently, as ranges of ports that
 * cannot be made longer, each with an example.
 */
#ifndef PG_POLICY_COMPARE_H
#define PG_POLICY_COMPARE_H

#include "policy/evaluate.h"

/* Protocols as bits, in the order in which they are shown. */
enum pg_flow_proto {
	PG_FLOW_TCP,
	PG_FLOW_UDP,
	PG_FLOW_SCTP,
	PG_FLOW_ICMP,
	PG_FLOW_ICMPV6,
	PG_FLOW_OTHER, /* all protocols that the language has no word for */
	PG_FLOW_PROTOS,
};

/* One end of a flow. */
struct pg_flow_end {
	pg_identity id;	   /* of pg_flow_changes.identities */
	uint32_t endpoint; /* the example's: index into pg_endpoints.list, from 1; 0: no endpoint */
	struct pg_addr addr; /* the example's; family 0: the host, whose addresses aren't known */
};

/*
 * Flows from one identity to another that are judged alike by each policy, and not alike by both. If
 * both verdicts are REDIRECT it is the HTTP rules that differ.
 */
struct pg_flow_change {
	struct pg_flow_end src, dst;
	unsigned int protos;  /* bits of enum pg_flow_proto */
	bool every;	      /* these are all that the two can speak with each other */
	uint16_t first, last; /* ports; of ICMP and ICMPv6 message types */
	/*
	 * The example: a flow to the first of these ports, or, where that is judged by the same rules,
	 * to port 1 instead of 0 and an echo request; and the judgements of it. Elsewhere in the range
	 * other rules may give the same verdicts.
	 */
	enum pg_flow_proto proto;
	uint16_t port;
	struct pg_evaluation before, after; /* origins are those of each policy */
};

struct pg_flow_changes {
	struct pg_identities identities; /* of the CIDRs of both policies */
	/*
	 * Sources and destinations in order: endpoints by name, host, remote nodes, world, CIDRs; then
	 * by protocol and port.
	 */
	struct pg_array(struct pg_flow_change) list;
	size_t more;   /* how many there are that aren't in the list */
	bool at_least; /* and perhaps even more: counting was given up */
};

struct pg_compare_limits {
	size_t changes; /* that get into the list; the others are counted */
	/*
	 * Once the list is full, comparing ends after so many steps. A step is a range of ports, of one
	 * protocol between two identities, in which no rule begins or ends.
	 */
	size_t steps;
};

void pg_flow_changes_done(struct pg_flow_changes *changes);
#define _cleanup_flow_changes_ PG_CLEANUP(pg_flow_changes_done)

/*
 * Each policy is judged by the identities that it makes itself. Errors as of pg_identities_make() and
 * pg_resolve().
 */
int pg_compare(const struct pg_policy *before, const struct pg_policy *after,
	       const struct pg_endpoints *endpoints, const struct pg_evaluation_options *options,
	       const struct pg_compare_limits *limits, struct pg_flow_changes *ret_changes);

/* The protocol's number; PG_PROTO_EVERY for PG_FLOW_OTHER. */
pg_proto pg_flow_proto_number(enum pg_flow_proto proto);

#endif
