// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "frontend/decode/yaml.h"

struct fixture {
	struct pg_sources sources;
	struct pg_diags diags;
	struct pg_json json;
};

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	pg_json_done(&fixture->json);
	pg_diags_done(&fixture->diags);
	pg_sources_done(&fixture->sources);
	free(fixture);
	return 0;
}

static int load(struct fixture *fixture, const char *text)
{
	uint32_t source;

	assert_int_equal(pg_sources_add(&fixture->sources, "t.yaml", text, strlen(text), &source),
			 0);
	return pg_yaml_load(&fixture->sources, source, &fixture->diags, &fixture->json);
}

/* The stretch of text that a place speaks of. */
static void assert_span(const struct fixture *fixture, struct pg_loc loc, const char *wanted)
{
	const struct pg_source *text = pg_sources_get(&fixture->sources, loc);

	assert_int_equal(loc.length, strlen(wanted));
	assert_memory_equal(text->text + loc.offset, wanted, loc.length);
}

static void test_values_and_their_places(void **state)
{
	struct fixture *fixture = *state;
	const struct pg_json_value *root, *value;

	assert_int_equal(load(fixture, "# rules\n"
				       "- name: \xc3\xa9t\xc3\xa9\n"
				       "  port: 80\n"
				       "  'quoted': \"a\\tb\"\n"
				       "  list: [x, -1, 1.5, true, ~]\n"),
			 0);
	root = fixture->json.values;
	assert_int_equal(root->kind, PG_JSON_ARRAY);
	assert_int_equal(root->count, 1);
	assert_int_equal(root->size, fixture->json.count);
	value = pg_json_member(root + 1, "name");
	assert_string_equal(value->string, "\xc3\xa9t\xc3\xa9");
	assert_span(fixture, value->loc, "\xc3\xa9t\xc3\xa9");
	assert_span(fixture, value->key_loc, "name");
	value = pg_json_member(root + 1, "port");
	assert_int_equal(value->kind, PG_JSON_INTEGER);
	assert_int_equal(value->integer, 80);
	assert_span(fixture, value->loc, "80");
	value = pg_json_member(root + 1, "quoted");
	assert_string_equal(value->string, "a\tb");
	assert_span(fixture, value->loc, "\"a\\tb\"");
	assert_span(fixture, value->key_loc, "'quoted'");
	value = pg_json_member(root + 1, "list");
	assert_int_equal(value->count, 5);
	assert_span(fixture, value->loc, "[x, -1, 1.5, true, ~]");
	assert_int_equal(value[1].kind, PG_JSON_STRING);
	assert_int_equal(value[2].integer, -1);
	assert_int_equal(value[3].kind, PG_JSON_REAL);
	assert_true(value[4].boolean);
	assert_int_equal(value[5].kind, PG_JSON_NULL);
}

static void test_quoted_scalars_are_strings(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "['80', \"yes\", '', |\n true\n]"), -EINVAL);
	assert_int_equal(load(fixture, "- '80'\n- \"yes\"\n- ''\n- |\n  true\n"), 0);
	for (size_t i = 1; i < fixture->json.count; i++)
		assert_int_equal(fixture->json.values[i].kind, PG_JSON_STRING);
}

static void test_documents_become_a_list(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "---\na: 1\n---\nb: 2\n...\n"), 0);
	assert_int_equal(fixture->json.values->kind, PG_JSON_ARRAY);
	assert_int_equal(fixture->json.values->count, 2);
	assert_string_equal(
		fixture->json.values[3].kind == PG_JSON_OBJECT ? fixture->json.values[4].key : "",
		"b");
}

static void test_duplicate_keys_are_marked(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "a: 1\nb: 2\na: 3\n"), 0);
	assert_int_equal(fixture->json.values[1].first, 0);
	assert_int_equal(fixture->json.values[3].first, 2);
}

