// SPDX-License-Identifier: GPL-2.0-only
/* uthash ends the process when memory is out, unless told not to. */
#define HASH_NONFATAL_OOM 1

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "backends/ebpf/slots.h"

struct pg_map_rule pg_slots_rule_make(const char *name, size_t name_length,
				      enum pg_direction direction, enum pg_verdict verdict)
{
	struct pg_map_rule rule = {
		.direction = (uint8_t)direction,
		.verdict = (uint8_t)verdict,
	};

	memcpy(rule.name, name, PG_MIN(name_length, sizeof(rule.name) - 1));
	return rule;
}

void pg_slots_done(struct pg_slots *slots)
{
	HASH_CLEAR(hh, slots->by_rule);
	pg_array_foreach(slot, &slots->number)
		free(*slot);
	free(slots->number.items);
	*slots = (struct pg_slots){ 0 };
}

const struct pg_map_rule *pg_slots_rule(const struct pg_slots *slots, uint32_t number)
{
	if (number >= slots->number.count || !slots->number.items[number])
		return NULL;
	return &slots->number.items[number]->rule;
}

/* Puts a slot into both tables. */
static int add(struct pg_slots *slots, const struct pg_map_rule *rule, uint32_t number,
	       struct pg_slot **ret_slot)
{
	_cleanup_free_ struct pg_slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	while (slots->number.count <= number) {
		struct pg_slot **item = pg_array_add(&slots->number);

		if (!item)
			return -ENOMEM;
	}
	slot->rule = *rule;
	slot->number = number;
	HASH_ADD(hh, slots->by_rule, rule, sizeof(slot->rule), slot);
	/* Without memory uthash leaves it out. */
	if (HASH_CNT(hh, slots->by_rule) == slots->count)
		return -ENOMEM;
	slots->count++;
	*ret_slot = slots->number.items[number] = slot;
	slot = NULL;
	return 0;
}

struct reading {
	struct pg_slots *slots;
	uint32_t limit;
};

static int read_slot(void *context, const void *key, void *value)
{
	const struct reading *reading = context;
	struct pg_slot *slot;
	uint32_t number;

	memcpy(&number, key, sizeof(number));
	if (number >= reading->limit || pg_slots_rule(reading->slots, number))
		return -EPROTO;
	return add(reading->slots, value, number, &slot);
}

int pg_slots_read(const struct pg_pins *pins, struct pg_slots *slots)
{
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info);
	struct reading reading = { .slots = slots };
	struct pg_map_rule rule;
	int err = bpf_obj_get_info_by_fd(pins->maps[PG_MAP_RULES], &info, &length);

	if (err)
		return err;
	reading.limit = info.max_entries;
	return pg_map_each(pins->maps[PG_MAP_RULES], &rule, read_slot, &reading);
}

/* The counter first: a policy entry never names a slot without one. */
static int write_slot(const struct pg_pins *pins, const struct pg_slot *slot)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct pg_map_counter *zeros = NULL;
	int err;

	if (cpus < 0)
		return cpus;
	zeros = calloc((size_t)cpus, sizeof(*zeros));
	if (!zeros)
		return -ENOMEM;
	err = bpf_map_update_elem(pins->maps[PG_MAP_COUNTERS], &slot->number, zeros, BPF_ANY);
	if (err)
		return err;
	return bpf_map_update_elem(pins->maps[PG_MAP_RULES], &slot->number, &slot->rule, BPF_ANY);
}

static uint32_t find_free(struct pg_slots *slots)
{
	while (slots->lowest_free < slots->number.count && slots->number.items[slots->lowest_free])
		slots->lowest_free++;
	return slots->lowest_free;
}

int pg_slots_use(const struct pg_pins *pins, struct pg_slots *slots, const struct pg_map_rule *rule,
		 uint32_t *ret_number)
{
	struct pg_slot *slot;
	int err = 0;

	HASH_FIND(hh, slots->by_rule, rule, sizeof(*rule), slot);
	if (!slot) {
		err = add(slots, rule, find_free(slots), &slot);
		if (!err)
			err = write_slot(pins, slot);
	}
	if (err)
		return err;
	slot->used = true;
	*ret_number = slot->number;
	return 0;
}

static int remove_key(int map, const uint32_t *key)
{
	int err = bpf_map_delete_elem(map, key);

	return err == -ENOENT ? 0 : err;
}

int pg_slots_free_unused(const struct pg_pins *pins, struct pg_slots *slots)
{
	int err = 0;

	for (size_t i = 0; i < slots->number.count && !err; i++) {
		struct pg_slot *slot = slots->number.items[i];

		if (!slot || slot->used)
			continue;
		err = remove_key(pins->maps[PG_MAP_RULES], &slot->number);
		if (!err)
			err = remove_key(pins->maps[PG_MAP_COUNTERS], &slot->number);
	}
	return err;
}
