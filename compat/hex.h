/* SPDX-License-Identifier: GPL-2.0-only */
/* A SHA-256 as 64 lower-case hexadecimal digits. */
#ifndef PG_COMPAT_HEX_H
#define PG_COMPAT_HEX_H

#include <stdint.h>

#define PG_DIGEST_SIZE	   32
#define PG_DIGEST_TEXT_MAX (2 * PG_DIGEST_SIZE + 1)

void pg_digest_format(const uint8_t digest[PG_DIGEST_SIZE], char text[PG_DIGEST_TEXT_MAX]);

/* Reads the first 64 characters of `text`. -EINVAL: one of them is no such digit. */
int pg_digest_parse(const char *text, uint8_t ret_digest[PG_DIGEST_SIZE]);

#endif
