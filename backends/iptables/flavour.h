/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inner seam of the iptables backend: between the rules, which are the same for every kernel,
 * and the two ways in which a kernel takes them. A flavour knows nothing of policy; it exchanges
 * trees (translate/ruletree.h) of the "filter" table with the kernel of the calling thread's network
 * namespace.
 *
 * What is ours: chains whose name pg_ipt_is_ours() knows, and hooks: rules of other chains that
 * jump or go to one of them. Everything else is foreign, and stays as it is with its counters.
 */
#ifndef PG_BACKENDS_IPTABLES_FLAVOUR_H
#define PG_BACKENDS_IPTABLES_FLAVOUR_H

#include "policy/diag.h"
#include "translate/ruletree.h"

/* "POLGEN" and whatever begins with "POLGEN-". */
static inline bool pg_ipt_is_ours(const char *chain)
{
	return !strncmp(chain, "POLGEN", 6) && (!chain[6] || chain[6] == '-');
}

/* Docker's chain for other people's rules. It leaves the chain there when it stops calling it. */
#define PG_IPT_DOCKER_CHAIN "DOCKER-USER"

/* What a flavour's filter table of one family holds of the host's own. */
struct pg_ipt_probe {
	bool docker_user;     /* chain DOCKER-USER is there */
	bool docker_called;   /* and chain FORWARD calls it */
	bool parent;	      /* the chain that was asked for is there, or can be made by write() */
	size_t forward_rules; /* rules of chain FORWARD, without hooks */
	bool ours;	      /* a chain or a hook of ours is there, whole or not */
};

/* What write() could not do. */
struct pg_ipt_failure {
	const struct pg_tree_rule *rule; /* the rule that the kernel refused; NULL: not known */
};

struct pg_ipt_flavour {
	const char *name; /* "legacy", "nft" */

	/*
	 * Looks at one family (4 or 6) and changes nothing, not even by making the table exist. A
	 * family or flavour that this kernel lacks is no error but an empty answer. `parent` may be
	 * NULL. 0, or -errno with the reason in `diags`.
	 */
	int (*probe)(uint8_t family, const char *parent, struct pg_diags *diags,
		     struct pg_ipt_probe *ret_probe);

	/*
	 * Our chains with their rules and counters, sorted by name in bytes, and the hooks with
	 * their positions, sorted by parent; an empty tree if there are none (or no table). Rules of
	 * our chains that the tree can't hold have `foreign` set, hooks that aren't plain jumps have
	 * `conditional`. Changes nothing.
	 */
	int (*read)(uint8_t family, struct pg_diags *diags, struct pg_tree *ret_tree);

	/*
	 * One transaction: afterwards our chains and hooks of both families are exactly those of the
	 * trees (an empty tree: none). Rules with the chain and the text of one that was there keep
	 * its counters; the trees' own counters are not looked at. On an error everything is as it
	 * was, the reason is in `diags`, and `failure` tells the rule if it can: the caller reports
	 * where that is from. Hooks go to their position, 0 counting as 1 (first). Parents must
	 * exist or be built-in chains.
	 */
	int (*write)(const struct pg_tree *v4, const struct pg_tree *v6, struct pg_diags *diags,
		     struct pg_ipt_failure *failure);

	/* Takes our hooks and chains of both families away. 0 also when there are none. */
	int (*remove)(struct pg_diags *diags);
};

extern const struct pg_ipt_flavour pg_ipt_legacy; /* libiptc: x_tables */
extern const struct pg_ipt_flavour pg_ipt_nft;	  /* nf_tables, as iptables-nft writes them */

#endif
