// SPDX-License-Identifier: GPL-2.0-only
/* icmps: types of ICMP messages. */
#include <ctype.h>

#include "frontend/decode/decode_part.h"

struct type {
	const char *name;
	uint8_t type;
};

/* Cilium's names (its api.icmpIpv4TypeToCode) for the numbers of the IANA's ICMP registry. */
static const struct type ipv4_types[] = {
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

/* The same (api.icmpIpv6TypeToCode) for those of ICMPv6. */
static const struct type ipv6_types[] = {
	{ "DestinationUnreachable", 1 },
	{ "PacketTooBig", 2 },
	{ "TimeExceeded", 3 },
	{ "ParameterProblem", 4 },
	{ "EchoRequest", 128 },
	{ "EchoReply", 129 },
	{ "MulticastListenerQuery", 130 },
	{ "MulticastListenerReport", 131 },
	{ "MulticastListenerDone", 132 },
	{ "RouterSolicitation", 133 },
	{ "RouterAdvertisement", 134 },
	{ "NeighborSolicitation", 135 },
	{ "NeighborAdvertisement", 136 },
	{ "RedirectMessage", 137 },
	{ "RouterRenumbering", 138 },
	{ "ICMPNodeInformationQuery", 139 },
	{ "ICMPNodeInformationResponse", 140 },
	{ "InverseNeighborDiscoverySolicitation", 141 },
	{ "InverseNeighborDiscoveryAdvertisement", 142 },
	{ "HomeAgentAddressDiscoveryRequest", 144 },
	{ "HomeAgentAddressDiscoveryReply", 145 },
	{ "MobilePrefixSolicitation", 146 },
	{ "MobilePrefixAdvertisement", 147 },
	{ "DuplicateAddressRequestCodeSuffix", 157 },
	{ "DuplicateAddressConfirmationCodeSuffix", 158 },
	{ "ExtendedEchoRequest", 160 },
	{ "ExtendedEchoReply", 161 },
};

#define TYPES_MAX PG_COUNT(ipv6_types)

/* The first one is what no family at all means. */
static const struct family {
	const char *name;
	const struct pg_number_kind *kind;
	uint8_t proto;
	const struct type *types;
	size_t count;
} families[] = {
	{ "IPv4", &pg_icmp_kind, 1, ipv4_types, PG_COUNT(ipv4_types) },
	{ "IPv6", &pg_icmpv6_kind, 58, ipv6_types, PG_COUNT(ipv6_types) },
};

struct icmp_field {
	const struct pg_json_value *type, *family;
};

static const struct pg_field icmp_fields[] = {
	PG_FIELD("type", PG_STRING | PG_INTEGER, pg_decode_keep, offsetof(struct icmp_field, type),
		 .required = true),
	PG_FIELD("family", PG_STRING, pg_decode_keep, offsetof(struct icmp_field, family)),
};

/* NULL, and an error: no such family. */
static const struct family *find_family(struct pg_decoder *decoder,
					const struct pg_json_value *value)
{
	const char *names[PG_COUNT(families)];

	if (!value)
		return &families[0];
	for (size_t i = 0; i < PG_COUNT(families); i++) {
		names[i] = families[i].name;
		if (!strcmp(names[i], value->string))
			return &families[i];
	}
	pg_decode_unknown_word(decoder, value, "family", names, PG_COUNT(families));
	return NULL;
}

/* Spaces don't count: Cilium's own examples said 'Echo Request' for some time. */
static bool is_named(const char *text, const char *name)
{
	for (; *text; text++) {
		if (*text == ' ')
			continue;
		if (*text != *name++)
			return false;
	}
	return !*name;
}

static bool find_named_type(struct pg_decoder *decoder, const struct pg_json_value *value,
			    const struct family *family, uint16_t *ret_type)
{
	const char *names[TYPES_MAX];

	for (size_t i = 0; i < family->count; i++) {
		names[i] = family->types[i].name;
		if (is_named(value->string, names[i])) {
			*ret_type = family->types[i].type;
			return true;
		}
	}
	pg_decode_unknown_word(decoder, value, family->kind->noun, names, family->count);
	return false;
}

/* A number may be a string, too, as everywhere in Kubernetes where there may be a name. */
static bool find_type(struct pg_decoder *decoder, const struct pg_json_value *value,
		      const struct family *family, uint16_t *ret_type)
{
	if (value->kind == PG_JSON_STRING && !isdigit((unsigned char)value->string[0]))
		return find_named_type(decoder, value, family, ret_type);
	return pg_decode_number(decoder, value, family->kind, ret_type);
}

/* `member` is a struct pg_entry. */
static int decode_icmp_field(struct pg_decoder *decoder, const struct pg_json_value *value,
			     void *member)
{
	struct pg_entry *entry = member;
	struct icmp_field field = { 0 };
	const struct family *family;
	struct pg_l4 *l4;
	uint16_t type = 0;
	int r = pg_decode_fields(decoder, value, icmp_fields, PG_COUNT(icmp_fields), &field);

	family = r == 0 ? find_family(decoder, field.family) : NULL;
	if (!family || !field.type || !find_type(decoder, field.type, family, &type))
		return r;
	l4 = pg_array_add(&entry->l4);
	if (!l4)
		return -ENOMEM;
	*l4 = (struct pg_l4){
		.proto = { family->proto },
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
