// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/lab/casetest.h"

#include "compat/errtext.h"
#include "frontend/lab/casetest_internal.h"
#include "frontend/report.h"
#include "frontend/source/source.h"

struct runner {
	const struct pg_casetest_options *options;
	FILE *out, *log;
	struct pg_case_file *files;
	size_t count, number; /* of the TAP line */
	struct pg_casetest_counts counts;
};

static void runner_done(struct runner *runner)
{
	for (size_t i = 0; runner->files && i < runner->count; i++) {
		struct pg_case_file *file = &runner->files[i];

		free(file->outcomes);
		pg_identities_done(&file->identities);
		pg_case_done(&file->test);
		pg_sources_done(&file->sources);
	}
	free(runner->files);
}

/* The name of a file that is named in another one, relative to that one's folder. */
static char *beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	char *joined = NULL;
	int folder = slash && *name != '/' ? (int)(slash + 1 - path) : 0;

	return asprintf(&joined, "%.*s%s", folder, path, name) < 0 ? NULL : joined;
}

/* The policy may be in a file of its own. */
static int decode_policy(struct pg_case_file *file, const struct pg_decode_options *options,
			 struct pg_diags *diags)
{
	_cleanup_free_ char *path = NULL;
	uint32_t source;
	int err;

	if (!file->test.policy_file)
		return 0;
	path = beside(file->path, file->test.policy_file);
	if (!path)
		return -ENOMEM;
	err = pg_source_read(path, &file->sources, diags, &source);
	if (err) {
		pg_note(diags, file->test.policy_loc, "the policy of this case is that file");
		return err;
	}
	return pg_decode_policy(&file->sources, source, options, diags, &file->test.policy);
}

static int decode(struct pg_case_file *file, bool lenient, struct pg_diags *diags)
{
	struct pg_decode_options options = { .lenient = lenient };
	uint32_t source;
	int err = pg_source_read(file->path, &file->sources, diags, &source);

	if (!err)
		err = pg_case_decode(&file->sources, source, &options, diags, &file->test);
	if (!err)
		err = decode_policy(file, &options, diags);
	if (!err)
		err = pg_case_assign(&file->test, diags);
	if (!err)
		err = pg_identities_make(&file->test.endpoints, &file->test.policy,
					 &file->identities);
	if (err)
		return err;
	file->outcomes = calloc(file->test.flows.count + 1, sizeof(*file->outcomes));
	return file->outcomes ? 0 : -ENOMEM;
}

/* An error that nobody explained gets a line of its own. */
static void report(const struct runner *runner, const struct pg_case_file *file,
		   struct pg_diags *diags)
{
	char text[PG_ERRTEXT_MAX];

	if (file->err && !diags->errors)
		pg_error(diags, PG_LOC_NONE, "%s: %s", file->path, pg_errtext(file->err, text));
	pg_report(runner->log, &file->sources, diags);
}

static int decode_all(struct runner *runner, size_t *ret_lines)
{
	size_t lines = 0;

	for (size_t i = 0; i < runner->count; i++) {
		_cleanup_diags_ struct pg_diags diags = { 0 };
		struct pg_case_file *file = &runner->files[i];

		file->err = decode(file, runner->options->lenient, &diags);
		if (file->err == -ENOMEM)
			return -ENOMEM;
		report(runner, file, &diags);
		runner->counts.undecodable += file->err != 0;
		lines += file->err ? 1 : file->test.flows.count;
	}
	*ret_lines = lines;
	return 0;
}

static void print_flow(struct runner *runner, const struct pg_case_file *file, size_t flow)
{
	const struct pg_case_outcome *outcome = &file->outcomes[flow];
	bool skipped = outcome->kind == PG_OUTCOME_SKIPPED;
	bool passed = outcome->kind == PG_OUTCOME_JUDGED &&
		      outcome->verdict == file->test.flows.items[flow].expect;

	pg_case_put_line(runner->out, file, ++runner->number, passed || skipped);
	pg_case_put_flow(runner->out, file, flow, passed);
	runner->counts.passed += passed;
	runner->counts.skipped += skipped;
	runner->counts.failed += !passed && !skipped;
}

static int run_file(struct runner *runner, struct pg_case_file *file)
{
	if (!runner->options->backend)
		return pg_case_run_model(&file->test, &file->identities, file->outcomes);
	return pg_case_run_backend(&file->sources, &file->test, runner->options, runner->log,
				   file->outcomes);
}

static int test_file(struct runner *runner, struct pg_case_file *file)
{
	if (file->err) {
		pg_case_put_line(runner->out, file, ++runner->number, false);
		fputs("error\n", runner->out);
		return 0;
	}
	file->err = run_file(runner, file);
	if (file->err == -ENOMEM)
		return -ENOMEM;
	runner->counts.unrunnable += file->err != 0;
	for (size_t i = 0; i < file->test.flows.count; i++)
		print_flow(runner, file, i);
	fflush(runner->out);
	return 0;
}

static int run_all(struct runner *runner)
{
	size_t lines = 0;
	int err = decode_all(runner, &lines);

	if (err)
		return err;
	fprintf(runner->out, "TAP version 13\n1..%zu\n", lines);
	for (size_t i = 0; !err && i < runner->count; i++)
		err = test_file(runner, &runner->files[i]);
	return err;
}

int pg_casetest_run(const char *const *paths, size_t count,
		    const struct pg_casetest_options *options, FILE *out, FILE *log,
		    struct pg_casetest_counts *ret_counts)
{
	PG_CLEANUP(runner_done)
	struct runner runner = {
		.options = options,
		.out = out,
		.log = log,
		.count = count,
		.files = calloc(count + 1, sizeof(struct pg_case_file)),
	};
	int err;

	if (!runner.files)
		return -ENOMEM;
	if (options->backend && geteuid()) {
		fprintf(log, "polgen: error: 'test --backend=%s' needs root\n",
			options->backend_name);
		return -EPERM;
	}
	for (size_t i = 0; i < count; i++)
		runner.files[i].path = paths[i];
	err = run_all(&runner);
	if (err)
		return err;
	*ret_counts = runner.counts;
	return 0;
}
