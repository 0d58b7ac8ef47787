// SPDX-License-Identifier: GPL-2.0-only
/*
 * From what the kernel holds to what it shall hold, in one batch for both families. The batch is
 * bound to the generation that was read, so that it does what was worked out here or nothing; if
 * another program's change comes between, we read again.
 */
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>

#include "backends/iptables/nft_commit.h"

static int add_chains(struct pg_nft_commit *commit)
{
	pg_array_foreach(chain, &commit->wanted->chains) {
		int err = 0;

		if (!pg_nft_chain_find(commit->live, chain->name))
			err = pg_nft_add_chain(commit, chain->name);
		if (err)
			return err;
	}
	return 0;
}

static int fill_chain(struct pg_nft_commit *commit, const struct pg_tree_chain *chain)
{
	static const struct pg_nft_counter zero;

	pg_array_foreach(rule, &chain->rules) {
		int err = pg_nft_add_rule(commit, chain->name, 0, rule, &zero);

		if (err)
			return err;
	}
	return 0;
}

/* Rules may jump to any chain of the tree: all of them are there before this. */
static int change_chains(struct pg_nft_commit *commit)
{
	pg_array_foreach(chain, &commit->wanted->chains) {
		const struct pg_nft_chain *live = pg_nft_chain_find(commit->live, chain->name);
		int err =
			live ? pg_nft_change_rules(commit, live, chain) : fill_chain(commit, chain);

		if (err)
			return err;
	}
	return 0;
}

static bool is_unwanted(const struct pg_nft_commit *commit, const struct pg_nft_chain *chain)
{
	return chain->ours && !pg_tree_find_chain(commit->wanted, chain->name);
}

/* All their rules first: those of one may jump to another. */
static int delete_chains(struct pg_nft_commit *commit)
{
	int err = 0;

	pg_array_foreach(chain, &commit->live->chains) {
		if (!err && chain->handles.count && is_unwanted(commit, chain))
			err = pg_nft_delete_rules(commit, chain->name, 0);
	}
	pg_array_foreach(chain, &commit->live->chains) {
		if (!err && is_unwanted(commit, chain))
			err = pg_nft_delete_chain(commit, chain->name);
	}
	return err;
}

/* A base chain that we made and nobody but us has a rule in, and no rule of ours shall stay. */
static bool is_leftover(const struct pg_nft_commit *commit, const struct pg_nft_chain *chain)
{
	return chain->tagged && chain->base && !chain->ours && chain->policy == NF_ACCEPT &&
	       chain->handles.count == chain->hooks.count &&
	       !pg_nft_has_hook(commit->wanted, chain->name);
}

/* Takes down what we made besides our own chains. */
static int delete_leftovers(struct pg_nft_commit *commit)
{
	size_t gone = 0;
	int err = 0;

	pg_array_foreach(chain, &commit->live->chains) {
		bool leftover = is_leftover(commit, chain);

		if (!err && leftover)
			err = pg_nft_delete_chain(commit, chain->name);
		gone += leftover || is_unwanted(commit, chain);
	}
	/* What else is in the table, sets too, would go with it. */
	if (!err && commit->live->tagged && commit->live->use == gone &&
	    pg_tree_is_empty(commit->wanted))
		err = pg_nft_delete_table(commit);
	return err;
}

static int change_family(struct pg_nft_commit *commit, uint8_t family,
			 const struct pg_nft_table *live, const struct pg_tree *wanted)
{
	static int (*const steps[])(struct pg_nft_commit * commit) = {
		add_chains,	     pg_nft_add_parents, change_chains,
		pg_nft_change_hooks, delete_chains,	 delete_leftovers,
	};
	int err = 0;

	commit->family = family;
	commit->live = live;
	commit->wanted = wanted;
	if (!live->exists && !pg_tree_is_empty(wanted))
		err = pg_nft_add_table(commit);
	for (size_t i = 0; !err && i < PG_COUNT(steps); i++)
		err = steps[i](commit);
	return err;
}

/* A batch that couldn't be put together: the message that was begun last says where. */
static int report_building(const struct pg_nft_commit *commit, int err, struct pg_diags *diags,
			   struct pg_ipt_failure *failure)
{
	const struct pg_nft_note *last =
		commit->notes.count ? &commit->notes.items[commit->notes.count - 1] : NULL;

	if (err == -E2BIG)
		pg_error(diags, PG_LOC_NONE,
			 "more rules than nf_tables takes at once: %zu fill %u MiB already",
			 commit->notes.count, PG_NFNL_BATCH_MAX >> 20);
	else
		pg_nft_report_refusal(diags, err, err == -EINVAL ? last : NULL);
	if (err == -EINVAL && last)
		failure->rule = last->rule;
	return err;
}

static int build(struct pg_nft_commit *commit, struct pg_nfnl *nfnl,
		 const struct pg_nft_snapshot *live, const struct pg_tree *v4,
		 const struct pg_tree *v6)
{
	int err = pg_nfnl_batch_begin(nfnl, &commit->batch, NFNL_SUBSYS_NFTABLES, live->generation);

	if (!err)
		err = change_family(commit, 4, &live->v4, v4);
	return err ? err : change_family(commit, 6, &live->v6, v6);
}

static int send_batch(struct pg_nft_commit *commit, struct pg_nfnl *nfnl, struct pg_diags *diags,
		      struct pg_ipt_failure *failure)
{
	const struct pg_nft_note *note = NULL;
	struct pg_nfnl_error error;
	int err;

	if (!commit->batch.count)
		return 0;
	err = pg_nfnl_batch_send(nfnl, &commit->batch, &error);
	if (!err || err == -ERESTART)
		return err;
	if (error.index < commit->notes.count)
		note = &commit->notes.items[error.index];
	if (note)
		failure->rule = note->rule;
	return pg_nft_report_refusal(diags, err, note);
}

static int commit_once(struct pg_nfnl *nfnl, const struct pg_tree *v4, const struct pg_tree *v6,
		       struct pg_diags *diags, struct pg_ipt_failure *failure)
{
	_cleanup_nft_snapshot_ struct pg_nft_snapshot live = { 0 };
	_cleanup_nft_commit_ struct pg_nft_commit commit = { 0 };
	int err = pg_nft_snapshot_take(nfnl, 0, &live);

	if (err)
		return pg_nft_report_read(diags, err);
	err = pg_nft_check_hooks(&live.v4, v4, 4, diags);
	if (!err)
		err = pg_nft_check_hooks(&live.v6, v6, 6, diags);
	if (err)
		return err;
	err = build(&commit, nfnl, &live, v4, v6);
	if (err)
		return report_building(&commit, err, diags, failure);
	return send_batch(&commit, nfnl, diags, failure);
}

int pg_nft_commit(struct pg_nfnl *nfnl, const struct pg_tree *v4, const struct pg_tree *v6,
		  struct pg_diags *diags, struct pg_ipt_failure *failure)
{
	struct pg_nft_patience patience = pg_nft_patience_start();
	int err;

	do
		err = commit_once(nfnl, v4, v6, diags, failure);
	while (err == -ERESTART && !pg_nft_patience_is_over(&patience));
	return err == -ERESTART ? pg_nft_report_read(diags, -EAGAIN) : err;
}
