// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/decode/json_text.h"

#include "compat/strbuf.h"
#include "frontend/decode/json.h"
#include "frontend/quote.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_punctuation(char c)
{
	return c == '{' || c == '}' || c == '[' || c == ']' || c == ':' || c == ',';
}

static size_t string_length(const struct pg_source *text, size_t start)
{
	size_t at = start + 1;

	while (at < text->length && text->text[at] != '"' && text->text[at] != '\n') {
		bool escape = text->text[at] == '\\' && at + 1 < text->length &&
			      text->text[at + 1] != '\n';

		at += escape ? 2 : 1;
	}
	return at - start + (at < text->length && text->text[at] == '"' ? 1 : 0);
}

static size_t bare_length(const struct pg_source *text, size_t start)
{
	size_t at = start;

	while (at < text->length && !is_blank(text->text[at]) && !is_punctuation(text->text[at]) &&
	       text->text[at] != '"')
		at++;
	return at - start;
}

bool pg_json_next_word(const struct pg_source *text, size_t at, struct pg_json_word *ret_word)
{
	while (at < text->length && is_blank(text->text[at]))
		at++;
	if (at >= text->length)
		return false;
	ret_word->start = at;
	ret_word->length = text->text[at] == '"'	    ? string_length(text, at)
			   : is_punctuation(text->text[at]) ? 1
							    : bare_length(text, at);
	return true;
}

int pg_json_check_limits(const struct pg_source *text, uint32_t source, struct pg_diags *diags)
{
	struct pg_json_word word = { 0 };
	size_t depth = 0, values = 0;

	while (pg_json_next_word(text, word.start + word.length, &word)) {
		char c = text->text[word.start];
		struct pg_loc loc = { source, (uint32_t)word.start, 1 };

		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth)
			depth--;
		if (depth > PG_JSON_DEPTH_MAX) {
			pg_error(diags, loc, "invalid JSON: nested deeper than %d levels",
				 PG_JSON_DEPTH_MAX);
			return -EINVAL;
		}
		values += c != '}' && c != ']' && c != ':' && c != ',';
		if (values > PG_JSON_VALUES_MAX) {
			pg_error(diags, loc, "invalid JSON: more than %u values",
				 PG_JSON_VALUES_MAX);
			return -EINVAL;
		}
	}
	return 0;
}
