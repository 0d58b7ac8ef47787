// SPDX-License-Identifier: GPL-2.0-only
/* polgen explain: what happens to a flow, and which rule decides it, from the model. */
#include <jansson.h>

#include "frontend/cli/verbs.h"
#include "frontend/suggest.h"
#include "policy/evaluate.h"

/* A flow, and how its ends are called. */
struct question {
	const struct pg_options *options;
	const struct pg_input *input;
	struct pg_flow flow;
	struct pg_http_request http;
};

static int complain_endpoint(struct pg_input *input, const char *option, const char *name)
{
	_cleanup_strbuf_ struct pg_strbuf shown = { 0 };
	size_t count = input->endpoints.list.count;
	const char **names = calloc(count + 1, sizeof(*names));
	const char *near;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		names[i] = input->endpoints.list.items[i].name;
	near = pg_suggest(name, names, count);
	pg_strbuf_add_escaped(&shown, name, strlen(name));
	pg_error(&input->diags, PG_LOC_NONE, "--%s: no endpoint '%s'%s%s%s", option,
		 shown.text ? shown.text : "", near ? "; did you mean '" : "", near ? near : "",
		 near ? "'?" : "");
	free(names);
	return -EINVAL;
}

static int find_address(struct pg_input *input, const struct pg_identities *identities,
			const char *option, const char *text, struct pg_party *party)
{
	_cleanup_strbuf_ struct pg_strbuf shown = { 0 };

	if (!pg_addr_parse(text, &party->addr)) {
		party->id = pg_identities_of_addr(identities, &party->addr);
		return 0;
	}
	pg_strbuf_add_escaped(&shown, text, strlen(text));
	pg_error(&input->diags, PG_LOC_NONE, "--%s: '%s' is no address", option,
		 shown.text ? shown.text : "");
	return -EINVAL;
}

static int find_party(struct pg_input *input, const struct pg_identities *identities,
		      const char *option, const char *text, struct pg_party *party)
{
	const struct pg_endpoint *endpoint;

	if (!strncmp(text, "ip:", 3))
		return find_address(input, identities, option, text + 3, party);
	endpoint = pg_endpoints_find(&input->endpoints, text);
	if (endpoint) {
		party->id = identities->endpoint_ids.items[endpoint - input->endpoints.list.items];
		party->addr = endpoint->ipv4.family ? endpoint->ipv4 : endpoint->ipv6;
		return 0;
	}
	if (!strcmp(text, "host")) {
		party->id = PG_IDENTITY_HOST;
		return 0;
	}
	return complain_endpoint(input, option, text);
}

static void set_flow(struct question *question)
{
	const struct pg_options *options = question->options;
	struct pg_flow *flow = &question->flow;

	flow->proto = options->proto_given ? options->proto : PG_PROTO_TCP;
	flow->dport = options->dport;
	if (flow->proto.n == PG_PROTO_ICMP.n && !options->dport_given)
		flow->dport = 8;
	if (options->method || options->path) {
		question->http = (struct pg_http_request){
			.method = options->method ? options->method : "GET",
			.path = options->path ? options->path : "/",
		};
		flow->http = &question->http;
	}
}

static void format_flow(const struct question *question, struct pg_strbuf *buf)
{
	const struct pg_options *options = question->options;

	pg_strbuf_add_escaped(buf, options->from, strlen(options->from));
	pg_strbuf_puts(buf, " -> ");
	pg_strbuf_add_escaped(buf, options->to, strlen(options->to));
	pg_strbuf_printf(buf, " %s", pg_proto_name(question->flow.proto));
	if (question->flow.proto.n != PG_PROTO_ICMP.n)
		pg_strbuf_printf(buf, "/%u", question->flow.dport);
	if (question->flow.http) {
		pg_strbuf_putc(buf, ' ');
		pg_strbuf_add_escaped(buf, question->http.method, strlen(question->http.method));
		pg_strbuf_putc(buf, ' ');
		pg_strbuf_add_escaped(buf, question->http.path, strlen(question->http.path));
	}
}

static const char *outcome(const struct pg_evaluation *evaluation)
{
	if (evaluation->http_403)
		return "http-403";
	return pg_verdict_name(evaluation->verdict);
}

