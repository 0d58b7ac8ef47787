/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From JSON text to the model, strictly: an unknown key, a duplicate key, a wrong type, a value out
 * of range is an error at its place, all errors of a text are found, and nothing comes of a text
 * that has one.
 */
#ifndef PG_FRONTEND_DECODE_H
#define PG_FRONTEND_DECODE_H

#include "policy/diag.h"
#include "policy/endpoint.h"
#include "policy/rule.h"

struct pg_decode_options {
	bool lenient; /* unknown keys are warnings */
};

/*
 * Each decodes one source of `sources` and appends to what it is given. 0, -EINVAL when errors went
 * to `diags` (then what was appended is to be thrown away), -ENOMEM.
 */

/* A rule list, or one rule: polgen-policy(5). */
int pg_decode_policy(const struct pg_sources *sources, uint32_t source,
		     const struct pg_decode_options *options, struct pg_diags *diags,
		     struct pg_policy *policy);

/*
 * The endpoints file:
 *
 *	{
 *	  "endpoints": [
 *	    { "name": "app1", "labels": ["container:id=app1"], "ipv4": "10.0.192.2",
 *	      "interface": "veth1", "network": "flip0", "netns": "/run/netns/app1" },
 *	    { "name": "app4", "labels": ["container:id=app4"], "ipv4": "10.0.191.2",
 *	      "node": "flap" }
 *	  ],
 *	  "host": { "addresses": ["10.0.192.1"] },
 *	  "remoteNodes": { "addresses": [] }
 *	}
 *
 * Only name and labels are required here; pg_endpoints_finish() is the caller's to call.
 */
int pg_decode_endpoints(const struct pg_sources *sources, uint32_t source,
			const struct pg_decode_options *options, struct pg_diags *diags,
			struct pg_endpoints *endpoints);

#endif
