// SPDX-License-Identifier: GPL-2.0-only
/* The rows of each subject: what rules add to them and take from them. */
#include "policy/engine_part.h"
#include "policy/peers.h"

static int copy_rows(const struct pg_engine_rows *rows, struct pg_engine_rows *ret_copy)
{
	size_t count = rows->list.count;
	struct pg_engine_rows copy = { 0 };

	if (!count)
		return 0;
	copy.list.items = malloc(count * sizeof(*copy.list.items));
	if (!copy.list.items)
		return -ENOMEM;
	memcpy(copy.list.items, rows->list.items, count * sizeof(*copy.list.items));
	copy.list.count = copy.list.capacity = count;
	*ret_copy = copy;
	return 0;
}

int pg_engine_touch(struct pg_engine *engine, struct pg_engine_identity *subject)
{
	struct pg_engine_identity **added;
	struct pg_engine_subject before = subject->now;
	int err;

	if (subject->touched)
		return 0;
	before.rows = (struct pg_engine_rows){ 0 };
	err = copy_rows(&subject->now.rows, &before.rows);
	if (err)
		return err;
	added = pg_array_add(&engine->touched_subjects);
	if (!added) {
		free(before.rows.list.items);
		return -ENOMEM;
	}
	*added = subject;
	subject->before = before;
	subject->touched = true;
	return 0;
}

int pg_engine_refill(struct pg_engine *engine, struct pg_engine_identity *subject)
{
	int err = pg_engine_touch(engine, subject);

	subject->stale |= !err;
	return err;
}

static int add_row(struct pg_engine *engine, struct pg_engine_identity *subject,
		   struct pg_engine_row row)
{
	struct pg_engine_row *added;

	if (engine->rows >= PG_VERDICT_TABLE_MAX)
		return -E2BIG;
	added = pg_array_add(&subject->added.list);
	if (!added)
		return -ENOMEM;
	*added = row;
	engine->rows++;
	return 0;
}

/* What an entry says of one peer, to a subject that was touched. */
static int add_entry(struct pg_engine *engine, struct pg_engine_identity *subject,
		     const struct pg_watcher *watcher, pg_identity peer)
{
	const struct pg_entry *entry = pg_watcher_entry(watcher);
	struct pg_engine_row row = {
		.peer = peer.n,
		.slot = watcher->rule->slot,
		.entry = watcher->entry,
		.last = UINT16_MAX,
		.proto = PG_PROTO_EVERY.n,
		.direction = (uint8_t)entry->direction,
		.verdict = entry->deny ? PG_VERDICT_DENY : PG_VERDICT_ALLOW,
	};
	int err = 0;

	if (!entry->has_l4)
		return add_row(engine, subject, row);
	pg_array_foreach(l4, &entry->l4) {
		row.proto = l4->proto.n;
		row.first = l4->first;
		row.last = l4->last;
		if (!entry->deny)
			row.verdict = l4->http && !engine->options.l4_only ? PG_VERDICT_REDIRECT
									   : PG_VERDICT_ALLOW;
		err = err ?: add_row(engine, subject, row);
	}
	return err;
}

static bool lists(const struct pg_peers *peers, const struct pg_engine_identity *identity)
{
	return pg_peers_endpoints_list(peers, &identity->info) ||
	       pg_peers_others_list(peers, &identity->info);
}

static int find_peers(struct pg_engine *engine, const struct pg_watcher *watcher,
		      struct pg_engine_identities *found)
{
	const struct pg_peers *peers = &pg_watcher_entry(watcher)->peers;
	int err = pg_engine_find_identities(engine, watcher, found);
	size_t kept = 0;

	pg_array_foreach(identity, &found->list) {
		if (lists(peers, *identity))
			found->list.items[kept++] = *identity;
	}
	found->list.count = kept;
	return err;
}

static void identities_done(struct pg_engine_identities *identities)
{
	free(identities->list.items);
}

static int add_entries(struct pg_engine *engine, const struct pg_watcher *watcher,
		       struct pg_engine_identity *const *subjects, size_t count)
{
	const struct pg_peers *peers = &pg_watcher_entry(watcher)->peers;
	bool everybody = pg_peers_endpoints_everybody(peers) || pg_peers_others_everybody(peers);
	PG_CLEANUP(identities_done) struct pg_engine_identities found = { 0 };
	int err = find_peers(engine, watcher, &found);

	for (size_t i = 0; i < count && !err; i++) {
		if (subjects[i]->stale)
			continue;
		err = pg_engine_touch(engine, subjects[i]);
		if (everybody)
			err = err ?: add_entry(engine, subjects[i], watcher, PG_IDENTITY_ANY);
		pg_array_foreach(peer, &found.list)
			err = err ?: add_entry(engine, subjects[i], watcher, (*peer)->info.id);
	}
	return err;
}

int pg_engine_add_rows(struct pg_engine *engine, const struct pg_engine_rule *rule,
		       struct pg_engine_identity *const *subjects, size_t count)
{
	int err = 0;

