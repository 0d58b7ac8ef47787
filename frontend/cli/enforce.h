/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Enforcement as a whole: one backend is brought up, the other one taken down, and what was done is
 * put on record. Under a lock: two polgens at once wait for each other.
 */
#ifndef PG_FRONTEND_ENFORCE_H
#define PG_FRONTEND_ENFORCE_H

#include "frontend/cli/verbs.h"

/* Checks the arguments that render and apply need; PG_EXIT_DONE or PG_EXIT_USAGE. */
int pg_enforce_usage(const char *verb, const struct pg_options *options);

/*
 * Loads policy and endpoints as the options say and prepares the intent. `here`: to be enforced on
 * this host. 0 or -errno.
 */
int pg_enforce_prepare(const struct pg_options *options, bool here, struct pg_input *input,
		       struct pg_prepared *prepared);

struct pg_enforce_result {
	size_t added, replaced, deleted, kept; /* objects */
	bool other_cleared;		       /* the other backend enforced something before */
	bool revokes;			       /* running flows that are denied were looked for */
	size_t revoked;			       /* and so many cut */
	struct pg_backend_status status;
};

/*
 * Makes `backend` enforce the intent, then clears the others. Nothing is done where nothing would
 * change. On an error what was enforced before is enforced still, but for one: with *ret_result set,
 * the intent is enforced, and flows that it denies may go on.
 */
int pg_enforce(const struct pg_backend *backend, const struct pg_backend_options *options,
	       const struct pg_intent *intent, struct pg_diags *diags,
	       struct pg_enforce_result *ret_result);

/* Takes down what any backend enforces. `ret_any`: there was something. */
int pg_enforce_clear(const struct pg_backend_options *options, struct pg_diags *diags,
		     bool *ret_any);

/* Every backend there is; NULL-terminated. */
extern const struct pg_backend *const pg_backends[];

#endif
