/* SPDX-License-Identifier: GPL-2.0-only */
/* Which label sets a selector selects: the AND of its requirements. */
#ifndef PG_POLICY_SELECTOR_H
#define PG_POLICY_SELECTOR_H

#include "policy/label.h"
#include "policy/loc.h"

enum pg_operator {
	PG_OP_IN,     /* present and one of the values; matchLabels is In with one value */
	PG_OP_NOT_IN, /* absent, or none of the values */
	PG_OP_EXISTS,
	PG_OP_DOES_NOT_EXIST,
	PG_OPERATORS,
};

const char *pg_operator_name(enum pg_operator op);		   /* "In", "NotIn", ... */
int pg_operator_parse(const char *text, enum pg_operator *ret_op); /* exact case; -EINVAL */

struct pg_requirement {
	char *source; /* NULL: a label of any source */
	char *key;
	enum pg_operator op;
	struct pg_array(char *) values; /* In: at least one; Exists, DoesNotExist: none */
	struct pg_loc loc;
};

/* No requirement: selects everything. */
struct pg_selector {
	struct pg_array(struct pg_requirement) requirements;
	struct pg_loc loc;
};

void pg_selector_done(struct pg_selector *selector);

/*
 * Splits a selector's key: "src:key" is that source, "any:key" and "key" any source, "$x" is
 * "reserved:x". -EINVAL: empty source or key. Both strings are the caller's; source may be NULL.
 */
int pg_selector_key_parse(const char *text, char **ret_source, char **ret_key);

bool pg_selector_is_wildcard(const struct pg_selector *selector);

/*
 * With key of any source, In and Exists ask whether some label fits; NotIn and DoesNotExist are
 * their negations. Labels must be sorted.
 */
bool pg_selector_matches(const struct pg_selector *selector, const struct pg_labels *labels);

/* "app=web,tier In (a,b)"; "{}" for the wildcard; escaped for people. */
void pg_selector_format(const struct pg_selector *selector, struct pg_strbuf *buf);

#endif
