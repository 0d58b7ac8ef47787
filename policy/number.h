/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where identities' numbers come from. Each thing has a home in a range of numbers, which is its hash.
 * Of those with one home the first one, in their order, has it; the others take the next numbers that
 * nobody has, by home and then in their order. So a new thing moves only what shared its home, stood
 * in it, or stood behind in the same row of taken numbers.
 */
#ifndef PG_POLICY_NUMBER_H
#define PG_POLICY_NUMBER_H

#include "policy/addr.h"
#include "policy/label.h"
#include "policy/types.h"

uint64_t pg_hash_labels(const struct pg_labels *labels); /* sorted */
uint64_t pg_hash_prefix(const struct pg_prefix *prefix);

/* The home of a hash: 0 .. range - 1. */
uint32_t pg_number_home(uint64_t hash, uint32_t range);

struct pg_number_slot {
	uint32_t home;
	uint32_t thing; /* its index among those that are placed, which is its rank too */
};

/*
 * Sorts the slots and yields numbers[thing], each below `range`, which is at least `count`. Things get
 * the same numbers if those of their row of taken numbers are placed alone. -ENOMEM.
 */
int pg_numbers_place(struct pg_number_slot *slots, size_t count, uint32_t range, uint32_t *numbers);

#endif
