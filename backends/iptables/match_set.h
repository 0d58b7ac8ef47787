/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules that look into a set: `-m set --match-set NAME src`, the same x_tables match in both flavours.
 * The kernel knows a set by number; what is ours goes by names.
 */
#ifndef PG_BACKENDS_IPTABLES_MATCH_SET_H
#define PG_BACKENDS_IPTABLES_MATCH_SET_H

#include <linux/netfilter/xt_set.h>

#include "compat/ipset.h"
#include "policy/diag.h"
#include "translate/ruletree.h"

#define PG_MATCH_SET_REVISION 4 /* since Linux 3.19 */

/* As iptables 1.8 fills it; `info` is zeroed. */
void pg_match_set_encode(const struct pg_tree_rule *rule, struct xt_set_info_match_v4 *info);
/* What it says of that; the caller encodes and compares to see whether it says more. */
void pg_match_set_decode(const struct xt_set_info_match_v4 *info, struct pg_tree_rule *rule);

/* The names of the kernel's sets, asked for when the first rule needs one. A zeroed struct: not yet. */
struct pg_match_set_names {
	bool read;
	struct pg_ipset_names names;
};

void pg_match_set_names_done(struct pg_match_set_names *names);
#define _cleanup_match_set_names_ PG_CLEANUP(pg_match_set_names_done)

/*
 * Fills in the name of the set of a rule that was read back. A rule whose set has none, or none that
 * could be ours, becomes `foreign`. -ENOMEM, -errno.
 */
int pg_match_set_name(struct pg_match_set_names *names, struct pg_tree_rule *rule);

/* Fills in the numbers of the sets that a tree's rules name. -ENOENT (diags): there is no such set. */
int pg_match_set_number(struct pg_tree *tree, struct pg_diags *diags);

#endif
