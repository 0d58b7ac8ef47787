/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects of the nftables backend. Their keys sort so that the list is a script: what is needed by
 * others comes before them.
 *
 *	rank TABLE	family
 *	rank COUNTER	family name
 *	rank CHAIN	family name		-> hook, priority, policy; nothing for others than base chains
 *	rank SET	family name		-> types of key and data, flags
 *	rank ELEMENT	family set NUL key	-> data or verdict, comment
 *	rank RULE	family chain NUL index	-> the rule's netlink attributes, without handle
 *	rank FOREIGN	family text		found in our tables, and nothing that we make
 *
 * Rank and family (NFPROTO_INET, NFPROTO_BRIDGE) are bytes; the family says which of our two tables.
 */
#ifndef PG_BACKENDS_NFTABLES_ITEM_H
#define PG_BACKENDS_NFTABLES_ITEM_H

/* Before headers of Linux that would have these names too. */
#include <net/if.h>
#include <netinet/in.h>

#include <libnftnl/rule.h>

#include "backends/backend.h"
#include "policy/classify.h"

#define PG_NFTABLES_TABLE "polgen"
#define PG_NFTABLES_GUARD "polgen-guard"

/* Before what backend.h calls a counter: some of those are words of nft's own. */
#define PG_NFTABLES_COUNTER "count-"

/* Longest names of chains and sets that an object can have, with NUL. */
#define PG_NFTABLES_NAME_MAX 32

enum pg_nftables_rank {
	PG_RANK_TABLE,
	PG_RANK_COUNTER,
	PG_RANK_CHAIN,
	PG_RANK_SET,
	PG_RANK_ELEMENT,
	PG_RANK_RULE,
	PG_RANK_FOREIGN,
};

/* What a key or datum is made of: nft's datatypes. */
enum pg_nftables_type {
	PG_TYPE_NONE,
	PG_TYPE_IPV4,
	PG_TYPE_IPV6,
	PG_TYPE_CLASSID, /* an identity, in host order */
	PG_TYPE_MARK,	 /* the same */
	PG_TYPE_PROTO,
	PG_TYPE_SERVICE,
	PG_TYPE_ICMP,
	PG_TYPE_ICMPV6,
	PG_TYPE_IFNAME,
	PG_TYPE_VERDICT,
	PG_TYPES,
};

/* A part of a key has registers of its own: multiples of four bytes. */
#define PG_NFTABLES_FIELDS_MAX 4
#define PG_NFTABLES_KEY_MAX    32

struct pg_nftables_set {
	uint8_t key[PG_NFTABLES_FIELDS_MAX]; /* enum pg_nftables_type; PG_TYPE_NONE ends it */
	uint8_t data;			     /* PG_TYPE_NONE: a set, no map */
	bool interval, counter;
};

const char *pg_nftables_table(uint8_t family);

/* In bytes, of a single field; and nft's name and number of it. */
size_t pg_nftables_type_length(enum pg_nftables_type type);
const char *pg_nftables_type_name(enum pg_nftables_type type);
/* Number and length of a set's key as a whole. */
uint32_t pg_nftables_key_type(const struct pg_nftables_set *set);
size_t pg_nftables_key_length(const struct pg_nftables_set *set);
uint32_t pg_nftables_data_type(enum pg_nftables_type type);
/* The other way round. -EINVAL: none that we use. */
int pg_nftables_parse_key_type(uint32_t number, struct pg_nftables_set *set);
int pg_nftables_parse_data_type(uint32_t number, uint8_t *ret_type);

/* A key being put together, each part at a multiple of four bytes. */
struct pg_nftables_key {
	uint8_t bytes[PG_NFTABLES_KEY_MAX + 1];
	size_t length;
};

void pg_nftables_key_add(struct pg_nftables_key *key, const void *bytes, size_t length);
static inline void pg_nftables_key_add_id(struct pg_nftables_key *key, pg_identity id)
{
	pg_nftables_key_add(key, &id.n, sizeof(id.n));
}

/* What an element says. */
struct pg_nftables_value {
	uint8_t kind; /* PG_TYPE_NONE, PG_TYPE_VERDICT, or an identity's type */
	pg_identity id;
	int32_t code; /* NF_ACCEPT, NF_DROP, NFT_RETURN, NFT_GOTO */
	char chain[PG_NFTABLES_NAME_MAX];
	char comment[PG_RULE_NAME_MAX];
};

struct pg_nftables_chain {
	uint32_t hook;
	int32_t priority;
	uint32_t policy;
};

/* Each adds an object. -ENOMEM. */
int pg_nftables_add_table(struct pg_objects *objects, uint8_t family);
/* Named PG_NFTABLES_COUNTER and `what`. */
int pg_nftables_add_counter(struct pg_objects *objects, uint8_t family, const char *what);
/* `base` NULL: no base chain */
int pg_nftables_add_chain(struct pg_objects *objects, uint8_t family, const char *name,
			  const struct pg_nftables_chain *base);
int pg_nftables_add_set(struct pg_objects *objects, uint8_t family, const char *name,
			const struct pg_nftables_set *set);
/*
 * Of an interval's bounds the key has one byte more, such that the kernel can take them in order: 0 for
 * the address behind it, where the next one may begin, 1 for its first.
 */
int pg_nftables_add_element(struct pg_objects *objects, uint8_t family, const char *set,
			    const struct pg_nftables_key *key,
			    const struct pg_nftables_value *value, struct pg_origin origin);
/* The rule's table and chain are set; its handle and position don't matter. */
int pg_nftables_add_rule(struct pg_objects *objects, uint8_t family, struct nftnl_rule *rule,
			 uint32_t index);
int pg_nftables_add_foreign(struct pg_objects *objects, uint8_t family, const char *text);

/* An object taken apart; pointers go into it. */
struct pg_nftables_item {
	enum pg_nftables_rank rank;
	uint8_t family;
	char name
		[PG_NFTABLES_NAME_MAX]; /* of the counter, chain, set; the element's set; the rule's
					    chain */
	const uint8_t *key;		/* of an element; without the interval's byte */
	size_t key_length;
	uint32_t index; /* of a rule */
};

/* -EINVAL: no object of ours. */
int pg_nftables_item(const struct pg_object *object, struct pg_nftables_item *ret_item);

/* The values of objects of these ranks. -EINVAL. */
int pg_nftables_read_chain(const struct pg_object *object, bool *ret_base,
			   struct pg_nftables_chain *ret_chain);
int pg_nftables_read_set(const struct pg_object *object, struct pg_nftables_set *ret_set);
int pg_nftables_read_element(const struct pg_object *object, struct pg_nftables_value *ret_value);
/* NULL: out of memory, or no rule. The caller frees it. */
struct nftnl_rule *pg_nftables_read_rule(const struct pg_object *object);

#endif
