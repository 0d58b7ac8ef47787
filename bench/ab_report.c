// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_report.h"

#include <jansson.h>

#include "bench/ab_targets.h"

/* Series of one measurement: list.items[first .. end - 1]. */
struct group {
	const struct ab_series *first, *end;
};

static bool next_group(const struct ab_results *results, struct group *group)
{
	const struct ab_series *end;

	if (!results->list.count)
		return false;
	end = results->list.items + results->list.count;
	group->first = group->end ? group->end : results->list.items;
	group->end = group->first;
	while (group->end < end && !strcmp(group->end->measure, group->first->measure) &&
	       !strcmp(group->end->experiment, group->first->experiment))
		group->end++;
	return group->first < end;
}

/* Four digits that count. */
static int decimals(double value)
{
	return value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0;
}

static void put_estimate(FILE *out, const struct ab_estimate *estimate)
{
	int digits = decimals(estimate->median);
	char limits[64];

	snprintf(limits, sizeof(limits), "%.*f..%.*f", digits, estimate->low, digits,
		 estimate->high);
	fprintf(out, "  %11.*f %19s", digits, estimate->median, limits);
}

static void put_ratio(FILE *out, const struct ab_series *series, const struct ab_series *reference)
{
	struct ab_estimate ratio;

	if (series == reference)
		fprintf(out, "  %20s", "1");
	else if (!ab_ratio(series, reference, &ratio))
		fprintf(out, "  %20s", "-");
	else
		fprintf(out, "  %9.3f %4.2f..%4.2f", ratio.median, ratio.low, ratio.high);
}

static void put_head(FILE *out, const struct group *group)
{
	fprintf(out, "\n%-24s  %11s %19s", group->first->measure, group->first->unit, "95 %");
	for (const struct ab_series *series = group->first; series < group->end; series++) {
		if (series->reference)
			fprintf(out, "  %*sx %s", 18 - (int)strlen(series->config), "",
				series->config);
	}
	fputc('\n', out);
}

static bool has_values(const struct group *group)
{
	for (const struct ab_series *series = group->first; series < group->end; series++) {
		if (series->values.count)
			return true;
	}
	return false;
}

static void put_series(FILE *out, const struct group *group, const struct ab_series *series)
{
	struct ab_estimate estimate = ab_estimate(series->values.items, series->values.count);

	fprintf(out, "  %-22s", series->config);
	put_estimate(out, &estimate);
	for (const struct ab_series *other = group->first; other < group->end; other++) {
		if (other->reference)
			put_ratio(out, series, other);
	}
	fputc('\n', out);
}

static void put_conditions(FILE *out, const struct ab_conditions *conditions)
{
	for (size_t i = 0; i < conditions->count; i++)
		fprintf(out, "%-12s %s\n", conditions->list[i].name, conditions->list[i].text);
	for (size_t i = 0; i < conditions->warning_count; i++)
		fprintf(out, "%-12s %s\n", "warning", conditions->warnings[i]);
}

static void put_target(FILE *out, const struct ab_outcome *outcome)
{
	const struct ab_target *target = outcome->target;
	const struct ab_estimate *estimate = &outcome->estimate;

	fprintf(out, "  %-64s  %-22s %7.4g  %8.4g %8.4g..%-8.4g %s\n", target->text,
		outcome->series->config, target->limit, estimate->median, estimate->low,
		estimate->high, ab_reached_text(outcome->reached));
}

static void put_targets(FILE *out, const struct ab_results *results)
{
	bool first = true;

	for (const struct ab_target *target = ab_targets; target->text; target++) {
		struct ab_outcome outcome;

		if (!ab_target_judge(target, results, &outcome))
			continue;
		if (first)
			fprintf(out, "\n%-66s%-24s%7s  %8s %18s\n", "targets", "", "limit", "is",
				"95 %");
		put_target(out, &outcome);
		first = false;
	}
}

void ab_report_text(FILE *out, const struct ab_conditions *conditions,
		    const struct ab_results *results)
{
	struct group group = { 0 };

	put_conditions(out, conditions);
	while (next_group(results, &group)) {
		if (has_values(&group))
			put_head(out, &group);
		for (const struct ab_series *series = group.first; series < group.end; series++) {
			if (series->values.count)
				put_series(out, &group, series);
		}
	}
	put_targets(out, results);
}

