// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "compat/strbuf.h"

static void test_grows_and_formats(void **state)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		pg_strbuf_printf(&buf, "%d,", i);
	assert_int_equal(pg_strbuf_error(&buf), 0);
	assert_int_equal(buf.length, 3890);
	assert_memory_equal(buf.text, "0,1,2,", 6);
	assert_string_equal(buf.text + buf.length - 4, "999,");
}

static void assert_escaped(const char *bytes, size_t length, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_strbuf_add_escaped(&buf, bytes, length);
	assert_string_equal(buf.text, wanted);
}

static void test_escapes_what_steers_a_terminal(void **state)
{
	(void)state;
	assert_escaped("plain \xc3\xa9", 8, "plain \xc3\xa9");
	assert_escaped("a\nb\tc\x1b[0m\x7f", 10, "a\\nb\\tc\\x1b[0m\\x7f");
	assert_escaped("\xc2\x9b"
		       "31m",
		       5, "\\xc2\\x9b31m");
	/* U+2028 ends a line; U+202E turns what follows around; U+200D joins an emoji's parts. */
	assert_escaped("a\xe2\x80\xa8", 4, "a\\xe2\\x80\\xa8");
	assert_escaped("\xe2\x80\xae!", 4, "\\xe2\\x80\\xae!");
	assert_escaped("\xe2\x81\xa9", 3, "\\xe2\\x81\\xa9");
	assert_escaped("\xd8\x9c", 2, "\\xd8\\x9c");
	assert_escaped("\xe2\x80\x8d\xf0\x9f\x90\x9d", 7, "\xe2\x80\x8d\xf0\x9f\x90\x9d");
	assert_escaped("\0", 1, "\\x00");
	assert_escaped("\xff\xc3", 2, "\\xff\\xc3");
	assert_escaped("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");
}

static void test_json_strings(void **state)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	(void)state;
	pg_strbuf_add_json(&buf, "a\"b\\c\n\x01\xff", 8);
	pg_strbuf_add_json(&buf, "\xe2\x80\xa8\xc2\x85", 5);
	assert_string_equal(buf.text, "\"a\\\"b\\\\c\\n\\u0001\xef\xbf\xbd\""
				      "\"\\u2028\\u0085\"");
}

static void test_utf8_length(void **state)
{
	(void)state;
	assert_int_equal(pg_utf8_length("a", 1), 1);
	assert_int_equal(pg_utf8_length("\xc3\xa9x", 3), 2);
	assert_int_equal(pg_utf8_length("\xf0\x9f\x90\x9d", 4), 4);
	assert_int_equal(pg_utf8_length("\xf0\x9f\x90\x9d", 3), 0);
	assert_int_equal(pg_utf8_length("\xc0\x80", 2), 0);
	assert_int_equal(pg_utf8_length("\x80", 1), 0);
	assert_int_equal(pg_utf8_length("", 0), 0);
}

static void test_take_of_an_empty_buffer_is_a_string(void **state)
{
	struct pg_strbuf buf = { 0 };
	_cleanup_free_ char *text = pg_strbuf_take(&buf);

	(void)state;
	assert_string_equal(text, "");
	assert_null(buf.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_and_formats),
		cmocka_unit_test(test_escapes_what_steers_a_terminal),
		cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_utf8_length),
		cmocka_unit_test(test_take_of_an_empty_buffer_is_a_string),
	};

	return cmocka_run_group_tests_name("strbuf", tests, NULL, NULL);
}
