/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that keeps one configuration's host up, and measures there when it is asked to. */
#ifndef PG_BENCH_AB_SITE_H
#define PG_BENCH_AB_SITE_H

#include "bench/ab_experiment.h"

struct ab_site {
	pid_t process;
	int socket;
};

/* Waits until it is up. -EPERM: not root. */
int ab_site_start(const struct ab_experiment *experiment, const struct ab_config *config,
		  const struct ab_options *options, struct ab_site *ret_site);
/* -EPIPE: the process is gone. Else what the experiment's measure() returned; then the process is. */
int ab_site_measure(const struct ab_site *site, size_t measure,
		    double ret_values[AB_VALUES_A_MEASUREMENT]);
/* The kernel takes the host down. */
void ab_site_stop(struct ab_site *site);

#endif
