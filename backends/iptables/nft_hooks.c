// SPDX-License-Identifier: GPL-2.0-only
/* Our jumps in the host's chains. */
#include <linux/netfilter.h>

#include "backends/iptables/nft_commit.h"

/* A rule of a parent as it shall be. */
struct item {
	uint64_t handle;		 /* of a foreign rule; 0: one of our jumps */
	const struct pg_tree_hook *hook; /* that jump */
};

/* A chain of the host's that has our jumps, or shall have. */
struct parent {
	const char *name;
	const struct pg_nft_chain *live; /* NULL: not there yet */
	struct pg_array(struct item) items;
};

/* The chains that iptables has by itself. */
static const struct {
	const char *name;
	uint32_t hook;
} built_in[] = {
	{ "INPUT", NF_INET_LOCAL_IN },
	{ "FORWARD", NF_INET_FORWARD },
	{ "OUTPUT", NF_INET_LOCAL_OUT },
};

int pg_nft_built_in_hook(const char *chain)
{
	for (size_t i = 0; i < PG_COUNT(built_in); i++) {
		if (!strcmp(built_in[i].name, chain))
			return (int)built_in[i].hook;
	}
	return -1;
}

bool pg_nft_has_hook(const struct pg_tree *tree, const char *parent)
{
	pg_array_foreach(hook, &tree->hooks) {
		if (!strcmp(hook->parent, parent))
			return true;
	}
	return false;
}

static const struct pg_nft_hook *live_hook(const struct parent *parent, size_t index)
{
	if (!parent->live)
		return NULL;
	pg_array_foreach(hook, &parent->live->hooks) {
		if (hook->index == index)
			return hook;
	}
	return NULL;
}

static int list_foreign(struct parent *parent)
{
	for (size_t i = 0; parent->live && i < parent->live->handles.count; i++) {
		struct item *item;

		if (live_hook(parent, i))
			continue;
		item = pg_array_add(&parent->items);
		if (!item)
			return -ENOMEM;
		item->handle = parent->live->handles.items[i];
	}
	return 0;
}

/* One hook after the other, as `iptables -I PARENT POSITION` would. */
static int list_hooks(struct parent *parent, const struct pg_tree *wanted)
{
	pg_array_foreach(hook, &wanted->hooks) {
		size_t at = hook->position ? hook->position - 1 : 0, count = parent->items.count;
		struct item *last;

		if (strcmp(hook->parent, parent->name))
			continue;
		last = pg_array_add(&parent->items);
		if (!last)
			return -ENOMEM;
		for (; count > at; count--, last--)
			*last = last[-1];
		*last = (struct item){ .hook = hook };
	}
	return 0;
}

static bool is_as_wanted(const struct parent *parent)
{
	size_t count = parent->live ? parent->live->handles.count : 0;

	if (count != parent->items.count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct pg_nft_hook *live = live_hook(parent, i);
		const struct pg_tree_hook *hook = parent->items.items[i].hook;

		if (!live != !hook)
			return false;
		if (hook && (!live->plain || strcmp(live->chain, hook->chain)))
			return false;
	}
	return true;
}

static int delete_live(struct pg_nft_commit *commit, const struct parent *parent)
{
	int err = 0;

	for (size_t i = 0; !err && parent->live && i < parent->live->hooks.count; i++) {
		size_t index = parent->live->hooks.items[i].index;

		err = pg_nft_delete_rules(commit, parent->name, parent->live->handles.items[index]);
	}
	return err;
}

/* What a jump with the same text has counted. */
static struct pg_nft_counter counter_of(const struct parent *parent, const char *chain)
{
	for (size_t i = 0; parent->live && i < parent->live->hooks.count; i++) {
		const struct pg_nft_hook *hook = &parent->live->hooks.items[i];

		if (hook->plain && !strcmp(hook->chain, chain))
			return hook->counter;
	}
	return (struct pg_nft_counter){ 0 };
}

static int add_hook(struct pg_nft_commit *commit, const struct parent *parent, size_t at)
{
	const char *chain = parent->items.items[at].hook->chain;
	struct pg_nft_counter counter = counter_of(parent, chain);
	uint64_t before = 0;

	for (size_t i = at + 1; !before && i < parent->items.count; i++)
		before = parent->items.items[i].handle;
	return pg_nft_add_hook(commit, parent->name, before, chain, &counter);
}

static int change(struct pg_nft_commit *commit, struct parent *parent)
{
	int err = list_foreign(parent);

	if (!err)
		err = list_hooks(parent, commit->wanted);
	if (err || is_as_wanted(parent))
		return err;
	err = delete_live(commit, parent);
	for (size_t i = 0; !err && i < parent->items.count; i++) {
		if (parent->items.items[i].hook)
			err = add_hook(commit, parent, i);
	}
	return err;
}

static int change_parent(struct pg_nft_commit *commit, const char *name)
{
	struct parent parent = { .name = name, .live = pg_nft_chain_find(commit->live, name) };
	int err = change(commit, &parent);

	free(parent.items.items);
	return err;
}

/* Whether it is the first of its parent's: what is done once a parent is done then. */
static bool is_first(const struct pg_tree *tree, const struct pg_tree_hook *hook)
{
	pg_array_foreach(other, &tree->hooks) {
		if (!strcmp(other->parent, hook->parent))
			return other == hook;
	}
	return false;
}

int pg_nft_add_parents(struct pg_nft_commit *commit)
{
	pg_array_foreach(hook, &commit->wanted->hooks) {
		int number = pg_nft_built_in_hook(hook->parent), err = 0;

		if (number >= 0 && is_first(commit->wanted, hook) &&
		    !pg_nft_chain_find(commit->live, hook->parent))
			err = pg_nft_add_base_chain(commit, hook->parent, (uint32_t)number);
		if (err)
			return err;
	}
	return 0;
}

int pg_nft_change_hooks(struct pg_nft_commit *commit)
{
	int err = 0;

	pg_array_foreach(hook, &commit->wanted->hooks) {
		if (!err && is_first(commit->wanted, hook))
			err = change_parent(commit, hook->parent);
	}
	pg_array_foreach(chain, &commit->live->chains) {
		if (!err && chain->hooks.count && !pg_nft_has_hook(commit->wanted, chain->name))
			err = change_parent(commit, chain->name);
	}
	return err;
}

/* Why no packet would come to our jump; NULL: nothing speaks against it. */
static const char *find_fault(const struct pg_nft_table *live, const char *name)
{
	const struct pg_nft_chain *parent = pg_nft_chain_find(live, name);
	int number = pg_nft_built_in_hook(name);

	if (live->dormant)
		return "the table is dormant";
	if (!parent && number < 0)
		return "there is no such chain";
	if (parent && number >= 0 && (!parent->base || parent->hook != (uint32_t)number))
		return "the kernel gives no packets to that chain";
	return NULL;
}

int pg_nft_check_hooks(const struct pg_nft_table *live, const struct pg_tree *wanted,
		       uint8_t family, struct pg_diags *diags)
{
	pg_array_foreach(hook, &wanted->hooks) {
		_cleanup_strbuf_ struct pg_strbuf subject = { 0 };
		const char *fault = find_fault(live, hook->parent);

		if (!fault)
			continue;
		pg_nft_format_chain(&subject, family, hook->parent);
		if (!pg_strbuf_error(&subject))
			pg_error(diags, PG_LOC_NONE, "can't jump from %s: %s", subject.text, fault);
		return -EINVAL;
	}
	return 0;
}
