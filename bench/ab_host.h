/* SPDX-License-Identifier: GPL-2.0-only */
/* The scratch host of one configuration. */
#ifndef PG_BENCH_AB_HOST_H
#define PG_BENCH_AB_HOST_H

#include "bench/ab_config.h"
#include "bench/ab_policy.h"
#include "bench/ab_traffic.h"
#include "frontend/lab/lab.h"

struct ab_host {
	struct pg_lab *lab;  /* its namespaces, and their interfaces, are there while it is */
	struct ab_path path; /* from the client to the server; the CPUs are the caller's to set */
};

/*
 * Builds the lab (frontend/lab/lab.h) with the policy's endpoints, moves the process into its host,
 * for good, and puts the configuration between the client and the server. -EPERM: not root.
 */
int ab_host_enter(const struct ab_config *config, struct ab_policy *policy, struct pg_diags *diags,
		  struct ab_host *ret_host);

/*
 * Makes the host in whose namespace the calling thread is filter as the configuration says; `server`:
 * the address of the one that the policy protects.
 */
int ab_host_install(const struct ab_config *config, const struct ab_policy *policy,
		    struct pg_diags *diags, const char *server);
void ab_host_leave(struct ab_host *host);
#define _cleanup_host_ PG_CLEANUP(ab_host_leave)

/* That what is measured is what it is called: a filter filters, and nothing else does. -EPROTO. */
int ab_host_check(const struct ab_config *config, const struct ab_path *path);

#endif
