// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/source/names.h"

#include "frontend/quote.h"

void pg_names_done(struct pg_names *names)
{
	pg_strbuf_done(&names->text);
	names->count = 0;
}

void pg_names_add(struct pg_names *names, const char *name)
{
	if (names->count++ < PG_NAMES_SHOWN)
		pg_strbuf_printf(&names->text, "%s'%s'", names->text.length ? ", " : "",
				 pg_quote(name, strlen(name)).text);
}

char *pg_names_format(const struct pg_names *names)
{
	const char *text = names->text.text ? names->text.text : "";
	char *line = NULL;
	int length;

	if (pg_strbuf_error(&names->text) < 0)
		return NULL;
	if (names->count <= PG_NAMES_SHOWN)
		return strdup(text);
	length = asprintf(&line, "%s and %zu more", text, names->count - PG_NAMES_SHOWN);
	return length < 0 ? NULL : line;
}
