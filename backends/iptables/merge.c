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

/* Gives each of `from`'s chains its name in the tree that it goes to. */
static void rename_chain(const struct pg_tree *from, bool is_old, char name[PG_CHAIN_NAME_MAX])
{
	const struct pg_tree_chain *chain = is_old ? pg_tree_find_chain(from, name) : NULL;

	if (chain)
		snprintf(name, PG_CHAIN_NAME_MAX, "POLGEN-OLD-%u",
			 (unsigned int)(chain - from->chains.items));
}

/* What is foreign in our own chains isn't kept. */
static int add_rules(struct pg_tree_chain *into, const struct pg_tree_chain *chain,
		     const struct pg_tree *from, bool is_old)
{
	pg_array_foreach(rule, &chain->rules) {
		struct pg_tree_rule *added;

		if (rule->foreign)
			continue;
		added = pg_tree_add_rule(into);
		if (!added)
			return -ENOMEM;
		*added = *rule;
		rename_chain(from, is_old, added->chain);
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

static int add_hooks(struct pg_tree *tree, const struct pg_tree *from, bool is_old)
{
	pg_array_foreach(hook, &from->hooks) {
		char name[PG_CHAIN_NAME_MAX];

		memcpy(name, hook->chain, sizeof(name));
		rename_chain(from, is_old, name);
		if (!has_hook(tree, name) &&
		    pg_tree_add_hook(tree, hook->parent, name, hook->position))
			return -ENOMEM;
	}
	return 0;
}

static int add(struct pg_tree *tree, const struct pg_tree *from, bool is_old)
{
	pg_array_foreach(chain, &from->chains) {
		struct pg_tree_chain *into;
		char name[PG_CHAIN_NAME_MAX];
		int err;

		memcpy(name, chain->name, sizeof(name));
		rename_chain(from, is_old, name);
		into = pg_tree_add_chain(tree, name);
		err = into ? add_rules(into, chain, from, is_old) : -ENOMEM;
		if (err)
			return err;
	}
	return add_hooks(tree, from, is_old);
}

int pg_ipt_add(struct pg_tree *tree, const struct pg_tree *from)
{
	return add(tree, from, false);
}

int pg_ipt_add_old(struct pg_tree *tree, const struct pg_tree *from)
{
	return add(tree, from, true);
}
