// SPDX-License-Identifier: GPL-2.0-only
/* A prefix in text form: what is printed reads back as the same one. */
#include "policy/addr.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	char printed[PG_PREFIX_TEXT_MAX];
	struct pg_prefix prefix, again;
	struct pg_addr addr;

	FUZZ_CHECK(text);
	if (pg_addr_parse(text, &addr) == 0) {
		FUZZ_CHECK(pg_prefix_parse(text, &prefix) == 0);
		FUZZ_CHECK(prefix.length == pg_addr_bits(&addr));
		FUZZ_CHECK(pg_addr_compare(&prefix.addr, &addr) == 0);
	}
	if (pg_prefix_parse(text, &prefix) < 0)
		return 0;
	FUZZ_CHECK(prefix.length <= pg_addr_bits(&prefix.addr));
	FUZZ_CHECK(pg_prefix_parse(pg_prefix_format(&prefix, printed), &again) == 0);
	FUZZ_CHECK(pg_prefix_compare(&prefix, &again) == 0);
	FUZZ_CHECK(pg_prefix_covers(&prefix, &again));
	FUZZ_CHECK(pg_prefix_contains(&prefix, &prefix.addr));
	return 0;
}
