// SPDX-License-Identifier: GPL-2.0-only
/* Policy tests: addresses for endpoints that lack them. */
#include "frontend/decode/case.h"

/*
 * Where addresses come from. 10.0.192.0/20 is the network of the thesis's first host, and enough of it
 * for a case; the other one is made up after it.
 */
static const struct range {
	const char *prefix;
	uint32_t last; /* number within it */
} ranges[] = { { "10.0.192.0/20", 0xffe }, { "fd00:10:192::/112", 0xfffe } };

/* One family's. Addresses that are somebody's are sorted once all are in; `next` is to be tried now. */
struct pool {
	const struct range *range;
	struct pg_prefix prefix;
	struct pg_array(struct pg_addr) used;
	uint32_t next;
};

struct pools {
	struct pool v4, v6;
};

static void pools_done(struct pools *pools)
{
	free(pools->v4.used.items);
	free(pools->v6.used.items);
}

static struct pool *pool_of(struct pools *pools, uint8_t family)
{
	return family == 4 ? &pools->v4 : &pools->v6;
}

static int use(struct pools *pools, const struct pg_addr *addr)
{
	struct pg_addr *added;

	if (!addr->family)
		return 0;
	added = pg_array_add(&pool_of(pools, addr->family)->used);
	if (!added)
		return -ENOMEM;
	*added = *addr;
	return 0;
}

static int compare_addresses(const void *a, const void *b)
{
	return pg_addr_compare(a, b);
}

static void sort(struct pool *pool)
{
	if (pool->used.count)
		qsort(pool->used.items, pool->used.count, sizeof(*pool->used.items),
		      compare_addresses);
}

static int use_all(struct pools *pools, const struct pg_case *test)
{
	int r = 0;

	pg_array_foreach(endpoint, &test->endpoints.list) {
		r = r ? r : use(pools, &endpoint->ipv4);
		r = r ? r : use(pools, &endpoint->ipv6);
	}
	pg_array_foreach(addr, &test->endpoints.host_addrs)
		r = r ? r : use(pools, addr);
	pg_array_foreach(flow, &test->flows) {
		r = r ? r : use(pools, &flow->src.addr);
		r = r ? r : use(pools, &flow->dst.addr);
	}
	sort(&pools->v4);
	sort(&pools->v6);
	return r;
}

static int make_pools(const struct pg_case *test, struct pools *pools)
{
	struct pool *const both[] = { &pools->v4, &pools->v6 };

	for (size_t i = 0; i < PG_COUNT(both); i++) {
		int r = pg_prefix_parse(ranges[i].prefix, &both[i]->prefix);

		if (r < 0)
			return r;
		both[i]->range = &ranges[i];
		both[i]->next = 1;
	}
	return use_all(pools, test);
}

static bool is_used(const struct pool *pool, const struct pg_addr *addr)
{
	return pool->used.count && bsearch(addr, pool->used.items, pool->used.count,
					   sizeof(*pool->used.items), compare_addresses);
}

static int take(struct pool *pool, struct pg_diags *diags, struct pg_addr *ret_addr)
{
	size_t last = pg_addr_bits(&pool->prefix.addr) / 8 - 1;

	while (pool->next <= pool->range->last) {
		uint32_t number = pool->next++;
		struct pg_addr addr = pool->prefix.addr;

		addr.bytes[last - 1] |= (uint8_t)(number >> 8);
		addr.bytes[last] = (uint8_t)number;
		if (is_used(pool, &addr))
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
	return take(pool_of(pools, family), diags, addr);
}

static int assign_endpoint(struct pools *pools, struct pg_endpoint *endpoint, uint8_t family,
			   struct pg_diags *diags)
{
	struct pg_addr *addr = family == 4 ? &endpoint->ipv4 : &endpoint->ipv6;

	return addr->family ? 0 : take(pool_of(pools, family), diags, addr);
}

/* Both need a bridge that has one, and so does the host where it is the other end. */
static int assign_party(struct pools *pools, struct pg_case *test,
			const struct pg_case_party *party, uint8_t family, struct pg_diags *diags)
{
	if (party->kind == PG_PARTY_HOST)
		return assign_host(pools, &test->endpoints, family, diags);
	if (party->kind != PG_PARTY_ENDPOINT)
		return 0;
	return assign_endpoint(pools, &test->endpoints.list.items[party->endpoint], family, diags);
}

static int assign_all(struct pools *pools, struct pg_case *test, struct pg_diags *diags)
{
	int r = 0;

	/* The host comes first, as the one that a network's first address is mostly given to. */
	if (!test->endpoints.host_addrs.count)
		r = assign_host(pools, &test->endpoints, 4, diags);
	pg_array_foreach(endpoint, &test->endpoints.list) {
		if (r == 0 && !endpoint->ipv4.family && !endpoint->ipv6.family)
			r = assign_endpoint(pools, endpoint, 4, diags);
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

int pg_case_assign(struct pg_case *test, struct pg_diags *diags)
{
	PG_CLEANUP(pools_done) struct pools pools = { 0 };
	int r = make_pools(test, &pools);

	if (r == 0)
		r = assign_all(&pools, test, diags);
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
