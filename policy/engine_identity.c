// SPDX-License-Identifier: GPL-2.0-only
/* Identities that come, go, or get other numbers or labels, and who is told of it. */
#include "policy/engine_part.h"
#include "policy/number.h"
#include "policy/peers.h"

void pg_engine_identity_free(struct pg_engine_identity *identity)
{
	if (!identity)
		return;
	pg_labels_done(&identity->info.labels);
	free(identity->endpoints.list.items);
	free(identity->topics.list.items);
	free(identity->rules.list.items);
	free(identity->now.rows.list.items);
	free(identity->before.rows.list.items);
	free(identity->added.list.items);
	free(identity);
}

static void identity_cleanup(struct pg_engine_identity **identity)
{
	pg_engine_identity_free(*identity);
}

static void watchers_done(struct pg_watchers *watchers)
{
	free(watchers->list.items);
}

static void moves_done(struct pg_engine_moves *moves)
{
	free(moves->list.items);
}

static void identities_done(struct pg_engine_identities *identities)
{
	pg_array_foreach(identity, &identities->list)
		(*identity)->chosen = false;
	free(identities->list.items);
}

static bool is_subject(const struct pg_engine_identity *identity)
{
	return pg_identity_is_cluster(identity->info.id);
}

int pg_engine_join_subject(struct pg_engine *engine, struct pg_engine_rule *rule,
			   struct pg_engine_identity *subject)
{
	int err = pg_links_join(&rule->subjects, rule, &subject->rules, subject);

	if (err)
		return err;
	subject->requiring += rule->requires;
	return subject->requiring ? pg_engine_refill(engine, subject)
				  : pg_engine_touch(engine, subject);
}

/* What everybody gets for want of requirements has to be spelt out where there are some. */
static int refill_requiring(struct pg_engine *engine)
{
	int err = 0;

	pg_array_foreach(rule, &engine->requiring) {
		pg_array_foreach(link, &(*rule)->subjects.list)
			err = err ?: pg_engine_refill(engine, link->owner);
	}
	return err;
}

static int drop_peer(struct pg_engine *engine, const struct pg_watcher *watcher,
		     const struct pg_engine_identity *peer)
{
	const struct pg_peers *peers = &pg_watcher_entry(watcher)->peers;
	int err = 0;

	if (!pg_peers_endpoints_list(peers, &peer->info) &&
	    !pg_peers_others_list(peers, &peer->info))
		return 0;
	pg_array_foreach(link, &watcher->rule->subjects.list) {
		struct pg_engine_identity *subject = link->owner;

		if (subject->seen == engine->walk)
			continue;
		subject->seen = engine->walk;
		err = err ?: pg_engine_drop_peer_rows(engine, subject, peer->info.id);
	}
	return err;
}

/* Takes an identity out of all rules and rows. It keeps its number and labels. */
static int withdraw(struct pg_engine *engine, struct pg_engine_identity *identity)
{
	PG_CLEANUP(watchers_done) struct pg_watchers watchers = { 0 };
	int err = pg_engine_touch_addresses(engine, identity);

	if (is_subject(identity)) {
		err = err ?: pg_engine_clear_rows(engine, identity);
		pg_links_part_all(&identity->rules);
		identity->requiring = 0;
		identity->stale = false;
	}
	err = err ?: pg_engine_find_watchers(engine, identity, &watchers);
	pg_array_foreach(watcher, &watchers.list) {
		if ((*watcher)->entry)
			err = err ?: drop_peer(engine, *watcher, identity);
	}
	pg_engine_drop_topics(engine, &identity->topics);
	return err ?: refill_requiring(engine);
}

static int join_rule(struct pg_engine *engine, struct pg_engine_rule *rule,
		     struct pg_engine_identity *identity)
{
	int err;

	if (!pg_selector_matches(&rule->rule.subject, &identity->info.labels))
		return 0;
	err = pg_engine_join_subject(engine, rule, identity);
	return err ?: pg_engine_add_rows(engine, rule, &identity, 1);
}

