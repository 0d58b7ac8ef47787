// SPDX-License-Identifier: GPL-2.0-only
#include "compat/hex.h"
#include "compat/util.h"
#include "tests/unit/unit.h"

static void test_text_reads_back(void **state)
{
	uint8_t digest[PG_DIGEST_SIZE], back[PG_DIGEST_SIZE] = { 0 };
	char text[PG_DIGEST_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(digest); i++)
		digest[i] = (uint8_t)(0xff - 8 * i);
	pg_digest_format(digest, text);
	assert_string_equal(text,
			    "fff7efe7dfd7cfc7bfb7afa79f978f877f776f675f574f473f372f271f170f07");
	assert_int_equal(pg_digest_parse(text, back), 0);
	assert_memory_equal(back, digest, sizeof(digest));
}

/* Comments that somebody else wrote: the end may come early, and nothing is read behind it. */
static void test_other_text_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"ff",
		"fff",
		"FFf7efe7dfd7cfc7bfb7afa79f978f877f776f675f574f473f372f271f170f07",
		"fff7efe7dfd7cfc7bfb7afa79f978f877f776f675f574f473f372f271f170f0 ",
		"fff7efe7dfd7cfc7bfb7afa79f978f877f776f675f574f473f372f271f170f0g",
	};
	uint8_t digest[PG_DIGEST_SIZE] = { 1 };

	(void)state;
	for (size_t i = 0; i < PG_COUNT(texts); i++) {
		char *text = strdup(texts[i]);

		assert_non_null(text);
		assert_int_equal(pg_digest_parse(text, digest), -EINVAL);
		assert_int_equal(digest[0], 1);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_reads_back),
		cmocka_unit_test(test_other_text_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
