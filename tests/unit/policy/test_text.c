// SPDX-License-Identifier: GPL-2.0-only
/* Names of enums, places in texts, diagnostics. */
#include "tests/unit/unit.h"

#include "compat/strbuf.h"
#include "policy/diag.h"
#include "policy/types.h"

static void test_names_are_read_back(void **state)
{
	(void)state;
	for (int i = 0; i < PG_ENFORCEMENTS; i++) {
		enum pg_enforcement mode;

		assert_int_equal(
			pg_enforcement_parse(pg_enforcement_name((enum pg_enforcement)i), &mode),
			0);
		assert_int_equal(mode, i);
	}
	for (int i = 0; i < PG_HOST_POLICIES; i++) {
		enum pg_host_policy policy;

		assert_int_equal(
			pg_host_policy_parse(pg_host_policy_name((enum pg_host_policy)i), &policy),
			0);
		assert_int_equal(policy, i);
	}
	for (int i = 0; i < PG_ON_REVOKES; i++) {
		enum pg_on_revoke mode;

		assert_int_equal(pg_on_revoke_parse(pg_on_revoke_name((enum pg_on_revoke)i), &mode),
				 0);
		assert_int_equal(mode, i);
	}
	assert_string_equal(pg_direction_name(PG_INGRESS), "ingress");
	assert_string_equal(pg_verdict_name(PG_VERDICT_REDIRECT), "redirect");
	assert_string_equal(pg_verdict_name((enum pg_verdict)77), "?");
}

static void test_unknown_names_leave_the_result_alone(void **state)
{
	enum pg_enforcement mode = PG_ENFORCEMENT_ALWAYS;
	pg_proto proto = PG_PROTO_SCTP;

	(void)state;
	assert_int_equal(pg_enforcement_parse("Always", &mode), -EINVAL);
	assert_int_equal(mode, PG_ENFORCEMENT_ALWAYS);
	assert_int_equal(pg_proto_parse("any", &proto), -EINVAL);
	assert_int_equal(pg_proto_parse("", &proto), -EINVAL);
	assert_int_equal(proto.n, 132);
}

static void test_protocols_in_any_case(void **state)
{
	pg_proto proto;

	(void)state;
	assert_int_equal(pg_proto_parse("TcP", &proto), 0);
	assert_int_equal(proto.n, 6);
	assert_int_equal(pg_proto_parse("ICMPV6", &proto), 0);
	assert_int_equal(proto.n, 58);
	assert_string_equal(pg_proto_name(PG_PROTO_UDP), "udp");
	assert_null(pg_proto_name((pg_proto){ 47 }));
	assert_null(pg_proto_name(PG_PROTO_EVERY));
}

static void test_deny_beats_allow_beats_redirect(void **state)
{
	(void)state;
	assert_true(pg_verdict_rank(PG_VERDICT_DENY) > pg_verdict_rank(PG_VERDICT_ALLOW));
	assert_true(pg_verdict_rank(PG_VERDICT_ALLOW) > pg_verdict_rank(PG_VERDICT_REDIRECT));
	assert_true(pg_verdict_rank(PG_VERDICT_REDIRECT) > pg_verdict_rank(PG_VERDICT_NONE));
}

static void assert_place(const struct pg_sources *sources, uint32_t source, uint32_t offset,
			 uint32_t line, uint32_t column)
{
	struct pg_loc loc = { .source = source, .offset = offset, .length = 1 };
	struct pg_place place = pg_sources_place(sources, loc);

	assert_int_equal(place.line, line);
	assert_int_equal(place.column, column);
}

static void test_places_count_lines_and_characters(void **state)
{
	static const char text[] = "a\n\xc3\xa9"
				   "b\n\nlast";
	struct pg_sources sources = { 0 };
	uint32_t other, source;

	(void)state;
	assert_int_equal(pg_sources_add(&sources, "other", "", 0, &other), 0);
	assert_int_equal(pg_sources_add(&sources, "some", text, sizeof(text) - 1, &source), 0);
	assert_place(&sources, source, 0, 1, 1);
	assert_place(&sources, source, 1, 1, 2);
	assert_place(&sources, source, 2, 2, 1);
	assert_place(&sources, source, 4, 2, 2);
	assert_place(&sources, source, 6, 3, 1);
	assert_place(&sources, source, 7, 4, 1);
	assert_place(&sources, source, 11, 4, 5);
	assert_place(&sources, source, 4000000, 4, 5);
	assert_place(&sources, other, 0, 1, 1);
	assert_string_equal(pg_sources_place(&sources, (struct pg_loc){ .source = source }).file,
			    "some");
	pg_sources_done(&sources);
}

