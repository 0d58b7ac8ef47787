/* SPDX-License-Identifier: GPL-2.0-only */
/* Under what conditions was measured. */
#ifndef PG_BENCH_AB_CONDITIONS_H
#define PG_BENCH_AB_CONDITIONS_H

#include "compat/util.h"

#define AB_CONDITION_MAX 128

struct ab_conditions {
	char kernel[AB_CONDITION_MAX];	 /* release and machine */
	char cpu[AB_CONDITION_MAX];	 /* how many, and their name */
	char governor[AB_CONDITION_MAX]; /* of frequency; "unknown" in many virtual machines */
	char load[AB_CONDITION_MAX]; /* averages of 1, 5 and 15 minutes, before anything began */
	char offloads[AB_CONDITION_MAX]; /* of a veth, as the kernel makes them */
	char method[AB_CONDITION_MAX];	 /* rounds, seconds, seed, CPUs */
};

/* All but the method. What can't be read is "unknown". */
void ab_conditions_read(struct ab_conditions *conditions);

#endif
