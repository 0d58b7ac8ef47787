// SPDX-License-Identifier: GPL-2.0-only
/* uthash ends the process when memory is out, unless told not to. */
#define HASH_NONFATAL_OOM 1

#include <uthash.h>

#include "backends/ebpf/known.h"

struct pg_known_endpoint {
	char interface[PG_ABI_IFNAME];
	uint32_t ifindex;
	UT_hash_handle hh;
};

struct pg_known *pg_known_new(void)
{
	return calloc(1, sizeof(struct pg_known));
}

void pg_known_free(struct pg_known *known)
{
	struct pg_known_endpoint *endpoint, *next;

	if (!known)
		return;
	HASH_ITER(hh, known->endpoints, endpoint, next) {
		HASH_DEL(known->endpoints, endpoint);
		free(endpoint);
	}
	pg_slots_done(&known->slots);
	free(known);
}

static struct pg_known_endpoint *find(const struct pg_known *known,
				      const char interface[PG_ABI_IFNAME])
{
	struct pg_known_endpoint *found;

	HASH_FIND(hh, known->endpoints, interface, PG_ABI_IFNAME, found);
	return found;
}

uint32_t pg_known_ifindex(const struct pg_known *known, const char interface[PG_ABI_IFNAME])
{
	const struct pg_known_endpoint *endpoint = find(known, interface);

	return endpoint ? endpoint->ifindex : 0;
}

static void forget(struct pg_known *known, struct pg_known_endpoint *endpoint)
{
	if (!endpoint)
		return;
	HASH_DEL(known->endpoints, endpoint);
	free(endpoint);
}

static int add(struct pg_known *known, const char interface[PG_ABI_IFNAME], uint32_t ifindex)
{
	_cleanup_free_ struct pg_known_endpoint *endpoint = calloc(1, sizeof(*endpoint));
	unsigned int count = HASH_COUNT(known->endpoints);

	if (!endpoint)
		return -ENOMEM;
	memcpy(endpoint->interface, interface, PG_ABI_IFNAME);
	endpoint->ifindex = ifindex;
	HASH_ADD(hh, known->endpoints, interface, PG_ABI_IFNAME, endpoint);
	/* Without memory uthash leaves it out. */
	if (HASH_COUNT(known->endpoints) == count)
		return -ENOMEM;
	endpoint = NULL;
	return 0;
}

int pg_known_set(struct pg_known *known, const char interface[PG_ABI_IFNAME], uint32_t ifindex)
{
	struct pg_known_endpoint *endpoint = find(known, interface);

	if (!ifindex) {
		forget(known, endpoint);
		return 0;
	}
	if (!endpoint)
		return add(known, interface, ifindex);
	endpoint->ifindex = ifindex;
	return 0;
}
