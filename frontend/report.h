/* SPDX-License-Identifier: GPL-2.0-only */
/* How diagnostics look: `file:line:column: error: text`, the line, and a caret under the place. */
#ifndef PG_FRONTEND_REPORT_H
#define PG_FRONTEND_REPORT_H

#include "compat/strbuf.h"
#include "policy/diag.h"

/* Of errors, and of warnings: beyond that nobody reads. */
#define PG_REPORT_MAX 100

/*
 * Prints diagnostics in order, the first ones, and how many more there are; or all. Notes follow what
 * they belong to. A long line is shown as a window of it around the place; tabs keep their width;
 * control characters are escaped.
 */
void pg_report(FILE *out, const struct pg_sources *sources, const struct pg_diags *diags);
void pg_report_all(FILE *out, const struct pg_sources *sources, const struct pg_diags *diags);

/*
 * The line of a place in a file (not PG_LOC_NONE) as pg_report() shows it, and the carets that go
 * under it; without newlines.
 */
void pg_report_excerpt(const struct pg_sources *sources, struct pg_loc loc, struct pg_strbuf *line,
		       struct pg_strbuf *carets);

#endif
