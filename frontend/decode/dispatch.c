// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/decode/dispatch.h"

#include <stdarg.h>

#include "compat/strbuf.h"
#include "frontend/quote.h"
#include "frontend/suggest.h"

/* "a string or an integer" */
static void add_kinds(struct pg_strbuf *buf, unsigned int kinds)
{
	for (unsigned int kind = 0; kind < PG_JSON_KINDS; kind++) {
		if (!(kinds & PG_KIND(kind)))
			continue;
		if (buf->length)
			pg_strbuf_puts(buf, " or ");
		pg_strbuf_puts(buf, pg_json_kind_name((enum pg_json_kind)kind));
	}
}

static bool is_one_of(const struct pg_json_value *value, unsigned int kinds)
{
	return !kinds || kinds & PG_KIND(value->kind);
}

bool pg_decode_expect(struct pg_decoder *decoder, const struct pg_json_value *value,
		      unsigned int kinds, const char *what)
{
	_cleanup_strbuf_ struct pg_strbuf wanted = { 0 };

	if (is_one_of(value, kinds))
		return true;
	add_kinds(&wanted, kinds);
	pg_error(decoder->diags, value->loc, "%s must be %s, not %s", what,
		 wanted.text ? wanted.text : "something else", pg_json_kind_name(value->kind));
	return false;
}

static bool is_named(const struct pg_field *field, const char *key)
{
	return !strcmp(field->name, key) || (field->alias && !strcmp(field->alias, key));
}

static const struct pg_field *find_field(const struct pg_field *fields, size_t count,
					 const char *key)
{
	for (size_t i = 0; i < count; i++) {
		if (is_named(&fields[i], key))
			return &fields[i];
	}
	return NULL;
}

/* NULL: none is near. */
static const struct pg_field *near_field(const struct pg_field *fields, size_t count,
					 const char *key)
{
	const char *names[PG_FIELDS_MAX], *near;
	size_t used = 0;

	for (size_t i = 0; i < count && used < PG_COUNT(names); i++) {
		if (!fields[i].instead)
			names[used++] = fields[i].name;
	}
	near = pg_suggest(key, names, used);
	return near ? find_field(fields, count, near) : NULL;
}

static bool is_left_out(const struct pg_decoder *decoder)
{
	return decoder->lenient && decoder->slack == PG_SLACK_LEAVE_OUT;
}

/* A list of objects, as the sections of a rule are, whatever it is called. */
static bool is_like_section(const struct pg_json_value *member)
{
	return member->kind == PG_JSON_ARRAY && member->count && member[1].kind == PG_JSON_OBJECT;
}

/* `meant` may be NULL. */
static enum pg_severity judge_unknown(const struct pg_decoder *decoder,
				      const struct pg_json_value *member,
				      const struct pg_field *meant)
{
	if (!decoder->lenient || decoder->slack == PG_SLACK_NONE)
		return PG_ERROR;
	if (decoder->slack == PG_SLACK_IGNORE &&
	    ((meant && meant->essential) || is_like_section(member)))
		return PG_ERROR;
	return PG_WARNING;
}

static void report_unknown(struct pg_decoder *decoder, const struct pg_json_value *member,
			   const struct pg_field *meant)
{
	enum pg_severity severity = judge_unknown(decoder, member, meant);
	struct pg_quoted name = pg_quote(member->key, member->key_length);

	decoder->leave_out |= is_left_out(decoder);
	if (meant)
		pg_diag_add(decoder->diags, severity, member->key_loc,
			    "unknown field '%s'; did you mean '%s'?", name.text,
			    meant->instead ? meant->instead : meant->name);
	else
		pg_diag_add(decoder->diags, severity, member->key_loc, "unknown field '%s'",
			    name.text);
	if (decoder->lenient && severity == PG_ERROR)
		pg_note(decoder->diags, member->key_loc,
			"not ignored with --lenient: more might be allowed without it");
}

