/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that keeps one configuration's host up, and measures there when it is asked to. */
#ifndef PG_BENCH_AB_SITE_H
#define PG_BENCH_AB_SITE_H

#include "bench/ab_config.h"
#include "bench/ab_traffic.h"

struct ab_site {
	pid_t process;
	int socket;
};

struct ab_cpus {
	int client, server;
};

/* Waits until it is up and was found to filter what it should. -EPERM: not root. */
int ab_site_start(const struct ab_config *config, struct ab_cpus cpus, struct ab_site *ret_site);
/* -EPIPE: the process is gone. Else as of ab_traffic_measure(). */
int ab_site_measure(const struct ab_site *site, enum ab_measure measure, double seconds,
		    double *ret_value);
/* The kernel takes the host down. */
void ab_site_stop(struct ab_site *site);

#endif
