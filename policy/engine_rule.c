// SPDX-License-Identifier: GPL-2.0-only
/* Rules that come and go. */
#include "policy/engine_part.h"

void pg_engine_rule_free(struct pg_engine_rule *rule)
{
	if (!rule)
		return;
	for (size_t i = 0; rule->watchers && i <= rule->rule.entries.count; i++)
		free(rule->watchers[i].topics.list.items);
	free(rule->watchers);
	free(rule->subjects.list.items);
	pg_rule_done(&rule->rule);
	free(rule);
}

static void rule_cleanup(struct pg_engine_rule **rule)
{
	pg_engine_rule_free(*rule);
}

static bool has_requires(const struct pg_rule *rule)
{
	pg_array_foreach(entry, &rule->entries) {
		if (entry->peers.requires.count)
			return true;
	}
	return false;
}

/* A number between those of the rules before and behind `at`: all from there on move up. */
static uint32_t make_room(struct pg_engine *engine, size_t at)
{
	uint32_t number = at < engine->order.count
				  ? engine->rule_numbers.items[engine->order.items[at]]
				  : engine->next_number;

	if (number < engine->next_number) {
		pg_array_foreach(other, &engine->rule_numbers)
			*other += *other >= number;
	}
	engine->next_number++;
	return number;
}

/* With nothing gone that keeps a number, numbers can be made small again. */
static void close_gaps(struct pg_engine *engine)
{
	if (engine->next_number < UINT32_MAX / 2 || engine->dead_rules.count)
		return;
	for (uint32_t i = 0; i < engine->order.count; i++)
		engine->rule_numbers.items[engine->order.items[i]] = i;
	engine->next_number = (uint32_t)engine->order.count;
}

static int insert_order(struct pg_engine *engine, size_t at, uint32_t slot)
{
	uint32_t *added = pg_array_add(&engine->order), *order;

	if (!added)
		return -ENOMEM;
	order = engine->order.items;
	memmove(&order[at + 1], &order[at], (engine->order.count - at - 1) * sizeof(*order));
	order[at] = slot;
	return 0;
}

static int find_slot(struct pg_engine *engine, uint32_t *ret_slot)
{
	struct pg_engine_rule **rule;
	uint32_t *number;

	if (engine->free_slots.count) {
		*ret_slot = engine->free_slots.items[--engine->free_slots.count];
		return 0;
	}
	number = pg_array_add(&engine->rule_numbers);
	if (!number)
		return -ENOMEM;
	rule = pg_array_add(&engine->slots);
	if (!rule) {
		engine->rule_numbers.count--;
		return -ENOMEM;
	}
	*ret_slot = (uint32_t)(engine->slots.count - 1);
	return 0;
}

static int follow_entities(struct pg_engine *engine, struct pg_watcher *watcher,
			   unsigned int entities)
{
	static const struct {
		enum pg_entity entity;
		enum pg_topic_kind kind;
	} topics[] = {
		{ PG_ENTITY_WORLD, PG_TOPIC_WORLD },
		{ PG_ENTITY_HOST, PG_TOPIC_HOST },
		{ PG_ENTITY_REMOTE_NODE, PG_TOPIC_REMOTE_NODE },
		{ PG_ENTITY_CLUSTER, PG_TOPIC_CLUSTER },
	};
	int err = 0;

	for (size_t i = 0; i < PG_COUNT(topics) && !err; i++) {
		const struct pg_topic_key name = { .kind = topics[i].kind };

		if (entities & topics[i].entity)
			err = pg_engine_follow(engine, watcher, &name);
	}
	return err;
}

/* Everybody is listed one by one only where the entry itself requires something of them. */
static int follow_everybody(struct pg_engine *engine, struct pg_watcher *watcher)
{
	const struct pg_topic_key name = { .kind = PG_TOPIC_EVERYBODY };

	if (!pg_watcher_entry(watcher)->peers.requires.count)
		return 0;
	return pg_engine_follow(engine, watcher, &name);
}

static int follow_peers(struct pg_engine *engine, struct pg_watcher *watcher)
{
	const struct pg_peers *peers = &pg_watcher_entry(watcher)->peers;
	int err = 0;

	if (peers->l3 == PG_L3_ANY || (peers->entities & PG_ENTITY_ALL))
		err = follow_everybody(engine, watcher);
	pg_array_foreach(selector, &peers->endpoints) {
		if (pg_selector_is_wildcard(selector))
			err = err ?: follow_everybody(engine, watcher);
		else
			err = err ?: pg_engine_follow_selector(engine, watcher, selector);
	}
	pg_array_foreach(cidr, &peers->cidrs) {
		const struct pg_topic_key name = {
			.kind = PG_TOPIC_PREFIX,
			.prefix = cidr->prefix,
		};

		err = err ?: pg_engine_follow(engine, watcher, &name);
	}
	return err ?: follow_entities(engine, watcher, peers->entities);
}

