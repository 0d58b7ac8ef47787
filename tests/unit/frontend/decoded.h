/* SPDX-License-Identifier: GPL-2.0-only */
/* One text, and what a decoder made of it. Include after tests/unit/unit.h. */
#ifndef PG_TESTS_UNIT_FRONTEND_DECODED_H
#define PG_TESTS_UNIT_FRONTEND_DECODED_H

#include "frontend/decode/case.h"
#include "frontend/decode/decode.h"

struct decoded {
	struct pg_sources sources;
	struct pg_diags diags;
	struct pg_policy policy;
	struct pg_endpoints endpoints;
	struct pg_case test;
	uint32_t source;
};

static inline void decoded_done(struct decoded *decoded)
{
	pg_case_done(&decoded->test);
	pg_endpoints_done(&decoded->endpoints);
	pg_policy_done(&decoded->policy);
	pg_diags_done(&decoded->diags);
	pg_sources_done(&decoded->sources);
}

#define _cleanup_decoded_ PG_CLEANUP(decoded_done)

static inline void add_text(struct decoded *decoded, const char *text)
{
	assert_int_equal(
		pg_sources_add(&decoded->sources, "f", text, strlen(text), &decoded->source), 0);
}

static inline int decode_policy(struct decoded *decoded, const char *text)
{
	struct pg_decode_options options = { 0 };

	add_text(decoded, text);
	return pg_decode_policy(&decoded->sources, decoded->source, &options, &decoded->diags,
				&decoded->policy);
}

static inline int decode_endpoints(struct decoded *decoded, const char *text)
{
	struct pg_decode_options options = { 0 };

	add_text(decoded, text);
	return pg_decode_endpoints(&decoded->sources, decoded->source, &options, &decoded->diags,
				   &decoded->endpoints);
}

static inline int decode_case(struct decoded *decoded, const char *text)
{
	struct pg_decode_options options = { 0 };

	add_text(decoded, text);
	return pg_case_decode(&decoded->sources, decoded->source, &options, &decoded->diags,
			      &decoded->test);
}

/* The text that a location marks. */
static inline void assert_marks(const struct decoded *decoded, struct pg_loc loc, const char *text)
{
	const struct pg_source *source = pg_sources_get(&decoded->sources, loc);

	assert_non_null(source);
	assert_int_equal(loc.length, strlen(text));
	assert_memory_equal(source->text + loc.offset, text, loc.length);
}

#endif
