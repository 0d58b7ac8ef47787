// SPDX-License-Identifier: GPL-2.0-only
#include "compat/errtext.h"

#include <ctype.h>

const char *pg_errtext(int error, char text[PG_ERRTEXT_MAX])
{
	const char *known = strerrordesc_np(abs(error));

	if (known)
		snprintf(text, PG_ERRTEXT_MAX, "%s", known);
	else
		snprintf(text, PG_ERRTEXT_MAX, "error %d", abs(error));
	/* "RFS specific error" keeps its capitals. */
	if (isupper((unsigned char)text[0]) && !isupper((unsigned char)text[1]))
		text[0] = (char)tolower((unsigned char)text[0]);
	return text;
}
