// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_stats.h"

#define RESAMPLES 2000

uint64_t ab_random_below(struct ab_random *random, uint64_t below)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

static int compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

double ab_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

struct ab_estimate ab_estimate(const double *values, size_t count)
{
	struct ab_random random = { 1 };
	double medians[RESAMPLES], sample[AB_VALUES_MAX];
	struct ab_estimate estimate;

	memcpy(sample, values, count * sizeof(*values));
	estimate.median = ab_median(sample, count);
	for (size_t i = 0; i < RESAMPLES; i++) {
		for (size_t j = 0; j < count; j++)
			sample[j] = values[ab_random_below(&random, count)];
		medians[i] = ab_median(sample, count);
	}
	qsort(medians, RESAMPLES, sizeof(*medians), compare);
	estimate.low = medians[RESAMPLES / 40];
	estimate.high = medians[RESAMPLES - RESAMPLES / 40 - 1];
	return estimate;
}
