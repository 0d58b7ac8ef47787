// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/legacy_table.h"

#include <linux/netfilter/x_tables.h>
#include <xtables.h>

#include "backends/iptables/flavour.h"
#include "backends/iptables/legacy_entry.h"
#include "backends/iptables/match_set.h"
#include "compat/errtext.h"

#define TABLE "filter"

void pg_xt_table_close(struct pg_xt_table *table)
{
	if (table->handle)
		table->ops->free(table->handle);
	*table = (struct pg_xt_table){ 0 };
}

/* libiptc sets errno to 0 when it and the kernel are of different versions. */
static int last_error(void)
{
	return errno ? -errno : -EPROTO;
}

int pg_xt_table_exists(uint8_t family, struct pg_diags *diags)
{
	_cleanup_fclose_ FILE *file = fopen(pg_xt_ops(family)->tables, "re");
	char line[64], text[PG_ERRTEXT_MAX];
	int err = -errno;

	if (!file && err == -ENOENT)
		return 0;
	if (!file) {
		pg_error(diags, PG_LOC_NONE, "cannot read '%s': %s", pg_xt_ops(family)->tables,
			 pg_errtext(err, text));
		return err == -EACCES ? -EPERM : err;
	}
	while (fgets(line, sizeof(line), file)) {
		if (!strcmp(line, TABLE "\n"))
			return 1;
	}
	return 0;
}

int pg_xt_table_open(uint8_t family, struct pg_diags *diags, struct pg_xt_table *ret_table)
{
	struct pg_xt_table table = { .ops = pg_xt_ops(family) };
	char text[PG_ERRTEXT_MAX];

	table.handle = table.ops->init(TABLE);
	if (!table.handle && errno != EPERM && errno != EACCES) {
		/* As iptables does it: the socket option doesn't load the module. */
		xtables_insmod(table.ops->module, NULL, true);
		table.handle = table.ops->init(TABLE);
	}
	if (!table.handle) {
		int err = last_error();

		pg_error(diags, PG_LOC_NONE,
			 "cannot read the IPv%u table '" TABLE "' of x_tables: %s", family,
			 pg_errtext(err, text));
		return err == -ENOPROTOOPT || err == -ENOENT ? -EOPNOTSUPP : err;
	}
	*ret_table = table;
	return 0;
}

/* What a rule does, from the name that libiptc gives its target. */
static bool decode_target(const struct pg_xt_table *table, const void *entry,
			  struct pg_tree_rule *rule)
{
	static const struct {
		const char *name;
		enum pg_target target;
	} verdicts[] = {
		{ "", PG_TARGET_NONE },
		{ "RETURN", PG_TARGET_RETURN },
		{ "DROP", PG_TARGET_DROP },
		{ "ACCEPT", PG_TARGET_ACCEPT },
	};
	const char *name = table->ops->target(entry, table->handle);

	for (size_t i = 0; i < PG_COUNT(verdicts); i++) {
		if (!strcmp(name, verdicts[i].name)) {
			rule->target = verdicts[i].target;
			return true;
		}
	}
	rule->target =
		pg_xt_entry_is_goto(entry, table->ops->family) ? PG_TARGET_GOTO : PG_TARGET_JUMP;
	snprintf(rule->chain, sizeof(rule->chain), "%s", name);
	return table->ops->is_chain(name, table->handle);
}

static int read_rule(const struct pg_xt_table *table, const void *entry,
		     struct pg_match_set_names *names, struct pg_tree_chain *chain)
{
	struct pg_tree_rule *rule = pg_tree_add_rule(chain);

	if (!rule)
		return -ENOMEM;
	if (pg_xt_entry_decode(entry, table->ops->family, rule) &&
	    decode_target(table, entry, rule))
		return pg_match_set_name(names, rule);
	rule->foreign = strdup("(not a rule of polgen's)");
	return rule->foreign ? 0 : -ENOMEM;
}

static int read_chain(const struct pg_xt_table *table, const char *name,
		      struct pg_match_set_names *names, struct pg_tree *tree)
{
	struct pg_tree_chain *chain = pg_tree_add_chain(tree, name);
	const void *entry = table->ops->first_rule(name, table->handle);
	int err = chain ? 0 : -ENOMEM;

	for (; !err && entry; entry = table->ops->next_rule(entry, table->handle))
		err = read_rule(table, entry, names, chain);
	return err;
}

