/* SPDX-License-Identifier: GPL-2.0-only */
/* The experiments, and what they are asked for. */
#ifndef PG_BENCH_AB_RUN_H
#define PG_BENCH_AB_RUN_H

#include "bench/ab_results.h"
#include "bench/ab_site.h"

#define AB_SIZES_MAX 16

struct ab_options {
	double seconds; /* a measurement of traffic */
	size_t rounds;
	uint64_t seed;
	struct ab_cpus cpus;
	size_t policies[AB_SIZES_MAX]; /* how many there are, where that is varied */
	size_t policy_counts;
	const char *only; /* configurations whose names start with one of these; NULL: all */
	bool progress;	  /* on stderr */
};

/*
 * Each appends to the results and says on stderr what went wrong. Rounds alternate over all that is
 * compared, in a random order that is another one in each round. -EPERM: not root.
 */

/* TCP and UDP between two containers (ab_traffic.h), under each configuration (ab_config.h). */
int ab_run_traffic(const struct ab_options *options, struct ab_results *results);

#endif
