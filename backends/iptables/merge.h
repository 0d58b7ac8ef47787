/* SPDX-License-Identifier: GPL-2.0-only */
/* Trees of one family, compared and put together. */
#ifndef PG_BACKENDS_IPTABLES_MERGE_H
#define PG_BACKENDS_IPTABLES_MERGE_H

#include "translate/ruletree.h"

/* Whether both have the same chains, rules and hooks in the same order and at the same places. */
bool pg_ipt_is_same(const struct pg_tree *a, const struct pg_tree *b);

/*
 * Adds to `tree` the chains that only `from` has, and to chains that both have the drops of `from`;
 * and hooks to chains that have none in `tree`. Of trees as pg_ipv6_build() makes them, which allow
 * nothing past the first drop, the result drops what either drops. Rules that the form can't hold are
 * left out. -ENOMEM.
 */
int pg_ipt_merge(struct pg_tree *tree, const struct pg_tree *from);

#endif
