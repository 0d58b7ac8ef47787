// SPDX-License-Identifier: GPL-2.0-only
/* Policy tests: addresses for endpoints that lack them. */
#include "frontend/decode/case_part.h"

enum network {
	NETWORK_OWN,
	NETWORK_NODES,
	NETWORK_WORLD,
	NETWORKS,
};

struct range {
	const char *prefix;
	uint32_t last; /* number within it */
};

/*
 * Where addresses come from. 10.0.192.0/20 is the network of the thesis's first host, and enough of it
 * for a case; the others are for documentation (RFC 5737, RFC 3849), or made up.
 */
static const struct range ranges[NETWORKS][2] = {
	[NETWORK_OWN] = { { "10.0.192.0/20", 0xffe }, { "fd00:10:192::/112", 0xfffe } },
	[NETWORK_NODES] = { { "192.0.2.0/24", 0xfe }, { "2001:db8:192::/112", 0xfffe } },
	[NETWORK_WORLD] = { { "198.51.100.0/24", 0xfe }, { "2001:db8:198::/112", 0xfffe } },
};

/* One network's of one family; `next` is to be tried now. */
struct pool {
	const struct range *range;
	struct pg_prefix prefix;
	uint32_t next;
};

/* Addresses that are somebody's are sorted once all are in. */
struct pools {
	struct pool list[NETWORKS][2];
	struct pg_array(struct pg_addr) used;
};

static void pools_done(struct pools *pools)
{
	free(pools->used.items);
}

static int use(struct pools *pools, const struct pg_addr *addr)
{
	struct pg_addr *added;

	if (!addr->family)
		return 0;
	added = pg_array_add(&pools->used);
	if (!added)
		return -ENOMEM;
	*added = *addr;
	return 0;
}

static int compare_addresses(const void *a, const void *b)
{
	return pg_addr_compare(a, b);
}

static int use_endpoints(struct pools *pools, const struct pg_endpoints *endpoints)
{
	int r = 0;

	pg_array_foreach(endpoint, &endpoints->list) {
		r = r ? r : use(pools, &endpoint->ipv4);
		r = r ? r : use(pools, &endpoint->ipv6);
	}
	return r;
}

static int use_all(struct pools *pools, const struct pg_case *test)
{
	int r = use_endpoints(pools, &test->endpoints);

	if (r == 0)
		r = use_endpoints(pools, &test->outsiders);
	pg_array_foreach(addr, &test->endpoints.host_addrs)
		r = r ? r : use(pools, addr);
	pg_array_foreach(flow, &test->flows) {
		r = r ? r : use(pools, &flow->src.addr);
		r = r ? r : use(pools, &flow->dst.addr);
	}
	if (pools->used.count)
		qsort(pools->used.items, pools->used.count, sizeof(*pools->used.items),
		      compare_addresses);
	return r;
}

static int make_pool(const struct range *range, struct pool *pool)
{
	pool->range = range;
	pool->next = 1;
	return pg_prefix_parse(range->prefix, &pool->prefix);
}

static int make_pools(const struct pg_case *test, struct pools *pools)
{
	for (unsigned int i = 0; i < NETWORKS; i++) {
		int r = make_pool(&ranges[i][0], &pools->list[i][0]);

		if (r == 0)
			r = make_pool(&ranges[i][1], &pools->list[i][1]);
		if (r < 0)
			return r;
	}
	return use_all(pools, test);
}

static bool is_used(const struct pools *pools, const struct pg_addr *addr)
{
	return pools->used.count && bsearch(addr, pools->used.items, pools->used.count,
					    sizeof(*pools->used.items), compare_addresses);
}

static int take(struct pools *pools, enum network network, uint8_t family, struct pg_diags *diags,
		struct pg_addr *ret_addr)
{
	struct pool *pool = &pools->list[network][family == 6];
	size_t last = pg_addr_bits(&pool->prefix.addr) / 8 - 1;

	while (pool->next <= pool->range->last) {
		uint32_t number = pool->next++;
		struct pg_addr addr = pool->prefix.addr;

		addr.bytes[last - 1] |= (uint8_t)(number >> 8);
		addr.bytes[last] = (uint8_t)number;
		if (is_used(pools, &addr))
			continue;
		*ret_addr = addr;
		return 0;
	}
	pg_error(diags, PG_LOC_NONE, "more endpoints than addresses in %s", pool->range->prefix);
	return -ENOSPC;
}

static const struct pg_addr *find_host_addr(const struct pg_endpoints *endpoints, uint8_t family)
{
	pg_array_foreach(addr, &endpoints->host_addrs) {
		if (addr->family == family)
			return addr;
	}
	return NULL;
}

static int assign_host(struct pools *pools, struct pg_endpoints *endpoints, uint8_t family,
		       struct pg_diags *diags)
{
	struct pg_addr *addr;

