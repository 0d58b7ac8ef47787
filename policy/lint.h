/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is odd about a policy that is valid: rules and entries that do nothing on these endpoints. Each
 * finding holds; what needs several entries that only together do what another does may go unfound.
 */
#ifndef PG_POLICY_LINT_H
#define PG_POLICY_LINT_H

#include "policy/evaluate.h"

enum pg_finding_kind {
	PG_FINDING_NO_SUBJECT,	 /* `selector` of a rule: it selects no endpoint */
	PG_FINDING_SAYS_NOTHING, /* a rule without entries that closes nothing */
	PG_FINDING_DUPLICATE,	 /* the rule `other` says the same */
	PG_FINDING_CLOSES,	 /* `endpoints` are open in `direction` but for this rule */
	PG_FINDING_IMPOSSIBLE,	 /* `selector`, of a rule or a peer: no labels can meet it */
	PG_FINDING_NO_PEER,	/* `selector` or `cidr`, or all peers of the entry: nobody is one */
	PG_FINDING_EMPTY_PEERS, /* a peer field is there, and empty */
	PG_FINDING_EMPTY_PORTS, /* toPorts is there, without any port */
	PG_FINDING_UNMET,	/* nobody meets what the entry requires of its peers */
	PG_FINDING_SHADOWED, /* without the entry, others (`other`) say the same of all its flows */
	PG_FINDING_DENIED,   /* all that the entry allows is denied, by `other` */
	PG_FINDING_PARTLY_DENIED, /* some of it is */
	PG_FINDING_OPEN,	  /* what the entry allows is open anyway */
	PG_FINDING_HOST,	  /* the entry speaks of the host, which always gets in */
	PG_FINDINGS,
};

struct pg_finding {
	enum pg_finding_kind kind;
	struct pg_loc loc;
	struct pg_origin origin; /* the rule, and the entry unless it is about the rule */
	struct pg_origin other;	 /* NONE: nothing else has a part in it */
	bool several;		 /* `other` is one of several that do it together */
	enum pg_direction direction;
	const struct pg_selector *selector; /* NULL: none. Both are the policy's */
	const struct pg_cidr *cidr;
	struct pg_array(uint32_t) endpoints; /* indexes into pg_endpoints.list, ascending */
};

struct pg_findings {
	struct pg_array(struct pg_finding) list; /* by place, then kind */
};

void pg_findings_done(struct pg_findings *findings);
#define _cleanup_findings_ PG_CLEANUP(pg_findings_done)

/*
 * Whether it is a mistake, most probably. The others are worth to know of: an exception that a deny
 * makes, endpoints that a rule closes, an entry that waits for them to be closed, or for the host to be
 * judged.
 */
bool pg_finding_is_mistake(const struct pg_finding *finding, const struct pg_policy *policy);

/* "no-subject", "shadowed", ... */
const char *pg_finding_name(enum pg_finding_kind kind);

/*
 * Removing all entries that are shadowed, denied, open or the host's (PG_FINDING_HOST) at once changes
 * no verdict, and removing all duplicates doesn't either. Mode `never` has nothing of these four, nor of
 * _CLOSES. -E2BIG: see pg_resolve(). -ENOMEM.
 */
int pg_lint(const struct pg_policy *policy, const struct pg_endpoints *endpoints,
	    const struct pg_identities *identities, const struct pg_evaluation_options *options,
	    struct pg_findings *ret_findings);

#endif