/* The hooks in a foreign chain. */
static int read_hooks(const struct pg_xt_table *table, const char *parent, struct pg_tree *tree)
{
	const void *entry = table->ops->first_rule(parent, table->handle);
	uint32_t position = 0;

	for (; entry; entry = table->ops->next_rule(entry, table->handle)) {
		const char *target = table->ops->target(entry, table->handle);
		struct pg_tree_hook *hook;
		struct pg_tree_rule rule;
		bool known;

		position++;
		if (!pg_ipt_is_ours(target))
			continue;
		if (pg_tree_add_hook(tree, parent, target, position))
			return -ENOMEM;
		known = pg_xt_entry_decode(entry, table->ops->family, &rule) &&
			decode_target(table, entry, &rule);
		hook = &tree->hooks.items[tree->hooks.count - 1];
		hook->packets = rule.packets;
		hook->bytes = rule.bytes;
		hook->conditional = !known || !pg_tree_rule_is_plain_jump(&rule);
	}
	return 0;
}

static int compare_hooks(const void *a, const void *b)
{
	const struct pg_tree_hook *left = a, *right = b;
	int order = strcmp(left->parent, right->parent);

	return order ? order
		     : (left->position > right->position) - (left->position < right->position);
}

int pg_xt_table_read(const struct pg_xt_table *table, struct pg_tree *ret_tree)
{
	_cleanup_match_set_names_ struct pg_match_set_names names = { 0 };
	_cleanup_tree_ struct pg_tree tree = { .family = table->ops->family };
	const char *name = table->ops->first_chain(table->handle);

	for (; name; name = table->ops->next_chain(table->handle)) {
		int err = pg_ipt_is_ours(name) ? read_chain(table, name, &names, &tree)
					       : read_hooks(table, name, &tree);

		if (err)
			return err;
	}
	pg_tree_sort(&tree);
	if (tree.hooks.count)
		qsort(tree.hooks.items, tree.hooks.count, sizeof(struct pg_tree_hook),
		      compare_hooks);
	*ret_tree = tree;
	tree = (struct pg_tree){ 0 };
	return 0;
}

/*
 * The counters of one chain's rules, to be found by rule. Rules that are alike get their counters in
 * order: each is given away once.
 */
struct counts {
	const struct pg_tree_rule **sorted;
	bool *taken;
	size_t count;
};

static void counts_done(struct counts *counts)
{
	free(counts->sorted);
	free(counts->taken);
}

static int compare_rules(const void *a, const void *b)
{
	const struct pg_tree_rule *const *left = a, *const *right = b;
	int order = pg_tree_compare_rules(*left, *right);

	return order ? order : (*left > *right) - (*left < *right);
}

static int counts_init(struct counts *counts, const struct pg_tree_chain *chain)
{
	if (!chain || !chain->rules.count)
		return 0;
	counts->sorted = reallocarray(NULL, chain->rules.count, sizeof(*counts->sorted));
	counts->taken = calloc(chain->rules.count, sizeof(*counts->taken));
	if (!counts->sorted || !counts->taken)
		return -ENOMEM;
	counts->count = chain->rules.count;
	for (size_t i = 0; i < counts->count; i++)
		counts->sorted[i] = &chain->rules.items[i];
	qsort(counts->sorted, counts->count, sizeof(*counts->sorted), compare_rules);
	return 0;
}

static void counts_take(struct counts *counts, struct pg_tree_rule *rule)
{
	size_t low = 0, high = counts->count;

	rule->packets = rule->bytes = 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pg_tree_compare_rules(counts->sorted[middle], rule) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < counts->count && counts->taken[low] &&
	       !pg_tree_compare_rules(counts->sorted[low], rule))
		low++;
	if (low == counts->count || pg_tree_compare_rules(counts->sorted[low], rule))
		return;
	counts->taken[low] = true;
	rule->packets = counts->sorted[low]->packets;
	rule->bytes = counts->sorted[low]->bytes;
}

