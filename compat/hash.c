// SPDX-License-Identifier: GPL-2.0-only
#include "compat/hash.h"

#define SMALLEST 16

uint64_t pg_hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ at[i]) * 0x100000001b3;
	return hash;
}

void pg_hash_done(struct pg_hash *table)
{
	free(table->slots);
	*table = (struct pg_hash){ 0 };
}

/* FNV's low bits are its good ones; the high ones are folded in all the same. */
static size_t home_of(const struct pg_hash *table, uint64_t hash)
{
	return (hash ^ hash >> 32) & (table->capacity - 1);
}

static size_t next(const struct pg_hash *table, size_t place)
{
	return (place + 1) & (table->capacity - 1);
}

void *pg_hash_find(const struct pg_hash *table, uint64_t hash, pg_hash_equal equal,
		   const void *wanted)
{
	if (!table->capacity)
		return NULL;
	for (size_t i = home_of(table, hash); table->slots[i].item; i = next(table, i)) {
		if (table->slots[i].hash == hash && equal(table->slots[i].item, wanted))
			return table->slots[i].item;
	}
	return NULL;
}

static void put(struct pg_hash *table, uint64_t hash, void *item)
{
	size_t i = home_of(table, hash);

	while (table->slots[i].item)
		i = next(table, i);
	table->slots[i] = (struct pg_hash_slot){ hash, item };
}

static int grow(struct pg_hash *table)
{
	struct pg_hash grown = { .capacity = PG_MAX((size_t)SMALLEST, 2 * table->capacity),
				 .count = table->count };

	grown.slots = calloc(grown.capacity, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	pg_hash_foreach(slot, table) put(&grown, slot->hash, slot->item);
	free(table->slots);
	*table = grown;
	return 0;
}

int pg_hash_add(struct pg_hash *table, uint64_t hash, void *item)
{
	/* A quarter stays free, so that a search ends soon. */
	if (4 * (table->count + 1) > 3 * table->capacity) {
		int err = grow(table);

		if (err)
			return err;
	}
	put(table, hash, item);
	table->count++;
	return 0;
}

/* Items behind a hole that could have stood there move up, so that searches don't end at it. */
void pg_hash_remove(struct pg_hash *table, uint64_t hash, const void *item)
{
	size_t hole = home_of(table, hash);

	while (table->slots[hole].item != item)
		hole = next(table, hole);
	for (size_t i = next(table, hole); table->slots[i].item; i = next(table, i)) {
		size_t home = home_of(table, table->slots[i].hash);

		if (((i - home) & (table->capacity - 1)) < ((i - hole) & (table->capacity - 1)))
			continue;
		table->slots[hole] = table->slots[i];
		hole = i;
	}
	table->slots[hole] = (struct pg_hash_slot){ 0 };
	table->count--;
}
