/* SPDX-License-Identifier: GPL-2.0-only */
/* Pointers found by the hash of what they point to. Open addressing; a zeroed struct is an empty table. */
#ifndef PG_COMPAT_HASH_H
#define PG_COMPAT_HASH_H

#include "compat/util.h"

struct pg_hash_slot {
	uint64_t hash;
	void *item; /* NULL: free */
};

/* The items are the user's. */
struct pg_hash {
	struct pg_hash_slot *slots;
	size_t count, capacity; /* capacity: 0 or a power of two */
};

/* Whether an item is the one that is looked for. */
typedef bool (*pg_hash_equal)(const void *item, const void *wanted);

#define PG_HASH_START 0xcbf29ce484222325

/*
 * FNV-1a, 64 bits (Fowler, Noll, Vo), from PG_HASH_START or from a hash of what comes before. Never to
 * be changed: the numbers of identities come from it, and they outlive the process.
 */
uint64_t pg_hash_bytes(uint64_t hash, const void *bytes, size_t length);

void pg_hash_done(struct pg_hash *table);

/* NULL: none is equal. */
void *pg_hash_find(const struct pg_hash *table, uint64_t hash, pg_hash_equal equal,
		   const void *wanted);
/* Adds without asking whether an equal one is there. -ENOMEM: nothing changed. */
int pg_hash_add(struct pg_hash *table, uint64_t hash, void *item);
/* This very item, which is there. */
void pg_hash_remove(struct pg_hash *table, uint64_t hash, const void *item);

/* Slots in no order that means anything; those without an item are to be skipped. */
#define pg_hash_foreach(slot, table)                                    \
	for (struct pg_hash_slot *slot = (table)->slots;                \
	     slot && slot < (table)->slots + (table)->capacity; slot++) \
		if (slot->item)

#endif