	if (engine->options.mode == PG_ENFORCEMENT_NEVER || !count)
		return 0;
	for (size_t i = 0; i < rule->rule.entries.count && !err; i++) {
		if (pg_entry_speaks(&rule->rule.entries.items[i]))
			err = add_entries(engine, &rule->watchers[i + 1], subjects, count);
	}
	return err;
}

int pg_engine_add_peer_rows(struct pg_engine *engine, const struct pg_watcher *watcher,
			    const struct pg_engine_identity *peer)
{
	int err = 0;

	if (engine->options.mode == PG_ENFORCEMENT_NEVER ||
	    !lists(&pg_watcher_entry(watcher)->peers, peer))
		return 0;
	pg_array_foreach(link, &watcher->rule->subjects.list) {
		struct pg_engine_identity *subject = link->owner;

		err = err
			      ?: subject->requiring ? pg_engine_refill(engine, subject)
						    : pg_engine_touch(engine, subject);
		if (!err && !subject->stale)
			err = add_entry(engine, subject, watcher, peer->info.id);
	}
	return err;
}

/* Leaves in a list the rows that have neither this peer nor this slot (one of them UINT32_MAX). */
static size_t drop_rows(struct pg_engine_rows *rows, uint32_t peer, uint32_t slot)
{
	size_t kept = 0, count = rows->list.count;

	pg_array_foreach(row, &rows->list) {
		if (row->peer != peer && row->slot != slot)
			rows->list.items[kept++] = *row;
	}
	rows->list.count = kept;
	return count - kept;
}

static int drop(struct pg_engine *engine, struct pg_engine_identity *subject, uint32_t peer,
		uint32_t slot)
{
	int err = pg_engine_touch(engine, subject);

	if (err)
		return err;
	engine->rows -= drop_rows(&subject->now.rows, peer, slot);
	engine->rows -= drop_rows(&subject->added, peer, slot);
	return 0;
}

int pg_engine_drop_peer_rows(struct pg_engine *engine, struct pg_engine_identity *subject,
			     pg_identity peer)
{
	return drop(engine, subject, peer.n, UINT32_MAX);
}

int pg_engine_drop_rule_rows(struct pg_engine *engine, struct pg_engine_identity *subject,
			     uint32_t slot)
{
	return drop(engine, subject, UINT32_MAX, slot);
}

static void clear_rows(struct pg_engine *engine, struct pg_engine_identity *subject)
{
	engine->rows -= subject->now.rows.list.count + subject->added.list.count;
	subject->now.rows.list.count = subject->added.list.count = 0;
}

int pg_engine_clear_rows(struct pg_engine *engine, struct pg_engine_identity *subject)
{
	int err = pg_engine_touch(engine, subject);

	if (!err)
		clear_rows(engine, subject);
	return err;
}

/* Whether a peer meets what the subject's rules require in an entry's direction. */
static bool meets_all(const struct pg_engine_identity *subject, const struct pg_entry *entry,
		      const struct pg_engine_identity *peer)
{
	pg_array_foreach(link, &subject->rules.list) {
		const struct pg_engine_rule *rule = link->owner;

		for (size_t i = 0; rule->requires && i < rule->rule.entries.count; i++) {
			const struct pg_entry *other = &rule->rule.entries.items[i];

			if (other->direction != entry->direction || other->deny != entry->deny)
				continue;
			pg_array_foreach(selector, &other->peers.requires) {
				if (!pg_selector_matches(selector, &peer->info.labels))
					return false;
			}
		}
	}
	return true;
}

/* Whether something is required of an entry's peers. */
static bool is_required(const struct pg_engine_identity *subject, const struct pg_entry *entry)
{
	pg_array_foreach(link, &subject->rules.list) {
		const struct pg_engine_rule *rule = link->owner;

		for (size_t i = 0; rule->requires && i < rule->rule.entries.count; i++) {
			const struct pg_entry *other = &rule->rule.entries.items[i];

			if (other->direction == entry->direction && other->deny == entry->deny &&
			    other->peers.requires.count)
				return true;
		}
	}
	return false;
}

static int add_if_met(struct pg_engine *engine, struct pg_engine_identity *subject,
		      const struct pg_watcher *watcher, const struct pg_engine_identity *peer,
		      bool everybody)
{
	const struct pg_entry *entry = pg_watcher_entry(watcher);
	bool selected = everybody || pg_peers_endpoints_list(&entry->peers, &peer->info);

	if (pg_peers_others_list(&entry->peers, &peer->info) ||
	    (selected && meets_all(subject, entry, peer)))
		return add_entry(engine, subject, watcher, peer->info.id);
	return 0;
}

