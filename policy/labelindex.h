/* SPDX-License-Identifier: GPL-2.0-only */
/* Identities by label, so that a selector costs what it selects and not what there is. */
#ifndef PG_POLICY_LABELINDEX_H
#define PG_POLICY_LABELINDEX_H

#include "policy/identity.h"

/* One label of one identity. Strings are the identity's. */
struct pg_label_posting {
	const char *key, *value;
	uint32_t identity; /* index into pg_identities.list */
};

/* Borrows the identities. */
struct pg_label_index {
	const struct pg_identities *identities;
	struct pg_array(struct pg_label_posting) postings; /* by key, value, identity */
};

/* Indexes into pg_identities.list, ascending, each once. */
struct pg_selection {
	struct pg_array(uint32_t) list;
};

void pg_label_index_done(struct pg_label_index *index);
#define _cleanup_label_index_ PG_CLEANUP(pg_label_index_done)
void pg_selection_done(struct pg_selection *selection);
#define _cleanup_selection_ PG_CLEANUP(pg_selection_done)

/* -ENOMEM. */
int pg_label_index_make(const struct pg_identities *identities, struct pg_label_index *ret_index);

/*
 * The identities whose labels pg_selector_matches(). As fast as the rarest key or value that the
 * selector asks for is rare; one that only says what must not be there looks at all. -ENOMEM.
 */
int pg_label_index_select(const struct pg_label_index *index, const struct pg_selector *selector,
			  struct pg_selection *ret_selection);

/* Appends. -ENOMEM. */
int pg_selection_add(struct pg_selection *selection, uint32_t identity);
/* Sorts, and leaves each once. */
void pg_selection_sort(struct pg_selection *selection);

#endif
