// SPDX-License-Identifier: GPL-2.0-only
/* The elements of ingress and egress: which peers, on which ports. */
#include "frontend/decode/decode_part.h"

#define PEERS offsetof(struct pg_entry, peers)

static const struct pg_field ingress_fields[] = {
	PG_FIELD("fromEndpoints", PG_ARRAY, pg_decode_peer_endpoints, PEERS,
		 .without = "it limits nobody"),
	PG_FIELD("fromCIDR", PG_ARRAY, pg_decode_peer_cidrs, PEERS, .without = "it limits nobody"),
	PG_FIELD("fromCIDRSet", PG_ARRAY, pg_decode_peer_cidr_sets, PEERS,
		 .without = "it limits nobody"),
	PG_FIELD("fromEntities", PG_ARRAY, pg_decode_peer_entities, PEERS,
		 .without = "it limits nobody"),
	PG_FIELD("fromRequires", PG_ARRAY, pg_decode_requires, PEERS),
	PG_FIELD("toPorts", PG_ARRAY, pg_decode_to_ports, 0, .without = "it limits no port"),
	PG_FIELD("icmps", PG_ARRAY, pg_decode_icmps, 0, .without = "it limits no port"),
	PG_UNSUPPORTED("auth"),
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
	PG_FIELD("toEndpoints", PG_ARRAY, pg_decode_peer_endpoints, PEERS,
		 .without = "it limits nobody"),
	PG_FIELD("toCIDR", PG_ARRAY, pg_decode_peer_cidrs, PEERS, .without = "it limits nobody"),
	PG_FIELD("toCIDRSet", PG_ARRAY, pg_decode_peer_cidr_sets, PEERS,
		 .without = "it limits nobody"),
	PG_FIELD("toEntities", PG_ARRAY, pg_decode_peer_entities, PEERS,
		 .without = "it limits nobody"),
	PG_FIELD("toRequires", PG_ARRAY, pg_decode_requires, PEERS),
	PG_FIELD("toPorts", PG_ARRAY, pg_decode_to_ports, 0, .without = "it limits no port"),
	PG_FIELD("icmps", PG_ARRAY, pg_decode_icmps, 0, .without = "it limits no port"),
	PG_UNSUPPORTED("auth"),
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

/* Fields of which an entry has at most one with something in it. */
struct choice {
	const char *names[4];
};

/* Two would look like AND, and be OR. */
static const struct choice peer_choices[PG_DIRECTIONS] = {
	[PG_INGRESS] = { { "fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities" } },
	[PG_EGRESS] = { { "toEndpoints", "toCIDR", "toCIDRSet", "toEntities" } },
};

static const struct choice l4_choice = { { "toPorts", "icmps" } };

static bool is_one_of(const struct choice *choice, const struct pg_json_value *member)
{
	if (member->kind != PG_JSON_ARRAY || member->first)
		return false;
	for (size_t i = 0; i < PG_COUNT(choice->names) && choice->names[i]; i++) {
		if (!strcmp(member->key, choice->names[i]))
			return true;
	}
	return false;
}

static void check_choice(struct pg_decoder *decoder, const struct pg_json_value *entry,
			 const struct choice *choice)
{
	const struct pg_json_value *first = NULL;

	pg_json_foreach(member, entry) {
		if (!member->count || !is_one_of(choice, member))
			continue;
		if (!first) {
			first = member;
			continue;
		}
		pg_decode_unsupported(decoder, member->key_loc, "'%s' and '%s' in one entry",
				      first->key, member->key);
		pg_note(decoder->diags, first->key_loc, "'%s' is given here", first->key);
	}
}

/* As in Cilium, an empty list of peers is nobody, whomever another field names. */
static void check_nobody(struct pg_decoder *decoder, const struct pg_json_value *value,
			 struct pg_entry *entry)
{
	const struct choice *choice = &peer_choices[entry->direction];
	const struct pg_json_value *empty = NULL, *named = NULL;

	pg_json_foreach(member, value) {
		if (!is_one_of(choice, member))
			continue;
		if (member->count)
			named = member;
		else
			empty = member;
	}
	if (!empty || !named)
		return;
	pg_warning(decoder->diags, empty->key_loc,
		   "an empty '%s' selects nobody, so '%s' does not count", empty->key, named->key);
	pg_peers_name_nobody(&entry->peers);
}

/* `member` is a struct pg_entry. */
static int decode_fields(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	struct pg_entry *entry = member;
	bool ingress = entry->direction == PG_INGRESS;

	check_choice(decoder, value, &peer_choices[entry->direction]);
	check_choice(decoder, value, &l4_choice);
	return pg_decode_fields(decoder, value, ingress ? ingress_fields : egress_fields,
				ingress ? PG_COUNT(ingress_fields) : PG_COUNT(egress_fields),
				entry);
}

/*
 * It allows nothing then, and closes its subjects still. Its conditions on the peers of others stay,
 * since without them those would allow more.
 */
static void leave_out(struct pg_decoder *decoder, const struct pg_json_value *value,
		      struct pg_entry *entry)
{
	struct pg_entry left = { .direction = entry->direction, .loc = entry->loc };

	left.peers.l3 = PG_L3_PEERS;
	memcpy(&left.peers.requires, &entry->peers.requires, sizeof(left.peers.requires));
	memset(&entry->peers.requires, 0, sizeof(entry->peers.requires));
	pg_entry_done(entry);
	*entry = left;
	pg_note(decoder->diags, pg_json_opening(value),
		"so this entry is left out, and allows nothing");
}

int pg_decode_or_leave_out(struct pg_decoder *decoder, const struct pg_json_value *value,
			   pg_field_fn *decode, struct pg_entry *entry)
{
	int r;

	decoder->leave_out = false;
	r = pg_decode_with_slack(decoder, entry->deny ? PG_SLACK_NONE : PG_SLACK_LEAVE_OUT, value,
				 decode, entry);
	if (r == 0 && decoder->leave_out)
		leave_out(decoder, value, entry);
	return r;
}

int pg_decode_entry(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_entry *entry = member;
	int r;

	entry->loc = value->loc;
	r = pg_decode_or_leave_out(decoder, value, decode_fields, entry);
	if (r == 0)
		check_nobody(decoder, value, entry);
	return r;
}
