/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One family's filter table of x_tables, taken out of the kernel by libiptc, changed, and put back as
 * a whole. Whoever changes it holds compat/xtables_lock.h.
 */
#ifndef PG_BACKENDS_IPTABLES_LEGACY_TABLE_H
#define PG_BACKENDS_IPTABLES_LEGACY_TABLE_H

#include "backends/iptables/legacy_ops.h"
#include "policy/diag.h"
#include "translate/ruletree.h"

struct pg_xt_table {
	const struct pg_xt_ops *ops;
	struct xtc_handle *handle;
};

void pg_xt_table_close(struct pg_xt_table *table);
#define _cleanup_xt_table_ PG_CLEANUP(pg_xt_table_close)

/*
 * Whether this network namespace has the table. x_tables makes it when it is first asked for, and
 * packets then pass it: who only wants to look must look here first. Also 0 where the kernel has
 * no x_tables. 1, 0, or -errno (diags).
 */
int pg_xt_table_exists(uint8_t family, struct pg_diags *diags);

/* Takes a copy of the table, which is made if it isn't there. -errno (diags). */
int pg_xt_table_open(uint8_t family, struct pg_diags *diags, struct pg_xt_table *ret_table);

/* Our chains and hooks as flavour.h says. -ENOMEM; -errno of asking for sets' names. */
int pg_xt_table_read(const struct pg_xt_table *table, struct pg_tree *ret_tree);

/*
 * Puts a tree in the place of all our chains and hooks, in the copy. `old` is what the copy has of
 * them: rules that stay keep their counters. -errno (diags).
 */
int pg_xt_table_replace(struct pg_xt_table *table, const struct pg_tree *old,
			const struct pg_tree *tree, struct pg_diags *diags);

/* Gives the copy to the kernel, which takes all of it or nothing. -EAGAIN: somebody who doesn't take
 * the lock changed the table meanwhile. -errno; the caller reports. */
int pg_xt_table_commit(struct pg_xt_table *table);

#endif
