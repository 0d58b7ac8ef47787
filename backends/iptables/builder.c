// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/builder.h"

void pg_ipt_builder_done(struct pg_ipt_builder *builder)
{
	pg_ipt_peers_done(&builder->peers);
	pg_tree_done(&builder->tree);
	free(builder->set_keys.items);
}

bool pg_ipt_belongs(const struct pg_ipt_section *section, pg_identity peer)
{
	if (peer.n == PG_IDENTITY_ANY.n)
		return true;
	return pg_identity_is_world(peer) ? section->world : section->managed;
}

int pg_ipt_add_chain(struct pg_ipt_builder *builder, const char *name, size_t *ret_chain)
{
	if (!builder->counting && !pg_tree_add_chain(&builder->tree, name))
		return -ENOMEM;
	*ret_chain = builder->counting ? 0 : builder->tree.chains.count - 1;
	return 0;
}

void pg_ipt_count_rules(struct pg_ipt_builder *builder, uint64_t a, uint64_t b)
{
	uint64_t product, sum;

	if (__builtin_mul_overflow(a, b, &product) ||
	    __builtin_add_overflow(builder->rules, product, &sum))
		sum = UINT64_MAX;
	builder->rules = sum;
}

int pg_ipt_add_rule(struct pg_ipt_builder *builder, size_t chain, const struct pg_tree_rule *rule)
{
	struct pg_tree_rule *added;

	if (builder->counting) {
		pg_ipt_count_rules(builder, 1, 1);
		return 0;
	}
	added = pg_tree_add_rule(&builder->tree.chains.items[chain]);
	if (!added)
		return -ENOMEM;
	*added = *rule;
	return 0;
}

struct pg_prefix *pg_ipt_subject_of(struct pg_tree_rule *rule, enum pg_direction direction)
{
	return direction == PG_EGRESS ? &rule->src : &rule->dst;
}

struct pg_prefix *pg_ipt_peer_of(struct pg_tree_rule *rule, enum pg_direction direction)
{
	return direction == PG_EGRESS ? &rule->dst : &rule->src;
}

int pg_ipt_compare_entries(const void *a, const void *b)
{
	const struct pg_verdict_entry *const *left = a, *const *right = b;
	int order = ((*left)->verdict < (*right)->verdict) - ((*left)->verdict > (*right)->verdict);

	if (!order)
		order = pg_origin_compare((*left)->origin, (*right)->origin);
	return order ? order : (*left > *right) - (*left < *right);
}

static bool is_icmp(pg_proto proto)
{
	return proto.n == PG_PROTO_ICMP.n || proto.n == PG_PROTO_ICMPV6.n;
}

uint64_t pg_ipt_count_types(const struct pg_ipt_builder *builder,
			    const struct pg_verdict_entry *entry)
{
	if (!is_icmp(entry->proto))
		return 1;
	if ((entry->proto.n == PG_PROTO_ICMPV6.n) != (builder->options->family == 6))
		return 0;
	if (!entry->first && entry->last >= 255)
		return 1;
	return (uint64_t)PG_MIN(entry->last, (uint16_t)255) + 1 -
	       PG_MIN(entry->first, (uint16_t)256);
}

/* xt_icmp takes type 255 for "every type"; of IPv6 it is a type. */
static int check_type(struct pg_ipt_builder *builder, const struct pg_verdict_entry *entry)
{
	if (entry->proto.n != PG_PROTO_ICMP.n || builder->options->family != 4 || !entry->first ||
	    entry->last < 255)
		return 0;
	pg_error(builder->diags, builder->intent->rule_loc(builder->intent->context, entry->origin),
		 "iptables cannot match ICMP type 255");
	return -EOPNOTSUPP;
}

static void set_ports(struct pg_tree_rule *rule, const struct pg_verdict_entry *entry,
		      uint64_t type)
{
	bool icmp = is_icmp(entry->proto);

	rule->proto = entry->proto;
	if (entry->proto.n == PG_PROTO_EVERY.n ||
	    (!entry->first && entry->last >= (icmp ? 255 : 65535)))
		return;
	rule->has_dport = true;
	rule->dport_first = icmp ? (uint16_t)(entry->first + type) : entry->first;
	rule->dport_last = icmp ? rule->dport_first : entry->last;
}

static void set_comment(const struct pg_ipt_builder *builder, struct pg_tree_rule *rule)
{
	char name[PG_RULE_NAME_MAX];

	builder->intent->rule_name(builder->intent->context, rule->origin, name);
	snprintf(rule->comment, sizeof(rule->comment), "%s", name);
}

int pg_ipt_add_entry(struct pg_ipt_builder *builder, size_t chain,
		     const struct pg_tree_rule *pattern, const struct pg_verdict_entry *entry)
{
	uint64_t types = pg_ipt_count_types(builder, entry);
	struct pg_tree_rule rule = *pattern;
	int err = check_type(builder, entry);

	if (err || builder->counting) {
		pg_ipt_count_rules(builder, types, 1);
		return err;
	}
	rule.target = entry->verdict == PG_VERDICT_DENY ? PG_TARGET_DROP : PG_TARGET_RETURN;
	rule.origin = entry->origin;
	set_comment(builder, &rule);
	for (uint64_t type = 0; type < types && !err; type++) {
		set_ports(&rule, entry, type);
		err = pg_ipt_add_rule(builder, chain, &rule);
	}
	return err;
}

int pg_ipt_add_default_deny(struct pg_ipt_builder *builder, size_t chain,
			    const struct pg_tree_rule *pattern)
{
	struct pg_tree_rule rule = *pattern;

	rule.target = PG_TARGET_DROP;
	set_comment(builder, &rule);
	return pg_ipt_add_rule(builder, chain, &rule);
}
