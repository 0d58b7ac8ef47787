// SPDX-License-Identifier: GPL-2.0-only
/* An endpoints file, and the checks that follow. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pg_decode_options options = { 0 };
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };
	_cleanup_input_ struct fuzz_input input;
	int r;

	fuzz_input_init(&input, "", data, size, "");
	r = pg_decode_endpoints(&input.sources, input.source, &options, &input.diags, &endpoints);
	if (r == 0)
		r = pg_endpoints_finish(&endpoints, &input.diags);
	fuzz_check_result(&input, r);
	if (r < 0)
		return 0;
	pg_array_foreach(endpoint, &endpoints.list)
		FUZZ_CHECK(pg_endpoints_find(&endpoints, endpoint->name) == endpoint);
	return 0;
}
