// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_results.h"

void ab_results_done(struct ab_results *results)
{
	pg_array_foreach(series, &results->list)
		free(series->values.items);
	free(results->list.items);
	*results = (struct ab_results){ 0 };
}

int ab_results_add(struct ab_results *results, const struct ab_series *series)
{
	struct ab_series *slot = pg_array_add(&results->list);

	if (!slot)
		return -ENOMEM;
	*slot = *series;
	return 0;
}

int ab_series_add(struct ab_series *series, double value)
{
	double *slot = pg_array_add(&series->values);

	if (!slot)
		return -ENOMEM;
	*slot = value;
	return 0;
}

bool ab_ratio(const struct ab_series *series, const struct ab_series *reference,
	      struct ab_estimate *ret_ratio)
{
	size_t count = PG_MIN(series->values.count, reference->values.count);
	double ratios[AB_VALUES_MAX];

	for (size_t i = 0; i < count; i++) {
		if (reference->values.items[i] <= 0)
			return false;
		ratios[i] = series->values.items[i] / reference->values.items[i];
	}
	if (count)
		*ret_ratio = ab_estimate(ratios, count);
	return count;
}

bool ab_difference(const struct ab_series *series, const struct ab_series *reference,
		   struct ab_estimate *ret_difference)
{
	size_t count = PG_MIN(series->values.count, reference->values.count);
	double differences[AB_VALUES_MAX];

	for (size_t i = 0; i < count; i++)
		differences[i] = series->values.items[i] - reference->values.items[i];
	if (count)
		*ret_difference = ab_estimate(differences, count);
	return count;
}
