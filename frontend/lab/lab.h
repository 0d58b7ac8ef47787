/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scratch container host, for tests of policies: a network namespace with a bridge, a namespace for
 * each endpoint with a veth to it, and a namespace behind a routed uplink that has the addresses of
 * the world. IPv6 is off where nobody has an address of it. Nothing of it has a name: whatever becomes
 * of the process, the kernel takes it down.
 */
#ifndef PG_FRONTEND_LAB_H
#define PG_FRONTEND_LAB_H

#include "policy/diag.h"
#include "policy/endpoint.h"

struct pg_lab;

/*
 * Moves the calling thread into a new host namespace (network and mount namespaces: with a bpffs and
 * a /run/polgen of its own) and builds the rest. Sets interface, ifindex and (as /proc/self/fd/N)
 * netns of each endpoint, which must have addresses, of either family or both; the host must have one of
 * each family that an endpoint has, and the first of a family is the bridge's. `world` are addresses that the world's namespace
 * gets. -EPERM: not root. Must be called while the process has one thread. There is no way back:
 * one lab a process.
 */
int pg_lab_enter(struct pg_endpoints *endpoints, const struct pg_addr *world, size_t world_count,
		 struct pg_diags *diags, struct pg_lab **ret_lab);
void pg_lab_free(struct pg_lab *lab);

/* Namespace descriptors, owned by the lab. */
int pg_lab_host_netns(const struct pg_lab *lab);
int pg_lab_world_netns(const struct pg_lab *lab);
int pg_lab_endpoint_netns(const struct pg_lab *lab, size_t endpoint);

#endif