static void assert_refused(const char *text, const char *what, uint32_t line, uint32_t column)
{
	struct fixture *fixture;
	struct pg_place place;

	assert_int_equal(set_up((void **)&fixture), 0);
	assert_int_equal(load(fixture, text), -EINVAL);
	assert_int_equal(fixture->diags.errors, 1);
	assert_string_equal(fixture->diags.list.items[0].text, what);
	place = pg_sources_place(&fixture->sources, fixture->diags.list.items[0].loc);
	assert_int_equal(place.line, line);
	assert_int_equal(place.column, column);
	tear_down((void **)&fixture);
}

static void test_what_json_cannot_say_is_refused(void **state)
{
	char deep[200];

	(void)state;
	assert_refused("a: &x 1\n", "invalid YAML: anchors and aliases are not supported", 1, 4);
	assert_refused("a: *x\n", "invalid YAML: anchors and aliases are not supported", 1, 4);
	assert_refused("a: !!str 1\n", "invalid YAML: tags are not supported", 1, 4);
	assert_refused("a:\n  <<: {}\n", "invalid YAML: merge keys are not supported", 2, 3);
	assert_refused("? [a]\n: 1\n", "invalid YAML: a key must be a string", 1, 3);
	assert_refused("a: yes\n",
		       "invalid YAML: a boolean or a string? write true or false, or quote it", 1,
		       4);
	assert_refused("\"a\\0b\": 1\n", "invalid YAML: NUL character in a key", 1, 1);
	assert_refused("- \"a\\0b\"\n", "invalid YAML: NUL character in a string", 1, 3);
	assert_refused("# nothing\n", "invalid YAML: no document", 1, 1);
	assert_refused("\xef\xbb\xbf"
		       "a: 1",
		       "invalid YAML: the file starts with a byte order mark; remove it", 1, 1);
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_refused(deep, "invalid YAML: nested too deeply", 1, PG_JSON_DEPTH_MAX + 1);
}

static void test_syntax_errors_have_places(void **state)
{
	(void)state;
	assert_refused("a: [1, 2\nb: 3\n", "invalid YAML: did not find expected ',' or ']'", 2, 2);
	assert_refused("a: b: c\n", "invalid YAML: mapping values are not allowed in this context",
		       1, 5);
	assert_refused("\xc3\xa9: \x01\n", "invalid YAML: control characters are not allowed", 1,
		       4);
}

/* JSON is YAML: both readers must make the same of it, to the byte. */
static void test_json_reads_the_same_as_yaml(void **state)
{
	static const char text[] = "[ {\"a\": [1, \"x\\u00e9\\n\", null], \"b\" : {} },\n"
				   "\t{ \"\xe2\x82\xac\": -7, \"c\": [ ] , \"d\":false} ]";
	struct fixture *fixture = *state;
	_cleanup_json_ struct pg_json other = { 0 };

	assert_int_equal(load(fixture, text), 0);
	assert_int_equal(pg_json_load(&fixture->sources, 1, &fixture->diags, &other), 0);
	assert_int_equal(fixture->json.count, other.count);
	for (size_t i = 0; i < other.count; i++) {
		const struct pg_json_value *a = &fixture->json.values[i], *b = &other.values[i];

		assert_int_equal(a->kind, b->kind);
		assert_int_equal(a->count, b->count);
		assert_int_equal(a->size, b->size);
		assert_memory_equal(&a->loc, &b->loc, sizeof(a->loc));
		assert_memory_equal(&a->key_loc, &b->key_loc, sizeof(a->key_loc));
		if (b->key)
			assert_string_equal(a->key, b->key);
		if (b->kind == PG_JSON_STRING)
			assert_string_equal(a->string, b->string);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_values_and_their_places),
		TEST(test_quoted_scalars_are_strings),
		TEST(test_documents_become_a_list),
		TEST(test_duplicate_keys_are_marked),
		cmocka_unit_test(test_what_json_cannot_say_is_refused),
		cmocka_unit_test(test_syntax_errors_have_places),
		TEST(test_json_reads_the_same_as_yaml),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
