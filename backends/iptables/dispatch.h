/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From an address to a chain by its longest prefix, through a tree of chains: a packet looks at some
 * rules a level, not at one for each address. Pure.
 */
#ifndef PG_BACKENDS_IPTABLES_DISPATCH_H
#define PG_BACKENDS_IPTABLES_DISPATCH_H

#include "backends/iptables/builder.h"

struct pg_ipt_route {
	struct pg_prefix prefix;
	char chain[PG_CHAIN_NAME_MAX]; /* where addresses go whose longest prefix this is */
};

struct pg_ipt_routes {
	struct pg_array(struct pg_ipt_route) list;
};

void pg_ipt_routes_done(struct pg_ipt_routes *routes);
#define _cleanup_ipt_routes_ PG_CLEANUP(pg_ipt_routes_done)

/* -ENOMEM. */
int pg_ipt_routes_add(struct pg_ipt_routes *routes, const struct pg_prefix *prefix,
		      const char *chain);

/*
 * Appends to a chain what sends packets on by their source or destination, and makes the chains
 * between, called STEM.00, STEM.01, STEM.0100 and so on by their places. Packets to no route go to the
 * chain `fallback`; NULL: they return. All are sent without return, so that a rule they come to
 * speaks for the whole dispatch. Sorts the routes, whose prefixes must differ. -ENOMEM.
 *
 * The tree is at most PG_IPT_DISPATCH_LEVELS high, since nf_tables follows 16 chains at most from a
 * built-in one; its chains have PG_IPT_DISPATCH_FANOUT rules, or as many as it takes.
 */
int pg_ipt_dispatch(struct pg_ipt_builder *builder, struct pg_ipt_routes *routes, bool by_source,
		    const char *stem, size_t chain, const char *fallback);

/* The name of the chain with a number below one. */
void pg_ipt_name_node(const char *above, size_t number, char name[PG_CHAIN_NAME_MAX]);

/*
 * Moves rules, each about one bridge port that packets come in by (or leave by), to a chain, or to
 * several called as above that are told apart by what the ports' names begin with. The port must differ
 * in each rule; `rules` is sorted by it. -ENOMEM.
 */
int pg_ipt_dispatch_ports(struct pg_ipt_builder *builder, struct pg_tree_chain *rules, bool in,
			  const char *name);

#define PG_IPT_DISPATCH_LEVELS 3
#define PG_IPT_DISPATCH_FANOUT 16
#define PG_IPT_STEM_MAX	       24 /* with the NUL: two more levels, of two digits each, follow */

#endif
