/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small random worlds that use the whole language, so that what should be the same can be compared.
 * The same seed makes the same world everywhere.
 */
#ifndef PG_TESTS_UNIT_POLICY_UNIVERSE_H
#define PG_TESTS_UNIT_POLICY_UNIVERSE_H

#include "tests/unit/policy/build.h"

#include "policy/classify.h"
#include "policy/evaluate.h"

struct universe {
	uint64_t seed, random;
	uint64_t before_policy; /* `random` when the policy was begun */
	bool dense;
	struct pg_endpoints endpoints;
	struct pg_policy policy;
	struct pg_policy other; /* universe_make_other()'s */
	struct pg_identities identities;
	enum pg_enforcement mode;
	struct pg_verdict_table table;
	struct pg_classes classes;
	struct pg_array(struct pg_party) parties; /* endpoints, host, remote node, world */
	struct pg_array(uint16_t)
		ports; /* sorted: where some rule's range begins or ends, and next to it */
};

void universe_make(struct universe *universe, uint64_t seed);
/* One whose rules have more to do with each other: most select somebody, and often the same. */
void universe_make_dense(struct universe *universe, uint64_t seed);
/*
 * A second policy for the endpoints of a universe, the first one with a few changes or another one. Its
 * ports are added to the universe's.
 */
void universe_make_other(struct universe *universe);
/* One more endpoint "eI", with addresses of its own, or rule, for a list outside of the universe. */
void universe_add_endpoint(struct universe *universe, struct pg_endpoints *endpoints, uint32_t i);
void universe_add_rule(struct universe *universe, struct pg_policy *policy);
void universe_done(struct universe *universe);

/* splitmix64 (Steele, Lea, Flood 2014): a number below `limit`. */
uint32_t universe_random(struct universe *universe, uint32_t limit);

#endif
