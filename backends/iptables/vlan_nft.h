/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guard's parts in nf_tables. What is wanted and what is live are described by the same functions from
 * the same structs of libnftnl, so that a difference is one of the kernel's.
 */
#ifndef PG_BACKENDS_IPTABLES_VLAN_NFT_H
#define PG_BACKENDS_IPTABLES_VLAN_NFT_H

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>

#include "backends/iptables/nft.h"
#include "backends/iptables/vlan.h"

#define PG_VLAN_TABLE "polgen"

/* The tags of 802.1Q and 802.1AD; each has a rule in each chain. */
#define PG_VLAN_TAGS 2

/* What nft calls "type ifname"; the kernel only keeps the number. */
#define PG_VLAN_TYPE_IFNAME 41

struct pg_vlan_counts {
	struct pg_nft_counter rules[PG_DIRECTIONS][PG_VLAN_TAGS];
};

/* vlan_build.c: parts of our own. NULL: out of memory. */

/* With `count` of the elements. */
struct nftnl_set *pg_vlan_new_set(enum pg_direction direction, const struct pg_vlan_name *names,
				  size_t count);
struct nftnl_chain *pg_vlan_new_chain(enum pg_direction direction);
struct nftnl_rule *pg_vlan_new_rule(enum pg_direction direction, size_t tag,
				    const struct pg_nft_counter *counter);

/* vlan_text.c: any parts as objects. -ENOMEM. */

int pg_vlan_describe_table(uint32_t flags, struct pg_objects *objects);
/* The set and its elements. */
int pg_vlan_describe_set(const struct nftnl_set *set, struct pg_objects *objects);
int pg_vlan_describe_chain(const struct nftnl_chain *chain, struct pg_objects *objects);
/* `position` from 1. */
int pg_vlan_describe_rule(struct nftnl_rule *rule, uint32_t position, struct pg_objects *objects);

/* 1: it is the rule of a direction and a tag; 0: another. -ENOMEM. */
int pg_vlan_identify(struct nftnl_rule *rule, enum pg_direction *ret_direction, size_t *ret_tag);

/* What set "egress" or "ingress" is for. False: it is another. */
bool pg_vlan_parse_set(const char *name, enum pg_direction *ret_direction);

/* "ether type 8021q iifname @egress counter drop" */
void pg_vlan_format_rule(enum pg_direction direction, size_t tag, struct pg_strbuf *buf);

/* vlan_read.c */

struct pg_vlan_state {
	bool exists;	     /* the table is there, whatever it holds */
	struct pg_vlan vlan; /* the sets' elements */
	struct pg_vlan_counts counts;
	struct pg_objects objects; /* sorted */
};

void pg_vlan_state_done(struct pg_vlan_state *state);
#define _cleanup_vlan_state_ PG_CLEANUP(pg_vlan_state_done)

/* An empty state where there is no nf_tables. -EPERM, -EAGAIN: it changes all the time. */
int pg_vlan_read(struct pg_nfnl *nfnl, struct pg_vlan_state *ret_state);

#endif
