// SPDX-License-Identifier: GPL-2.0-only
#include "compat/hex.h"

#include "compat/util.h"

void pg_digest_format(const uint8_t digest[PG_DIGEST_SIZE], char text[PG_DIGEST_TEXT_MAX])
{
	for (size_t i = 0; i < PG_DIGEST_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

static int parse_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int pg_digest_parse(const char *text, uint8_t ret_digest[PG_DIGEST_SIZE])
{
	uint8_t digest[PG_DIGEST_SIZE];

	for (size_t i = 0; i < PG_DIGEST_SIZE; i++) {
		int high = parse_digit(text[2 * i]);
		int low = high < 0 ? -1 : parse_digit(text[2 * i + 1]);

		if (low < 0)
			return -EINVAL;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(ret_digest, digest, sizeof(digest));
	return 0;
}
