/* SPDX-License-Identifier: GPL-2.0-only */
/* What all experiments have in common: configurations that are up at once, and measured in turns. */
#ifndef PG_BENCH_AB_EXPERIMENT_H
#define PG_BENCH_AB_EXPERIMENT_H

#include "bench/ab_config.h"
#include "bench/ab_results.h"
#include "policy/diag.h"

struct ab_cpus {
	int client, server;
};

struct ab_options {
	double seconds; /* a measurement of traffic */
	size_t rounds;
	uint64_t seed;
	struct ab_cpus cpus;
	struct ab_sizes policies, entries, changes; /* of traffic, of verdicts, of changes */
	double patience; /* seconds after which a measurement of one configuration isn't repeated */
	const char *only; /* configurations whose names start with one of these; NULL: all */
	bool progress;	  /* on stderr */
};

/* As many values as one measurement may yield. */
#define AB_VALUES_A_MEASUREMENT 8

struct ab_measure_type {
	const char *name, *unit;
	bool less;   /* is better */
	bool beside; /* comes out of the measurement of the one before */
};

struct ab_experiment {
	const char *name;
	unsigned bit; /* AB_IN_... */
	const struct ab_sizes *(*sizes)(const struct ab_options *options);
	const struct ab_measure_type *measures;
	size_t measure_count;
	/*
	 * Both run in a process that each configuration has for itself. What enter() yields lives as
	 * long as that. measure() yields the value of a type that isn't beside another one, and then
	 * those of the ones beside it; NAN: there is none here. 0 or -errno; what there is to say goes to
	 * stderr.
	 */
	int (*enter)(const struct ab_config *config, const struct ab_options *options,
		     void **ret_state);
	int (*measure)(void *state, size_t measure, double *ret_values);
};

extern const struct ab_experiment ab_traffic_experiment; /* ab_traffic.h */
extern const struct ab_experiment ab_verdict_experiment;
extern const struct ab_experiment ab_change_experiment;
extern const struct ab_experiment ab_hosts_experiment;

/*
 * Measures everything under every configuration, in a random order that is another one in each round.
 * What has used up the patience is left out in later rounds. Appends to the results, and says on stderr
 * what went wrong. -EPERM: not root.
 */
int ab_run(const struct ab_experiment *experiment, const struct ab_options *options,
	   struct ab_results *results);

#endif
