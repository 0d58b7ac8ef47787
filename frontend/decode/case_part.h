/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the test case decoder, for each other. */
#ifndef PG_FRONTEND_CASE_PART_H
#define PG_FRONTEND_CASE_PART_H

#include "frontend/decode/case.h"
#include "frontend/decode/dispatch.h"

/* Unknown names that get a near one looked up: each costs a comparison with all endpoints. */
#define PG_CASE_SUGGESTIONS 20

/* An address and whose it is. */
struct pg_case_owner {
	struct pg_addr addr;
	enum pg_party_kind kind;
	size_t endpoint; /* as in struct pg_case_party */
};

/* Who is who in a case: by name (endpoints and outsiders are sorted by it), and by address. */
struct pg_case_names {
	struct pg_case *test;
	struct pg_array(const char *) names; /* of all endpoints, outsiders and the host */
	struct pg_array(struct pg_case_owner) owners;
	size_t suggested;
};

void pg_case_names_done(struct pg_case_names *names);
#define _cleanup_case_names_ PG_CLEANUP(pg_case_names_done)

/* -ENOMEM. The case's endpoints are complete but for their addresses. */
int pg_case_names_make(struct pg_case *test, struct pg_case_names *ret_names);
/* Once they have those. Outsiders that have another's are errors. -ENOMEM. */
int pg_case_names_add_addresses(struct pg_case_names *names, struct pg_diags *diags);

/* NULL: no such address. */
const struct pg_case_owner *pg_case_names_owner(const struct pg_case_names *names,
						const struct pg_addr *addr);

/* An endpoint, an outsider or the host. -ENOENT. */
int pg_case_names_find(const struct pg_case_names *names, const char *name,
		       struct pg_case_party *party);

/* NULL: the party is neither an endpoint nor an outsider. */
struct pg_endpoint *pg_case_party_endpoint(struct pg_case *test, const struct pg_case_party *party);

/* Or else an address of the world. */
bool pg_case_is_remote_node(const struct pg_endpoint *outsider);

/* An error at `loc`: no endpoint has that name. */
void pg_case_names_report(struct pg_case_names *names, struct pg_decoder *decoder,
			  struct pg_loc loc, const char *name);

/* The members of "endpoints": first all labels, then _ips. Endpoints get sorted by name. */
int pg_decode_case_endpoints(struct pg_decoder *decoder, const struct pg_json_value *object,
			     struct pg_case *test);
int pg_decode_case_addresses(struct pg_decoder *decoder, const struct pg_json_value *object,
			     struct pg_case_names *names);

int pg_decode_case_flows(struct pg_decoder *decoder, const struct pg_json_value *array,
			 struct pg_case_names *names);

#endif
