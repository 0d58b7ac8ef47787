/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has an identity: an address to show for it. */
#ifndef PG_POLICY_EXAMPLE_H
#define PG_POLICY_EXAMPLE_H

#include "policy/identity.h"

/*
 * An address of the family (4 or 6) whose identity is the world's or this CIDR's: in the CIDR, in no
 * longer one of the policy, and nobody's. One that RFC 5737 or RFC 3849 set aside for examples, where
 * there is one. -ENOENT: all of its addresses are others'.
 */
int pg_example_address(const struct pg_identities *identities, pg_identity id, uint8_t family,
		       struct pg_addr *ret_addr);

#endif