static void report_duplicate(struct pg_decoder *decoder, const struct pg_json_value *member,
			     const struct pg_json_value *first, const char *noun)
{
	pg_error(decoder->diags, member->key_loc, "duplicate %s '%s'", noun,
		 pg_quote(member->key, member->key_length).text);
	pg_note(decoder->diags, first->key_loc, "first given here");
}

/* pg_decode_expect() with the member's key, or the array's that it is an element of, as `what`. */
static bool expect_in(struct pg_decoder *decoder, const struct pg_json_value *value,
		      unsigned int kinds, const char *prefix, const struct pg_json_value *named)
{
	char what[sizeof(struct pg_quoted) + sizeof("an element of ''")];

	if (is_one_of(value, kinds))
		return true;
	if (!named->key)
		return pg_decode_expect(decoder, value, kinds, "an element of the list");
	snprintf(what, sizeof(what), "%s'%s'", prefix,
		 pg_quote(named->key, named->key_length).text);
	return pg_decode_expect(decoder, value, kinds, what);
}

void pg_decode_unsupported(struct pg_decoder *decoder, struct pg_loc loc, const char *format, ...)
{
	_cleanup_free_ char *what = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		what = NULL;
	va_end(args);
	decoder->leave_out |= is_left_out(decoder);
	pg_diag_add(decoder->diags, is_left_out(decoder) ? PG_WARNING : PG_ERROR, loc,
		    "unsupported feature: %s", what ? what : "?");
}

int pg_decode_with_slack(struct pg_decoder *decoder, enum pg_slack slack,
			 const struct pg_json_value *value, pg_field_fn *decode, void *member)
{
	enum pg_slack former = decoder->slack;
	int r;

	decoder->slack = slack;
	r = decode(decoder, value, member);
	decoder->slack = former;
	return r;
}

/* As the API server has it; but it may be that somebody forgot to go on. */
static bool is_absent(struct pg_decoder *decoder, const struct pg_json_value *member,
		      const struct pg_field *field)
{
	bool any = !field->kinds && !field->unsupported;

	if (!decoder->nulls || member->kind != PG_JSON_NULL || any || field->required)
		return false;
	if (!field->null_is_usual)
		pg_warning(decoder->diags, member->key_loc, "a null '%s' is as good as none%s%s",
			   member->key, field->without ? ": " : "",
			   field->without ? field->without : "");
	return true;
}

/* An array or an object, of which a null has as much inside as an empty one. */
static bool is_empty(struct pg_decoder *decoder, const struct pg_json_value *member,
		     const struct pg_field *field)
{
	if (!decoder->nulls || member->kind != PG_JSON_NULL || !field->null_is_empty)
		return false;
	pg_warning(decoder->diags, member->key_loc, "a null '%s' is as good as an empty one: %s",
		   member->key, field->without);
	return true;
}

static int decode_field(struct pg_decoder *decoder, const struct pg_json_value *member,
			const struct pg_field *field, void *target)
{
	if (field->harmless && decoder->lenient) {
		pg_warning(decoder->diags, member->key_loc, "unsupported feature: '%s'",
			   field->name);
		return 0;
	}
	if (field->unsupported) {
		pg_decode_unsupported(decoder, member->key_loc, "'%s'", field->name);
		return 0;
	}
	if (field->former & PG_KIND(member->kind)) {
		pg_decode_unsupported(decoder, member->loc, "'%s' as %s", field->name,
				      pg_json_kind_name(member->kind));
		return 0;
	}
	if (!is_empty(decoder, member, field) &&
	    !expect_in(decoder, member, field->kinds, "", member))
		return 0;
	return field->decode(decoder, member, (char *)target + field->offset);
}

/* Which fields of a table an object has. */
struct progress {
	const struct pg_json_value *seen[PG_FIELDS_MAX];
	bool meant[PG_FIELDS_MAX]; /* an unknown key is near this one */
	bool unsupported;	   /* one that polgen doesn't support */
};

