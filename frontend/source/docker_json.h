/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading an answer of the Engine's: members by name, with their types checked. */
#ifndef PG_FRONTEND_DOCKER_JSON_H
#define PG_FRONTEND_DOCKER_JSON_H

#include <jansson.h>

#include "frontend/quote.h"
#include "policy/diag.h"

/* An answer that is being read, and what it is about, for messages. */
struct pg_answer {
	struct pg_diags *diags;
	const char *about;
	const char *name; /* of what it is about; NULL: it has none, or it isn't known yet */
};

void pg_answer_json_cleanup(json_t **value);
#define _cleanup_json_ PG_CLEANUP(pg_answer_json_cleanup)

/* Says what is wrong with the answer. -EBADMSG, or -ENOMEM. */
int pg_answer_refuse(const struct pg_answer *answer, const char *format, ...) PG_PRINTF(2, 3);

/* JSON_TRUE stands for both booleans. `key` is for the message. */
int pg_answer_check(const struct pg_answer *answer, const char *key, const json_t *value,
		    json_type type);

/*
 * From bytes. NUL in a string is let through here, so that one label that has it spoils nothing but
 * itself; two members of one name are not.
 */
int pg_answer_load(const struct pg_answer *answer, const char *text, size_t length, json_type type,
		   json_t **ret_root);

/* The Engine writes null where it has nothing, or leaves the member out: NULL for both. Borrowed. */
int pg_answer_get(const struct pg_answer *answer, const json_t *object, const char *key,
		  json_type type, const json_t **ret_value);

/* A copy; "" where there is none. */
int pg_answer_get_text(const struct pg_answer *answer, const json_t *object, const char *key,
		       char **ret_text);

/* What stands in ids and in container names: [a-zA-Z0-9][a-zA-Z0-9_.-]* */
bool pg_answer_is_plain(const char *text, size_t limit);

/* "Id", plain: ids become parts of paths that are asked for. */
int pg_answer_get_id(const struct pg_answer *answer, const json_t *object, char **ret_id);

#endif
