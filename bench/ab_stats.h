/* SPDX-License-Identifier: GPL-2.0-only */
/* Medians, and how sure they are. */
#ifndef PG_BENCH_AB_STATS_H
#define PG_BENCH_AB_STATS_H

#include "compat/util.h"

/* A generator of random numbers: splitmix64. The same seed, the same numbers. */
struct ab_random {
	uint64_t state;
};

/* From 0 to below - 1; below > 0. */
uint64_t ab_random_below(struct ab_random *random, uint64_t below);

/* A median, and the limits between which it lies with a probability of 95 %. */
struct ab_estimate {
	double median, low, high;
};

#define AB_VALUES_MAX 1000

/* Of at least one value. Sorts them. */
double ab_median(double *values, size_t count);

/*
 * Of at least one value and at most AB_VALUES_MAX. The limits are the percentile bootstrap's (Efron and Tibshirani, chapter 13): the
 * medians of 2,000 samples that are drawn from the values, with replacement. With fewer than six
 * values they are too narrow; with one they are the value.
 */
struct ab_estimate ab_estimate(const double *values, size_t count);

#endif
