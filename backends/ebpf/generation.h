/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values with two halves, of which the generation tells the one that counts: the protocol at the top
 * of bpf/abi.h, as functions over bytes. Pure.
 */
#ifndef PG_BACKENDS_EBPF_GENERATION_H
#define PG_BACKENDS_EBPF_GENERATION_H

#include "compat/util.h"

#define PG_VALUE_MAX 92 /* of a value with halves */

/* How the halves of one map look. */
struct pg_halves {
	size_t size; /* of one half, in bytes */
	bool (*absent)(const void *half);
};

static inline size_t pg_halves_value_size(const struct pg_halves *halves)
{
	return sizeof(uint32_t) + 2 * halves->size;
}

/* The half that counts once the meta map says `generation`. */
const void *pg_halves_counting(const struct pg_halves *halves, const void *value,
			       uint32_t generation);

void pg_halves_write(const struct pg_halves *halves, void *value, uint32_t generation,
		     const void *new_half, const void *old_half);

enum pg_settlement {
	PG_SETTLED,	   /* nothing to do */
	PG_SETTLE_REWRITE, /* the value was changed: write it */
	PG_SETTLE_DELETE,
};

/* Makes an end of a commit, done or not: what counts now is all that stays. */
enum pg_settlement pg_halves_settle(const struct pg_halves *halves, void *value,
				    uint32_t generation);

#endif
