// SPDX-License-Identifier: GPL-2.0-only
/* Who the peer of an entry is: endpoints, CIDRs, entities. */
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

int pg_decode_peer_endpoints(struct pg_decoder *decoder, const struct pg_json_value *value,
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

int pg_decode_peer_cidrs(struct pg_decoder *decoder, const struct pg_json_value *value,
			 void *member)
{
	struct pg_peers *peers = member;

	peers->l3 = PG_L3_PEERS;
	return pg_decode_elements(decoder, value, PG_STRING, decode_cidr, peers);
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
			pg_error(decoder->diags, value->loc, "unsupported feature: entity '%s'",
				 entities[i].name);
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
