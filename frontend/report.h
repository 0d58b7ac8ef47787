/* SPDX-License-Identifier: GPL-2.0-only */
/* How diagnostics look: `file:line:column: error: text`, the line, and a caret under the place. */
#ifndef PG_FRONTEND_REPORT_H
#define PG_FRONTEND_REPORT_H

#include "compat/strbuf.h"
#include "policy/diag.h"

/*
 * Prints all diagnostics in order. Notes follow what they belong to. A long line is shown as a
 * window of it around the place; tabs keep their width; control characters are escaped.
 */
void pg_report(FILE *out, const struct pg_sources *sources, const struct pg_diags *diags);

/*
 * The line of a place in a file (not PG_LOC_NONE) as pg_report() shows it, and the carets that go
 * under it; without newlines.
 */
void pg_report_excerpt(const struct pg_sources *sources, struct pg_loc loc, struct pg_strbuf *line,
		       struct pg_strbuf *carets);

#endif
