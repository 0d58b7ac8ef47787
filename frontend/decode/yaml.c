// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/decode/yaml.h"

#include <strings.h>
#include <yaml.h>

#include "frontend/decode/json_build.h"

/* An array or object that the parser is inside of, and the key of its member to come. */
struct frame {
	size_t value; /* index into values; they move as they grow */
	bool has_key;
	const char *key;
	uint32_t key_length;
	struct pg_loc key_loc;
};

struct build {
	const struct pg_source *text;
	uint32_t source;
	struct pg_diags *diags;
	struct pg_array(struct pg_json_value) values;
	char *strings;
	size_t string_used, string_size;
	struct frame open[PG_JSON_DEPTH_MAX + 1]; /* the first is the list of documents */
	size_t depth;
	/* libyaml counts characters, places count bytes: how many of each were walked. */
	size_t characters, bytes;
};

static bool continues_character(const struct build *build, size_t at)
{
	return at < build->text->length && ((unsigned char)build->text->text[at] & 0xc0) == 0x80;
}

/* Walks from where it was left, either way: marks go forward, mostly. */
static uint32_t offset_of(struct build *build, size_t character)
{
	while (build->characters < character && build->bytes < build->text->length) {
		build->bytes++;
		while (continues_character(build, build->bytes))
			build->bytes++;
		build->characters++;
	}
	while (build->characters > character && build->bytes) {
		build->bytes--;
		while (continues_character(build, build->bytes))
			build->bytes--;
		build->characters--;
	}
	return (uint32_t)build->bytes;
}

static struct pg_loc loc_of(struct build *build, const yaml_event_t *event)
{
	uint32_t start = offset_of(build, event->start_mark.index);
	uint32_t end = offset_of(build, event->end_mark.index);

	return (struct pg_loc){ build->source, start, end - start };
}

static int complain(struct build *build, struct pg_loc loc, const char *what)
{
	pg_error(build->diags, loc, "invalid YAML: %s", what);
	return -EINVAL;
}

static struct frame *top(struct build *build)
{
	return &build->open[build->depth - 1];
}

static bool in_object(struct build *build)
{
	return build->values.items[top(build)->value].kind == PG_JSON_OBJECT;
}

/* A scalar's bytes as a string of the tree; NULL: no room, which only a bug can bring about. */
static const char *keep_string(struct build *build, const yaml_event_t *event)
{
	size_t length = event->data.scalar.length;
	char *copy = build->strings + build->string_used;

	if (length + 1 > build->string_size - build->string_used)
		return NULL;
	memcpy(copy, event->data.scalar.value, length);
	copy[length] = '\0';
	build->string_used += length + 1;
	return copy;
}

/* The next element or member of the innermost array or object. NULL: an error was returned. */
static int add_value(struct build *build, struct pg_loc loc, struct pg_json_value **ret_value)
{
	struct frame *frame = top(build);
	struct pg_json_value *value;

	if (build->values.count >= PG_JSON_VALUES_MAX)
		return complain(build, loc, "too many values");
	value = pg_array_add(&build->values);
	if (!value)
		return -ENOMEM;
	value->loc = loc;
	value->size = 1;
	value->key = frame->key;
	value->key_length = frame->key_length;
	value->key_loc = frame->key_loc;
	build->values.items[frame->value].count++;
	*frame = (struct frame){ .value = frame->value };
	*ret_value = value;
	return 0;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (!strcmp(text, *words))
			return true;
	}
	return false;
}

/* Words about which YAML 1.1 and 1.2 disagree. */
static bool is_doubtful(const char *text)
{
	static const char *const words[] = { "yes", "no", "on", "off", "y", "n" };

	for (size_t i = 0; i < PG_COUNT(words); i++) {
		if (!strcasecmp(text, words[i]))
			return true;
	}
	return false;
}

