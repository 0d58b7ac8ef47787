// SPDX-License-Identifier: GPL-2.0-only
/* Every pair of addresses its own rule. */
#include <inttypes.h>

#include "backends/iptables/layout.h"
#include "backends/iptables/peers.h"

#define LAYOUT_NAME "linear"

/* One chain of judging rules that is being filled: of one direction, for some kinds of peers. */
struct section {
	struct pg_tree_chain *chain;
	enum pg_direction direction;
	bool world, managed; /* which peers' entries belong here; those of anybody always do */
};

struct builder {
	const struct pg_intent *intent;
	const struct pg_layout_options *options;
	struct pg_diags *diags;
	struct pg_ipt_peers peers;
	bool split[PG_DIRECTIONS]; /* an entry speaks of the world or a CIDR of the family */
	bool counting;		   /* no rules are made yet, only counted */
	uint64_t rules;
	struct pg_tree tree;
};

static void builder_done(struct builder *builder)
{
	pg_ipt_peers_done(&builder->peers);
	pg_tree_done(&builder->tree);
}

/* Sums and products of counts, which end at the largest number instead of wrapping. */
static void count_rules(struct builder *builder, uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t product, sum;

	if (__builtin_mul_overflow(a, b, &product) ||
	    __builtin_mul_overflow(product, c, &product) ||
	    __builtin_add_overflow(builder->rules, product, &sum))
		sum = UINT64_MAX;
	builder->rules = sum;
}

static bool is_icmp(pg_proto proto)
{
	return proto.n == PG_PROTO_ICMP.n || proto.n == PG_PROTO_ICMPV6.n;
}

/*
 * How often an entry needs a rule because of its protocol: ICMP types are matched one by one, and no
 * packet is of the other family's ICMP.
 */
static uint64_t count_types(const struct builder *builder, const struct pg_verdict_entry *entry)
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

static void set_addresses(struct pg_tree_rule *rule, enum pg_direction direction,
			  const struct pg_prefix *subject, const struct pg_prefix *peer)
{
	rule->src = direction == PG_EGRESS ? *subject : *peer;
	rule->dst = direction == PG_EGRESS ? *peer : *subject;
}

static int add_rule(struct builder *builder, struct section *section,
		    const struct pg_tree_rule *rule)
{
	struct pg_tree_rule *added;

	if (builder->counting) {
		count_rules(builder, 1, 1, 1);
		return 0;
	}
	added = pg_tree_add_rule(section->chain);
	if (!added)
		return -ENOMEM;
	*added = *rule;
	return 0;
}

static void set_comment(const struct builder *builder, struct pg_tree_rule *rule)
{
	char name[PG_RULE_NAME_MAX];

	builder->intent->rule_name(builder->intent->context, rule->origin, name);
	snprintf(rule->comment, sizeof(rule->comment), "%s", name);
}

static int add_pairs(struct builder *builder, struct section *section,
		     const struct pg_verdict_entry *entry, const struct pg_prefix *subject,
		     const struct pg_ipt_prefixes *blocks)
{
	struct pg_tree_rule rule = {
		.target = entry->verdict == PG_VERDICT_DENY ? PG_TARGET_DROP : PG_TARGET_RETURN,
		.origin = entry->origin,
	};
	uint64_t types = count_types(builder, entry);

	set_comment(builder, &rule);
	pg_array_foreach(block, &blocks->list) {
		set_addresses(&rule, entry->direction, subject, block);
		for (uint64_t type = 0; type < types; type++) {
			int err;

			set_ports(&rule, entry, type);
			err = add_rule(builder, section, &rule);
			if (err)
				return err;
		}
	}
	return 0;
}

/* xt_icmp takes type 255 for "every type"; of IPv6 it is a type. */
static int check_type(struct builder *builder, const struct pg_verdict_entry *entry)
{
	if (entry->proto.n != PG_PROTO_ICMP.n || builder->options->family != 4 || !entry->first ||
	    entry->last < 255)
		return 0;
	pg_error(builder->diags, builder->intent->rule_loc(builder->intent->context, entry->origin),
		 "iptables cannot match ICMP type 255");
	return -EOPNOTSUPP;
}

static int add_entry(struct builder *builder, struct section *section,
		     const struct pg_verdict_entry *entry)
{
	_cleanup_prefixes_ struct pg_ipt_prefixes blocks = { 0 };
	const struct pg_ipt_address *subjects;
	size_t count;
	int err;

	err = check_type(builder, entry);
	if (!err)
		err = pg_ipt_peers_blocks(&builder->peers, builder->intent->table, entry, &blocks);
	if (err)
		return err;
	subjects = pg_ipt_peers_addresses(&builder->peers, entry->subject, &count);
	if (builder->counting) {
		count_rules(builder, count, blocks.list.count, count_types(builder, entry));
		return 0;
	}
	for (size_t i = 0; i < count && !err; i++)
		err = add_pairs(builder, section, entry, &subjects[i].prefix, &blocks);
	return err;
}

