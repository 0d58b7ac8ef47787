/* SPDX-License-Identifier: GPL-2.0-only */
/* The jobs of `polgen check`, and what they share. */
#ifndef PG_FRONTEND_CHECK_H
#define PG_FRONTEND_CHECK_H

#include <jansson.h>

#include "frontend/cli/verbs.h"
#include "policy/compare.h"
#include "policy/lint.h"

int pg_check_lint(const struct pg_options *options);
int pg_check_diff(const struct pg_options *options);

/* Adds "file", "line" and "column" of a place; nothing for PG_LOC_NONE. */
void pg_place_to_json(const struct pg_sources *sources, struct pg_loc loc, json_t *object);
/* "severity", "text", and its place. */
json_t *pg_diag_to_json(const struct pg_sources *sources, const struct pg_diag *diag);

/* -E2BIG of pg_identities_make() and pg_resolve() is bad input, too: says so, and yields -EINVAL. */
int pg_check_limits(int err, struct pg_diags *diags);

/* An error, a warning or a note, with the notes that belong to it. */
struct pg_check_report {
	const char *kind;		  /* "shadowed", "misspelt" */
	const struct pg_finding *finding; /* NULL: it is about a selector only */
	struct pg_diags diags;
};

struct pg_check_reports {
	struct pg_array(struct pg_check_report) list;
};

void pg_check_reports_done(struct pg_check_reports *reports);
#define _cleanup_check_reports_ PG_CLEANUP(pg_check_reports_done)

/* What is to be said of one finding. -ENOMEM. */
int pg_check_describe(const struct pg_input *input, const struct pg_finding *finding,
		      struct pg_check_reports *reports);

/* Two policies and what differs between them. */
struct pg_check_diff {
	const struct pg_input *input; /* sources and endpoints; its policy is empty */
	struct pg_policy before, after;
	struct pg_flow_changes changes;
};

/* One line: the identities at both ends of a change. Then the change, with its example. */
void pg_check_print_pair(const struct pg_check_diff *diff, const struct pg_flow_change *change);
void pg_check_print_change(const struct pg_check_diff *diff, const struct pg_flow_change *change);
json_t *pg_check_change_to_json(const struct pg_check_diff *diff,
				const struct pg_flow_change *change);

#endif
