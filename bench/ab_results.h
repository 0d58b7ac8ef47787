/* SPDX-License-Identifier: GPL-2.0-only */
/* What was measured: a series of values, one a round, for each configuration of each measurement. */
#ifndef PG_BENCH_AB_RESULTS_H
#define PG_BENCH_AB_RESULTS_H

#include "bench/ab_quiet.h"
#include "bench/ab_stats.h"

#define AB_NAME_MAX 48

struct ab_series {
	const char *experiment, *measure, *unit; /* "traffic", "tcp-rr", "1/s" */
	const char *form;			 /* "legacy-linear" */
	size_t policies;
	bool counted;			/* else the form has no number of policies */
	char config[AB_NAME_MAX];	/* "legacy-linear/200" */
	bool less;			/* is better */
	bool reference;			/* the others of the measurement are compared with it */
	struct pg_array(double) values; /* by round, from the first one on */
};

struct ab_results {
	struct pg_array(struct ab_series) list; /* those of one measurement stand together */
	struct ab_quiet quiet;			/* was the machine, between measurements? */
};

void ab_results_done(struct ab_results *results);
#define _cleanup_results_ PG_CLEANUP(ab_results_done)

/* Appends a series, which has no values yet. -ENOMEM. */
int ab_results_add(struct ab_results *results, const struct ab_series *series);
/* -ENOMEM. */
int ab_series_add(struct ab_series *series, double value);

/*
 * How a series compares with another one of the same rounds: the median of each round's ratio, so
 * that what a busy machine does to a whole round counts for nothing. False: there is nothing to
 * compare.
 */
bool ab_ratio(const struct ab_series *series, const struct ab_series *reference,
	      struct ab_estimate *ret_ratio);
/* The same for how much more it is. */
bool ab_difference(const struct ab_series *series, const struct ab_series *reference,
		   struct ab_estimate *ret_difference);

#endif
