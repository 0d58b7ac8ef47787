/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PG_BACKENDS_IPTABLES_LEGACY_MATCH_H
#define PG_BACKENDS_IPTABLES_LEGACY_MATCH_H

#include "policy/diag.h"
#include "translate/ruletree.h"

/*
 * Whether this kernel and the host's iptables have the matches that a tree needs, in the revision and
 * size that our entries have: rules that iptables can't read back must not be installed.
 * -EOPNOTSUPP (diags says which), -EPERM, -errno. Not to be called by two threads at once: libxtables.
 */
int pg_xt_match_check(const struct pg_tree *tree, struct pg_diags *diags);

#endif
