// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "frontend/decode/dispatch.h"

struct target {
	char *name;
	long long sum;
	const struct pg_json_value *kept;
};

static int add_number(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	long long *sum = member;

	(void)decoder;
	*sum += value->integer;
	return value->integer == 13 ? -ENOMEM : 0;
}

static int add_numbers(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	return value->kind == PG_JSON_ARRAY
		       ? pg_decode_elements(decoder, value, PG_INTEGER, add_number, member)
		       : pg_decode_members(decoder, value, PG_INTEGER, add_number, member);
}

static const struct pg_field fields[] = {
	PG_FIELD("name", PG_STRING, pg_decode_string, offsetof(struct target, name),
		 .required = true),
	PG_FIELD("numbers", PG_ARRAY | PG_OBJECT, add_numbers, offsetof(struct target, sum),
		 .alias = "NUMBERS"),
	PG_FIELD("anything", 0, pg_decode_keep, offsetof(struct target, kept)),
	PG_UNSUPPORTED("later"),
	PG_MISPLACED("here", "anything"),
};

struct run {
	struct pg_sources sources;
	struct pg_diags diags;
	struct pg_json json;
	struct target target;
	int result;
};

static void run_done(struct run *run)
{
	free(run->target.name);
	pg_json_done(&run->json);
	pg_diags_done(&run->diags);
	pg_sources_done(&run->sources);
}

static void run(struct run *run, const char *text, bool lenient)
{
	struct pg_decoder decoder = { .diags = &run->diags, .lenient = lenient };
	uint32_t source = 0;

	assert_int_equal(pg_sources_add(&run->sources, "f", text, strlen(text), &source), 0);
	assert_int_equal(pg_json_load(&run->sources, source, &run->diags, &run->json), 0);
	run->result = pg_decode_fields(&decoder, run->json.values, fields, PG_COUNT(fields),
				       &run->target);
}

static void assert_said(const struct run *run, size_t index, enum pg_severity severity,
			uint32_t column, const char *text)
{
	const struct pg_diag *diag;

	assert_true(index < run->diags.list.count);
	diag = &run->diags.list.items[index];
	assert_string_equal(diag->text, text);
	assert_int_equal(diag->severity, severity);
	assert_int_equal(pg_sources_place(&run->sources, diag->loc).column, column);
}

static void test_handlers_get_their_members(void **state)
{
	PG_CLEANUP(run_done) struct run all = { 0 };

	(void)state;
	run(&all, "{\"anything\": null, \"numbers\": [1, 2], \"name\": \"x\"}", false);
	assert_int_equal(all.result, 0);
	assert_int_equal(all.diags.list.count, 0);
	assert_string_equal(all.target.name, "x");
	assert_int_equal(all.target.sum, 3);
	assert_int_equal(all.target.kept->kind, PG_JSON_NULL);
}

static void test_every_fault_is_found_in_one_pass(void **state)
{
	PG_CLEANUP(run_done) struct run bad = { 0 };

	(void)state;
	run(&bad, "{\"anythin\":1,\"later\":1,\"here\":1,\"numbers\":[1,\"2\",3],\"NUMBERS\":{}}",
	    false);
	assert_int_equal(bad.result, 0);
	assert_said(&bad, 0, PG_ERROR, 2, "unknown field 'anythin'; did you mean 'anything'?");
	assert_said(&bad, 1, PG_ERROR, 14, "unsupported feature: 'later'");
	assert_said(&bad, 2, PG_ERROR, 24, "unknown field 'here'; did you mean 'anything'?");
	assert_said(&bad, 3, PG_ERROR, 46,
		    "an element of 'numbers' must be an integer, not a string");
	assert_said(&bad, 4, PG_ERROR, 53, "duplicate field 'NUMBERS'");
	assert_said(&bad, 5, PG_NOTE, 33, "first given here");
	/* 'name' is missing; 'later' might have been there in its place. */
	assert_int_equal(bad.diags.list.count, 6);
	/* The good ones are decoded all the same. */
	assert_int_equal(bad.target.sum, 4);
}

static void test_a_required_field_is_missed(void **state)
{
	PG_CLEANUP(run_done) struct run bad = { 0 };

	(void)state;
	run(&bad, "  { \"numbers\": [] }", false);
	assert_said(&bad, 0, PG_ERROR, 3, "missing field 'name'");
	assert_int_equal(bad.diags.list.items[0].loc.length, 1);
	assert_int_equal(bad.diags.list.count, 1);
}

