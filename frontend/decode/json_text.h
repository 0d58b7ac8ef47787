/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON as mere words, whether it is valid or not: for limits, and for the places of errors. */
#ifndef PG_FRONTEND_JSON_TEXT_H
#define PG_FRONTEND_JSON_TEXT_H

#include "policy/diag.h"

#include <jansson.h>

/* A bracket, colon or comma; a string with its quotes; or what lies between such and blanks. */
struct pg_json_word {
	size_t start, length;
};

/*
 * The next word at or after `at`. False: there is none. A string ends at its closing quote, or
 * before the end of the line or text that comes first.
 */
bool pg_json_next_word(const struct pg_source *text, size_t at, struct pg_json_word *ret_word);

/* 0, or -EINVAL and a located error when the text is over PG_JSON_DEPTH_MAX or _VALUES_MAX. */
int pg_json_check_limits(const struct pg_source *text, uint32_t source, struct pg_diags *diags);

/* Says in our words, and at the word that is to blame, what jansson found wrong. */
void pg_json_explain(const struct pg_source *text, uint32_t source, const json_error_t *error,
		     struct pg_diags *diags);

#endif
