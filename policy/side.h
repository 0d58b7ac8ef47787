/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One side of a flow: may the subject, in this direction, have this with the peer? What one rule and
 * one entry say of it. The evaluator (evaluate.c) asks them for a verdict, and the reasoning
 * (reasoning.c) writes down what they answered.
 */
#ifndef PG_POLICY_SIDE_H
#define PG_POLICY_SIDE_H

#include "policy/evaluate.h"

/* Everything is borrowed. */
struct pg_side {
	const struct pg_policy *policy;
	const struct pg_flow *flow;
	enum pg_direction direction;
	const struct pg_identity_info *subject, *peer;
	struct pg_addr peer_addr;
	/* The first entry whose fromRequires the peer doesn't meet; rule 0: none. [1]: of the denies. */
	struct pg_origin unmet[2];
};

/* How an entry's peers fare. */
enum pg_peer_match {
	PG_PEER_OTHER,	 /* the peer is none of those that it names */
	PG_PEER_NOBODY,	 /* its list is empty */
	PG_PEER_LACKS,	 /* the peer doesn't meet what the entry requires */
	PG_PEER_UNMET,	 /* the peer is selected, and doesn't meet what another entry requires */
	PG_PEER_MATCHES, /* the peer is one of them */
	PG_PEER_ANYBODY, /* it names none: anybody is */
	PG_PEER_MATCH_COUNT,
};

/* How its ports fare. */
enum pg_port_match {
	PG_PORT_OTHER,	 /* of this protocol it has other ports, or message types */
	PG_PORT_PROTO,	 /* it has other protocols only */
	PG_PORT_NONE,	 /* its list is empty */
	PG_PORT_NOTHING, /* it has neither ports nor peers, and so it speaks of nothing */
	PG_PORT_MATCHES,
	PG_PORT_EVERY, /* it has no ports: every protocol */
	PG_PORT_MATCH_COUNT,
};

/* What an entry says of a flow. */
struct pg_answer {
	enum pg_verdict verdict; /* NONE unless both match */
	enum pg_peer_match peer;
	enum pg_port_match port;
	const struct pg_selector *selector; /* peer MATCHES: by this; neither: by an entity */
	const struct pg_cidr *cidr;
	const struct pg_l4 *l4; /* port MATCHES: the one that counts */
};

/* False: one end has an identity that `identities` lacks. */
bool pg_side_make(const struct pg_policy *policy, const struct pg_identities *identities,
		  const struct pg_flow *flow, enum pg_direction direction,
		  struct pg_side *ret_side);

/* Whether the subject is an endpoint, and so judged at all. */
bool pg_side_is_managed(const struct pg_side *side);
/* Whether nothing of the policy counts, and why. */
bool pg_side_is_exempt(const struct pg_side *side, const struct pg_evaluation_options *options,
		       enum pg_reason *ret_reason);
/* Identities are shared: only an address says that both ends are one endpoint. */
bool pg_side_is_to_itself(const struct pg_side *side);

bool pg_side_selects(const struct pg_side *side, const struct pg_rule *rule);

/* Of an entry of a rule that selects the subject. One of the other direction answers NONE. */
struct pg_answer pg_side_ask(const struct pg_side *side, const struct pg_entry *entry);

/* 1: a list of the entry allows the request; 0; or an error, as of pg_http_list_allows(). */
int pg_side_ask_http(const struct pg_side *side, const struct pg_entry *entry);

#endif
