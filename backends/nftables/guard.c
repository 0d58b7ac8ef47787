// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table bridge polgen-guard: what only the bridge knows, which interface a packet is of. Frames with a
 * VLAN tag don't come to IP's hooks, but receivers take those of VLAN 0 as if they had none (IEEE
 * 802.1Q, 6.9.1).
 *
 *	endpoints	interfaces
 *	closed		those that are closed in ingress
 *	own4, own6	interface . its endpoint's address
 *	from6		where IPv6 from another address goes: dropped as spoofed or ipv6
 *	to6		where IPv6 to another address goes, if closed
 *	link-local6	the same if open; only what is to a link-local address
 */
#include "backends/nftables/layout.h"

#include <linux/if_ether.h>
#include <linux/netfilter_bridge.h>

#include "backends/nftables/rule.h"
#include "compat/strbuf.h"

/* "priority filter" of bridges: before br_netfilter shows the packet to IP's hooks. */
#define PRIORITY (-200)

static const struct {
	const char *name;
	struct pg_nftables_set set;
} sets[] = {
	{ "endpoints", { .key = { PG_TYPE_IFNAME } } },
	{ "closed", { .key = { PG_TYPE_IFNAME } } },
	{ "own4", { .key = { PG_TYPE_IFNAME, PG_TYPE_IPV4 } } },
	{ "own6", { .key = { PG_TYPE_IFNAME, PG_TYPE_IPV6 } } },
	{ "from6", { .key = { PG_TYPE_IFNAME }, .data = PG_TYPE_VERDICT } },
	{ "to6", { .key = { PG_TYPE_IFNAME }, .data = PG_TYPE_VERDICT } },
	{ "link-local6", { .key = { PG_TYPE_IFNAME }, .data = PG_TYPE_VERDICT } },
};

bool pg_nftables_is_closed(const struct pg_intent *intent, size_t endpoint,
			   enum pg_direction direction)
{
	pg_identity id = intent->identities->endpoint_ids.items[endpoint];
	const struct pg_subject *subject = pg_verdict_table_subject(intent->table, id);

	return subject && subject->enforced[direction];
}

static struct pg_nftables_key key_of(const struct pg_endpoint *endpoint)
{
	char name[IFNAMSIZ] = { 0 };
	struct pg_nftables_key key = { 0 };

	memcpy(name, endpoint->interface, strnlen(endpoint->interface, sizeof(name) - 1));
	pg_nftables_key_add(&key, name, sizeof(name));
	return key;
}

/* `to` NULL: of a set */
static int add_element(struct pg_objects *objects, const char *set,
		       const struct pg_nftables_key *key, const char *to)
{
	struct pg_nftables_value value = { 0 };

	if (to) {
		value.kind = PG_TYPE_VERDICT;
		value.code = NFT_GOTO;
		snprintf(value.chain, sizeof(value.chain), "%s", to);
	}
	return pg_nftables_add_element(objects, NFPROTO_BRIDGE, set, key, &value, PG_ORIGIN_NONE);
}

static int add_own(struct pg_objects *objects, const char *set, const struct pg_endpoint *endpoint,
		   const struct pg_addr *address)
{
	struct pg_nftables_key key = key_of(endpoint);

	if (!address->family)
		return 0;
	pg_nftables_key_add(&key, address->bytes, pg_addr_bits(address) / 8);
	return add_element(objects, set, &key, NULL);
}

/* An endpoint without a known IPv6 address may have one that nobody knows. */
static int plan_ipv6(const struct pg_intent *intent, size_t index, struct pg_objects *objects)
{
	const struct pg_endpoint *endpoint = &intent->endpoints->list.items[index];
	bool known = endpoint->ipv6.family;
	struct pg_nftables_key key = key_of(endpoint);
	int err = 0;

	if (known || pg_nftables_is_closed(intent, index, PG_EGRESS))
		err = add_element(objects, "from6", &key, known ? PG_COUNT_SPOOFED : PG_COUNT_IPV6);
	if (err)
		return err;
	if (pg_nftables_is_closed(intent, index, PG_INGRESS))
		return add_element(objects, "to6", &key, known ? PG_COUNT_NOT_OWN : PG_COUNT_IPV6);
	return known ? add_element(objects, "link-local6", &key, PG_COUNT_NOT_OWN) : 0;
}

