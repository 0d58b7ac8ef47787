// SPDX-License-Identifier: GPL-2.0-only
/* icmps: types of ICMP messages. */
#include "frontend/decode/decode_part.h"

#define TYPE_MAX 255

/* Cilium's names (its api.icmpIpv4TypeToCode) for the numbers of the IANA's ICMP registry. */
static const struct {
	const char *name;
	uint8_t type;
} types[] = {
	{ "EchoReply", 0 },
	{ "DestinationUnreachable", 3 },
	{ "Redirect", 5 },
	{ "Echo", 8 },
	{ "EchoRequest", 8 },
	{ "RouterAdvertisement", 9 },
	{ "RouterSelection", 10 },
	{ "TimeExceeded", 11 },
	{ "ParameterProblem", 12 },
	{ "Timestamp", 13 },
	{ "TimestampReply", 14 },
	{ "Photuris", 40 },
	{ "ExtendedEchoRequest", 42 },
	{ "ExtendedEchoReply", 43 },
};

struct icmp_field {
	const struct pg_json_value *type, *family;
};

static const struct pg_field icmp_fields[] = {
	PG_FIELD("type", PG_STRING | PG_INTEGER, pg_decode_keep, offsetof(struct icmp_field, type),
		 .required = true),
	PG_FIELD("family", PG_STRING, pg_decode_keep, offsetof(struct icmp_field, family)),
};

/* False, and an error: not IPv4. Without a family it is. */
static bool check_family(struct pg_decoder *decoder, const struct pg_json_value *value)
{
	static const char *const families[] = { "IPv4", "IPv6" };

	if (!value || !strcmp(value->string, families[0]))
		return true;
	if (!strcmp(value->string, families[1]))
		pg_error(decoder->diags, value->loc, "unsupported feature: ICMP of IPv6");
	else
		pg_decode_unknown_word(decoder, value, "family", families, PG_COUNT(families));
	return false;
}

static bool find_named_type(struct pg_decoder *decoder, const struct pg_json_value *value,
			    uint8_t *ret_type)
{
	const char *names[PG_COUNT(types)];

	for (size_t i = 0; i < PG_COUNT(types); i++) {
		names[i] = types[i].name;
		if (!strcmp(names[i], value->string)) {
			*ret_type = types[i].type;
			return true;
		}
	}
	pg_decode_unknown_word(decoder, value, "ICMP type", names, PG_COUNT(types));
	return false;
}

static bool find_type(struct pg_decoder *decoder, const struct pg_json_value *value,
		      uint8_t *ret_type)
{
	if (value->kind == PG_JSON_STRING)
		return find_named_type(decoder, value, ret_type);
	if (value->integer < 0 || value->integer > TYPE_MAX) {
		pg_error(decoder->diags, value->loc, "ICMP type %lld is not in 0..%d",
			 (long long)value->integer, TYPE_MAX);
		return false;
	}
	*ret_type = (uint8_t)value->integer;
	return true;
}

/* `member` is a struct pg_entry. */
static int decode_icmp_field(struct pg_decoder *decoder, const struct pg_json_value *value,
			     void *member)
{
	struct pg_entry *entry = member;
	struct icmp_field field = { 0 };
	struct pg_l4 *l4;
	uint8_t type = 0;
	int r = pg_decode_fields(decoder, value, icmp_fields, PG_COUNT(icmp_fields), &field);
	bool good = r == 0 && check_family(decoder, field.family);

	good = field.type && good && find_type(decoder, field.type, &type);
	if (!good)
		return r;
	l4 = pg_array_add(&entry->l4);
	if (!l4)
		return -ENOMEM;
	*l4 = (struct pg_l4){
		.proto = PG_PROTO_ICMP,
		.first = type,
		.last = type,
		.loc = value->loc,
	};
	return 0;
}

static int decode_icmp_field_list(struct pg_decoder *decoder, const struct pg_json_value *value,
				  void *member)
{
	return pg_decode_elements(decoder, value, PG_OBJECT, decode_icmp_field, member);
}

static const struct pg_field icmp_rule_fields[] = {
	PG_FIELD("fields", PG_ARRAY, decode_icmp_field_list, 0),
};

static int decode_icmp_rule(struct pg_decoder *decoder, const struct pg_json_value *value,
			    void *member)
{
	return pg_decode_fields(decoder, value, icmp_rule_fields, PG_COUNT(icmp_rule_fields),
				member);
}

/* As with toPorts: an empty list restricts nothing, elements without fields do, to nothing. */
int pg_decode_icmps(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_entry *entry = member;

	if (value->count)
		entry->has_l4 = true;
	return pg_decode_elements(decoder, value, PG_OBJECT, decode_icmp_rule, entry);
}
