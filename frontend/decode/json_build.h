/* SPDX-License-Identifier: GPL-2.0-only */
/* What the readers of JSON and of YAML share. */
#ifndef PG_FRONTEND_JSON_BUILD_H
#define PG_FRONTEND_JSON_BUILD_H

#include "frontend/decode/json.h"

/* Sets `first` of every member whose key was there before. Sorts each object's members once. */
int pg_json_mark_duplicates(struct pg_json *json);

/* False, and an error: the text begins with a byte order mark, or has a NUL byte in it. */
bool pg_json_check_bytes(const struct pg_source *text, uint32_t source, const char *language,
			 struct pg_diags *diags);

#endif
