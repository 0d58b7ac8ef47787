/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules in the binary form of x_tables, linux/netfilter_ipv4/ip_tables.h and ip6_tables.h: an entry,
 * its matches, a target. Written as iptables 1.8 writes them, so that its iptables-save shows them.
 */
#ifndef PG_BACKENDS_IPTABLES_LEGACY_ENTRY_H
#define PG_BACKENDS_IPTABLES_LEGACY_ENTRY_H

#include "translate/ruletree.h"

/* Room for any rule that a tree can hold. */
union pg_xt_entry {
	uint64_t align;
	char bytes[1280];
};

/* The matches that rules may need: bits. */
enum pg_xt_match {
	PG_XT_PHYSDEV,
	PG_XT_CONNTRACK,
	PG_XT_TCP,
	PG_XT_UDP,
	PG_XT_SCTP,
	PG_XT_ICMP,
	PG_XT_ICMP6,
	PG_XT_SET,
	PG_XT_COMMENT,
	PG_XT_MATCHES,
};

/* What this code was written for. */
struct pg_xt_match_info {
	const char *name;
	uint8_t revision;
	size_t size; /* of the match's own part, aligned */
};

extern const struct pg_xt_match_info pg_xt_match_infos[PG_XT_MATCHES];

/* Which matches a rule needs. */
unsigned int pg_xt_entry_matches(const struct pg_tree_rule *rule);

/* Fills in an entry with the rule's counters. libiptc resolves the target's name. */
void pg_xt_entry_encode(const struct pg_tree_rule *rule, uint8_t family, union pg_xt_entry *entry);

/*
 * Reads an entry, all but its target and the name of its set. False: it has something that the tree doesn't; the rule then
 * has its counters only.
 */
bool pg_xt_entry_decode(const void *entry, uint8_t family, struct pg_tree_rule *ret_rule);

/* Whether an entry's jump doesn't come back: -g. */
bool pg_xt_entry_is_goto(const void *entry, uint8_t family);

#endif
