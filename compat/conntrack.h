/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flows that connection tracking knows in the network namespace of an open pg_nfnl, of both
 * families and all zones, through ctnetlink.
 */
#ifndef PG_COMPAT_CONNTRACK_H
#define PG_COMPAT_CONNTRACK_H

#include "compat/nfnl.h"

/* One direction of a flow. */
struct pg_ct_tuple {
	uint8_t src[16], dst[16]; /* network order; IPv4 fills the first 4, the rest is 0 */
	/* In host order; 0 where the protocol has none. `sport` of ICMP is the identifier. */
	uint16_t sport, dport;
	uint8_t icmp_type;
};

/* A tuple as the kernel wrote it, zones of its own included: what it knows the flow by. */
struct pg_ct_key {
	uint8_t bytes[160];
	uint16_t length; /* 0: none */
};

struct pg_ct_flow {
	uint8_t family; /* 4 or 6 */
	uint8_t proto;
	/*
	 * As its first packet was when it came, and as answers come: where NAT changes addresses, the
	 * original's source is the one before, and the reply's source is the destination after it.
	 */
	struct pg_ct_tuple original, reply;
	struct pg_ct_key key;
	struct pg_ct_key master; /* of the flow that a helper expected this one by */
	uint16_t zone;		 /* network order */
	uint32_t id;
	bool replied;	   /* packets of both directions were seen */
	uint8_t tcp_state; /* TCP_CONNTRACK_... of linux/netfilter/nf_conntrack_tcp.h */
};

/*
 * The functions here yield 0, what the kernel says, or -EOPNOTSUPP: it has no ctnetlink. -EBADMSG: an
 * answer that can't be understood.
 */

/* Whether there is ctnetlink, for us. */
int pg_ct_probe(struct pg_nfnl *nfnl);

/*
 * Gives each flow to `callback`, as the kernel sends them: the table is never held as a whole. What the
 * callback returns ends the dump unless it is 0, and `nfnl` is good for nothing more then; it is busy
 * meanwhile, too.
 */
int pg_ct_dump(struct pg_nfnl *nfnl, int (*callback)(const struct pg_ct_flow *flow, void *data),
	       void *data);

/* The flow that a helper expected this one by. -ENOENT: it has ended, or there is none. */
int pg_ct_master(struct pg_nfnl *nfnl, const struct pg_ct_flow *flow,
		 struct pg_ct_flow *ret_master);

/* How long conntrack remembers a flow of a protocol that was answered and is idle, in seconds. */
uint32_t pg_ct_lifetime(uint8_t proto);

/*
 * Makes a flow known as one that runs, in zone 0, by its family, protocol and tuples: that it was answered,
 * may not be forgotten early, and lives on for some seconds. If it is known, in either direction, it
 * becomes so. Where a TCP connection's windows are nobody knows: they aren't checked any more.
 * -EEXIST: another flow has one of the tuples; so it is with those that NAT changes.
 */
int pg_ct_establish(struct pg_nfnl *nfnl, const struct pg_ct_flow *flow, uint32_t seconds);

/* Forgets this very flow. -ENOENT: it is gone already. */
int pg_ct_delete(struct pg_nfnl *nfnl, const struct pg_ct_flow *flow);

#endif
