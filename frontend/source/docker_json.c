// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/source/docker_json.h"

#include <ctype.h>

#include "compat/strbuf.h"

#define ID_MAX 128

void pg_answer_json_cleanup(json_t **value)
{
	json_decref(*value);
}

int pg_answer_refuse(const struct pg_answer *answer, const char *format, ...)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	va_list args;

	va_start(args, format);
	pg_strbuf_vprintf(&text, format, args);
	va_end(args);
	if (pg_strbuf_error(&text))
		return -ENOMEM;
	if (answer->name)
		pg_error(answer->diags, PG_LOC_NONE, "bad answer from Docker about %s '%s': %s",
			 answer->about, pg_quote(answer->name, strlen(answer->name)).text,
			 text.text);
	else
		pg_error(answer->diags, PG_LOC_NONE, "bad answer from Docker about %s: %s",
			 answer->about, text.text);
	return -EBADMSG;
}

static const char *type_name(json_type type)
{
	return type == JSON_OBJECT    ? "an object"
	       : type == JSON_ARRAY   ? "a list"
	       : type == JSON_STRING  ? "a string"
	       : type == JSON_INTEGER ? "a whole number"
				      : "a boolean";
}

int pg_answer_check(const struct pg_answer *answer, const char *key, const json_t *value,
		    json_type type)
{
	bool fits = type == JSON_TRUE ? json_is_boolean(value) : json_typeof(value) == type;

	if (fits)
		return 0;
	return pg_answer_refuse(answer, "'%s' is not %s", pg_quote(key, strlen(key)).text,
				type_name(type));
}

int pg_answer_load(const struct pg_answer *answer, const char *text, size_t length, json_type type,
		   json_t **ret_root)
{
	_cleanup_json_ json_t *root = NULL;
	json_error_t error;

	root = json_loadb(text, length, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
	if (!root && json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	if (!root)
		return pg_answer_refuse(answer, "not JSON at line %d, column %d", error.line,
					error.column);
	if (json_typeof(root) != type)
		return pg_answer_refuse(answer, "it is not %s", type_name(type));
	*ret_root = PG_TAKE(root);
	return 0;
}

int pg_answer_get(const struct pg_answer *answer, const json_t *object, const char *key,
		  json_type type, const json_t **ret_value)
{
	const json_t *value = json_object_get(object, key);
	int r = 0;

	if (!value || json_is_null(value))
		value = NULL;
	else
		r = pg_answer_check(answer, key, value, type);
	if (r == 0)
		*ret_value = value;
	return r;
}

int pg_answer_get_text(const struct pg_answer *answer, const json_t *object, const char *key,
		       char **ret_text)
{
	const json_t *value = NULL;
	int r = pg_answer_get(answer, object, key, JSON_STRING, &value);
	char *text;

	if (r < 0)
		return r;
	if (value && strlen(json_string_value(value)) != json_string_length(value))
		return pg_answer_refuse(answer, "'%s' holds a NUL byte", key);
	text = strdup(value ? json_string_value(value) : "");
	if (!text)
		return -ENOMEM;
	*ret_text = text;
	return 0;
}

bool pg_answer_is_plain(const char *text, size_t limit)
{
	size_t length = strlen(text);

	if (!length || length > limit || !isalnum((unsigned char)text[0]))
		return false;
	for (size_t i = 1; i < length; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("_.-", text[i]))
			return false;
	}
	return true;
}

int pg_answer_get_id(const struct pg_answer *answer, const json_t *object, char **ret_id)
{
	_cleanup_free_ char *id = NULL;
	int r = pg_answer_get_text(answer, object, "Id", &id);

	if (r < 0)
		return r;
	if (!pg_answer_is_plain(id, ID_MAX))
		return pg_answer_refuse(answer, "'%s' is no id", pg_quote(id, strlen(id)).text);
	*ret_id = PG_TAKE(id);
	return 0;
}