static void decode_unknown(struct pg_decoder *decoder, const struct pg_json_value *member,
			   const struct pg_field *fields, size_t count, struct progress *progress)
{
	const struct pg_field *meant = near_field(fields, count, member->key);

	report_unknown(decoder, member, meant);
	if (meant)
		progress->meant[meant - fields] = true;
}

/*
 * What was meant to be there and misspelt has been reported, unless that is but a warning; and an
 * unsupported field may be there in the place of the one that is missing.
 */
static void report_missing(struct pg_decoder *decoder, const struct pg_json_value *object,
			   const struct pg_field *fields, size_t count,
			   const struct progress *progress)
{
	for (size_t i = 0; i < count && !progress->unsupported; i++) {
		if (fields[i].required && !progress->seen[i] &&
		    (decoder->lenient || !progress->meant[i]))
			pg_error(decoder->diags, pg_json_opening(object), "missing field '%s'",
				 fields[i].name);
	}
}

int pg_decode_fields(struct pg_decoder *decoder, const struct pg_json_value *object,
		     const struct pg_field *fields, size_t count, void *target)
{
	struct progress progress = { 0 };

	pg_json_foreach(member, object) {
		const struct pg_field *field = find_field(fields, count, member->key);
		const struct pg_json_value **first = field ? &progress.seen[field - fields] : NULL;
		int r;

		if (member->first || (first && *first)) {
			report_duplicate(decoder, member,
					 member->first ? member - member->first : *first, "field");
		} else if (!field) {
			decode_unknown(decoder, member, fields, count, &progress);
		} else if (field->instead) {
			report_unknown(decoder, member, field);
		} else if (!is_absent(decoder, member, field)) {
			*first = member;
			progress.unsupported |= field->unsupported;
			r = decode_field(decoder, member, field, target);
			if (r < 0)
				return r;
		}
	}
	report_missing(decoder, object, fields, count, &progress);
	return 0;
}

int pg_decode_elements(struct pg_decoder *decoder, const struct pg_json_value *array,
		       unsigned int kinds, pg_field_fn *decode, void *target)
{
	pg_json_foreach(element, array) {
		int r;

		if (!expect_in(decoder, element, kinds, "an element of ", array))
			continue;
		r = decode(decoder, element, target);
		if (r < 0)
			return r;
	}
	return 0;
}

int pg_decode_members(struct pg_decoder *decoder, const struct pg_json_value *object,
		      unsigned int kinds, pg_field_fn *decode, void *target)
{
	pg_json_foreach(member, object) {
		int r;

		if (member->first) {
			report_duplicate(decoder, member, member - member->first, "key");
			continue;
		}
		if (!expect_in(decoder, member, kinds, "", member))
			continue;
		r = decode(decoder, member, target);
		if (r < 0)
			return r;
	}
	return 0;
}

int pg_decode_string(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	char **string = member;

	(void)decoder;
	free(*string);
	*string = strdup(value->string);
	return *string ? 0 : -ENOMEM;
}

int pg_decode_boolean(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	bool *boolean = member;

	(void)decoder;
	*boolean = value->boolean;
	return 0;
}

int pg_decode_keep(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	(void)decoder;
	*(const struct pg_json_value **)member = value;
	return 0;
}

void pg_decode_unknown_word(struct pg_decoder *decoder, const struct pg_json_value *value,
			    const char *noun, const char *const *words, size_t count)
{
	_cleanup_strbuf_ struct pg_strbuf hint = { 0 };
	const char *meant = pg_suggest(value->string, words, count);

	if (meant)
		pg_strbuf_printf(&hint, "did you mean '%s'?", meant);
	for (size_t i = 0; i < count && !meant; i++)
		pg_strbuf_printf(&hint, "%s'%s'",
				 !i		  ? "known are "
				 : i + 1 == count ? " and "
						  : ", ",
				 words[i]);
	pg_error(decoder->diags, value->loc, "unknown %s '%s'; %s", noun,
		 pg_quote(value->string, value->length).text, hint.text ? hint.text : "");
}
