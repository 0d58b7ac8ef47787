/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is to be said to the operator: collected here by the libraries, printed by the front end.
 * Texts are lower case without a full stop, what failed first, the subject in single quotes:
 * `unknown field 'fromEndpoint'; did you mean 'fromEndpoints'?`
 */
#ifndef PG_POLICY_DIAG_H
#define PG_POLICY_DIAG_H

#include "policy/loc.h"

enum pg_severity {
	PG_NOTE, /* belongs to the error or warning before it: a second place */
	PG_WARNING,
	PG_ERROR,
	PG_SEVERITIES,
};

struct pg_diag {
	enum pg_severity severity;
	struct pg_loc loc; /* PG_LOC_NONE: about no place in a file */
	char *text;	   /* escaped already: printable as it is */
};

/* The most that are kept: a file may have millions of values, each of them wrong. */
#define PG_DIAGS_MAX 1000000

/* A zeroed struct is an empty sink. */
struct pg_diags {
	struct pg_array(struct pg_diag) list;
	size_t errors, warnings; /* counted even when there is no room or no memory for the text */
};

void pg_diags_done(struct pg_diags *diags);
#define _cleanup_diags_ PG_CLEANUP(pg_diags_done)

/* Adds one. What comes in through %s must be escaped by the caller (pg_strbuf_add_escaped). */
void pg_diag_add(struct pg_diags *diags, enum pg_severity severity, struct pg_loc loc,
		 const char *format, ...) PG_PRINTF(4, 5);

#define pg_error(diags, loc, ...)   pg_diag_add(diags, PG_ERROR, loc, __VA_ARGS__)
#define pg_warning(diags, loc, ...) pg_diag_add(diags, PG_WARNING, loc, __VA_ARGS__)
#define pg_note(diags, loc, ...)    pg_diag_add(diags, PG_NOTE, loc, __VA_ARGS__)

#endif