/* The opposite of withdraw(), maybe with another number and other labels. */
static int announce(struct pg_engine *engine, struct pg_engine_identity *identity)
{
	PG_CLEANUP(watchers_done) struct pg_watchers watchers = { 0 };
	int err = pg_engine_carry(engine, identity);

	err = err ?: pg_engine_find_watchers(engine, identity, &watchers);
	pg_array_foreach(watcher, &watchers.list) {
		if ((*watcher)->entry)
			err = err ?: pg_engine_add_peer_rows(engine, *watcher, identity);
	}
	err = err ?: refill_requiring(engine);
	if (!is_subject(identity))
		return err;
	err = err ?: pg_engine_touch(engine, identity);
	pg_array_foreach(watcher, &watchers.list) {
		if (!(*watcher)->entry)
			err = err ?: join_rule(engine, (*watcher)->rule, identity);
	}
	return err;
}

static int choose(struct pg_engine_identities *chosen, struct pg_engine_identity *identity)
{
	struct pg_engine_identity **added;

	if (identity->chosen)
		return 0;
	added = pg_array_add(&chosen->list);
	if (!added)
		return -ENOMEM;
	*added = identity;
	identity->chosen = true;
	return 0;
}

static int relabel(const struct pg_engine *engine, struct pg_engine_identity *identity);

static int set_numbers(struct pg_engine *engine, const struct pg_engine_moves *moves,
		       const struct pg_engine_identity *newcomer)
{
	int err = 0;

	pg_array_foreach(move, &moves->list) {
		if (move->identity != newcomer)
			pg_hash_remove(&engine->numbers,
				       pg_engine_number_hash(move->identity->info.id),
				       move->identity);
	}
	pg_array_foreach(move, &moves->list) {
		move->identity->info.id = move->id;
		err = err
			      ?: pg_hash_add(&engine->numbers, pg_engine_number_hash(move->id),
					     move->identity);
	}
	return err;
}

/* Gives those that moved their numbers, and the chosen CIDRs their labels. */
static int rearrange(struct pg_engine *engine, const struct pg_engine_moves *moves,
		     struct pg_engine_identities *chosen, struct pg_engine_identity *newcomer)
{
	int err = 0;

	pg_array_foreach(move, &moves->list)
		err = err ?: choose(chosen, move->identity);
	pg_array_foreach(identity, &chosen->list) {
		if (*identity != newcomer)
			err = err ?: withdraw(engine, *identity);
	}
	err = err ?: set_numbers(engine, moves, newcomer);
	pg_array_foreach(identity, &chosen->list) {
		if ((*identity)->info.cidr.addr.family)
			err = err ?: relabel(engine, *identity);
	}
	pg_array_foreach(identity, &chosen->list)
		err = err ?: announce(engine, *identity);
	return err;
}

/* Takes an identity that has no user any more out of its table; it lives until all is settled. */
static int bury(struct pg_engine *engine, struct pg_engine_identity *identity,
		struct pg_hash *table, uint64_t hash)
{
	struct pg_engine_identity **dead = pg_array_add(&engine->dead_identities);

	if (!dead)
		return -ENOMEM;
	*dead = identity;
	pg_hash_remove(table, hash, identity);
	return 0;
}

/* Takes it out of all else. Yields whose numbers change by that. */
static int take_out(struct pg_engine *engine, struct pg_engine_identity *identity,
		    struct pg_engine_moves *moves)
{
	int err = pg_engine_number_gone(engine, identity, moves);

	err = err ?: withdraw(engine, identity);
	pg_hash_remove(&engine->numbers, pg_engine_number_hash(identity->info.id), identity);
	return err;
}

static bool has_labels(const void *item, const void *wanted)
{
	return !pg_labels_compare(&((const struct pg_engine_identity *)item)->info.labels, wanted);
}

static int make_label_set(struct pg_engine *engine, const struct pg_labels *labels, uint64_t hash,
			  struct pg_engine_identity **ret_identity)
{
	PG_CLEANUP(identity_cleanup)
	struct pg_engine_identity *identity = calloc(1, sizeof(*identity));
	PG_CLEANUP(moves_done) struct pg_engine_moves moves = { 0 };
	PG_CLEANUP(identities_done) struct pg_engine_identities chosen = { 0 };
	int err = identity ? pg_labels_copy(labels, &identity->info.labels) : -ENOMEM;

