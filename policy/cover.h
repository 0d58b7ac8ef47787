/* SPDX-License-Identifier: GPL-2.0-only */
/* Port ranges laid over one another: which of them is on top, port by port. */
#ifndef PG_POLICY_COVER_H
#define PG_POLICY_COVER_H

#include "compat/util.h"

struct pg_layer {
	uint16_t first, last;
	uint32_t tag;	/* the caller's */
	uint64_t order; /* the lowest is on top; of equals the one with the lower tag */
};

/* A stretch of ports between two of the places where ranges begin or end; pg_cover_make()'s own. */
struct pg_cover_cell {
	uint32_t first, next; /* `next`: the first cell from here on that nothing covers yet */
	uint32_t layer;	      /* index into the layers */
};

/* Made anew as often as you like: the memory is used again. A zeroed struct covers nothing. */
struct pg_cover {
	struct pg_array(struct pg_layer) list; /* what is seen: disjoint, by port */
	struct pg_array(struct pg_cover_cell) cells;
};

void pg_cover_done(struct pg_cover *cover);
#define _cleanup_cover_ PG_CLEANUP(pg_cover_done)

/* Sorts the layers by order. O(count log count). -ENOMEM. */
int pg_cover_make(struct pg_cover *cover, struct pg_layer *layers, size_t count);

/* Gives back what only making it needs. */
void pg_cover_trim(struct pg_cover *cover);

/* What is seen at a port or next after it. NULL: nothing is. */
const struct pg_layer *pg_cover_next(const struct pg_cover *cover, uint16_t port);

/* What is seen at a port; its range ends where another one comes to light. NULL: nothing is. */
const struct pg_layer *pg_cover_at(const struct pg_cover *cover, uint16_t port);

#endif