/* [-+]?[0-9]+ that fits; YAML 1.2.2, 10.3.2. */
static bool parse_integer(const char *text, int64_t *ret_integer)
{
	const char *digits = text + (*text == '-' || *text == '+');
	char *end;

	if (!*digits || digits[strspn(digits, "0123456789")])
		return false;
	errno = 0;
	*ret_integer = strtoll(text, &end, 10);
	return !errno && !*end;
}

static bool is_fraction(const char *text)
{
	static const char *const words[] = { ".inf", ".Inf", ".INF", "+.inf", "-.inf",
					     ".nan", ".NaN", ".NAN", NULL };
	char *end;

	if (is_one_of(text, words))
		return true;
	if (text[strspn(text, "+-.0123456789eE")] || !strpbrk(text, "0123456789"))
		return false;
	strtod(text, &end);
	return !*end;
}

static int set_plain(struct build *build, struct pg_loc loc, const char *text,
		     struct pg_json_value *value)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", NULL };

	if (is_doubtful(text))
		return complain(build, loc,
				"a boolean or a string? write true or false, or quote it");
	if (is_one_of(text, nulls)) {
		value->kind = PG_JSON_NULL;
	} else if (is_one_of(text, trues) || is_one_of(text, falses)) {
		value->kind = PG_JSON_BOOLEAN;
		value->boolean = is_one_of(text, trues);
	} else if (parse_integer(text, &value->integer)) {
		value->kind = PG_JSON_INTEGER;
	} else if (is_fraction(text)) {
		value->kind = PG_JSON_REAL;
	} else {
		value->kind = PG_JSON_STRING;
	}
	return 0;
}

static int add_key(struct build *build, const yaml_event_t *event)
{
	struct frame *frame = top(build);

	frame->key_loc = loc_of(build, event);
	frame->key = keep_string(build, event);
	frame->key_length = (uint32_t)event->data.scalar.length;
	frame->has_key = true;
	if (!frame->key)
		return -ENOMEM;
	if (strlen(frame->key) != frame->key_length)
		return complain(build, frame->key_loc, "NUL character in a key");
	if (!strcmp(frame->key, "<<") && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return complain(build, frame->key_loc, "merge keys are not supported");
	return 0;
}

static bool is_blank(const struct build *build, uint32_t at)
{
	return strchr(" \t\r\n", build->text->text[at]);
}

/* Blanks before the next value belong to nobody. */
static void trim(const struct build *build, struct pg_loc *loc)
{
	while (loc->length && is_blank(build, loc->offset + loc->length - 1))
		loc->length--;
}

/* A value that isn't written at all stands where its key ends, not before what follows. */
static void trim_nothing(const struct build *build, struct pg_loc *loc)
{
	while (!loc->length && loc->offset && is_blank(build, loc->offset - 1))
		loc->offset--;
}

static int add_scalar(struct build *build, const yaml_event_t *event)
{
	struct pg_loc loc = loc_of(build, event);
	struct pg_json_value *value;
	const char *text;
	int r;

	if (event->data.scalar.tag)
		return complain(build, loc, "tags are not supported");
	if (in_object(build) && !top(build)->has_key)
		return add_key(build, event);
	trim_nothing(build, &loc);
	r = add_value(build, loc, &value);
	if (r < 0)
		return r;
	text = keep_string(build, event);
	if (!text)
		return -ENOMEM;
	if (strlen(text) != event->data.scalar.length)
		return complain(build, loc, "NUL character in a string");
	value->kind = PG_JSON_STRING;
	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		r = set_plain(build, loc, text, value);
	if (value->kind == PG_JSON_STRING) {
		value->string = text;
		value->length = (uint32_t)event->data.scalar.length;
	}
	return r;
}

static int open_value(struct build *build, const yaml_event_t *event, enum pg_json_kind kind,
		      const void *tag)
{
	struct pg_loc loc = loc_of(build, event);
	struct pg_json_value *value;
	int r;

	if (tag)
		return complain(build, loc, "tags are not supported");
	if (in_object(build) && !top(build)->has_key)
		return complain(build, loc, "a key must be a string");
	if (build->depth == PG_COUNT(build->open))
		return complain(build, loc, "nested too deeply");
	r = add_value(build, loc, &value);
	if (r < 0)
		return r;
	value->kind = kind;
	build->open[build->depth++] =
		(struct frame){ .value = (size_t)(value - build->values.items) };
	return 0;
}

static void close_value(struct build *build, const yaml_event_t *event)
{
	size_t index = build->open[--build->depth].value;
	struct pg_json_value *value = &build->values.items[index];

	value->size = (uint32_t)(build->values.count - index);
	value->loc.length = offset_of(build, event->end_mark.index) - value->loc.offset;
	trim(build, &value->loc);
}

static bool has_anchor(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return true;
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor;
	default:
		return false;
	}
}

