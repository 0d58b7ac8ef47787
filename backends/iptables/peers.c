// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/peers.h"

void pg_ipt_prefixes_done(struct pg_ipt_prefixes *prefixes)
{
	free(prefixes->list.items);
	*prefixes = (struct pg_ipt_prefixes){ 0 };
}

void pg_ipt_peers_done(struct pg_ipt_peers *peers)
{
	free(peers->managed.items);
	free(peers->cidrs.items);
	*peers = (struct pg_ipt_peers){ 0 };
}

static int compare_ids(pg_identity a, pg_identity b)
{
	return (a.n > b.n) - (a.n < b.n);
}

static int compare_managed(const void *a, const void *b)
{
	const struct pg_ipt_address *left = a, *right = b;
	int order = compare_ids(left->id, right->id);

	return order ? order : pg_prefix_compare(&left->prefix, &right->prefix);
}

static int compare_cidrs(const void *a, const void *b)
{
	const struct pg_ipt_address *left = a, *right = b;

	return pg_prefix_compare(&left->prefix, &right->prefix);
}

static int add_managed(struct pg_ipt_peers *peers, const struct pg_identities *identities)
{
	pg_array_foreach(address, &identities->addresses) {
		struct pg_ipt_address *added;

		if (address->prefix.addr.family != peers->family ||
		    pg_identity_is_world(address->id))
			continue;
		added = pg_array_add(&peers->managed);
		if (!added)
			return -ENOMEM;
		*added = (struct pg_ipt_address){ address->id, address->prefix };
	}
	return 0;
}

static int add_cidrs(struct pg_ipt_peers *peers, const struct pg_identities *identities)
{
	pg_array_foreach(info, &identities->list) {
		struct pg_ipt_address *added;

		if (!pg_identity_is_cidr(info->id) || info->cidr.addr.family != peers->family)
			continue;
		added = pg_array_add(&peers->cidrs);
		if (!added)
			return -ENOMEM;
		*added = (struct pg_ipt_address){ info->id, info->cidr };
	}
	return 0;
}

int pg_ipt_peers_make(const struct pg_identities *identities, uint8_t family,
		      struct pg_ipt_peers *ret_peers)
{
	_cleanup_peers_ struct pg_ipt_peers peers = { .identities = identities, .family = family };
	int err;

	err = add_managed(&peers, identities);
	if (!err)
		err = add_cidrs(&peers, identities);
	if (err)
		return err;
	if (peers.managed.count)
		qsort(peers.managed.items, peers.managed.count, sizeof(struct pg_ipt_address),
		      compare_managed);
	if (peers.cidrs.count)
		qsort(peers.cidrs.items, peers.cidrs.count, sizeof(struct pg_ipt_address),
		      compare_cidrs);
	*ret_peers = peers;
	peers = (struct pg_ipt_peers){ 0 };
	return 0;
}

const struct pg_ipt_address *pg_ipt_peers_addresses(const struct pg_ipt_peers *peers,
						    pg_identity id, size_t *ret_count)
{
	size_t low = 0, high = peers->managed.count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ids(peers->managed.items[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < peers->managed.count; end++) {
		if (peers->managed.items[end].id.n != id.n)
			break;
	}
	*ret_count = end - low;
	return end > low ? &peers->managed.items[low] : NULL;
}

/* As rules have it: a prefix of length 0 is no match. */
static const struct pg_prefix anybody = { 0 };

static int add_prefix(struct pg_ipt_prefixes *prefixes, const struct pg_prefix *prefix)
{
	struct pg_prefix *added = pg_array_add(&prefixes->list);

	if (!added)
		return -ENOMEM;
	*added = *prefix;
	return 0;
}

/* Whether another peer has the same entry, from no later rule. */
static bool has_same(const struct pg_verdict_table *table, const struct pg_verdict_entry *entry,
		     pg_identity peer)
{
	size_t low = 0, high;
	const struct pg_verdict_entry *slice =
		pg_verdict_table_slice(table, entry->subject, entry->direction, &high);
	size_t count = high;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ids(slice[middle].peer, peer) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count && slice[low].peer.n == peer.n; low++) {
		const struct pg_verdict_entry *other = &slice[low];

		if (other->proto.n == entry->proto.n && other->first == entry->first &&
		    other->last == entry->last && other->verdict == entry->verdict)
			return pg_origin_compare(other->origin, entry->origin) <= 0;
	}
	return false;
}

