/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules as lists of expressions, put together piece by piece. Running out of memory is remembered, and
 * said when the rule is added. Register numbers and attributes are those that the kernel answers
 * with, so that a rule that was read back has the same bytes.
 */
#ifndef PG_BACKENDS_NFTABLES_RULE_H
#define PG_BACKENDS_NFTABLES_RULE_H

#include "backends/nftables/item.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* The parts of a key, and where a packet's own mark and priority are kept meanwhile. */
enum pg_nftables_register {
	PG_REG_0 = NFT_REG_1, /* the first four bytes of it: the kernel's name for them */
	PG_REG_1 = NFT_REG32_01,
	PG_REG_2 = NFT_REG32_02,
	PG_REG_3 = NFT_REG32_03,
	PG_REG_4 = NFT_REG_2,
	PG_REG_ADDRESS = NFT_REG_3, /* an address on its way to its identity: up to four */
	PG_REG_PRIORITY = NFT_REG_4,
	PG_REG_MARK = NFT_REG32_13,
};

struct pg_nftables_rule {
	struct nftnl_rule *rule;
	uint8_t family;
	bool failed;
};

/* The rules of one chain are added in order. */
struct pg_nftables_rules {
	struct pg_objects *objects;
	uint8_t family;
	const char *chain;
	uint32_t count;
	int err; /* the first that happened; then nothing is done any more */
};

struct pg_nftables_rule pg_nftables_rule(uint8_t family, const char *chain);

/* From the packet's metadata to a register, and the other way. */
void pg_nftables_load(struct pg_nftables_rule *rule, uint32_t key, uint32_t reg);
void pg_nftables_store(struct pg_nftables_rule *rule, uint32_t key, uint32_t reg);
void pg_nftables_payload(struct pg_nftables_rule *rule, uint32_t base, uint32_t offset,
			 uint32_t length, uint32_t reg);
void pg_nftables_compare(struct pg_nftables_rule *rule, uint32_t operation, uint32_t reg,
			 const void *bytes, uint32_t length);
/* Keeps the bits that are in `mask`. */
void pg_nftables_mask(struct pg_nftables_rule *rule, uint32_t reg, const void *mask,
		      uint32_t length);
/* The rule ends unless a set has the key that begins in a register. */
void pg_nftables_look_up(struct pg_nftables_rule *rule, const char *set, uint32_t reg);
/* The same of a map; what it says goes to `to`. NFT_REG_VERDICT: is done. */
void pg_nftables_map(struct pg_nftables_rule *rule, const char *map, uint32_t reg, uint32_t to);
/* The state of the packet's flow is one of those of the bits. */
void pg_nftables_state(struct pg_nftables_rule *rule, uint32_t bits);
/* By the counter of a name; by one of the rule's own, which is for rules that no packet comes to. */
void pg_nftables_count(struct pg_nftables_rule *rule, const char *what);
void pg_nftables_count_here(struct pg_nftables_rule *rule);
/* `chain` NULL: none to go to */
void pg_nftables_verdict(struct pg_nftables_rule *rule, int code, const char *chain);
void pg_nftables_comment(struct pg_nftables_rule *rule, const char *text);

/* Adds the rule to the chain's, and frees it. */
void pg_nftables_rules_add(struct pg_nftables_rules *rules, struct pg_nftables_rule *rule);

/* "ether type", "meta nfproto", "meta l4proto": equal to a value of two, one, one bytes. */
void pg_nftables_is_ethertype(struct pg_nftables_rule *rule, uint16_t type);
void pg_nftables_is_nfproto(struct pg_nftables_rule *rule, uint8_t proto);
void pg_nftables_is_l4proto(struct pg_nftables_rule *rule, uint8_t proto);
/* Source or destination address of the IP header of family 4 or 6. */
void pg_nftables_address(struct pg_nftables_rule *rule, uint8_t family, bool source, uint32_t reg);

/* The IPv6 source or destination address is in fe80::/10. */
void pg_nftables_is_link_local(struct pg_nftables_rule *rule, bool source);

/* In either table: neighbour discovery and listener reports, which pass before all else. */
void pg_nftables_neighbours(struct pg_nftables_rules *rules);

#endif
