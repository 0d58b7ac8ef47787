// SPDX-License-Identifier: GPL-2.0-only
/* Who can have flows: identities that somebody has, with an address or an endpoint to show for it. */
#include "policy/compare_part.h"
#include "policy/example.h"

static const struct pg_addr *addr_of(const struct pg_endpoint *endpoint, uint8_t family)
{
	return family == 4 ? &endpoint->ipv4 : &endpoint->ipv6;
}

uint32_t pg_compare_endpoint(const struct pg_comparer *comparer,
			     const struct pg_compare_party *party, uint8_t family, uint32_t but)
{
	pg_array_foreach(index, &party->info->endpoints) {
		const struct pg_endpoint *endpoint = &comparer->endpoints->list.items[*index];

		if (*index + 1 != but && addr_of(endpoint, family)->family)
			return *index + 1;
	}
	return 0;
}

static void add_family(struct pg_compare_party *party, const struct pg_addr *addr)
{
	struct pg_addr *example = &party->addrs[addr->family == 4 ? 0 : 1];

	party->families |= addr->family == 4 ? PG_FAMILY_4 : PG_FAMILY_6;
	if (!example->family)
		*example = *addr;
}

static void find_examples(const struct pg_comparer *comparer, struct pg_compare_party *party)
{
	const struct pg_endpoints *endpoints = comparer->endpoints;
	struct pg_addr addr;

	for (uint8_t family = 4; family <= 6; family += 2) {
		if (pg_compare_endpoint(comparer, party, family, 0))
			party->families |= family == 4 ? PG_FAMILY_4 : PG_FAMILY_6;
		if (!pg_example_address(&comparer->changes.identities, party->info->id, family,
					&addr))
			add_family(party, &addr);
	}
	if (party->info->id.n == PG_IDENTITY_REMOTE_NODE.n) {
		pg_array_foreach(remote, &endpoints->remote_node_addrs)
			add_family(party, remote);
	}
	if (party->info->id.n == PG_IDENTITY_HOST.n) {
		pg_array_foreach(host, &endpoints->host_addrs)
			add_family(party, host);
		if (!endpoints->host_addrs.count)
			party->families = PG_FAMILY_4 | PG_FAMILY_6;
	}
}

/*
 * A policy without the other's CIDRs has fewer of them. All addresses that share one of the common
 * identities share one of its own, since each of its prefixes is a common one, too.
 */
static void find_own_ids(const struct pg_comparer *comparer, struct pg_compare_party *party)
{
	const struct pg_addr *example =
		party->addrs[0].family ? &party->addrs[0] : &party->addrs[1];

	for (size_t i = 0; i < PG_VERSIONS; i++) {
		const struct pg_identities *own = &comparer->versions[i].identities;

		if (pg_compare_is_subject(party))
			party->id[i] = own->endpoint_ids.items[party->info->endpoints.items[0]];
		else if (pg_identity_is_world(party->info->id))
			party->id[i] = pg_identities_of_addr(own, example);
		else
			party->id[i] = party->info->id;
	}
}

static int add_party(struct pg_comparer *comparer, const struct pg_identity_info *info)
{
	struct pg_compare_party party = { .info = info };
	struct pg_compare_party *added;

	find_examples(comparer, &party);
	if (!party.families)
		return 0;
	find_own_ids(comparer, &party);
	added = pg_array_add(&comparer->parties);
	if (!added)
		return -ENOMEM;
	*added = party;
	return 0;
}

/* Endpoints are sorted by name, so the lowest index is the first name. */
static int compare_parties(const void *a, const void *b)
{
	const struct pg_identity_info *left = ((const struct pg_compare_party *)a)->info;
	const struct pg_identity_info *right = ((const struct pg_compare_party *)b)->info;
	int order = (right->endpoints.count > 0) - (left->endpoints.count > 0);

	if (order)
		return order;
	if (left->endpoints.count)
		return left->endpoints.items[0] < right->endpoints.items[0] ? -1 : 1;
	order = (left->cidr.addr.family > 0) - (right->cidr.addr.family > 0);
	if (order || left->cidr.addr.family)
		return order ?: pg_prefix_compare(&left->cidr, &right->cidr);
	/* Host, world, remote nodes: the world comes last. */
	order = (left->id.n == PG_IDENTITY_WORLD.n) - (right->id.n == PG_IDENTITY_WORLD.n);
	return order ?: (left->id.n > right->id.n) - (left->id.n < right->id.n);
}

int pg_compare_parties(struct pg_comparer *comparer)
{
	int err = 0;

	pg_array_foreach(info, &comparer->changes.identities.list)
		err = err ?: add_party(comparer, info);
	if (!err && comparer->parties.count)
		qsort(comparer->parties.items, comparer->parties.count,
		      sizeof(struct pg_compare_party), compare_parties);
	return err;
}
