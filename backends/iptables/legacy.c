// SPDX-License-Identifier: GPL-2.0-only
/*
 * The x_tables flavour: libiptc takes a whole table out of the kernel and puts a whole table back.
 *
 * The IPv4 and the IPv6 table are two commits, and a process can be killed between them. Our rules
 * only ever drop or go on, so there is an order in which nothing is let through meanwhile that the old
 * rules and the new ones don't both let through: first IPv6 gets the chains of both, then IPv4 changes,
 * then IPv6 loses the old ones. Whatever the last step that was done, the IPv4 rules are the old
 * policy's or the new one's, and IPv6 is at least as closed as with either.
 */
#include "backends/iptables/flavour.h"
#include "backends/iptables/legacy_match.h"
#include "backends/iptables/legacy_table.h"
#include "backends/iptables/merge.h"
#include "compat/errtext.h"
#include "compat/xtables_lock.h"

#define LOCK_LIMIT_MS 60000

/* Somebody who doesn't take the lock may change a table between our reading and writing. */
#define ATTEMPTS 5

static void probe_forward(const struct pg_xt_table *table, struct pg_ipt_probe *probe)
{
	const void *entry = table->ops->first_rule("FORWARD", table->handle);

	for (; entry; entry = table->ops->next_rule(entry, table->handle)) {
		const char *target = table->ops->target(entry, table->handle);

		probe->forward_rules += !pg_ipt_is_ours(target);
		probe->docker_called |= !strcmp(target, PG_IPT_DOCKER_CHAIN);
	}
}

/* Without our chains nothing can jump there. */
static bool has_ours(const struct pg_xt_table *table)
{
	const char *name = table->ops->first_chain(table->handle);

	while (name && !pg_ipt_is_ours(name))
		name = table->ops->next_chain(table->handle);
	return name;
}

/* FORWARD and the like are there as soon as the table is. */
static bool is_builtin(const char *chain)
{
	return !strcmp(chain, "INPUT") || !strcmp(chain, "FORWARD") || !strcmp(chain, "OUTPUT");
}

static int legacy_probe(uint8_t family, const char *parent, struct pg_diags *diags,
			struct pg_ipt_probe *ret_probe)
{
	struct pg_ipt_probe probe = { .parent = parent && is_builtin(parent) };
	_cleanup_xt_table_ struct pg_xt_table table = { 0 };
	int err = pg_xt_table_exists(family, diags);

	if (err > 0) {
		err = pg_xt_table_open(family, diags, &table);
		if (err)
			return err;
		probe.docker_user = table.ops->is_chain(PG_IPT_DOCKER_CHAIN, table.handle);
		probe.parent |= parent && table.ops->is_chain(parent, table.handle);
		probe.ours = has_ours(&table);
		probe_forward(&table, &probe);
	}
	if (err < 0)
		return err;
	*ret_probe = probe;
	return 0;
}

static int legacy_read(uint8_t family, struct pg_diags *diags, struct pg_tree *ret_tree)
{
	_cleanup_xt_table_ struct pg_xt_table table = { 0 };
	int err = pg_xt_table_exists(family, diags);

	if (err > 0) {
		err = pg_xt_table_open(family, diags, &table);
		return err ? err : pg_xt_table_read(&table, ret_tree);
	}
	if (!err)
		*ret_tree = (struct pg_tree){ .family = family };
	return err;
}

static void report_commit(const struct pg_tree *tree, int err, struct pg_diags *diags)
{
	char text[PG_ERRTEXT_MAX];

	if (err == -ENOMEM)
		pg_error(diags, PG_LOC_NONE, "the kernel has no room for %zu IPv%u rules",
			 pg_tree_rules(tree), tree->family);
	else
		pg_error(diags, PG_LOC_NONE, "the kernel refuses the IPv%u table 'filter': %s",
			 tree->family, pg_errtext(err, text));
}

/* One attempt to replace our part of one family's table. -EAGAIN: worth another. */
static int replace_once(const struct pg_tree *tree, struct pg_diags *diags, struct pg_tree *ret_old)
{
	_cleanup_xt_table_ struct pg_xt_table table = { 0 };
	_cleanup_tree_ struct pg_tree old = { 0 };
	int err = pg_xt_table_open(tree->family, diags, &table);

	if (!err)
		err = pg_xt_table_read(&table, &old);
	if (!err)
		err = pg_xt_table_replace(&table, &old, tree, diags);
	if (err)
		return err;
	err = pg_xt_table_commit(&table);
	if (err && err != -EAGAIN)
		report_commit(tree, err, diags);
	if (!err) {
		*ret_old = old;
		old = (struct pg_tree){ 0 };
	}
	return err;
}

