// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include <jansson.h>

#include "compat/strbuf.h"
#include "frontend/decode/json.h"

/* One text and what came of it. */
struct loaded {
	struct pg_sources sources;
	struct pg_diags diags;
	struct pg_json json;
	int result;
};

static void loaded_done(struct loaded *loaded)
{
	pg_json_done(&loaded->json);
	pg_diags_done(&loaded->diags);
	pg_sources_done(&loaded->sources);
}

static void load(struct loaded *loaded, const char *text, size_t length)
{
	uint32_t source = 0;

	assert_int_equal(pg_sources_add(&loaded->sources, "t.json", text, length, &source), 0);
	loaded->result = pg_json_load(&loaded->sources, source, &loaded->diags, &loaded->json);
}

static void assert_span(const char *text, const struct pg_json_value *value, const char *wanted)
{
	assert_non_null(value);
	assert_int_equal(value->loc.length, strlen(wanted));
	assert_memory_equal(text + value->loc.offset, wanted, strlen(wanted));
}

static void test_values_stand_where_they_are_written(void **state)
{
	static const char text[] =
		"\n{ \"a\" : [ 1, -20, \"x\\ty\" , {} ],\t\"b\\u0062\":{\"c\":null},"
		"\"d\": 1.50e3 , \"t\":true,\"f\":false}\n";
	PG_CLEANUP(loaded_done) struct loaded loaded = { 0 };
	const struct pg_json_value *root, *a, *bb;

	(void)state;
	load(&loaded, text, strlen(text));
	assert_int_equal(loaded.result, 0);
	root = loaded.json.values;
	assert_int_equal(root->kind, PG_JSON_OBJECT);
	assert_int_equal(root->count, 5);
	assert_int_equal(root->loc.offset, 1);
	assert_int_equal(root->loc.length, strlen(text) - 2);
	a = pg_json_member(root, "a");
	assert_span(text, a, "[ 1, -20, \"x\\ty\" , {} ]");
	assert_int_equal(a->count, 4);
	assert_int_equal(a[1].integer, 1);
	assert_int_equal(a[2].integer, -20);
	assert_string_equal(a[3].string, "x\ty");
	assert_int_equal(a[3].length, 3);
	assert_span(text, &a[3], "\"x\\ty\"");
	assert_int_equal(a[4].kind, PG_JSON_OBJECT);
	bb = pg_json_member(root, "bb");
	assert_span(text, bb, "{\"c\":null}");
	assert_int_equal(bb->key_loc.length, strlen("\"b\\u0062\""));
	assert_int_equal(text[bb->key_loc.offset], '"');
	assert_int_equal(pg_json_member(bb, "c")->kind, PG_JSON_NULL);
	assert_span(text, pg_json_member(root, "d"), "1.50e3");
	assert_int_equal(pg_json_member(root, "d")->kind, PG_JSON_REAL);
	assert_true(pg_json_member(root, "t")->boolean);
	assert_false(pg_json_member(root, "f")->boolean);
	assert_null(pg_json_member(root, "c"));
	assert_null(pg_json_member(a, "c"));
}

static void test_a_scalar_alone_is_json(void **state)
{
	PG_CLEANUP(loaded_done) struct loaded loaded = { 0 };

	(void)state;
	load(&loaded, " 42", 3);
	assert_int_equal(loaded.result, 0);
	assert_int_equal(loaded.json.values->integer, 42);
	assert_int_equal(loaded.json.values->loc.offset, 1);
}

static void test_duplicates_are_marked(void **state)
{
	static const char text[] = "{\"a\":1,\"b\":[0],\"a\":{\"a\":2},\"\\u0061\":3,\"ab\":4}";
	PG_CLEANUP(loaded_done) struct loaded loaded = { 0 };
	const struct pg_json_value *first;
	size_t at = 0, marked = 0;

	(void)state;
	load(&loaded, text, strlen(text));
	assert_int_equal(loaded.result, 0);
	first = pg_json_member(loaded.json.values, "a");
	pg_json_foreach(member, loaded.json.values) {
		bool duplicate = at == 2 || at == 3;

		assert_int_equal(member->first != 0, duplicate);
		if (duplicate)
			assert_ptr_equal(member - member->first, first);
		marked += member->first != 0;
		at++;
	}
	assert_int_equal(at, 5);
	assert_int_equal(marked, 2);
}