	if (find_host_addr(endpoints, family))
		return 0;
	addr = pg_array_add(&endpoints->host_addrs);
	if (!addr)
		return -ENOMEM;
	*addr = (struct pg_addr){ 0 };
	return take(pools, NETWORK_OWN, family, diags, addr);
}

static int assign_endpoint(struct pools *pools, struct pg_endpoint *endpoint, enum network network,
			   uint8_t family, struct pg_diags *diags)
{
	struct pg_addr *addr = family == 4 ? &endpoint->ipv4 : &endpoint->ipv6;

	return addr->family ? 0 : take(pools, network, family, diags, addr);
}

static enum network network_of(const struct pg_case_party *party, const struct pg_endpoint *who)
{
	if (party->kind != PG_PARTY_OUTSIDER)
		return NETWORK_OWN;
	return pg_case_is_remote_node(who) ? NETWORK_NODES : NETWORK_WORLD;
}

/* Endpoints need a bridge that has one, and so does the host where it is the other end. */
static int assign_party(struct pools *pools, struct pg_case *test,
			const struct pg_case_party *party, uint8_t family, struct pg_diags *diags)
{
	struct pg_endpoint *who = pg_case_party_endpoint(test, party);

	if (party->kind == PG_PARTY_HOST)
		return assign_host(pools, &test->endpoints, family, diags);
	if (!who)
		return 0;
	return assign_endpoint(pools, who, network_of(party, who), family, diags);
}

static int assign_all(struct pools *pools, struct pg_case *test, struct pg_diags *diags)
{
	int r = 0;

	/* The host comes first, as the one that a network's first address is mostly given to. */
	if (!test->endpoints.host_addrs.count)
		r = assign_host(pools, &test->endpoints, 4, diags);
	pg_array_foreach(endpoint, &test->endpoints.list) {
		if (r == 0 && !endpoint->ipv4.family && !endpoint->ipv6.family)
			r = assign_endpoint(pools, endpoint, NETWORK_OWN, 4, diags);
	}
	pg_array_foreach(flow, &test->flows) {
		r = r ? r : assign_party(pools, test, &flow->src, flow->family, diags);
		r = r ? r : assign_party(pools, test, &flow->dst, flow->family, diags);
	}
	pg_array_foreach(endpoint, &test->endpoints.list) {
		if (r == 0 && endpoint->ipv4.family)
			r = assign_host(pools, &test->endpoints, 4, diags);
		if (r == 0 && endpoint->ipv6.family)
			r = assign_host(pools, &test->endpoints, 6, diags);
	}
	return r;
}

static int add_remote_node(struct pg_endpoints *endpoints, const struct pg_addr *addr)
{
	struct pg_addr *added;

	if (!addr->family)
		return 0;
	added = pg_array_add(&endpoints->remote_node_addrs);
	if (!added)
		return -ENOMEM;
	*added = *addr;
	return 0;
}

static void settle_party(struct pg_case *test, struct pg_case_party *party, uint8_t family)
{
	const struct pg_endpoint *who = pg_case_party_endpoint(test, party);

	if (party->kind != PG_PARTY_OUTSIDER)
		return;
	party->kind = PG_PARTY_ADDRESS;
	party->addr = *pg_endpoint_addr(who, family);
}

/* What they are is known by their addresses from now on. */
static int settle_outsiders(struct pg_case *test)
{
	int r = 0;

	pg_array_foreach(outsider, &test->outsiders.list) {
		if (!pg_case_is_remote_node(outsider))
			continue;
		r = r ? r : add_remote_node(&test->endpoints, &outsider->ipv4);
		r = r ? r : add_remote_node(&test->endpoints, &outsider->ipv6);
	}
	pg_array_foreach(flow, &test->flows) {
		settle_party(test, &flow->src, flow->family);
		settle_party(test, &flow->dst, flow->family);
	}
	return r;
}

int pg_case_assign(struct pg_case *test, struct pg_diags *diags)
{
	PG_CLEANUP(pools_done) struct pools pools = { 0 };
	int r = make_pools(test, &pools);

	if (r == 0)
		r = assign_all(&pools, test, diags);
	if (r == 0)
		r = settle_outsiders(test);
	if (r < 0)
		return r;
	return pg_endpoints_finish(&test->endpoints, diags);
}

struct pg_addr pg_case_party_addr(const struct pg_case *test, const struct pg_case_party *party,
				  uint8_t family)
{
	const struct pg_addr *host;

	if (party->addr.family)
		return party->addr;
	if (party->kind == PG_PARTY_ENDPOINT)
		return *pg_endpoint_addr(&test->endpoints.list.items[party->endpoint], family);
	host = find_host_addr(&test->endpoints, family);
	return host ? *host : (struct pg_addr){ 0 };
}
