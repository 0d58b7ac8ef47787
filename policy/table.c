// SPDX-License-Identifier: GPL-2.0-only
/* Questions to the verdict table. */
#include "policy/resolve.h"

void pg_verdict_table_done(struct pg_verdict_table *table)
{
	free(table->subjects.items);
	free(table->entries.items);
	*table = (struct pg_verdict_table){ 0 };
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_subjects(const void *a, const void *b)
{
	const struct pg_subject *left = a, *right = b;

	return compare_numbers(left->id.n, right->id.n);
}

const struct pg_subject *pg_verdict_table_subject(const struct pg_verdict_table *table,
						  pg_identity id)
{
	const struct pg_subject wanted = { .id = id };

	if (!table->subjects.count)
		return NULL;
	return bsearch(&wanted, table->subjects.items, table->subjects.count, sizeof(wanted),
		       compare_subjects);
}

/* The first entry from which on subject, direction and peer are not less than these. */
static size_t find_bound(const struct pg_verdict_table *table, pg_identity subject,
			 enum pg_direction direction, uint64_t peer)
{
	size_t low = 0, high = table->entries.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct pg_verdict_entry *entry = &table->entries.items[middle];
		int order = compare_numbers(entry->subject.n, subject.n);

		order = order ?: compare_numbers(entry->direction, direction);
		order = order ?: (entry->peer.n >= peer) - (entry->peer.n < peer);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct pg_verdict_entry *pg_verdict_table_slice(const struct pg_verdict_table *table,
						      pg_identity subject,
						      enum pg_direction direction,
						      size_t *ret_count)
{
	size_t first = find_bound(table, subject, direction, 0);

	*ret_count = find_bound(table, subject, direction, (uint64_t)UINT32_MAX + 1) - first;
	return table->entries.items ? &table->entries.items[first] : NULL;
}

static bool matches(const struct pg_verdict_entry *entry, pg_proto proto, uint16_t port)
{
	if (entry->proto.n == PG_PROTO_EVERY.n)
		return true;
	return entry->proto.n == proto.n && entry->first <= port && port <= entry->last;
}

static bool beats(const struct pg_verdict_entry *entry, const struct pg_verdict_entry *best)
{
	unsigned int rank = pg_verdict_rank(entry->verdict);

	if (!best || rank != pg_verdict_rank(best->verdict))
		return !best || rank > pg_verdict_rank(best->verdict);
	return pg_origin_compare(entry->origin, best->origin) < 0;
}

/* The entry that decides: `best`, or one of this very peer (which may be PG_IDENTITY_ANY). */
static const struct pg_verdict_entry *find_best(const struct pg_verdict_table *table,
						const struct pg_verdict_entry *best,
						pg_identity subject, enum pg_direction direction,
						pg_identity peer, pg_proto proto, uint16_t port)
{
	size_t first = find_bound(table, subject, direction, peer.n);
	size_t end = find_bound(table, subject, direction, (uint64_t)peer.n + 1);

	for (size_t i = first; i < end; i++) {
		const struct pg_verdict_entry *entry = &table->entries.items[i];

		if (matches(entry, proto, port) && beats(entry, best))
			best = entry;
	}
	return best;
}

enum pg_verdict pg_verdict_table_judge(const struct pg_verdict_table *table, pg_identity subject,
				       enum pg_direction direction, pg_identity peer,
				       pg_proto proto, uint16_t port, struct pg_origin *ret_origin)
{
	const struct pg_subject *who = pg_verdict_table_subject(table, subject);
	const struct pg_verdict_entry *best = NULL;

	best = find_best(table, best, subject, direction, PG_IDENTITY_ANY, proto, port);
	if (peer.n != PG_IDENTITY_ANY.n)
		best = find_best(table, best, subject, direction, peer, proto, port);
	*ret_origin = best ? best->origin : PG_ORIGIN_NONE;
	if (best)
		return best->verdict;
	return who && who->enforced[direction] ? PG_VERDICT_DENY : PG_VERDICT_ALLOW;
}
