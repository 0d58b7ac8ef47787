// SPDX-License-Identifier: GPL-2.0-only
/* polgen check: decode and validate policies. */
#include <jansson.h>

#include "frontend/verbs.h"

static size_t count_entries(const struct pg_policy *policy)
{
	size_t count = 0;

	pg_array_foreach(rule, &policy->rules)
		count += rule->entries.count;
	return count;
}

static json_t *diag_to_json(const struct pg_input *input, const struct pg_diag *diag)
{
	static const char *const severities[] = { "note", "warning", "error" };
	struct pg_place place = pg_sources_place(&input->sources, diag->loc);
	json_t *object =
		json_pack("{s:s, s:s}", "severity", severities[diag->severity], "text", diag->text);

	if (place.file) {
		_cleanup_strbuf_ struct pg_strbuf name = { 0 };

		pg_strbuf_add_escaped(&name, place.file, strlen(place.file));
		json_object_set_new(object, "file", json_string(name.text));
		json_object_set_new(object, "line", json_integer(place.line));
		json_object_set_new(object, "column", json_integer(place.column));
	}
	return object;
}

static void print_json(const struct pg_input *input, const struct pg_options *options)
{
	json_t *diags = json_array();
	json_t *report;

	pg_array_foreach(diag, &input->diags.list)
		json_array_append_new(diags, diag_to_json(input, diag));
	report = json_pack("{s:b, s:i, s:I, s:I, s:o}", "valid", !input->diags.errors, "files",
			   (int)options->file_count, "rules", (json_int_t)input->policy.rules.count,
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

static void print_text(const struct pg_input *input, const struct pg_options *options)
{
	print_count(input->policy.rules.count, "rule", "rules");
	fputs(" with ", stdout);
	print_count(count_entries(&input->policy), "entry", "entries");
	fputs(" in ", stdout);
	print_count(options->file_count, "file", "files");
	puts(": valid");
}

int pg_verb_check(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };
	int err;

	if (!options->file_count)
		return pg_usage_error("'check' needs a policy file");
	err = pg_input_policy(&input, options);
	if (options->json)
		print_json(&input, options);
	else if (!err)
		print_text(&input, options);
	return pg_finish(&input, err);
}
