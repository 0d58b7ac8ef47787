/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in the operator's files something stands. Every object of the model carries one, whatever
 * is derived from it keeps it, and an error, even one of the kernel's, is shown there.
 */
#ifndef PG_POLICY_LOC_H
#define PG_POLICY_LOC_H

#include "compat/util.h"

/* A stretch of bytes of one source. The text itself belongs to struct pg_sources. */
struct pg_loc {
	uint32_t source; /* 1-based index into struct pg_sources; 0: no place in a file */
	uint32_t offset; /* bytes from the start */
	uint32_t length; /* bytes; 0 points between two */
};

#define PG_LOC_NONE ((struct pg_loc){ 0 })

/* A place as a person counts it. Columns count UTF-8 characters, both are 1-based. */
struct pg_place {
	const char *file; /* the source's name; owned by struct pg_sources; NULL: no place */
	uint32_t line, column;
};

/* Columns are counted from the start of such a block: a file may be one line of 64 MiB. */
#define PG_SOURCE_BLOCK 256

/* One text: a file that was read, or a case's embedded policy. */
struct pg_source {
	char *name; /* as the operator gave it; may hold any byte but NUL */
	char *text; /* `length` bytes and a NUL */
	size_t length;
	uint32_t *line_starts; /* offset of each line's first byte; made with the source */
	size_t line_count;
	uint32_t *characters; /* how many there are before each block of PG_SOURCE_BLOCK bytes */
};

struct pg_sources {
	struct pg_array(struct pg_source) list;
};

/* The largest source: 64 MiB. Offsets are 32 bits wide, and a policy larger than that is a mistake. */
#define PG_SOURCE_MAX (64u << 20)

void pg_sources_done(struct pg_sources *sources);
#define _cleanup_sources_ PG_CLEANUP(pg_sources_done)

/*
 * Adds a copy of a text. Yields its number for struct pg_loc.
 * -EFBIG: longer than PG_SOURCE_MAX. -ENOMEM.
 */
int pg_sources_add(struct pg_sources *sources, const char *name, const char *text, size_t length,
		   uint32_t *ret_source);

/* The source that a location speaks of; NULL for PG_LOC_NONE. */
const struct pg_source *pg_sources_get(const struct pg_sources *sources, struct pg_loc loc);

/* A location's first byte as file, line and column; O(log lines). */
struct pg_place pg_sources_place(const struct pg_sources *sources, struct pg_loc loc);

#endif
