// SPDX-License-Identifier: GPL-2.0-only
/* Policy tests: addresses for endpoints that have none. */
#include "frontend/decode/case.h"

/* 10.0.192.0/20: the network of the thesis's first host, and enough of it for a case. */
#define FIRST_ADDRESS 0x0a00c001u
#define LAST_ADDRESS  0x0a00cffeu

/* Addresses that are somebody's, sorted once all are in; `next` is the one to try now. */
struct pool {
	struct pg_array(struct pg_addr) used;
	uint32_t next;
};

static void pool_done(struct pool *pool)
{
	free(pool->used.items);
}

static int use(struct pool *pool, const struct pg_addr *addr)
{
	struct pg_addr *added;

	if (addr->family != 4)
		return 0;
	added = pg_array_add(&pool->used);
	if (!added)
		return -ENOMEM;
	*added = *addr;
	return 0;
}

static int compare_addresses(const void *a, const void *b)
{
	return pg_addr_compare(a, b);
}

static int use_all(struct pool *pool, const struct pg_case *test)
{
	int r = 0;

	pg_array_foreach(endpoint, &test->endpoints.list)
		r = r ? r : use(pool, &endpoint->ipv4);
	pg_array_foreach(addr, &test->endpoints.host_addrs)
		r = r ? r : use(pool, addr);
	pg_array_foreach(flow, &test->flows) {
		r = r ? r : use(pool, &flow->src.addr);
		r = r ? r : use(pool, &flow->dst.addr);
	}
	if (r == 0 && pool->used.count)
		qsort(pool->used.items, pool->used.count, sizeof(*pool->used.items),
		      compare_addresses);
	return r;
}

static bool is_used(const struct pool *pool, const struct pg_addr *addr)
{
	return pool->used.count && bsearch(addr, pool->used.items, pool->used.count,
					   sizeof(*pool->used.items), compare_addresses);
}

static int take(struct pool *pool, struct pg_addr *ret_addr)
{
	while (pool->next <= LAST_ADDRESS) {
		uint32_t number = pool->next++;
		struct pg_addr addr = {
			.family = 4,
			.bytes = { (uint8_t)(number >> 24), (uint8_t)(number >> 16),
				   (uint8_t)(number >> 8), (uint8_t)number },
		};

		if (is_used(pool, &addr))
			continue;
		*ret_addr = addr;
		return 0;
	}
	return -ENOSPC;
}

static int assign_all(struct pool *pool, struct pg_endpoints *endpoints)
{
	int r = 0;

	if (!endpoints->host_addrs.count) {
		struct pg_addr *addr = pg_array_add(&endpoints->host_addrs);

		r = addr ? take(pool, addr) : -ENOMEM;
	}
	pg_array_foreach(endpoint, &endpoints->list) {
		if (r == 0 && !endpoint->ipv4.family && !endpoint->ipv6.family)
			r = take(pool, &endpoint->ipv4);
	}
	return r;
}

int pg_case_assign(struct pg_case *test, struct pg_diags *diags)
{
	PG_CLEANUP(pool_done) struct pool pool = { .next = FIRST_ADDRESS };
	int r = use_all(&pool, test);

	if (r == 0)
		r = assign_all(&pool, &test->endpoints);
	if (r == -ENOSPC)
		pg_error(diags, PG_LOC_NONE, "more endpoints than addresses in 10.0.192.0/20");
	if (r < 0)
		return r;
	return pg_endpoints_finish(&test->endpoints, diags);
}
