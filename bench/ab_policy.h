/* SPDX-License-Identifier: GPL-2.0-only */
/* The containers and the policies that are measured. */
#ifndef PG_BENCH_AB_POLICY_H
#define PG_BENCH_AB_POLICY_H

#include "frontend/intent.h"

/* Indexes of endpoints; the rest are those that other rules speak of. */
#define AB_CLIENT 0
#define AB_SERVER 1
#define AB_OTHERS 20

#define AB_SERVER_ADDRESS "10.0.192.3"

/* The largest number of policies that ab_policy_make() can tell apart. */
#define AB_POLICIES_MAX 1000000

/* Where the i-th policy of another container than the client lets it come. */
static inline uint16_t ab_policy_port(size_t i)
{
	return (uint16_t)(6001 + 2 * (i / AB_OTHERS / 2));
}

static inline bool ab_policy_is_udp(size_t i)
{
	return i / AB_OTHERS % 2;
}

/* Endpoints and policy; what points into it must not outlive it, and it must not move. */
struct ab_policy {
	struct pg_sources sources;
	struct pg_endpoints endpoints;
	struct pg_policy policy;
};

void ab_policy_done(struct ab_policy *policy);
#define _cleanup_ab_policy_ PG_CLEANUP(ab_policy_done)

/*
 * A client, a server and 20 other containers, and `count` rules of the server's ingress: the last one
 * lets the client reach its port (ab_traffic.h), the i-th before it lets container i % 20 reach
 * ab_policy_port(i). So in a flat list of rules the one that matches the client is the last one; without any, all is open. -EINVAL
 * and diagnostics; -ENOMEM.
 */
int ab_policy_make(size_t count, bool ipv6, struct pg_diags *diags, struct ab_policy *ret_policy);

#endif
