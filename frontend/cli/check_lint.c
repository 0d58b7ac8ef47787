// SPDX-License-Identifier: GPL-2.0-only
/* polgen check --lint: what is odd about a valid policy, on these endpoints. */
#include "frontend/cli/check.h"
#include "frontend/decode/misspelt.h"
#include "frontend/progress.h"
#include "frontend/report.h"

/* In JSON all but the largest lists of endpoints are whole. */
#define ENDPOINTS_SHOWN 1000

void pg_check_reports_done(struct pg_check_reports *reports)
{
	pg_array_foreach(report, &reports->list)
		pg_diags_done(&report->diags);
	free(reports->list.items);
	*reports = (struct pg_check_reports){ 0 };
}

struct lint {
	struct pg_input *input;
	struct pg_findings findings;
	struct pg_known_labels known;
	struct pg_check_reports reports;
};

static void lint_done(struct lint *lint)
{
	pg_findings_done(&lint->findings);
	pg_known_labels_done(&lint->known);
	pg_check_reports_done(&lint->reports);
}

/* Selectors about which a finding says already that they select nobody. */
static int compare_pointers(const void *a, const void *b)
{
	uintptr_t left = *(const uintptr_t *)a, right = *(const uintptr_t *)b;

	return (left > right) - (left < right);
}

struct pointers {
	struct pg_array(uintptr_t) list;
};

static void pointers_done(struct pointers *pointers)
{
	free(pointers->list.items);
}

static int collect_reported(const struct pg_findings *findings, struct pointers *reported)
{
	pg_array_foreach(finding, &findings->list) {
		uintptr_t *added;

		if (!finding->selector)
			continue;
		added = pg_array_add(&reported->list);
		if (!added)
			return -ENOMEM;
		*added = (uintptr_t)finding->selector;
	}
	if (reported->list.count)
		qsort(reported->list.items, reported->list.count, sizeof(uintptr_t),
		      compare_pointers);
	return 0;
}

static bool is_reported(const struct pointers *reported, const struct pg_selector *selector)
{
	uintptr_t pointer = (uintptr_t)selector;

	return reported->list.count && bsearch(&pointer, reported->list.items, reported->list.count,
					       sizeof(pointer), compare_pointers);
}

/* A report of its own for each word of a selector that selects somebody. */
static int find_slips(struct lint *lint, const struct pointers *reported,
		      const struct pg_selector *selector)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	int err = 0;

	if (!is_reported(reported, selector))
		err = pg_misspelt_find(&lint->known, selector, false, PG_WARNING, &diags);
	pg_array_foreach(diag, &diags.list) {
		struct pg_check_report *report = err ? NULL : pg_array_add(&lint->reports.list);

		if (!report)
			return -ENOMEM;
		report->kind = "misspelt";
		pg_warning(&report->diags, diag->loc, "%s", diag->text);
		err = report->diags.list.count ? 0 : -ENOMEM;
	}
	return err;
}

static int find_all_slips(struct lint *lint)
{
	PG_CLEANUP(pointers_done) struct pointers reported = { 0 };
	int err = collect_reported(&lint->findings, &reported);

	pg_array_foreach(rule, &lint->input->policy.rules) {
		err = err ?: find_slips(lint, &reported, &rule->subject);
		pg_array_foreach(entry, &rule->entries) {
			pg_array_foreach(peer, &entry->peers.endpoints)
				err = err ?: find_slips(lint, &reported, peer);
			pg_array_foreach(required, &entry->peers.requires)
				err = err ?: find_slips(lint, &reported, required);
		}
	}
	return err;
}