static int plan_endpoint(const struct pg_intent *intent, size_t index, struct pg_objects *objects)
{
	const struct pg_endpoint *endpoint = &intent->endpoints->list.items[index];
	struct pg_nftables_key key = key_of(endpoint);
	int err = add_element(objects, "endpoints", &key, NULL);

	if (!err && pg_nftables_is_closed(intent, index, PG_INGRESS))
		err = add_element(objects, "closed", &key, NULL);
	if (!err)
		err = add_own(objects, "own4", endpoint, &endpoint->ipv4);
	if (!err)
		err = add_own(objects, "own6", endpoint, &endpoint->ipv6);
	return err ?: plan_ipv6(intent, index, objects);
}

/* One side of the guard: what comes in by an interface, or leaves by one. */
struct side {
	const char *chain;
	uint32_t interface; /* NFT_META_IIFNAME or _OIFNAME */
	bool source;	    /* which address is to be the endpoint's own */
};

static const struct side from = { "from", NFT_META_IIFNAME, true };
static const struct side to = { "to", NFT_META_OIFNAME, false };

static struct pg_nftables_rules begin(struct pg_objects *objects, const char *chain)
{
	return (struct pg_nftables_rules){ .objects = objects,
					   .family = NFPROTO_BRIDGE,
					   .chain = chain };
}

static int end(const struct pg_nftables_rules *rules)
{
	return rules->err
		       ?: pg_nftables_add_chain(rules->objects, rules->family, rules->chain, NULL);
}

static struct pg_nftables_rule start(const struct pg_nftables_rules *rules, uint16_t ethertype)
{
	struct pg_nftables_rule rule = pg_nftables_rule(rules->family, rules->chain);

	pg_nftables_is_ethertype(&rule, ethertype);
	return rule;
}

static void look_up_interface(struct pg_nftables_rule *rule, const struct side *side,
			      const char *set)
{
	pg_nftables_load(rule, side->interface, PG_REG_0);
	pg_nftables_look_up(rule, set, PG_REG_0);
}

/* `set` NULL: whatever the interface */
static void drop(struct pg_nftables_rules *rules, const struct side *side, uint16_t ethertype,
		 const char *set, const char *counter)
{
	struct pg_nftables_rule rule = start(rules, ethertype);

	if (set)
		look_up_interface(&rule, side, set);
	pg_nftables_count(&rule, counter);
	pg_nftables_verdict(&rule, NF_DROP, NULL);
	pg_nftables_rules_add(rules, &rule);
}

static void pass_own(struct pg_nftables_rules *rules, const struct side *side, uint8_t family)
{
	struct pg_nftables_rule rule = start(rules, family == 4 ? ETH_P_IP : ETH_P_IPV6);

	pg_nftables_load(&rule, side->interface, PG_REG_0);
	pg_nftables_address(&rule, family, side->source, PG_REG_4);
	pg_nftables_look_up(&rule, family == 4 ? "own4" : "own6", PG_REG_0);
	pg_nftables_verdict(&rule, NFT_RETURN, NULL);
	pg_nftables_rules_add(rules, &rule);
}

static void judge_others(struct pg_nftables_rules *rules, const struct side *side, const char *map)
{
	struct pg_nftables_rule rule = start(rules, ETH_P_IPV6);

	pg_nftables_load(&rule, side->interface, PG_REG_0);
	pg_nftables_map(&rule, map, PG_REG_0, NFT_REG_VERDICT);
	pg_nftables_rules_add(rules, &rule);
}

static void judge_link_local(struct pg_nftables_rules *rules)
{
	struct pg_nftables_rule rule = start(rules, ETH_P_IPV6);

	pg_nftables_is_link_local(&rule, false);
	pg_nftables_load(&rule, to.interface, PG_REG_0);
	pg_nftables_map(&rule, "link-local6", PG_REG_0, NFT_REG_VERDICT);
	pg_nftables_rules_add(rules, &rule);
}

