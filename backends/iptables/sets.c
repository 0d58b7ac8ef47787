// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/sets.h"

#include "backends/iptables/dispatch.h"

#define HASH_DIGITS 8

/*
 * Names that only look so are somebody's, and aren't touched. Nor are they said to libipset, for which some
 * would be several words or lines.
 */
bool pg_ipt_set_is_ours(const char *name)
{
	size_t length = strlen(name);

	return (!strncmp(name, "polgen-4-", 9) || !strncmp(name, "polgen-6-", 9)) &&
	       length > 9 + HASH_DIGITS && name[length - HASH_DIGITS - 1] == '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length &&
	       strspn(name + length - HASH_DIGITS, "0123456789abcdef") == HASH_DIGITS;
}

uint8_t pg_ipt_set_family(const char *name)
{
	return name[7] == '4' ? 4 : 6;
}

size_t pg_ipt_set_stem(const char *name)
{
	return strlen(name) - HASH_DIGITS;
}

void pg_ipt_set_routes_done(struct pg_ipt_set_routes *routes)
{
	free(routes->list.items);
	*routes = (struct pg_ipt_set_routes){ 0 };
}

int pg_ipt_set_routes_add(struct pg_ipt_set_routes *routes, pg_identity id, const char *chain)
{
	struct pg_ipt_set_route *added = pg_array_add(&routes->list);

	if (!added)
		return -ENOMEM;
	added->id = id;
	snprintf(added->chain, sizeof(added->chain), "%s", chain);
	return 0;
}

/* The identities that a group leaves open: 1 with all bits, 0x10000 with none. */
static uint32_t width_of(unsigned int bits)
{
	return 0x10000u >> bits;
}

static uint32_t key_of(const struct pg_ipt_group *group)
{
	return (uint32_t)group->first << 5 | group->bits;
}

