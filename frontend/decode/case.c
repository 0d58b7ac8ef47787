// SPDX-License-Identifier: GPL-2.0-only
/* Policy tests: decoding. */
#include "frontend/decode/case.h"

#include "frontend/decode/case_part.h"
#include "frontend/decode/decode_part.h"
#include "frontend/decode/document.h"
#include "frontend/quote.h"

static const char *const expectation_names[] = {
	[PG_EXPECT_ALLOW] = "allow",
	[PG_EXPECT_DENY] = "deny",
	[PG_EXPECT_HTTP_403] = "http-403",
};
_Static_assert(PG_COUNT(expectation_names) == PG_EXPECTATIONS, "an expectation lacks its name");

const char *pg_expectation_name(enum pg_expectation expectation)
{
	return (size_t)expectation < PG_EXPECTATIONS ? expectation_names[expectation] : "?";
}

static void http_done(struct pg_case_http *http)
{
	free(http->method);
	free(http->path);
	free(http->host);
	pg_array_foreach(header, &http->headers) {
		free(header->name);
		free(header->value);
	}
	free(http->headers.items);
}

void pg_case_done(struct pg_case *test)
{
	free(test->id);
	free(test->note);
	free(test->policy_file);
	free(test->host_name);
	pg_policy_done(&test->policy);
	pg_endpoints_done(&test->endpoints);
	pg_endpoints_done(&test->outsiders);
	pg_array_foreach(flow, &test->flows) {
		free(flow->src.text);
		free(flow->dst.text);
		http_done(&flow->http);
	}
	free(test->flows.items);
	*test = (struct pg_case){ 0 };
}

static int decode_enforcement(struct pg_decoder *decoder, const struct pg_json_value *value,
			      void *member)
{
	const char *names[PG_ENFORCEMENTS];

	for (size_t i = 0; i < PG_ENFORCEMENTS; i++)
		names[i] = pg_enforcement_name((enum pg_enforcement)i);
	if (pg_enforcement_parse(value->string, member) < 0)
		pg_decode_unknown_word(decoder, value, "enforcement", names, PG_ENFORCEMENTS);
	return 0;
}

static int decode_host_policy(struct pg_decoder *decoder, const struct pg_json_value *value,
			      void *member)
{
	const char *names[PG_HOST_POLICIES];

	for (size_t i = 0; i < PG_HOST_POLICIES; i++)
		names[i] = pg_host_policy_name((enum pg_host_policy)i);
	if (pg_host_policy_parse(value->string, member) < 0)
		pg_decode_unknown_word(decoder, value, "host policy", names, PG_HOST_POLICIES);
	return 0;
}

/* A rule list, or the name of a file; `member` is a struct pg_case. */
static int decode_policy(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	struct pg_case *test = member;

	test->policy_loc = value->loc;
	if (value->kind == PG_JSON_STRING)
		return pg_decode_string(decoder, value, &test->policy_file);
	return pg_decode_rules(decoder, value, &test->policy);
}

/* Endpoints and flows are decoded in that order, whichever the file has first. */
struct case_fields {
	struct pg_case test;
	const struct pg_json_value *endpoints, *flows;
};

#define MEMBER(name) offsetof(struct case_fields, name)

static const struct pg_field case_fields[] = {
	PG_FIELD("id", PG_STRING, pg_decode_string, MEMBER(test.id), .required = true),
	PG_FIELD("note", PG_STRING, pg_decode_string, MEMBER(test.note)),
	PG_FIELD("enforcement", PG_STRING, decode_enforcement, MEMBER(test.enforcement)),
	PG_FIELD("host_policy", PG_STRING, decode_host_policy, MEMBER(test.host_policy)),
	PG_FIELD("policy", PG_ARRAY | PG_OBJECT | PG_STRING, decode_policy, MEMBER(test),
		 .required = true),
	PG_FIELD("endpoints", PG_OBJECT, pg_decode_keep, MEMBER(endpoints), .required = true),
	PG_FIELD("flows", PG_ARRAY, pg_decode_keep, MEMBER(flows), .required = true),
};

static void fields_done(struct case_fields *fields)
{
	pg_case_done(&fields->test);
}

static int decode_all(struct pg_decoder *decoder, const struct pg_json_value *value,
		      struct case_fields *fields)
{
	_cleanup_case_names_ struct pg_case_names names = { 0 };
	int r = pg_decode_fields(decoder, value, case_fields, PG_COUNT(case_fields), fields);

	if (r == 0 && fields->endpoints)
		r = pg_decode_case_endpoints(decoder, fields->endpoints, &fields->test);
	if (r == 0)
		r = pg_case_names_make(&fields->test, &names);
	if (r == 0 && fields->endpoints)
		r = pg_decode_case_addresses(decoder, fields->endpoints, &names);
	if (r == 0)
		r = pg_case_names_add_addresses(&names, decoder->diags);
	if (r == 0 && fields->endpoints && fields->flows)
		r = pg_decode_case_flows(decoder, fields->flows, &names);
	return r;
}

int pg_case_decode(const struct pg_sources *sources, uint32_t source,
		   const struct pg_decode_options *options, struct pg_diags *diags,
		   struct pg_case *ret_case)
{
	struct pg_decoder decoder = { .diags = diags, .lenient = options->lenient };
	PG_CLEANUP(fields_done)
	struct case_fields fields = { .test.host_policy = PG_HOST_POLICY_ENFORCE };
	_cleanup_json_ struct pg_json json = { 0 };
	size_t errors = diags->errors;
	int r = pg_document_load(sources, source, diags, &json);

	if (r < 0)
		return r;
	if (pg_decode_expect(&decoder, json.values, PG_OBJECT, "a test case"))
		r = decode_all(&decoder, json.values, &fields);
	if (r < 0)
		return r;
	if (diags->errors > errors)
		return -EINVAL;
	*ret_case = fields.test;
	fields.test = (struct pg_case){ 0 };
	return 0;
}
