// SPDX-License-Identifier: GPL-2.0-only
/* What the live rules do with a packet. */
#include "backends/iptables/handle.h"
#include "backends/iptables/installed.h"
#include "backends/iptables/walk.h"

int pg_ipt_trace(struct pg_backend_handle *handle, const struct pg_trace_query *query,
		 struct pg_diags *diags, struct pg_trace *ret_trace)
{
	_cleanup_ipt_installed_ struct pg_ipt_installed installed = { 0 };
	_cleanup_trace_ struct pg_trace trace = { 0 };
	bool v6 = query->end[PG_EGRESS].addr.family == 6;
	int err = pg_ipt_read_installed(handle, diags, &installed);

	if (!err)
		err = pg_ipt_walk(v6 ? &installed.v6 : &installed.v4, query, &trace);
	if (err == -ELOOP)
		pg_error(diags, PG_LOC_NONE, "rules jump deeper than %d chains", PG_IPT_WALK_DEPTH);
	if (err == -E2BIG)
		pg_error(diags, PG_LOC_NONE, "the packet meets more than %d rules",
			 PG_IPT_WALK_STEPS);
	if (err)
		return err;
	*ret_trace = trace;
	trace = (struct pg_trace){ 0 };
	return 0;
}
