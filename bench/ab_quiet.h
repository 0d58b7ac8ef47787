/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether the machine did something else as well: how busy it is while nothing is measured. */
#ifndef PG_BENCH_AB_QUIET_H
#define PG_BENCH_AB_QUIET_H

#include "compat/util.h"

struct ab_quiet {
	size_t looks;
	uint64_t busy, total; /* ticks of all processors, in all looks */
	double worst;	      /* share of one look that was busy */
};

/* Sleeps for so many seconds and counts what runs meanwhile. */
void ab_quiet_look(struct ab_quiet *quiet, double seconds);
/* The share of all looks that was busy, from 0 to 1; 0 without any. */
double ab_quiet_busy(const struct ab_quiet *quiet);

#endif
