// SPDX-License-Identifier: GPL-2.0-only
/* polgen check --diff: the flows that two policies judge differently. */
#include "frontend/cli/check.h"
#include "frontend/progress.h"

/* Enough to see what is going on. The others are counted, for some seconds. */
static const struct pg_compare_limits limits = { .changes = 1000, .steps = 20000000 };

static void diff_done(struct pg_check_diff *diff)
{
	pg_policy_done(&diff->before);
	pg_policy_done(&diff->after);
	pg_flow_changes_done(&diff->changes);
}

/* Decodes one of the two, whose places stay in the input's sources. */
static int load_policy(struct pg_input *input, const struct pg_options *options, size_t file,
		       struct pg_policy *ret_policy)
{
	struct pg_options one = *options;
	int err;

	one.files = options->files + file;
	one.file_count = 1;
	err = pg_input_policy(input, &one);
	*ret_policy = input->policy;
	input->policy = (struct pg_policy){ 0 };
	return err;
}

/* Goes on after an error, so that those of both policies and of the endpoints are found. */
static int load(struct pg_input *input, const struct pg_options *options,
		struct pg_check_diff *diff)
{
	int before_err = load_policy(input, options, 0, &diff->before);
	int after_err = load_policy(input, options, 1, &diff->after);
	int err = pg_input_endpoints(input, options, false);

	return before_err ? before_err : after_err ? after_err : err;
}

static int compare(struct pg_input *input, const struct pg_options *options,
		   struct pg_check_diff *diff)
{
	const struct pg_evaluation_options evaluation = {
		.enforcement = options->enforcement,
		.host_policy = options->host_policy,
	};
	int err;

	pg_progress("reading policies");
	err = load(input, options, diff);
	if (err)
		return err;
	pg_progress("comparing");
	err = pg_compare(&diff->before, &diff->after, &input->endpoints, &evaluation, &limits,
			 &diff->changes);
	return pg_check_limits(err, &input->diags);
}

static void print_text(const struct pg_check_diff *diff)
{
	const struct pg_flow_changes *changes = &diff->changes;
	size_t count = changes->list.count + changes->more;

	pg_array_foreach(change, &changes->list) {
		bool same = change > changes->list.items &&
			    change->src.id.n == change[-1].src.id.n &&
			    change->dst.id.n == change[-1].dst.id.n;

		if (!same)
			pg_check_print_pair(diff, change);
		pg_check_print_change(diff, change);
	}
	printf("%s%zu %s", changes->at_least ? "at least " : "", count,
	       count == 1 ? "change" : "changes");
	if (changes->more)
		printf(", the first %zu of them shown", changes->list.count);
	putchar('\n');
}

static void print_json(const struct pg_check_diff *diff)
{
	json_t *list = json_array();
	json_t *report;

	pg_array_foreach(change, &diff->changes.list)
		json_array_append_new(list, pg_check_change_to_json(diff, change));
	report = json_pack("{s:I, s:b, s:o}", "count",
			   (json_int_t)(diff->changes.list.count + diff->changes.more), "atLeast",
			   diff->changes.at_least, "changes", list);
	json_dumpf(report, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(report);
}

int pg_check_diff(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };
	PG_CLEANUP(diff_done) struct pg_check_diff diff = { .input = &input };
	int err = compare(&input, options, &diff);
	int code = pg_finish(&input, err);

	if (err)
		return code;
	if (options->json)
		print_json(&diff);
	else
		print_text(&diff);
	return diff.changes.list.count ? PG_EXIT_DIFFERENCE : PG_EXIT_DONE;
}
