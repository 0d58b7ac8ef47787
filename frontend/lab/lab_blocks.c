// SPDX-License-Identifier: GPL-2.0-only
/* Which addresses are on the link for endpoints of one bridge. */
#include "frontend/lab/lab_internal.h"

/* Longer than the default route, which it stands beside. */
#define SHORTEST_BLOCK 8

static bool holds_endpoint(const struct pg_endpoints *endpoints, const struct pg_prefix *block)
{
	pg_array_foreach(endpoint, &endpoints->list) {
		if (pg_prefix_contains(block, pg_endpoint_addr(endpoint, block->addr.family)))
			return true;
	}
	return false;
}

static bool holds_other(const struct pg_addr *others, size_t count, const struct pg_prefix *block)
{
	for (size_t i = 0; i < count; i++) {
		if (pg_prefix_contains(block, &others[i]))
			return true;
	}
	return false;
}

/* The two halves of a block differ in the bit after its last one. */
static struct pg_prefix half(const struct pg_prefix *block, bool upper)
{
	struct pg_addr addr = block->addr;

	if (upper)
		addr.bytes[block->length / 8] |= (uint8_t)(0x80 >> block->length % 8);
	return pg_prefix_of(&addr, block->length + 1);
}

/* Halves the block until no part holds both. As deep as an address has bits. */
static int split(struct pg_lab_blocks *blocks, const struct pg_endpoints *endpoints,
		 const struct pg_addr *others, size_t other_count, const struct pg_prefix *block)
{
	struct pg_prefix lower, upper, *added;
	int err;

	if (!holds_endpoint(endpoints, block))
		return 0;
	if (block->length >= SHORTEST_BLOCK && !holds_other(others, other_count, block)) {
		added = pg_array_add(&blocks->list);
		if (!added)
			return -ENOMEM;
		*added = *block;
		return 0;
	}
	lower = half(block, false);
	upper = half(block, true);
	err = split(blocks, endpoints, others, other_count, &lower);
	return err ? err : split(blocks, endpoints, others, other_count, &upper);
}

void pg_lab_blocks_done(struct pg_lab_blocks *blocks)
{
	free(blocks->list.items);
	*blocks = (struct pg_lab_blocks){ 0 };
}

int pg_lab_blocks_make(const struct pg_endpoints *endpoints, uint8_t family,
		       const struct pg_addr *others, size_t other_count,
		       struct pg_lab_blocks *ret_blocks)
{
	_cleanup_lab_blocks_ struct pg_lab_blocks blocks = { 0 };
	struct pg_prefix all = { .addr = { .family = family } };
	int err = split(&blocks, endpoints, others, other_count, &all);

	if (err)
		return err;
	*ret_blocks = blocks;
	blocks = (struct pg_lab_blocks){ 0 };
	return 0;
}
