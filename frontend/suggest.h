/* SPDX-License-Identifier: GPL-2.0-only */
/* "did you mean": the name nearest to a misspelt one. */
#ifndef PG_FRONTEND_SUGGEST_H
#define PG_FRONTEND_SUGGEST_H

#include "compat/util.h"

/*
 * The candidate that differs in case only; else the one with the smallest edit distance to `word`
 * (insertions, deletions, replacements and swaps of neighbours; case counts half), if it is near
 * enough to be a slip: at most a third of the letters, and no more than 3. The first of equals.
 * NULL: none is near. Words over 64 bytes have none.
 */
const char *pg_suggest(const char *word, const char *const *candidates, size_t count);

#endif
