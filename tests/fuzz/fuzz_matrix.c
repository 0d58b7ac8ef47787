// SPDX-License-Identifier: GPL-2.0-only
/* A matrix as JSON: what is written of it reads back as the same one. */
#include "frontend/lab/matrix.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct pg_matrix *matrix)
{
	_cleanup_strbuf_ struct pg_strbuf first = { 0 }, second = { 0 };
	_cleanup_matrix_ struct pg_matrix again = { 0 };
	_cleanup_input_ struct fuzz_input input;

	pg_matrix_to_json(matrix, &first);
	FUZZ_CHECK(pg_strbuf_error(&first) == 0);
	fuzz_input_init(&input, "", (const uint8_t *)first.text, first.length, "");
	FUZZ_CHECK(pg_matrix_from_json(&input.sources, input.source, &input.diags, &again) == 0);
	pg_matrix_to_json(&again, &second);
	FUZZ_CHECK(!strcmp(first.text, second.text));
}

/* Results are used as indexes of names. */
static void check_results(const struct pg_matrix *matrix)
{
	size_t parties = matrix->parties.count, ports = matrix->ports.list.count;

	for (size_t i = 0; i < parties * parties * ports; i++)
		FUZZ_CHECK(matrix->results[i] <= PG_MATRIX_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_matrix_ struct pg_matrix matrix = { 0 };
	_cleanup_input_ struct fuzz_input input;
	int r;

	fuzz_input_init(&input, "", data, size, "");
	r = pg_matrix_from_json(&input.sources, input.source, &input.diags, &matrix);
	fuzz_check_result(&input, r);
	if (r < 0)
		return 0;
	check_results(&matrix);
	check_again(&matrix);
	return 0;
}
