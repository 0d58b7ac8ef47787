// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "compat/strbuf.h"
#include "frontend/quote.h"
#include "frontend/report.h"

struct said {
	struct pg_sources sources;
	struct pg_diags diags;
	char *text;
	size_t length;
};

static void said_done(struct said *said)
{
	pg_diags_done(&said->diags);
	pg_sources_done(&said->sources);
	free(said->text);
}

static void report(struct said *said)
{
	FILE *out = open_memstream(&said->text, &said->length);

	assert_non_null(out);
	pg_report(out, &said->sources, &said->diags);
	assert_int_equal(fclose(out), 0);
}

/* What is printed for one error in a file of the name f. */
static void assert_report(const char *text, uint32_t offset, uint32_t length, const char *wanted)
{
	PG_CLEANUP(said_done) struct said said = { 0 };
	uint32_t source = 0;

	assert_int_equal(pg_sources_add(&said.sources, "f", text, strlen(text), &source), 0);
	pg_error(&said.diags, ((struct pg_loc){ source, offset, length }), "no");
	report(&said);
	assert_string_equal(said.text, wanted);
}

static void test_carets_mark_the_token(void **state)
{
	(void)state;
	assert_report("one\ntwo three\nfour\n", 8, 5, "f:2:5: error: no\ntwo three\n    ^~~~~\n");
	assert_report("one\ntwo three\nfour\n", 4, 1, "f:2:1: error: no\ntwo three\n^\n");
	assert_report("one", 3, 0, "f:1:4: error: no\none\n   ^\n");
	assert_report("", 0, 0, "f:1:1: error: no\n\n^\n");
	assert_report("one\n", 4, 0, "f:2:1: error: no\n\n^\n");
}

static void test_only_the_first_line_of_a_token_is_marked(void **state)
{
	(void)state;
	assert_report("a {\n b\n}", 2, 6, "f:1:3: error: no\na {\n  ^\n");
	assert_report("a {x\r\n b\n}", 2, 8, "f:1:3: error: no\na {x\n  ^~\n");
	assert_report("a\nb", 1, 1, "f:1:2: error: no\na\n ^\n");
}

static void test_tabs_and_wide_characters_keep_the_carets_right(void **state)
{
	(void)state;
	assert_report("\tx\ty", 3, 1, "f:1:4: error: no\n        x       y\n                ^\n");
	assert_report("é ü bad", 6, 3, "f:1:5: error: no\né ü bad\n    ^~~\n");
	assert_report("網路 bad", 7, 3, "f:1:4: error: no\n網路 bad\n     ^~~\n");
	assert_report("網路 bad", 0, 6, "f:1:1: error: no\n網路 bad\n^~~~\n");
	assert_report("e\xcc\x81 bad", 4, 3, "f:1:4: error: no\ne\xcc\x81 bad\n  ^~~\n");
}

static void test_control_characters_are_escaped(void **state)
{
	(void)state;
	assert_report("\x1b[31m bad", 6, 3, "f:1:7: error: no\n\\x1b[31m bad\n         ^~~\n");
	assert_report("\xff bad", 2, 3, "f:1:3: error: no\n\\xff bad\n     ^~~\n");
	assert_report("a\xff", 1, 1, "f:1:2: error: no\na\\xff\n ^~~~\n");
}

static void test_file_names_are_escaped(void **state)
{
	PG_CLEANUP(said_done) struct said said = { 0 };
	uint32_t source = 0;

	(void)state;
	assert_int_equal(pg_sources_add(&said.sources, "a\n\x1b.json", "x", 1, &source), 0);
	pg_warning(&said.diags, ((struct pg_loc){ source, 0, 1 }), "odd");
	pg_note(&said.diags, PG_LOC_NONE, "nowhere");
	pg_error(&said.diags, PG_LOC_NONE, "no endpoint");
	report(&said);
	assert_string_equal(said.text, "a\\n\\x1b.json:1:1: warning: odd\nx\n^\n"
				       "polgen: note: nowhere\npolgen: error: no endpoint\n");
}

/* A line of `count` words "word " with one of them bad. */
static void assert_window(size_t count, size_t bad, const char *prefix, const char *suffix)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	_cleanup_free_ char *copy = NULL;
	PG_CLEANUP(said_done) struct said said = { 0 };
	char *line, *carets;
	uint32_t source = 0;

	for (size_t i = 0; i < count; i++)
		pg_strbuf_puts(&text, i == bad ? "BAAD " : "word ");
	assert_int_equal(pg_sources_add(&said.sources, "f", text.text, text.length, &source), 0);
	pg_error(&said.diags, ((struct pg_loc){ source, (uint32_t)bad * 5, 4 }), "no");
	report(&said);
	copy = strdup(said.text);
	line = strchr(copy, '\n') + 1;
	carets = strchr(line, '\n') + 1;
	carets[-1] = '\0';
	assert_true(strlen(line) <= 106);
	assert_memory_equal(line, prefix, strlen(prefix));
	assert_string_equal(line + strlen(line) - strlen(suffix), suffix);
	assert_memory_equal(line + strspn(carets, " "), "BAAD", 4);
	assert_string_equal(carets + strspn(carets, " "), "^~~~\n");
}

