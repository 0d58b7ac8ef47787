/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs share: loading input, choosing a backend, turning errors into exit codes. */
#ifndef PG_FRONTEND_VERBS_H
#define PG_FRONTEND_VERBS_H

#include "backends/backend.h"
#include "frontend/cli/options.h"
#include "frontend/intent.h"

int pg_verb_apply(const struct pg_options *options);
int pg_verb_check(const struct pg_options *options);
int pg_verb_clear(const struct pg_options *options);
int pg_verb_completion(const struct pg_options *options);
int pg_verb_endpoints(const struct pg_options *options);
int pg_verb_explain(const struct pg_options *options);
int pg_verb_monitor(const struct pg_options *options);
int pg_verb_probe(const struct pg_options *options);
int pg_verb_render(const struct pg_options *options);
int pg_verb_status(const struct pg_options *options);
int pg_verb_test(const struct pg_options *options);

/* Everything that a verb reads before it works. A zeroed struct is an empty one. */
struct pg_input {
	struct pg_sources sources;
	struct pg_diags diags;
	struct pg_policy policy;
	size_t policy_files; /* that it comes from */
	struct pg_endpoints endpoints;
};

void pg_input_done(struct pg_input *input);
#define _cleanup_input_ PG_CLEANUP(pg_input_done)

/*
 * Reads and decodes; all errors of all files are found. 0 or -errno with the reason in the
 * diagnostics, which the caller reports (pg_finish() does). `interfaces`: this host is to enforce it,
 * so the interfaces must be here.
 */
int pg_input_policy(struct pg_input *input, const struct pg_options *options);
int pg_input_endpoints(struct pg_input *input, const struct pg_options *options, bool interfaces);

/*
 * Reports the diagnostics and turns the outcome of a verb into its exit code: -EINVAL is bad input,
 * -ENOMEM internal, anything else the system's. An error nobody explained gets a line of its own.
 */
int pg_finish(struct pg_input *input, int err);

/* The backend that was asked for and its options; NULL for `model` and none. */
const struct pg_backend *pg_choose_backend(const struct pg_options *options,
					   struct pg_backend_options *ret_options);

/* "polgen: error: 'VERB' needs root"; yields PG_EXIT_SYSTEM. */
int pg_needs_root(const char *verb);

/* One line on stderr: "polgen: error: ..."; yields PG_EXIT_USAGE. */
int pg_usage_error(const char *format, ...) PG_PRINTF(1, 2);

#endif
