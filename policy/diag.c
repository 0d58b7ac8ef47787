// SPDX-License-Identifier: GPL-2.0-only
/* The list of what is to be said to the operator. */
#include "policy/diag.h"

#include <stdarg.h>

void pg_diags_done(struct pg_diags *diags)
{
	pg_array_foreach(diag, &diags->list)
		free(diag->text);
	free(diags->list.items);
	*diags = (struct pg_diags){ 0 };
}

static void append(struct pg_diags *diags, enum pg_severity severity, struct pg_loc loc, char *text)
{
	struct pg_diag *diag = pg_array_add(&diags->list);

	if (!diag) {
		free(text);
		return;
	}
	*diag = (struct pg_diag){ .severity = severity, .loc = loc, .text = text };
}

void pg_diag_add(struct pg_diags *diags, enum pg_severity severity, struct pg_loc loc,
		 const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int length;

	diags->errors += severity == PG_ERROR;
	diags->warnings += severity == PG_WARNING;
	if (diags->list.count >= PG_DIAGS_MAX)
		return;
	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length >= 0)
		append(diags, severity, loc, text);
}