/* "file:line:column", or "" where no rule has a say. */
static char *rule_place(const struct pg_input *input, struct pg_origin origin)
{
	struct pg_place place =
		pg_sources_place(&input->sources, pg_policy_loc(&input->policy, origin));
	struct pg_strbuf text = { 0 };

	if (place.file) {
		pg_strbuf_add_escaped(&text, place.file, strlen(place.file));
		pg_strbuf_printf(&text, ":%u:%u", place.line, place.column);
	}
	return pg_strbuf_take(&text);
}

static void print_side(const struct question *question, const struct pg_evaluation *evaluation,
		       enum pg_direction direction)
{
	const struct pg_judgement *side = &evaluation->side[direction];
	const struct pg_party *subject =
		direction == PG_EGRESS ? &question->flow.src : &question->flow.dst;
	const char *name = direction == PG_EGRESS ? question->options->from : question->options->to;
	_cleanup_free_ char *place = rule_place(question->input, side->origin);
	_cleanup_strbuf_ struct pg_strbuf shown = { 0 };

	pg_strbuf_add_escaped(&shown, name, strlen(name));
	printf("  %-7s of %s (identity %u): %s, %s%s%s\n", pg_direction_name(direction),
	       shown.text ? shown.text : "?", subject->id.n, pg_verdict_name(side->verdict),
	       pg_reason_name(side->reason), place && *place ? " " : "", place ? place : "");
}

static void print_text(const struct question *question, const struct pg_evaluation *evaluation)
{
	_cleanup_strbuf_ struct pg_strbuf flow = { 0 };

	format_flow(question, &flow);
	printf("%s: %s\n", flow.text ? flow.text : "", outcome(evaluation));
	print_side(question, evaluation, PG_EGRESS);
	print_side(question, evaluation, PG_INGRESS);
}

static json_t *side_to_json(const struct question *question, const struct pg_judgement *side)
{
	_cleanup_free_ char *place = rule_place(question->input, side->origin);
	json_t *object = json_pack("{s:s, s:s}", "verdict", pg_verdict_name(side->verdict),
				   "reason", pg_reason_name(side->reason));

	if (place && *place)
		json_object_set_new(object, "rule", json_string(place));
	return object;
}

static void print_json(const struct question *question, const struct pg_evaluation *evaluation)
{
	_cleanup_strbuf_ struct pg_strbuf flow = { 0 };
	json_t *report;

	format_flow(question, &flow);
	report = json_pack("{s:s, s:s, s:o, s:o}", "flow", flow.text ? flow.text : "", "verdict",
			   outcome(evaluation), "egress",
			   side_to_json(question, &evaluation->side[PG_EGRESS]), "ingress",
			   side_to_json(question, &evaluation->side[PG_INGRESS]));
	json_dumpf(report, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(report);
}

static int explain(const struct pg_options *options, struct pg_input *input)
{
	_cleanup_identities_ struct pg_identities identities = { 0 };
	struct question question = { .options = options, .input = input };
	struct pg_evaluation_options evaluation_options = {
		.enforcement = options->enforcement,
		.host_policy = options->host_policy,
	};
	struct pg_evaluation evaluation;
	int policy_err = pg_input_policy(input, options);
	int err = pg_input_endpoints(input, options, false);

	if (policy_err || err)
		return policy_err ? policy_err : err;
	err = pg_identities_make(&input->endpoints, &input->policy, &identities);
	if (!err)
		err = find_party(input, &identities, "from", options->from, &question.flow.src);
	if (!err)
		err = find_party(input, &identities, "to", options->to, &question.flow.dst);
	if (err)
		return err;
	set_flow(&question);
	err = pg_evaluate(&input->policy, &identities, &question.flow, &evaluation_options,
			  &evaluation);
	if (err == -EDOM)
		pg_error(&input->diags, PG_LOC_NONE,
			 "an HTTP rule's regular expression took too long: the request is denied");
	if (err)
		return err;
	if (options->json)
		print_json(&question, &evaluation);
	else
		print_text(&question, &evaluation);
	return 0;
}

int pg_verb_explain(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };
	bool needs_port = !options->proto_given || options->proto.n != PG_PROTO_ICMP.n;

	if (!options->file_count)
		return pg_usage_error("'explain' needs a policy file");
	if (!options->endpoints || !options->from || !options->to)
		return pg_usage_error("'explain' needs --endpoints, --from and --to");
	if (needs_port && !options->dport_given)
		return pg_usage_error("'explain' needs --dport, but for icmp");
	return pg_finish(&input, explain(options, &input));
}
