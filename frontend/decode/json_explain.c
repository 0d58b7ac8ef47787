// SPDX-License-Identifier: GPL-2.0-only
/*
 * jansson names what it expected and how far it had read, which is the end of the word that is to
 * blame, or the middle of it. Here the text is read again word by word up to there; with the word
 * comes its start, and with the brackets still open what an end of file is missing.
 */
#include "frontend/decode/json_text.h"

#include "compat/strbuf.h"
#include "frontend/decode/json.h"
#include "frontend/quote.h"

/* What has been read up to an error. */
struct scan {
	const struct pg_source *text;
	uint32_t source;
	struct pg_json_word blamed, previous; /* length 0: there is none */
	size_t open[PG_JSON_DEPTH_MAX];
	size_t depth;
};

static struct pg_loc loc_of(const struct scan *scan, size_t start, size_t length)
{
	return (struct pg_loc){ scan->source, (uint32_t)start, (uint32_t)length };
}

static char first_of(const struct scan *scan, struct pg_json_word word)
{
	return word.length ? scan->text->text[word.start] : '\0';
}

static void note_bracket(struct scan *scan, struct pg_json_word word)
{
	char c = first_of(scan, word);

	if ((c == '{' || c == '[') && scan->depth < PG_JSON_DEPTH_MAX)
		scan->open[scan->depth++] = word.start;
	else if ((c == '}' || c == ']') && scan->depth)
		scan->depth--;
}

/* Reads all words that start before `end`; the last one is to blame. */
static void scan_until(struct scan *scan, size_t end)
{
	struct pg_json_word word = { 0 };

	while (pg_json_next_word(scan->text, word.start + word.length, &word) && word.start < end) {
		note_bracket(scan, scan->blamed);
		scan->previous = scan->blamed;
		scan->blamed = word;
	}
}

/* A number, true, false or null, that may only stand elsewhere. */
static bool is_scalar(const char *bytes, size_t length)
{
	json_error_t error;
	json_t *value = json_loadb(bytes, length, JSON_DECODE_ANY, &error);

	json_decref(value);
	return value != NULL;
}

/* The word under blame, or what it is likely to have been meant for. */
static void explain_bare(const struct scan *scan, struct pg_loc loc, const char *expected,
			 struct pg_diags *diags)
{
	const char *bytes = scan->text->text + loc.offset;
	struct pg_quoted word = pg_quote(bytes, loc.length);

	bool number = *bytes == '-' || (*bytes >= '0' && *bytes <= '9');

	if (number && !is_scalar(bytes, loc.length))
		pg_error(diags, loc, "invalid JSON: malformed number '%s'", word.text);
	else if (*bytes == '\'')
		pg_error(diags, loc, "invalid JSON: strings are written in double quotes");
	else if (*bytes == '#' || (*bytes == '/' && loc.length > 1))
		pg_error(diags, loc, "invalid JSON: comments are not part of JSON");
	else
		pg_error(diags, loc, "invalid JSON: unexpected '%s', expected %s", word.text,
			 expected);
}

static const struct {
	const char *jansson, *ours;
} expectations[] = {
	{ "string or '}' expected", "a string or '}'" },
	{ "':' expected", "':'" },
	{ "'}' expected", "',' or '}'" },
	{ "']' expected", "',' or ']'" },
	{ "end of file expected", "end of file" },
};

/* What would have been right there. A trailing comma has its own answer: nothing may close. */
static const char *expected_by(const struct scan *scan, const char *jansson)
{
	char before = first_of(scan, scan->previous);

	for (size_t i = 0; i < PG_COUNT(expectations); i++) {
		if (strncmp(jansson, expectations[i].jansson, strlen(expectations[i].jansson)))
			continue;
		return i == 0 && before == ',' ? "a string" : expectations[i].ours;
	}
	return before == '[' ? "a value or ']'" : "a value";
}

static void explain_syntax(const struct scan *scan, const char *jansson, struct pg_diags *diags)
{
	struct pg_loc loc = loc_of(scan, scan->blamed.start, scan->blamed.length);
	const char *expected = expected_by(scan, jansson);
	char c = first_of(scan, scan->blamed);

	if (strchr("{}[]:,", c))
		pg_error(diags, loc, "invalid JSON: unexpected '%c', expected %s", c, expected);
	else if (c == '"')
		pg_error(diags, loc, "invalid JSON: unexpected string, expected %s", expected);
	else
		explain_bare(scan, loc, expected, diags);
	/* One bracket where the other one is due. */
	if ((c == '}' || c == ']') && scan->depth && strchr(expected, c == '}' ? ']' : '}'))
		pg_note(diags, loc_of(scan, scan->open[scan->depth - 1], 1), "opened here");
}

/* Points behind the last word: what follows it is blank. */
static void explain_end(struct scan *scan, struct pg_diags *diags)
{
	note_bracket(scan, scan->blamed);
	pg_error(diags, loc_of(scan, scan->blamed.start + scan->blamed.length, 0),
		 "invalid JSON: unexpected end of file");
	if (scan->depth) {
		size_t open = scan->open[scan->depth - 1];

		pg_note(diags, loc_of(scan, open, 1), "this '%c' is not closed",
			scan->text->text[open]);
	}
}

