// SPDX-License-Identifier: GPL-2.0-only
/* from and to of a Kubernetes NetworkPolicy: pods, namespaces and blocks of addresses. */
#include "frontend/decode/decode_object.h"

/* An element of from or to. */
struct peer {
	const struct pg_json_value *pods, *namespaces, *block;
};

/* The peers of one entry, and what limits them. */
struct peer_target {
	const struct pg_object *object;
	struct pg_peers *peers;
};

/* A namespace's name is a label of the endpoint, and so is, as in Cilium, each of its labels. */
static int rename_requirement(struct pg_requirement *requirement)
{
	char *key;

	if (!strcmp(requirement->key, "kubernetes.io/metadata.name"))
		key = strdup(PG_NAMESPACE_LABEL);
	else if (asprintf(&key, PG_NAMESPACE_LABELS ".%s", requirement->key) < 0)
		key = NULL;
	if (!key)
		return -ENOMEM;
	free(requirement->key);
	requirement->key = key;
	return 0;
}

static bool asks_for_presence(const struct pg_selector *selector)
{
	pg_array_foreach(requirement, &selector->requirements) {
		if (requirement->op == PG_OP_IN || requirement->op == PG_OP_EXISTS)
			return true;
	}
	return false;
}

/* Whoever is selected is in some namespace; without a word on it the world would be, too. */
static int decode_namespaces(struct pg_decoder *decoder, const struct pg_json_value *value,
			     struct pg_selector *selector)
{
	int r = pg_decode_selector(decoder, value, selector);

	pg_array_foreach(requirement, &selector->requirements)
		r = r ? r : rename_requirement(requirement);
	if (r < 0 || asks_for_presence(selector))
		return r;
	return pg_object_require(selector, NULL, PG_NAMESPACE_LABEL, PG_OP_EXISTS, NULL,
				 value->loc);
}

/* Moves the requirements of one selector to another. */
static int append_selector(struct pg_selector *selector, struct pg_selector *more)
{
	pg_array_foreach(requirement, &more->requirements) {
		struct pg_requirement *added = pg_array_add(&selector->requirements);

		if (!added)
			return -ENOMEM;
		*added = *requirement;
		*requirement = (struct pg_requirement){ 0 };
	}
	return 0;
}

static int decode_peer_selector(struct pg_decoder *decoder, const struct peer *peer,
				const struct peer_target *target)
{
	struct pg_selector *selector = pg_array_add(&target->peers->endpoints);
	struct pg_selector pods = { 0 };
	int r = 0;

	if (!selector)
		return -ENOMEM;
	if (peer->namespaces)
		r = decode_namespaces(decoder, peer->namespaces, selector);
	if (r == 0 && peer->pods)
		r = pg_decode_selector(decoder, peer->pods, &pods);
	if (r == 0)
		r = append_selector(selector, &pods);
	pg_selector_done(&pods);
	selector->loc = (peer->pods ? peer->pods : peer->namespaces)->loc;
	if (r < 0 || peer->namespaces)
		return r;
	return pg_object_limit_selector(target->object, selector);
}

static const struct pg_field peer_fields[] = {
	PG_FIELD("podSelector", PG_OBJECT, pg_decode_keep, offsetof(struct peer, pods)),
	PG_FIELD("namespaceSelector", PG_OBJECT, pg_decode_keep, offsetof(struct peer, namespaces)),
	PG_FIELD("ipBlock", PG_OBJECT, pg_decode_keep, offsetof(struct peer, block)),
};

static bool says_nothing(const struct pg_json_value *peer)
{
	pg_json_foreach(member, peer) {
		if (member->kind != PG_JSON_NULL)
			return false;
	}
	return true;
}

/* `member` is a struct peer_target. */
static int decode_peer(struct pg_decoder *decoder, const struct pg_json_value *value, void *member)
{
	const struct peer_target *target = member;
	struct peer peer = { 0 };
	int r = pg_decode_fields(decoder, value, peer_fields, PG_COUNT(peer_fields), &peer);

	if (r < 0)
		return r;
	if (peer.block && (peer.pods || peer.namespaces)) {
		pg_error(decoder->diags, peer.block->key_loc,
			 "'ipBlock' and selectors cannot be given in one peer");
		return 0;
	}
	if (peer.block)
		return pg_decode_cidr_set(decoder, peer.block, target->peers);
	if (peer.pods || peer.namespaces)
		return decode_peer_selector(decoder, &peer, target);
	if (says_nothing(value))
		pg_error(decoder->diags, value->loc,
			 "a peer needs 'podSelector', 'namespaceSelector' or 'ipBlock'");
	return 0;
}

int pg_decode_network_peers(struct pg_decoder *decoder, const struct pg_json_value *value,
			    const struct pg_object *object, struct pg_entry *entry)
{
	struct peer_target target = { object, &entry->peers };
	struct pg_selector *everybody;

	entry->peers.l3 = PG_L3_PEERS;
	if (value && value->count)
		return pg_decode_elements(decoder, value, PG_OBJECT, decode_peer, &target);
	everybody = pg_array_add(&entry->peers.endpoints);
	if (!everybody)
		return -ENOMEM;
	everybody->loc = entry->loc;
	return 0;
}