struct bad_text {
	const char *text;
	uint32_t line, column, length;
	const char *message;
	const char *note; /* NULL: none */
};

#define JSON_ERROR(text) "invalid JSON: " text

static const struct bad_text bad_texts[] = {
	{ "", 1, 1, 0, JSON_ERROR("the file is empty"), NULL },
	{ " \n\t ", 1, 1, 0, JSON_ERROR("the file is empty"), NULL },
	{ "\xef\xbb\xbf{}", 1, 1, 3,
	  JSON_ERROR("the file starts with a byte order mark; remove it"), NULL },
	{ "\xff\xfe{\0", 1, 1, 1, JSON_ERROR("byte 0xff is not UTF-8"), NULL },
	{ "{\n  \"\xc3\xa9\": \"\xc3\xa9\xc3(\"}", 2, 10, 1, JSON_ERROR("byte 0xc3 is not UTF-8"),
	  NULL },
	{ "{\"a\": 1,\n }", 2, 2, 1, JSON_ERROR("unexpected '}', expected a string"), NULL },
	{ "[1,]", 1, 4, 1, JSON_ERROR("unexpected ']', expected a value"), NULL },
	{ "[,1]", 1, 2, 1, JSON_ERROR("unexpected ',', expected a value or ']'"), NULL },
	{ "{,}", 1, 2, 1, JSON_ERROR("unexpected ',', expected a string or '}'"), NULL },
	{ "{\"a\" 1}", 1, 6, 1, JSON_ERROR("unexpected '1', expected ':'"), NULL },
	{ "{\"a\" \"b\"}", 1, 6, 3, JSON_ERROR("unexpected string, expected ':'"), NULL },
	{ "{\"a\":}", 1, 6, 1, JSON_ERROR("unexpected '}', expected a value"), NULL },
	{ "{\"a\":1 \"b\":2}", 1, 8, 3, JSON_ERROR("unexpected string, expected ',' or '}'"),
	  NULL },
	{ "[1 [2]]", 1, 4, 1, JSON_ERROR("unexpected '[', expected ',' or ']'"), NULL },
	{ "[{\"a\":1]", 1, 8, 1, JSON_ERROR("unexpected ']', expected ',' or '}'"),
	  "1:2 opened here" },
	{ "{}}", 1, 3, 1, JSON_ERROR("unexpected '}', expected end of file"), NULL },
	{ "{} {}", 1, 4, 1, JSON_ERROR("unexpected '{', expected end of file"), NULL },
	{ "[\n {\"a\": [1,\n\n", 2, 11, 0, JSON_ERROR("unexpected end of file"),
	  "2:8 this '[' is not closed" },
	{ "[", 1, 2, 0, JSON_ERROR("unexpected end of file"), "1:1 this '[' is not closed" },
	{ "{\"a\"", 1, 5, 0, JSON_ERROR("unexpected end of file"), "1:1 this '{' is not closed" },
	{ "{\"a\": tru}", 1, 7, 3, JSON_ERROR("unexpected 'tru', expected a value"), NULL },
	{ "{a: 1}", 1, 2, 1, JSON_ERROR("unexpected 'a', expected a string or '}'"), NULL },
	{ "['a']", 1, 2, 3, JSON_ERROR("strings are written in double quotes"), NULL },
	{ "// x\n{}", 1, 1, 2, JSON_ERROR("comments are not part of JSON"), NULL },
	{ "[1,\n#x\n2]", 2, 1, 2, JSON_ERROR("comments are not part of JSON"), NULL },
	{ "[01]", 1, 2, 2, JSON_ERROR("malformed number '01'"), NULL },
	{ "[-]", 1, 2, 1, JSON_ERROR("malformed number '-'"), NULL },
	{ "[1.]", 1, 2, 2, JSON_ERROR("malformed number '1.'"), NULL },
	{ "[12345678901234567890]", 1, 2, 20,
	  JSON_ERROR("number '12345678901234567890' is out of range"), NULL },
	{ "[1e999]", 1, 2, 5, JSON_ERROR("number '1e999' is out of range"), NULL },
	{ "[\"abc", 1, 2, 4, JSON_ERROR("the string does not end on its line"), NULL },
	{ "[\"abc\n\"]", 1, 2, 4, JSON_ERROR("the string does not end on its line"), NULL },
	{ "[\"abc\\\n\"]", 1, 2, 5, JSON_ERROR("the string does not end on its line"), NULL },
	{ "[\"a\tb\"]", 1, 4, 1,
	  JSON_ERROR("control character '\\t' in a string: write it as an escape"), NULL },
	{ "[\"a\\xb\"]", 1, 4, 2, JSON_ERROR("invalid escape '\\x' in a string"), NULL },
	{ "[\"a\\u12g4\"]", 1, 4, 4,
	  JSON_ERROR("invalid escape '\\u12' in a string: \\u takes four hexadecimal digits"),
	  NULL },
	{ "[\"a\\u0000\"]", 1, 4, 6, JSON_ERROR("NUL character '\\u0000' in a string"), NULL },
	{ "{\"a\\u0000\":1}", 1, 4, 6, JSON_ERROR("NUL character '\\u0000' in a string"), NULL },
	{ "[\"\\ud83d\"]", 1, 3, 6, JSON_ERROR("lone surrogate '\\ud83d' in a string"), NULL },
	{ "[\"\\ud83d\\ude00\\udc00\"]", 1, 15, 6,
	  JSON_ERROR("lone surrogate '\\udc00' in a string"), NULL },
	{ "[\x01]", 1, 2, 1, JSON_ERROR("unexpected '\\x01', expected a value or ']'"), NULL },
};

