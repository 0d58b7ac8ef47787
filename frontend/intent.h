/* SPDX-License-Identifier: GPL-2.0-only */
/* Everything between decoded input and a backend: identities, verdict table, digest, rule names. */
#ifndef PG_FRONTEND_INTENT_H
#define PG_FRONTEND_INTENT_H

#include "backends/backend.h"

struct pg_intent_options {
	enum pg_enforcement enforcement;
	enum pg_host_policy host_policy;
	enum pg_on_revoke on_revoke;
	enum pg_same_host same_host;
	const char *uplink; /* as in struct pg_intent */
	bool l4_only;	    /* HTTP rules are left out: their L4 part is allowed */
};

/* Owns what a pg_intent borrows. Policy, endpoints and sources are borrowed from the caller. */
struct pg_prepared {
	const struct pg_sources *sources;
	const struct pg_policy *policy;
	struct pg_identities identities;
	struct pg_verdict_table table;
	struct pg_intent intent;
};

void pg_prepared_done(struct pg_prepared *prepared);
#define _cleanup_prepared_ PG_CLEANUP(pg_prepared_done)

/*
 * Fills `prepared`, which must not move afterwards (the intent points into it). HTTP rules without
 * l4_only: -EOPNOTSUPP and a located error; with it, a warning at each says what is left out.
 */
int pg_prepare(const struct pg_sources *sources, const struct pg_policy *policy,
	       const struct pg_endpoints *endpoints, const struct pg_intent_options *options,
	       struct pg_diags *diags, struct pg_prepared *prepared);

/* "shop.json:12:7" made safe for rule comments; "default-deny" for PG_ORIGIN_NONE. */
void pg_rule_name(const struct pg_sources *sources, const struct pg_policy *policy,
		  struct pg_origin origin, char name[PG_RULE_NAME_MAX]);

#endif
