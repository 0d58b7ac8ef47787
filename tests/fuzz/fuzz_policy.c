// SPDX-License-Identifier: GPL-2.0-only
/* A policy file. The first byte chooses strict (even) or lenient. */
#include "tests/fuzz/fuzz.h"

static void check_entry(const struct fuzz_input *input, const struct pg_entry *entry)
{
	fuzz_check_loc(input, entry->loc);
	pg_array_foreach(selector, &entry->peers.endpoints)
		fuzz_check_loc(input, selector->loc);
	pg_array_foreach(cidr, &entry->peers.cidrs)
		fuzz_check_loc(input, cidr->loc);
	pg_array_foreach(l4, &entry->l4) {
		fuzz_check_loc(input, l4->loc);
		FUZZ_CHECK(l4->first <= l4->last);
		FUZZ_CHECK(l4->http <= entry->http_lists.count);
	}
}

/* Where there is nothing to overlook, --lenient changes nothing. */
static void check_lenient(const uint8_t *data, size_t size, const struct pg_policy *strict)
{
	struct pg_decode_options options = { .lenient = true };
	_cleanup_policy_ struct pg_policy policy = { 0 };
	_cleanup_input_ struct fuzz_input input;

	fuzz_input_init(&input, "", data, size, "");
	FUZZ_CHECK(pg_decode_policy(&input.sources, input.source, &options, &input.diags,
				    &policy) == 0);
	FUZZ_CHECK(policy.rules.count == strict->rules.count);
	for (size_t i = 0; i < policy.rules.count; i++)
		FUZZ_CHECK(!pg_rule_compare(&policy.rules.items[i], &strict->rules.items[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pg_decode_options options = { .lenient = size && data[0] % 2 };
	_cleanup_policy_ struct pg_policy policy = { 0 };
	_cleanup_input_ struct fuzz_input input;
	int r;

	fuzz_input_init(&input, "", data + (size ? 1 : 0), size ? size - 1 : 0, "");
	r = pg_decode_policy(&input.sources, input.source, &options, &input.diags, &policy);
	fuzz_check_result(&input, r);
	pg_array_foreach(rule, &policy.rules) {
		fuzz_check_loc(&input, rule->loc);
		pg_array_foreach(entry, &rule->entries)
			check_entry(&input, entry);
	}
	if (r == 0 && !options.lenient)
		check_lenient(data + (size ? 1 : 0), size ? size - 1 : 0, &policy);
	return 0;
}
