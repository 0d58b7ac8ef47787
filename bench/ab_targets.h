/* SPDX-License-Identifier: GPL-2.0-only */
/* What was to be reached, and whether it was. */
#ifndef PG_BENCH_AB_TARGETS_H
#define PG_BENCH_AB_TARGETS_H

#include "bench/ab_results.h"

enum ab_target_kind {
	AB_RATIO_LEAST, /* to the other one, at least */
	AB_RATIO_MOST,
	AB_ABOVE_MOST, /* more than the other one, at most */
	AB_VALUE_MOST, /* by itself, at most */
};

struct ab_target {
	const char *text;
	const char *measure;
	const char *form;
	size_t policies;   /* a number, or one of the two below; the same for the other one */
	const char *other; /* NULL: none */
	size_t other_policies;
	enum ab_target_kind kind;
	double limit;
};

#define AB_LARGEST  ((size_t)-1)
#define AB_SMALLEST ((size_t)-2)

/* The table ends with a row without text. */
extern const struct ab_target ab_targets[];

enum ab_reached {
	AB_REACHED,   /* all within the limits of the estimate is */
	AB_MISSED,    /* nothing of it is */
	AB_UNDECIDED, /* the limit lies between */
};

const char *ab_reached_text(enum ab_reached reached);

struct ab_outcome {
	const struct ab_target *target;
	const struct ab_series *series, *other; /* NULL: none */
	struct ab_estimate estimate;		/* of what has the limit */
	enum ab_reached reached;
};

/* False: it wasn't measured. */
bool ab_target_judge(const struct ab_target *target, const struct ab_results *results,
		     struct ab_outcome *ret_outcome);

#endif
