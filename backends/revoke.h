/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --on-revoke=cut for backends that leave running flows to the kernel's connection tracking: what the
 * intent denies is looked for among the flows that run, and forgotten.
 *
 * A flow is judged as pg_evaluate() would judge its first packet: by its source before SNAT and its
 * destination after DNAT, for both sides, by the verdict table. One that a helper expected passed
 * because another flow did, so it may go on if either of them may. Flows without an endpoint are nobody's
 * business here.
 */
#ifndef PG_BACKENDS_REVOKE_H
#define PG_BACKENDS_REVOKE_H

#include "backends/backend.h"
#include "compat/conntrack.h"

/* pg_backend.check's part: whether flows could be found and forgotten here. */
int pg_revoke_check(const struct pg_intent *intent, struct pg_diags *diags);

/*
 * pg_backend.revoke. Costs one look at each flow that the kernel knows, and a request for each that
 * goes; memory does not grow with either. One that can't be forgotten does not keep the others.
 */
int pg_revoke(const struct pg_intent *intent, struct pg_diags *diags, size_t *ret_flows);

/* Whether the intent denies a flow, whatever it was expected by. Pure. */
bool pg_revoke_is_denied(const struct pg_intent *intent, const struct pg_ct_flow *flow);

#endif
