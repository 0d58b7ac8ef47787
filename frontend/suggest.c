// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/suggest.h"

#include <ctype.h>
#include <strings.h>

#define WORD_MAX 64

/* Costs are doubled, so that a wrong case can be half a slip. */
enum { COST_CASE = 1, COST_SLIP = 2, COST_MAX = 6 };

static unsigned int replacement_cost(char a, char b)
{
	if (a == b)
		return 0;
	return tolower((unsigned char)a) == tolower((unsigned char)b) ? COST_CASE : COST_SLIP;
}

/* Optimal string alignment distance, row by row (Damerau 1964, restricted to neighbours). */
static unsigned int distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned int rows[3][WORD_MAX + 1];
	unsigned int *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		above[j] = (unsigned int)j * COST_SLIP;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned int *oldest = before;

		row[0] = (unsigned int)i * COST_SLIP;
		for (size_t j = 1; j <= b_length; j++) {
			unsigned int best = above[j - 1] + replacement_cost(a[i - 1], b[j - 1]);

			best = PG_MIN(best, above[j] + COST_SLIP);
			best = PG_MIN(best, row[j - 1] + COST_SLIP);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = PG_MIN(best, before[j - 2] + COST_SLIP);
			row[j] = best;
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[b_length];
}

const char *pg_suggest(const char *word, const char *const *candidates, size_t count)
{
	size_t length = strlen(word);
	unsigned int best_cost = COST_MAX + 1;
	const char *best = NULL;

	if (!length || length > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (!strcasecmp(word, candidates[i]))
			return candidates[i];
	}
	for (size_t i = 0; i < count; i++) {
		size_t candidate_length = strlen(candidates[i]);
		unsigned int allowed =
			(unsigned int)PG_MAX(length, candidate_length) * COST_SLIP / 3;
		unsigned int cost;

		if (candidate_length > WORD_MAX)
			continue;
		cost = distance(word, length, candidates[i], candidate_length);
		if (cost <= PG_MIN(allowed, (unsigned int)COST_MAX) && cost < best_cost) {
			best_cost = cost;
			best = candidates[i];
		}
	}
	return best;
}
