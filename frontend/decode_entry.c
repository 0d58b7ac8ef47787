// SPDX-License-Identifier: GPL-2.0-only
/* The elements of ingress and egress: which peers, on which ports. */
#include "frontend/decode_part.h"
#include "frontend/quote.h"

/* `member` is a struct pg_peers. */
static int decode_peer_selector(struct pg_decoder *decoder, const struct pg_json_value *value,
				void *member)
{
	struct pg_peers *peers = member;
	struct pg_selector *selector = pg_array_add(&peers->endpoints);

	if (!selector)
		return -ENOMEM;
	return pg_decode_selector(decoder, value, selector);
}

static int decode_endpoints(struct pg_decoder *decoder, const struct pg_json_value *value,
			    void *member)
{
	struct pg_peers *peers = member;

	peers->l3 = PG_L3_PEERS;
	return pg_decode_elements(decoder, value, PG_OBJECT, decode_peer_selector, peers);
}

/* False, and an error: no IPv4 prefix. */
static bool find_prefix(struct pg_decoder *decoder, const struct pg_json_value *value,
			struct pg_prefix *ret_prefix)
{
	int r = pg_prefix_parse(value->string, ret_prefix);

	if (r == 0 && ret_prefix->addr.family == 4)
		return true;
	pg_error(decoder->diags, value->loc,
		 r < 0 ? "invalid CIDR '%s'" : "unsupported feature: IPv6 CIDR '%s'",
		 pg_quote(value->string, value->length).text);
	return false;
}

/* `member` is a struct pg_peers. */
static int decode_cidr(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_peers *peers = member;
	struct pg_prefix prefix;
	struct pg_cidr *cidr;

	if (!find_prefix(decoder, value, &prefix))
		return 0;
	cidr = pg_array_add(&peers->cidrs);
	if (!cidr)
		return -ENOMEM;
	cidr->prefix = prefix;
	cidr->loc = value->loc;
	return 0;
}

static int decode_cidrs(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_peers *peers = member;

	peers->l3 = PG_L3_PEERS;
	return pg_decode_elements(decoder, value, PG_STRING, decode_cidr, peers);
}

#define PEERS offsetof(struct pg_entry, peers)

static const struct pg_field ingress_fields[] = {
	PG_FIELD("fromEndpoints", PG_ARRAY, decode_endpoints, PEERS),
	PG_FIELD("fromCIDR", PG_ARRAY, decode_cidrs, PEERS),
	PG_FIELD("toPorts", PG_ARRAY, pg_decode_to_ports, 0),
	PG_UNSUPPORTED("fromCIDRSet"),
	PG_UNSUPPORTED("fromEntities"),
	PG_UNSUPPORTED("fromRequires"),
	PG_UNSUPPORTED("icmps"),
	PG_UNSUPPORTED("authentication"),
	PG_UNSUPPORTED("fromGroups"),
	PG_UNSUPPORTED("fromNodes"),
	PG_MISPLACED("toEndpoints", "fromEndpoints"),
	PG_MISPLACED("toCIDR", "fromCIDR"),
	PG_MISPLACED("toCIDRSet", "fromCIDRSet"),
	PG_MISPLACED("toEntities", "fromEntities"),
	PG_MISPLACED("toRequires", "fromRequires"),
	PG_MISPLACED("toGroups", "fromGroups"),
	PG_MISPLACED("toNodes", "fromNodes"),
};

static const struct pg_field egress_fields[] = {
	PG_FIELD("toEndpoints", PG_ARRAY, decode_endpoints, PEERS),
	PG_FIELD("toCIDR", PG_ARRAY, decode_cidrs, PEERS),
	PG_FIELD("toPorts", PG_ARRAY, pg_decode_to_ports, 0),
	PG_UNSUPPORTED("toCIDRSet"),
	PG_UNSUPPORTED("toEntities"),
	PG_UNSUPPORTED("toRequires"),
	PG_UNSUPPORTED("icmps"),
	PG_UNSUPPORTED("authentication"),
	PG_UNSUPPORTED("toFQDNs"),
	PG_UNSUPPORTED("toGroups"),
	PG_UNSUPPORTED("toNodes"),
	PG_UNSUPPORTED("toServices"),
	PG_MISPLACED("fromEndpoints", "toEndpoints"),
	PG_MISPLACED("fromCIDR", "toCIDR"),
	PG_MISPLACED("fromCIDRSet", "toCIDRSet"),
	PG_MISPLACED("fromEntities", "toEntities"),
	PG_MISPLACED("fromRequires", "toRequires"),
	PG_MISPLACED("fromGroups", "toGroups"),
	PG_MISPLACED("fromNodes", "toNodes"),
};

/* The fields that say who the peer is. */
static const char *const peer_fields[PG_DIRECTIONS][2] = {
	[PG_INGRESS] = { "fromEndpoints", "fromCIDR" },
	[PG_EGRESS] = { "toEndpoints", "toCIDR" },
};

/* Whether a member is one of those, and has something in it. */
static bool names_peers(const struct pg_json_value *member, enum pg_direction direction)
{
	const char *const *names = peer_fields[direction];

	if (member->kind != PG_JSON_ARRAY || !member->count || member->first)
		return false;
	for (size_t i = 0; i < PG_COUNT(peer_fields[direction]); i++) {
		if (!strcmp(member->key, names[i]))
			return true;
	}
	return false;
}

/* At most one peer field has something in it: two would look like AND, and be OR. */
static void check_peers(struct pg_decoder *decoder, const struct pg_json_value *entry,
			enum pg_direction direction)
{
	const struct pg_json_value *first = NULL;

	pg_json_foreach(member, entry)
	{
		if (!names_peers(member, direction))
			continue;
		if (!first) {
			first = member;
			continue;
		}
		pg_error(decoder->diags, member->key_loc,
			 "'%s' and '%s' cannot be given in one entry", first->key, member->key);
		pg_note(decoder->diags, first->key_loc, "'%s' is given here", first->key);
	}
}

int pg_decode_entry(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_entry *entry = member;
	bool ingress = entry->direction == PG_INGRESS;
	const struct pg_field *fields = ingress ? ingress_fields : egress_fields;
	size_t count = ingress ? PG_COUNT(ingress_fields) : PG_COUNT(egress_fields);
	int r;

	entry->loc = value->loc;
	r = pg_decode_fields(decoder, value, fields, count, entry);
	if (r < 0)
		return r;
	check_peers(decoder, value, entry->direction);
	return 0;
}