/* The first of the sorted identities with addresses that isn't below `number`. */
static size_t find_from(const struct pg_ipt_peers *peers, uint32_t number)
{
	size_t low = 0, high = peers->managed.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (peers->managed.items[middle].id.n < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void name_set(const struct pg_ipt_builder *builder, const struct pg_ipt_group *group,
		     struct pg_set *set)
{
	char who[24] = "all";

	if (group->bits == 16)
		snprintf(who, sizeof(who), "%u", group->first);
	else if (group->bits)
		snprintf(who, sizeof(who), "x%04x.%u", group->first, group->bits);
	snprintf(set->name, sizeof(set->name), "polgen-%u-%.11s-%08x", builder->options->family,
		 who, (uint32_t)pg_set_hash(set));
}

static int fill_set(const struct pg_ipt_builder *builder, const struct pg_ipt_group *group,
		    struct pg_set *set)
{
	const struct pg_ipt_peers *peers = &builder->peers;
	uint32_t end = group->first + width_of(group->bits);

	set->family = builder->options->family;
	for (size_t i = find_from(peers, group->first);
	     i < peers->managed.count && peers->managed.items[i].id.n < end; i++) {
		int err = pg_set_add_addr(set, &peers->managed.items[i].prefix.addr);

		if (err)
			return err;
	}
	pg_set_sort(set);
	name_set(builder, group, set);
	return 0;
}

/* Where in the builder's list the set of a key is, or belongs. */
static size_t find_key(const struct pg_ipt_builder *builder, uint32_t key)
{
	size_t low = 0, high = builder->set_keys.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (builder->set_keys.items[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int add_key(struct pg_ipt_builder *builder, size_t at, uint32_t key)
{
	size_t behind = builder->set_keys.count - at;
	struct pg_ipt_set_key *added = pg_array_add(&builder->set_keys);

	if (!added)
		return -ENOMEM;
	memmove(&builder->set_keys.items[at + 1], &builder->set_keys.items[at],
		behind * sizeof(*builder->set_keys.items));
	builder->set_keys.items[at].key = key;
	builder->set_keys.items[at].set = builder->tree.sets.list.count - 1;
	return 0;
}

static int add_set(struct pg_ipt_builder *builder, const struct pg_ipt_group *group, size_t at)
{
	struct pg_set *set = pg_sets_add(&builder->tree.sets, "", PG_SET_ADDRESSES);
	int err = set ? fill_set(builder, group, set) : -ENOMEM;

	return err ? err : add_key(builder, at, key_of(group));
}

int pg_ipt_match_group(struct pg_ipt_builder *builder, const struct pg_ipt_group *group,
		       struct pg_tree_rule *rule)
{
	size_t at = find_key(builder, key_of(group));
	int err = 0;

	rule->has_set = true;
	if (builder->counting)
		return 0;
	if (at == builder->set_keys.count || builder->set_keys.items[at].key != key_of(group))
		err = add_set(builder, group, at);
	if (err)
		return err;
	memcpy(rule->set, builder->tree.sets.list.items[builder->set_keys.items[at].set].name,
	       sizeof(rule->set));
	return 0;
}

/* One dispatch in the making. */
struct dispatch {
	struct pg_ipt_builder *builder;
	bool by_source;
	const char *fallback;
	unsigned int step; /* in bits */
};

/* Routes whose identities are of one group. */
struct block {
	const struct pg_ipt_set_route *routes;
	size_t count;
	struct pg_ipt_group group;
};

static int add_goto(const struct dispatch *dispatch, size_t chain, const struct pg_ipt_group *group,
		    const char *to)
{
	struct pg_tree_rule rule = { .target = PG_TARGET_GOTO, .set_dst = !dispatch->by_source };
	int err = group ? pg_ipt_match_group(dispatch->builder, group, &rule) : 0;

	snprintf(rule.chain, sizeof(rule.chain), "%s", to);
	return err ? err : pg_ipt_add_rule(dispatch->builder, chain, &rule);
}

static struct pg_ipt_group group_of(pg_identity id, unsigned int bits)
{
	return (struct pg_ipt_group){ (uint16_t)(id.n & ~(width_of(bits) - 1)), bits };
}

static int add_each(const struct dispatch *dispatch, size_t chain, const struct block *block)
{
	int err = 0;

	for (size_t i = 0; i < block->count && !err; i++) {
		struct pg_ipt_group group = group_of(block->routes[i].id, 16);

		err = add_goto(dispatch, chain, &group, block->routes[i].chain);
	}
	return err;
}

/* How many identities of the family a group has. */
static size_t count_group(const struct pg_ipt_builder *builder, const struct pg_ipt_group *group)
{
	const struct pg_ipt_peers *peers = &builder->peers;
	uint32_t end = group->first + width_of(group->bits), last = 0;
	size_t count = 0;

	for (size_t i = find_from(peers, group->first);
	     i < peers->managed.count && peers->managed.items[i].id.n < end; i++) {
		count += peers->managed.items[i].id.n != last;
		last = peers->managed.items[i].id.n;
	}
	return count;
}

/* Whether all that the block's set holds goes to one chain. */
static bool is_uniform(const struct dispatch *dispatch, const struct block *block)
{
	for (size_t i = 1; i < block->count; i++) {
		if (strcmp(block->routes[i].chain, block->routes[0].chain) != 0)
			return false;
	}
	return count_group(dispatch->builder, &block->group) == block->count;
}

static int fill_node(const struct dispatch *dispatch, const char *name, size_t chain,
		     const struct block *block);

static int add_block(const struct dispatch *dispatch, const char *above, size_t chain,
		     const struct block *block)
{
	unsigned int digit = block->group.first >> (16 - block->group.bits);
	char name[PG_CHAIN_NAME_MAX];
	size_t below;
	int err;

	if (block->count == 1)
		return add_each(dispatch, chain, block);
	if (is_uniform(dispatch, block))
		return add_goto(dispatch, chain, &block->group, block->routes[0].chain);
	pg_ipt_name_node(above, digit & ((1u << dispatch->step) - 1), name);
	err = pg_ipt_add_chain(dispatch->builder, name, &below);
	if (!err)
		err = add_goto(dispatch, chain, &block->group, name);
	return err ? err : fill_node(dispatch, name, below, block);
}

static int add_blocks(const struct dispatch *dispatch, const char *name, size_t chain,
		      const struct block *block)
{
	unsigned int bits = block->group.bits + dispatch->step;
	size_t next;

	for (size_t i = 0; i < block->count; i = next) {
		struct block part = {
			.routes = &block->routes[i],
			.group = group_of(block->routes[i].id, bits),
		};
		int err;

		for (next = i; next < block->count; next++) {
			if (group_of(block->routes[next].id, bits).first != part.group.first)
				break;
		}
		part.count = next - i;
		err = add_block(dispatch, name, chain, &part);
		if (err)
			return err;
	}
	return 0;
}

static int fill_node(const struct dispatch *dispatch, const char *name, size_t chain,
		     const struct block *block)
{
	bool last = block->group.bits >= PG_IPT_SET_STEPS * dispatch->step;
	int err = last || block->count <= PG_IPT_SET_LIST
			  ? add_each(dispatch, chain, block)
			  : add_blocks(dispatch, name, chain, block);

	return err || !dispatch->fallback ? err
					  : add_goto(dispatch, chain, NULL, dispatch->fallback);
}

static int compare_routes(const void *a, const void *b)
{
	const struct pg_ipt_set_route *left = a, *right = b;

	return (left->id.n > right->id.n) - (left->id.n < right->id.n);
}

/* Such that after all steps there are few identities left, of as many as there are. */
static unsigned int step_of(const struct pg_ipt_builder *builder)
{
	static const struct pg_ipt_group all = { 0 };
	size_t count = count_group(builder, &all);

	return count <= 512 ? 2 : count <= 8192 ? 3 : 4;
}

int pg_ipt_dispatch_sets(struct pg_ipt_builder *builder, struct pg_ipt_set_routes *routes,
			 bool by_source, const char *stem, size_t chain, const char *fallback)
{
	const struct dispatch dispatch = { builder, by_source, fallback, step_of(builder) };
	struct block all = { .routes = routes->list.items, .count = routes->list.count };
	int err;

	if (all.count)
		qsort(routes->list.items, all.count, sizeof(*routes->list.items), compare_routes);
	if (all.count < 2 || !is_uniform(&dispatch, &all))
		return fill_node(&dispatch, stem, chain, &all);
	err = add_goto(&dispatch, chain, &all.group, all.routes[0].chain);
	return err || !fallback ? err : add_goto(&dispatch, chain, NULL, fallback);
}
