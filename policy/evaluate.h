/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict of any flow, from the rules alone: what the policy means, written as plainly as can
 * be and without the verdict table. The oracle that every backend is tested against, and what
 * `explain` prints.
 */
#ifndef PG_POLICY_EVALUATE_H
#define PG_POLICY_EVALUATE_H

#include "policy/identity.h"

struct pg_http_request {
	const char *method, *path, *host; /* NULL: "" */
	const struct pg_http_header *headers;
	size_t header_count;
};

struct pg_http_header {
	const char *name, *value;
};

/* One end of a flow. */
struct pg_party {
	pg_identity id;
	struct pg_addr addr; /* for CIDR peers; family 0: not known (matches none) */
};

struct pg_flow {
	struct pg_party src, dst;
	pg_proto proto;
	uint16_t dport; /* host order; ICMP: the message type (8: echo request) */
	const struct pg_http_request *http; /* NULL: judged at L4 only */
};

struct pg_evaluation_options {
	enum pg_enforcement enforcement;
	enum pg_host_policy host_policy;
};

/* Why one side says what it says. */
enum pg_reason {
	PG_REASON_NOT_MANAGED,	/* this end is no endpoint: nothing to judge */
	PG_REASON_NOT_ENFORCED, /* the endpoint is open in this direction, no rule matched */
	PG_REASON_HOST_POLICY,	/* the host always gets in */
	PG_REASON_RULE,		/* a rule matched: `origin` */
	PG_REASON_DEFAULT_DENY, /* enforced, and no rule matched: `origin` closed it */
	PG_REASON_HTTP,		/* the connection is allowed, no HTTP rule allows the request */
	PG_REASONS,
};

struct pg_judgement {
	enum pg_verdict verdict; /* ALLOW, REDIRECT (no request given) or DENY */
	enum pg_reason reason;
	struct pg_origin origin;
};

struct pg_evaluation {
	enum pg_verdict verdict; /* of both sides: the greater one */
	bool http_403;		 /* the connection opens, the request is answered 403 */
	struct pg_judgement side[PG_DIRECTIONS];
};

/*
 * A flow from an endpoint to itself (one identity, one known address) never leaves it and is allowed.
 * -ENOMEM; -EINVAL: an id that `identities` lacks; -EDOM: an HTTP regular expression ran into its
 * match limit (fails closed).
 */
int pg_evaluate(const struct pg_policy *policy, const struct pg_identities *identities,
		const struct pg_flow *flow, const struct pg_evaluation_options *options,
		struct pg_evaluation *ret_evaluation);

const char *pg_reason_name(enum pg_reason reason);

#endif
