/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON text as a tree of values, each with the exact stretch of text that it stands in. jansson
 * decides what is JSON (RFC 8259: syntax, UTF-8, numbers); jsmn's tokens of the accepted text say
 * where everything is.
 */
#ifndef PG_FRONTEND_JSON_H
#define PG_FRONTEND_JSON_H

#include "policy/diag.h"

#define PG_JSON_DEPTH_MAX  64	      /* arrays and objects inside each other */
#define PG_JSON_VALUES_MAX (8u << 20) /* values of one text, keys included */

enum pg_json_kind {
	PG_JSON_NULL,
	PG_JSON_BOOLEAN,
	PG_JSON_INTEGER, /* no fraction, no exponent, fits 64 bits */
	PG_JSON_REAL,	 /* any other number */
	PG_JSON_STRING,
	PG_JSON_ARRAY,
	PG_JSON_OBJECT,
	PG_JSON_KINDS,
};

/*
 * Values lie in one array in the order of the text: what is inside a value follows it directly.
 * Walk them with pg_json_foreach().
 */
struct pg_json_value {
	enum pg_json_kind kind;
	struct pg_loc
		loc; /* a string's has its quotes, an array's and an object's their brackets */
	union {
		bool boolean;
		int64_t integer;
		const char *string; /* decoded: UTF-8 without NUL, and a NUL behind it */
	};
	uint32_t length; /* STRING: bytes */
	uint32_t count;	 /* ARRAY, OBJECT: elements or members */
	uint32_t size;	 /* values from this one to its next sibling: 1 and all that is inside */
	uint32_t
		first; /* of a member whose key was there before: so far back is the first; 0: none */
	const char *key; /* of an object's member, decoded; NULL: not a member */
	uint32_t key_length;
	struct pg_loc key_loc; /* with its quotes */
};

/* Owns what its values point to, but for the text itself. */
struct pg_json {
	struct pg_json_value *values; /* the first is the root */
	size_t count;
	char *strings;
	bool documents; /* the root is no value of the text, but the list of its documents */
};

void pg_json_done(struct pg_json *json);
#define _cleanup_json_ PG_CLEANUP(pg_json_done)

/*
 * Parses one source. Takes time in proportion to its length (sorting keys: n log n). -EINVAL: the
 * error in `diags` says where and what; a text over a limit above is one too. -ENOMEM.
 * Duplicate keys are no error here, but marked: see `first`.
 */
int pg_json_load(const struct pg_sources *sources, uint32_t source, struct pg_diags *diags,
		 struct pg_json *ret_json);

/* The elements of an array or the members of an object; nothing for other kinds. */
#define pg_json_foreach(child, parent)                                                            \
	for (const struct pg_json_value *child = (parent) + 1, *end_ = (parent) + (parent)->size; \
	     child < end_; child += child->size)

/* The member, its first if there are several; NULL: none. Linear. */
const struct pg_json_value *pg_json_member(const struct pg_json_value *object, const char *key);

/* "a string", "an object", ... */
const char *pg_json_kind_name(enum pg_json_kind kind);

/* Where an array or object opens: what to point at when something is missing in it. */
struct pg_loc pg_json_opening(const struct pg_json_value *value);

#endif
