// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>

#include "backends/ebpf/attach.h"
#include "backends/ebpf/stage.h"

void pg_stage_done(struct pg_stage *stage)
{
	free(stage->list.items);
	stage->list.items = NULL;
	stage->list.count = stage->list.capacity = 0;
}

static int list_entry(struct pg_stage *stage, enum pg_map map, const union pg_map_key *key)
{
	struct pg_staged *staged = pg_array_add(&stage->list);

	if (!staged)
		return -ENOMEM;
	staged->map = map;
	memcpy(&staged->key, key, pg_map_types[map].key_size);
	return 0;
}

/*
 * The half that counts now. Where there is no such entry: an address trie yields the prefix around
 * it, which is what the entry has to stand for while it is absent; the others yield zeros.
 */
static int read_old(const struct pg_stage *stage, enum pg_map map, const union pg_map_key *key,
		    bool is_there, void *old_half)
{
	const struct pg_halves *halves = &pg_map_types[map].halves;
	struct pg_map_address_half *address = old_half;
	union pg_map_value value;
	int err = bpf_map_lookup_elem(stage->pins->maps[map], key, &value);

	memset(old_half, 0, halves->size);
	if (!err)
		memcpy(old_half, pg_halves_counting(halves, &value, stage->now), halves->size);
	if ((map == PG_MAP_ADDRESSES4 || map == PG_MAP_ADDRESSES6) && !is_there)
		address->flags |= PG_ABI_ADDRESS_ABSENT;
	return err == -ENOENT ? 0 : err;
}

int pg_stage_put(struct pg_stage *stage, enum pg_map map, const union pg_map_key *key,
		 const void *new_half, bool is_there)
{
	const struct pg_halves *halves = &pg_map_types[map].halves;
	char old_half[PG_VALUE_MAX] __attribute__((aligned(8)));
	union pg_map_value value = { 0 };
	int err = list_entry(stage, map, key);

	if (!err)
		err = read_old(stage, map, key, is_there, old_half);
	if (err)
		return err;
	pg_halves_write(halves, &value, stage->now + 1, new_half, old_half);
	return bpf_map_update_elem(stage->pins->maps[map], key, &value, BPF_ANY);
}

struct search {
	struct pg_stage *stage;
	enum pg_map map;
};

static int find_unsettled(void *context, const void *key, void *value)
{
	const struct search *search = context;
	const struct pg_halves *halves = &pg_map_types[search->map].halves;

	if (pg_halves_settle(halves, value, search->stage->now) == PG_SETTLED)
		return 0;
	return list_entry(search->stage, search->map, key);
}

int pg_stage_find(struct pg_stage *stage)
{
	int err = 0;

	for (int i = 0; i < PG_MAPS_WITH_HALVES && !err; i++) {
		struct search search = { .stage = stage, .map = i };
		union pg_map_value value;

		err = pg_map_each(stage->pins->maps[i], &value, find_unsettled, &search);
	}
	return err;
}

/* The programs go before the entry: without it they would drop everything. */
static int delete_entry(const struct pg_stage *stage, const struct pg_staged *staged)
{
	int err = 0;

	if (staged->map == PG_MAP_ENDPOINTS)
		err = pg_detach(stage->handle, staged->key.number);
	if (!err)
		err = bpf_map_delete_elem(stage->pins->maps[staged->map], &staged->key);
	return err == -ENOENT ? 0 : err;
}

static int settle_entry(const struct pg_stage *stage, const struct pg_staged *staged,
			uint32_t generation)
{
	int map = stage->pins->maps[staged->map];
	union pg_map_value value;
	int err = bpf_map_lookup_elem(map, &staged->key, &value);

	if (err)
		return err == -ENOENT ? 0 : err;
	switch (pg_halves_settle(&pg_map_types[staged->map].halves, &value, generation)) {
	case PG_SETTLED:
		return 0;
	case PG_SETTLE_REWRITE:
		return bpf_map_update_elem(map, &staged->key, &value, BPF_EXIST);
	case PG_SETTLE_DELETE:
		return delete_entry(stage, staged);
	}
	return 0;
}

int pg_stage_settle(struct pg_stage *stage, uint32_t generation)
{
	pg_array_foreach(staged, &stage->list) {
		int err = settle_entry(stage, staged, generation);

		if (err)
			return err;
	}
	return 0;
}