static int fill_chain(struct pg_xt_table *table, const struct pg_tree_chain *chain,
		      const struct pg_tree *old)
{
	PG_CLEANUP(counts_done) struct counts counts = { 0 };
	int err = counts_init(&counts, pg_tree_find_chain(old, chain->name));

	if (err)
		return err;
	pg_array_foreach(rule, &chain->rules) {
		struct pg_tree_rule counted = *rule;
		union pg_xt_entry entry;

		counts_take(&counts, &counted);
		pg_xt_entry_encode(&counted, table->ops->family, &entry);
		if (!table->ops->append(chain->name, &entry, table->handle))
			return last_error();
	}
	return 0;
}

/* From the last to the first: positions before a hook stay good when it goes. */
static int remove_hooks(struct pg_xt_table *table, const struct pg_tree *old)
{
	for (size_t i = old->hooks.count; i-- > 0;) {
		const struct pg_tree_hook *hook = &old->hooks.items[i];

		if (!table->ops->delete (hook->parent, hook->position - 1, table->handle))
			return last_error();
	}
	return 0;
}

/* Emptied first, all of them: a chain that another one jumps to can't go. */
static int remove_chains(struct pg_xt_table *table, const struct pg_tree *old)
{
	pg_array_foreach(chain, &old->chains) {
		if (!table->ops->flush_chain(chain->name, table->handle))
			return last_error();
	}
	pg_array_foreach(chain, &old->chains) {
		if (!table->ops->delete_chain(chain->name, table->handle))
			return last_error();
	}
	return 0;
}

static int add_chains(struct pg_xt_table *table, const struct pg_tree *old,
		      const struct pg_tree *tree)
{
	pg_array_foreach(chain, &tree->chains) {
		if (!table->ops->create_chain(chain->name, table->handle))
			return last_error();
	}
	pg_array_foreach(chain, &tree->chains) {
		int err = fill_chain(table, chain, old);

		if (err)
			return err;
	}
	return 0;
}

/* The counters of the hook that went from the same parent to the same chain. */
static void take_hook_counters(const struct pg_tree *old, const struct pg_tree_hook *hook,
			       struct pg_tree_rule *rule)
{
	pg_array_foreach(before, &old->hooks) {
		if (!before->conditional && !strcmp(before->parent, hook->parent) &&
		    !strcmp(before->chain, hook->chain)) {
			rule->packets = before->packets;
			rule->bytes = before->bytes;
			return;
		}
	}
}

static int add_hooks(struct pg_xt_table *table, const struct pg_tree *old,
		     const struct pg_tree *tree)
{
	pg_array_foreach(hook, &tree->hooks) {
		struct pg_tree_rule rule = { .target = PG_TARGET_JUMP };
		unsigned int position = PG_MAX(hook->position, 1u) - 1;
		union pg_xt_entry entry;

		snprintf(rule.chain, sizeof(rule.chain), "%s", hook->chain);
		take_hook_counters(old, hook, &rule);
		pg_xt_entry_encode(&rule, table->ops->family, &entry);
		if (table->ops->insert(hook->parent, &entry, position, table->handle))
			continue;
		/* The chain is shorter than when the position was read. */
		if (errno != E2BIG || !table->ops->append(hook->parent, &entry, table->handle))
			return last_error();
	}
	return 0;
}

/* libiptc sets the counters of policies to 0, unless a policy is set with counters. */
static int keep_policy_counters(struct pg_xt_table *table)
{
	const char *chain = table->ops->first_chain(table->handle);

	for (; chain; chain = table->ops->next_chain(table->handle)) {
		struct xt_counters counters;
		const char *policy = table->ops->get_policy(chain, &counters, table->handle);

		if (policy && !table->ops->set_policy(chain, policy, &counters, table->handle))
			return last_error();
	}
	return 0;
}

int pg_xt_table_replace(struct pg_xt_table *table, const struct pg_tree *old,
			const struct pg_tree *tree, struct pg_diags *diags)
{
	char text[PG_ERRTEXT_MAX];
	int err;

	err = remove_hooks(table, old);
	if (!err)
		err = remove_chains(table, old);
	if (!err)
		err = add_chains(table, old, tree);
	if (!err)
		err = add_hooks(table, old, tree);
	if (!err)
		err = keep_policy_counters(table);
	if (err)
		pg_error(diags, PG_LOC_NONE,
			 "cannot put rules into the IPv%u table '" TABLE "': %s",
			 table->ops->family, pg_errtext(err, text));
	return err;
}

int pg_xt_table_commit(struct pg_xt_table *table)
{
	return table->ops->commit(table->handle) ? 0 : last_error();
}
