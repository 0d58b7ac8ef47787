/* SPDX-License-Identifier: GPL-2.0-only */
/* Intents for backends' tests, made of random worlds (tests/unit/policy/universe.h). */
#ifndef PG_TESTS_UNIT_BACKENDS_INTENT_H
#define PG_TESTS_UNIT_BACKENDS_INTENT_H

#include "tests/unit/policy/universe.h"

#include "backends/backend.h"

/* As universe_make(), with interfaces veth0, veth1, ... and redirects turned into allows. */
void intent_world(struct universe *universe, uint64_t seed);

/* A world of one's own: from endpoints and policy to the table. */
void intent_resolve(struct universe *universe);

/* It judges the host too. Rules are called "rule-1.1" and "default-deny". */
struct pg_intent intent_of(const struct universe *universe);
void intent_rule_name(const void *context, struct pg_origin origin, char name[PG_RULE_NAME_MAX]);

#endif
