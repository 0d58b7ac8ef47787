/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of the nf_tables flavour. Rules have the form that iptables-nft 1.8.9 gives to the same
 * text: addresses, protocol and ports as native expressions, everything else as matches of x_tables
 * (NFPROTO compat). So iptables-nft lists them as rules of its own, and nft translates them.
 *
 *	encode, decode	a rule to expressions and back; match: the matches of x_tables among them
 *	snapshot	all that the kernel holds in table "filter", at one moment
 *	change		which rules of a chain stay, and which come and go
 *	commit		snapshot + wanted trees -> one batch: message, rules, hooks; report
 */
#ifndef PG_BACKENDS_IPTABLES_NFT_H
#define PG_BACKENDS_IPTABLES_NFT_H

#include <libnftnl/rule.h>

#include "backends/iptables/flavour.h"
#include "compat/nfnl.h"
#include "compat/nft.h"

#define PG_NFT_TABLE "filter"

/*
 * What makes a table or a base chain known as one that we made: its comment, which nft shows. One
 * that was there before us lacks it and is never removed.
 */
#define PG_NFT_TAG "made by polgen"

/* 4 or 6 -> NFPROTO_IPV4 or NFPROTO_IPV6. */
uint8_t pg_nft_family(uint8_t family);

/* The info of an x_tables match, padded as the kernel wants it (XT_ALIGN). */
struct pg_nft_match {
	const char *name;
	uint32_t revision, length;
	char info[512] __attribute__((aligned(8)));
};

/* Each false: the rule has no such match. */
bool pg_nft_match_physdev(const struct pg_tree_rule *rule, struct pg_nft_match *ret_match);
bool pg_nft_match_conntrack(const struct pg_tree_rule *rule, struct pg_nft_match *ret_match);
bool pg_nft_match_proto(const struct pg_tree_rule *rule, struct pg_nft_match *ret_match);
bool pg_nft_match_set(const struct pg_tree_rule *rule, struct pg_nft_match *ret_match);
bool pg_nft_match_comment(const struct pg_tree_rule *rule, struct pg_nft_match *ret_match);

/*
 * The other way round: sets the members of `rule` that a match stands for. False: it asks for more
 * than these members can say.
 */
bool pg_nft_match_parse(const char *name, uint32_t revision, const void *info, uint32_t length,
			struct pg_tree_rule *rule);

/* Where the protocol's message type or destination port is a match of x_tables. */
bool pg_nft_ports_are_native(const struct pg_tree_rule *rule);

/* What a rule has counted. */
struct pg_nft_counter {
	uint64_t packets, bytes;
};

/* False: no rule of iptables says that (a range of ICMP types, a rule that is `foreign`). */
bool pg_nft_can_encode(const struct pg_tree_rule *rule);

/* Puts a rule's expressions into a message. -EINVAL: it can't be encoded. */
int pg_nft_encode(struct nlmsghdr *message, const struct pg_tree_rule *rule,
		  const struct pg_nft_counter *counter, uint8_t family);

/* `foreign` is set when the rule is none that a tree can hold. -ENOMEM. */
int pg_nft_decode(struct nftnl_rule *from, uint8_t family, struct pg_tree_rule *ret_rule);

/* A rule of a foreign chain that jumps or goes to one of ours. */
struct pg_nft_hook {
	char chain[PG_CHAIN_NAME_MAX];
	size_t index; /* in its chain, from 0 */
	bool plain;   /* nothing but a jump */
	struct pg_nft_counter counter;
};

struct pg_nft_chain {
	char *name;
	bool ours, tagged;
	bool calls_docker; /* a rule of it jumps to PG_IPT_DOCKER_CHAIN */
	bool base;
	uint32_t hook, policy;		   /* of a base chain: NF_INET_FORWARD, NF_ACCEPT */
	struct pg_array(uint64_t) handles; /* of all its rules, in order */
	struct pg_array(struct pg_tree_rule) rules; /* as many, if it is ours; else none */
	struct pg_array(struct pg_nft_hook) hooks;  /* if it isn't */
};

/* Table "filter" of one family. */
struct pg_nft_table {
	bool exists, tagged, dormant;
	uint32_t use; /* how many chains, sets and other things are in it */
	struct pg_array(struct pg_nft_chain) chains; /* sorted by name in bytes */
};

struct pg_nft_snapshot {
	uint32_t generation;
	struct pg_nft_table v4, v6;
};

void pg_nft_snapshot_done(struct pg_nft_snapshot *snapshot);
#define _cleanup_nft_snapshot_ PG_CLEANUP(pg_nft_snapshot_done)

/*
 * Reads one family (4 or 6), or both (0), such that it is the state of one moment. -EOPNOTSUPP: the
 * kernel has no nf_tables. -EPERM. -EAGAIN: it changes all the time.
 */
int pg_nft_snapshot_take(struct pg_nfnl *nfnl, uint8_t family,
			 struct pg_nft_snapshot *ret_snapshot);

/* NULL: no such chain. */
const struct pg_nft_chain *pg_nft_chain_find(const struct pg_nft_table *table, const char *name);

/* Moves our chains and hooks of one family into a tree. -ENOMEM. */
int pg_nft_snapshot_to_tree(struct pg_nft_snapshot *snapshot, uint8_t family,
			    struct pg_tree *ret_tree);

#define PG_NFT_NONE SIZE_MAX

/* Where one wanted rule comes from. */
struct pg_nft_source {
	size_t old; /* index of the live rule with the same text, or PG_NFT_NONE */
	bool stays; /* that one needs not be moved */
};

/*
 * Finds for each of `count` wanted rules a live one with the same text, no live rule twice, and the
 * most of them that may stay where they are. `sources` has `count` items. -ENOMEM.
 */
int pg_nft_change_find(const struct pg_tree_rule *live, size_t live_count,
		       const struct pg_tree_rule *wanted, size_t count,
		       struct pg_nft_source *sources);

#endif