static int plan_from(struct pg_objects *objects)
{
	struct pg_nftables_rules rules = begin(objects, from.chain);

	drop(&rules, &from, ETH_P_8021Q, NULL, PG_COUNT_VLAN);
	drop(&rules, &from, ETH_P_8021AD, NULL, PG_COUNT_VLAN);
	pass_own(&rules, &from, 4);
	drop(&rules, &from, ETH_P_IP, NULL, PG_COUNT_SPOOFED);
	pass_own(&rules, &from, 6);
	pg_nftables_neighbours(&rules);
	judge_others(&rules, &from, "from6");
	return end(&rules);
}

static int plan_to(struct pg_objects *objects)
{
	struct pg_nftables_rules rules = begin(objects, to.chain);

	drop(&rules, &to, ETH_P_8021Q, "closed", PG_COUNT_VLAN);
	drop(&rules, &to, ETH_P_8021AD, "closed", PG_COUNT_VLAN);
	pass_own(&rules, &to, 4);
	drop(&rules, &to, ETH_P_IP, "closed", PG_COUNT_NOT_OWN);
	pass_own(&rules, &to, 6);
	pg_nftables_neighbours(&rules);
	judge_others(&rules, &to, "to6");
	judge_link_local(&rules);
	return end(&rules);
}

static int plan_base(struct pg_objects *objects, const char *chain, uint32_t hook,
		     const struct side *side)
{
	const struct pg_nftables_chain base = { .hook = hook,
						.priority = PRIORITY,
						.policy = NF_ACCEPT };
	struct pg_nftables_rules rules = begin(objects, chain);
	struct pg_nftables_rule rule = pg_nftables_rule(rules.family, rules.chain);

	look_up_interface(&rule, side, "endpoints");
	pg_nftables_verdict(&rule, NFT_JUMP, side->chain);
	pg_nftables_rules_add(&rules, &rule);
	return rules.err ?: pg_nftables_add_chain(objects, rules.family, chain, &base);
}

/* What maps send packets to. */
static int plan_drop(struct pg_objects *objects, const char *counter)
{
	struct pg_nftables_rules rules = begin(objects, counter);
	struct pg_nftables_rule rule = pg_nftables_rule(rules.family, rules.chain);

	pg_nftables_count(&rule, counter);
	pg_nftables_verdict(&rule, NF_DROP, NULL);
	pg_nftables_rules_add(&rules, &rule);
	return end(&rules);
}

static int plan_chains(struct pg_objects *objects)
{
	static const char *const counters[] = { PG_COUNT_SPOOFED, PG_COUNT_NOT_OWN, PG_COUNT_IPV6 };
	int err = plan_base(objects, "prerouting", NF_BR_PRE_ROUTING, &from);

	if (!err)
		err = plan_base(objects, "postrouting", NF_BR_POST_ROUTING, &to);
	if (!err)
		err = plan_from(objects);
	if (!err)
		err = plan_to(objects);
	for (size_t i = 0; i < PG_COUNT(counters) && !err; i++) {
		err = pg_nftables_add_counter(objects, NFPROTO_BRIDGE, counters[i]);
		if (!err)
			err = plan_drop(objects, counters[i]);
	}
	return err ?: pg_nftables_add_counter(objects, NFPROTO_BRIDGE, PG_COUNT_VLAN);
}

int pg_nftables_plan_guard(const struct pg_intent *intent, struct pg_objects *objects)
{
	int err = pg_nftables_add_table(objects, NFPROTO_BRIDGE);

	for (size_t i = 0; i < PG_COUNT(sets) && !err; i++)
		err = pg_nftables_add_set(objects, NFPROTO_BRIDGE, sets[i].name, &sets[i].set);
	for (size_t i = 0; i < intent->endpoints->list.count && !err; i++) {
		if (intent->endpoints->list.items[i].interface)
			err = plan_endpoint(intent, i, objects);
	}
	return err ?: plan_chains(objects);
}
