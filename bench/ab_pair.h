/* SPDX-License-Identifier: GPL-2.0-only */
/* The two scratch hosts of one configuration, the client on one, the server on the other. */
#ifndef PG_BENCH_AB_PAIR_H
#define PG_BENCH_AB_PAIR_H

#include "bench/ab_config.h"
#include "bench/ab_policy.h"
#include "bench/ab_traffic.h"
#include "frontend/lab/hosts.h"

struct ab_pair {
	struct pg_lab_hosts hosts;
	struct ab_path path; /* from the client to the server; the CPUs are the caller's to set */
};

/*
 * Builds both hosts (frontend/lab/hosts.h), moves the process into the client's, for good, and puts
 * the configuration on both. The wire is routed veths without bridges. The policy's endpoints become
 * what each host in turn knows of them. -EPERM: not root.
 */
int ab_pair_enter(const struct ab_config *config, struct ab_policy *policy, struct pg_diags *diags,
		  struct ab_pair *ret_pair);
void ab_pair_leave(struct ab_pair *pair);
#define _cleanup_pair_ PG_CLEANUP(ab_pair_leave)

#endif