static void test_a_field_that_was_misspelt_is_not_missing_too(void **state)
{
	PG_CLEANUP(run_done) struct run strict = { 0 };
	PG_CLEANUP(run_done) struct run lenient = { 0 };

	(void)state;
	run(&strict, "{\"nam\": \"x\"}", false);
	assert_said(&strict, 0, PG_ERROR, 2, "unknown field 'nam'; did you mean 'name'?");
	assert_int_equal(strict.diags.list.count, 1);
	run(&lenient, "{\"nam\": \"x\"}", true);
	assert_said(&lenient, 0, PG_WARNING, 2, "unknown field 'nam'; did you mean 'name'?");
	assert_said(&lenient, 1, PG_ERROR, 1, "missing field 'name'");
	assert_int_equal(lenient.diags.list.count, 2);
}

static void test_leniency_is_for_unknown_fields_only(void **state)
{
	PG_CLEANUP(run_done) struct run lenient = { 0 };

	(void)state;
	run(&lenient, "{\"name\":1,\"x\":1,\"x\":2,\"later\":3,\"here\":4,\"name\":\"y\"}", true);
	assert_said(&lenient, 0, PG_ERROR, 9, "'name' must be a string, not an integer");
	assert_said(&lenient, 1, PG_WARNING, 11, "unknown field 'x'");
	assert_said(&lenient, 2, PG_ERROR, 17, "duplicate field 'x'");
	assert_said(&lenient, 3, PG_NOTE, 11, "first given here");
	assert_said(&lenient, 4, PG_ERROR, 23, "unsupported feature: 'later'");
	assert_said(&lenient, 5, PG_WARNING, 33, "unknown field 'here'; did you mean 'anything'?");
	assert_said(&lenient, 6, PG_ERROR, 42, "duplicate field 'name'");
	assert_int_equal(lenient.diags.errors, 4);
	assert_int_equal(lenient.diags.warnings, 2);
	/* Nothing was decoded for the wrong type, nor for the duplicate. */
	assert_null(lenient.target.name);
}

static void test_members_with_keys_of_the_operator_s_own(void **state)
{
	PG_CLEANUP(run_done) struct run bad = { 0 };

	(void)state;
	run(&bad, "{\"name\":\"\",\"numbers\":{\"a\":1,\"\\n\":true,\"a\":2,\"b\":4}}", false);
	assert_said(&bad, 0, PG_ERROR, 34, "'\\n' must be an integer, not a boolean");
	assert_said(&bad, 1, PG_ERROR, 39, "duplicate key 'a'");
	assert_said(&bad, 2, PG_NOTE, 23, "first given here");
	assert_int_equal(bad.target.sum, 5);
}

static void test_a_handler_s_failure_ends_it(void **state)
{
	PG_CLEANUP(run_done) struct run out = { 0 };

	(void)state;
	run(&out, "{\"numbers\":[1,13,100],\"later\":1}", false);
	assert_int_equal(out.result, -ENOMEM);
	assert_int_equal(out.target.sum, 14);
	assert_int_equal(out.diags.list.count, 0);
}

static void test_unknown_words(void **state)
{
	static const char *const words[] = { "red", "green", "blue" };
	PG_CLEANUP(run_done) struct run lines = { 0 };
	struct pg_decoder decoder = { .diags = &lines.diags };

	(void)state;
	run(&lines, "{\"name\":\"x\",\"anything\":\"gren\"}", false);
	pg_decode_unknown_word(&decoder, lines.target.kept, "colour", words, PG_COUNT(words));
	assert_said(&lines, 0, PG_ERROR, 24, "unknown colour 'gren'; did you mean 'green'?");
	pg_decode_unknown_word(&decoder, lines.target.kept, "colour", words, 1);
	assert_said(&lines, 1, PG_ERROR, 24, "unknown colour 'gren'; known are 'red'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handlers_get_their_members),
		cmocka_unit_test(test_every_fault_is_found_in_one_pass),
		cmocka_unit_test(test_a_required_field_is_missed),
		cmocka_unit_test(test_a_field_that_was_misspelt_is_not_missing_too),
		cmocka_unit_test(test_leniency_is_for_unknown_fields_only),
		cmocka_unit_test(test_members_with_keys_of_the_operator_s_own),
		cmocka_unit_test(test_a_handler_s_failure_ends_it),
		cmocka_unit_test(test_unknown_words),
	};

	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
