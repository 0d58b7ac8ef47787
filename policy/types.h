/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The numbers of the model that are easily swapped, each with a type of its own, and the small
 * enums that everything else is built from.
 */
#ifndef PG_POLICY_TYPES_H
#define PG_POLICY_TYPES_H

#include "compat/util.h"

/*
 * The number of one distinct, sorted label set. 0 is "any identity" where a peer is meant and never
 * an identity itself.
 */
typedef struct {
	uint32_t n;
} pg_identity;

#define PG_IDENTITY_ANY		  ((pg_identity){ 0 })
#define PG_IDENTITY_HOST	  ((pg_identity){ 1 })
#define PG_IDENTITY_WORLD	  ((pg_identity){ 2 })
#define PG_IDENTITY_REMOTE_NODE	  ((pg_identity){ 6 })
#define PG_IDENTITY_FIRST_CLUSTER 256u	     /* label sets of endpoints: 256..65535 */
#define PG_IDENTITY_LAST_CLUSTER  65535u     /* (Cilium's cluster-wide range) */
#define PG_IDENTITY_CIDR_FLAG	  (1u << 24) /* local CIDR identities: 1<<24 | n, n in 1..2^24-1 */

/* An IP protocol number; 0 is "every protocol" (ICMP included), never HOPOPT. */
typedef struct {
	uint8_t n;
} pg_proto;

#define PG_PROTO_EVERY	((pg_proto){ 0 })
#define PG_PROTO_ICMP	((pg_proto){ 1 })
#define PG_PROTO_TCP	((pg_proto){ 6 })
#define PG_PROTO_UDP	((pg_proto){ 17 })
#define PG_PROTO_ICMPV6 ((pg_proto){ 58 })
#define PG_PROTO_SCTP	((pg_proto){ 132 })

/* Egress comes first: it is judged first. */
enum pg_direction {
	PG_EGRESS,
	PG_INGRESS,
	PG_DIRECTIONS, /* how many there are */
};

/*
 * In order of strictness: of a flow's two sides the stricter verdict, the greater one, is the flow's.
 *
 * Within one side several rules may match one packet. Deny beats the rest, however specific each is.
 * An allow without HTTP rules takes what it covers out of the HTTP lists of all others, whatever the
 * order and however specific each is, so a packet is only redirected when no such allow covers it:
 * pg_verdict_rank(). (Cilium sends these packets to its proxy still, with a list that allows all;
 * what the peers see is the same.)
 */
enum pg_verdict {
	PG_VERDICT_NONE, /* no rule speaks of it */
	PG_VERDICT_ALLOW,
	PG_VERDICT_REDIRECT, /* allowed at L4, HTTP rules decide each request */
	PG_VERDICT_DENY,
	PG_VERDICTS,
};

/* Of the verdicts of all rules that match a packet on one side, the one of the highest rank wins. */
static inline unsigned int pg_verdict_rank(enum pg_verdict verdict)
{
	return verdict == PG_VERDICT_DENY	? 3
	       : verdict == PG_VERDICT_ALLOW	? 2
	       : verdict == PG_VERDICT_REDIRECT ? 1
						: 0;
}

enum pg_enforcement {
	PG_ENFORCEMENT_DEFAULT, /* closed once a rule with default deny selects the endpoint */
	PG_ENFORCEMENT_ALWAYS,	/* closed in both directions without a rule */
	PG_ENFORCEMENT_NEVER,	/* rules are ignored */
	PG_ENFORCEMENTS,
};

/* What happens to packets from the host itself to one of its endpoints. */
enum pg_host_policy {
	PG_HOST_POLICY_ALLOW,	/* they always pass */
	PG_HOST_POLICY_ENFORCE, /* they are judged, as peer `host` */
	PG_HOST_POLICIES,
};

/* What happens to a flow that is running when a new policy denies it. */
enum pg_on_revoke {
	PG_ON_REVOKE_CUT,  /* its state is gone: its next packet is judged as a new flow's */
	PG_ON_REVOKE_KEEP, /* it goes on until it ends, or its state times out */
	PG_ON_REVOKES,
};

/* How packets get from one endpoint of a host to another, by backends that can choose. */
enum pg_same_host {
	PG_SAME_HOST_REDIRECT, /* past the bridge and netfilter, where they have no say over the flow */
	PG_SAME_HOST_STACK, /* through them */
	PG_SAME_HOSTS,
};

/* Their text forms: "egress", "deny", "default", "enforce", "tcp" ... Unknown numbers: "?". */
const char *pg_direction_name(enum pg_direction direction);
const char *pg_verdict_name(enum pg_verdict verdict);
const char *pg_enforcement_name(enum pg_enforcement mode);
const char *pg_host_policy_name(enum pg_host_policy policy);
const char *pg_on_revoke_name(enum pg_on_revoke mode);
const char *pg_same_host_name(enum pg_same_host way);
const char *pg_proto_name(pg_proto proto); /* NULL for a protocol the policy language lacks */

/* 0, or -EINVAL when the text is none of them. Protocols in any case; "any" is not one. */
int pg_enforcement_parse(const char *text, enum pg_enforcement *ret_mode);
int pg_host_policy_parse(const char *text, enum pg_host_policy *ret_policy);
int pg_on_revoke_parse(const char *text, enum pg_on_revoke *ret_mode);
int pg_same_host_parse(const char *text, enum pg_same_host *ret_way);
int pg_proto_parse(const char *text, pg_proto *ret_proto);

#endif