/* As add_entries(), where the subject's rules require something of the peers. */
static int refill_entry(struct pg_engine *engine, struct pg_engine_identity *subject,
			const struct pg_watcher *watcher)
{
	const struct pg_entry *entry = pg_watcher_entry(watcher);
	bool everybody = pg_peers_endpoints_everybody(&entry->peers);
	PG_CLEANUP(identities_done) struct pg_engine_identities found = { 0 };
	int err = 0;

	if (!is_required(subject, entry))
		return add_entries(engine, watcher, &subject, 1);
	if (pg_peers_others_everybody(&entry->peers))
		err = add_entry(engine, subject, watcher, PG_IDENTITY_ANY);
	if (everybody) {
		pg_hash_foreach(slot, &engine->numbers) err =
			err ?: add_if_met(engine, subject, watcher, slot->item, true);
		return err;
	}
	err = err ?: pg_engine_find_identities(engine, watcher, &found);
	pg_array_foreach(peer, &found.list)
		err = err ?: add_if_met(engine, subject, watcher, *peer, false);
	return err;
}

static int refill(struct pg_engine *engine, struct pg_engine_identity *subject)
{
	int err = 0;

	clear_rows(engine, subject);
	subject->stale = false;
	if (engine->options.mode == PG_ENFORCEMENT_NEVER)
		return 0;
	pg_array_foreach(link, &subject->rules.list) {
		const struct pg_engine_rule *rule = link->owner;

		for (size_t i = 0; i < rule->rule.entries.count && !err; i++) {
			if (pg_entry_speaks(&rule->rule.entries.items[i]))
				err = refill_entry(engine, subject, &rule->watchers[i + 1]);
		}
	}
	return err;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* In the order of the verdict table; what says the same by the order of the rules. */
static int compare_rows(const void *a, const void *b, void *rule_numbers)
{
	const struct pg_engine_row *left = a, *right = b;
	const uint32_t *numbers = rule_numbers;
	int order = compare_numbers(left->direction, right->direction);

	order = order ?: compare_numbers(left->peer, right->peer);
	order = order ?: compare_numbers(left->proto, right->proto);
	order = order ?: compare_numbers(left->first, right->first);
	order = order ?: compare_numbers(left->last, right->last);
	order = order ?: compare_numbers(left->verdict, right->verdict);
	order = order ?: compare_numbers(numbers[left->slot], numbers[right->slot]);
	return order ?: compare_numbers(left->entry, right->entry);
}

static void append_row(struct pg_engine *engine, struct pg_engine_rows *rows,
		       const struct pg_engine_row *row)
{
	size_t count = rows->list.count;

	/* One entry may say the same twice. */
	if (count && !compare_rows(&rows->list.items[count - 1], row, engine->rule_numbers.items)) {
		engine->rows--;
		return;
	}
	rows->list.items[rows->list.count++] = *row;
}

static int merge_rows(struct pg_engine *engine, struct pg_engine_identity *subject)
{
	struct pg_engine_rows *old = &subject->now.rows, *added = &subject->added, merged = { 0 };
	size_t total = old->list.count + added->list.count, o = 0, a = 0;
	uint32_t *numbers = engine->rule_numbers.items;

	if (!added->list.count)
		return 0;
	qsort_r(added->list.items, added->list.count, sizeof(*added->list.items), compare_rows,
		numbers);
	merged.list.items = malloc(total * sizeof(*merged.list.items));
	if (!merged.list.items)
		return -ENOMEM;
	merged.list.capacity = total;
	while (o < old->list.count || a < added->list.count) {
		bool take_old =
			a == added->list.count ||
			(o < old->list.count &&
			 compare_rows(&old->list.items[o], &added->list.items[a], numbers) <= 0);

		append_row(engine, &merged,
			   take_old ? &old->list.items[o++] : &added->list.items[a++]);
	}
	free(old->list.items);
	free(added->list.items);
	*old = merged;
	*added = (struct pg_engine_rows){ 0 };
	return 0;
}

/* Which rule closes each direction: the first one that does. */
static void close_subject(const struct pg_engine *engine, struct pg_engine_identity *identity)
{
	struct pg_engine_subject *subject = &identity->now;
	const uint32_t *numbers = engine->rule_numbers.items;

	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		subject->enforced[i] = engine->options.mode == PG_ENFORCEMENT_ALWAYS;
		subject->closed_by[i] = 0;
	}
	if (engine->options.mode != PG_ENFORCEMENT_DEFAULT)
		return;
	pg_array_foreach(link, &identity->rules.list) {
		const struct pg_engine_rule *rule = link->owner;

		for (size_t i = 0; i < PG_DIRECTIONS; i++) {
			uint32_t *by = &subject->closed_by[i];

			if (!rule->rule.default_deny[i] ||
			    (*by && numbers[*by - 1] < numbers[rule->slot]))
				continue;
			subject->enforced[i] = true;
			*by = rule->slot + 1;
		}
	}
}

int pg_engine_settle_subject(struct pg_engine *engine, struct pg_engine_identity *subject)
{
	int err = subject->stale ? refill(engine, subject) : 0;

	err = err ?: merge_rows(engine, subject);
	subject->now.id = subject->users && pg_identity_is_cluster(subject->info.id)
				  ? subject->info.id
				  : PG_IDENTITY_ANY;
	close_subject(engine, subject);
	return err;
}