	err = err ?: pg_engine_number_new(engine, identity, &moves);
	err = err ?: pg_hash_add(&engine->label_sets, hash, identity);
	if (err)
		return err;
	identity->users = 1;
	*ret_identity = identity;
	return rearrange(engine, &moves, &chosen, PG_TAKE(identity));
}

int pg_engine_use_labels(struct pg_engine *engine, const struct pg_labels *labels,
			 struct pg_engine_identity **ret_identity)
{
	uint64_t hash = pg_hash_labels(labels);
	struct pg_engine_identity *identity =
		pg_hash_find(&engine->label_sets, hash, has_labels, labels);

	if (!identity)
		return make_label_set(engine, labels, hash, ret_identity);
	identity->users++;
	*ret_identity = identity;
	return 0;
}

int pg_engine_leave_labels(struct pg_engine *engine, struct pg_engine_identity *identity)
{
	PG_CLEANUP(moves_done) struct pg_engine_moves moves = { 0 };
	PG_CLEANUP(identities_done) struct pg_engine_identities chosen = { 0 };
	int err;

	if (--identity->users)
		return 0;
	err = bury(engine, identity, &engine->label_sets, pg_hash_labels(&identity->info.labels));
	err = err ?: take_out(engine, identity, &moves);
	return err ?: rearrange(engine, &moves, &chosen, NULL);
}

static bool has_prefix(const void *item, const void *wanted)
{
	return !pg_prefix_compare(&((const struct pg_engine_identity *)item)->info.cidr, wanted);
}

struct pg_engine_identity *pg_engine_find_prefix(const struct pg_engine *engine,
						 const struct pg_prefix *prefix)
{
	return pg_hash_find(&engine->prefixes, pg_hash_prefix(prefix), has_prefix, prefix);
}

/* A CIDR has a label for itself and for each that covers it. */
static int relabel(const struct pg_engine *engine, struct pg_engine_identity *identity)
{
	const struct pg_prefix *covering[129];
	_cleanup_labels_ struct pg_labels labels = { 0 };
	struct pg_prefix *own = &identity->info.cidr;
	size_t count = 0;
	int err;

	for (uint8_t length = 0; length <= own->length; length++) {
		struct pg_prefix prefix = pg_prefix_of(&own->addr, length);
		const struct pg_engine_identity *found = pg_engine_find_prefix(engine, &prefix);

		if (found)
			covering[count++] = &found->info.cidr;
	}
	err = pg_identity_cidr_labels(&labels, covering, count);
	if (err)
		return err;
	pg_labels_done(&identity->info.labels);
	identity->info.labels = labels;
	labels = (struct pg_labels){ 0 };
	return 0;
}

