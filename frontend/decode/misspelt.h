/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of selectors that no label has: mistakes, most probably. */
#ifndef PG_FRONTEND_MISSPELT_H
#define PG_FRONTEND_MISSPELT_H

#include "policy/diag.h"
#include "policy/identity.h"

/* Every label that something has. Borrows the identities. */
struct pg_known_labels {
	struct pg_array(const struct pg_label *) list; /* by key, source, value; each once */
	struct pg_array(const char *) sources;	       /* sorted, each once */
	size_t searches; /* for near words so far; each costs a look at all */
};

void pg_known_labels_done(struct pg_known_labels *known);
#define _cleanup_known_labels_ PG_CLEANUP(pg_known_labels_done)

/* -ENOMEM. */
int pg_known_labels_make(const struct pg_identities *identities, struct pg_known_labels *ret_known);

/*
 * Adds a diagnostic for each source, key or value in the selector's requirements that no label has.
 * `all` false: only for those that have a near word and would go unnoticed, since the selector selects
 * something. -ENOMEM.
 */
int pg_misspelt_find(struct pg_known_labels *known, const struct pg_selector *selector, bool all,
		     enum pg_severity severity, struct pg_diags *diags);

#endif
