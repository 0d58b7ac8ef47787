/* SPDX-License-Identifier: GPL-2.0-only */
/* What policy is enforced on: container interfaces, and the host they are on. */
#ifndef PG_POLICY_ENDPOINT_H
#define PG_POLICY_ENDPOINT_H

#include "policy/addr.h"
#include "policy/diag.h"
#include "policy/label.h"
#include "policy/types.h"

#define PG_ENDPOINTS_MAX 1000000

/* One container interface. Strings are owned, and NULL where not known. */
struct pg_endpoint {
	char *name;	 /* unique; never NULL */
	char *container; /* the runtime's id */
	char *network;	 /* Docker's network name, or the bridge */
	char *netns;	 /* path of its network namespace, for probing */
	char *node; /* the other host that it is on: nothing is attached to it; NULL: this host */
	char *interface;  /* host-side interface (veth), in polgen's network namespace */
	uint32_t ifindex; /* of that interface; 0: not known */
	struct pg_addr ipv4, ipv6;
	struct pg_labels labels; /* sorted; what counts for identity */
	struct pg_loc loc;
};

/* Endpoints are sorted by name, in bytes, once pg_endpoints_finish() ran. */
struct pg_endpoints {
	struct pg_array(struct pg_endpoint) list;
	struct pg_array(struct pg_addr) host_addrs; /* the host's own addresses */
	bool host_known; /* host_addrs is all of them: nobody need ask the kernel */
	struct pg_array(struct pg_addr) remote_node_addrs; /* other hosts of the cluster */
};

/* Its address of family 4 or 6; that of family 0 if it has none. */
static inline const struct pg_addr *pg_endpoint_addr(const struct pg_endpoint *endpoint,
						     uint8_t family)
{
	return family == 4 ? &endpoint->ipv4 : &endpoint->ipv6;
}

void pg_endpoint_done(struct pg_endpoint *endpoint);
void pg_endpoints_done(struct pg_endpoints *endpoints);
#define _cleanup_endpoints_ PG_CLEANUP(pg_endpoints_done)

/*
 * Sorts (labels too) and checks: names and addresses are unique, no endpoint has an address of the
 * host's or a remote node's, every endpoint has an address and at most PG_ENDPOINTS_MAX there are.
 * -EINVAL: the diagnostics say why, with both places of what is there twice. -ENOMEM.
 */
int pg_endpoints_finish(struct pg_endpoints *endpoints, struct pg_diags *diags);

/* NULL: no such name. Binary search. */
const struct pg_endpoint *pg_endpoints_find(const struct pg_endpoints *endpoints, const char *name);

#endif
