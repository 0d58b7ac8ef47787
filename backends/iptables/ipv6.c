// SPDX-License-Identifier: GPL-2.0-only
/* IPv6 of enforced endpoints fails closed. */
#include "backends/iptables/layout.h"

/* ICMPv6 types of RFC 4861: router and neighbour solicitation and advertisement, and redirect. */
#define ND_FIRST 133
#define ND_LAST	 137

static bool is_anything_enforced(const struct pg_intent *intent)
{
	pg_array_foreach(subject, &intent->table->subjects) {
		if (subject->enforced[PG_EGRESS] || subject->enforced[PG_INGRESS])
			return true;
	}
	return false;
}

static int pass_discovery(struct pg_tree_chain *chain)
{
	for (uint16_t type = ND_FIRST; type <= ND_LAST; type++) {
		struct pg_tree_rule *rule = pg_tree_add_rule(chain);

		if (!rule)
			return -ENOMEM;
		rule->proto = PG_PROTO_ICMPV6;
		rule->has_dport = true;
		rule->dport_first = rule->dport_last = type;
		rule->target = PG_TARGET_RETURN;
		snprintf(rule->comment, sizeof(rule->comment), "neighbour-discovery");
	}
	return 0;
}

static struct pg_tree_rule *add_drop(struct pg_tree_chain *chain)
{
	struct pg_tree_rule *rule = pg_tree_add_rule(chain);

	if (!rule)
		return NULL;
	snprintf(rule->comment, sizeof(rule->comment), PG_COUNT_IPV6);
	rule->target = PG_TARGET_DROP;
	return rule;
}

/* By its interface, which is what tells even a link-local address apart. */
static int close_interface(const struct pg_endpoint *endpoint, enum pg_direction direction,
			   struct pg_tree_chain *chain)
{
	struct pg_tree_rule *rule;

	if (!endpoint->interface)
		return 0;
	rule = add_drop(chain);
	if (!rule)
		return -ENOMEM;
	snprintf(direction == PG_EGRESS ? rule->physdev_in : rule->physdev_out, IFNAMSIZ, "%s",
		 endpoint->interface);
	return 0;
}

static int close_address(const struct pg_endpoint *endpoint, enum pg_direction direction,
			 struct pg_tree_chain *chain)
{
	struct pg_tree_rule *rule;

	if (!endpoint->ipv6.family)
		return 0;
	rule = add_drop(chain);
	if (!rule)
		return -ENOMEM;
	*(direction == PG_EGRESS ? &rule->src : &rule->dst) = pg_prefix_of(&endpoint->ipv6, 128);
	return 0;
}

static int close_direction(const struct pg_intent *intent, enum pg_direction direction,
			   struct pg_tree_chain *chain)
{
	for (size_t i = 0; i < intent->endpoints->list.count; i++) {
		const struct pg_endpoint *endpoint = &intent->endpoints->list.items[i];
		int err;

		if (!pg_guard_is_enforced(intent, i, direction))
			continue;
		err = close_interface(endpoint, direction, chain);
		if (!err)
			err = close_address(endpoint, direction, chain);
		if (err)
			return err;
	}
	return 0;
}

static int add_entry(struct pg_tree *tree, const char *chain, const char *parent)
{
	int err = pass_discovery(pg_tree_find_chain(tree, chain));

	return err ? err : pg_tree_add_hook(tree, parent, chain, 0);
}

/* Each chain that hooks jump to: discovery passes, then the chains of the directions judge. */
static int add_entries(struct pg_tree *tree, const struct pg_intent *intent, const char *parent)
{
	int err = add_entry(tree, PG_CHAIN_FORWARD, parent);

	if (!err)
		err = pg_guard_jump(pg_tree_find_chain(tree, PG_CHAIN_FORWARD), PG_CHAIN_EGRESS);
	if (!err)
		err = pg_guard_jump(pg_tree_find_chain(tree, PG_CHAIN_FORWARD), PG_CHAIN_INGRESS);
	if (!err)
		err = add_entry(tree, PG_CHAIN_INPUT, "INPUT");
	if (!err)
		err = pg_guard_jump(pg_tree_find_chain(tree, PG_CHAIN_INPUT), PG_CHAIN_EGRESS);
	if (err || intent->host_policy != PG_HOST_POLICY_ENFORCE)
		return err;
	err = add_entry(tree, PG_CHAIN_OUTPUT, "OUTPUT");
	if (!err)
		err = pg_guard_jump(pg_tree_find_chain(tree, PG_CHAIN_OUTPUT), PG_CHAIN_INGRESS);
	return err;
}

static int add_chains(struct pg_tree *tree, const struct pg_intent *intent)
{
	static const char *const names[] = { PG_CHAIN_FORWARD, PG_CHAIN_EGRESS, PG_CHAIN_INGRESS,
					     PG_CHAIN_INPUT, PG_CHAIN_OUTPUT };
	size_t count = PG_COUNT(names) - (intent->host_policy != PG_HOST_POLICY_ENFORCE);

	for (size_t i = 0; i < count; i++) {
		if (!pg_tree_add_chain(tree, names[i]))
			return -ENOMEM;
	}
	return 0;
}

int pg_ipv6_build(const struct pg_intent *intent, const struct pg_layout_options *options,
		  struct pg_tree *ret_tree)
{
	_cleanup_tree_ struct pg_tree tree = { .family = 6 };
	int err = 0;

	if (is_anything_enforced(intent)) {
		err = add_chains(&tree, intent);
		if (!err)
			err = add_entries(&tree, intent, options->parent);
		if (!err)
			err = close_direction(intent, PG_EGRESS,
					      pg_tree_find_chain(&tree, PG_CHAIN_EGRESS));
		if (!err)
			err = close_direction(intent, PG_INGRESS,
					      pg_tree_find_chain(&tree, PG_CHAIN_INGRESS));
	}
	if (err)
		return err;
	*ret_tree = tree;
	tree = (struct pg_tree){ 0 };
	return 0;
}