/* The first CIDR that is not before `prefix` in tree order; those inside it follow. */
static size_t find_inside(const struct pg_ipt_peers *peers, const struct pg_prefix *prefix)
{
	size_t low = 0, high = peers->cidrs.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pg_prefix_compare(&peers->cidrs.items[middle].prefix, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The prefixes inside `prefix` that must be cut out of it: those without the entry. */
static int find_holes(const struct pg_ipt_peers *peers, const struct pg_verdict_table *table,
		      const struct pg_verdict_entry *entry, const struct pg_prefix *prefix,
		      struct pg_ipt_prefixes *holes)
{
	for (size_t i = find_inside(peers, prefix); i < peers->cidrs.count; i++) {
		const struct pg_ipt_address *cidr = &peers->cidrs.items[i];
		int err;

		if (!pg_prefix_covers(prefix, &cidr->prefix))
			break;
		if (cidr->id.n == entry->peer.n || has_same(table, entry, cidr->id))
			continue;
		err = add_prefix(holes, &cidr->prefix);
		if (err)
			return err;
	}
	return 0;
}

static struct pg_prefix half_of(const struct pg_prefix *prefix, bool upper)
{
	struct pg_prefix half = *prefix;

	if (upper)
		half.addr.bytes[half.length / 8] |= (uint8_t)(0x80 >> (half.length % 8));
	half.length++;
	return half;
}

/*
 * Adds a block without the holes, which are in tree order and all in it: a hole as large as the block
 * is the first of them, and those in the lower half are before those in the upper one.
 */
static int cut(const struct pg_prefix *block, const struct pg_prefix *holes, size_t count,
	       struct pg_ipt_prefixes *prefixes)
{
	struct pg_prefix lower, upper;
	size_t below = 0;
	int err;

	if (!count)
		return add_prefix(prefixes, block->length ? block : &anybody);
	if (holes[0].length == block->length)
		return 0;
	lower = half_of(block, false);
	upper = half_of(block, true);
	while (below < count && pg_prefix_covers(&lower, &holes[below]))
		below++;
	err = cut(&lower, holes, below, prefixes);
	return err ? err : cut(&upper, holes + below, count - below, prefixes);
}

static int add_world(const struct pg_ipt_peers *peers, const struct pg_verdict_table *table,
		     const struct pg_verdict_entry *entry, const struct pg_prefix *prefix,
		     struct pg_ipt_prefixes *prefixes)
{
	_cleanup_prefixes_ struct pg_ipt_prefixes holes = { 0 };
	int err = find_holes(peers, table, entry, prefix, &holes);

	return err ? err : cut(prefix, holes.list.items, holes.list.count, prefixes);
}

static int add_addresses(const struct pg_ipt_peers *peers, pg_identity id,
			 struct pg_ipt_prefixes *prefixes)
{
	size_t count;
	const struct pg_ipt_address *addresses = pg_ipt_peers_addresses(peers, id, &count);

	for (size_t i = 0; i < count; i++) {
		int err = add_prefix(prefixes, &addresses[i].prefix);

		if (err)
			return err;
	}
	return 0;
}

/* The prefix of a CIDR's identity; NULL: there is none in this family. */
static const struct pg_prefix *cidr_of(const struct pg_ipt_peers *peers, pg_identity id)
{
	const struct pg_identity_info *info = pg_identities_get(peers->identities, id);

	return info && info->cidr.addr.family == peers->family ? &info->cidr : NULL;
}

bool pg_ipt_peers_is_world(const struct pg_ipt_peers *peers, pg_identity id)
{
	return id.n == PG_IDENTITY_WORLD.n || (pg_identity_is_cidr(id) && cidr_of(peers, id));
}

int pg_ipt_peers_blocks(const struct pg_ipt_peers *peers, const struct pg_verdict_table *table,
			const struct pg_verdict_entry *entry, struct pg_ipt_prefixes *prefixes)
{
	const struct pg_prefix everything = { .addr.family = peers->family };
	const struct pg_prefix *cidr;

	if (entry->peer.n == PG_IDENTITY_ANY.n)
		return add_prefix(prefixes, &anybody);
	if (entry->peer.n == PG_IDENTITY_WORLD.n)
		return add_world(peers, table, entry, &everything, prefixes);
	if (!pg_identity_is_cidr(entry->peer))
		return add_addresses(peers, entry->peer, prefixes);
	cidr = cidr_of(peers, entry->peer);
	return cidr ? add_world(peers, table, entry, cidr, prefixes) : 0;
}
