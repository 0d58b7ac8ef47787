// SPDX-License-Identifier: GPL-2.0-only
/* Which pairs of parties are worth a look. */
#include "policy/compare_part.h"

/* A party by its number in one version; several CIDRs of the other version may share one. */
struct numbered {
	uint32_t number;
	uint32_t party;
};

struct pair_finder {
	struct pg_comparer *comparer;
	struct numbered *by_id[PG_VERSIONS]; /* sorted by number, then party */
};

static void pair_finder_done(struct pair_finder *finder)
{
	for (size_t i = 0; i < PG_VERSIONS; i++)
		free(finder->by_id[i]);
}

static int compare_numbered(const void *a, const void *b)
{
	const struct numbered *left = a, *right = b;

	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	return (left->party > right->party) - (left->party < right->party);
}

static int number_parties(struct pair_finder *finder, enum pg_version version)
{
	size_t count = finder->comparer->parties.count;
	struct numbered *list = calloc(count + 1, sizeof(*list));

	finder->by_id[version] = list;
	if (!list)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		list[i] = (struct numbered){ finder->comparer->parties.items[i].id[version].n, i };
	qsort(list, count, sizeof(*list), compare_numbered);
	return 0;
}

/* The first party with this number or a higher one. */
static size_t find_number(const struct pair_finder *finder, enum pg_version version, pg_identity id)
{
	size_t low = 0, high = finder->comparer->parties.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (finder->by_id[version][middle].number < id.n)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int add_pair(struct pair_finder *finder, struct pg_compare_side side)
{
	bool egress = side.direction == PG_EGRESS;
	uint64_t *added = pg_array_add(&finder->comparer->pairs.list);

	if (!added)
		return -ENOMEM;
	*added = (uint64_t)(egress ? side.subject : side.peer) << 32 |
		 (egress ? side.peer : side.subject);
	return 0;
}

static bool same_key(const struct pg_verdict_entry *a, const struct pg_verdict_entry *b)
{
	return a->proto.n == b->proto.n && a->first == b->first && a->last == b->last &&
	       a->verdict == b->verdict;
}

/* Goes on to the next entry that isn't the same but for its origin. */
static void step(struct pg_entry_group *group)
{
	const struct pg_verdict_entry *entry = group->first;

	while (group->first < group->end && same_key(group->first, entry))
		group->first++;
}

/* HTTP rules are compared where their ports are. */
static bool says_the_same(struct pg_entry_group a, struct pg_entry_group b)
{
	while (a.first < a.end && b.first < b.end) {
		if (!same_key(a.first, b.first) || a.first->verdict == PG_VERDICT_REDIRECT)
			return false;
		step(&a);
		step(&b);
	}
	return a.first == a.end && b.first == b.end;
}

static struct pg_entry_group group_of(const struct pair_finder *finder, enum pg_version version,
				      struct pg_compare_side side)
{
	const struct pg_compare_party *peer = &finder->comparer->parties.items[side.peer];

	return pg_compare_group(finder->comparer, version, side.subject, side.direction,
				peer->id[version]);
}

/* All parties with this number in one version, if the versions say different things of them. */
static int add_parties_of(struct pair_finder *finder, enum pg_version version,
			  struct pg_compare_side side, pg_identity id)
{
	size_t count = finder->comparer->parties.count;
	int err = 0;

	for (size_t i = find_number(finder, version, id); i < count && !err; i++) {
		if (finder->by_id[version][i].number != id.n)
			break;
		side.peer = finder->by_id[version][i].party;
		if (pg_compare_any(finder->comparer, side.subject, side.direction)
			    ->differs_by_rules ||
		    !says_the_same(group_of(finder, PG_BEFORE, side),
				   group_of(finder, PG_AFTER, side)))
			err = add_pair(finder, side);
	}
	return err;
}

/* The peers about which one version has entries. */
static int add_peers(struct pair_finder *finder, enum pg_version version,
		     struct pg_compare_side side)
{
	const struct pg_compared *compared = &finder->comparer->versions[version];
	pg_identity subject = finder->comparer->parties.items[side.subject].id[version];
	size_t count;
	const struct pg_verdict_entry *slice =
		pg_verdict_table_slice(&compared->table, subject, side.direction, &count);
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		bool again = i && slice[i].peer.n == slice[i - 1].peer.n;

		if (!again && slice[i].peer.n != PG_IDENTITY_ANY.n)
			err = add_parties_of(finder, version, side, slice[i].peer);
	}
	return err;
}

static int look_at(struct pair_finder *finder, size_t subject, enum pg_direction direction)
{
	struct pg_compare_side side = { .direction = direction, .subject = subject };
	int err = 0;

	if (pg_compare_any(finder->comparer, subject, direction)->differs_somewhere)
		return 0;
	for (size_t i = 0; i < PG_VERSIONS; i++)
		err = err ?: add_peers(finder, (enum pg_version)i, side);
	return err;
}

static int compare_pairs(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void leave_each_once(struct pg_pairs *pairs)
{
	uint64_t *list = pairs->list.items;
	size_t kept = 0;

	if (!pairs->list.count)
		return;
	qsort(list, pairs->list.count, sizeof(*list), compare_pairs);
	for (size_t i = 1; i < pairs->list.count; i++) {
		if (list[kept] != list[i])
			list[++kept] = list[i];
	}
	pairs->list.count = kept + 1;
}

int pg_compare_pairs(struct pg_comparer *comparer)
{
	PG_CLEANUP(pair_finder_done) struct pair_finder finder = { .comparer = comparer };
	int err = number_parties(&finder, PG_BEFORE);

	err = err ?: number_parties(&finder, PG_AFTER);
	for (size_t i = 0; i < comparer->parties.count && !err; i++) {
		if (!pg_compare_is_subject(&comparer->parties.items[i]))
			continue;
		err = look_at(&finder, i, PG_EGRESS);
		err = err ?: look_at(&finder, i, PG_INGRESS);
	}
	leave_each_once(&comparer->pairs);
	return err;
}

bool pg_compare_has_pair(struct pg_comparer *comparer, size_t src, size_t dst)
{
	struct pg_pairs *pairs = &comparer->pairs;
	uint64_t wanted = (uint64_t)src << 32 | dst;

	while (pairs->cursor < pairs->list.count && pairs->list.items[pairs->cursor] < wanted)
		pairs->cursor++;
	if (pg_compare_any(comparer, src, PG_EGRESS)->differs_somewhere ||
	    pg_compare_any(comparer, dst, PG_INGRESS)->differs_somewhere)
		return true;
	return pairs->cursor < pairs->list.count && pairs->list.items[pairs->cursor] == wanted;
}
