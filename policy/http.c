// SPDX-License-Identifier: GPL-2.0-only
/* HTTP rules over the model's requests; regular expressions are PCRE2's. */
#include "policy/http.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <strings.h>

/* What one match may cost: a hostile expression hits one of these within milliseconds. */
#define MATCH_LIMIT    100000
#define DEPTH_LIMIT    10000
#define HEAP_LIMIT_KIB 4096

/* Values are bytes: a request need not be UTF-8, and an expression can't ask for it to be. */
#define COMPILE_OPTIONS \
	(PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C)

static void code_free(pcre2_code **code)
{
	pcre2_code_free(*code);
}

static void match_data_free(pcre2_match_data **data)
{
	pcre2_match_data_free(*data);
}

static void match_context_free(pcre2_match_context **context)
{
	pcre2_match_context_free(*context);
}

int pg_http_regex_check(const char *regex, char error[128])
{
	PCRE2_SIZE offset;
	int number;
	PG_CLEANUP(code_free)
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, COMPILE_OPTIONS,
					 &number, &offset, NULL);
	PCRE2_UCHAR text[96] = "";

	if (code)
		return 0;
	pcre2_get_error_message(number, text, sizeof(text));
	snprintf(error, 128, "%s at byte %zu", (const char *)text, (size_t)offset);
	return -EINVAL;
}

static int match(const pcre2_code *code, const char *value)
{
	PG_CLEANUP(match_data_free)
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
	PG_CLEANUP(match_context_free)
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	int result;

	if (!data || !context)
		return -ENOMEM;
	pcre2_set_match_limit(context, MATCH_LIMIT);
	pcre2_set_depth_limit(context, DEPTH_LIMIT);
	pcre2_set_heap_limit(context, HEAP_LIMIT_KIB);
	result = pcre2_match(code, (PCRE2_SPTR)value, strlen(value), 0, 0, data, context);
	if (result == PCRE2_ERROR_NOMEMORY)
		return -ENOMEM;
	if (result == PCRE2_ERROR_NOMATCH)
		return 0;
	return result < 0 ? -EDOM : 1;
}

/* 1, 0 or an error as pg_http_list_allows(). No expression allows all, a bad one nothing. */
static int matches(const char *regex, const char *value, uint32_t options)
{
	PCRE2_SIZE offset;
	int number;
	PG_CLEANUP(code_free) pcre2_code *code = NULL;

	if (!regex)
		return 1;
	code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, COMPILE_OPTIONS | options,
			     &number, &offset, NULL);
	return code ? match(code, value ?: "") : 0;
}

/*
 * "Name: value" asks for that value, "Name" for any. Cilium takes "Name value" too, and no name has
 * a space in it.
 */
static bool has_header(const struct pg_http_request *request, const char *wanted)
{
	size_t name = strcspn(wanted, ": \t");
	const char *value = wanted + name + (wanted[name] == ':');

	value += strspn(value, " \t");
	for (size_t i = 0; i < request->header_count; i++) {
		const struct pg_http_header *header = &request->headers[i];

		if (strlen(header->name) == name && !strncasecmp(header->name, wanted, name) &&
		    (!wanted[name] || !strcmp(header->value, value)))
			return true;
	}
	return false;
}

static int rule_allows(const struct pg_http_rule *rule, const struct pg_http_request *request,
		       const char *path)
{
	int result;

	pg_array_foreach(header, &rule->headers) {
		if (!has_header(request, *header))
			return 0;
	}
	result = matches(rule->method, request->method, 0);
	if (result == 1)
		result = matches(rule->host, request->host, PCRE2_CASELESS);
	if (result == 1)
		result = matches(rule->path, path, 0);
	return result;
}

int pg_http_list_allows(const struct pg_http_list *list, const struct pg_http_request *request)
{
	_cleanup_free_ char *path = pg_http_normalise_path(request->path ?: "");
	int result = 0;

	if (!path)
		return -ENOMEM;
	if (!list->rules.count)
		return 1;
	pg_array_foreach(rule, &list->rules) {
		int allows = rule_allows(rule, request, path);

		if (allows == 1)
			return 1;
		result = result ?: allows;
	}
	return result;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986, 2.3. */
static bool is_unreserved(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~", c));
}

/* RFC 3986, 6.2.2.1 and 6.2.2.2: %7e becomes ~, %2f becomes %2F. In place. */
static void decode_unreserved(char *path)
{
	static const char digits[] = "0123456789ABCDEF";
	char *to = path;

	for (const char *from = path; *from; from++) {
		int high = *from == '%' ? hex_digit(from[1]) : -1;
		int low = high < 0 ? -1 : hex_digit(from[2]);
		int byte = high * 16 + low;

		if (low < 0) {
			*to++ = *from;
			continue;
		}
		if (is_unreserved(byte)) {
			*to++ = (char)byte;
		} else {
			*to++ = '%';
			*to++ = digits[high];
			*to++ = digits[low];
		}
		from += 2;
	}
	*to = '\0';
}

/* "." or ".." as a whole segment: how many dots, else 0. */
static size_t dots(const char *segment, size_t length)
{
	return length && length <= 2 && !strncmp(segment, "..", length) ? length : 0;
}

/*
 * RFC 3986, 5.2.4, in place: what is written never overtakes what is read. A last "." or ".." leaves
 * the slash before it.
 */
static void remove_dot_segments(char *path)
{
	char *to = path, *from = path;

	while (*from) {
		size_t slash = *from == '/';
		size_t length = strcspn(from + slash, "/");
		size_t count = dots(from + slash, length);

		if (count == 2) {
			while (to > path && *--to != '/')
				;
		}
		if (count && slash && !from[slash + length]) {
			*to++ = '/';
		} else if (!count) {
			memmove(to, from, slash + length);
			to += slash + length;
		}
		from += slash + length;
	}
	*to = '\0';
}

static void fold_slashes(char *path)
{
	char *to = path;

	for (const char *from = path; *from; from++) {
		if (*from != '/' || to == path || to[-1] != '/')
			*to++ = *from;
	}
	*to = '\0';
}

char *pg_http_normalise_path(const char *path)
{
	char *copy = strndup(path, strcspn(path, "?#"));

	if (!copy)
		return NULL;
	decode_unreserved(copy);
	remove_dot_segments(copy);
	fold_slashes(copy);
	return copy;
}
