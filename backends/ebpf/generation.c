// SPDX-License-Identifier: GPL-2.0-only
#include "backends/ebpf/generation.h"

static uint32_t generation_of(const void *value)
{
	uint32_t generation;

	memcpy(&generation, value, sizeof(generation));
	return generation;
}

const void *pg_halves_counting(const struct pg_halves *halves, const void *value,
			       uint32_t generation)
{
	const char *new_half = (const char *)value + sizeof(uint32_t);

	return generation >= generation_of(value) ? new_half : new_half + halves->size;
}

void pg_halves_write(const struct pg_halves *halves, void *value, uint32_t generation,
		     const void *new_half, const void *old_half)
{
	char *bytes = value;

	memcpy(bytes, &generation, sizeof(generation));
	memcpy(bytes + sizeof(generation), new_half, halves->size);
	memcpy(bytes + sizeof(generation) + halves->size, old_half, halves->size);
}

enum pg_settlement pg_halves_settle(const struct pg_halves *halves, void *value,
				    uint32_t generation)
{
	const void *counting = pg_halves_counting(halves, value, generation);
	char half[PG_VALUE_MAX];

	if (halves->absent(counting))
		return PG_SETTLE_DELETE;
	if (generation_of(value) <= generation)
		return PG_SETTLED;
	memcpy(half, counting, halves->size);
	pg_halves_write(halves, value, generation, half, half);
	return PG_SETTLE_REWRITE;
}
