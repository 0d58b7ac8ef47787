// SPDX-License-Identifier: GPL-2.0-only
/* Looking for an address that has an identity. */
#include "policy/example.h"

/* The first of each block that is reserved for documentation. */
static const struct pg_addr documentation[] = {
	{ 4, { 192, 0, 2, 1 } },
	{ 4, { 198, 51, 100, 1 } },
	{ 4, { 203, 0, 113, 1 } },
	{ 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
};

/* The address behind the last one of a prefix. False: there is none. */
static bool step_over(const struct pg_prefix *prefix, struct pg_addr *addr)
{
	int byte = (prefix->length + 7) / 8 - 1;
	unsigned int step = 1u << (7 - (prefix->length + 7) % 8);

	*addr = prefix->addr;
	for (; byte >= 0; byte--, step = 1) {
		unsigned int sum = addr->bytes[byte] + step;

		addr->bytes[byte] = (uint8_t)sum;
		if (sum <= UINT8_MAX)
			return true;
	}
	return false;
}

/* Goes from `addr` to the first address that has the identity, jumping over what others have. */
static bool walk(const struct pg_identities *identities, pg_identity id,
		 const struct pg_prefix *within, struct pg_addr *addr)
{
	while (pg_prefix_contains(within, addr)) {
		const struct pg_address *found = pg_identities_find_addr(identities, addr);

		if (found ? found->id.n == id.n : id.n == PG_IDENTITY_WORLD.n)
			return true;
		if (!found || !step_over(&found->prefix, addr))
			return false;
	}
	return false;
}

/*
 * Where to begin: a network's first address is its name, and the first ones of all are no host's
 * (RFC 6890).
 */
static struct pg_addr second_address(const struct pg_prefix *within)
{
	struct pg_addr addr = within->addr;
	uint8_t bits = pg_addr_bits(&addr);

	if (!within->length)
		addr.bytes[0] = addr.family == 4 ? 1 : 0x20;
	if (within->length < bits - 1)
		addr.bytes[bits / 8 - 1] |= 1;
	return addr;
}

int pg_example_address(const struct pg_identities *identities, pg_identity id, uint8_t family,
		       struct pg_addr *ret_addr)
{
	const struct pg_identity_info *info = pg_identities_get(identities, id);
	struct pg_prefix within = { .addr.family = family };
	struct pg_addr addr;

	if (info && info->cidr.addr.family)
		within = info->cidr;
	if (!info || !pg_identity_is_world(id) || within.addr.family != family)
		return -ENOENT;
	for (size_t i = 0; i < PG_COUNT(documentation); i++) {
		if (pg_prefix_contains(&within, &documentation[i]) &&
		    pg_identities_of_addr(identities, &documentation[i]).n == id.n) {
			*ret_addr = documentation[i];
			return 0;
		}
	}
	addr = second_address(&within);
	if (!walk(identities, id, &within, &addr)) {
		addr = within.addr;
		if (!walk(identities, id, &within, &addr))
			return -ENOENT;
	}
	*ret_addr = addr;
	return 0;
}
