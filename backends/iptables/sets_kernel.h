/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sets of the layout "set" in the kernel, around a transaction of rules.
 *
 * ipset knows no transactions: each command is one, and packets may come between. And a packet that is
 * judged looks an address up more than once, so that even one element more could make it half of the
 * old policy and half of the new. So no set that rules look into is ever changed. Its name says what it
 * holds (sets.h); what holds something else is another set:
 *
 *	make	what the new rules need and isn't there; no rule knows these sets yet
 *	(rules)	one transaction: from then on packets meet the new rules, and by them the new sets
 *	drop	what no rule needs any more
 *
 * Killed in between, we leave sets that no rule looks into. The next commit takes them up where they
 * are what it needs, mends them where they are not whole, and drops the others; so does clear.
 * A set that somebody else changed is mended: a right one is made beside it and swapped in.
 */
#ifndef PG_BACKENDS_IPTABLES_SETS_KERNEL_H
#define PG_BACKENDS_IPTABLES_SETS_KERNEL_H

#include "backends/backend.h"
#include "translate/ipset.h"

/* 0, or -EOPNOTSUPP (diags) where the kernel has no such sets. */
int pg_ipt_sets_check(struct pg_diags *diags);
bool pg_ipt_sets_are_here(void);

/* All that are ours, by family. -errno (diags). */
int pg_ipt_sets_read(struct pg_diags *diags, struct pg_sets *ret_v4, struct pg_sets *ret_v6);

/* What make() made. */
struct pg_ipt_sets_made {
	struct pg_array(char *) names;
};

void pg_ipt_sets_made_done(struct pg_ipt_sets_made *made);
#define _cleanup_ipt_sets_made_ PG_CLEANUP(pg_ipt_sets_made_done)

/*
 * Makes the kernel have all these sets; `diff` tells which of those that are there need mending. Ports
 * go on counting from what the set before counted. On an error what was made is gone again. -errno
 * (diags).
 */
int pg_ipt_sets_make(const struct pg_sets *const wanted[2], const struct pg_diff *diff,
		     struct pg_diags *diags, struct pg_ipt_sets_made *ret_made);
/* Takes away what was made, no rule having come to need it. */
void pg_ipt_sets_undo(const struct pg_ipt_sets_made *made);

/*
 * Takes away all of ours that aren't wanted. One that another's rule looks into stays, with a warning:
 * it harms nobody. -errno (diags).
 */
int pg_ipt_sets_drop(const struct pg_sets *const wanted[2], struct pg_diags *diags);

#endif
