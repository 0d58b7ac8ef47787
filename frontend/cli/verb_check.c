// SPDX-License-Identifier: GPL-2.0-only
/* polgen check: decode and validate policies. */
#include "frontend/cli/check.h"
#include "frontend/progress.h"

static size_t count_entries(const struct pg_policy *policy)
{
	size_t count = 0;

	pg_array_foreach(rule, &policy->rules)
		count += rule->entries.count;
	return count;
}

void pg_place_to_json(const struct pg_sources *sources, struct pg_loc loc, json_t *object)
{
	struct pg_place place = pg_sources_place(sources, loc);
	_cleanup_strbuf_ struct pg_strbuf name = { 0 };

	if (!place.file)
		return;
	pg_strbuf_puts(&name, "");
	pg_strbuf_add_escaped(&name, place.file, strlen(place.file));
	json_object_set_new(object, "file", json_string(name.text));
	json_object_set_new(object, "line", json_integer(place.line));
	json_object_set_new(object, "column", json_integer(place.column));
}

json_t *pg_diag_to_json(const struct pg_sources *sources, const struct pg_diag *diag)
{
	static const char *const severities[] = { "note", "warning", "error" };
	json_t *object =
		json_pack("{s:s, s:s}", "severity", severities[diag->severity], "text", diag->text);

	pg_place_to_json(sources, diag->loc, object);
	return object;
}

int pg_check_limits(int err, struct pg_diags *diags)
{
	if (err != -E2BIG)
		return err;
	pg_error(diags, PG_LOC_NONE,
		 "too much for one host: at most %u different label sets, %u CIDRs and %u verdicts",
		 PG_IDENTITY_LAST_CLUSTER - PG_IDENTITY_FIRST_CLUSTER + 1,
		 PG_IDENTITY_CIDR_FLAG - 1, PG_VERDICT_TABLE_MAX);
	return -EINVAL;
}

static void print_json(const struct pg_input *input)
{
	json_t *diags = json_array();
	json_t *report;

	pg_array_foreach(diag, &input->diags.list)
		json_array_append_new(diags, pg_diag_to_json(&input->sources, diag));
	report = json_pack("{s:b, s:i, s:I, s:I, s:o}", "valid", !input->diags.errors, "files",
			   (int)input->policy_files, "rules", (json_int_t)input->policy.rules.count,
			   "entries", (json_int_t)count_entries(&input->policy), "diagnostics",
			   diags);
	json_dumpf(report, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(report);
}

static void print_count(size_t count, const char *one, const char *many)
{
	printf("%zu %s", count, count == 1 ? one : many);
}

static void print_text(const struct pg_input *input)
{
	print_count(input->policy.rules.count, "rule", "rules");
	fputs(" with ", stdout);
	print_count(count_entries(&input->policy), "entry", "entries");
	fputs(" in ", stdout);
	print_count(input->policy_files, "file", "files");
	puts(": valid");
}

static int validate(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };
	int err;

	pg_progress("reading policies");
	err = pg_input_policy(&input, options);
	pg_progress_end();
	if (options->json)
		print_json(&input);
	else if (!err)
		print_text(&input);
	return pg_finish(&input, err);
}

int pg_verb_check(const struct pg_options *options)
{
	if (options->lint && options->diff)
		return pg_usage_error("'--lint' and '--diff' exclude each other");
	if (options->diff && options->file_count != 2)
		return pg_usage_error("'check --diff' needs two policies, the old and the new one");
	if (!options->file_count)
		return pg_usage_error("'check' needs a policy file");
	if ((options->lint || options->diff) && !options->endpoints)
		return pg_usage_error("'check --%s' needs --endpoints=docker or --endpoints=FILE",
				      options->lint ? "lint" : "diff");
	if (options->lint)
		return pg_check_lint(options);
	return options->diff ? pg_check_diff(options) : validate(options);
}
