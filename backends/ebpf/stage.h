/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values on their way from one generation to the next: steps 1 and 5 of the protocol in bpf/abi.h. They
 * are collected first and then written, as many at once as the kernel takes.
 */
#ifndef PG_BACKENDS_EBPF_STAGE_H
#define PG_BACKENDS_EBPF_STAGE_H

#include "backends/ebpf/pins.h"

/* Entries of one map, each key once. */
struct pg_stage_list {
	char *keys, *values; /* one after the other */
	size_t count, capacity;
	size_t written; /* of these */
};

struct pg_stage {
	const struct pg_backend_handle *handle;
	const struct pg_pins *pins;
	uint32_t now; /* the generation that counts */
	struct pg_stage_list lists[PG_MAPS_WITH_HALVES];
};

void pg_stage_done(struct pg_stage *stage);
#define _cleanup_stage_ PG_CLEANUP(pg_stage_done)

/*
 * The half of an entry that counts now. Where there is no such entry (`is_there` false): what it has to
 * stand for while it is absent.
 */
int pg_stage_read(const struct pg_stage *stage, enum pg_map map, const union pg_map_key *key,
		  bool is_there, void *ret_half);

/*
 * Adds an entry whose new half counts from the next generation on, and the old one, which is
 * pg_stage_read()'s, before. -ENOMEM.
 */
int pg_stage_put(struct pg_stage *stage, enum pg_map map, const union pg_map_key *key,
		 const void *new_half, const void *old_half);

/* How many entries more there are once they are written, and after that, once they are settled. */
size_t pg_stage_added(const struct pg_stage *stage, enum pg_map map);
ptrdiff_t pg_stage_growth(const struct pg_stage *stage, enum pg_map map);

/* Writes the entries of one map. -E2BIG: it is full; `written` tells which entry failed. */
int pg_stage_write(struct pg_stage *stage, enum pg_map map);

/* Adds, as written, all entries that a commit left which was killed. */
int pg_stage_find(struct pg_stage *stage);

/*
 * Leaves of the written entries what counts at `generation`: deletes or rewrites them. Programs are
 * taken off the interfaces of endpoints that are absent.
 */
int pg_stage_settle(struct pg_stage *stage, uint32_t generation);

#endif
