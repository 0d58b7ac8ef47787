// SPDX-License-Identifier: GPL-2.0-only
/* What stands in rule comments and maps for a rule: never longer than there is room, never unsafe. */
#include "tests/unit/policy/build.h"

#include "frontend/intent.h"

/* The name of a rule that begins at the third character of a file's second line. */
static void assert_name(const char *file, const char *wanted)
{
	struct pg_sources sources = { 0 };
	struct pg_policy policy = { 0 };
	struct pg_rule *rule = build_rule(&policy, "", true);
	struct pg_origin origin = { 1, 0 };
	char name[PG_RULE_NAME_MAX];

	assert_int_equal(pg_sources_add(&sources, file, "\n  {}", 5, &rule->loc.source), 0);
	rule->loc.offset = 3;
	memset(name, '#', sizeof(name));
	pg_rule_name(&sources, &policy, origin, name);
	assert_string_equal(name, wanted);
	pg_sources_done(&sources);
	pg_policy_done(&policy);
}

static void test_a_place(void **state)
{
	(void)state;
	assert_name("shop.json", "shop.json:2:3");
	assert_name("a b\"c'd\\e`f$g\n\x7f\xc3\xa9", "a_b_c_d_e_f_g____:2:3");
	assert_name("", ":2:3");
}

#define NINE   "123456789"
#define NINETY NINE "a" NINE "b" NINE "c" NINE "d" NINE "e" NINE "f" NINE "g" NINE "h" NINE "i"

/* 95 bytes fit; of more, the last 92 stay. */
static void test_a_long_place(void **state)
{
	(void)state;
	assert_name("x" NINETY, "x" NINETY ":2:3");
	assert_name("yx" NINETY, "..."
				 "3456789a" NINE "b" NINE "c" NINE "d" NINE "e" NINE "f" NINE
				 "g" NINE "h" NINE "i:2:3");
	assert_name(NINETY NINETY, "..."
				   "3456789a" NINE "b" NINE "c" NINE "d" NINE "e" NINE "f" NINE
				   "g" NINE "h" NINE "i:2:3");
}

static void test_no_place(void **state)
{
	struct pg_sources sources = { 0 };
	struct pg_policy policy = { 0 };
	char name[PG_RULE_NAME_MAX];

	(void)state;
	build_rule(&policy, "", true);
	pg_rule_name(&sources, &policy, (struct pg_origin){ 1, 2 }, name);
	assert_string_equal(name, "rule-1.2");
	pg_rule_name(&sources, &policy, PG_ORIGIN_NONE, name);
	assert_string_equal(name, "default-deny");
	pg_policy_done(&policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_place),
		cmocka_unit_test(test_a_long_place),
		cmocka_unit_test(test_no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