static void test_long_lines_are_shown_as_a_window(void **state)
{
	(void)state;
	assert_window(1000, 0, "BAAD word", "...");
	assert_window(1000, 10, "word word", "...");
	assert_window(1000, 500, "...", "...");
	assert_window(1000, 999, "...", "BAAD ");
	assert_window(20, 19, "word word", "BAAD ");
	assert_window(21, 20, "...", "BAAD ");
}

static void test_a_long_token_is_marked_as_far_as_it_is_shown(void **state)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 }, wanted = { 0 };

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		pg_strbuf_putc(&text, 'x');
	pg_strbuf_puts(&wanted, "f:1:1: error: no\n");
	pg_strbuf_add(&wanted, text.text, 100);
	pg_strbuf_puts(&wanted, "...\n^");
	for (size_t i = 1; i < 100; i++)
		pg_strbuf_putc(&wanted, '~');
	pg_strbuf_putc(&wanted, '\n');
	assert_report(text.text, 0, 1000, wanted.text);
}

/* Columns are right on both sides of where the source counts them block by block. */
static void test_columns_of_a_line_of_many_blocks(void **state)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	PG_CLEANUP(said_done) struct said said = { 0 };
	uint32_t source = 0;

	(void)state;
	pg_strbuf_puts(&text, "first\n");
	for (size_t i = 0; i < 10000; i++)
		pg_strbuf_puts(&text, "é");
	assert_int_equal(pg_sources_add(&said.sources, "f", text.text, text.length, &source), 0);
	for (uint32_t i = 0; i < 10000; i++) {
		struct pg_loc loc = { source, 6 + 2 * i, 2 };
		struct pg_place place = pg_sources_place(&said.sources, loc);

		assert_int_equal(place.line, 2);
		assert_int_equal(place.column, i + 1);
	}
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part))) {
		count++;
		text++;
	}
	return count;
}

/* Each error and each warning has a note; what is not shown is counted, and takes its note along. */
static void test_the_first_ones_are_shown_and_the_rest_counted(void **state)
{
	PG_CLEANUP(said_done) struct said said = { 0 };

	(void)state;
	for (int i = 0; i < PG_REPORT_MAX + 1; i++) {
		pg_error(&said.diags, PG_LOC_NONE, "bad %d", i);
		pg_note(&said.diags, PG_LOC_NONE, "so %d", i);
		pg_warning(&said.diags, PG_LOC_NONE, "odd");
	}
	pg_warning(&said.diags, PG_LOC_NONE, "odd");
	report(&said);
	assert_int_equal(count_of(said.text, ": error: bad"), PG_REPORT_MAX);
	assert_int_equal(count_of(said.text, ": note: so"), PG_REPORT_MAX);
	assert_int_equal(count_of(said.text, ": warning: odd"), PG_REPORT_MAX);
	assert_string_equal(strstr(said.text, "polgen: and"),
			    "polgen: and 1 more error\npolgen: and 2 more warnings\n");
	assert_null(strstr(said.text, "bad 100"));
}

/* More than are kept are counted still. */
static void test_all_are_counted(void **state)
{
	PG_CLEANUP(said_done) struct said said = { 0 };

	(void)state;
	for (int i = 0; i < PG_DIAGS_MAX + 7; i++)
		pg_error(&said.diags, PG_LOC_NONE, "bad");
	report(&said);
	assert_int_equal(said.diags.list.count, PG_DIAGS_MAX);
	assert_string_equal(strstr(said.text, "polgen: and"), "polgen: and 999907 more errors\n");
}

static void test_quotes_are_escaped_and_cut(void **state)
{
	char text[200];

	(void)state;
	assert_string_equal(pg_quote("a\nb", 3).text, "a\\nb");
	assert_string_equal(pg_quote("", 0).text, "");
	memset(text, 'x', sizeof(text));
	text[PG_QUOTE_MAX] = '\0';
	assert_string_equal(pg_quote(text, PG_QUOTE_MAX).text, text);
	assert_int_equal(strlen(pg_quote(text, sizeof(text)).text), PG_QUOTE_MAX + 3);
	memset(text, '\x01', sizeof(text));
	assert_int_equal(strlen(pg_quote(text, sizeof(text)).text), 4 * PG_QUOTE_MAX + 3);
	/* One byte and 31 times two: the 32nd would be halved. */
	assert_int_equal(strlen(pg_quote("xééééééééééééééééééééééééééééééééééé", 71).text),
			 1 + 31 * 2 + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_carets_mark_the_token),
		cmocka_unit_test(test_only_the_first_line_of_a_token_is_marked),
		cmocka_unit_test(test_tabs_and_wide_characters_keep_the_carets_right),
		cmocka_unit_test(test_control_characters_are_escaped),
		cmocka_unit_test(test_file_names_are_escaped),
		cmocka_unit_test(test_long_lines_are_shown_as_a_window),
		cmocka_unit_test(test_a_long_token_is_marked_as_far_as_it_is_shown),
		cmocka_unit_test(test_columns_of_a_line_of_many_blocks),
		cmocka_unit_test(test_the_first_ones_are_shown_and_the_rest_counted),
		cmocka_unit_test(test_all_are_counted),
		cmocka_unit_test(test_quotes_are_escaped_and_cut),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
