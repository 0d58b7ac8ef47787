/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy and its endpoints, resolved and kept so: one container or one rule more or less costs what
 * it changes and not what there is. After any changes the result is the same, byte for byte, as
 * pg_identities_make() and pg_resolve() make of what is there then.
 *
 *	pg_engine_new()			everything that is there at first
 *	pg_engine_add_..., _remove_...	changes, as many as belong together
 *	pg_engine_settle()		what became of them: two small worlds, before and after
 *
 * Costs. An endpoint of a known label set: its addresses. A rule: the peers it names, once for each
 * subject it selects, and the rows of those subjects (they are merged). A new label set or CIDR: the
 * rules that select it, or have it as a peer, and the rows of their subjects. Where a CIDR covers others,
 * those are made anew, since it becomes a label of theirs; subjects to which fromRequires applies are
 * made anew as a whole with each new identity.
 *
 * A change that is refused (-EEXIST, -ENOENT, -EINVAL) changes nothing. After -ENOMEM and -E2BIG the
 * engine is broken: each call returns the same until it is freed.
 */
#ifndef PG_POLICY_ENGINE_H
#define PG_POLICY_ENGINE_H

#include "policy/resolve.h"

struct pg_engine;

struct pg_engine_options {
	enum pg_enforcement mode;
	bool l4_only; /* HTTP rules allow their ports: no PG_VERDICT_REDIRECT */
};

/*
 * Part of a world, or all of it. Rules and endpoints belong to the engine and live until its next
 * change; only the lists are the view's own.
 */
struct pg_view {
	struct pg_policy policy; /* what origins and pg_policy_loc() speak of */
	struct pg_endpoints endpoints;
	struct pg_identities identities;
	struct pg_verdict_table table;
};

/*
 * What changed, each side only as large as that: whatever is planned from `after` and not from
 * `before` is to be added, and the other way round. There may be more in both than what changed, but
 * a subject always has all of its rows. The policy has just the rules that are spoken of, in their
 * order, and identities.list is empty.
 */
struct pg_delta {
	struct pg_view before, after;
};

void pg_view_done(struct pg_view *view);
#define _cleanup_view_ PG_CLEANUP(pg_view_done)
void pg_delta_done(struct pg_delta *delta);
#define _cleanup_delta_ PG_CLEANUP(pg_delta_done)

/*
 * Takes the endpoints (pg_endpoints_finish() ran) and the rules out of both; what is left in them is
 * the caller's. -E2BIG: as pg_identities_make() and pg_resolve(). -ENOMEM.
 */
int pg_engine_new(const struct pg_engine_options *options, struct pg_endpoints *endpoints,
		  struct pg_policy *policy, struct pg_engine **ret_engine);
void pg_engine_free(struct pg_engine *engine); /* accepts NULL */
static inline void pg_engine_cleanup(struct pg_engine **engine)
{
	pg_engine_free(*engine);
}
#define _cleanup_engine_ PG_CLEANUP(pg_engine_cleanup)

/*
 * Takes an endpoint, whose labels are sorted. -EEXIST: its name or an address is somebody's.
 * -EINVAL: it has no address.
 */
int pg_engine_add_endpoint(struct pg_engine *engine, struct pg_endpoint *endpoint);
int pg_engine_remove_endpoint(struct pg_engine *engine, const char *name); /* -ENOENT */

/* How many rules there are. */
size_t pg_engine_rules(const struct pg_engine *engine);
/* Takes a rule; it becomes number `at` + 1, and those behind it move on. -EINVAL: out of range. */
int pg_engine_add_rule(struct pg_engine *engine, size_t at, struct pg_rule *rule);
int pg_engine_remove_rule(struct pg_engine *engine, size_t at); /* -EINVAL: there is none */

/* What became of all changes since the last call. */
int pg_engine_settle(struct pg_engine *engine, struct pg_delta *ret_delta);

/* Everything as it is now: what would be made from scratch. Costs what there is. */
int pg_engine_view(struct pg_engine *engine, struct pg_view *ret_view);

#endif
