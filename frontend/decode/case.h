/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy test: a policy, endpoints, flows, and the verdict that each flow must get. */
#ifndef PG_FRONTEND_CASE_H
#define PG_FRONTEND_CASE_H

#include "frontend/decode/decode.h"
#include "policy/evaluate.h"

enum pg_expectation {
	PG_EXPECT_ALLOW,
	PG_EXPECT_DENY,
	PG_EXPECT_HTTP_403,
	PG_EXPECTATIONS,
};

const char *pg_expectation_name(enum pg_expectation expectation); /* "allow", "deny", "http-403" */

enum pg_party_kind {
	PG_PARTY_ENDPOINT,
	PG_PARTY_HOST,
	PG_PARTY_ADDRESS,
	PG_PARTY_OUTSIDER, /* until pg_case_assign(), which makes addresses of them */
};

/* One end of a case's flow: an endpoint, the host, or an address of another node or the world. */
struct pg_case_party {
	char *text; /* as written: "app1", "ip:8.8.8.8" */
	enum pg_party_kind kind;
	size_t endpoint; /* ENDPOINT, OUTSIDER: index into case.endpoints.list, .outsiders.list */
	struct pg_addr addr; /* ADDRESS; and what is written as "ip:..."; else of family 0 */
};

struct pg_case_header {
	char *name, *value;
};

struct pg_case_http {
	char *method, *path, *host; /* NULL: not given */
	struct pg_array(struct pg_case_header) headers;
};

struct pg_case_flow {
	struct pg_case_party src, dst;
	uint8_t family; /* 4 or 6 */
	pg_proto proto;
	uint16_t dport; /* ICMP, ICMPV6: 8, 128: the echo request */
	bool has_http;
	struct pg_case_http http;
	enum pg_expectation expect;
	struct pg_loc loc;
};

struct pg_case {
	char *id, *note; /* note: NULL if absent */
	enum pg_enforcement enforcement;
	enum pg_host_policy host_policy;
	struct pg_policy policy;
	/* The policy is in this file (relative to the case's folder) and for the caller to decode
	 * into `policy`; NULL: it was in the case. */
	char *policy_file;
	struct pg_loc policy_loc;
	struct pg_endpoints
		endpoints; /* without the host; all addresses are there after _assign() */
	/* What nothing is enforced on and has a name: labelled reserved:remote-node= or
	 * reserved:world=. Their list alone is used. */
	struct pg_endpoints outsiders;
	bool has_host;	 /* an endpoint labelled reserved:host= was there */
	char *host_name; /* its name; NULL without */
	struct pg_array(struct pg_case_flow) flows;
};

void pg_case_done(struct pg_case *test);
#define _cleanup_case_ PG_CLEANUP(pg_case_done)

/*
 * Decodes a case, policy included. The host is dst or src of a flow by the name of the endpoint that
 * is labelled `reserved:host=`; its addresses are `_host_ips`. 0, -EINVAL (diags), -ENOMEM.
 */
int pg_case_decode(const struct pg_sources *sources, uint32_t source,
		   const struct pg_decode_options *options, struct pg_diags *diags,
		   struct pg_case *ret_case);

/*
 * Gives addresses to endpoints: of a family that a flow of theirs has and they lack, and IPv4 to those
 * that have none; to the host one of each family that an endpoint has; and to outsiders of the
 * families of their flows. None is one that the case names. What other nodes have are
 * endpoints.remote_node_addrs then. Calls pg_endpoints_finish() at last. -EINVAL (diags), -ENOSPC,
 * -ENOMEM.
 */
int pg_case_assign(struct pg_case *test, struct pg_diags *diags);

/* The address that a party takes part in a flow with, once all are assigned. */
struct pg_addr pg_case_party_addr(const struct pg_case *test, const struct pg_case_party *party,
				  uint8_t family);

#endif
