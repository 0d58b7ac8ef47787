/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of a commit share. */
#ifndef PG_BACKENDS_EBPF_COMMIT_H
#define PG_BACKENDS_EBPF_COMMIT_H

#include "backends/ebpf/known.h"
#include "backends/ebpf/stage.h"
#include "compat/rtnl.h"

struct pg_commit {
	struct pg_backend_handle *handle;
	struct pg_known *known; /* the handle's */
	const struct pg_intent *intent;
	const struct pg_objects *desired;
	const struct pg_diff *diff;
	struct pg_diags *diags;
	struct pg_pins pins;
	struct pg_stage stage;
	/* of slots: uses that come and that go, one for each entry */
	struct pg_array(uint32_t) coming, going;
	bool back_to_stack; /* of an endpoint or uplink whose flows may take the short way now, they may not */
	struct pg_rtnl *rtnl; /* NULL: what stands on interfaces can't be asked for */
	uint32_t uplink;      /* index of the intent's; 0: it has none */
};

/* Each reports its errors. */

/* Whether all interfaces are there that programs must be attached to: -ENODEV. */
int pg_commit_check_interfaces(struct pg_commit *commit);

/* Stage all entries that change. */
int pg_commit_stage_policy(struct pg_commit *commit);
int pg_commit_stage_endpoints(struct pg_commit *commit);

/* Whether both generations fit into the maps: -E2BIG. */
int pg_commit_check_room(const struct pg_commit *commit);

/* Writes what was staged, endpoints last. */
int pg_commit_write(struct pg_commit *commit);

/* Attaches the programs to the endpoints that change. */
int pg_commit_attach(struct pg_commit *commit);

/* Makes what is known of the endpoints what counts after the commit. -ENOMEM, without a report. */
int pg_commit_know_endpoints(struct pg_commit *commit);

/* Finds the intent's uplink: -ENODEV. Then: attaches the programs to it, and writes it down. */
int pg_commit_check_uplink(struct pg_commit *commit);
int pg_commit_attach_uplink(struct pg_commit *commit);
void pg_commit_name_uplink(const struct pg_commit *commit, struct pg_map_meta_half *half);

/* Takes the programs off every uplink that isn't the one of `generation`. No report. */
int pg_commit_settle_uplink(struct pg_commit *commit, uint32_t generation);

#endif
