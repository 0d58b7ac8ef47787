// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>

#include "backends/ebpf/batch.h"
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
	free(slots->list.items);
	free(slots->free.items);
	free(slots->fresh.items);
	free(slots->index);
	*slots = (struct pg_slots){ 0 };
}

static struct pg_slot *slot_of(const struct pg_slots *slots, uint32_t number)
{
	if (number >= slots->list.count || !slots->list.items[number].taken)
		return NULL;
	return &slots->list.items[number];
}

const struct pg_map_rule *pg_slots_rule(const struct pg_slots *slots, uint32_t number)
{
	const struct pg_slot *slot = slot_of(slots, number);

	return slot ? &slot->rule : NULL;
}

void pg_slots_hold(struct pg_slots *slots, uint32_t number)
{
	struct pg_slot *slot = slot_of(slots, number);

	if (slot)
		slot->uses++;
}

void pg_slots_release(struct pg_slots *slots, uint32_t number)
{
	struct pg_slot *slot = slot_of(slots, number);

	if (slot && slot->uses)
		slot->uses--;
}

/* FNV-1a, both halves of it as one. */
static uint32_t hash_rule(const struct pg_map_rule *rule)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(rule->name) && rule->name[i]; i++)
		hash = (hash ^ (uint8_t)rule->name[i]) * 0x100000001b3;
	hash = (hash ^ rule->direction) * 0x100000001b3;
	hash = (hash ^ rule->verdict) * 0x100000001b3;
	return (uint32_t)(hash ^ hash >> 32);
}

static bool is_at(const struct pg_slots *slots, const struct pg_slot_place *place, uint32_t hash,
		  const struct pg_map_rule *rule)
{
	const struct pg_map_rule *other =
		place->hash == hash ? pg_slots_rule(slots, place->number - 1) : NULL;

	return other && !memcmp(other, rule, sizeof(*rule));
}

/*
 * The place of a rule in the index, or the empty one where it would be. A slot that was freed leaves its
 * number in the index, so that what was put behind it is found, until the index is made anew.
 */
static struct pg_slot_place *place_of(const struct pg_slots *slots, uint32_t hash,
				      const struct pg_map_rule *rule)
{
	size_t mask = slots->index_size - 1;

	for (size_t i = hash;; i++) {
		struct pg_slot_place *place = &slots->index[i & mask];

		if (!place->number || is_at(slots, place, hash, rule))
			return place;
	}
}

/* Of two slots with one rule, which only another's doing can make, the first one read is in the index. */
static void index_slot(struct pg_slots *slots, uint32_t number)
{
	const struct pg_map_rule *rule = &slots->list.items[number].rule;
	uint32_t hash = hash_rule(rule);
	struct pg_slot_place *place = place_of(slots, hash, rule);

	if (place->number)
		return;
	*place = (struct pg_slot_place){ number + 1, hash };
	slots->index_used++;
}

/* At most half of the index is in use. */
static int make_index(struct pg_slots *slots)
{
	size_t size = 64;

	while (size < 4 * slots->list.count)
		size *= 2;
	free(slots->index);
	slots->index_used = slots->index_size = 0;
	slots->index = calloc(size, sizeof(*slots->index));
	if (!slots->index)
		return -ENOMEM;
	slots->index_size = size;
	for (uint32_t i = 0; i < slots->list.count; i++) {
		if (slots->list.items[i].taken)
			index_slot(slots, i);
	}
	return 0;
}

struct reading {
	struct pg_slots *slots;
	uint32_t limit;
};

static int read_slot(void *context, const void *key, void *value)
{
	const struct reading *reading = context;
	struct pg_slots *slots = reading->slots;
	uint32_t number;

	memcpy(&number, key, sizeof(number));
	if (number >= reading->limit || slot_of(slots, number))
		return -EPROTO;
	while (slots->list.count <= number) {
		const struct pg_slot *slot = pg_array_add(&slots->list);

		if (!slot)
			return -ENOMEM;
	}
	slots->list.items[number].taken = true;
	memcpy(&slots->list.items[number].rule, value, sizeof(struct pg_map_rule));
	return 0;
}

static int list_free(struct pg_slots *slots)
{
	for (size_t i = slots->list.count; i--;) {
		uint32_t *number = slots->list.items[i].taken ? NULL : pg_array_add(&slots->free);

		if (!number && !slots->list.items[i].taken)
			return -ENOMEM;
		if (number)
			*number = (uint32_t)i;
	}
	return 0;
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
	err = pg_batch_each(pins->maps[PG_MAP_RULES], &rule, read_slot, &reading);
	if (!err)
		err = list_free(slots);
	for (uint32_t i = 0; i < PG_ABI_SLOTS_FIXED; i++)
		pg_slots_hold(slots, i);
	return err ? err : make_index(slots);
}

