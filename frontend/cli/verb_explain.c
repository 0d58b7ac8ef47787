// SPDX-License-Identifier: GPL-2.0-only
/* polgen explain: what happens to a flow, and why. */
#include "frontend/cli/explain.h"

static void explanation_done(struct pg_explanation *explanation)
{
	pg_reasoning_done(&explanation->reasoning);
	pg_identities_done(&explanation->identities);
}

static int reason(struct pg_explanation *explanation)
{
	const struct pg_evaluation_options options = {
		.enforcement = explanation->options->enforcement,
		.host_policy = explanation->options->host_policy,
	};
	struct pg_input *input = explanation->input;
	int err = pg_reasoning_make(&input->policy, &explanation->identities, &explanation->flow,
				    &options, &explanation->reasoning);

	if (err == -EDOM)
		pg_error(&input->diags, PG_LOC_NONE,
			 "an HTTP rule's regular expression took too long: the request is denied");
	return err;
}

static void print(const struct pg_explanation *explanation)
{
	json_t *report;

	if (!explanation->options->json) {
		pg_explain_print(explanation);
		return;
	}
	report = pg_explain_to_json(explanation);
	json_dumpf(report, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(report);
}

static int explain(const struct pg_options *options, struct pg_input *input)
{
	PG_CLEANUP(explanation_done)
	struct pg_explanation explanation = { .options = options, .input = input };
	int policy_err = pg_input_policy(input, options);
	int err = pg_input_endpoints(input, options, false);

	if (policy_err || err)
		return policy_err ? policy_err : err;
	err = pg_identities_make(&input->endpoints, &input->policy, &explanation.identities);
	if (!err)
		err = pg_explain_find_flow(&explanation);
	if (!err)
		err = reason(&explanation);
	if (!err)
		print(&explanation);
	return err;
}

static bool is_icmp(const struct pg_options *options)
{
	return options->proto_given &&
	       (options->proto.n == PG_PROTO_ICMP.n || options->proto.n == PG_PROTO_ICMPV6.n);
}

int pg_verb_explain(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };

	if (!options->file_count)
		return pg_usage_error("'explain' needs a policy file");
	if (!options->endpoints || !options->from || !options->to)
		return pg_usage_error("'explain' needs --endpoints, --from and --to");
	if (!is_icmp(options) && !options->dport_given)
		return pg_usage_error("'explain' needs --dport, but for icmp");
	if ((options->method || options->path) && options->proto_given &&
	    options->proto.n != PG_PROTO_TCP.n)
		return pg_usage_error("--method and --path are of tcp");
	return pg_finish(&input, explain(options, &input));
}
