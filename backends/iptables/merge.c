// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/merge.h"

static bool is_same_chain(const struct pg_tree_chain *a, const struct pg_tree_chain *b)
{
	if (strcmp(a->name, b->name) || a->rules.count != b->rules.count)
		return false;
	for (size_t i = 0; i < a->rules.count; i++) {
		if (pg_tree_compare_rules(&a->rules.items[i], &b->rules.items[i]))
			return false;
	}
	return true;
}

static bool is_same_hook(const struct pg_tree_hook *a, const struct pg_tree_hook *b)
{
	return !strcmp(a->parent, b->parent) && !strcmp(a->chain, b->chain) &&
	       a->conditional == b->conditional &&
	       PG_MAX(a->position, 1u) == PG_MAX(b->position, 1u);
}

bool pg_ipt_is_same(const struct pg_tree *a, const struct pg_tree *b)
{
	if (a->chains.count != b->chains.count || a->hooks.count != b->hooks.count)
		return false;
	for (size_t i = 0; i < a->chains.count; i++) {
		if (!is_same_chain(&a->chains.items[i], &b->chains.items[i]))
			return false;
	}
	for (size_t i = 0; i < a->hooks.count; i++) {
		if (!is_same_hook(&a->hooks.items[i], &b->hooks.items[i]))
			return false;
	}
	return true;
}

/* What is foreign in our own chains isn't kept. */
static int add_rules(struct pg_tree_chain *chain, const struct pg_tree_chain *from, bool only_drops)
{
	pg_array_foreach(rule, &from->rules) {
		struct pg_tree_rule *added;

		if (rule->foreign || (only_drops && rule->target != PG_TARGET_DROP))
			continue;
		added = pg_tree_add_rule(chain);
		if (!added)
			return -ENOMEM;
		*added = *rule;
	}
	return 0;
}

static bool has_hook(const struct pg_tree *tree, const char *chain)
{
	pg_array_foreach(hook, &tree->hooks) {
		if (!strcmp(hook->chain, chain))
			return true;
	}
	return false;
}

int pg_ipt_merge(struct pg_tree *tree, const struct pg_tree *from)
{
	pg_array_foreach(chain, &from->chains) {
		struct pg_tree_chain *into = pg_tree_find_chain(tree, chain->name);
		bool is_there = into;
		int err;

		if (!is_there)
			into = pg_tree_add_chain(tree, chain->name);
		err = into ? add_rules(into, chain, is_there) : -ENOMEM;
		if (err)
			return err;
	}
	pg_array_foreach(hook, &from->hooks) {
		if (!has_hook(tree, hook->chain) &&
		    pg_tree_add_hook(tree, hook->parent, hook->chain, hook->position))
			return -ENOMEM;
	}
	return 0;
}
