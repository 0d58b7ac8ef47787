// SPDX-License-Identifier: GPL-2.0-only
/* Nested prefixes as intervals that don't overlap. */
#include "backends/nftables/layout.h"

void pg_nftables_intervals_done(struct pg_nftables_intervals *intervals)
{
	free(intervals->list.items);
	*intervals = (struct pg_nftables_intervals){ 0 };
}

/* As many as a prefix can be inside of. */
#define DEPTH_MAX 130

struct open_prefix {
	struct pg_prefix prefix;
	pg_identity id;
};

struct flattener {
	struct pg_nftables_intervals intervals;
	struct open_prefix open[DEPTH_MAX]; /* each inside the one before */
	size_t depth;
};

static void flattener_done(struct flattener *flattener)
{
	pg_nftables_intervals_done(&flattener->intervals);
}

/* From `first` on it is `id`, until the next one says otherwise. */
static int put(struct flattener *flattener, const uint8_t first[16], pg_identity id)
{
	struct pg_nftables_interval *last =
		flattener->intervals.list.count
			? &flattener->intervals.list.items[flattener->intervals.list.count - 1]
			: NULL;
	struct pg_nftables_interval *added;

	if (last && !memcmp(last->first, first, sizeof(last->first))) {
		last->id = id;
		return 0;
	}
	added = pg_array_add(&flattener->intervals.list);
	if (!added)
		return -ENOMEM;
	memcpy(added->first, first, sizeof(added->first));
	added->id = id;
	return 0;
}

/* The address behind a prefix's last. False: there is none. */
static bool behind(const struct pg_prefix *prefix, uint8_t next[16])
{
	int byte = prefix->length ? (prefix->length - 1) / 8 : -1;
	unsigned int step = prefix->length ? 0x80u >> ((prefix->length - 1) % 8) : 0;

	memcpy(next, prefix->addr.bytes, 16);
	for (; byte >= 0; byte--, step = 1) {
		unsigned int sum = next[byte] + step;

		next[byte] = (uint8_t)sum;
		if (sum <= 0xff)
			return true;
	}
	return false;
}

/* Prefixes that are over before `next` (NULL: all of them); what they were inside goes on behind. */
static int close_prefixes(struct flattener *flattener, const struct pg_prefix *next)
{
	while (flattener->depth > 1) {
		const struct open_prefix *top = &flattener->open[flattener->depth - 1];
		uint8_t after[16];
		int err = 0;

		if (next && pg_prefix_covers(&top->prefix, next))
			return 0;
		if (behind(&top->prefix, after))
			err = put(flattener, after, flattener->open[flattener->depth - 2].id);
		if (err)
			return err;
		flattener->depth--;
	}
	return 0;
}

static int open_prefix(struct flattener *flattener, const struct pg_prefix *prefix, pg_identity id)
{
	int err = close_prefixes(flattener, prefix);

	if (err)
		return err;
	flattener->open[flattener->depth++] = (struct open_prefix){ *prefix, id };
	return put(flattener, prefix->addr.bytes, id);
}

/* Neighbours that are the same are one. */
static void join(struct pg_nftables_intervals *intervals)
{
	size_t kept = 0;

	for (size_t i = 1; i < intervals->list.count; i++) {
		if (intervals->list.items[i].id.n != intervals->list.items[kept].id.n)
			intervals->list.items[++kept] = intervals->list.items[i];
	}
	intervals->list.count = kept + 1;
}

int pg_nftables_flatten(const struct pg_identities *identities, uint8_t family,
			struct pg_nftables_intervals *ret_intervals)
{
	PG_CLEANUP(flattener_done) struct flattener flattener = { 0 };
	const struct pg_prefix all = { .addr.family = family };
	int err = open_prefix(&flattener, &all, PG_IDENTITY_WORLD);

	/* Sorted: a prefix comes behind those that it is inside of. */
	pg_array_foreach(address, &identities->addresses) {
		if (!err && address->prefix.addr.family == family &&
		    pg_identity_is_world(address->id))
			err = open_prefix(&flattener, &address->prefix, address->id);
	}
	if (!err)
		err = close_prefixes(&flattener, NULL);
	if (err)
		return err;
	join(&flattener.intervals);
	*ret_intervals = flattener.intervals;
	flattener.intervals = (struct pg_nftables_intervals){ 0 };
	return 0;
}
