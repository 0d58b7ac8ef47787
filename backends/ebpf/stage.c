// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>

#include "backends/ebpf/attach.h"
#include "backends/ebpf/batch.h"
#include "backends/ebpf/stage.h"

void pg_stage_done(struct pg_stage *stage)
{
	for (int i = 0; i < PG_MAPS_WITH_HALVES; i++) {
		free(stage->lists[i].keys);
		free(stage->lists[i].values);
		stage->lists[i] = (struct pg_stage_list){ 0 };
	}
}

static size_t value_size(enum pg_map map)
{
	return pg_halves_value_size(&pg_map_types[map].halves);
}

static const char *key_at(const struct pg_stage *stage, enum pg_map map, size_t i)
{
	return stage->lists[map].keys + i * pg_map_types[map].key_size;
}

static char *value_at(const struct pg_stage *stage, enum pg_map map, size_t i)
{
	return stage->lists[map].values + i * value_size(map);
}

static bool resize(char **bytes, size_t size)
{
	char *resized = realloc(*bytes, size);

	if (resized)
		*bytes = resized;
	return resized;
}

static int make_room(struct pg_stage_list *list, enum pg_map map)
{
	size_t capacity = list->capacity ? 2 * list->capacity : 64;

	if (list->count < list->capacity)
		return 0;
	if (!resize(&list->keys, capacity * pg_map_types[map].key_size) ||
	    !resize(&list->values, capacity * value_size(map)))
		return -ENOMEM;
	list->capacity = capacity;
	return 0;
}

static int add_entry(struct pg_stage *stage, enum pg_map map, const void *key, const void *value)
{
	struct pg_stage_list *list = &stage->lists[map];
	size_t key_size = pg_map_types[map].key_size;
	int err = make_room(list, map);

	if (err)
		return err;
	memcpy(list->keys + list->count * key_size, key, key_size);
	memcpy(list->values + list->count * value_size(map), value, value_size(map));
	list->count++;
	return 0;
}

static bool is_trie(enum pg_map map)
{
	return map == PG_MAP_ADDRESSES4 || map == PG_MAP_ADDRESSES6;
}

/*
 * An address trie yields the prefix around an entry that isn't there, which is what the entry has to
 * stand for while it is absent; the others yield zeros, for which nobody need ask.
 */
int pg_stage_read(const struct pg_stage *stage, enum pg_map map, const union pg_map_key *key,
		  bool is_there, void *ret_half)
{
	const struct pg_halves *halves = &pg_map_types[map].halves;
	struct pg_map_address_half *address = ret_half;
	union pg_map_value value;
	int err = -ENOENT;

	memset(ret_half, 0, halves->size);
	if (is_there || (is_trie(map) && stage->now))
		err = bpf_map_lookup_elem(stage->pins->maps[map], key, &value);
	if (!err)
		memcpy(ret_half, pg_halves_counting(halves, &value, stage->now), halves->size);
	if (is_trie(map) && !is_there)
		address->flags |= PG_ABI_ADDRESS_ABSENT;
	return err == -ENOENT ? 0 : err;
}

int pg_stage_put(struct pg_stage *stage, enum pg_map map, const union pg_map_key *key,
		 const void *new_half, const void *old_half)
{
	union pg_map_value value = { 0 };

	pg_halves_write(&pg_map_types[map].halves, &value, stage->now + 1, new_half, old_half);
	return add_entry(stage, map, key, &value);
}

/* Whether an entry is there at a generation. */
static bool is_present(const struct pg_stage *stage, enum pg_map map, size_t i, uint32_t generation)
{
	const struct pg_halves *halves = &pg_map_types[map].halves;

	return !halves->absent(pg_halves_counting(halves, value_at(stage, map, i), generation));
}

size_t pg_stage_added(const struct pg_stage *stage, enum pg_map map)
{
	size_t added = 0;

	for (size_t i = 0; i < stage->lists[map].count; i++)
		added += !is_present(stage, map, i, stage->now);
	return added;
}

