/* SPDX-License-Identifier: GPL-2.0-only */
/* Results for people, and for programs. */
#ifndef PG_BENCH_AB_REPORT_H
#define PG_BENCH_AB_REPORT_H

#include "bench/ab_conditions.h"
#include "bench/ab_results.h"

/* A table for each measurement: medians, and ratios to each of its references. Then the targets. */
void ab_report_text(FILE *out, const struct ab_conditions *conditions,
		    const struct ab_results *results);
/* Every value: experiment,measure,unit,form,policies,config,round,value. */
void ab_report_csv(FILE *out, const struct ab_results *results);
/* Conditions, warnings, targets, medians, ratios and values. -ENOMEM, -EIO. */
int ab_report_json(FILE *out, const struct ab_conditions *conditions,
		   const struct ab_results *results);

#endif
