/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the verdict of a flow comes about: what each rule and each entry that has to do with it says,
 * in the policy's order. What follows from them, the precedence of deny over allow over redirect, is
 * in policy/types.h; the verdict itself is pg_evaluate()'s.
 */
#ifndef PG_POLICY_REASONING_H
#define PG_POLICY_REASONING_H

#include "policy/side.h"

/* A rule that selects the subject (origin.entry 0), or an entry of it in this direction. */
struct pg_reason_step {
	struct pg_origin origin;
	/* of a rule */
	bool closes;	  /* the subject, in this direction */
	uint32_t entries; /* in this direction; as many steps follow */
	/* of an entry */
	struct pg_answer answer;
	struct pg_origin unmet; /* peer UNMET: the entry whose requirement it is */
	bool http_asked;	/* the flow is a request, and the entry has HTTP rules for it */
	bool http_allows;
};

struct pg_reasoning_side {
	bool exempt; /* no rule was asked; the judgement's reason says why */
	struct pg_array(struct pg_reason_step) steps;
};

struct pg_reasoning {
	struct pg_evaluation evaluation;
	bool to_itself; /* both ends are one endpoint */
	struct pg_reasoning_side side[PG_DIRECTIONS];
};

void pg_reasoning_done(struct pg_reasoning *reasoning);
#define _cleanup_reasoning_ PG_CLEANUP(pg_reasoning_done)

/* Points into the policy. Errors as pg_evaluate() has them. */
int pg_reasoning_make(const struct pg_policy *policy, const struct pg_identities *identities,
		      const struct pg_flow *flow, const struct pg_evaluation_options *options,
		      struct pg_reasoning *ret_reasoning);

/* The step that a side's verdict comes from; NULL: it comes from none. */
const struct pg_reason_step *pg_reasoning_deciding(const struct pg_reasoning *reasoning,
						   enum pg_direction direction);

/* "other", "lacks", ... and "port", "protocol", ...: for programs. */
const char *pg_peer_match_name(enum pg_peer_match match);
const char *pg_port_match_name(enum pg_port_match match);

#endif
