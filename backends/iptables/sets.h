/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout "set": what rules of it look packets up in, and how they go on from there. Pure.
 *
 * A set is never changed once a rule looks into it, so its name says what it holds: the family, whose
 * addresses these are, and a hash of the content.
 *
 *	polgen-4-49527-9a7b3c1d    the addresses of identity 49527
 *	polgen-4-xc100.6-0f2e4d6c  of all identities whose number begins with the same 6 bits as 0xc100
 *	polgen-4-all-5b8d1e2f      of all endpoints and hosts
 *	polgen-4-p27c6d5e4-...     ports that one chain says the same of; 27c6d5e4 comes of the chain's name
 */
#ifndef PG_BACKENDS_IPTABLES_SETS_H
#define PG_BACKENDS_IPTABLES_SETS_H

#include "backends/iptables/builder.h"

/* "polgen-4-..." or "polgen-6-...". */
bool pg_ipt_set_is_ours(const char *name);
/* The family in such a name. */
uint8_t pg_ipt_set_family(const char *name);
/* How much of two names must be alike for one set to come after the other: all but the hash. */
size_t pg_ipt_set_stem(const char *name);

/* Identities of one family, by the first bits of their numbers. */
struct pg_ipt_group {
	uint16_t first;	   /* the other bits are 0 */
	unsigned int bits; /* 0: all identities; 16: one */
};

/* Puts the name of the set of a group's addresses into a rule; it is made when first asked for. -ENOMEM. */
int pg_ipt_match_group(struct pg_ipt_builder *builder, const struct pg_ipt_group *group,
		       struct pg_tree_rule *rule);

/* Where packets go of whose source or destination an identity is. */
struct pg_ipt_set_route {
	pg_identity id;
	char chain[PG_CHAIN_NAME_MAX];
};

struct pg_ipt_set_routes {
	struct pg_array(struct pg_ipt_set_route) list;
};

void pg_ipt_set_routes_done(struct pg_ipt_set_routes *routes);
#define _cleanup_ipt_set_routes_ PG_CLEANUP(pg_ipt_set_routes_done)

/* -ENOMEM. */
int pg_ipt_set_routes_add(struct pg_ipt_set_routes *routes, pg_identity id, const char *chain);

/*
 * As pg_ipt_dispatch(), by identity instead of address. Where there are more than PG_IPT_SET_LIST
 * identities, packets are told apart by some bits of the number after the other, by sets of all the
 * addresses behind these, in chains STEM.<bits>. So what a packet meets grows with the logarithm of the
 * number of identities, an address is in one set for each step on that way, and another identity changes
 * the sets on its own. Sorts the routes, whose identities must differ and have addresses. -ENOMEM.
 */
int pg_ipt_dispatch_sets(struct pg_ipt_builder *builder, struct pg_ipt_set_routes *routes,
			 bool by_source, const char *stem, size_t chain, const char *fallback);

/*
 * A look-up costs some hundred times what a rule that compares addresses does, so few of them count
 * most: four sets a step, and as many steps as nf_tables follows. Of many identities steps are wider.
 */
#define PG_IPT_SET_LIST	 4
#define PG_IPT_SET_STEPS 4

/*
 * As pg_ipt_add_entry() for entries in the order in which they count, about anybody. Where many are
 * about single ports of a protocol and say the same, one rule looks the port up, and the set has the
 * names of the rules, and counts for them. -EOPNOTSUPP (diags), -ENOMEM.
 */
int pg_ipt_add_entries(struct pg_ipt_builder *builder, size_t chain,
		       const struct pg_verdict_entry *const *entries, size_t count);

#define PG_IPT_SET_PORTS 8 /* that many, or rather one rule for each */

#endif
