/* SPDX-License-Identifier: GPL-2.0-only */
/* Trees of one family, compared and put together. */
#ifndef PG_BACKENDS_IPTABLES_MERGE_H
#define PG_BACKENDS_IPTABLES_MERGE_H

#include "translate/ruletree.h"

/* Whether both have the same chains, rules and hooks in the same order and at the same places. */
bool pg_ipt_is_same(const struct pg_tree *a, const struct pg_tree *b);

/*
 * Adds a copy of `from`, as read from the kernel, to a tree that has none of its chains. Rules that the
 * form can't hold are left out, and of several hooks to one chain all but the first. -ENOMEM.
 */
int pg_ipt_add(struct pg_tree *tree, const struct pg_tree *from);

/*
 * The same with the chains of `from` called POLGEN-OLD-0, -1, ..., names that no layout has. Packets
 * then pass the chains of both. Rules that only drop or return, as a layout's do, thereby drop what
 * either of the two drops. -ENOMEM.
 */
int pg_ipt_add_old(struct pg_tree *tree, const struct pg_tree *from);

#endif