void ab_report_csv(FILE *out, const struct ab_results *results)
{
	fputs("experiment,measure,unit,form,policies,config,round,value\n", out);
	pg_array_foreach(series, &results->list) {
		char policies[32] = "";

		if (series->counted)
			snprintf(policies, sizeof(policies), "%zu", series->policies);
		for (size_t i = 0; i < series->values.count; i++)
			fprintf(out, "%s,%s,%s,%s,%s,%s,%zu,%.9g\n", series->experiment,
				series->measure, series->unit, series->form, policies,
				series->config, i + 1, series->values.items[i]);
	}
}

static json_t *estimate_json(const struct ab_estimate *estimate)
{
	return json_pack("{s:f, s:f, s:f}", "median", estimate->median, "low", estimate->low,
			 "high", estimate->high);
}

static json_t *ratios_json(const struct group *group, const struct ab_series *series)
{
	json_t *ratios = json_object();

	for (const struct ab_series *other = group->first; other < group->end; other++) {
		struct ab_estimate ratio;

		if (other->reference && other != series && ab_ratio(series, other, &ratio))
			json_object_set_new(ratios, other->config, estimate_json(&ratio));
	}
	return ratios;
}

static json_t *series_json(const struct group *group, const struct ab_series *series)
{
	struct ab_estimate estimate = ab_estimate(series->values.items, series->values.count);
	json_t *values = json_array();

	for (size_t i = 0; i < series->values.count; i++)
		json_array_append_new(values, json_real(series->values.items[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o}", "experiment",
			 series->experiment, "measure", series->measure, "unit", series->unit,
			 "form", series->form, "config", series->config, "policies",
			 series->counted ? json_integer((json_int_t)series->policies) : json_null(),
			 "better", series->less ? "less" : "more", "estimate",
			 estimate_json(&estimate), "ratios", ratios_json(group, series), "values",
			 values);
}

static json_t *conditions_json(const struct ab_conditions *conditions)
{
	json_t *object = json_object();

	for (size_t i = 0; i < conditions->count; i++)
		json_object_set_new(object, conditions->list[i].name,
				    json_string(conditions->list[i].text));
	return object;
}

static json_t *warnings_json(const struct ab_conditions *conditions)
{
	json_t *list = json_array();

	for (size_t i = 0; i < conditions->warning_count; i++)
		json_array_append_new(list, json_string(conditions->warnings[i]));
	return list;
}

static const char *kind_text(enum ab_target_kind kind)
{
	static const char *const texts[] = {
		[AB_RATIO_LEAST] = "ratio, at least",
		[AB_RATIO_MOST] = "ratio, at most",
		[AB_ABOVE_MOST] = "difference, at most",
		[AB_VALUE_MOST] = "at most",
	};

	return texts[kind];
}

static json_t *outcome_json(const struct ab_outcome *outcome)
{
	const struct ab_target *target = outcome->target;

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:f, s:o, s:s}", "target", target->text,
			 "measure", target->measure, "unit",
			 target->kind == AB_VALUE_MOST || target->kind == AB_ABOVE_MOST
				 ? outcome->series->unit
				 : "",
			 "config", outcome->series->config, "other",
			 target->other ? json_string(outcome->other->config) : json_null(), "kind",
			 kind_text(target->kind), "limit", target->limit, "estimate",
			 estimate_json(&outcome->estimate), "outcome",
			 ab_reached_text(outcome->reached));
}

static json_t *targets_json(const struct ab_results *results)
{
	json_t *list = json_array();

	for (const struct ab_target *target = ab_targets; target->text; target++) {
		struct ab_outcome outcome;

		if (ab_target_judge(target, results, &outcome))
			json_array_append_new(list, outcome_json(&outcome));
	}
	return list;
}

int ab_report_json(FILE *out, const struct ab_conditions *conditions,
		   const struct ab_results *results)
{
	struct group group = { 0 };
	json_t *list = json_array();
	json_t *root = json_pack("{s:o, s:o, s:o, s:o}", "conditions", conditions_json(conditions),
				 "warnings", warnings_json(conditions), "targets",
				 targets_json(results), "results", list);
	int failed = !root;

	while (root && next_group(results, &group)) {
		for (const struct ab_series *series = group.first; series < group.end; series++) {
			if (series->values.count)
				failed |= json_array_append_new(list, series_json(&group, series));
		}
	}
	if (!failed)
		failed = json_dumpf(root, out, JSON_INDENT(1)) || fputc('\n', out) == EOF;
	json_decref(root);
	return failed ? -EIO : 0;
}
