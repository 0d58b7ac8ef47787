/* SPDX-License-Identifier: GPL-2.0-only */
/* The scratch host of one configuration. */
#ifndef PG_BENCH_AB_HOST_H
#define PG_BENCH_AB_HOST_H

#include "bench/ab_config.h"
#include "bench/ab_traffic.h"
#include "policy/endpoint.h"

/*
 * Builds the lab (frontend/lab/lab.h), moves the process into its host, for good, and puts the
 * configuration between the client and the server. Yields the way from one to the other, whose
 * namespaces live as long as the process; the CPUs are the caller's to set. Diagnostics go to
 * stderr. -EPERM: not root.
 */
int ab_host_enter(const struct ab_config *config, struct ab_path *ret_path);

/* That what is measured is what it is called: a filter filters, and nothing else does. -EPROTO. */
int ab_host_check(const struct ab_config *config, const struct ab_path *path);

#endif
