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
	bool host;
	size_t endpoint; /* unless the host's: index into the case's endpoints */
};

/* Who is who in a case: by name (its endpoints are sorted by it), and by address. */
struct pg_case_names {
	struct pg_case *test;
	struct pg_array(const char *) names; /* of all endpoints and the host */
	struct pg_array(struct pg_case_owner) owners;
	size_t suggested;
};

void pg_case_names_done(struct pg_case_names *names);
#define _cleanup_case_names_ PG_CLEANUP(pg_case_names_done)

/* -ENOMEM. The case's endpoints are complete but for their addresses. */
int pg_case_names_make(struct pg_case *test, struct pg_case_names *ret_names);
/* Once they have those. -ENOMEM. */
int pg_case_names_add_addresses(struct pg_case_names *names);

/* NULL: no such address. */
const struct pg_case_owner *pg_case_names_owner(const struct pg_case_names *names,
						const struct pg_addr *addr);

/* The endpoint, or the host (PG_PARTY_HOST). -ENOENT. */
int pg_case_names_find(const struct pg_case_names *names, const char *name,
		       struct pg_case_party *party);

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
