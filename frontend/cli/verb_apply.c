// SPDX-License-Identifier: GPL-2.0-only
/* polgen apply: enforce a policy. */
#include "compat/hex.h"
#include "frontend/cli/enforce.h"
#include "frontend/cli/record.h"
#include "frontend/progress.h"

static void print_text(const struct pg_backend *backend, const struct pg_prepared *prepared,
		       const struct pg_enforce_result *result)
{
	size_t changes = result->added + result->replaced + result->deleted;
	char digest[PG_DIGEST_TEXT_MAX];

	pg_digest_format(prepared->intent.digest, digest);
	if (changes)
		printf("enforced by %s (%s, %s) at %s: %zu objects added, %zu replaced, %zu "
		       "deleted, %zu kept\n",
		       backend->name, result->status.flavour, result->status.layout,
		       result->status.attached, result->added, result->replaced, result->deleted,
		       result->kept);
	else
		printf("nothing to change: %s (%s, %s) at %s enforces this policy already, with %zu "
		       "objects\n",
		       backend->name, result->status.flavour, result->status.layout,
		       result->status.attached, result->kept);
	if (result->revoked)
		printf("%zu running flow%s that the policy denies %s cut\n", result->revoked,
		       result->revoked == 1 ? "" : "s", result->revoked == 1 ? "was" : "were");
	if (result->other_cleared)
		printf("what the other backend enforced before was taken down\n");
	printf("policy digest %.16s, %zu endpoints, %zu identities\n", digest,
	       prepared->intent.endpoints->list.count, prepared->identities.list.count);
}

static void print_json(const struct pg_backend *backend, const struct pg_prepared *prepared,
		       const struct pg_enforce_result *result)
{
	char digest[PG_DIGEST_TEXT_MAX];
	json_t *report;

	pg_digest_format(prepared->intent.digest, digest);
	report = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:b}", "backend",
			   backend->name, "flavour", result->status.flavour, "layout",
			   result->status.layout, "attached", result->status.attached, "digest",
			   digest, "changed",
			   result->added + result->replaced + result->deleted > 0, "added",
			   (json_int_t)result->added, "replaced", (json_int_t)result->replaced,
			   "deleted", (json_int_t)result->deleted, "kept", (json_int_t)result->kept,
			   "otherBackendCleared", result->other_cleared);
	if (result->revokes)
		json_object_set_new(report, "flowsCut", json_integer((json_int_t)result->revoked));
	json_dumpf(report, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(report);
}

static void record(const struct pg_backend *backend, const struct pg_options *options,
		   const struct pg_prepared *prepared, struct pg_diags *diags)
{
	json_t *made = pg_record_make(backend->name, options, &prepared->intent);

	pg_record_write(made, diags);
	json_decref(made);
}

static int apply(const struct pg_options *options, struct pg_input *input)
{
	_cleanup_prepared_ struct pg_prepared prepared = { 0 };
	_cleanup_close_ int lock = -1;
	struct pg_enforce_result result = { 0 };
	struct pg_backend_options backend_options;
	const struct pg_backend *backend = pg_choose_backend(options, &backend_options);
	int err;

	/* Who waits for the lock must not go on with what Docker said before it waited. */
	pg_progress("waiting for another polgen");
	err = pg_record_lock(&input->diags, &lock);
	if (err)
		return err;
	err = pg_enforce_prepare(options, true, input, &prepared);
	if (!err)
		err = pg_enforce(backend, &backend_options, &prepared.intent, &input->diags,
				 &result);
	if (err && !result.status.enforcing) {
		pg_record_tidy();
		return err;
	}
	record(backend, options, &prepared, &input->diags);
	pg_progress_end();
	if (options->json)
		print_json(backend, &prepared, &result);
	else
		print_text(backend, &prepared, &result);
	return err;
}

int pg_verb_apply(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };
	int code = pg_enforce_usage("apply", options);

	if (code)
		return code;
	if (geteuid())
		return pg_needs_root("apply");
	return pg_finish(&input, apply(options, &input));
}
