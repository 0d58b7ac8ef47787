// SPDX-License-Identifier: GPL-2.0-only
/* rules.http: what requests are allowed. */
#include "frontend/decode/decode_part.h"
#include "frontend/quote.h"
#include "policy/http.h"

/* A regular expression; `member` is a char *. An empty one is as good as none, as in Cilium. */
static int decode_regex(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	char why[128] = "";

	if (!value->length)
		return 0;
	if (pg_http_regex_check(value->string, why) < 0) {
		pg_error(decoder->diags, value->loc, "invalid regular expression '%s': %s",
			 pg_quote(value->string, value->length).text,
			 pg_quote(why, strlen(why)).text);
		return 0;
	}
	return pg_decode_string(decoder, value, member);
}

/* A token of RFC 9110, section 5.6.2. */
static bool is_header_name(const char *name, size_t length)
{
	return length &&
	       strspn(name, "!#$%&'*+-.^_`|~0123456789"
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") >= length;
}

/* `member` is a struct pg_http_rule. */
static int decode_header(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	struct pg_http_rule *rule = member;
	char **header;

	if (!is_header_name(value->string, strcspn(value->string, ":"))) {
		pg_error(decoder->diags, value->loc,
			 "invalid header '%s': neither 'Name: value' nor 'Name'",
			 pg_quote(value->string, value->length).text);
		return 0;
	}
	header = pg_array_add(&rule->headers);
	if (!header)
		return -ENOMEM;
	*header = strdup(value->string);
	return *header ? 0 : -ENOMEM;
}

static int decode_headers(struct pg_decoder *decoder, const struct pg_json_value *value,
			  void *member)
{
	return pg_decode_elements(decoder, value, PG_STRING, decode_header, member);
}

static const struct pg_field http_fields[] = {
	PG_FIELD("method", PG_STRING, decode_regex, offsetof(struct pg_http_rule, method)),
	PG_FIELD("path", PG_STRING, decode_regex, offsetof(struct pg_http_rule, path)),
	PG_FIELD("host", PG_STRING, decode_regex, offsetof(struct pg_http_rule, host)),
	PG_FIELD("headers", PG_ARRAY, decode_headers, 0),
	PG_UNSUPPORTED("headerMatches"),
	PG_UNSUPPORTED("imposeHeaders"),
};

/* `member` is a struct pg_http_list. */
static int decode_http_rule(struct pg_decoder *decoder, const struct pg_json_value *value,
			    void *member)
{
	struct pg_http_list *list = member;
	struct pg_http_rule *rule = pg_array_add(&list->rules);

	if (!rule)
		return -ENOMEM;
	rule->loc = value->loc;
	return pg_decode_fields(decoder, value, http_fields, PG_COUNT(http_fields), rule);
}

int pg_decode_http(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_http_list *list = member;

	list->loc = value->loc;
	return pg_decode_elements(decoder, value, PG_OBJECT, decode_http_rule, list);
}
