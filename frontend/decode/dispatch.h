/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoding by table: one row a field. One loop finds what is unknown, given twice, of the wrong
 * type, not supported or missing, each at its place; what is left for the handlers is meaning.
 * (The idea is systemd's, JsonDispatch in its shared/json.h.)
 */
#ifndef PG_FRONTEND_DISPATCH_H
#define PG_FRONTEND_DISPATCH_H

#include "frontend/decode/json.h"

/*
 * What becomes, with --lenient, of what polgen doesn't know or support. Whatever it is, nothing more
 * is allowed than if polgen knew it.
 */
enum pg_slack {
	PG_SLACK_IGNORE,    /* it is ignored, unless it may be essential */
	PG_SLACK_LEAVE_OUT, /* what is being decoded allows something, and is left out as a whole */
	PG_SLACK_NONE,	    /* an error: without it more would be allowed */
};

/*
 * What every handler has at hand. Handlers report what the operator did wrong to `diags` and go on:
 * they return 0 then, too, and -ENOMEM when nothing more can be done.
 */
struct pg_decoder {
	struct pg_diags *diags;
	bool lenient;
	enum pg_slack slack;
	bool leave_out; /* LEAVE_OUT: there was something */
	bool nulls;	/* in a Kubernetes object: a field that is null is one that isn't there */
};

/* Sets of kinds. */
#define PG_KIND(kind) (1u << (kind))
#define PG_STRING     PG_KIND(PG_JSON_STRING)
#define PG_INTEGER    PG_KIND(PG_JSON_INTEGER)
#define PG_BOOLEAN    PG_KIND(PG_JSON_BOOLEAN)
#define PG_ARRAY      PG_KIND(PG_JSON_ARRAY)
#define PG_OBJECT     PG_KIND(PG_JSON_OBJECT)

typedef int pg_field_fn(struct pg_decoder *decoder, const struct pg_json_value *value,
			void *member);

/* A row of a table. Write it with one of the macros below. */
struct pg_field {
	const char *name;
	unsigned int kinds;  /* of the value; 0: any */
	pg_field_fn *decode; /* its `member` is the target's address plus `offset` */
	size_t offset;
	bool required;
	bool unsupported;    /* the language has it, polgen doesn't: an error */
	bool harmless;	     /* not supported, but nothing more is allowed without it */
	bool essential;	     /* without it more may be allowed: its misspellings are no warnings */
	unsigned int former; /* kinds that the language once had here: not supported */
	bool null_is_empty;  /* where nulls may be: required, but null is as good as empty */
	bool null_is_usual;  /* nothing follows from the field, nor from a null: no warning */
	const char *without; /* what a null would allow that its writer may not have meant */
	const char *alias;   /* another spelling that is accepted */
	const char *instead; /* not a field here at all, but this one is, and surely meant */
};

/* Further members may follow: PG_FIELD("port", PG_STRING, decode_port, 0, .required = true) */
#define PG_FIELD(name_, kinds_, decode_, offset_, ...)                                            \
	{                                                                                         \
		.name = name_, .kinds = kinds_, .decode = decode_, .offset = offset_, __VA_ARGS__ \
	}
#define PG_UNSUPPORTED(name_, ...)                              \
	{                                                       \
		.name = name_, .unsupported = true, __VA_ARGS__ \
	}
#define PG_MISPLACED(name_, instead_)              \
	{                                          \
		.name = name_, .instead = instead_ \
	}

#define PG_FIELDS_MAX 32 /* rows of one table */

/* Decodes one object. `target` is what the offsets count from. */
int pg_decode_fields(struct pg_decoder *decoder, const struct pg_json_value *object,
		     const struct pg_field *fields, size_t count, void *target);

/* Calls `decode` for each element that is one of `kinds`; the others are errors. */
int pg_decode_elements(struct pg_decoder *decoder, const struct pg_json_value *array,
		       unsigned int kinds, pg_field_fn *decode, void *target);

/*
 * For objects whose keys are the operator's own: calls `decode` for each member that is one of
 * `kinds`; a key that was there before is an error.
 */
int pg_decode_members(struct pg_decoder *decoder, const struct pg_json_value *object,
		      unsigned int kinds, pg_field_fn *decode, void *target);

/* Handlers. `member` is a char *, set to a copy; a bool; or a const struct pg_json_value *. */
pg_field_fn pg_decode_string, pg_decode_boolean, pg_decode_keep;

/*
 * Calls `decode` with this slack; the former one is there again afterwards.
 */
int pg_decode_with_slack(struct pg_decoder *decoder, enum pg_slack slack,
			 const struct pg_json_value *value, pg_field_fn *decode, void *member);

/*
 * An error, or where what it is in is left out a warning: polgen doesn't support this. What comes
 * in through %s must be escaped.
 */
void pg_decode_unsupported(struct pg_decoder *decoder, struct pg_loc loc, const char *format, ...)
	PG_PRINTF(3, 4);

/* False, and an error: the value isn't one of `kinds`. `what` names it: "'port'". */
bool pg_decode_expect(struct pg_decoder *decoder, const struct pg_json_value *value,
		      unsigned int kinds, const char *what);

/*
 * An error: the string `value` is none of the words that `noun` ("operator") has. Says which one is
 * near, or else all of them.
 */
void pg_decode_unknown_word(struct pg_decoder *decoder, const struct pg_json_value *value,
			    const char *noun, const char *const *words, size_t count);

#endif
