/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the peer of a verdict entry to the addresses of one family that a rule has to match. Pure.
 *
 * Rules match addresses, the table speaks of identities. An endpoint's identity is the addresses of
 * its endpoints. A CIDR's identity is its prefix without the longer ones that the policy names, and
 * world is everything without all of them: where their identities have the same entry, they may be
 * left in, else the remainder is cut into aligned blocks.
 *
 * No address of an endpoint or host belongs to world or a CIDR, whatever its prefix holds: the rules
 * must have sorted those out before (linear.h).
 */
#ifndef PG_BACKENDS_IPTABLES_PEERS_H
#define PG_BACKENDS_IPTABLES_PEERS_H

#include "policy/resolve.h"

struct pg_ipt_prefixes {
	struct pg_array(struct pg_prefix) list;
};

void pg_ipt_prefixes_done(struct pg_ipt_prefixes *prefixes);
#define _cleanup_prefixes_ PG_CLEANUP(pg_ipt_prefixes_done)

/* One prefix, or address, of an identity. */
struct pg_ipt_address {
	pg_identity id;
	struct pg_prefix prefix;
};

/*
 * An index over what struct pg_identities has of one family: addresses by identity, and prefixes in
 * tree order.
 */
struct pg_ipt_peers {
	uint8_t family;					/* 4 or 6 */
	const struct pg_identities *identities;		/* borrowed */
	struct pg_array(struct pg_ipt_address) managed; /* endpoints and hosts, by id, address */
	struct pg_array(struct pg_ipt_address) cidrs;	/* by pg_prefix_compare() */
};

void pg_ipt_peers_done(struct pg_ipt_peers *peers);
#define _cleanup_peers_ PG_CLEANUP(pg_ipt_peers_done)

/* -ENOMEM. */
int pg_ipt_peers_make(const struct pg_identities *identities, uint8_t family,
		      struct pg_ipt_peers *ret_peers);

/* The addresses of one identity of endpoints or hosts: a slice of peers->managed. */
const struct pg_ipt_address *pg_ipt_peers_addresses(const struct pg_ipt_peers *peers,
						    pg_identity id, size_t *ret_count);

/* Whether addresses of the family may be world's or, with a CIDR, that CIDR's. */
bool pg_ipt_peers_is_world(const struct pg_ipt_peers *peers, pg_identity id);

/*
 * Appends what the peer of `entry` comes to; a prefix of family 0 stands for anybody. With
 * PG_IDENTITY_WORLD or a CIDR, blocks may reach into longer CIDRs whose identity has the same entry
 * from the same origin or one before it: rules in the order of their origins count them rightly.
 * -ENOMEM.
 */
int pg_ipt_peers_blocks(const struct pg_ipt_peers *peers, const struct pg_verdict_table *table,
			const struct pg_verdict_entry *entry, struct pg_ipt_prefixes *prefixes);

#endif
