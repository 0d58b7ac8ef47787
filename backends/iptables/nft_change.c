// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the rules that a chain has to those it shall have. Rules that stay aren't touched, so they
 * count on without a gap, and a commit costs what changes, not what there is.
 */
#include "backends/iptables/nft.h"

/* All that makes a rule's text, without holes and with zeros behind each string. */
struct key {
	struct pg_prefix src, dst;
	uint16_t dport_first, dport_last;
	uint8_t src_not, dst_not, proto, has_dport, ct_states, target;
	char physdev_in[IFNAMSIZ], physdev_out[IFNAMSIZ];
	char comment[PG_COMMENT_MAX];
	char chain[PG_CHAIN_NAME_MAX];
	uint8_t zero[3];
};
_Static_assert(sizeof(struct key) == 2 * sizeof(struct pg_prefix) + 2 * sizeof(uint16_t) + 6 +
					     2 * IFNAMSIZ + PG_COMMENT_MAX + PG_CHAIN_NAME_MAX + 3,
	       "a key has no holes");

static struct pg_prefix key_prefix(const struct pg_prefix *prefix, bool inverted)
{
	static const struct pg_prefix any;

	return prefix->addr.family && (prefix->length || inverted) ? *prefix : any;
}

static void key_text(char *to, size_t size, const char *from)
{
	memcpy(to, from, strnlen(from, size - 1));
}

static void make_key(const struct pg_tree_rule *rule, struct key *key)
{
	memset(key, 0, sizeof(*key));
	key->src = key_prefix(&rule->src, rule->src_not);
	key->dst = key_prefix(&rule->dst, rule->dst_not);
	key->src_not = key->src.addr.family && rule->src_not;
	key->dst_not = key->dst.addr.family && rule->dst_not;
	key->proto = rule->proto.n;
	key->has_dport = rule->has_dport;
	key->dport_first = rule->has_dport ? rule->dport_first : 0;
	key->dport_last = rule->has_dport ? rule->dport_last : 0;
	key->ct_states = (uint8_t)rule->ct_states;
	key->target = (uint8_t)rule->target;
	key_text(key->physdev_in, sizeof(key->physdev_in), rule->physdev_in);
	key_text(key->physdev_out, sizeof(key->physdev_out), rule->physdev_out);
	key_text(key->comment, sizeof(key->comment), rule->comment);
	if (rule->target == PG_TARGET_JUMP || rule->target == PG_TARGET_GOTO)
		key_text(key->chain, sizeof(key->chain), rule->chain);
}

/* FNV-1a, 64 bits (RFC 9923): only sorts rules into groups, equality is looked at afterwards. */
static uint64_t hash_key(const struct key *key)
{
	const uint8_t *bytes = (const uint8_t *)key;
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash;
}

static bool same(const struct pg_tree_rule *a, const struct pg_tree_rule *b)
{
	struct key left, right;

	if (a->foreign || b->foreign)
		return false;
	make_key(a, &left);
	make_key(b, &right);
	return !memcmp(&left, &right, sizeof(left));
}

/* A rule of the chain, and, at the first of those with one hash, how many of them are taken. */
struct slot {
	uint64_t hash;
	size_t index, taken;
};

static int compare_slots(const void *a, const void *b)
{
	const struct slot *left = a, *right = b;

	if (left->hash != right->hash)
		return left->hash > right->hash ? 1 : -1;
	return (left->index > right->index) - (left->index < right->index);
}

static uint64_t hash_rule(const struct pg_tree_rule *rule)
{
	struct key key;

	make_key(rule, &key);
	return hash_key(&key);
}

/* The first slot of a hash, or where it would be. */
static size_t lower_bound(const struct slot *slots, size_t count, uint64_t hash)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slots[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The next live rule with a text that no wanted rule has taken yet, in the chain's order. */
static size_t take_next(struct slot *slots, size_t count, const struct pg_tree_rule *live,
			const struct pg_tree_rule *wanted)
{
	uint64_t hash = hash_rule(wanted);
	size_t first = lower_bound(slots, count, hash), next;

	if (first == count || slots[first].hash != hash)
		return PG_NFT_NONE;
	next = first + slots[first].taken;
	if (next == count || slots[next].hash != hash || !same(&live[slots[next].index], wanted))
		return PG_NFT_NONE;
	slots[first].taken++;
	return slots[next].index;
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
		slots[i] = (struct slot){ .hash = hash_rule(&live[i]), .index = i };
	qsort(slots, live_count, sizeof(*slots), compare_slots);
	for (size_t i = 0; i < count; i++)
		sources[i] = (struct pg_nft_source){
			.old = take_next(slots, live_count, live, &wanted[i]),
		};
	mark_stays(sources, count, tops, before);
	return 0;
}
