// SPDX-License-Identifier: GPL-2.0-only
/* polgen test: run policy tests. */
#include "frontend/cli/verbs.h"
#include "frontend/lab/casetest.h"

/* A case that could not be run says nothing of the policy: that counts for more than a failed one. */
static int exit_code(const struct pg_casetest_counts *counts)
{
	if (counts->undecodable)
		return PG_EXIT_INPUT;
	if (counts->unrunnable)
		return PG_EXIT_SYSTEM;
	return counts->failed ? PG_EXIT_DIFFERENCE : PG_EXIT_DONE;
}

int pg_verb_test(const struct pg_options *options)
{
	struct pg_casetest_options test = {
		.backend_name = pg_choice_name(options->backend),
		.lenient = options->lenient,
	};
	struct pg_casetest_counts counts = { 0 };
	int err;

	if (!options->file_count)
		return pg_usage_error("'test' needs a test case");
	test.backend = pg_choose_backend(options, &test.backend_options);
	err = pg_casetest_run(options->files, options->file_count, &test, stdout, stderr, &counts);
	if (err == -EPERM) /* said already */
		return PG_EXIT_SYSTEM;
	return err ? PG_EXIT_INTERNAL : exit_code(&counts);
}
