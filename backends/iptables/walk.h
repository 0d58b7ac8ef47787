/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet on its way through rules, as netfilter takes it: from the built-in chains through hooks and
 * jumps. Pure.
 */
#ifndef PG_BACKENDS_IPTABLES_WALK_H
#define PG_BACKENDS_IPTABLES_WALK_H

#include "backends/trace.h"
#include "translate/ruletree.h"

/*
 * Appends a step for each rule that matches; objects are called "CHAIN NUMBER", as
 * `iptables -L CHAIN --line-numbers` counts. A hook for some packets only, a rule that the tree can't
 * hold and one that leads to a chain of somebody else's are `stray`, and taken as not matching; so are
 * rules that stand before a hook.
 * -ELOOP: jumps go deeper than PG_IPT_WALK_DEPTH. -E2BIG: more than PG_IPT_WALK_STEPS rules match, as
 * with chains of somebody's that jump to the next one twice. -ENOMEM.
 */
int pg_ipt_walk(const struct pg_tree *tree, const struct pg_trace_query *query,
		struct pg_trace *trace);

#define PG_IPT_WALK_DEPTH 64
#define PG_IPT_WALK_STEPS 4096

#endif
