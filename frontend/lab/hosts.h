/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two scratch container hosts and a routed link between them, for what a host's own lab (lab.h) has no
 * place for: containers of other hosts. Nothing of it has a name: whatever becomes of the process, the
 * kernel takes it down.
 *
 *	container 0 eth0 ──── vpg0 ┐                                     ┌ vpg0 ──── eth0 container 0
 *	container 1 eth0 ──── vpg1 ┴ brpg0  host 0  uplink0 ──── uplink0  host 1  brpg0 ┴ vpg1 ...
 *
 * Host 0 has 10.0.192.0/24 and fd00:c0::/64, host 1 10.0.191.0/24 and fd00:bf::/64; the first address
 * of each is the host's, the next ones are its containers'. The link has 10.0.0.0/24 and fd00::/64.
 */
#ifndef PG_FRONTEND_LAB_HOSTS_H
#define PG_FRONTEND_LAB_HOSTS_H

#include "policy/addr.h"
#include "policy/diag.h"

#define PG_LAB_HOSTS	      2
#define PG_LAB_CONTAINERS     2 /* of each host */
#define PG_LAB_HOSTS_UPLINK   "uplink0"
#define PG_LAB_HOSTS_FIRST_IF 70000u /* index of vpg0 */

struct pg_lab_hosts {
	/* Descriptors of namespaces. */
	int host[PG_LAB_HOSTS];
	int container[PG_LAB_HOSTS][PG_LAB_CONTAINERS];
};

#define PG_LAB_HOSTS_NONE              \
	(struct pg_lab_hosts)          \
	{                              \
		{ -1, -1 },            \
		{                      \
			{ -1, -1 },    \
			{              \
				-1, -1 \
			}              \
		}                      \
	}

/*
 * Moves the calling thread into host 0's namespaces (network and mount namespaces, as pg_lab_enter()
 * does; both hosts share the mounts) and builds the rest. `bridged` false: no bridges, containers are
 * routed to by their own interfaces. -EPERM: not root. Must be called while the process has one thread.
 */
int pg_lab_hosts_enter(bool bridged, struct pg_diags *diags, struct pg_lab_hosts *ret_hosts);
void pg_lab_hosts_leave(struct pg_lab_hosts *hosts);
#define _cleanup_lab_hosts_ PG_CLEANUP(pg_lab_hosts_leave)

/* The address of a host in its containers' network, or of one of its containers. */
struct pg_addr pg_lab_hosts_gateway(unsigned host, uint8_t family);
struct pg_addr pg_lab_hosts_addr(unsigned host, unsigned container, uint8_t family);

#endif