static void assert_place(const struct loaded *loaded, const struct pg_diag *diag,
			 const struct bad_text *bad)
{
	struct pg_place place = pg_sources_place(&loaded->sources, diag->loc);

	assert_string_equal(diag->text, bad->message);
	assert_int_equal(place.line, bad->line);
	assert_int_equal(place.column, bad->column);
	assert_int_equal(diag->loc.length, bad->length);
}

static void assert_note(const struct loaded *loaded, const struct bad_text *bad)
{
	const struct pg_diag *note = &loaded->diags.list.items[1];
	struct pg_place place;
	char text[80];

	assert_int_equal(loaded->diags.list.count, bad->note ? 2 : 1);
	if (!bad->note)
		return;
	place = pg_sources_place(&loaded->sources, note->loc);
	snprintf(text, sizeof(text), "%u:%u %s", place.line, place.column, note->text);
	assert_string_equal(text, bad->note);
	assert_int_equal(note->severity, PG_NOTE);
}

static void test_errors_are_at_their_token(void **state)
{
	(void)state;
	for (size_t i = 0; i < PG_COUNT(bad_texts); i++) {
		PG_CLEANUP(loaded_done) struct loaded loaded = { 0 };

		load(&loaded, bad_texts[i].text, strlen(bad_texts[i].text));
		assert_int_equal(loaded.result, -EINVAL);
		assert_int_equal(loaded.diags.errors, 1);
		assert_place(&loaded, &loaded.diags.list.items[0], &bad_texts[i]);
		assert_note(&loaded, &bad_texts[i]);
	}
}

static void test_a_nul_byte_is_an_error(void **state)
{
	static const struct {
		const char *text;
		size_t length, nul;
	} texts[] = {
		{ "[1,\0]", 5, 3 }, { "[\"a\0b\"]", 7, 3 }, { "{}\0x", 4, 2 }, { "\0", 1, 0 }
	};

	(void)state;
	for (size_t i = 0; i < PG_COUNT(texts); i++) {
		PG_CLEANUP(loaded_done) struct loaded loaded = { 0 };

		load(&loaded, texts[i].text, texts[i].length);
		assert_int_equal(loaded.result, -EINVAL);
		assert_int_equal(loaded.diags.list.items[0].loc.offset, texts[i].nul);
		assert_string_equal(loaded.diags.list.items[0].text, JSON_ERROR("NUL byte"));
	}
}

static void load_nested(struct loaded *loaded, size_t depth)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	for (size_t i = 0; i < depth; i++)
		pg_strbuf_puts(&text, i % 2 ? "{\"a\":" : "[");
	pg_strbuf_puts(&text, "0");
	for (size_t i = depth; i-- > 0;)
		pg_strbuf_puts(&text, i % 2 ? "}" : "]");
	load(loaded, text.text, text.length);
}

