// SPDX-License-Identifier: GPL-2.0-only
/* Who the peer of an entry is: endpoints, CIDRs, entities. */
#include "frontend/decode/decode_part.h"
#include "frontend/quote.h"

/* Nobody has these labels here: the world is one, and its families are CIDRs. */
static void check_worlds(struct pg_decoder *decoder, const struct pg_selector *selector)
{
	static const char *const keys[] = { "world-ipv4", "world-ipv6" };

	pg_array_foreach(requirement, &selector->requirements) {
		for (size_t i = 0; i < PG_COUNT(keys); i++) {
			if (requirement->source && !strcmp(requirement->source, "reserved") &&
			    !strcmp(requirement->key, keys[i]))
				pg_decode_unsupported(decoder, requirement->loc,
						      "label 'reserved:%s'", keys[i]);
		}
	}
}

/* `member` is a struct pg_peers. */
static int decode_peer_selector(struct pg_decoder *decoder, const struct pg_json_value *value,
				void *member)
{
	struct pg_peers *peers = member;
	struct pg_selector *selector = pg_array_add(&peers->endpoints);
	int r;

	if (!selector)
		return -ENOMEM;
	r = pg_decode_selector(decoder, value, selector);
	if (r == 0)
		check_worlds(decoder, selector);
	return r;
}

int pg_decode_peer_endpoints(struct pg_decoder *decoder, const struct pg_json_value *value,
			     void *member)
{
	struct pg_peers *peers = member;

	peers->l3 = PG_L3_PEERS;
	return pg_decode_elements(decoder, value, PG_OBJECT, decode_peer_selector, peers);
}

/* `member` is a struct pg_peers. */
static int decode_required(struct pg_decoder *decoder, const struct pg_json_value *value,
			   void *member)
{
	struct pg_peers *peers = member;
	struct pg_selector *selector = pg_array_add(&peers->requires);
	int r;

	if (!selector)
		return -ENOMEM;
	r = pg_decode_selector(decoder, value, selector);
	if (r == 0)
		check_worlds(decoder, selector);
	return r;
}

static int decode_requires(struct pg_decoder *decoder, const struct pg_json_value *value,
			   void *member)
{
	return pg_decode_elements(decoder, value, PG_OBJECT, decode_required, member);
}

/* These name no peers: they are conditions on peers that others name, and stay if those go. */
int pg_decode_requires(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	return pg_decode_with_slack(decoder, PG_SLACK_NONE, value, decode_requires, member);
}

/* False, and an error: no prefix. */
static bool find_prefix(struct pg_decoder *decoder, const struct pg_json_value *value,
			struct pg_prefix *ret_prefix)
{
	if (pg_prefix_parse(value->string, ret_prefix) == 0)
		return true;
	pg_error(decoder->diags, value->loc, "invalid CIDR '%s'%s",
		 pg_quote(value->string, value->length).text, pg_decode_mapped_hint(value->string));
	return false;
}

static int add_cidr(struct pg_peers *peers, const struct pg_prefix *prefix, struct pg_loc loc)
{
	struct pg_cidr *cidr = pg_array_add(&peers->cidrs);

	if (!cidr)
		return -ENOMEM;
	cidr->prefix = *prefix;
	cidr->loc = loc;
	return 0;
}

/* `member` is a struct pg_peers. */
static int decode_cidr(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_prefix prefix;

	if (!find_prefix(decoder, value, &prefix))
		return 0;
	return add_cidr(member, &prefix, value->loc);
}

int pg_decode_peer_cidrs(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	struct pg_peers *peers = member;

	peers->l3 = PG_L3_PEERS;
	return pg_decode_elements(decoder, value, PG_STRING, decode_cidr, peers);
}

/* Hosts in `except` that aren't in the prefix would be no exceptions: surely a mistake. */
static int decode_except(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	struct pg_cidr *cidr = member;
	struct pg_prefix prefix, *except;
	char text[PG_PREFIX_TEXT_MAX];

	if (!find_prefix(decoder, value, &prefix))
		return 0;
	if (!pg_prefix_covers(&cidr->prefix, &prefix)) {
		pg_error(decoder->diags, value->loc, "'%s' is not inside of '%s'",
			 pg_quote(value->string, value->length).text,
			 pg_prefix_format(&cidr->prefix, text));
		return 0;
	}
	except = pg_array_add(&cidr->except);
	if (!except)
		return -ENOMEM;
	*except = prefix;
	return 0;
}

