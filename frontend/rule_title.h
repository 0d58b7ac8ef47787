/* SPDX-License-Identifier: GPL-2.0-only */
/* How rules are called to people: by their place, and by what the operator calls them. */
#ifndef PG_FRONTEND_RULE_TITLE_H
#define PG_FRONTEND_RULE_TITLE_H

#include "compat/strbuf.h"
#include "policy/rule.h"

/* "shop.json:12:7", of an entry or a rule; nothing where no rule has a say. Escaped. */
void pg_rule_place(const struct pg_sources *sources, const struct pg_policy *policy,
		   struct pg_origin origin, struct pg_strbuf *buf);

/*
 * What the rule is called: an object's "namespace/name"; else its label `name`; else its labels.
 * Nothing if it has none. Escaped, and cut where it is long.
 */
void pg_rule_own_name(const struct pg_rule *rule, struct pg_strbuf *buf);

/* Both: "shop.json:12:7 (allow-web)". */
void pg_rule_title(const struct pg_sources *sources, const struct pg_policy *policy,
		   struct pg_origin origin, struct pg_strbuf *buf);

#endif
