// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "compat/errtext.h"

static void test_first_letter_is_small(void **state)
{
	char text[PG_ERRTEXT_MAX];

	(void)state;
	assert_string_equal(pg_errtext(ECONNREFUSED, text), "connection refused");
	assert_string_equal(pg_errtext(-EISDIR, text), "is a directory");
	assert_string_equal(pg_errtext(ESRMNT, text), "srmount error");
}

static void test_capitals_and_unknown_numbers(void **state)
{
	char text[PG_ERRTEXT_MAX];

	(void)state;
	assert_string_equal(pg_errtext(EDOTDOT, text), "RFS specific error");
	assert_string_equal(pg_errtext(-99999, text), "error 99999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_letter_is_small),
		cmocka_unit_test(test_capitals_and_unknown_numbers),
	};

	return cmocka_run_group_tests_name("errtext", tests, NULL, NULL);
}
