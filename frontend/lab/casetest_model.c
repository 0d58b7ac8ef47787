// SPDX-License-Identifier: GPL-2.0-only
/* Cases judged by the model. */
#include "frontend/lab/casetest_internal.h"

static struct pg_party make_party(const struct pg_case *test, const struct pg_case_party *party,
				  uint8_t family, const struct pg_identities *identities)
{
	struct pg_party made = {
		.id = PG_IDENTITY_HOST,
		.addr = pg_case_party_addr(test, party, family),
	};

	if (party->kind == PG_PARTY_ENDPOINT)
		made.id = identities->endpoint_ids.items[party->endpoint];
	else if (party->kind == PG_PARTY_ADDRESS)
		made.id = pg_identities_of_addr(identities, &party->addr);
	return made;
}

/* The array belongs to the caller; its strings stay the case's. NULL: out of memory. */
static struct pg_http_header *make_headers(const struct pg_case_http *http)
{
	struct pg_http_header *headers = calloc(http->headers.count + 1, sizeof(*headers));

	for (size_t i = 0; headers && i < http->headers.count; i++)
		headers[i] = (struct pg_http_header){ .name = http->headers.items[i].name,
						      .value = http->headers.items[i].value };
	return headers;
}

int pg_case_evaluate(const struct pg_case *test, const struct pg_case_flow *flow,
		     const struct pg_identities *identities, struct pg_evaluation *ret_evaluation)
{
	_cleanup_free_ struct pg_http_header *headers = make_headers(&flow->http);
	struct pg_http_request request = {
		.method = flow->http.method,
		.path = flow->http.path,
		.host = flow->http.host,
		.headers = headers,
		.header_count = flow->http.headers.count,
	};
	struct pg_flow asked = {
		.src = make_party(test, &flow->src, flow->family, identities),
		.dst = make_party(test, &flow->dst, flow->family, identities),
		.proto = flow->proto,
		.dport = flow->dport,
		.http = flow->has_http ? &request : NULL,
	};
	struct pg_evaluation_options options = {
		.enforcement = test->enforcement,
		.host_policy = test->host_policy,
	};

	if (!headers)
		return -ENOMEM;
	return pg_evaluate(&test->policy, identities, &asked, &options, ret_evaluation);
}

enum pg_expectation pg_case_verdict(const struct pg_evaluation *evaluation)
{
	if (evaluation->http_403)
		return PG_EXPECT_HTTP_403;
	return evaluation->verdict == PG_VERDICT_DENY ? PG_EXPECT_DENY : PG_EXPECT_ALLOW;
}

int pg_case_run_model(const struct pg_case *test, const struct pg_identities *identities,
		      struct pg_case_outcome *outcomes)
{
	for (size_t i = 0; i < test->flows.count; i++) {
		struct pg_evaluation evaluation;
		int err = pg_case_evaluate(test, &test->flows.items[i], identities, &evaluation);

		if (err == -ENOMEM)
			return err;
		outcomes[i] =
			err ? (struct pg_case_outcome){ .kind = PG_OUTCOME_ERROR, .error = -err }
			    : (struct pg_case_outcome){ .kind = PG_OUTCOME_JUDGED,
							.verdict = pg_case_verdict(&evaluation) };
	}
	return 0;
}
