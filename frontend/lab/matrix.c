// SPDX-License-Identifier: GPL-2.0-only
/* The matrix itself: parties, ports and results. */
#include "frontend/lab/matrix.h"

#include "frontend/lab/matrix_internal.h"

void pg_matrix_done(struct pg_matrix *matrix)
{
	free(matrix->title);
	pg_array_foreach(party, &matrix->parties)
		free(*party);
	free(matrix->parties.items);
	pg_matrix_ports_done(&matrix->ports);
	free(matrix->results);
	*matrix = (struct pg_matrix){ 0 };
}

int pg_matrix_add_party(struct pg_matrix *matrix, const char *name)
{
	_cleanup_free_ char *copy = strdup(name);
	char **party = copy ? pg_array_add(&matrix->parties) : NULL;

	if (!party)
		return -ENOMEM;
	*party = PG_TAKE(copy);
	return 0;
}

size_t pg_matrix_find_party(const struct pg_matrix *matrix, const char *name)
{
	for (size_t i = 0; i < matrix->parties.count; i++) {
		if (!strcmp(matrix->parties.items[i], name))
			return i;
	}
	return SIZE_MAX;
}

/* 0 when there are more than PG_MATRIX_MAX. */
static size_t count_flows(const struct pg_matrix *matrix)
{
	size_t parties = matrix->parties.count, ports = matrix->ports.list.count;

	if (parties > PG_MATRIX_MAX || parties * parties > PG_MATRIX_MAX || ports > PG_MATRIX_MAX)
		return 0;
	return parties * parties * ports > PG_MATRIX_MAX ? 0 : parties * parties * ports;
}

int pg_matrix_allocate(struct pg_matrix *matrix)
{
	size_t count = count_flows(matrix);
	uint8_t *results;

	if (!count && matrix->parties.count && matrix->ports.list.count)
		return -E2BIG;
	results = malloc(count + 1);
	if (!results)
		return -ENOMEM;
	memset(results, PG_MATRIX_NONE, count + 1);
	free(matrix->results);
	matrix->results = results;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Endpoints of both, by name; the host's name last, if one of them has it. */
static int unite_parties(const struct pg_matrix *left, const struct pg_matrix *right,
			 struct pg_matrix *both)
{
	const struct pg_matrix *const sides[] = { left, right };
	const char *host = NULL;
	int err = 0;

	for (size_t side = 0; side < PG_COUNT(sides); side++) {
		const struct pg_matrix *matrix = sides[side];
		size_t endpoints = matrix->parties.count - matrix->has_host;

		for (size_t i = 0; !err && i < endpoints; i++) {
			if (pg_matrix_find_party(both, matrix->parties.items[i]) == SIZE_MAX)
				err = pg_matrix_add_party(both, matrix->parties.items[i]);
		}
		if (matrix->has_host)
			host = matrix->parties.items[endpoints];
	}
	if (!err && both->parties.count)
		qsort(both->parties.items, both->parties.count, sizeof(char *), compare_names);
	both->has_host = host != NULL;
	return err || !host ? err : pg_matrix_add_party(both, host);
}

static int unite_ports(const struct pg_matrix_ports *from, struct pg_matrix_ports *both)
{
	pg_array_foreach(port, &from->list) {
		if (pg_matrix_find_port(both, *port) != SIZE_MAX)
			continue;
		if (pg_matrix_add_port(both, *port))
			return -ENOMEM;
	}
	return 0;
}

/* Where a party of one matrix stands in another one. The hosts may have different names. */
static size_t locate_party(const struct pg_matrix *from, size_t party, const struct pg_matrix *to)
{
	if (from->has_host && party == from->parties.count - 1)
		return to->parties.count - 1;
	return pg_matrix_find_party(to, from->parties.items[party]);
}

static void copy_results(const struct pg_matrix *from, struct pg_matrix *to)
{
	for (size_t src = 0; src < from->parties.count; src++) {
		size_t new_src = locate_party(from, src, to);

		for (size_t dst = 0; dst < from->parties.count; dst++) {
			size_t new_dst = locate_party(from, dst, to);

			for (size_t port = 0; port < from->ports.list.count; port++) {
				size_t new_port = pg_matrix_find_port(&to->ports,
								      from->ports.list.items[port]);

				*pg_matrix_at(to, new_src, new_dst, new_port) =
					*pg_matrix_at(from, src, dst, port);
			}
		}
	}
}

/* A matrix of the united size with the title and results of one side. */
static int widen(const struct pg_matrix *side, const struct pg_matrix *left,
		 const struct pg_matrix *right, struct pg_matrix *ret_wide)
{
	_cleanup_matrix_ struct pg_matrix wide = { .title = strdup(side->title) };
	int err = wide.title ? unite_parties(left, right, &wide) : -ENOMEM;

	if (!err)
		err = unite_ports(&left->ports, &wide.ports);
	if (!err)
		err = unite_ports(&right->ports, &wide.ports);
	if (!err)
		err = pg_matrix_allocate(&wide);
	if (err)
		return err;
	copy_results(side, &wide);
	*ret_wide = wide;
	wide = (struct pg_matrix){ 0 };
	return 0;
}

int pg_matrix_align(struct pg_matrix *left, struct pg_matrix *right)
{
	_cleanup_matrix_ struct pg_matrix wide_left = { 0 }, wide_right = { 0 };
	struct pg_matrix swap;
	int err = widen(left, left, right, &wide_left);

	if (!err)
		err = widen(right, left, right, &wide_right);
	if (err)
		return err;
	swap = *left;
	*left = wide_left;
	wide_left = swap;
	swap = *right;
	*right = wide_right;
	wide_right = swap;
	return 0;
}

size_t pg_matrix_differences(const struct pg_matrix *left, const struct pg_matrix *right)
{
	size_t count = count_flows(left), differences = 0;

	for (size_t i = 0; i < count; i++)
		differences += left->results[i] != right->results[i];
	return differences;
}
