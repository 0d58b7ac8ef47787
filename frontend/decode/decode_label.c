// SPDX-License-Identifier: GPL-2.0-only
/* Labels of rules and of endpoints; addresses. */
#include <strings.h>

#include "frontend/decode/decode_part.h"
#include "frontend/quote.h"

/* Turns an error of policy/label.h into one at the label. -ENOMEM stays. */
static int report_label(struct pg_decoder *decoder, const struct pg_json_value *value,
			const struct pg_labels *labels, int r)
{
	if (r == -E2BIG && labels->list.count >= PG_LABELS_MAX)
		pg_error(decoder->diags, value->loc, "more than %d labels", PG_LABELS_MAX);
	else if (r == -E2BIG)
		pg_error(decoder->diags, value->loc, "label over %d bytes", PG_LABEL_MAX);
	else if (r == -EINVAL && value->kind == PG_JSON_STRING)
		pg_error(decoder->diags, value->loc,
			 "invalid label '%s': it is not of the form source:key=value",
			 pg_quote(value->string, value->length).text);
	else if (r == -EINVAL)
		pg_error(decoder->diags, value->loc, "label with an empty key");
	return r == -ENOMEM ? r : 0;
}

int pg_decode_label_string(struct pg_decoder *decoder, const struct pg_json_value *value,
			   void *member)
{
	return report_label(decoder, value, member,
			    pg_labels_parse(member, value->string, "unspec"));
}

struct label_object {
	const struct pg_json_value *key, *value, *source;
};

static const struct pg_field label_fields[] = {
	PG_FIELD("key", PG_STRING, pg_decode_keep, offsetof(struct label_object, key),
		 .required = true),
	PG_FIELD("value", PG_STRING, pg_decode_keep, offsetof(struct label_object, value)),
	PG_FIELD("source", PG_STRING, pg_decode_keep, offsetof(struct label_object, source)),
};

int pg_decode_label(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct label_object label = { 0 };
	const char *source, *text;
	int r;

	if (value->kind == PG_JSON_STRING)
		return pg_decode_label_string(decoder, value, member);
	r = pg_decode_fields(decoder, value, label_fields, PG_COUNT(label_fields), &label);
	if (r < 0 || !label.key)
		return r;
	source = label.source && label.source->length ? label.source->string : "unspec";
	text = label.value ? label.value->string : "";
	return report_label(decoder, value, member,
			    pg_labels_add(member, source, label.key->string, text));
}

const char *pg_decode_mapped_hint(const char *text)
{
	return strncasecmp(text, "::ffff:", strlen("::ffff:")) ? "" : ": IPv4 is written as IPv4";
}

bool pg_decode_address(struct pg_decoder *decoder, const struct pg_json_value *value,
		       struct pg_addr *ret_addr)
{
	if (pg_addr_parse(value->string, ret_addr) == 0)
		return true;
	pg_error(decoder->diags, value->loc, "invalid address '%s'%s",
		 pg_quote(value->string, value->length).text, pg_decode_mapped_hint(value->string));
	return false;
}

int pg_decode_host_address(struct pg_decoder *decoder, const struct pg_json_value *value,
			   void *member)
{
	struct pg_endpoints *endpoints = member;
	struct pg_addr addr, *added;

	if (!pg_decode_address(decoder, value, &addr))
		return 0;
	added = pg_array_add(&endpoints->host_addrs);
	if (!added)
		return -ENOMEM;
	*added = addr;
	return 0;
}
