/* SPDX-License-Identifier: GPL-2.0-only */
/* What the layouts of rules are built with. Pure. */
#ifndef PG_BACKENDS_IPTABLES_BUILDER_H
#define PG_BACKENDS_IPTABLES_BUILDER_H

#include "backends/iptables/layout.h"
#include "backends/iptables/peers.h"

/* Which group of identities (sets.h) a set of the tree's has the addresses of. */
struct pg_ipt_set_key {
	uint32_t key;
	size_t set;
};

/* One family's tree in the making. */
struct pg_ipt_builder {
	const struct pg_intent *intent;
	const struct pg_layout_options *options;
	struct pg_diags *diags;
	struct pg_ipt_peers peers;
	bool split[PG_DIRECTIONS]; /* an entry speaks of the world or a CIDR of the family */
	bool counting;		   /* no chains and rules are made yet, rules are only counted */
	uint64_t rules;
	struct pg_tree tree;
	bool sets; /* rules look into sets (sets.h) where they can */
	struct pg_array(struct pg_ipt_set_key) set_keys; /* by key */
};

void pg_ipt_builder_done(struct pg_ipt_builder *builder);
#define _cleanup_ipt_builder_ PG_CLEANUP(pg_ipt_builder_done)

/* Fill PG_CHAIN_EGRESS and PG_CHAIN_INGRESS, and make what those lead to. */
int pg_linear_judge(struct pg_ipt_builder *builder);
int pg_tree_judge(struct pg_ipt_builder *builder);

/* Which of a subject's entries belong to some chains: by their peer; those for anybody always do. */
struct pg_ipt_section {
	enum pg_direction direction;
	bool world, managed;
};

bool pg_ipt_belongs(const struct pg_ipt_section *section, pg_identity peer);

/* Makes a chain of a name that the tree doesn't have, and yields its place there. -ENOMEM. */
int pg_ipt_add_chain(struct pg_ipt_builder *builder, const char *name, size_t *ret_chain);
/* A copy of a rule at a chain's end. -ENOMEM. */
int pg_ipt_add_rule(struct pg_ipt_builder *builder, size_t chain, const struct pg_tree_rule *rule);
/* While counting: a * b rules more. Ends at the largest number instead of wrapping. */
void pg_ipt_count_rules(struct pg_ipt_builder *builder, uint64_t a, uint64_t b);

/* The side of a rule that is the subject's in a direction, or the peer's. */
struct pg_prefix *pg_ipt_subject_of(struct pg_tree_rule *rule, enum pg_direction direction);
struct pg_prefix *pg_ipt_peer_of(struct pg_tree_rule *rule, enum pg_direction direction);

/* How an entry is ordered: denies first, then as the policy's rules are, then by address. */
int pg_ipt_compare_entries(const void *a, const void *b);

/*
 * How many rules an entry needs because of its protocol: ICMP types are matched one by one, and no
 * packet is of the other family's ICMP.
 */
uint64_t pg_ipt_count_types(const struct pg_ipt_builder *builder,
			    const struct pg_verdict_entry *entry);

/*
 * Adds those rules, named and with the entry's verdict, for the addresses that `pattern` has.
 * -EOPNOTSUPP: a type that iptables can't match (diags). -ENOMEM.
 */
int pg_ipt_add_entry(struct pg_ipt_builder *builder, size_t chain,
		     const struct pg_tree_rule *pattern, const struct pg_verdict_entry *entry);
/* Adds the drop of the rest. -ENOMEM. */
int pg_ipt_add_default_deny(struct pg_ipt_builder *builder, size_t chain,
			    const struct pg_tree_rule *pattern);

#endif
