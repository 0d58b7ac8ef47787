// SPDX-License-Identifier: GPL-2.0-only
/* Ports of both families as one, where they say the same. */
#include "frontend/lab/matrix_internal.h"

/* The result of either, where they don't contradict each other. */
static bool agree(uint8_t v4, uint8_t v6)
{
	return v4 == v6 || v4 == PG_MATRIX_NONE || v6 == PG_MATRIX_NONE;
}

static size_t count_pairs(const struct pg_matrix *matrix)
{
	return matrix->parties.count * matrix->parties.count;
}

static uint8_t *result_at(const struct pg_matrix *matrix, size_t pair, size_t port)
{
	return &matrix->results[pair * matrix->ports.list.count + port];
}

static bool all_agree(const struct pg_matrix *matrix, size_t v4, size_t v6)
{
	for (size_t pair = 0; pair < count_pairs(matrix); pair++) {
		if (!agree(*result_at(matrix, pair, v4), *result_at(matrix, pair, v6)))
			return false;
	}
	return true;
}

/* Writes the results down anew, without those of one port. */
static void remove_port(struct pg_matrix *matrix, size_t port)
{
	size_t ports = matrix->ports.list.count, pairs = count_pairs(matrix), kept = 0;
	struct pg_matrix_port *list = matrix->ports.list.items;

	for (size_t i = 0; i < pairs * ports; i++) {
		if (i % ports != port)
			matrix->results[kept++] = matrix->results[i];
	}
	memmove(&list[port], &list[port + 1], (ports - port - 1) * sizeof(*list));
	matrix->ports.list.count--;
}

static void merge(struct pg_matrix *matrix, size_t v4, size_t v6)
{
	for (size_t pair = 0; pair < count_pairs(matrix); pair++) {
		uint8_t *result = result_at(matrix, pair, v4);

		if (*result == PG_MATRIX_NONE)
			*result = *result_at(matrix, pair, v6);
	}
	remove_port(matrix, v6);
}

void pg_matrix_fold(struct pg_matrix *const *matrices, size_t count)
{
	const struct pg_matrix_ports *ports = &matrices[0]->ports;

	/* From the end, so that what was looked at stays where it is. */
	for (size_t v6 = ports->list.count; v6-- > 0;) {
		struct pg_matrix_port other = ports->list.items[v6];
		bool same = other.family == 6;
		size_t v4;

		other.family = 4;
		v4 = pg_matrix_find_port(ports, other);
		for (size_t i = 0; same && v4 != SIZE_MAX && i < count; i++)
			same = all_agree(matrices[i], v4, v6);
		for (size_t i = 0; same && v4 != SIZE_MAX && i < count; i++)
			merge(matrices[i], v4, v6);
	}
}