struct cidr_set {
	const struct pg_json_value *cidr, *except;
};

static const struct pg_field cidr_set_fields[] = {
	PG_FIELD("cidr", PG_STRING, pg_decode_keep, offsetof(struct cidr_set, cidr),
		 .required = true),
	PG_FIELD("except", PG_ARRAY, pg_decode_keep, offsetof(struct cidr_set, except)),
	PG_UNSUPPORTED("cidrGroupRef"),
	PG_UNSUPPORTED("cidrGroupSelector"),
};

int pg_decode_cidr_set(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	struct pg_peers *peers = member;
	struct cidr_set set = { 0 };
	size_t known = peers->cidrs.count;
	int r = pg_decode_fields(decoder, value, cidr_set_fields, PG_COUNT(cidr_set_fields), &set);

	if (r == 0 && set.cidr)
		r = decode_cidr(decoder, set.cidr, peers);
	if (r < 0 || peers->cidrs.count == known || !set.except)
		return r;
	return pg_decode_elements(decoder, set.except, PG_STRING, decode_except,
				  &peers->cidrs.items[known]);
}

int pg_decode_peer_cidr_sets(struct pg_decoder *decoder, const struct pg_json_value *value,
			     void *member)
{
	struct pg_peers *peers = member;

	peers->l3 = PG_L3_PEERS;
	return pg_decode_elements(decoder, value, PG_OBJECT, pg_decode_cidr_set, peers);
}

/* The world of one family is all of its addresses that are nobody's: what its CIDR means. */
static const struct {
	const char *name;
	enum pg_entity entity;
	uint8_t world; /* a family; with neither, the language has the entity, polgen doesn't */
} entities[] = {
	{ "all", PG_ENTITY_ALL, 0 },
	{ "world", PG_ENTITY_WORLD, 0 },
	{ "world-ipv4", 0, 4 },
	{ "world-ipv6", 0, 6 },
	{ "host", PG_ENTITY_HOST, 0 },
	{ "remote-node", PG_ENTITY_REMOTE_NODE, 0 },
	{ "cluster", PG_ENTITY_CLUSTER, 0 },
	{ "none", PG_ENTITY_NONE, 0 },
	{ "health", 0, 0 },
	{ "ingress", 0, 0 },
	{ "init", 0, 0 },
	{ "kube-apiserver", 0, 0 },
	{ "unmanaged", 0, 0 },
};

static void report_entity(struct pg_decoder *decoder, const struct pg_json_value *value)
{
	const char *names[PG_COUNT(entities)];
	size_t count = 0;

	for (size_t i = 0; i < PG_COUNT(entities); i++) {
		if (entities[i].entity || entities[i].world)
			names[count++] = entities[i].name;
	}
	pg_decode_unknown_word(decoder, value, "entity", names, count);
}

static int add_world(struct pg_peers *peers, uint8_t family, struct pg_loc loc)
{
	const struct pg_prefix prefix = { .addr.family = family };

	return add_cidr(peers, &prefix, loc);
}

/* `member` is a struct pg_peers. */
static int decode_entity(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	struct pg_peers *peers = member;

	for (size_t i = 0; i < PG_COUNT(entities); i++) {
		if (strcmp(entities[i].name, value->string))
			continue;
		if (entities[i].world)
			return add_world(peers, entities[i].world, value->loc);
		if (!entities[i].entity)
			pg_decode_unsupported(decoder, value->loc, "entity '%s'", entities[i].name);
		peers->entities |= entities[i].entity;
		return 0;
	}
	report_entity(decoder, value);
	return 0;
}

int pg_decode_peer_entities(struct pg_decoder *decoder, const struct pg_json_value *value,
			    void *member)
{
	struct pg_peers *peers = member;

	peers->l3 = PG_L3_PEERS;
	return pg_decode_elements(decoder, value, PG_STRING, decode_entity, peers);
}
