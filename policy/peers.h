/* SPDX-License-Identifier: GPL-2.0-only */
/* Which identities the peers of an entry are. */
#ifndef PG_POLICY_PEERS_H
#define PG_POLICY_PEERS_H

#include "policy/labelindex.h"

/* A CIDR identity. */
struct pg_cidr_place {
	struct pg_prefix prefix;
	uint32_t identity; /* index into pg_identities.list */
};

/* What is needed to find peers fast. Borrows the identities. */
struct pg_peer_finder {
	const struct pg_identities *identities;
	struct pg_label_index labels;
	struct pg_array(struct pg_cidr_place) cidrs; /* by prefix */
};

/* Some of the identities, or all that there are and will be. */
struct pg_peer_set {
	bool everybody; /* then the list is empty */
	struct pg_selection list;
};

/* The union of both. What other entries require of peers is asked of `endpoints` only. */
struct pg_peer_sets {
	struct pg_peer_set endpoints; /* by selector */
	struct pg_peer_set others;    /* by CIDR and entity, and anybody */
};

void pg_peer_finder_done(struct pg_peer_finder *finder);
#define _cleanup_peer_finder_ PG_CLEANUP(pg_peer_finder_done)
void pg_peer_sets_done(struct pg_peer_sets *sets);
#define _cleanup_peer_sets_ PG_CLEANUP(pg_peer_sets_done)

/*
 * The same for one identity. Whether everybody is in the set that the selectors make, or in the other
 * one; and whether a set that not everybody is in lists an identity.
 */
bool pg_peers_endpoints_everybody(const struct pg_peers *peers);
bool pg_peers_others_everybody(const struct pg_peers *peers);
bool pg_peers_endpoints_list(const struct pg_peers *peers, const struct pg_identity_info *info);
bool pg_peers_others_list(const struct pg_peers *peers, const struct pg_identity_info *info);

/* -ENOMEM. */
int pg_peer_finder_make(const struct pg_identities *identities, struct pg_peer_finder *ret_finder);

/* Who an entry speaks of; what the entry itself requires is met by all of them. -ENOMEM. */
int pg_peers_find(const struct pg_peer_finder *finder, const struct pg_peers *peers,
		  struct pg_peer_sets *ret_sets);

#endif