/* The place in engine->cidrs of the first one that is not before this one. */
static size_t find_cidr(const struct pg_engine *engine, const struct pg_prefix *prefix)
{
	size_t low = 0, high = engine->cidrs.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pg_prefix_compare(&engine->cidrs.items[middle]->info.cidr, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int insert_cidr(struct pg_engine *engine, struct pg_engine_identity *identity)
{
	size_t place = find_cidr(engine, &identity->info.cidr);
	struct pg_engine_identity **added = pg_array_add(&engine->cidrs), **list;

	if (!added)
		return -ENOMEM;
	list = engine->cidrs.items;
	memmove(&list[place + 1], &list[place], (engine->cidrs.count - place - 1) * sizeof(*list));
	list[place] = identity;
	return 0;
}

static void take_out_cidr(struct pg_engine *engine, const struct pg_engine_identity *identity)
{
	size_t place = find_cidr(engine, &identity->info.cidr);
	struct pg_engine_identity **list = engine->cidrs.items;

	memmove(&list[place], &list[place + 1], (--engine->cidrs.count - place) * sizeof(*list));
}

/* In order, those that a prefix covers follow it without a gap. */
static int choose_covered(struct pg_engine *engine, const struct pg_prefix *prefix,
			  struct pg_engine_identities *chosen)
{
	int err = 0;

	for (size_t i = find_cidr(engine, prefix); i < engine->cidrs.count && !err; i++) {
		if (!pg_prefix_covers(prefix, &engine->cidrs.items[i]->info.cidr))
			break;
		err = choose(chosen, engine->cidrs.items[i]);
	}
	return err;
}

static int make_prefix(struct pg_engine *engine, const struct pg_prefix *prefix)
{
	PG_CLEANUP(identity_cleanup)
	struct pg_engine_identity *identity = calloc(1, sizeof(*identity));
	PG_CLEANUP(moves_done) struct pg_engine_moves moves = { 0 };
	PG_CLEANUP(identities_done) struct pg_engine_identities chosen = { 0 };
	struct pg_engine_identity *made;
	int err = identity ? 0 : -ENOMEM;

	if (err)
		return err;
	identity->info.cidr = *prefix;
	identity->users = 1;
	err = pg_engine_number_new(engine, identity, &moves);
	err = err ?: choose_covered(engine, prefix, &chosen);
	err = err ?: pg_hash_add(&engine->prefixes, pg_hash_prefix(prefix), identity);
	if (err)
		return err;
	made = PG_TAKE(identity);
	err = insert_cidr(engine, made);
	err = err ?: pg_engine_place_cidr(engine, prefix, made);
	return err ?: rearrange(engine, &moves, &chosen, made);
}

int pg_engine_use_prefix(struct pg_engine *engine, const struct pg_prefix *prefix)
{
	struct pg_engine_identity *identity = pg_engine_find_prefix(engine, prefix);

	if (!identity)
		return make_prefix(engine, prefix);
	identity->users++;
	return 0;
}

int pg_engine_leave_prefix(struct pg_engine *engine, const struct pg_prefix *prefix)
{
	PG_CLEANUP(moves_done) struct pg_engine_moves moves = { 0 };
	PG_CLEANUP(identities_done) struct pg_engine_identities chosen = { 0 };
	struct pg_engine_identity *identity = pg_engine_find_prefix(engine, prefix);
	int err;

	if (--identity->users)
		return 0;
	err = bury(engine, identity, &engine->prefixes, pg_hash_prefix(prefix));
	if (err)
		return err;
	take_out_cidr(engine, identity);
	err = pg_engine_place_cidr(engine, prefix, NULL);
	err = err ?: take_out(engine, identity, &moves);
	err = err ?: choose_covered(engine, prefix, &chosen);
	return err ?: rearrange(engine, &moves, &chosen, NULL);
}

static int keep_reserved(struct pg_engine *engine, struct pg_engine_identity *identity)
{
	struct pg_engine_identity **added = pg_array_add(&engine->reserved);

	if (!added)
		return -ENOMEM;
	*added = identity;
	return 0;
}

/* Puts an identity that has its number where it belongs; then it is the engine's. */
static int keep(struct pg_engine *engine, struct pg_engine_identity *identity)
{
	if (identity->info.cidr.addr.family)
		return pg_hash_add(&engine->prefixes, pg_hash_prefix(&identity->info.cidr),
				   identity);
	if (pg_identity_is_cluster(identity->info.id))
		return pg_hash_add(&engine->label_sets, pg_hash_labels(&identity->info.labels),
				   identity);
	return keep_reserved(engine, identity);
}

static int add_known(struct pg_engine *engine, const struct pg_identity_info *info)
{
	PG_CLEANUP(identity_cleanup)
	struct pg_engine_identity *identity = calloc(1, sizeof(*identity));
	struct pg_engine_identity *kept;
	int err = identity ? pg_labels_copy(&info->labels, &identity->info.labels) : -ENOMEM;

	if (err)
		return err;
	identity->info.id = info->id;
	identity->info.cidr = info->cidr;
	pg_engine_set_home(identity);
	err = keep(engine, identity);
	if (err)
		return err;
	kept = PG_TAKE(identity);
	if (kept->info.cidr.addr.family) {
		err = insert_cidr(engine, kept);
		err = err ?: pg_engine_place_cidr(engine, &kept->info.cidr, kept);
	}
	return err ?: pg_hash_add(&engine->numbers, pg_engine_number_hash(kept->info.id), kept);
}

int pg_engine_add_identities(struct pg_engine *engine, const struct pg_identities *identities)
{
	int err = 0;

	pg_array_foreach(info, &identities->list)
		err = err ?: add_known(engine, info);
	pg_hash_foreach(slot, &engine->numbers) err = err ?: announce(engine, slot->item);
	return err;
}