static void test_nesting_has_a_limit(void **state)
{
	PG_CLEANUP(loaded_done) struct loaded most = { 0 };
	PG_CLEANUP(loaded_done) struct loaded deeper = { 0 };
	PG_CLEANUP(loaded_done) struct loaded far_deeper = { 0 };

	(void)state;
	load_nested(&most, PG_JSON_DEPTH_MAX);
	assert_int_equal(most.result, 0);
	assert_int_equal(most.json.count, PG_JSON_DEPTH_MAX + 1);
	load_nested(&deeper, PG_JSON_DEPTH_MAX + 1);
	assert_int_equal(deeper.result, -EINVAL);
	assert_string_equal(deeper.diags.list.items[0].text,
			    "invalid JSON: nested deeper than 64 levels");
	assert_int_equal(deeper.diags.list.items[0].loc.offset, 32 * strlen("[{\"a\":"));
	load_nested(&far_deeper, 1000000);
	assert_int_equal(far_deeper.result, -EINVAL);
	assert_int_equal(far_deeper.diags.errors, 1);
}

static void test_values_have_a_limit(void **state)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	PG_CLEANUP(loaded_done) struct loaded loaded = { 0 };

	(void)state;
	pg_strbuf_putc(&text, '[');
	for (size_t i = 0; i <= PG_JSON_VALUES_MAX; i++)
		pg_strbuf_puts(&text, "0,");
	pg_strbuf_puts(&text, "0]");
	load(&loaded, text.text, text.length);
	assert_int_equal(loaded.result, -EINVAL);
	assert_string_equal(loaded.diags.list.items[0].text,
			    "invalid JSON: more than 8388608 values");
}

/* A small generator of JSON texts; the same ones in every run. */
struct random_text {
	struct pg_strbuf buf;
	uint64_t seed;
};

static unsigned int next_random(struct random_text *text, unsigned int below)
{
	text->seed = text->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(text->seed >> 33) % below;
}

static void add_blank(struct random_text *text)
{
	static const char *const blanks[] = { "", "", " ", "\n", "\t ", "\r\n" };

	pg_strbuf_puts(&text->buf, blanks[next_random(text, PG_COUNT(blanks))]);
}

static void add_string(struct random_text *text)
{
	static const char *const parts[] = { "a",	"{", "]",      ",",	  ":",
					     "\\\"",	"é", "\\\\",   "\\u00e9", "\\ud83d\\ude00",
					     "\\n",	"/", "\\/",    "🐝",	  " ",
					     "\\u001f", "0", "\\u2028" };

	pg_strbuf_putc(&text->buf, '"');
	for (unsigned int i = next_random(text, 6); i > 0; i--)
		pg_strbuf_puts(&text->buf, parts[next_random(text, PG_COUNT(parts))]);
	pg_strbuf_putc(&text->buf, '"');
}

static void add_value(struct random_text *text, unsigned int depth)
{
	static const char *const scalars[] = {
		"null", "true", "false", "0",	 "-0",
		"17",	"-3.5", "1e3",	 "2E-2", "9223372036854775807"
	};
	unsigned int pick = next_random(text, depth ? 6 : 4);

	if (pick < 2) {
		pg_strbuf_puts(&text->buf, scalars[next_random(text, PG_COUNT(scalars))]);
		return;
	}
	if (pick < 4) {
		add_string(text);
		return;
	}
	pg_strbuf_putc(&text->buf, pick == 4 ? '[' : '{');
	add_blank(text);
	for (unsigned int i = 0, count = next_random(text, 5); i < count; i++) {
		if (i)
			pg_strbuf_putc(&text->buf, ',');
		add_blank(text);
		if (pick == 5) {
			/* The number makes the key unique. */
			pg_strbuf_printf(&text->buf, "\"%u\\u00e9\"", i);
			add_blank(text);
			pg_strbuf_putc(&text->buf, ':');
			add_blank(text);
		}
		add_value(text, depth - 1);
		add_blank(text);
	}
	pg_strbuf_putc(&text->buf, pick == 4 ? ']' : '}');
}

static json_t *parse_span(const char *text, struct pg_loc loc)
{
	json_error_t error;
	json_t *parsed = json_loadb(text + loc.offset, loc.length, JSON_DECODE_ANY, &error);

	assert_non_null(parsed);
	return parsed;
}

