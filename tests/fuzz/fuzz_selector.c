// SPDX-License-Identifier: GPL-2.0-only
/*
 * A selector. Whatever label set is made from its own keys and values: a selector that is said to
 * contradict itself does not match it.
 */
#include "policy/lint_part.h"
#include "tests/fuzz/fuzz.h"

/* For the n-th set: every key that is asked for is there, with the n-th of its values. */
static int make_labels(const struct pg_selector *selector, size_t n, struct pg_labels *labels)
{
	pg_array_foreach(requirement, &selector->requirements) {
		size_t count = requirement->values.count;
		int r;

		if (requirement->op == PG_OP_DOES_NOT_EXIST || requirement->op == PG_OP_NOT_IN)
			continue;
		r = pg_labels_add(labels, requirement->source ? requirement->source : "k8s",
				  requirement->key,
				  count ? requirement->values.items[n % count] : "");
		if (r < 0)
			return r;
	}
	pg_labels_sort(labels);
	return 0;
}

static void check_selector(const struct pg_selector *selector)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	pg_selector_format(selector, &text);
	FUZZ_CHECK(text.length);
	if (!pg_lint_is_impossible(selector))
		return;
	for (size_t n = 0; n < 4; n++) {
		_cleanup_labels_ struct pg_labels labels = { 0 };

		if (make_labels(selector, n, &labels) == 0)
			FUZZ_CHECK(!pg_selector_matches(selector, &labels));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pg_decode_options options = { 0 };
	_cleanup_policy_ struct pg_policy policy = { 0 };
	_cleanup_input_ struct fuzz_input input;
	int r;

	fuzz_input_init(&input, "{\"endpointSelector\":", data, size, "}");
	r = pg_decode_policy(&input.sources, input.source, &options, &input.diags, &policy);
	fuzz_check_result(&input, r);
	pg_array_foreach(rule, &policy.rules)
		check_selector(&rule->subject);
	return 0;
}
