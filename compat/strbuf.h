/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that grows. A zeroed struct is an empty buffer. Running out of memory is remembered rather
 * than returned from every call: write as much as you like, then ask pg_strbuf_error() once.
 */
#ifndef PG_COMPAT_STRBUF_H
#define PG_COMPAT_STRBUF_H

#include <stdarg.h>

#include "compat/util.h"

struct pg_strbuf {
	char *text; /* NUL-terminated once something was written, NULL before */
	size_t length, capacity;
	bool failed;
};

void pg_strbuf_done(struct pg_strbuf *buf);
#define _cleanup_strbuf_ PG_CLEANUP(pg_strbuf_done)

void pg_strbuf_add(struct pg_strbuf *buf, const char *bytes, size_t length);
void pg_strbuf_puts(struct pg_strbuf *buf, const char *text);
void pg_strbuf_putc(struct pg_strbuf *buf, char c);
void pg_strbuf_printf(struct pg_strbuf *buf, const char *format, ...) PG_PRINTF(2, 3);
void pg_strbuf_vprintf(struct pg_strbuf *buf, const char *format, va_list args) PG_PRINTF(2, 0);

/*
 * Writes bytes so that a terminal and a log show them harmlessly: control characters, DEL, line
 * separators, characters that turn the direction of text, and bytes that are not UTF-8 become \n, \t
 * or \xHH. For everything that came from outside.
 */
void pg_strbuf_add_escaped(struct pg_strbuf *buf, const char *bytes, size_t length);

/* Writes a JSON string literal, quotes included; bytes that are not UTF-8 become U+FFFD. */
void pg_strbuf_add_json(struct pg_strbuf *buf, const char *bytes, size_t length);

/*
 * The length of the UTF-8 sequence at `text` (RFC 3629, section 4), 0 when none is there or it
 * goes on past `available` bytes.
 */
size_t pg_utf8_length(const void *text, size_t available);

/* 0, or -ENOMEM when any write was lost. */
int pg_strbuf_error(const struct pg_strbuf *buf);

/* The text, never NULL while no write failed; the caller frees it. NULL: out of memory. */
char *pg_strbuf_take(struct pg_strbuf *buf);

#endif
