// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/decode/json.h"

#include <jansson.h>

#include "frontend/decode/json_build.h"
#include "frontend/decode/json_text.h"

#define JSMN_STATIC
/* Without them jsmn looks for the enclosing array among all tokens: quadratic. */
#define JSMN_PARENT_LINKS
#include <jsmn.h>

void pg_json_done(struct pg_json *json)
{
	free(json->values);
	free(json->strings);
	*json = (struct pg_json){ 0 };
}

static void decref_cleanup(json_t **value)
{
	json_decref(*value);
}

/* What the walk over jsmn's tokens has at hand. */
struct build {
	const struct pg_source *text;
	uint32_t source;
	struct pg_json json;
	size_t string_used;
	struct pg_json_value
		*open[PG_JSON_DEPTH_MAX]; /* arrays and objects the walk is inside of */
	size_t depth;
};

static struct pg_loc loc_of(const struct build *build, const jsmntok_t *token)
{
	/* jsmn leaves a string's quotes out. */
	int quote = token->type == JSMN_STRING ? 1 : 0;

	return (struct pg_loc){ build->source, (uint32_t)(token->start - quote),
				(uint32_t)(token->end - token->start + 2 * quote) };
}

/* Strings are decoded into one block: none is longer than its text with quotes. */
static const char *keep_string(struct build *build, const char *bytes, size_t length)
{
	char *copy = build->json.strings + build->string_used;

	memcpy(copy, bytes, length);
	copy[length] = '\0';
	build->string_used += length + 1;
	return copy;
}

/* Escapes are jansson's to decode, too: the string alone is a JSON text. */
static int decode_string(struct build *build, const jsmntok_t *token, const char **ret_string,
			 uint32_t *ret_length)
{
	const char *raw = build->text->text + token->start;
	size_t length = (size_t)(token->end - token->start);
	PG_CLEANUP(decref_cleanup) json_t *decoded = NULL;

	if (memchr(raw, '\\', length)) {
		json_error_t error;

		decoded = json_loadb(raw - 1, length + 2, JSON_DECODE_ANY, &error);
		if (!decoded)
			return -ENOMEM;
		raw = json_string_value(decoded);
		length = json_string_length(decoded);
	}
	*ret_string = keep_string(build, raw, length);
	*ret_length = (uint32_t)length;
	return 0;
}

static void decode_primitive(const struct build *build, const jsmntok_t *token,
			     struct pg_json_value *value)
{
	const char *raw = build->text->text + token->start;
	size_t length = (size_t)(token->end - token->start);

	if (*raw == 'n') {
		value->kind = PG_JSON_NULL;
	} else if (*raw == 't' || *raw == 'f') {
		value->kind = PG_JSON_BOOLEAN;
		value->boolean = *raw == 't';
	} else if (memchr(raw, '.', length) || memchr(raw, 'e', length) ||
		   memchr(raw, 'E', length)) {
		value->kind = PG_JSON_REAL;
	} else {
		value->kind = PG_JSON_INTEGER;
		value->integer = strtoll(raw, NULL, 10);
	}
}

static int fill_value(struct build *build, const jsmntok_t *token, struct pg_json_value *value)
{
	value->loc = loc_of(build, token);
	value->size = 1;
	switch (token->type) {
	case JSMN_OBJECT:
	case JSMN_ARRAY:
		value->kind = token->type == JSMN_OBJECT ? PG_JSON_OBJECT : PG_JSON_ARRAY;
		value->count = (uint32_t)token->size;
		build->open[build->depth++] = value;
		return 0;
	case JSMN_STRING:
		value->kind = PG_JSON_STRING;
		return decode_string(build, token, &value->string, &value->length);
	default:
		decode_primitive(build, token, value);
		return 0;
	}
}

/* Leaves the arrays and objects that ended before `offset`. */
static void close_until(struct build *build, size_t offset)
{
	while (build->depth) {
		struct pg_json_value *value = build->open[build->depth - 1];

		if (value->loc.offset + value->loc.length > offset)
			return;
		value->size = (uint32_t)(build->json.values + build->json.count - value);
		build->depth--;
	}
}

static int build_values(struct build *build, const jsmntok_t *tokens, size_t count)
{
	struct pg_json_value *next = build->json.values;

	for (size_t i = 0; i < count; i++) {
		const jsmntok_t *token = &tokens[i];
		int r;

		if (token->parent >= 0 && tokens[token->parent].type == JSMN_OBJECT) {
			next->key_loc = loc_of(build, token);
			r = decode_string(build, token, &next->key, &next->key_length);
			if (r < 0)
				return r;
			continue;
		}
		close_until(build, (size_t)token->start);
		r = fill_value(build, token, next);
		if (r < 0)
			return r;
		build->json.count++;
		next++;
	}
	close_until(build, build->text->length);
	return 0;
}

/* By key, then by place. */
static int compare_members(const void *a, const void *b)
{
	const struct pg_json_value *x = *(struct pg_json_value *const *)a;
	const struct pg_json_value *y = *(struct pg_json_value *const *)b;
	int order = memcmp(x->key, y->key, PG_MIN(x->key_length, y->key_length));

	if (!order)
		order = (x->key_length > y->key_length) - (x->key_length < y->key_length);
	return order ? order : (x > y) - (x < y);
}

static bool same_key(const struct pg_json_value *a, const struct pg_json_value *b)
{
	return a->key_length == b->key_length && !memcmp(a->key, b->key, a->key_length);
}

