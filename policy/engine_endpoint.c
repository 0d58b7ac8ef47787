// SPDX-License-Identifier: GPL-2.0-only
/* Endpoints that come and go, and whose each address is. */
#include "policy/engine_part.h"
#include "policy/number.h"

void pg_engine_endpoint_free(struct pg_engine_endpoint *endpoint)
{
	if (!endpoint)
		return;
	pg_endpoint_done(&endpoint->endpoint);
	free(endpoint->identity.list.items);
	free(endpoint);
}

static void endpoint_cleanup(struct pg_engine_endpoint **endpoint)
{
	pg_engine_endpoint_free(*endpoint);
}

static bool is_place_of(const void *item, const void *wanted)
{
	return !pg_prefix_compare(&((const struct pg_engine_place *)item)->prefix, wanted);
}

static struct pg_engine_place *find_place(const struct pg_engine *engine,
					  const struct pg_prefix *prefix)
{
	return pg_hash_find(&engine->places, pg_hash_prefix(prefix), is_place_of, prefix);
}

static struct pg_engine_place *make_place(struct pg_engine *engine, const struct pg_prefix *prefix)
{
	_cleanup_free_ struct pg_engine_place *place = calloc(1, sizeof(*place));

	if (!place || pg_hash_add(&engine->places, pg_hash_prefix(prefix), place))
		return NULL;
	place->prefix = *prefix;
	return PG_TAKE(place);
}

struct pg_engine_address pg_engine_address_of(const struct pg_engine_place *place)
{
	if (place->endpoint) {
		const struct pg_engine_identity *identity =
			place->endpoint->identity.list.items[0].owner;

		return (struct pg_engine_address){ identity->info.id, place->endpoint };
	}
	return (struct pg_engine_address){
		.id = place->host	   ? PG_IDENTITY_HOST
		      : place->remote_node ? PG_IDENTITY_REMOTE_NODE
		      : place->cidr	   ? place->cidr->info.id
					   : PG_IDENTITY_ANY,
	};
}

/* The place of a prefix, which is about to change. NULL: out of memory. */
static struct pg_engine_place *touch_place(struct pg_engine *engine, const struct pg_prefix *prefix)
{
	struct pg_engine_place *place = find_place(engine, prefix) ?: make_place(engine, prefix);
	struct pg_engine_place **added;

	if (!place || place->touched)
		return place;
	added = pg_array_add(&engine->touched_places);
	if (!added)
		return NULL;
	*added = place;
	place->touched = true;
	place->before = pg_engine_address_of(place);
	return place;
}

void pg_engine_forget_places(struct pg_engine *engine)
{
	pg_array_foreach(item, &engine->touched_places) {
		struct pg_engine_place *place = *item;

		place->touched = false;
		if (place->endpoint || place->host || place->remote_node || place->cidr)
			continue;
		pg_hash_remove(&engine->places, pg_hash_prefix(&place->prefix), place);
		free(place);
	}
	engine->touched_places.count = 0;
}

int pg_engine_place_cidr(struct pg_engine *engine, const struct pg_prefix *prefix,
			 struct pg_engine_identity *cidr)
{
	struct pg_engine_place *place = touch_place(engine, prefix);

	if (!place)
		return -ENOMEM;
	place->cidr = cidr;
	return 0;
}

/* The addresses of an endpoint; how many it has. */
static size_t list_prefixes(const struct pg_endpoint *endpoint, struct pg_prefix prefixes[2])
{
	size_t count = 0;

	if (endpoint->ipv4.family)
		prefixes[count++] = pg_prefix_of(&endpoint->ipv4, 32);
	if (endpoint->ipv6.family)
		prefixes[count++] = pg_prefix_of(&endpoint->ipv6, 128);
	return count;
}

static int touch_endpoint(struct pg_engine *engine, struct pg_engine_endpoint *endpoint)
{
	struct pg_engine_endpoint **added;

	if (endpoint->touched)
		return 0;
	added = pg_array_add(&engine->touched_endpoints);
	if (!added)
		return -ENOMEM;
	*added = endpoint;
	endpoint->touched = true;
	if (endpoint->identity.list.count) {
		const struct pg_engine_identity *identity = endpoint->identity.list.items[0].owner;

		endpoint->before = identity->info.id;
	}
	return 0;
}

static int touch_with_places(struct pg_engine *engine, struct pg_engine_endpoint *endpoint)
{
	struct pg_prefix prefixes[2];
	size_t count = list_prefixes(&endpoint->endpoint, prefixes);
	int err = touch_endpoint(engine, endpoint);

	for (size_t i = 0; i < count && !err; i++)
		err = touch_place(engine, &prefixes[i]) ? 0 : -ENOMEM;
	return err;
}