static int take_number(struct pg_slots *slots, uint32_t *ret_number)
{
	const struct pg_slot *slot;

	if (slots->free.count) {
		*ret_number = slots->free.items[--slots->free.count];
		return 0;
	}
	slot = pg_array_add(&slots->list);
	if (!slot)
		return -ENOMEM;
	*ret_number = (uint32_t)slots->list.count - 1;
	return 0;
}

static int make_slot(struct pg_slots *slots, const struct pg_map_rule *rule, uint32_t *ret_number)
{
	uint32_t *fresh = pg_array_add(&slots->fresh);
	int err = fresh ? take_number(slots, ret_number) : -ENOMEM;

	if (err) {
		slots->fresh.count -= fresh != NULL;
		return err;
	}
	*fresh = *ret_number;
	slots->list.items[*ret_number] = (struct pg_slot){ .rule = *rule, .taken = true };
	index_slot(slots, *ret_number);
	return 0;
}

int pg_slots_use(struct pg_slots *slots, const struct pg_map_rule *rule, uint32_t *ret_number)
{
	struct pg_slot_place *place;
	int err = 0;

	if (2 * slots->index_used >= slots->index_size)
		err = make_index(slots);
	if (err)
		return err;
	place = place_of(slots, hash_rule(rule), rule);
	if (place->number)
		*ret_number = place->number - 1;
	else
		err = make_slot(slots, rule, ret_number);
	if (!err)
		pg_slots_hold(slots, *ret_number);
	return err;
}

/* So many at a time. */
#define PORTION 1024

struct portion {
	uint32_t numbers[PORTION];
	struct pg_map_rule rules[PORTION];
};

static int write_portion(const struct pg_pins *pins, const struct portion *portion, size_t count)
{
	const struct pg_batch batch = {
		.map = pins->maps[PG_MAP_RULES],
		.key_size = sizeof(portion->numbers[0]),
		.value_size = sizeof(portion->rules[0]),
		.keys = portion->numbers,
		.values = portion->rules,
		.count = count,
	};
	size_t done;

	return pg_batch_update(&batch, &done);
}

int pg_slots_write(const struct pg_pins *pins, struct pg_slots *slots)
{
	_cleanup_free_ struct portion *portion = malloc(sizeof(*portion));
	size_t all = slots->fresh.count;
	int err = portion ? 0 : -ENOMEM;

	for (size_t at = 0; at < all && !err; at += PORTION) {
		size_t count = PG_MIN(all - at, (size_t)PORTION);

		for (size_t i = 0; i < count; i++) {
			portion->numbers[i] = slots->fresh.items[at + i];
			portion->rules[i] = *pg_slots_rule(slots, portion->numbers[i]);
		}
		err = write_portion(pins, portion, count);
	}
	if (!err)
		slots->fresh.count = 0;
	return err;
}

/* The rule last: killed in between, the next commit finds it, and that nothing uses it. */
static int delete_slots(const struct pg_pins *pins, const uint32_t *numbers, size_t count)
{
	struct pg_batch batch = {
		.map = pins->maps[PG_MAP_COUNTERS],
		.key_size = sizeof(*numbers),
		.keys = numbers,
		.count = count,
	};
	int err = pg_batch_delete(&batch);

	batch.map = pins->maps[PG_MAP_RULES];
	return err ? err : pg_batch_delete(&batch);
}

int pg_slots_free(const struct pg_pins *pins, struct pg_slots *slots, const uint32_t *numbers,
		  size_t count)
{
	size_t before = slots->free.count;
	int err;

	for (size_t i = 0; i < count; i++) {
		struct pg_slot *slot = slot_of(slots, numbers[i]);
		uint32_t *number;

		if (!slot || slot->uses)
			continue;
		number = pg_array_add(&slots->free);
		if (!number)
			return -ENOMEM;
		*number = numbers[i];
		slot->taken = false;
	}
	err = delete_slots(pins, slots->free.items + before, slots->free.count - before);
	/* What never came to be written isn't to be. */
	if (!err)
		slots->fresh.count = 0;
	return err;
}

int pg_slots_free_unused(const struct pg_pins *pins, struct pg_slots *slots)
{
	_cleanup_free_ uint32_t *numbers = calloc(slots->list.count + 1, sizeof(*numbers));

	if (!numbers)
		return -ENOMEM;
	for (uint32_t i = 0; i < slots->list.count; i++)
		numbers[i] = i;
	return pg_slots_free(pins, slots, numbers, slots->list.count);
}
