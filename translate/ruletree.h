/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of iptables as a tree: chains of rules, each what it matches and what it does. One form for
 * both families and both kernel flavours; iptables-save text is its outside.
 */
#ifndef PG_TRANSLATE_RULETREE_H
#define PG_TRANSLATE_RULETREE_H

#include <net/if.h>

#include "compat/strbuf.h"
#include "policy/addr.h"
#include "policy/rule.h"
#include "policy/types.h"
#include "translate/ipset.h"

#define PG_CHAIN_NAME_MAX 29  /* XT_EXTENSION_MAXNAMELEN, with the NUL */
#define PG_COMMENT_MAX	  144 /* of the 256 that xt_comment has; with the NUL */

enum pg_target {
	PG_TARGET_NONE, /* count only */
	PG_TARGET_RETURN,
	PG_TARGET_DROP,
	PG_TARGET_ACCEPT,
	PG_TARGET_JUMP, /* to `chain` */
	PG_TARGET_GOTO,
	PG_TARGETS,
};

/* Conntrack states, as bits. */
enum {
	PG_CT_ESTABLISHED = 1 << 0,
	PG_CT_RELATED = 1 << 1,
};

/* Each member that is zero matches everything. All that are set must match. */
struct pg_tree_rule {
	struct pg_prefix src, dst; /* family 0: any */
	bool src_not, dst_not;
	pg_proto proto; /* PG_PROTO_EVERY: any */
	bool has_dport; /* TCP, UDP, SCTP: destination port; ICMP, ICMPv6: type in dport_first */
	uint16_t dport_first, dport_last;
	unsigned int ct_states;	    /* -m conntrack --ctstate */
	char physdev_in[IFNAMSIZ];  /* -m physdev; "": any; "veth1+": what begins with "veth1" */
	char physdev_out[IFNAMSIZ]; /* implies --physdev-is-bridged */
	char set[PG_SET_NAME_MAX];  /* -m set --match-set; "": none */
	bool has_set, set_dst;	    /* looked up by destination, else source */
	uint16_t set_number; /* the kernel's for it, to which a name belongs only for a while */
	char comment[PG_COMMENT_MAX]; /* "": none; printable ASCII */
	enum pg_target target;
	char chain[PG_CHAIN_NAME_MAX]; /* of JUMP and GOTO */
	struct pg_origin origin;       /* which rule of the policy it is from */
	uint64_t packets, bytes;       /* when read back from the kernel */
	char *foreign; /* owned; text of a rule that this form can't hold; NULL: it can */
};

struct pg_tree_chain {
	char name[PG_CHAIN_NAME_MAX];
	struct pg_array(struct pg_tree_rule) rules;
};

/* A jump into a tree: `-A parent -j chain`, to stand first in the parent. */
struct pg_tree_hook {
	char parent[PG_CHAIN_NAME_MAX];
	char chain[PG_CHAIN_NAME_MAX];
	uint32_t position; /* in the parent when read back, from 1; 0: to be first */
	/* when read back from the kernel */
	uint64_t packets, bytes;
	bool conditional; /* somebody made it jump for some packets only, or go without return */
};

/* Part of one table (always "filter" here): chains in the order in which they were added. */
struct pg_tree {
	uint8_t family; /* 4 or 6 */
	bool unsorted;	/* some chain's name isn't after the one before it */
	struct pg_array(struct pg_tree_chain) chains;
	struct pg_array(struct pg_tree_hook) hooks;
	struct pg_sets sets; /* that its rules look into */
};

void pg_tree_done(struct pg_tree *tree);
#define _cleanup_tree_ PG_CLEANUP(pg_tree_done)

/* NULL: out of memory. The chain's address is good until the next chain is added. */
struct pg_tree_chain *pg_tree_add_chain(struct pg_tree *tree, const char *name);
/* Puts chains in the order of their names, in which they are found fast. */
void pg_tree_sort(struct pg_tree *tree);
/* NULL: no such chain. */
struct pg_tree_chain *pg_tree_find_chain(const struct pg_tree *tree, const char *name);
/* A zeroed rule at the end of a chain. NULL: out of memory. */
struct pg_tree_rule *pg_tree_add_rule(struct pg_tree_chain *chain);
/* -ENOMEM. */
int pg_tree_add_hook(struct pg_tree *tree, const char *parent, const char *chain,
		     uint32_t position);
/* Neither chains nor hooks. */
bool pg_tree_is_empty(const struct pg_tree *tree);
/* How many rules there are in all chains together, hooks not counted. */
size_t pg_tree_rules(const struct pg_tree *tree);

/*
 * An order of rules by what they match and do; origins and counters don't count. 0: their text is the
 * same.
 */
int pg_tree_compare_rules(const struct pg_tree_rule *a, const struct pg_tree_rule *b);

/* Whether it is `-j CHAIN` and no more, as hooks are. */
bool pg_tree_rule_is_plain_jump(const struct pg_tree_rule *rule);

/*
 * One rule as iptables-save writes it after "-A CHAIN", e.g.
 * `-s 10.0.0.2/32 -p tcp -m tcp --dport 80 -m comment --comment "shop.json:3:7" -j RETURN`:
 * the same options in the same order, so that it can be compared with iptables-save's own output.
 * Matches come in the order physdev, conntrack, protocol, set, comment. A range of ports that holds all
 * of them is written as no range, as iptables-save does. A rule with `foreign` is that text.
 */
void pg_tree_format_rule(const struct pg_tree_rule *rule, struct pg_strbuf *buf);

/*
 * The tree as input of iptables-restore --noflush: our chains are emptied and filled, hooks are
 * inserted first in their parents. Nothing else is touched.
 */
void pg_tree_format(const struct pg_tree *tree, struct pg_strbuf *buf);

#endif
