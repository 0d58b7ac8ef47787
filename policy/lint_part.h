/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of pg_lint(), for each other. */
#ifndef PG_POLICY_LINT_PART_H
#define PG_POLICY_LINT_PART_H

#include "policy/lint.h"

/* What all parts look at. */
struct pg_linter {
	const struct pg_policy *policy;
	const struct pg_endpoints *endpoints;
	const struct pg_identities *identities;
	const struct pg_evaluation_options *options;
	uint32_t *duplicate_of; /* by index of the rule: the number of an equal earlier one, or 0 */
	struct pg_findings findings;
};

/* A zeroed finding at the end. NULL: out of memory. */
struct pg_finding *pg_lint_add(struct pg_linter *linter, enum pg_finding_kind kind,
			       struct pg_loc loc, struct pg_origin origin);

/* Rules and their selectors: whom they select, what they close. -ENOMEM. */
int pg_lint_rules(struct pg_linter *linter);
/* Peers, ports and requirements of each entry for itself. -ENOMEM. */
int pg_lint_peers(struct pg_linter *linter);
/* Entries held against each other. -E2BIG, -ENOMEM. */
int pg_lint_entries(struct pg_linter *linter);

/* Whether no labels at all can meet the selector. Not looked for in one of thousands of values. */
bool pg_lint_is_impossible(const struct pg_selector *selector);

#endif
