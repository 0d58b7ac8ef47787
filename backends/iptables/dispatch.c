// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/dispatch.h"

void pg_ipt_routes_done(struct pg_ipt_routes *routes)
{
	free(routes->list.items);
	*routes = (struct pg_ipt_routes){ 0 };
}

int pg_ipt_routes_add(struct pg_ipt_routes *routes, const struct pg_prefix *prefix,
		      const char *chain)
{
	struct pg_ipt_route *added = pg_array_add(&routes->list);

	if (!added)
		return -ENOMEM;
	added->prefix = *prefix;
	snprintf(added->chain, sizeof(added->chain), "%s", chain);
	return 0;
}

static int compare_routes(const void *a, const void *b)
{
	const struct pg_ipt_route *left = a, *right = b;

	return pg_prefix_compare(&left->prefix, &right->prefix);
}

/* One dispatch in the making. */
struct dispatch {
	struct pg_ipt_builder *builder;
	bool by_source;
};

/* Routes that follow each other in tree order, and where packets go that are inside and of no route. */
struct block {
	const struct pg_ipt_route *routes;
	size_t count;
	const char *fallback;
};

struct node {
	const char *name;
	size_t chain;
	unsigned int levels; /* of the tree, from here down */
};

static int add_goto(const struct dispatch *dispatch, size_t chain, const struct pg_prefix *prefix,
		    const char *to)
{
	struct pg_tree_rule rule = { .target = PG_TARGET_GOTO };

	/* As rules have it: a prefix of length 0 is no match. */
	if (prefix->length)
		*(dispatch->by_source ? &rule.src : &rule.dst) = *prefix;
	snprintf(rule.chain, sizeof(rule.chain), "%s", to);
	return pg_ipt_add_rule(dispatch->builder, chain, &rule);
}

static bool bit_of(const struct pg_addr *addr, unsigned int bit)
{
	return addr->bytes[bit / 8] & 0x80 >> bit % 8;
}

/* The longest prefix that covers all of a block: what its first and its last route have in common. */
static struct pg_prefix prefix_of(const struct block *block)
{
	const struct pg_prefix *first = &block->routes[0].prefix;
	const struct pg_prefix *last = &block->routes[block->count - 1].prefix;
	uint8_t length = 0, most = PG_MIN(first->length, last->length);

	while (length < most && bit_of(&first->addr, length) == bit_of(&last->addr, length))
		length++;
	return pg_prefix_of(&first->addr, length);
}

/*
 * Cuts a block in two: a route that covers all the others is apart from them, else one bit of the
 * address decides. The first part stays in the block.
 */
static struct block split(struct block *block)
{
	struct pg_prefix prefix = prefix_of(block);
	struct block rest = *block;
	size_t at = 1;

	if (block->routes[0].prefix.length == prefix.length)
		rest.fallback = block->routes[0].chain;
	else
		while (!bit_of(&block->routes[at].prefix.addr, prefix.length))
			at++;
	block->count = at;
	rest.routes += at;
	rest.count -= at;
	return rest;
}

static size_t find_largest(const struct block *blocks, size_t count)
{
	size_t largest = 0;

	for (size_t i = 1; i < count; i++) {
		if (blocks[i].count > blocks[largest].count)
			largest = i;
	}
	return largest;
}

/* Cuts the largest block until there are `wanted`; they stay in tree order. */
static void split_all(struct block *blocks, size_t wanted)
{
	for (size_t count = 1; count < wanted; count++) {
		size_t at = find_largest(blocks, count);
		struct block rest = split(&blocks[at]);

		memmove(&blocks[at + 2], &blocks[at + 1], (count - at - 1) * sizeof(*blocks));
		blocks[at + 1] = rest;
	}
}

/* The least number of rules a chain with which all routes have a place, were they evenly spread. */
static size_t fanout_of(size_t routes, unsigned int levels)
{
	size_t fanout = PG_IPT_DISPATCH_FANOUT;

	for (;; fanout++) {
		size_t room = 1;

		for (unsigned int i = 0; i < levels; i++)
			room *= fanout;
		if (room >= routes)
			return fanout;
	}
}

void pg_ipt_name_node(const char *above, size_t number, char name[PG_CHAIN_NAME_MAX])
{
	snprintf(name, PG_CHAIN_NAME_MAX, "%s%s%02zx", above, strchr(above, '.') ? "" : ".",
		 number);
}

static int fill_node(const struct dispatch *dispatch, const struct node *node,
		     const struct block *block);

static int add_block(const struct dispatch *dispatch, const struct node *node, size_t number,
		     const struct block *block)
{
	struct node below = { .levels = node->levels - 1 };
	struct pg_prefix prefix = prefix_of(block);
	char name[PG_CHAIN_NAME_MAX];
	int err;

	if (block->count == 1)
		return add_goto(dispatch, node->chain, &block->routes->prefix,
				block->routes->chain);
	pg_ipt_name_node(node->name, number, name);
	below.name = name;
	err = pg_ipt_add_chain(dispatch->builder, name, &below.chain);
	if (!err)
		err = add_goto(dispatch, node->chain, &prefix, name);
	return err ? err : fill_node(dispatch, &below, block);
}

/* From the last block to the first: what is inside a prefix stands before it. */
static int fill_node(const struct dispatch *dispatch, const struct node *node,
		     const struct block *block)
{
	size_t fanout = node->levels > 1 ? fanout_of(block->count, node->levels) : block->count;
	size_t count = PG_MIN(fanout, block->count);
	_cleanup_free_ struct block *blocks = calloc(count + 1, sizeof(*blocks));
	static const struct pg_prefix anybody = { 0 };
	int err = 0;

	if (!blocks)
		return -ENOMEM;
	blocks[0] = *block;
	split_all(blocks, count);
	for (size_t i = count; i-- > 0 && !err;)
		err = add_block(dispatch, node, i, &blocks[i]);
	if (!err && block->fallback)
		err = add_goto(dispatch, node->chain, &anybody, block->fallback);
	return err;
}

int pg_ipt_dispatch(struct pg_ipt_builder *builder, struct pg_ipt_routes *routes, bool by_source,
		    const char *stem, size_t chain, const char *fallback)
{
	const struct dispatch dispatch = { builder, by_source };
	const struct node root = { stem, chain, PG_IPT_DISPATCH_LEVELS };
	struct block all = { routes->list.items, routes->list.count, fallback };

	if (!all.count)
		return fallback ? add_goto(&dispatch, chain, &(struct pg_prefix){ 0 }, fallback)
				: 0;
	qsort(routes->list.items, all.count, sizeof(*routes->list.items), compare_routes);
	return fill_node(&dispatch, &root, &all);
}
