// SPDX-License-Identifier: GPL-2.0-only
/* What all layouts have: the chains that the host's jump to, the guards, and what is installed. */
#include <inttypes.h>

#include "backends/iptables/dispatch.h"

static const struct {
	const char *name;
	int (*judge)(struct pg_ipt_builder *builder);
	bool dispatches; /* many rules are told apart by a tree of chains */
	bool sets;	 /* and what they match by sets */
} layouts[] = {
	[PG_LAYOUT_LINEAR] = { "linear", pg_linear_judge, false, false },
	[PG_LAYOUT_TREE] = { "tree", pg_tree_judge, true, false },
	[PG_LAYOUT_SET] = { "set", pg_tree_judge, true, true },
};
_Static_assert(PG_COUNT(layouts) == PG_LAYOUTS, "a row for each layout");

const char *pg_layout_name(enum pg_layout layout)
{
	return layouts[layout].name;
}

int pg_layout_parse(const char *name, enum pg_layout *ret_layout)
{
	for (size_t i = 0; i < PG_COUNT(layouts); i++) {
		if (!strcmp(name, layouts[i].name)) {
			*ret_layout = (enum pg_layout)i;
			return 0;
		}
	}
	return -EINVAL;
}

static bool starts_with(const char *text, const char *head)
{
	return !strncmp(text, head, strlen(head));
}

enum pg_direction pg_layout_direction(const char *chain)
{
	if (starts_with(chain, PG_CHAIN_EGRESS) || starts_with(chain, PG_CHAIN_EGRESS_TREE))
		return PG_EGRESS;
	if (starts_with(chain, PG_CHAIN_INGRESS) || starts_with(chain, PG_CHAIN_INGRESS_TREE))
		return PG_INGRESS;
	return PG_DIRECTIONS;
}

/* All the rules of the policy, counted without making one. */
static int check_count(struct pg_ipt_builder *builder)
{
	int err;

	builder->counting = true;
	err = layouts[builder->options->layout].judge(builder);
	builder->counting = false;
	if (err || builder->rules <= PG_PLAN_MAX)
		return err;
	pg_error(builder->diags, PG_LOC_NONE,
		 "layout '%s' needs %" PRIu64 " %s rules, the limit is %u",
		 pg_layout_name(builder->options->layout), builder->rules,
		 builder->options->family == 4 ? "iptables" : "ip6tables", PG_PLAN_MAX);
	return -E2BIG;
}

static void find_splits(struct pg_ipt_builder *builder)
{
	pg_array_foreach(entry, &builder->intent->table->entries) {
		if (pg_ipt_peers_is_world(&builder->peers, entry->peer))
			builder->split[entry->direction] = true;
	}
}

/*
 * A chain that the host's jump to: guards and judges in order, with the established rule after the
 * guards, which even a packet of a known flow has to pass. What IPv6 can't do without comes first.
 */
static int add_entry_chain(struct pg_ipt_builder *builder, const char *name, const char *parent,
			   const char *const *guards, const char *const *judges)
{
	struct pg_tree_chain *chain = pg_tree_add_chain(&builder->tree, name);
	int err = chain ? 0 : -ENOMEM;

	if (!err && builder->options->family == 6)
		err = pg_guard_neighbours(chain);
	for (; !err && *guards; guards++)
		err = pg_guard_jump(chain, *guards);
	if (!err)
		err = pg_guard_established(chain);
	for (; !err && *judges; judges++)
		err = pg_guard_jump(chain, *judges);
	return err ? err : pg_tree_add_hook(&builder->tree, parent, name, 0);
}

static int add_entry_chains(struct pg_ipt_builder *builder)
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

static void rules_done(struct pg_tree_chain *chain)
{
	free(chain->rules.items);
}

/* In POLGEN-SPOOF ports that packets come in by, in POLGEN-NOT-OWN those that they leave by. */
static int add_guard(struct pg_ipt_builder *builder, bool in)
{
	PG_CLEANUP(rules_done) struct pg_tree_chain rules = { 0 };
	const char *name = in ? PG_CHAIN_SPOOF : PG_CHAIN_NOT_OWN;
	uint8_t family = builder->options->family;
	size_t chain;
	int err = in ? pg_guard_spoof(builder->intent, family, &rules)
		     : pg_guard_not_own(builder->intent, family, &rules);

	if (err)
		return err;
	if (layouts[builder->options->layout].dispatches)
		return pg_ipt_dispatch_ports(builder, &rules, in, name);
	err = pg_ipt_add_chain(builder, name, &chain);
	pg_array_foreach(rule, &rules.rules) {
		if (!err)
			err = pg_ipt_add_rule(builder, chain, rule);
	}
	return err;
}

static int add_guards(struct pg_ipt_builder *builder)
{
	struct pg_tree_chain *chain;
	int err = add_guard(builder, true);

	if (!err)
		err = add_guard(builder, false);
	if (err)
		return err;
	chain = pg_tree_add_chain(&builder->tree, PG_CHAIN_META);
	return chain ? pg_guard_meta(builder->intent, pg_layout_name(builder->options->layout),
				     chain)
		     : -ENOMEM;
}

static int build(struct pg_ipt_builder *builder)
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
		err = add_entry_chains(builder);
	if (!err)
		err = add_guards(builder);
	if (!err)
		err = layouts[builder->options->layout].judge(builder);
	if (!err)
		pg_tree_sort(&builder->tree);
	if (!err)
		pg_sets_sort(&builder->tree.sets);
	return err;
}

int pg_layout_build(const struct pg_intent *intent, const struct pg_layout_options *options,
		    struct pg_diags *diags, struct pg_tree *ret_tree)
{
	_cleanup_ipt_builder_ struct pg_ipt_builder builder = {
		.intent = intent,
		.options = options,
		.diags = diags,
		.tree = { .family = options->family },
		.sets = layouts[options->layout].sets,
	};
	int err = pg_guard_is_needed(intent, options->family) ? build(&builder) : 0;

	if (err)
		return err;
	*ret_tree = builder.tree;
	builder.tree = (struct pg_tree){ 0 };
	return 0;
}
