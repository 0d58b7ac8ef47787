/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of a commit share. */
#ifndef PG_BACKENDS_EBPF_COMMIT_H
#define PG_BACKENDS_EBPF_COMMIT_H

#include "backends/ebpf/slots.h"
#include "backends/ebpf/stage.h"

struct pg_commit {
	struct pg_backend_handle *handle;
	const struct pg_intent *intent;
	const struct pg_objects *desired;
	const struct pg_diff *diff;
	struct pg_diags *diags;
	struct pg_pins pins;
	struct pg_slots slots;
	struct pg_stage stage;
	/* the intent's endpoints, by name of interface; those without one are left out */
	struct pg_array(const struct pg_endpoint *) by_interface;
};

/* Each reports its errors. */

/* Whether both generations fit into the maps: -E2BIG. */
int pg_commit_check_room(const struct pg_commit *commit);

/* Whether all interfaces are there that programs must be attached to: -ENODEV. */
int pg_commit_check_interfaces(struct pg_commit *commit);

/* Writes all entries that change, those of endpoints last. */
int pg_commit_stage_policy(struct pg_commit *commit);
int pg_commit_stage_endpoints(struct pg_commit *commit);

/* Attaches the programs to the endpoints that change. */
int pg_commit_attach(struct pg_commit *commit);

#endif
