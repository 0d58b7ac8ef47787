/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of the nf_tables flavour's commit: one batch that is being put together. */
#ifndef PG_BACKENDS_IPTABLES_NFT_COMMIT_H
#define PG_BACKENDS_IPTABLES_NFT_COMMIT_H

#include "backends/iptables/nft.h"
#include "compat/nfnl.h"

/* What a message does, to be said when it is refused. */
struct pg_nft_note {
	const char *action; /* "delete" */
	const char *chain;  /* NULL: about the table; it lives in the trees or in the snapshot */
	const struct pg_tree_rule *rule; /* of the trees; NULL: about none */
	uint8_t family;
};

struct pg_nft_commit {
	struct pg_nfnl_batch batch;
	struct pg_array(struct pg_nft_note) notes; /* by the messages' index */
	/* the family that is worked on */
	uint8_t family;
	const struct pg_nft_table *live;
	const struct pg_tree *wanted;
};

void pg_nft_commit_done(struct pg_nft_commit *commit);
#define _cleanup_nft_commit_ PG_CLEANUP(pg_nft_commit_done)

/* Messages: each function adds one to the batch. -ENOMEM, -E2BIG. */
int pg_nft_add_table(struct pg_nft_commit *commit);
int pg_nft_delete_table(struct pg_nft_commit *commit);
int pg_nft_add_chain(struct pg_nft_commit *commit, const char *name);
int pg_nft_add_base_chain(struct pg_nft_commit *commit, const char *name, uint32_t hook);
int pg_nft_delete_chain(struct pg_nft_commit *commit, const char *name);
/* handle 0: all rules of the chain. */
int pg_nft_delete_rules(struct pg_nft_commit *commit, const char *chain, uint64_t handle);
/*
 * Adds a rule before the one with handle `before`; 0: at the chain's end. -EINVAL besides: no rule
 * of iptables says that.
 */
int pg_nft_add_rule(struct pg_nft_commit *commit, const char *chain, uint64_t before,
		    const struct pg_tree_rule *rule, const struct pg_nft_counter *counter);
/* The same, of a plain jump. */
int pg_nft_add_hook(struct pg_nft_commit *commit, const char *parent, uint64_t before,
		    const char *chain, const struct pg_nft_counter *counter);

/* From a live chain's rules to those that it shall have. */
int pg_nft_change_rules(struct pg_nft_commit *commit, const struct pg_nft_chain *live,
			const struct pg_tree_chain *chain);

/* The hook number of INPUT, FORWARD or OUTPUT; -1: another chain. */
int pg_nft_built_in_hook(const char *chain);
/* Whether the tree has a hook in a chain. */
bool pg_nft_has_hook(const struct pg_tree *tree, const char *parent);
/* -EINVAL: no packet would come to a jump that stands where the tree has it; `diags` says why. */
int pg_nft_check_hooks(const struct pg_nft_table *live, const struct pg_tree *wanted,
		       uint8_t family, struct pg_diags *diags);
/* Makes the parents that are built-in chains and not there yet. */
int pg_nft_add_parents(struct pg_nft_commit *commit);
/* Puts our jumps where they belong, and takes away those that belong nowhere. */
int pg_nft_change_hooks(struct pg_nft_commit *commit);

/* Makes the kernel hold the trees, in one batch. An error is in `diags`. */
int pg_nft_commit(struct pg_nfnl *nfnl, const struct pg_tree *v4, const struct pg_tree *v6,
		  struct pg_diags *diags, struct pg_ipt_failure *failure);

/* "chain 'POLGEN' of table 'ip filter'"; chain NULL: the table alone. */
void pg_nft_format_chain(struct pg_strbuf *buf, uint8_t family, const char *chain);
/* Each says what went wrong and returns `err` (no nfnetlink: as no nf_tables, -EOPNOTSUPP). */
int pg_nft_report_read(struct pg_diags *diags, int err);
/* `note` is what the refused message was about; NULL: the batch as such. */
int pg_nft_report_refusal(struct pg_diags *diags, int err, const struct pg_nft_note *note);

#endif
