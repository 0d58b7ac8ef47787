/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What polgen keeps on disk between its runs, in /run/polgen/<inode of the network namespace>/: a
 * lock, so that two polgens wait for each other, and a record of what was applied last, for
 * `status`. Enforcement never depends on the record: the kernel's objects do all of it.
 */
#ifndef PG_FRONTEND_RECORD_H
#define PG_FRONTEND_RECORD_H

#include <jansson.h>

#include "frontend/cli/options.h"
#include "frontend/intent.h"

#define PG_RUN_DIR "/run/polgen"

/* How wide tables of endpoints make IPv6 addresses, with a space; they are left out where nobody has one. */
#define PG_IPV6_COLUMN 26

/*
 * Takes the lock of this network namespace, waiting for whoever has it; released by closing the
 * descriptor, at the latest when the process ends. -EPERM, or what the system says (in `diags`).
 */
int pg_record_lock(struct pg_diags *diags, int *ret_fd);

/* The record of an apply, as JSON; the caller owns it. NULL: out of memory. */
json_t *pg_record_make(const char *backend, const struct pg_options *options,
		       const struct pg_intent *intent);

/* Replaces the record in one step. */
int pg_record_write(json_t *record, struct pg_diags *diags);

/* The last record; NULL when there is none or it can't be read. The caller owns it. */
json_t *pg_record_read(void);

/* Removes record and lock; the folder too. Under the lock. */
void pg_record_remove(void);
/* The same where there is no record: nothing is left of an apply that failed. Under the lock. */
void pg_record_tidy(void);

/* The --bpffs of the last apply if eBPF enforces since; NULL: none. The caller frees it. */
char *pg_record_bpffs(void);

/* Endpoints and identities as JSON arrays, for the record and for `polgen endpoints --json`. */
json_t *pg_endpoints_to_json(const struct pg_endpoints *endpoints,
			     const struct pg_identities *identities);
json_t *pg_identities_to_json(const struct pg_identities *identities);

#endif