int pg_engine_touch_addresses(struct pg_engine *engine, struct pg_engine_identity *identity)
{
	int err = 0;

	if (identity->info.cidr.addr.family && !touch_place(engine, &identity->info.cidr))
		return -ENOMEM;
	pg_array_foreach(link, &identity->endpoints.list)
		err = err ?: touch_with_places(engine, link->owner);
	return err;
}

static int add_node(struct pg_engine *engine, const struct pg_addr *addr, bool host)
{
	struct pg_prefix prefix = pg_prefix_of(addr, pg_addr_bits(addr));
	struct pg_engine_place *place = touch_place(engine, &prefix);
	struct pg_addr *added =
		host ? pg_array_add(&engine->host_addrs) : pg_array_add(&engine->remote_node_addrs);

	if (!place || !added)
		return -ENOMEM;
	*added = *addr;
	*(host ? &place->host : &place->remote_node) = true;
	return 0;
}

int pg_engine_add_nodes(struct pg_engine *engine, const struct pg_endpoints *endpoints)
{
	int err = 0;

	engine->host_known = endpoints->host_known;
	pg_array_foreach(addr, &endpoints->host_addrs)
		err = err ?: add_node(engine, addr, true);
	pg_array_foreach(addr, &endpoints->remote_node_addrs)
		err = err ?: add_node(engine, addr, false);
	return err;
}

static bool has_name(const void *item, const void *wanted)
{
	return !strcmp(((const struct pg_engine_endpoint *)item)->endpoint.name, wanted);
}

static uint64_t hash_name(const char *name)
{
	return pg_hash_bytes(PG_HASH_START, name, strlen(name));
}

static struct pg_engine_endpoint *find_endpoint(const struct pg_engine *engine, const char *name)
{
	return pg_hash_find(&engine->endpoints, hash_name(name), has_name, name);
}

/* Why an endpoint can't be added. */
static int refuse(const struct pg_engine *engine, const struct pg_endpoint *endpoint)
{
	struct pg_prefix prefixes[2];
	size_t count = list_prefixes(endpoint, prefixes);

	if (!count)
		return -EINVAL;
	if (find_endpoint(engine, endpoint->name))
		return -EEXIST;
	for (size_t i = 0; i < count; i++) {
		const struct pg_engine_place *place = find_place(engine, &prefixes[i]);

		if (place && (place->endpoint || place->host || place->remote_node))
			return -EEXIST;
	}
	return 0;
}

static int set_places(struct pg_engine *engine, const struct pg_endpoint *endpoint,
		      struct pg_engine_endpoint *owner)
{
	struct pg_prefix prefixes[2];
	size_t count = list_prefixes(endpoint, prefixes);

	for (size_t i = 0; i < count; i++) {
		struct pg_engine_place *place = touch_place(engine, &prefixes[i]);

		if (!place)
			return -ENOMEM;
		place->endpoint = owner;
	}
	return 0;
}

static int add_endpoint(struct pg_engine *engine, struct pg_endpoint *endpoint)
{
	PG_CLEANUP(endpoint_cleanup) struct pg_engine_endpoint *made = calloc(1, sizeof(*made));
	struct pg_engine_identity *identity;
	struct pg_engine_endpoint *added;
	int err = made ? pg_hash_add(&engine->endpoints, hash_name(endpoint->name), made) : -ENOMEM;

	if (err)
		return err;
	made->endpoint = *endpoint;
	*endpoint = (struct pg_endpoint){ 0 };
	added = PG_TAKE(made);
	err = touch_endpoint(engine, added);
	err = err ?: pg_engine_use_labels(engine, &added->endpoint.labels, &identity);
	err = err ?: pg_links_join(&added->identity, added, &identity->endpoints, identity);
	return err ?: set_places(engine, &added->endpoint, added);
}

int pg_engine_add_endpoint(struct pg_engine *engine, struct pg_endpoint *endpoint)
{
	int err = pg_engine_begin(engine);

	err = err ?: refuse(engine, endpoint);
	return err ?: pg_engine_end(engine, add_endpoint(engine, endpoint));
}

static int remove_endpoint(struct pg_engine *engine, struct pg_engine_endpoint *endpoint)
{
	struct pg_engine_identity *identity = endpoint->identity.list.items[0].owner;
	int err = touch_endpoint(engine, endpoint);

	err = err ?: set_places(engine, &endpoint->endpoint, NULL);
	if (err)
		return err;
	pg_hash_remove(&engine->endpoints, hash_name(endpoint->endpoint.name), endpoint);
	endpoint->gone = true;
	pg_links_part_all(&endpoint->identity);
	return pg_engine_leave_labels(engine, identity);
}

int pg_engine_remove_endpoint(struct pg_engine *engine, const char *name)
{
	struct pg_engine_endpoint *endpoint;
	int err = pg_engine_begin(engine);

	if (err)
		return err;
	endpoint = find_endpoint(engine, name);
	if (!endpoint)
		return -ENOENT;
	return pg_engine_end(engine, remove_endpoint(engine, endpoint));
}
