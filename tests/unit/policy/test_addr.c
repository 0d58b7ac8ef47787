// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "policy/addr.h"

static void assert_prefix(const char *text, const char *wanted)
{
	struct pg_prefix prefix;
	char formatted[PG_PREFIX_TEXT_MAX];

	assert_int_equal(pg_prefix_parse(text, &prefix), 0);
	assert_string_equal(pg_prefix_format(&prefix, formatted), wanted);
}

static void test_prefixes_lose_their_host_bits(void **state)
{
	(void)state;
	assert_prefix("10.0.0.1", "10.0.0.1/32");
	assert_prefix("192.168.254.111/20", "192.168.240.0/20");
	assert_prefix("255.255.255.255/0", "0.0.0.0/0");
	assert_prefix("255.255.255.255/1", "128.0.0.0/1");
	assert_prefix("1.1.1.1/30", "1.1.1.0/30");
	assert_prefix("2001:db8::1", "2001:db8::1/128");
	assert_prefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127",
		      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127");
	assert_prefix("::1.2.3.4", "::1.2.3.4/128");
	assert_prefix("2001:DB8:0:0::1/64", "2001:db8::/64");
	assert_prefix("::fffe:102:304", "::fffe:102:304/128");
	assert_prefix("fd00:1234::/12", "fd00::/12");
}

static void test_only_strict_forms_are_read(void **state)
{
	static const char *const bad[] = {
		"",
		"10",
		"10.0.0",
		"10.0.0.0.0",
		"10.0.0.256",
		"010.0.0.1",
		"10.0.0.1 ",
		" 10.0.0.1",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/+8",
		"10.0.0.0/08",
		"10.0.0.0/8 ",
		"10.0.0.0/8/8",
		"::/129",
		":::",
		"fe80::1%eth0",
		"1:2:3:4:5:6:7:8:9",
		"0x0a.0.0.1",
		"10.0.0.0/255.0.0.0",
		"/8",
		"10.0.0.0/0000008",
		"::ffff:1.2.3.4",
		"::ffff:102:304/120",
		"0:0:0:0:0:FFFF:0:0/96",
		"::ffff:1.2.3.4/8",
	};
	struct pg_prefix prefix = { .length = 7 };

	(void)state;
	for (size_t i = 0; i < PG_COUNT(bad); i++) {
		if (pg_prefix_parse(bad[i], &prefix) != -EINVAL)
			fail_msg("'%s' was read", bad[i]);
	}
	assert_int_equal(prefix.length, 7);
}

static struct pg_prefix parse(const char *text)
{
	struct pg_prefix prefix;

	assert_int_equal(pg_prefix_parse(text, &prefix), 0);
	return prefix;
}

static bool contains(const char *prefix, const char *addr)
{
	struct pg_prefix parsed = parse(prefix);
	struct pg_addr inside;

	assert_int_equal(pg_addr_parse(addr, &inside), 0);
	return pg_prefix_contains(&parsed, &inside);
}

static void test_containment_at_the_edges(void **state)
{
	const struct pg_addr unknown = { 0 };
	struct pg_prefix all = parse("0.0.0.0/0");

	(void)state;
	assert_true(contains("10.1.0.0/23", "10.1.1.255"));
	assert_false(contains("10.1.0.0/23", "10.1.2.0"));
	assert_false(contains("10.1.0.0/23", "10.0.255.255"));
	assert_true(contains("0.0.0.0/0", "255.0.0.1"));
	assert_false(contains("0.0.0.0/0", "::1"));
	assert_false(contains("::/0", "10.0.0.1"));
	assert_true(contains("fd00::/9", "fd7f::1"));
	assert_false(contains("fd00::/9", "fd80::1"));
	assert_false(pg_prefix_contains(&all, &unknown));
}

static bool covers(const char *outer, const char *inner)
{
	struct pg_prefix a = parse(outer), b = parse(inner);

	return pg_prefix_covers(&a, &b);
}

static void test_covering(void **state)
{
	(void)state;
	assert_true(covers("10.0.0.0/8", "10.0.0.0/8"));
	assert_true(covers("10.0.0.0/8", "10.255.0.0/16"));
	assert_false(covers("10.255.0.0/16", "10.0.0.0/8"));
	assert_false(covers("10.0.0.0/16", "10.0.0.0/8"));
	assert_false(covers("10.0.0.0/8", "11.0.0.0/16"));
	assert_false(covers("::/0", "10.0.0.0/8"));
}

static void test_order(void **state)
{
	static const char *const sorted[] = {
		"0.0.0.0/0",   "10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/32", "10.0.0.1/32",
		"255.0.0.0/8", "::/0",	     "::/128",	   "1::/16",
	};

	(void)state;
	for (size_t i = 0; i < PG_COUNT(sorted); i++) {
		for (size_t j = 0; j < PG_COUNT(sorted); j++) {
			struct pg_prefix a = parse(sorted[i]), b = parse(sorted[j]);
			int order = pg_prefix_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void test_no_address_has_an_empty_text(void **state)
{
	const struct pg_addr unknown = { 0 };
	char text[PG_ADDR_TEXT_MAX];

	(void)state;
	assert_string_equal(pg_addr_format(&unknown, text), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes_lose_their_host_bits),
		cmocka_unit_test(test_only_strict_forms_are_read),
		cmocka_unit_test(test_containment_at_the_edges),
		cmocka_unit_test(test_covering),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_no_address_has_an_empty_text),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