static void assert_same(const char *text, const struct pg_json_value *value, const json_t *wanted)
{
	static const json_type types[] = {
		[PG_JSON_NULL] = JSON_NULL,	  [PG_JSON_BOOLEAN] = JSON_TRUE,
		[PG_JSON_INTEGER] = JSON_INTEGER, [PG_JSON_REAL] = JSON_REAL,
		[PG_JSON_STRING] = JSON_STRING,	  [PG_JSON_ARRAY] = JSON_ARRAY,
		[PG_JSON_OBJECT] = JSON_OBJECT,
	};
	json_t *again = parse_span(text, value->loc);
	size_t at = 0;

	assert_true(json_equal(again, wanted));
	json_decref(again);
	if (value->kind == PG_JSON_BOOLEAN)
		assert_int_equal(value->boolean, json_is_true(wanted));
	else
		assert_int_equal(types[value->kind], json_typeof(wanted));
	if (value->kind == PG_JSON_INTEGER)
		assert_true(value->integer == json_integer_value(wanted));
	if (value->kind == PG_JSON_STRING) {
		assert_int_equal(value->length, json_string_length(wanted));
		assert_string_equal(value->string, json_string_value(wanted));
	}
	if (value->kind == PG_JSON_ARRAY || value->kind == PG_JSON_OBJECT)
		assert_int_equal(value->count, json_is_array(wanted) ? json_array_size(wanted)
								     : json_object_size(wanted));
	pg_json_foreach(child, value) {
		if (value->kind == PG_JSON_OBJECT) {
			json_t *key = parse_span(text, child->key_loc);

			assert_string_equal(json_string_value(key), child->key);
			assert_same(text, child, json_object_get(wanted, child->key));
			json_decref(key);
		} else {
			assert_same(text, child, json_array_get(wanted, at++));
		}
	}
}

static void test_every_span_reads_back_as_its_value(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 500; seed++) {
		PG_CLEANUP(loaded_done) struct loaded loaded = { 0 };
		struct random_text text = { .seed = seed };
		json_error_t error;
		json_t *wanted;

		add_blank(&text);
		add_value(&text, 7);
		add_blank(&text);
		wanted = json_loadb(text.buf.text, text.buf.length, JSON_DECODE_ANY, &error);
		assert_non_null(wanted);
		load(&loaded, text.buf.text, text.buf.length);
		assert_int_equal(loaded.result, 0);
		assert_int_equal(loaded.json.values->size, loaded.json.count);
		assert_same(text.buf.text, loaded.json.values, wanted);
		json_decref(wanted);
		pg_strbuf_done(&text.buf);
	}
}

/* Cut anywhere or with a byte changed, a text is refused with one located error, or read. */
static void test_broken_texts_are_one_error(void **state)
{
	static const char whole[] = "[{\"a\\u00e9\": [1, -2.5, true, null, \"\\n\"], \"b\": {}}]";
	size_t length = strlen(whole);

	(void)state;
	for (size_t i = 0; i < length; i++) {
		PG_CLEANUP(loaded_done) struct loaded cut = { 0 };

		load(&cut, whole, i);
		assert_int_equal(cut.result, -EINVAL);
		assert_int_equal(cut.diags.errors, 1);
		assert_true(cut.diags.list.items[0].loc.offset <= i);
	}
	for (size_t i = 0; i < length * 256; i++) {
		PG_CLEANUP(loaded_done) struct loaded changed = { 0 };
		char text[sizeof(whole)];

		memcpy(text, whole, sizeof(whole));
		text[i / 256] = (char)(i % 256);
		load(&changed, text, length);
		assert_int_equal(changed.diags.errors, changed.result ? 1 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_stand_where_they_are_written),
		cmocka_unit_test(test_a_scalar_alone_is_json),
		cmocka_unit_test(test_duplicates_are_marked),
		cmocka_unit_test(test_errors_are_at_their_token),
		cmocka_unit_test(test_a_nul_byte_is_an_error),
		cmocka_unit_test(test_nesting_has_a_limit),
		cmocka_unit_test(test_values_have_a_limit),
		cmocka_unit_test(test_every_span_reads_back_as_its_value),
		cmocka_unit_test(test_broken_texts_are_one_error),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
