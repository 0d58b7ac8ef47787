// SPDX-License-Identifier: GPL-2.0-only
/* A policy test, and the addresses that its endpoints are given. */
#include "frontend/decode/case.h"
#include "tests/fuzz/fuzz.h"

static void check_party(const struct pg_case *test, const struct pg_case_party *party)
{
	if (party->kind == PG_PARTY_ENDPOINT)
		FUZZ_CHECK(party->endpoint < test->endpoints.list.count);
	FUZZ_CHECK(party->kind != PG_PARTY_OUTSIDER);
	if (party->kind == PG_PARTY_ADDRESS)
		FUZZ_CHECK(party->addr.family);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pg_decode_options options = { 0 };
	_cleanup_case_ struct pg_case test = { 0 };
	_cleanup_input_ struct fuzz_input input;
	int r;

	fuzz_input_init(&input, "", data, size, "");
	r = pg_case_decode(&input.sources, input.source, &options, &input.diags, &test);
	if (r == 0)
		r = pg_case_assign(&test, &input.diags);
	fuzz_check_result(&input, r);
	if (r < 0)
		return 0;
	pg_array_foreach(endpoint, &test.endpoints.list)
		FUZZ_CHECK(endpoint->ipv4.family == 4 || endpoint->ipv6.family == 6);
	pg_array_foreach(flow, &test.flows) {
		check_party(&test, &flow->src);
		check_party(&test, &flow->dst);
	}
	return 0;
}