static int follow_all(struct pg_engine *engine, struct pg_engine_rule *rule)
{
	size_t entries = rule->rule.entries.count;
	int err;

	rule->watchers = calloc(entries + 1, sizeof(*rule->watchers));
	if (!rule->watchers)
		return -ENOMEM;
	for (uint32_t i = 0; i <= entries; i++) {
		rule->watchers[i].rule = rule;
		rule->watchers[i].entry = i;
	}
	err = pg_engine_follow_selector(engine, rule->watchers, &rule->rule.subject);
	for (size_t i = 0; i < entries && !err; i++) {
		if (pg_entry_speaks(&rule->rule.entries.items[i]))
			err = follow_peers(engine, &rule->watchers[i + 1]);
	}
	return err;
}

/* What a function does with each prefix of a rule. */
typedef int (*prefix_visitor)(struct pg_engine *engine, const struct pg_prefix *prefix);

static int each_prefix(struct pg_engine *engine, const struct pg_rule *rule, prefix_visitor visit)
{
	int err = 0;

	pg_array_foreach(entry, &rule->entries) {
		pg_array_foreach(cidr, &entry->peers.cidrs) {
			err = err ?: visit(engine, &cidr->prefix);
			pg_array_foreach(except, &cidr->except)
				err = err ?: visit(engine, except);
		}
	}
	return err;
}

static void identities_done(struct pg_engine_identities *identities)
{
	free(identities->list.items);
}

static int join_subjects(struct pg_engine *engine, struct pg_engine_rule *rule)
{
	PG_CLEANUP(identities_done) struct pg_engine_identities found = { 0 };
	int err = pg_engine_find_identities(engine, rule->watchers, &found);
	size_t kept = 0;

	pg_array_foreach(identity, &found.list) {
		if (!pg_identity_is_cluster((*identity)->info.id) ||
		    !pg_selector_matches(&rule->rule.subject, &(*identity)->info.labels))
			continue;
		found.list.items[kept++] = *identity;
		err = err ?: pg_engine_join_subject(engine, rule, *identity);
	}
	return err ?: pg_engine_add_rows(engine, rule, found.list.items, kept);
}

static int remember_requires(struct pg_engine *engine, struct pg_engine_rule *rule)
{
	struct pg_engine_rule **added;

	if (!rule->requires)
		return 0;
	added = pg_array_add(&engine->requiring);
	if (!added)
		return -ENOMEM;
	*added = rule;
	return 0;
}

static int add_rule(struct pg_engine *engine, size_t at, struct pg_rule *rule)
{
	PG_CLEANUP(rule_cleanup) struct pg_engine_rule *made = calloc(1, sizeof(*made));
	struct pg_engine_rule *added;
	uint32_t slot;
	int err = made ? find_slot(engine, &slot) : -ENOMEM;

	if (err)
		return err;
	engine->rule_numbers.items[slot] = make_room(engine, at);
	made->rule = *rule;
	*rule = (struct pg_rule){ 0 };
	made->slot = slot;
	made->requires = has_requires(&made->rule);
	added = engine->slots.items[slot] = PG_TAKE(made);
	err = insert_order(engine, at, slot);
	err = err ?: each_prefix(engine, &added->rule, pg_engine_use_prefix);
	err = err ?: remember_requires(engine, added);
	err = err ?: follow_all(engine, added);
	return err ?: join_subjects(engine, added);
}

size_t pg_engine_rules(const struct pg_engine *engine)
{
	return engine->order.count;
}

int pg_engine_add_rule(struct pg_engine *engine, size_t at, struct pg_rule *rule)
{
	int err = pg_engine_begin(engine);

	if (err)
		return err;
	if (at > engine->order.count)
		return -EINVAL;
	close_gaps(engine);
	return pg_engine_end(engine, add_rule(engine, at, rule));
}

static void forget_requires(struct pg_engine *engine, const struct pg_engine_rule *rule)
{
	size_t kept = 0;

	pg_array_foreach(other, &engine->requiring) {
		if (*other != rule)
			engine->requiring.items[kept++] = *other;
	}
	engine->requiring.count = kept;
}

static int part_subjects(struct pg_engine *engine, struct pg_engine_rule *rule)
{
	int err = 0;

	pg_array_foreach(link, &rule->subjects.list) {
		struct pg_engine_identity *subject = link->owner;

		err = err ?: pg_engine_drop_rule_rows(engine, subject, rule->slot);
		if (rule->requires)
			err = err ?: pg_engine_refill(engine, subject);
		subject->requiring -= rule->requires;
	}
	pg_links_part_all(&rule->subjects);
	return err;
}

static int remove_rule(struct pg_engine *engine, size_t at)
{
	uint32_t *order = engine->order.items;
	struct pg_engine_rule *rule = engine->slots.items[order[at]];
	struct pg_engine_rule **dead = pg_array_add(&engine->dead_rules);
	int err;

	if (!dead)
		return -ENOMEM;
	*dead = rule;
	memmove(&order[at], &order[at + 1], (--engine->order.count - at) * sizeof(*order));
	forget_requires(engine, rule);
	for (size_t i = 0; i <= rule->rule.entries.count; i++)
		pg_engine_drop_topics(engine, &rule->watchers[i].topics);
	err = part_subjects(engine, rule);
	return err ?: each_prefix(engine, &rule->rule, pg_engine_leave_prefix);
}

int pg_engine_remove_rule(struct pg_engine *engine, size_t at)
{
	int err = pg_engine_begin(engine);

	if (err)
		return err;
	if (at >= engine->order.count)
		return -EINVAL;
	return pg_engine_end(engine, remove_rule(engine, at));
}
