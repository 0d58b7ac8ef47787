/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From an intent to two tables of nf_tables. Pure: nothing here asks the kernel.
 *
 *	table inet polgen {		judges IP of both families, before Docker's own chains
 *		chain forward		neighbours, established, egress, ingress
 *		chain input		neighbours, established, egress
 *		chain output		neighbours, established, ingress; only if the host is judged too
 *	}
 *	table bridge polgen-guard {	knows interfaces, which IP's hooks are not shown
 *		chain prerouting	what comes in by an endpoint's interface: vlan, spoofed, ipv6
 *		chain postrouting	what leaves by one: vlan, not-own-address, ipv6
 *	}
 *
 * Both are ours alone and change in one batch. A base chain's accept means "allowed here": the packet
 * goes on to later base chains of the same hook, so that Docker's rules decide after ours; a drop is
 * final. The tables only ever restrict.
 *
 * Rules are few and always the same; policy is in maps, so that a change costs what it changes:
 *
 *	subjects4, subjects6	address of an endpoint	-> its identity
 *	peers4, peers6		address of an endpoint or a host -> its identity
 *	cidrs4, cidrs6		every other address, in intervals: CIDRs of the policy, world
 *	egress-16 .. egress-1	subject . peer . protocol . block of ports -> return (allowed) or drop
 *	egress-icmp-8 ..	subject . peer . block of ICMP types; egress-icmpv6-8 ..
 *	egress-proto		subject . peer . protocol
 *	egress-every		subject . peer
 *	egress-any-...		the same four for every peer, without it in the key
 *	egress-closed		subject -> drop: what no rule allows
 *	egress-subjects		subject -> goto: of whom there is anything to judge
 *
 * and the same for ingress, where the subject is the destination. The keys are those of
 * policy/classify.h; each block length that is in use has a map, and its rule masks the port. They are
 * asked in the order of classify.h, the first hit decides. All are hash tables without intervals, but for
 * the CIDRs: those are looked up only for addresses that are in no peers map, and a change of them
 * exchanges all of them. Elements count, and their comments name the policy's rules.
 *
 * Identities on their way from map to key. In the kernel a looked-up value may be part of the next
 * key, but nft has no words for that, and 1.0.6 aborts when it lists such a rule. So a rule puts the
 * identities into the packet's priority (subject) and mark (peer), takes them out again as parts of
 * the key, and gives the packet back what it had, all before its last look-up, with nothing between
 * that could end the rule early. nft lists the last step as "meta mark set meta mark". Who loads what
 * nft printed gets rules that judge the same, but leave their identities in mark and priority.
 *
 * Transport headers that can't be read are dropped as malformed where they would be judged. Fragments
 * are put together by conntrack before any of this.
 *
 * What leaves by an endpoint's interface passes the bridge's postrouting also when it was routed, or sent
 * by the host. So what isn't to an endpoint's own address is dropped there whoever sent it, and IPv6 to
 * an endpoint whose address isn't known is told by the interface.
 */
#ifndef PG_BACKENDS_NFTABLES_LAYOUT_H
#define PG_BACKENDS_NFTABLES_LAYOUT_H

#include "backends/nftables/item.h"

#define PG_NFTABLES_LAYOUT "verdict-maps"

/* Before filter chains, which are at 0: Docker's are. */
#define PG_NFTABLES_PRIORITY (-10)

/* Which maps of one direction exist, for certain peers or any: bit n is blocks of n bits. */
struct pg_nftables_use {
	uint32_t ports, icmp, icmpv6; /* 1..16, 1..8, 1..8 */
	bool proto, every;
};

/* The second index says whether it is for any peer. */
struct pg_nftables_uses {
	struct pg_nftables_use use[PG_DIRECTIONS][2];
};

/* Which verdict map a class belongs in. */
enum pg_nftables_form {
	PG_FORM_PORTS,
	PG_FORM_ICMP,
	PG_FORM_ICMPV6,
	PG_FORM_PROTO,
	PG_FORM_EVERY,
	PG_FORM_NONE, /* a block that no packet is in: ICMP has no type above 255 */
};

struct pg_nftables_place {
	enum pg_nftables_form form;
	unsigned int bits; /* of the block; of a type's eight */
};

struct pg_nftables_name {
	char text[PG_NFTABLES_NAME_MAX];
};

/* The map, and the key in it; for the look-up of a packet its port is to be masked. */
struct pg_nftables_name pg_nftables_class_map(const struct pg_class *class,
					      const struct pg_nftables_place *place);
struct pg_nftables_key pg_nftables_class_key(const struct pg_class *class,
					     const struct pg_nftables_place *place);
/* Where packets of a protocol are looked up first; the next one has one bit less. */
struct pg_nftables_place pg_nftables_place_first(pg_proto proto);
uint16_t pg_nftables_place_mask(const struct pg_nftables_place *place);

/* All objects, sorted. -E2BIG, -EINVAL: an interface of two endpoints. -ENOMEM. */
int pg_nftables_plan(const struct pg_intent *intent, struct pg_diags *diags,
		     struct pg_objects *ret_objects);

/* Parts of the plan; each adds objects. -ENOMEM. */

/* policy.c: the verdict maps, and which there are */
int pg_nftables_plan_policy(const struct pg_intent *intent, const struct pg_classes *classes,
			    struct pg_objects *objects, struct pg_nftables_uses *ret_uses);
/* Which of these maps are among objects. */
struct pg_nftables_uses pg_nftables_find_uses(const struct pg_objects *objects);
/* address.c: who has which address */
int pg_nftables_plan_addresses(const struct pg_intent *intent, struct pg_objects *objects);
/* chains.c: chains and rules of table inet polgen */
int pg_nftables_plan_chains(const struct pg_intent *intent, const struct pg_nftables_uses *uses,
			    struct pg_objects *objects);
/* guard.c: all of table bridge polgen-guard */
int pg_nftables_plan_guard(const struct pg_intent *intent, struct pg_objects *objects);

/* What the one rule of the chain PG_NFTABLES_META says: meta.c */
#define PG_NFTABLES_META     "installed"
#define PG_NFTABLES_META_MAX 128 /* nft takes no longer comment */

struct pg_nftables_meta {
	uint8_t digest[32];
	enum pg_host_policy host_policy;
	enum pg_on_revoke on_revoke;
};

void pg_nftables_meta_format(const struct pg_intent *intent, char text[PG_NFTABLES_META_MAX]);
/* -EINVAL: not a text of the above. */
int pg_nftables_meta_parse(const char *text, struct pg_nftables_meta *ret_meta);

/* Whether the policy closed an endpoint, by its index, in a direction. */
bool pg_nftables_is_closed(const struct pg_intent *intent, size_t endpoint,
			   enum pg_direction direction);

/* Intervals that have one identity, sorted, without gaps or overlaps, over all addresses of a family. */
struct pg_nftables_interval {
	uint8_t first[16];
	pg_identity id;
};

struct pg_nftables_intervals {
	struct pg_array(struct pg_nftables_interval) list;
};

void pg_nftables_intervals_done(struct pg_nftables_intervals *intervals);
#define _cleanup_intervals_ PG_CLEANUP(pg_nftables_intervals_done)

/* What prefixes that may nest say of each address: the longest counts, world where there is none. */
int pg_nftables_flatten(const struct pg_identities *identities, uint8_t family,
			struct pg_nftables_intervals *ret_intervals);

#endif
