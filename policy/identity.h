/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Identities: numbers for label sets. Made from the endpoints and from the CIDRs that the policy
 * names; the same input gives the same numbers, and one label set more or less changes no other's
 * number but where two hash to one place (open addressing in sorted order: each hash's first label
 * set has the place, the others take the next free ones).
 *
 * A CIDR of the policy is an identity of its own, with labels `cidr:PREFIX=` for itself and for each
 * CIDR of the policy that covers it, and `reserved:world=`. An address that is nobody's has the
 * identity of the longest such prefix, or world.
 */
#ifndef PG_POLICY_IDENTITY_H
#define PG_POLICY_IDENTITY_H

#include "policy/endpoint.h"
#include "policy/rule.h"

struct pg_identity_info {
	pg_identity id;
	struct pg_labels labels;	     /* sorted */
	struct pg_prefix cidr;		     /* CIDR identities only; family 0 otherwise */
	struct pg_array(uint32_t) endpoints; /* who has it: indexes into pg_endpoints.list */
};

/* From address to identity: endpoints and hosts as /32 or /128, the policy's CIDRs. */
struct pg_address {
	struct pg_prefix prefix;
	pg_identity id;
	uint32_t endpoint; /* 1-based index into pg_endpoints.list; 0: none */
};

struct pg_identities {
	struct pg_array(struct pg_identity_info)
		list; /* sorted by number; host, world, remote-node in it */
	struct pg_array(struct pg_address) addresses; /* sorted by pg_prefix_compare() */
	struct pg_array(pg_identity) endpoint_ids;    /* by index into pg_endpoints.list */
};

void pg_identities_done(struct pg_identities *identities);
#define _cleanup_identities_ PG_CLEANUP(pg_identities_done)

/* -E2BIG: more label sets or CIDRs than there are numbers. -ENOMEM. */
int pg_identities_make(const struct pg_endpoints *endpoints, const struct pg_policy *policy,
		       struct pg_identities *ret_identities);

/* Appends the labels of a CIDR that these cover, itself among them, and sorts. -ENOMEM. */
int pg_identity_cidr_labels(struct pg_labels *labels, const struct pg_prefix *const *covering,
			    size_t count);

/* NULL: no such number. */
const struct pg_identity_info *pg_identities_get(const struct pg_identities *identities,
						 pg_identity id);

/* The longest prefix that has the address; NULL: there is none. */
const struct pg_address *pg_identities_find_addr(const struct pg_identities *identities,
						 const struct pg_addr *addr);
/* That prefix's identity; world where there is none. */
pg_identity pg_identities_of_addr(const struct pg_identities *identities,
				  const struct pg_addr *addr);

static inline bool pg_identity_is_cidr(pg_identity id)
{
	return id.n & PG_IDENTITY_CIDR_FLAG;
}

/* Of a label set that endpoints have. */
static inline bool pg_identity_is_cluster(pg_identity id)
{
	return id.n >= PG_IDENTITY_FIRST_CLUSTER && id.n <= PG_IDENTITY_LAST_CLUSTER;
}

/* World or a CIDR of it: addresses that are neither endpoints nor hosts. */
static inline bool pg_identity_is_world(pg_identity id)
{
	return id.n == PG_IDENTITY_WORLD.n || pg_identity_is_cidr(id);
}

#endif
