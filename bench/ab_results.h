/* SPDX-License-Identifier: GPL-2.0-only */
/* What was measured: a series of values, one a round, for each configuration of each measurement. */
#ifndef PG_BENCH_AB_RESULTS_H
#define PG_BENCH_AB_RESULTS_H

#include "bench/ab_stats.h"

#define AB_NAME_MAX 48

struct ab_series {
	char measure[AB_NAME_MAX]; /* "tcp-rr" */
	char config[AB_NAME_MAX];  /* "iptables-legacy/200" */
	const char *unit;
	bool reference;			/* the others of the measurement are compared with it */
	struct pg_array(double) values; /* by round */
};

struct ab_results {
	struct pg_array(struct ab_series) list; /* those of one measurement stand together */
};

void ab_results_done(struct ab_results *results);
#define _cleanup_results_ PG_CLEANUP(ab_results_done)

/* Appends an empty series. -ENOMEM. */
int ab_results_add(struct ab_results *results, const char *measure, const char *config,
		   const char *unit, bool reference);
/* -ENOMEM. */
int ab_series_add(struct ab_series *series, double value);

/*
 * How a series compares with another one of the same rounds: the median of each round's ratio, so
 * that what a busy machine does to a whole round counts for nothing. False: there is nothing to
 * compare.
 */
bool ab_ratio(const struct ab_series *series, const struct ab_series *reference,
	      struct ab_estimate *ret_ratio);

#endif
