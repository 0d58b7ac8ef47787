// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/dispatch.h"

/* Below a node of this height rules aren't told apart any more, however many there are. */
#define LEVELS 6

/* Rules of ports whose names begin alike, sorted by name. */
struct run {
	const struct pg_tree_rule *rules;
	size_t count;
};

struct dispatch {
	struct pg_ipt_builder *builder;
	bool in;
};

static const char *port_of(const struct dispatch *dispatch, const struct pg_tree_rule *rule)
{
	return dispatch->in ? rule->physdev_in : rule->physdev_out;
}

static int compare_in(const void *a, const void *b)
{
	return strcmp(((const struct pg_tree_rule *)a)->physdev_in,
		      ((const struct pg_tree_rule *)b)->physdev_in);
}

static int compare_out(const void *a, const void *b)
{
	return strcmp(((const struct pg_tree_rule *)a)->physdev_out,
		      ((const struct pg_tree_rule *)b)->physdev_out);
}

/* How many characters all names of a run begin with. */
static size_t common_length(const struct dispatch *dispatch, const struct run *run)
{
	const char *first = port_of(dispatch, &run->rules[0]);
	const char *last = port_of(dispatch, &run->rules[run->count - 1]);
	size_t length = 0;

	while (first[length] && first[length] == last[length])
		length++;
	return length;
}

/* The rules from the first on whose names have the same character there. */
static struct run take_run(const struct dispatch *dispatch, const struct run *run, size_t at)
{
	struct run taken = { run->rules, 1 };

	while (taken.count < run->count &&
	       port_of(dispatch, &run->rules[taken.count])[at] == port_of(dispatch, run->rules)[at])
		taken.count++;
	return taken;
}

static int add_rules(const struct dispatch *dispatch, size_t chain, const struct run *run)
{
	int err = 0;

	for (size_t i = 0; i < run->count && !err; i++)
		err = pg_ipt_add_rule(dispatch->builder, chain, &run->rules[i]);
	return err;
}

/* Sends the packets of a run's ports, and some others that no rule there is about, to its chain. */
static int add_goto(const struct dispatch *dispatch, size_t chain, const struct run *run,
		    const char *to)
{
	struct pg_tree_rule rule = { .target = PG_TARGET_GOTO };
	size_t length = common_length(dispatch, run);

	snprintf(dispatch->in ? rule.physdev_in : rule.physdev_out, IFNAMSIZ, "%.*s+", (int)length,
		 port_of(dispatch, run->rules));
	snprintf(rule.chain, sizeof(rule.chain), "%s", to);
	return pg_ipt_add_rule(dispatch->builder, chain, &rule);
}

static int fill_node(const struct dispatch *dispatch, const char *name, size_t chain,
		     unsigned int levels, struct run run);

static int add_run(const struct dispatch *dispatch, const char *above, size_t number, size_t chain,
		   unsigned int levels, const struct run *run)
{
	char name[PG_CHAIN_NAME_MAX];
	size_t below;
	int err;

	if (run->count == 1)
		return add_rules(dispatch, chain, run);
	pg_ipt_name_node(above, number, name);
	err = pg_ipt_add_chain(dispatch->builder, name, &below);
	if (!err)
		err = add_goto(dispatch, chain, run, name);
	return err ? err : fill_node(dispatch, name, below, levels - 1, *run);
}

static int fill_node(const struct dispatch *dispatch, const char *name, size_t chain,
		     unsigned int levels, struct run run)
{
	size_t length = run.count ? common_length(dispatch, &run) : 0;
	int err = 0;

	if (levels == 1 || run.count <= PG_IPT_DISPATCH_FANOUT)
		return add_rules(dispatch, chain, &run);
	for (size_t i = 0; run.count && !err; i++) {
		struct run taken = take_run(dispatch, &run, length);

		err = add_run(dispatch, name, i, chain, levels, &taken);
		run.rules += taken.count;
		run.count -= taken.count;
	}
	return err;
}

int pg_ipt_dispatch_ports(struct pg_ipt_builder *builder, struct pg_tree_chain *rules, bool in,
			  const char *name)
{
	const struct dispatch dispatch = { builder, in };
	size_t count = rules->rules.count, chain;
	int err = pg_ipt_add_chain(builder, name, &chain);

	if (err)
		return err;
	if (count)
		qsort(rules->rules.items, count, sizeof(*rules->rules.items),
		      in ? compare_in : compare_out);
	return fill_node(&dispatch, name, chain, LEVELS, (struct run){ rules->rules.items, count });
}