static bool belongs(const struct section *section, pg_identity peer)
{
	if (peer.n == PG_IDENTITY_ANY.n)
		return true;
	return pg_identity_is_world(peer) ? section->world : section->managed;
}

/* Denies first; then as the policy's rules are ordered, so that the first one that matches counts. */
static int compare_entries(const void *a, const void *b)
{
	const struct pg_verdict_entry *const *left = a, *const *right = b;
	int order = ((*left)->verdict < (*right)->verdict) - ((*left)->verdict > (*right)->verdict);

	if (!order)
		order = pg_origin_compare((*left)->origin, (*right)->origin);
	return order ? order : (*left > *right) - (*left < *right);
}

static int add_entries(struct builder *builder, struct section *section,
		       const struct pg_subject *subject)
{
	size_t count;
	const struct pg_verdict_entry *slice = pg_verdict_table_slice(
		builder->intent->table, subject->id, section->direction, &count);
	_cleanup_free_ const struct pg_verdict_entry **sorted = NULL;

	if (!count)
		return 0;
	sorted = reallocarray(NULL, count, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &slice[i];
	qsort(sorted, count, sizeof(*sorted), compare_entries);
	for (size_t i = 0; i < count; i++) {
		int err = 0;

		if (belongs(section, sorted[i]->peer))
			err = add_entry(builder, section, sorted[i]);
		if (err)
			return err;
	}
	return 0;
}

static int add_default_deny(struct builder *builder, struct section *section,
			    const struct pg_subject *subject)
{
	static const struct pg_prefix anybody = { 0 };
	struct pg_tree_rule rule = { .target = PG_TARGET_DROP };
	const struct pg_ipt_address *addresses;
	size_t count;

	if (!subject->enforced[section->direction])
		return 0;
	set_comment(builder, &rule);
	addresses = pg_ipt_peers_addresses(&builder->peers, subject->id, &count);
	for (size_t i = 0; i < count; i++) {
		int err;

		set_addresses(&rule, section->direction, &addresses[i].prefix, &anybody);
		err = add_rule(builder, section, &rule);
		if (err)
			return err;
	}
	return 0;
}

static int fill(struct builder *builder, struct section *section)
{
	pg_array_foreach(subject, &builder->intent->table->subjects) {
		int err = add_entries(builder, section, subject);

		if (!err)
			err = add_default_deny(builder, section, subject);
		if (err)
			return err;
	}
	return 0;
}

/* Sends packets whose peer is an endpoint or a host to the chain of those. */
static int dispatch(struct builder *builder, struct section *section, const char *to)
{
	static const struct pg_prefix anybody = { 0 };
	struct pg_tree_rule rule = { .target = PG_TARGET_GOTO };

	snprintf(rule.chain, sizeof(rule.chain), "%s", to);
	pg_array_foreach(address, &builder->peers.managed) {
		int err;

		set_addresses(&rule, section->direction, &anybody, &address->prefix);
		err = add_rule(builder, section, &rule);
		if (err)
			return err;
	}
	return 0;
}

static int fill_direction(struct builder *builder, enum pg_direction direction)
{
	static const struct {
		const char *chain, *managed;
	} names[PG_DIRECTIONS] = {
		[PG_EGRESS] = { PG_CHAIN_EGRESS, PG_CHAIN_EGRESS_EP },
		[PG_INGRESS] = { PG_CHAIN_INGRESS, PG_CHAIN_INGRESS_EP },
	};
	struct section section = {
		.chain = pg_tree_find_chain(&builder->tree, names[direction].chain),
		.direction = direction,
		.world = true,
		.managed = !builder->split[direction],
	};
	struct section managed = {
		.chain = pg_tree_find_chain(&builder->tree, names[direction].managed),
		.direction = direction,
		.managed = true,
	};
	int err = 0;

	if (builder->split[direction]) {
		err = dispatch(builder, &section, names[direction].managed);
		if (!err)
			err = fill(builder, &managed);
	}
	return err ? err : fill(builder, &section);
}

static int judge(struct builder *builder)
{
	int err = fill_direction(builder, PG_EGRESS);

	return err ? err : fill_direction(builder, PG_INGRESS);
}

/* All the rules of the policy, counted without making one: a product of addresses may be huge. */
static int check_count(struct builder *builder)
{
	int err;

	builder->counting = true;
	err = judge(builder);
	builder->counting = false;
	if (err || builder->rules <= PG_PLAN_MAX)
		return err;
	pg_error(builder->diags, PG_LOC_NONE,
		 "layout '" LAYOUT_NAME "' needs %" PRIu64 " %s rules, the limit is %u",
		 builder->rules, builder->options->family == 4 ? "iptables" : "ip6tables",
		 PG_PLAN_MAX);
	return -E2BIG;
}

static void find_splits(struct builder *builder)
{
	pg_array_foreach(entry, &builder->intent->table->entries) {
		if (pg_ipt_peers_is_world(&builder->peers, entry->peer))
			builder->split[entry->direction] = true;
	}
}

/* In the order of their names; what is false isn't needed. */
static int add_chains(struct builder *builder)
{
	const struct {
		const char *name;
		bool needed;
	} chains[] = {
		{ PG_CHAIN_FORWARD, true },
		{ PG_CHAIN_EGRESS, true },
		{ PG_CHAIN_EGRESS_EP, builder->split[PG_EGRESS] },
		{ PG_CHAIN_INGRESS, true },
		{ PG_CHAIN_INGRESS_EP, builder->split[PG_INGRESS] },
		{ PG_CHAIN_INPUT, true },
		{ PG_CHAIN_META, true },
		{ PG_CHAIN_NOT_OWN, true },
		{ PG_CHAIN_OUTPUT, builder->intent->host_policy == PG_HOST_POLICY_ENFORCE },
		{ PG_CHAIN_SPOOF, true },
	};

	for (size_t i = 0; i < PG_COUNT(chains); i++) {
		if (chains[i].needed && !pg_tree_add_chain(&builder->tree, chains[i].name))
			return -ENOMEM;
	}
	return 0;
}

/*
 * A chain that the host's jump to: guards and judges in order, with the established rule after the
 * guards, which even a packet of a known flow has to pass. What IPv6 can't do without comes first.
 */
static int add_entry_chain(struct builder *builder, const char *name, const char *parent,
			   const char *const *guards, const char *const *judges)
{
	struct pg_tree_chain *chain = pg_tree_find_chain(&builder->tree, name);
	int err = builder->options->family == 6 ? pg_guard_neighbours(chain) : 0;

	for (; !err && *guards; guards++)
		err = pg_guard_jump(chain, *guards);
	if (!err)
		err = pg_guard_established(chain);
	for (; !err && *judges; judges++)
		err = pg_guard_jump(chain, *judges);
	return err ? err : pg_tree_add_hook(&builder->tree, parent, name, 0);
}

static int add_entry_chains(struct builder *builder)
{
	static const char *const none[] = { NULL };
	static const char *const forward_guards[] = { PG_CHAIN_SPOOF, PG_CHAIN_NOT_OWN, NULL };
	static const char *const input_guards[] = { PG_CHAIN_SPOOF, NULL };
	static const char *const both[] = { PG_CHAIN_EGRESS, PG_CHAIN_INGRESS, NULL };
	static const char *const egress[] = { PG_CHAIN_EGRESS, NULL };
	static const char *const ingress[] = { PG_CHAIN_INGRESS, NULL };
	int err;

	err = add_entry_chain(builder, PG_CHAIN_FORWARD, builder->options->parent, forward_guards,
			      both);
	if (!err)
		err = add_entry_chain(builder, PG_CHAIN_INPUT, "INPUT", input_guards, egress);
	if (!err && builder->intent->host_policy == PG_HOST_POLICY_ENFORCE)
		err = add_entry_chain(builder, PG_CHAIN_OUTPUT, "OUTPUT", none, ingress);
	return err;
}

static int add_guards(struct builder *builder)
{
	uint8_t family = builder->options->family;
	struct pg_tree *tree = &builder->tree;
	int err;

	err = pg_guard_spoof(builder->intent, family, pg_tree_find_chain(tree, PG_CHAIN_SPOOF));
	if (!err)
		err = pg_guard_not_own(builder->intent, family,
				       pg_tree_find_chain(tree, PG_CHAIN_NOT_OWN));
	if (!err)
		err = pg_guard_meta(builder->intent, LAYOUT_NAME,
				    pg_tree_find_chain(tree, PG_CHAIN_META));
	return err;
}

static int build(struct builder *builder)
{
	int err = pg_guard_check(builder->intent->endpoints, builder->diags);

	if (!err)
		err = pg_ipt_peers_make(builder->intent->identities, builder->options->family,
					&builder->peers);
	if (err)
		return err;
	find_splits(builder);
	err = check_count(builder);
	if (!err)
		err = add_chains(builder);
	if (!err)
		err = add_entry_chains(builder);
	if (!err)
		err = add_guards(builder);
	return err ? err : judge(builder);
}

int pg_linear_build(const struct pg_intent *intent, const struct pg_layout_options *options,
		    struct pg_diags *diags, struct pg_tree *ret_tree)
{
	PG_CLEANUP(builder_done)
	struct builder builder = {
		.intent = intent,
		.options = options,
		.diags = diags,
		.tree = { .family = options->family },
	};
	int err = pg_guard_is_needed(intent, options->family) ? build(&builder) : 0;

	if (err)
		return err;
	*ret_tree = builder.tree;
	builder.tree = (struct pg_tree){ 0 };
	return 0;
}
