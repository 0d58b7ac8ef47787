// SPDX-License-Identifier: GPL-2.0-only
/* Who the peer of an entry is: endpoints, CIDRs, entities. */
#include "frontend/decode/decode_part.h"
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

	if (!selector)
		return -ENOMEM;
	return pg_decode_selector(decoder, value, selector);
}

/* These name no peers: they are conditions on peers that others name. */
int pg_decode_requires(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	return pg_decode_elements(decoder, value, PG_OBJECT, decode_required, member);
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

static const struct {
	const char *name;
	enum pg_entity entity; /* 0: the language has it, polgen doesn't */
} entities[] = {
	{ "all", PG_ENTITY_ALL },
	{ "world", PG_ENTITY_WORLD },
	{ "host", PG_ENTITY_HOST },
	{ "remote-node", PG_ENTITY_REMOTE_NODE },
	{ "cluster", PG_ENTITY_CLUSTER },
	{ "none", PG_ENTITY_NONE },
	{ "health", 0 },
	{ "ingress", 0 },
	{ "init", 0 },
	{ "kube-apiserver", 0 },
	{ "unmanaged", 0 },
	{ "world-ipv4", 0 },
	{ "world-ipv6", 0 },
};

static void report_entity(struct pg_decoder *decoder, const struct pg_json_value *value)
{
	const char *names[PG_COUNT(entities)];
	size_t count = 0;

	for (size_t i = 0; i < PG_COUNT(entities); i++) {
		if (entities[i].entity)
			names[count++] = entities[i].name;
	}
	pg_decode_unknown_word(decoder, value, "entity", names, count);
}

/* `member` is a struct pg_peers. */
static int decode_entity(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	struct pg_peers *peers = member;

	for (size_t i = 0; i < PG_COUNT(entities); i++) {
		if (strcmp(entities[i].name, value->string))
			continue;
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