ptrdiff_t pg_stage_growth(const struct pg_stage *stage, enum pg_map map)
{
	ptrdiff_t growth = 0;

	for (size_t i = 0; i < stage->lists[map].count; i++)
		growth += is_present(stage, map, i, stage->now + 1) -
			  is_present(stage, map, i, stage->now);
	return growth;
}

int pg_stage_write(struct pg_stage *stage, enum pg_map map)
{
	struct pg_stage_list *list = &stage->lists[map];
	struct pg_batch batch = {
		.map = stage->pins->maps[map],
		.key_size = pg_map_types[map].key_size,
		.value_size = value_size(map),
		.keys = list->keys,
		.values = list->values,
		.count = list->count,
	};

	return pg_batch_update(&batch, &list->written);
}

struct search {
	struct pg_stage *stage;
	enum pg_map map;
};

static int find_unsettled(void *context, const void *key, void *value)
{
	const struct search *search = context;
	const struct pg_halves *halves = &pg_map_types[search->map].halves;
	struct pg_stage *stage = search->stage;
	union pg_map_value settled;

	memcpy(&settled, value, pg_halves_value_size(halves));
	if (pg_halves_settle(halves, &settled, stage->now) == PG_SETTLED)
		return 0;
	return add_entry(stage, search->map, key, value);
}

int pg_stage_find(struct pg_stage *stage)
{
	int err = 0;

	for (int i = 0; i < PG_MAPS_WITH_HALVES && !err; i++) {
		struct search search = { .stage = stage, .map = i };
		union pg_map_value value;

		err = pg_batch_each(stage->pins->maps[i], &value, find_unsettled, &search);
		stage->lists[i].written = stage->lists[i].count;
	}
	return err;
}

/* What becomes of the written entries, sorted out. */
struct settling {
	struct pg_stage rewrite, delete;
};

static void settling_done(struct settling *settling)
{
	pg_stage_done(&settling->rewrite);
	pg_stage_done(&settling->delete);
}

static int sort_out(struct pg_stage *stage, enum pg_map map, uint32_t generation,
		    struct settling *settling)
{
	int err = 0;

	for (size_t i = 0; i < stage->lists[map].written && !err; i++) {
		union pg_map_value value;

		memcpy(&value, value_at(stage, map, i), value_size(map));
		switch (pg_halves_settle(&pg_map_types[map].halves, &value, generation)) {
		case PG_SETTLED:
			break;
		case PG_SETTLE_REWRITE:
			err = add_entry(&settling->rewrite, map, key_at(stage, map, i), &value);
			break;
		case PG_SETTLE_DELETE:
			err = add_entry(&settling->delete, map, key_at(stage, map, i), &value);
			break;
		}
	}
	return err;
}

static int detach(const struct pg_stage *stage, const struct pg_stage *leaving)
{
	int err = 0;

	for (size_t i = 0; i < leaving->lists[PG_MAP_ENDPOINTS].count && !err; i++) {
		uint32_t ifindex;

		memcpy(&ifindex, key_at(leaving, PG_MAP_ENDPOINTS, i), sizeof(ifindex));
		err = pg_detach(stage->handle, ifindex, PG_ON_CONTAINER);
	}
	return err;
}

/* The programs go before the entry: without it they would drop everything. */
static int delete_entries(const struct pg_stage *stage, const struct pg_stage *leaving,
			  enum pg_map map)
{
	const struct pg_batch batch = {
		.map = stage->pins->maps[map],
		.key_size = pg_map_types[map].key_size,
		.keys = leaving->lists[map].keys,
		.count = leaving->lists[map].count,
	};
	int err = map == PG_MAP_ENDPOINTS ? detach(stage, leaving) : 0;

	return err ? err : pg_batch_delete(&batch);
}

int pg_stage_settle(struct pg_stage *stage, uint32_t generation)
{
	PG_CLEANUP(settling_done)
	struct settling settling = { .rewrite.pins = stage->pins };
	int err = 0;

	for (int i = 0; i < PG_MAPS_WITH_HALVES && !err; i++) {
		err = sort_out(stage, i, generation, &settling);
		if (!err)
			err = pg_stage_write(&settling.rewrite, i);
		if (!err)
			err = delete_entries(stage, &settling.delete, i);
	}
	return err;
}