/* Long lines are counted by blocks: in all of them each place is where it is by counting one by one. */
static void test_places_in_lines_of_all_lengths(void **state)
{
	static const char *const pieces[] = { "x", "\xc3\xa9", "\xe2\x82\xac" };
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	struct pg_sources sources = { 0 };
	uint32_t source, line = 1, column = 1;

	(void)state;
	for (size_t length = 0; length < 4 * PG_SOURCE_BLOCK; length += 101) {
		for (size_t i = 0; i < length; i++)
			pg_strbuf_puts(&text, pieces[i * length % PG_COUNT(pieces)]);
		pg_strbuf_putc(&text, '\n');
	}
	assert_int_equal(pg_sources_add(&sources, "lines", text.text, text.length, &source), 0);
	for (uint32_t i = 0; i < text.length; i++) {
		if ((text.text[i] & 0xc0) == 0x80)
			continue;
		assert_place(&sources, source, i, line, column);
		column = text.text[i] == '\n' ? 1 : column + 1;
		line += text.text[i] == '\n';
	}
	pg_sources_done(&sources);
}

static void test_no_place_is_no_place(void **state)
{
	struct pg_sources sources = { 0 };
	struct pg_loc beyond = { .source = 3 };

	(void)state;
	assert_null(pg_sources_place(&sources, PG_LOC_NONE).file);
	assert_null(pg_sources_get(&sources, beyond));
	assert_int_equal(pg_sources_place(&sources, beyond).line, 0);
}

static void test_sources_have_a_limit_and_may_hold_nul(void **state)
{
	struct pg_sources sources = { 0 };
	uint32_t source = 77;

	(void)state;
	assert_int_equal(pg_sources_add(&sources, "big", "", (size_t)PG_SOURCE_MAX + 1, &source),
			 -EFBIG);
	assert_int_equal(source, 77);
	assert_int_equal(pg_sources_add(&sources, "nul", "a\0\nb", 4, &source), 0);
	assert_int_equal(sources.list.items[0].length, 4);
	assert_place(&sources, source, 3, 2, 1);
	pg_sources_done(&sources);
}

static void test_diagnostics_are_counted_and_formatted(void **state)
{
	struct pg_diags diags = { 0 };
	struct pg_loc loc = { .source = 1, .offset = 5, .length = 2 };

	(void)state;
	pg_error(&diags, loc, "unknown field '%s'", "x");
	pg_note(&diags, PG_LOC_NONE, "here");
	pg_warning(&diags, PG_LOC_NONE, "%d rules", 3);
	assert_int_equal(diags.errors, 1);
	assert_int_equal(diags.warnings, 1);
	assert_int_equal(diags.list.count, 3);
	assert_string_equal(diags.list.items[0].text, "unknown field 'x'");
	assert_int_equal(diags.list.items[0].loc.offset, 5);
	assert_int_equal(diags.list.items[1].severity, PG_NOTE);
	pg_diags_done(&diags);
	assert_int_equal(diags.errors, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_read_back),
		cmocka_unit_test(test_unknown_names_leave_the_result_alone),
		cmocka_unit_test(test_protocols_in_any_case),
		cmocka_unit_test(test_deny_beats_allow_beats_redirect),
		cmocka_unit_test(test_places_count_lines_and_characters),
		cmocka_unit_test(test_places_in_lines_of_all_lengths),
		cmocka_unit_test(test_no_place_is_no_place),
		cmocka_unit_test(test_sources_have_a_limit_and_may_hold_nul),
		cmocka_unit_test(test_diagnostics_are_counted_and_formatted),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
