// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the rules that a chain has to those it shall have. Rules that stay aren't touched, so they
 * count on without a gap, and a commit costs what changes, not what there is.
 */
#include "backends/iptables/nft.h"

/*
 * The live rules sorted by text, those of one text in the chain's order; at the first of them, how
 * many are taken.
 */
struct slot {
	const struct pg_tree_rule *rule;
	size_t taken;
};

static int compare_slots(const void *a, const void *b)
{
	const struct slot *left = a, *right = b;
	int order = pg_tree_compare_rules(left->rule, right->rule);

	return order ? order : (left->rule > right->rule) - (left->rule < right->rule);
}

/* The first slot of a text, or where it would be. */
static size_t lower_bound(const struct slot *slots, size_t count, const struct pg_tree_rule *rule)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pg_tree_compare_rules(slots[middle].rule, rule) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The next live rule of a wanted one's text that none has taken yet; NULL: there is none. */
static const struct pg_tree_rule *take_next(struct slot *slots, size_t count,
					    const struct pg_tree_rule *wanted)
{
	size_t first = lower_bound(slots, count, wanted), next;

	if (first == count || pg_tree_compare_rules(slots[first].rule, wanted))
		return NULL;
	next = first + slots[first].taken;
	if (next == count || pg_tree_compare_rules(slots[next].rule, wanted))
		return NULL;
	slots[first].taken++;
	return slots[next].rule;
}

/*
 * Marks the longest run of wanted rules whose live ones are in the same order (the longest
 * increasing subsequence, by piles: Knuth, vol. 3, 5.1.4). tops[n] is the wanted rule that ends the
 * best run of n + 1; before[] leads back from each.
 */
static void mark_stays(struct pg_nft_source *sources, size_t count, size_t *tops, size_t *before)
{
	size_t piles = 0, at;

	for (size_t i = 0; i < count; i++) {
		size_t low = 0, high = piles;

		if (sources[i].old == PG_NFT_NONE)
			continue;
		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (sources[tops[middle]].old < sources[i].old)
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low ? tops[low - 1] : PG_NFT_NONE;
		tops[low] = i;
		piles = PG_MAX(piles, low + 1);
	}
	for (at = piles ? tops[piles - 1] : PG_NFT_NONE; at != PG_NFT_NONE; at = before[at])
		sources[at].stays = true;
}

int pg_nft_change_find(const struct pg_tree_rule *live, size_t live_count,
		       const struct pg_tree_rule *wanted, size_t count,
		       struct pg_nft_source *sources)
{
	_cleanup_free_ struct slot *slots = calloc(live_count + 1, sizeof(*slots));
	_cleanup_free_ size_t *tops = calloc(count + 1, sizeof(*tops));
	_cleanup_free_ size_t *before = calloc(count + 1, sizeof(*before));

	if (!slots || !tops || !before)
		return -ENOMEM;
	for (size_t i = 0; i < live_count; i++)
		slots[i].rule = &live[i];
	qsort(slots, live_count, sizeof(*slots), compare_slots);
	for (size_t i = 0; i < count; i++) {
		const struct pg_tree_rule *old = take_next(slots, live_count, &wanted[i]);

		sources[i] = (struct pg_nft_source){
			.old = old ? (size_t)(old - live) : PG_NFT_NONE,
		};
	}
	mark_stays(sources, count, tops, before);
	return 0;
}