/* Yields what was there: a large table takes long to read once more. */
static int exchange(const struct pg_tree *tree, struct pg_diags *diags, struct pg_tree *ret_old)
{
	int err = pg_tree_is_empty(tree) ? pg_xt_table_exists(tree->family, diags) : 1;

	/* Nothing to remove; the table mustn't come to be by it. */
	if (!err)
		*ret_old = (struct pg_tree){ .family = tree->family };
	if (err <= 0)
		return err;
	err = -EAGAIN;
	for (int i = 0; i < ATTEMPTS && err == -EAGAIN; i++)
		err = replace_once(tree, diags, ret_old);
	if (err == -EAGAIN)
		report_commit(tree, err, diags);
	return err;
}

static int replace(const struct pg_tree *tree, struct pg_diags *diags)
{
	_cleanup_tree_ struct pg_tree old = { 0 };

	return exchange(tree, diags, &old);
}

/* Makes IPv6 drop what either tree drops. */
static int close_both(const struct pg_tree *old, const struct pg_tree *new, struct pg_diags *diags)
{
	_cleanup_tree_ struct pg_tree both = { .family = 6 };
	int err = pg_ipt_add(&both, new);

	if (!err)
		err = pg_ipt_add_old(&both, old);
	return err ? err : replace(&both, diags);
}

/* After an error: the reason was reported, so only a failure to go back is news. */
static void put_back(const struct pg_tree *old, struct pg_diags *diags)
{
	_cleanup_diags_ struct pg_diags ignored = { 0 };
	_cleanup_tree_ struct pg_tree clean = { .family = old->family };
	int err = pg_ipt_add(&clean, old);

	if (!err)
		err = replace(&clean, &ignored);
	if (err)
		pg_error(diags, PG_LOC_NONE,
			 "the IPv%u rules that were there before could not be put back",
			 old->family);
}

/* Steps in the order that the top of this file gives; see there for why. */
static int replace_both(const struct pg_tree *v4, const struct pg_tree *v6, struct pg_diags *diags)
{
	_cleanup_tree_ struct pg_tree old4 = { 0 }, old6 = { 0 };
	bool same6;
	int err;

	err = legacy_read(6, diags, &old6);
	if (err)
		return err;
	same6 = pg_ipt_is_same(&old6, v6);
	if (!same6 && !pg_tree_is_empty(v6))
		err = pg_tree_is_empty(&old6) ? replace(v6, diags) : close_both(&old6, v6, diags);
	if (err)
		return err;
	err = exchange(v4, diags, &old4);
	if (!err && !same6 && !pg_tree_is_empty(&old6)) {
		err = replace(v6, diags);
		if (err)
			put_back(&old4, diags);
	}
	if (err && !same6)
		put_back(&old6, diags);
	return err;
}

static int report_lock(int err, struct pg_diags *diags)
{
	char text[PG_ERRTEXT_MAX];

	if (err == -EBUSY)
		pg_error(diags, PG_LOC_NONE, "another program has held '%s' for %u seconds",
			 pg_xtables_lock_file(), LOCK_LIMIT_MS / 1000);
	else
		pg_error(diags, PG_LOC_NONE, "cannot lock '%s': %s", pg_xtables_lock_file(),
			 pg_errtext(err, text));
	return err;
}

static int legacy_write(const struct pg_tree *v4, const struct pg_tree *v6, struct pg_diags *diags,
			struct pg_ipt_failure *failure)
{
	_cleanup_close_ int lock = -1;
	int err = pg_xt_match_check(v4, diags);

	/* The kernel takes a table or refuses it, and doesn't say for which rule. */
	failure->rule = NULL;
	if (!err)
		err = pg_xt_match_check(v6, diags);
	if (err)
		return err;
	err = pg_xtables_lock(LOCK_LIMIT_MS, &lock);
	return err ? report_lock(err, diags) : replace_both(v4, v6, diags);
}

static int legacy_remove(struct pg_diags *diags)
{
	const struct pg_tree none4 = { .family = 4 }, none6 = { .family = 6 };
	struct pg_ipt_failure failure;
	int exists4 = pg_xt_table_exists(4, diags);
	int exists6 = exists4 < 0 ? exists4 : pg_xt_table_exists(6, diags);

	if (exists6 < 0)
		return exists6;
	return exists4 || exists6 ? legacy_write(&none4, &none6, diags, &failure) : 0;
}

const struct pg_ipt_flavour pg_ipt_legacy = {
	.name = "legacy",
	.probe = legacy_probe,
	.read = legacy_read,
	.write = legacy_write,
	.remove = legacy_remove,
};
