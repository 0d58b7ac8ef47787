// SPDX-License-Identifier: GPL-2.0-only
/* The engine as a whole: what is there at first, and what is done before and after each change. */
#include "policy/engine.h"

#include "policy/engine_part.h"

static void free_slot(struct pg_engine *engine, struct pg_engine_rule *rule)
{
	uint32_t *added = pg_array_add(&engine->free_slots);

	engine->slots.items[rule->slot] = NULL;
	/* Without memory the slot stays unused. */
	if (added)
		*added = rule->slot;
	pg_engine_rule_free(rule);
}

static void forget_subjects(struct pg_engine *engine)
{
	pg_array_foreach(subject, &engine->touched_subjects) {
		free((*subject)->before.rows.list.items);
		(*subject)->before = (struct pg_engine_subject){ 0 };
		(*subject)->touched = false;
	}
	engine->touched_subjects.count = 0;
	pg_array_foreach(identity, &engine->dead_identities)
		pg_engine_identity_free(*identity);
	engine->dead_identities.count = 0;
}

static void forget_endpoints(struct pg_engine *engine)
{
	pg_array_foreach(endpoint, &engine->touched_endpoints) {
		(*endpoint)->touched = false;
		(*endpoint)->before = PG_IDENTITY_ANY;
		if ((*endpoint)->gone)
			pg_engine_endpoint_free(*endpoint);
	}
	engine->touched_endpoints.count = 0;
}

/* Forgets what was before, and frees what went. */
static void forget(struct pg_engine *engine)
{
	pg_engine_forget_places(engine);
	forget_endpoints(engine);
	forget_subjects(engine);
	pg_array_foreach(rule, &engine->dead_rules)
		free_slot(engine, *rule);
	engine->dead_rules.count = 0;
}

int pg_engine_begin(struct pg_engine *engine)
{
	if (engine->broken)
		return engine->broken;
	if (engine->settled)
		forget(engine);
	engine->settled = false;
	return 0;
}

int pg_engine_end(struct pg_engine *engine, int err)
{
	engine->broken = err;
	return err;
}

int pg_engine_settle_rows(struct pg_engine *engine)
{
	if (engine->broken)
		return engine->broken;
	pg_array_foreach(subject, &engine->touched_subjects) {
		int err = pg_engine_settle_subject(engine, *subject);

		if (err)
			return pg_engine_end(engine, err);
	}
	return 0;
}

static int fill(struct pg_engine *engine, struct pg_endpoints *endpoints, struct pg_policy *policy)
{
	_cleanup_identities_ struct pg_identities identities = { 0 };
	int err = pg_identities_make(endpoints, policy, &identities);

	/* All numbers at once: one after the other, those who come first would make way for others. */
	err = err ?: pg_engine_add_identities(engine, &identities);
	err = err ?: pg_engine_add_nodes(engine, endpoints);
	pg_array_foreach(endpoint, &endpoints->list)
		err = err ?: pg_engine_add_endpoint(engine, endpoint);
	pg_array_foreach(rule, &policy->rules)
		err = err ?: pg_engine_add_rule(engine, engine->order.count, rule);
	err = err ?: pg_engine_settle_rows(engine);
	engine->settled = true;
	return err;
}

/* What stays of a list of which everything was taken. */
static void clear_lists(struct pg_endpoints *endpoints, struct pg_policy *policy)
{
	endpoints->list.count = 0;
	policy->rules.count = 0;
}

int pg_engine_new(const struct pg_engine_options *options, struct pg_endpoints *endpoints,
		  struct pg_policy *policy, struct pg_engine **ret_engine)
{
	_cleanup_engine_ struct pg_engine *engine = calloc(1, sizeof(*engine));
	int err;

	if (!engine)
		return -ENOMEM;
	engine->options = *options;
	err = fill(engine, endpoints, policy);
	if (err)
		return err;
	clear_lists(endpoints, policy);
	*ret_engine = PG_TAKE(engine);
	return 0;
}

static void free_identities(struct pg_hash *table)
{
	pg_hash_foreach(slot, table) pg_engine_identity_free(slot->item);
	pg_hash_done(table);
}

static void free_topic(struct pg_topic *topic)
{
	free(topic->key);
	free(topic->value);
	free(topic->identities.list.items);
	free(topic->watchers.list.items);
	free(topic);
}

static void free_tables(struct pg_engine *engine)
{
	pg_hash_foreach(slot, &engine->topics) free_topic(slot->item);
	pg_hash_done(&engine->topics);
	pg_hash_foreach(slot, &engine->places) free(slot->item);
	pg_hash_done(&engine->places);
	pg_hash_foreach(slot, &engine->endpoints) pg_engine_endpoint_free(slot->item);
	pg_hash_done(&engine->endpoints);
	pg_hash_done(&engine->numbers);
	free_identities(&engine->label_sets);
	free_identities(&engine->prefixes);
	pg_array_foreach(identity, &engine->reserved)
		pg_engine_identity_free(*identity);
	free(engine->reserved.items);
}

void pg_engine_free(struct pg_engine *engine)
{
	if (!engine)
		return;
	forget(engine);
	free_tables(engine);
	pg_array_foreach(rule, &engine->slots)
		pg_engine_rule_free(*rule);
	free(engine->host_addrs.items);
	free(engine->remote_node_addrs.items);
	free(engine->cidrs.items);
	free(engine->slots.items);
	free(engine->free_slots.items);
	free(engine->rule_numbers.items);
	free(engine->order.items);
	free(engine->requiring.items);
	free(engine->touched_subjects.items);
	free(engine->touched_endpoints.items);
	free(engine->touched_places.items);
	free(engine->dead_identities.items);
	free(engine->dead_rules.items);
	free(engine);
}
