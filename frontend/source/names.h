/* SPDX-License-Identifier: GPL-2.0-only */
/* Names that one message speaks of: "'a', 'b' and 17 more". */
#ifndef PG_FRONTEND_NAMES_H
#define PG_FRONTEND_NAMES_H

#include "compat/strbuf.h"

/* How many are named; the others are counted. */
#define PG_NAMES_SHOWN 8

/* A zeroed struct is an empty list. */
struct pg_names {
	struct pg_strbuf text; /* without "and 17 more" */
	size_t count;
};

void pg_names_done(struct pg_names *names);
#define _cleanup_names_ PG_CLEANUP(pg_names_done)

void pg_names_add(struct pg_names *names, const char *name);

/* Escaped, in the order they were added; NULL: out of memory. The caller frees it. */
char *pg_names_format(const struct pg_names *names);

#endif
