// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "frontend/suggest.h"

static const char *suggest(const char *word)
{
	static const char *const names[] = { "fromEndpoints", "toEndpoints", "fromCIDR", "toPorts",
					     "http" };

	return pg_suggest(word, names, PG_COUNT(names));
}

static void test_slips(void **state)
{
	(void)state;
	assert_string_equal(suggest("fromEndpoint"), "fromEndpoints");
	assert_string_equal(suggest("fromendpoints"), "fromEndpoints");
	assert_string_equal(suggest("formCIDR"), "fromCIDR");
	assert_string_equal(suggest("HTTP"), "http");
}

static void test_strangers(void **state)
{
	_cleanup_free_ char *longest = malloc(100000);

	(void)state;
	assert_null(suggest("labels"));
	assert_null(suggest(""));
	memset(longest, 'a', 99999);
	longest[99999] = '\0';
	assert_null(suggest(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slips),
		cmocka_unit_test(test_strangers),
	};

	return cmocka_run_group_tests_name("suggest", tests, NULL, NULL);
}
