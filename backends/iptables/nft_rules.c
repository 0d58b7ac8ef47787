// SPDX-License-Identifier: GPL-2.0-only
/* From the rules that a chain has to those it shall have: the messages for that. */
#include "backends/iptables/nft_commit.h"

/*
 * The kernel finds a rule by its handle by walking the chain, so that many single changes of a long
 * chain take longer than making it anew, which in turn leaves a gap in the counters of what stays.
 * Making a rule takes as long as walking past a thousand; for the counters' sake we walk twice that.
 */
static bool rather_replace(size_t live_count, size_t stays, size_t changes)
{
	return changes * live_count / 2000 > stays;
}

static const struct pg_nft_counter *counter_of(const struct pg_nft_chain *live,
					       const struct pg_nft_source *source,
					       struct pg_nft_counter *counter)
{
	*counter = (struct pg_nft_counter){ 0 };
	if (source->old != PG_NFT_NONE) {
		counter->packets = live->rules.items[source->old].packets;
		counter->bytes = live->rules.items[source->old].bytes;
	}
	return counter;
}

static int replace_rules(struct pg_nft_commit *commit, const struct pg_nft_chain *live,
			 const struct pg_tree_chain *chain, const struct pg_nft_source *sources)
{
	int err = pg_nft_delete_rules(commit, chain->name, 0);

	for (size_t i = 0; !err && i < chain->rules.count; i++) {
		struct pg_nft_counter counter;

		err = pg_nft_add_rule(commit, chain->name, 0, &chain->rules.items[i],
				      counter_of(live, &sources[i], &counter));
	}
	return err;
}

/* Deletes the live rules that don't stay. */
static int delete_others(struct pg_nft_commit *commit, const struct pg_nft_chain *live,
			 const struct pg_tree_chain *chain, const struct pg_nft_source *sources)
{
	size_t at = 0; /* those that stay are in the live chain's order */
	int err = 0;

	for (size_t i = 0; !err && i < live->handles.count; i++) {
		while (at < chain->rules.count && !sources[at].stays)
			at++;
		if (at < chain->rules.count && sources[at].old == i)
			at++;
		else
			err = pg_nft_delete_rules(commit, chain->name, live->handles.items[i]);
	}
	return err;
}

static int insert_others(struct pg_nft_commit *commit, const struct pg_nft_chain *live,
			 const struct pg_tree_chain *chain, const struct pg_nft_source *sources)
{
	size_t next = 0; /* the first rule from `i` on that stays */
	int err = 0;

	for (size_t i = 0; !err && i < chain->rules.count; i++) {
		struct pg_nft_counter counter;
		uint64_t before = 0;

		if (sources[i].stays)
			continue;
		next = PG_MAX(next, i);
		while (next < chain->rules.count && !sources[next].stays)
			next++;
		if (next < chain->rules.count)
			before = live->handles.items[sources[next].old];
		err = pg_nft_add_rule(commit, chain->name, before, &chain->rules.items[i],
				      counter_of(live, &sources[i], &counter));
	}
	return err;
}

int pg_nft_change_rules(struct pg_nft_commit *commit, const struct pg_nft_chain *live,
			const struct pg_tree_chain *chain)
{
	size_t live_count = live->rules.count, count = chain->rules.count, stays = 0;
	_cleanup_free_ struct pg_nft_source *sources = calloc(count + 1, sizeof(*sources));
	int err;

	if (!sources)
		return -ENOMEM;
	err = pg_nft_change_find(live->rules.items, live_count, chain->rules.items, count, sources);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++)
		stays += sources[i].stays;
	if (rather_replace(live_count, stays, live_count - stays + count - stays))
		return replace_rules(commit, live, chain, sources);
	err = delete_others(commit, live, chain, sources);
	return err ? err : insert_others(commit, live, chain, sources);
}
