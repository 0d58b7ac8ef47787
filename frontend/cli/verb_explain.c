// SPDX-License-Identifier: GPL-2.0-only
/* polgen explain: what happens to a flow, and why. */
#include "frontend/cli/enforce.h"
#include "frontend/cli/explain.h"

static void explanation_done(struct pg_explanation *explanation)
{
	pg_explain_live_done(&explanation->live);
	pg_reasoning_done(&explanation->reasoning);
	pg_explain_flow_done(explanation);
}

static int reason(struct pg_explanation *explanation)
{
	const struct pg_evaluation_options options = {
		.enforcement = explanation->options->enforcement,
		.host_policy = explanation->options->host_policy,
	};
	struct pg_input *input = explanation->input;
	int err = pg_reasoning_make(&input->policy, explanation->identities, &explanation->flow,
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

static int explain_flow(struct pg_explanation *explanation)
{
	int err = pg_explain_find_flow(explanation);

	return err ? err : reason(explanation);
}

static int explain_policy(const struct pg_options *options, struct pg_input *input)
{
	_cleanup_identities_ struct pg_identities identities = { 0 };
	PG_CLEANUP(explanation_done)
	struct pg_explanation explanation = { .options = options,
					      .input = input,
					      .identities = &identities };
	int policy_err = pg_input_policy(input, options);
	int err = pg_input_endpoints(input, options, false);

	if (policy_err || err)
		return policy_err ? policy_err : err;
	err = pg_identities_make(&input->endpoints, &input->policy, &identities);
	err = err ? err : explain_flow(&explanation);
	if (!err)
		print(&explanation);
	return err;
}

static int explain_live(const struct pg_options *options, struct pg_input *input, bool *ret_agrees)
{
	_cleanup_prepared_ struct pg_prepared prepared = { 0 };
	PG_CLEANUP(explanation_done)
	struct pg_explanation explanation = { .options = options,
					      .input = input,
					      .identities = &prepared.identities };
	int err = pg_enforce_prepare(options, true, input, &prepared);

	err = err ? err : explain_flow(&explanation);
	err = err ? err : pg_explain_ask_live(&explanation, &prepared.intent);
	if (err)
		return err;
	print(&explanation);
	*ret_agrees = explanation.live.agrees && explanation.live.sure;
	return 0;
}

static bool is_icmp(const struct pg_options *options)
{
	return options->proto_given &&
	       (options->proto.n == PG_PROTO_ICMP.n || options->proto.n == PG_PROTO_ICMPV6.n);
}

static bool is_http(const struct pg_options *options)
{
	return options->method || options->path || options->headers.count;
}

int pg_verb_explain(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };
	struct pg_backend_options unused;
	bool agrees = false;
	int code;

	if (!options->file_count)
		return pg_usage_error("'explain' needs a policy file");
	if (!options->endpoints || !options->from || !options->to)
		return pg_usage_error("'explain' needs --endpoints, --from and --to");
	if (!is_icmp(options) && !options->dport_given)
		return pg_usage_error("'explain' needs --dport, but for icmp");
	if (is_http(options) && options->proto_given && options->proto.n != PG_PROTO_TCP.n)
		return pg_usage_error("--method, --path and --header are of tcp");
	if (!pg_choose_backend(options, &unused))
		return pg_finish(&input, explain_policy(options, &input));
	if (geteuid())
		return pg_needs_root("explain --backend");
	code = pg_finish(&input, explain_live(options, &input, &agrees));
	return code || agrees ? code : PG_EXIT_DIFFERENCE;
}
