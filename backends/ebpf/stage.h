/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values on their way from one generation to the next: steps 1 and 5 of the protocol in bpf/abi.h.
 */
#ifndef PG_BACKENDS_EBPF_STAGE_H
#define PG_BACKENDS_EBPF_STAGE_H

#include "backends/ebpf/pins.h"

struct pg_staged {
	enum pg_map map;
	union pg_map_key key;
};

struct pg_stage {
	const struct pg_backend_handle *handle;
	const struct pg_pins *pins;
	uint32_t now;				/* the generation that counts */
	struct pg_array(struct pg_staged) list; /* the entries that are to be settled */
};

void pg_stage_done(struct pg_stage *stage);
#define _cleanup_stage_ PG_CLEANUP(pg_stage_done)

/*
 * Writes an entry whose new half counts from the next generation on. `is_there`: it is in the map
 * already; otherwise it is absent in the old half. -E2BIG: the map is full.
 */
int pg_stage_put(struct pg_stage *stage, enum pg_map map, const union pg_map_key *key,
		 const void *new_half, bool is_there);

/* Puts all entries on the list that a commit left which was killed. */
int pg_stage_find(struct pg_stage *stage);

/*
 * Leaves of the listed entries what counts at `generation`: deletes or rewrites them. Programs are
 * taken off the interfaces of endpoints that are absent.
 */
int pg_stage_settle(struct pg_stage *stage, uint32_t generation);

#endif
