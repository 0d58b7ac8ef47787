// SPDX-License-Identifier: GPL-2.0-only
#include "policy/number.h"

#include "compat/hash.h"

uint64_t pg_hash_labels(const struct pg_labels *labels)
{
	uint64_t hash = PG_HASH_START;

	pg_array_foreach(label, &labels->list) {
		hash = pg_hash_bytes(hash, label->source, strlen(label->source) + 1);
		hash = pg_hash_bytes(hash, label->key, strlen(label->key) + 1);
		hash = pg_hash_bytes(hash, label->value, strlen(label->value) + 1);
	}
	return hash;
}

uint64_t pg_hash_prefix(const struct pg_prefix *prefix)
{
	uint64_t hash = pg_hash_bytes(PG_HASH_START, &prefix->addr.family, 1);

	hash = pg_hash_bytes(hash, prefix->addr.bytes, sizeof(prefix->addr.bytes));
	return pg_hash_bytes(hash, &prefix->length, 1);
}

uint32_t pg_number_home(uint64_t hash, uint32_t range)
{
	/* FNV's last bytes reach its high bits only weakly: mix once more. */
	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15;
	return (uint32_t)((hash >> 32) % range);
}

static int compare_slots(const void *a, const void *b)
{
	const struct pg_number_slot *left = a, *right = b;

	if (left->home != right->home)
		return left->home < right->home ? -1 : 1;
	return (left->thing > right->thing) - (left->thing < right->thing);
}

/* Marks a number in a bitmap; false: somebody has it. */
static bool take_number(uint8_t *taken, uint32_t number)
{
	uint8_t bit = (uint8_t)(1u << (number % 8));

	if (taken[number / 8] & bit)
		return false;
	taken[number / 8] |= bit;
	return true;
}

int pg_numbers_place(struct pg_number_slot *slots, size_t count, uint32_t range, uint32_t *numbers)
{
	_cleanup_free_ uint8_t *taken = calloc(range / 8 + 1, 1);
	uint64_t free_from = 0;

	if (!taken)
		return -ENOMEM;
	if (count)
		qsort(slots, count, sizeof(*slots), compare_slots);
	for (size_t i = 0; i < count; i++) {
		numbers[slots[i].thing] = slots[i].home;
		take_number(taken, slots[i].home);
	}
	for (size_t i = 1; i < count; i++) {
		if (slots[i].home != slots[i - 1].home)
			continue;
		/* Homes ascend, so what lies between this home and the last number found is taken. */
		free_from = PG_MAX(free_from, (uint64_t)slots[i].home + 1);
		while (!take_number(taken, (uint32_t)(free_from % range)))
			free_from++;
		numbers[slots[i].thing] = (uint32_t)(free_from++ % range);
	}
	return 0;
}
