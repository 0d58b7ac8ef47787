/* SPDX-License-Identifier: GPL-2.0-only */
/* Under what conditions was measured. */
#ifndef PG_BENCH_AB_CONDITIONS_H
#define PG_BENCH_AB_CONDITIONS_H

#include "bench/ab_quiet.h"

#define AB_CONDITION_MAX  400
#define AB_CONDITIONS_MAX 16

struct ab_condition {
	const char *name;
	char text[AB_CONDITION_MAX]; /* "unknown" where it can't be read */
};

struct ab_conditions {
	struct ab_condition list[AB_CONDITIONS_MAX];
	size_t count;
	char warnings[4][AB_CONDITION_MAX]; /* why the figures should not be quoted */
	size_t warning_count;
};

/* What is so before anything began: date, kernel, CPUs, mitigations, load, ... */
void ab_conditions_read(struct ab_conditions *conditions);
/* One more; what is beyond the limit isn't kept. */
void ab_conditions_add(struct ab_conditions *conditions, const char *name, const char *text);
/* Afterwards: how busy the machine was by itself. */
void ab_conditions_judge(struct ab_conditions *conditions, const struct ab_quiet *quiet);
/* As printf. */
void ab_conditions_warn(struct ab_conditions *conditions, const char *format, ...) PG_PRINTF(2, 3);

#endif
