/* SPDX-License-Identifier: GPL-2.0-only */
/* Text from outside as a message shows it: escaped, and cut where it is long. */
#ifndef PG_FRONTEND_QUOTE_H
#define PG_FRONTEND_QUOTE_H

#include "compat/util.h"

/* The most bytes of a foreign text that one message shows. */
#define PG_QUOTE_MAX 64

/* Room for PG_QUOTE_MAX bytes that all become \xHH, "..." and NUL. */
struct pg_quoted {
	char text[4 * PG_QUOTE_MAX + 4];
};

/* For `%s` in a message; the quotes themselves belong to the message. Never fails. */
struct pg_quoted pg_quote(const char *bytes, size_t length);

#endif
