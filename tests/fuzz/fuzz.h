/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fuzz targets share. Each has one function over bytes; main() is libFuzzer's or replay.c's. */
#ifndef PG_TESTS_FUZZ_FUZZ_H
#define PG_TESTS_FUZZ_FUZZ_H

#include "frontend/decode/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert(), and not to be compiled away. */
#define FUZZ_CHECK(condition)                                                           \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

/* A source to decode, and what is said about it. */
struct fuzz_input {
	struct pg_sources sources;
	struct pg_diags diags;
	uint32_t source;
};

void fuzz_input_done(struct fuzz_input *input);
#define _cleanup_input_ PG_CLEANUP(fuzz_input_done)

/* The bytes, between what stands before and after them. */
void fuzz_input_init(struct fuzz_input *input, const char *before, const uint8_t *data, size_t size,
		     const char *after);

/*
 * `result` is a decoder's: it must agree with the errors that were reported, and every one of them
 * must be printable and stand inside the text.
 */
void fuzz_check_result(const struct fuzz_input *input, int result);

void fuzz_check_loc(const struct fuzz_input *input, struct pg_loc loc);

#endif
