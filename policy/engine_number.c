// SPDX-License-Identifier: GPL-2.0-only
/* Numbers when one identity comes or goes: only its row of taken numbers is looked at. */
#include "policy/engine_part.h"
#include "policy/number.h"

/* The numbers that label sets or CIDRs may have. */
struct range {
	uint32_t first, size;
};

static struct range range_of(const struct pg_engine_identity *identity)
{
	if (identity->info.cidr.addr.family)
		return (struct range){ PG_IDENTITY_CIDR_FLAG | 1, PG_IDENTITY_CIDR_FLAG - 1 };
	return (struct range){ PG_IDENTITY_FIRST_CLUSTER,
			       PG_IDENTITY_LAST_CLUSTER - PG_IDENTITY_FIRST_CLUSTER + 1 };
}

uint64_t pg_engine_number_hash(pg_identity id)
{
	return id.n * 0x9e3779b97f4a7c15;
}

static bool has_number(const void *item, const void *wanted)
{
	return ((const struct pg_engine_identity *)item)->info.id.n ==
	       ((const pg_identity *)wanted)->n;
}

struct pg_engine_identity *pg_engine_numbered(const struct pg_engine *engine, pg_identity id)
{
	return pg_hash_find(&engine->numbers, pg_engine_number_hash(id), has_number, &id);
}

static struct pg_engine_identity *at(const struct pg_engine *engine, struct range range,
				     uint32_t place)
{
	return pg_engine_numbered(engine, (pg_identity){ range.first + place });
}

static int add_identity(struct pg_engine_identities *row, struct pg_engine_identity *identity)
{
	struct pg_engine_identity **added = pg_array_add(&row->list);

	if (!added)
		return -ENOMEM;
	*added = identity;
	return 0;
}

/* Those that stand beside a place without a gap, on both sides; the ends of the range meet. */
static int find_row(const struct pg_engine *engine, struct range range, uint32_t place,
		    struct pg_engine_identities *row)
{
	struct pg_engine_identity *identity;
	uint32_t left = place, right = place;
	int err = 0;

	for (;;) {
		right = (right + 1) % range.size;
		identity = right == place ? NULL : at(engine, range, right);
		if (!identity || err)
			break;
		err = add_identity(row, identity);
	}
	/* Every number is taken: the row is all there is. */
	if (right == place)
		return err;
	for (;;) {
		left = (left + range.size - 1) % range.size;
		identity = at(engine, range, left);
		if (!identity || err)
			break;
		err = add_identity(row, identity);
	}
	return err;
}

static int compare_identities(const void *a, const void *b)
{
	const struct pg_engine_identity *left = *(struct pg_engine_identity *const *)a;
	const struct pg_engine_identity *right = *(struct pg_engine_identity *const *)b;

	if (left->info.cidr.addr.family)
		return pg_prefix_compare(&left->info.cidr, &right->info.cidr);
	return pg_labels_compare(&left->info.labels, &right->info.labels);
}

static int add_moves(const struct pg_engine_identities *row, struct range range,
		     const uint32_t *numbers, struct pg_engine_moves *moves)
{
	for (size_t i = 0; i < row->list.count; i++) {
		struct pg_engine_identity *identity = row->list.items[i];
		uint32_t number = range.first + numbers[i];
		struct pg_engine_move *move;

		if (identity->info.id.n == number)
			continue;
		move = pg_array_add(&moves->list);
		if (!move)
			return -ENOMEM;
		*move = (struct pg_engine_move){ identity, { number } };
	}
	return 0;
}

static int place_row(struct pg_engine_identities *row, struct range range,
		     struct pg_engine_moves *moves)
{
	size_t count = row->list.count;
	_cleanup_free_ struct pg_number_slot *slots = calloc(count + 1, sizeof(*slots));
	_cleanup_free_ uint32_t *numbers = calloc(count + 1, sizeof(*numbers));
	int err;

	if (!slots || !numbers)
		return -ENOMEM;
	if (count)
		qsort(row->list.items, count, sizeof(*row->list.items), compare_identities);
	for (size_t i = 0; i < count; i++)
		slots[i] = (struct pg_number_slot){ row->list.items[i]->home, (uint32_t)i };
	err = pg_numbers_place(slots, count, range.size, numbers);
	return err ?: add_moves(row, range, numbers, moves);
}

static void row_done(struct pg_engine_identities *row)
{
	free(row->list.items);
}

void pg_engine_set_home(struct pg_engine_identity *identity)
{
	const struct pg_identity_info *info = &identity->info;
	uint64_t hash = info->cidr.addr.family ? pg_hash_prefix(&info->cidr)
					       : pg_hash_labels(&info->labels);

	identity->home = pg_number_home(hash, range_of(identity).size);
}

int pg_engine_number_new(struct pg_engine *engine, struct pg_engine_identity *identity,
			 struct pg_engine_moves *moves)
{
	PG_CLEANUP(row_done) struct pg_engine_identities row = { 0 };
	struct range range = range_of(identity);
	uint32_t place;
	int err;

	pg_engine_set_home(identity);
	place = identity->home;
	if (at(engine, range, place)) {
		/* The row gets longer by the first free number. */
		do {
			place = (place + 1) % range.size;
			if (place == identity->home)
				return -E2BIG;
		} while (at(engine, range, place));
		err = find_row(engine, range, place, &row);
		err = err ?: add_identity(&row, identity);
		return err ?: place_row(&row, range, moves);
	}
	err = add_identity(&row, identity);
	return err ?: add_moves(&row, range, &place, moves);
}

int pg_engine_number_gone(struct pg_engine *engine, struct pg_engine_identity *identity,
			  struct pg_engine_moves *moves)
{
	PG_CLEANUP(row_done) struct pg_engine_identities row = { 0 };
	struct range range = range_of(identity);
	uint32_t place = identity->info.id.n - range.first;
	int err;

	/* Nobody who came by this number found it taken and went on. */
	if (!at(engine, range, (place + 1) % range.size))
		return 0;
	err = find_row(engine, range, place, &row);
	return err ?: place_row(&row, range, moves);
}
