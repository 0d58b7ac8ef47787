/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many entries of a map with one system call (Linux 5.6; tries somewhat later), or one by one where the
 * kernel can't.
 */
#ifndef PG_BACKENDS_EBPF_BATCH_H
#define PG_BACKENDS_EBPF_BATCH_H

#include "compat/util.h"

/* Keys stand one after the other, and so do values, without padding. */
struct pg_batch {
	int map;
	size_t key_size, value_size; /* per-CPU maps: of all CPUs together */
	const void *keys, *values;
	size_t count;
};

/*
 * Writes entries, in their order. Waits for memory, some two seconds at most: the kernel takes that of an
 * entry from stocks that it fills up a little later. -E2BIG: the map is full. -ENOMEM. *ret_done: how
 * many were written, also on an error.
 */
int pg_batch_update(const struct pg_batch *batch, size_t *ret_done);

/* Deletes entries; those that aren't there are none the worse. Only the keys count. */
int pg_batch_delete(const struct pg_batch *batch);

/*
 * Calls fn for each entry of a map, from which nobody deletes meanwhile. `value` has room for the map's
 * value (per-CPU maps: for all of them). Ends with fn's first result other than 0.
 */
int pg_batch_each(int map, void *value, int (*fn)(void *context, const void *key, void *value),
		  void *context);

#endif