static void mark_object(struct pg_json_value *object, struct pg_json_value **members)
{
	struct pg_json_value *first;
	size_t count = 0;

	for (struct pg_json_value *member = object + 1; member < object + object->size;
	     member += member->size)
		members[count++] = member;
	qsort(members, count, sizeof(*members), compare_members);
	first = members[0];
	for (size_t i = 1; i < count; i++) {
		if (same_key(first, members[i]))
			members[i]->first = (uint32_t)(members[i] - first);
		else
			first = members[i];
	}
}

int pg_json_mark_duplicates(struct pg_json *json)
{
	_cleanup_free_ struct pg_json_value **members = NULL;
	size_t most = 0;

	for (size_t i = 0; i < json->count; i++) {
		if (json->values[i].kind == PG_JSON_OBJECT)
			most = PG_MAX(most, (size_t)json->values[i].count);
	}
	if (most < 2)
		return 0;
	members = reallocarray(NULL, most, sizeof(*members));
	if (!members)
		return -ENOMEM;
	for (size_t i = 0; i < json->count; i++) {
		if (json->values[i].kind == PG_JSON_OBJECT && json->values[i].count > 1)
			mark_object(&json->values[i], members);
	}
	return 0;
}

/* All tokens of a text that jansson has accepted. */
static int tokenise(const struct pg_source *text, jsmntok_t **ret_tokens, size_t *ret_count)
{
	_cleanup_free_ jsmntok_t *tokens = NULL;
	jsmn_parser parser;
	int count;

	jsmn_init(&parser);
	count = jsmn_parse(&parser, text->text, text->length, NULL, 0);
	if (count <= 0)
		return -EPROTO;
	tokens = reallocarray(NULL, (size_t)count, sizeof(*tokens));
	if (!tokens)
		return -ENOMEM;
	jsmn_init(&parser);
	if (jsmn_parse(&parser, text->text, text->length, tokens, (unsigned int)count) != count)
		return -EPROTO;
	*ret_tokens = PG_TAKE(tokens);
	*ret_count = (size_t)count;
	return 0;
}

/* To jansson a NUL is the end of the text, whatever follows; to libyaml it is none. */
bool pg_json_check_bytes(const struct pg_source *text, uint32_t source, const char *language,
			 struct pg_diags *diags)
{
	const char *nul = memchr(text->text, '\0', text->length);

	if (nul)
		pg_error(diags, ((struct pg_loc){ source, (uint32_t)(nul - text->text), 1 }),
			 "invalid %s: NUL byte", language);
	else if (text->length >= 3 && !memcmp(text->text, "\xef\xbb\xbf", 3))
		pg_error(diags, ((struct pg_loc){ source, 0, 3 }),
			 "invalid %s: the file starts with a byte order mark; remove it", language);
	else
		return true;
	return false;
}

/* 0 when the text is JSON, and a JSON that polgen wants. */
static int accept_text(const struct pg_source *text, uint32_t source, struct pg_diags *diags)
{
	PG_CLEANUP(decref_cleanup) json_t *parsed = NULL;
	json_error_t error;
	int r;

	if (!pg_json_check_bytes(text, source, "JSON", diags))
		return -EINVAL;
	r = pg_json_check_limits(text, source, diags);
	if (r < 0)
		return r;
	parsed = json_loadb(text->text, text->length, JSON_DECODE_ANY, &error);
	if (parsed)
		return 0;
	if (json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	pg_json_explain(text, source, &error, diags);
	return -EINVAL;
}

int pg_json_load(const struct pg_sources *sources, uint32_t source, struct pg_diags *diags,
		 struct pg_json *ret_json)
{
	const struct pg_source *text = pg_sources_get(sources, (struct pg_loc){ source, 0, 0 });
	_cleanup_json_ struct pg_json json = { 0 };
	_cleanup_free_ jsmntok_t *tokens = NULL;
	struct build build = { .text = text, .source = source };
	size_t count = 0;
	int r;

	r = accept_text(text, source, diags);
	if (r < 0)
		return r;
	r = tokenise(text, &tokens, &count);
	if (r < 0)
		return r;
	json.values = calloc(count, sizeof(*json.values));
	json.strings = malloc(text->length + 1);
	if (!json.values || !json.strings)
		return -ENOMEM;
	build.json = json;
	r = build_values(&build, tokens, count);
	json.count = build.json.count;
	if (r < 0)
		return r;
	r = pg_json_mark_duplicates(&json);
	if (r < 0)
		return r;
	*ret_json = json;
	json = (struct pg_json){ 0 };
	return 0;
}

const struct pg_json_value *pg_json_member(const struct pg_json_value *object, const char *key)
{
	if (object->kind != PG_JSON_OBJECT)
		return NULL;
	pg_json_foreach(member, object) {
		if (!strcmp(member->key, key))
			return member;
	}
	return NULL;
}

const char *pg_json_kind_name(enum pg_json_kind kind)
{
	static const char *const names[] = {
		[PG_JSON_NULL] = "null",	  [PG_JSON_BOOLEAN] = "a boolean",
		[PG_JSON_INTEGER] = "an integer", [PG_JSON_REAL] = "a fraction",
		[PG_JSON_STRING] = "a string",	  [PG_JSON_ARRAY] = "an array",
		[PG_JSON_OBJECT] = "an object",
	};

	_Static_assert(PG_COUNT(names) == PG_JSON_KINDS, "every kind has a name");
	return names[kind];
}

struct pg_loc pg_json_opening(const struct pg_json_value *value)
{
	struct pg_loc loc = value->loc;

	if (value->kind == PG_JSON_ARRAY || value->kind == PG_JSON_OBJECT)
		loc.length = 1;
	return loc;
}