static int take_event(struct build *build, const yaml_event_t *event)
{
	if (has_anchor(event))
		return complain(build, loc_of(build, event),
				"anchors and aliases are not supported");
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return add_scalar(build, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_value(build, event, PG_JSON_ARRAY, event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return open_value(build, event, PG_JSON_OBJECT, event->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_value(build, event);
		return 0;
	default:
		return 0;
	}
}

static int explain(struct build *build, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "not readable";
	struct pg_loc loc = { .source = build->source };

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		loc.offset = (uint32_t)PG_MIN(parser->problem_offset, build->text->length);
	else
		loc.offset = offset_of(build, parser->problem_mark.index);
	loc.length = loc.offset < build->text->length; /* one byte, or none at the end */
	return complain(build, loc, problem);
}

static int parse(struct build *build, yaml_parser_t *parser)
{
	bool done = false;
	int r = 0;

	while (!done && r == 0) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return explain(build, parser);
		r = take_event(build, &event);
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	return r;
}

/* The list of documents; that of a single one is left out. */
static int finish(struct build *build, struct pg_json *json)
{
	struct pg_json_value *list = build->values.items;

	if (!list->count)
		return complain(build, list->loc, "no document");
	if (list->count == 1) {
		memmove(list, list + 1, (build->values.count - 1) * sizeof(*list));
		build->values.count--;
	} else {
		list->size = (uint32_t)build->values.count;
		json->documents = true;
	}
	json->values = PG_TAKE(build->values.items);
	json->count = build->values.count;
	json->strings = PG_TAKE(build->strings);
	return pg_json_mark_duplicates(json);
}

static int parse_text(struct build *build)
{
	yaml_parser_t parser;
	int r;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)build->text->text,
				     build->text->length);
	r = parse(build, &parser);
	yaml_parser_delete(&parser);
	return r;
}

int pg_yaml_load(const struct pg_sources *sources, uint32_t source, struct pg_diags *diags,
		 struct pg_json *ret_json)
{
	const struct pg_source *text = pg_sources_get(sources, (struct pg_loc){ source, 0, 0 });
	_cleanup_json_ struct pg_json json = { 0 };
	struct build build = { .text = text, .source = source, .diags = diags, .depth = 1 };
	struct pg_json_value *list;
	int r;

	if (!pg_json_check_bytes(text, source, "YAML", diags))
		return -EINVAL;
	/* The escape \L is two bytes and stands for three, all others stand for fewer. */
	build.string_size = 2 * text->length + 16;
	build.strings = malloc(build.string_size);
	list = pg_array_add(&build.values);
	r = build.strings && list ? 0 : -ENOMEM;
	if (r == 0) {
		list->kind = PG_JSON_ARRAY;
		list->loc = (struct pg_loc){ source, 0, (uint32_t)text->length };
		r = parse_text(&build);
	}
	if (r == 0)
		r = finish(&build, &json);
	free(build.values.items);
	free(build.strings);
	if (r < 0)
		return r;
	*ret_json = json;
	json = (struct pg_json){ 0 };
	return 0;
}