static int hex_digits(const char *bytes, size_t available)
{
	int digits = 0;

	while (digits < 4 && (size_t)digits < available &&
	       strchr("0123456789abcdefABCDEF", bytes[digits]) && bytes[digits])
		digits++;
	return digits;
}

static unsigned int utf16_unit(const char *escape)
{
	char digits[5] = { escape[2], escape[3], escape[4], escape[5] };

	return (unsigned int)strtoul(digits, NULL, 16);
}

static bool is_low_surrogate(const char *at, size_t available)
{
	return available >= 6 && at[0] == '\\' && at[1] == 'u' &&
	       hex_digits(at + 2, available - 2) == 4 && utf16_unit(at) >= 0xdc00 &&
	       utf16_unit(at) <= 0xdfff;
}

/*
 * Looks at one \u escape. Yields how many bytes are good, 0 when they aren't; then *ret_bad are to
 * blame.
 */
static size_t check_unicode(const char *at, size_t available, size_t *ret_bad, const char **ret_why)
{
	size_t digits = (size_t)hex_digits(at + 2, available - 2);
	unsigned int unit;

	*ret_bad = 2 + digits;
	*ret_why = "invalid escape '%s' in a string: \\u takes four hexadecimal digits";
	if (digits < 4)
		return 0;
	unit = utf16_unit(at);
	*ret_why = "NUL character '%s' in a string";
	if (!unit)
		return 0;
	*ret_why = "lone surrogate '%s' in a string";
	if (unit >= 0xd800 && unit <= 0xdbff)
		return is_low_surrogate(at + 6, available - 6) ? 12 : 0;
	return unit >= 0xdc00 && unit <= 0xdfff ? 0 : 6;
}

/* The same for any character of a string but its closing quote. */
static size_t check_character(const char *at, size_t available, size_t *ret_bad,
			      const char **ret_why)
{
	size_t step = PG_MAX(pg_utf8_length(at, available), (size_t)1);

	if ((unsigned char)*at < 0x20) {
		*ret_bad = 1;
		*ret_why = "control character '%s' in a string: write it as an escape";
		return 0;
	}
	if (*at != '\\' || available < 2)
		return step;
	if (at[1] == 'u')
		return check_unicode(at, available, ret_bad, ret_why);
	*ret_bad = 1 + PG_MAX(pg_utf8_length(at + 1, available - 1), (size_t)1);
	*ret_why = "invalid escape '%s' in a string";
	return at[1] && strchr("\"\\/bfnrt", at[1]) ? 2 : 0;
}

/* The first thing that is wrong inside the string under blame. False: nothing is. */
static bool explain_string(const struct scan *scan, struct pg_diags *diags)
{
	const char *text = scan->text->text;
	size_t at = scan->blamed.start + 1, end = scan->blamed.start + scan->blamed.length;

	while (at < end && text[at] != '"') {
		size_t bad = 0;
		const char *why = NULL;
		size_t good = check_character(text + at, end - at, &bad, &why);

		if (!good) {
			_cleanup_strbuf_ struct pg_strbuf message = { 0 };

			pg_strbuf_puts(&message, "invalid JSON: ");
			pg_strbuf_printf(&message, why, pg_quote(text + at, bad).text);
			pg_error(diags, loc_of(scan, at, bad), "%s",
				 message.text ? message.text : "invalid JSON");
			return true;
		}
		at += good;
	}
	if (at < end)
		return false;
	pg_error(diags, loc_of(scan, scan->blamed.start, scan->blamed.length),
		 "invalid JSON: the string does not end on its line");
	return true;
}

/* jansson reads byte by byte: the first byte of the text that is not UTF-8 is the one it met. */
static void explain_utf8(const struct scan *scan, struct pg_diags *diags)
{
	const struct pg_source *text = scan->text;
	size_t at = 0, step;

	while (at < text->length && (step = pg_utf8_length(text->text + at, text->length - at)))
		at += step;
	pg_error(diags, loc_of(scan, at, at < text->length ? 1 : 0),
		 "invalid JSON: byte 0x%02x is not UTF-8", (unsigned char)text->text[at]);
}

void pg_json_explain(const struct pg_source *text, uint32_t source, const json_error_t *error,
		     struct pg_diags *diags)
{
	struct scan scan = { .text = text, .source = source };
	enum json_error_code code = json_error_code(error);
	char c;

	scan_until(&scan, error->position > 0 ? (size_t)error->position : 1);
	c = first_of(&scan, scan.blamed);
	if (code == json_error_invalid_utf8)
		explain_utf8(&scan, diags);
	else if (!scan.blamed.length)
		pg_error(diags, loc_of(&scan, 0, 0), "invalid JSON: the file is empty");
	else if (c == '"' && explain_string(&scan, diags))
		return;
	else if (code == json_error_premature_end_of_input)
		explain_end(&scan, diags);
	else if (code == json_error_numeric_overflow)
		pg_error(diags, loc_of(&scan, scan.blamed.start, scan.blamed.length),
			 "invalid JSON: number '%s' is out of range",
			 pg_quote(text->text + scan.blamed.start, scan.blamed.length).text);
	else
		explain_syntax(&scan, error->text, diags);
}
