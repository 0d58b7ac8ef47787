// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/quote.h"

#include "compat/strbuf.h"

/* At most PG_QUOTE_MAX of the bytes, and no character of them halved. */
static size_t shown(const char *bytes, size_t length)
{
	size_t at = 0;

	if (length <= PG_QUOTE_MAX)
		return length;
	for (;;) {
		size_t step = PG_MAX(pg_utf8_length(bytes + at, length - at), (size_t)1);

		if (at + step > PG_QUOTE_MAX)
			return at;
		at += step;
	}
}

struct pg_quoted pg_quote(const char *bytes, size_t length)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	struct pg_quoted quoted = { 0 };
	size_t part = shown(bytes, length);

	pg_strbuf_add_escaped(&buf, bytes, part);
	snprintf(quoted.text, sizeof(quoted.text), "%s%s", buf.text && !buf.failed ? buf.text : "",
		 part < length ? "..." : "");
	return quoted;
}