/* A selector that selects nobody for want of a word is explained by it. */
static int describe(struct lint *lint, const struct pg_finding *finding)
{
	struct pg_check_report *report;
	int err = pg_check_describe(lint->input, finding, &lint->reports);

	if (err || !finding->selector)
		return err;
	report = &lint->reports.list.items[lint->reports.list.count - 1];
	return pg_misspelt_find(&lint->known, finding->selector, true, PG_NOTE, &report->diags);
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static struct pg_loc place_of(const struct pg_check_report *report)
{
	return report->diags.list.items[0].loc;
}

/* By place; at one place in the order in which pg_lint() has them. */
static int compare_reports(const void *a, const void *b)
{
	const struct pg_check_report *left = a, *right = b;
	struct pg_loc left_loc = place_of(left), right_loc = place_of(right);
	int order = compare_numbers(left_loc.source, right_loc.source);

	order = order ?: compare_numbers(left_loc.offset, right_loc.offset);
	order = order ?: (left->finding > right->finding) - (left->finding < right->finding);
	return order ?: strcmp(left->diags.list.items[0].text, right->diags.list.items[0].text);
}

static int make_reports(struct lint *lint, const struct pg_identities *identities)
{
	int err = pg_known_labels_make(identities, &lint->known);

	pg_array_foreach(finding, &lint->findings.list)
		err = err ?: describe(lint, finding);
	err = err ?: find_all_slips(lint);
	if (!err && lint->reports.list.count)
		qsort(lint->reports.list.items, lint->reports.list.count,
		      sizeof(struct pg_check_report), compare_reports);
	return err;
}

static size_t count_warnings(const struct lint *lint)
{
	size_t count = 0;

	pg_array_foreach(report, &lint->reports.list)
		count += report->diags.warnings;
	return count;
}

static void print_text(const struct lint *lint)
{
	size_t warnings = count_warnings(lint), notes = lint->reports.list.count - warnings;

	pg_array_foreach(report, &lint->reports.list)
		pg_report_all(stdout, &lint->input->sources, &report->diags);
	printf("%zu %s, %zu %s\n", warnings, warnings == 1 ? "warning" : "warnings", notes,
	       notes == 1 ? "note" : "notes");
}

static json_t *endpoints_to_json(const struct lint *lint, const struct pg_finding *finding)
{
	json_t *array = json_array();

	for (size_t i = 0; i < PG_MIN(finding->endpoints.count, (size_t)ENDPOINTS_SHOWN); i++) {
		const char *name =
			lint->input->endpoints.list.items[finding->endpoints.items[i]].name;
		_cleanup_strbuf_ struct pg_strbuf escaped = { 0 };

		pg_strbuf_add_escaped(&escaped, name, strlen(name));
		json_array_append_new(array, json_string(escaped.text ? escaped.text : ""));
	}
	return array;
}

static void add_finding(const struct lint *lint, const struct pg_finding *finding, json_t *object)
{
	json_object_set_new(object, "rule", json_integer(finding->origin.rule));
	if (finding->origin.entry)
		json_object_set_new(object, "entry", json_integer(finding->origin.entry));
	if (finding->origin.entry || finding->kind == PG_FINDING_CLOSES)
		json_object_set_new(object, "direction",
				    json_string(pg_direction_name(finding->direction)));
	if (finding->kind != PG_FINDING_CLOSES)
		return;
	json_object_set_new(object, "endpoints", endpoints_to_json(lint, finding));
	json_object_set_new(object, "endpointCount",
			    json_integer((json_int_t)finding->endpoints.count));
}

static json_t *report_to_json(const struct lint *lint, const struct pg_check_report *report)
{
	const struct pg_diag *first = &report->diags.list.items[0];
	json_t *object = pg_diag_to_json(&lint->input->sources, first);
	json_t *notes = json_array();

	json_object_set_new(object, "kind", json_string(report->kind));
	if (report->finding)
		add_finding(lint, report->finding, object);
	for (size_t i = 1; i < report->diags.list.count; i++)
		json_array_append_new(notes, pg_diag_to_json(&lint->input->sources, &first[i]));
	json_object_set_new(object, "notes", notes);
	return object;
}

static void print_json(const struct lint *lint)
{
	size_t warnings = count_warnings(lint);
	json_t *findings = json_array();
	json_t *report;

	pg_array_foreach(item, &lint->reports.list)
		json_array_append_new(findings, report_to_json(lint, item));
	report = json_pack("{s:I, s:I, s:o}", "warnings", (json_int_t)warnings, "notes",
			   (json_int_t)(lint->reports.list.count - warnings), "findings", findings);
	json_dumpf(report, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(report);
}

static int find(const struct pg_options *options, struct lint *lint)
{
	_cleanup_identities_ struct pg_identities identities = { 0 };
	const struct pg_evaluation_options evaluation = {
		.enforcement = options->enforcement,
		.host_policy = options->host_policy,
	};
	struct pg_input *input = lint->input;
	int policy_err, err;

	pg_progress("reading policies");
	policy_err = pg_input_policy(input, options);
	err = pg_input_endpoints(input, options, false);
	if (policy_err || err)
		return policy_err ? policy_err : err;
	pg_progress("looking for mistakes");
	err = pg_identities_make(&input->endpoints, &input->policy, &identities);
	err = err
		      ?: pg_lint(&input->policy, &input->endpoints, &identities, &evaluation,
				 &lint->findings);
	err = err ?: make_reports(lint, &identities);
	return pg_check_limits(err, &input->diags);
}

int pg_check_lint(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };
	PG_CLEANUP(lint_done) struct lint lint = { .input = &input };
	int err = find(options, &lint);
	int code = pg_finish(&input, err);

	if (err)
		return code;
	if (options->json)
		print_json(&lint);
	else
		print_text(&lint);
	return count_warnings(&lint) ? PG_EXIT_DIFFERENCE : PG_EXIT_DONE;
}
