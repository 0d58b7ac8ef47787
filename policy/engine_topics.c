// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who asks for whom, both ways: a rule finds the identities that are there, an identity that comes
 * finds the rules. Both meet at topics, which are chosen so that few have them.
 */
#include "policy/engine_part.h"
#include "policy/number.h"

static uint64_t hash_name(const struct pg_topic_key *name)
{
	uint8_t kind = (uint8_t)name->kind;
	uint64_t hash = pg_hash_bytes(PG_HASH_START, &kind, 1);

	if (name->key)
		hash = pg_hash_bytes(hash, name->key, strlen(name->key) + 1);
	if (name->value)
		hash = pg_hash_bytes(hash, name->value, strlen(name->value) + 1);
	return name->kind == PG_TOPIC_PREFIX ? hash ^ pg_hash_prefix(&name->prefix) : hash;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool has_name(const void *item, const void *wanted)
{
	const struct pg_topic *topic = item;
	const struct pg_topic_key *name = wanted;

	return topic->name.kind == name->kind && same_text(topic->name.key, name->key) &&
	       same_text(topic->name.value, name->value) &&
	       !pg_prefix_compare(&topic->name.prefix, &name->prefix);
}

static struct pg_topic *find_topic(const struct pg_engine *engine, const struct pg_topic_key *name)
{
	return pg_hash_find(&engine->topics, hash_name(name), has_name, name);
}

static void topic_free(struct pg_topic *topic)
{
	if (!topic)
		return;
	free(topic->key);
	free(topic->value);
	free(topic->identities.list.items);
	free(topic->watchers.list.items);
	free(topic);
}

static void topic_cleanup(struct pg_topic **topic)
{
	topic_free(*topic);
}

static struct pg_topic *make_topic(struct pg_engine *engine, const struct pg_topic_key *name)
{
	PG_CLEANUP(topic_cleanup) struct pg_topic *topic = calloc(1, sizeof(*topic));

	if (!topic)
		return NULL;
	topic->key = name->key ? strdup(name->key) : NULL;
	topic->value = name->value ? strdup(name->value) : NULL;
	if ((name->key && !topic->key) || (name->value && !topic->value))
		return NULL;
	topic->name = *name;
	topic->name.key = topic->key;
	topic->name.value = topic->value;
	topic->hash = hash_name(name);
	if (pg_hash_add(&engine->topics, topic->hash, topic))
		return NULL;
	return PG_TAKE(topic);
}

static void drop_if_unused(struct pg_engine *engine, struct pg_topic *topic)
{
	if (topic->identities.list.count || topic->watchers.list.count)
		return;
	pg_hash_remove(&engine->topics, topic->hash, topic);
	topic_free(topic);
}

void pg_engine_drop_topics(struct pg_engine *engine, struct pg_links *topics)
{
	while (topics->list.count) {
		struct pg_topic *topic = topics->list.items[topics->list.count - 1].owner;

		pg_links_part_last(topics);
		drop_if_unused(engine, topic);
	}
	free(topics->list.items);
	*topics = (struct pg_links){ 0 };
}

static int carry(struct pg_engine *engine, struct pg_engine_identity *identity,
		 struct pg_topic_key name)
{
	struct pg_topic *topic = find_topic(engine, &name) ?: make_topic(engine, &name);

	if (!topic)
		return -ENOMEM;
	return pg_links_join(&topic->identities, topic, &identity->topics, identity);
}

static int carry_labels(struct pg_engine *engine, struct pg_engine_identity *identity)
{
	int err = 0;

	pg_array_foreach(label, &identity->info.labels.list) {
		err = err
			      ?: carry(engine, identity,
				       (struct pg_topic_key){
					       .kind = PG_TOPIC_LABEL,
					       .key = label->key,
					       .value = label->value,
				       });
		err = err
			      ?: carry(engine, identity,
				       (struct pg_topic_key){
					       .kind = PG_TOPIC_KEY,
					       .key = label->key,
				       });
	}
	return err;
}

static int carry_prefixes(struct pg_engine *engine, struct pg_engine_identity *identity)
{
	const struct pg_prefix *own = &identity->info.cidr;
	int err = 0;

	if (!own->addr.family)
		return 0;
	for (uint8_t length = 0; length <= own->length && !err; length++) {
		struct pg_topic_key name = {
			.kind = PG_TOPIC_PREFIX,
			.prefix = pg_prefix_of(&own->addr, length),
		};

		if (pg_engine_find_prefix(engine, &name.prefix))
			err = carry(engine, identity, name);
	}
	return err;
}

static enum pg_topic_kind kind_of(pg_identity id)
{
	if (id.n == PG_IDENTITY_HOST.n)
		return PG_TOPIC_HOST;
	if (id.n == PG_IDENTITY_REMOTE_NODE.n)
		return PG_TOPIC_REMOTE_NODE;
	return pg_identity_is_world(id) ? PG_TOPIC_WORLD : PG_TOPIC_CLUSTER;
}

int pg_engine_carry(struct pg_engine *engine, struct pg_engine_identity *identity)
{
	enum pg_topic_kind kind = kind_of(identity->info.id);
	int err = carry(engine, identity, (struct pg_topic_key){ .kind = PG_TOPIC_EVERYBODY });

	err = err ?: carry(engine, identity, (struct pg_topic_key){ .kind = kind });
	if (kind == PG_TOPIC_HOST || kind == PG_TOPIC_REMOTE_NODE)
		err = err
			      ?: carry(engine, identity,
				       (struct pg_topic_key){ .kind = PG_TOPIC_CLUSTER });
	err = err ?: carry_labels(engine, identity);
	return err ?: carry_prefixes(engine, identity);
}

int pg_engine_follow(struct pg_engine *engine, struct pg_watcher *watcher,
		     const struct pg_topic_key *name)
{
	struct pg_topic *topic = find_topic(engine, name) ?: make_topic(engine, name);

	if (!topic)
		return -ENOMEM;
	return pg_links_join(&topic->watchers, topic, &watcher->topics, watcher);
}

static size_t count_identities(const struct pg_engine *engine, const char *key, const char *value)
{
	const struct pg_topic_key name = {
		.kind = value ? PG_TOPIC_LABEL : PG_TOPIC_KEY,
		.key = key,
		.value = value,
	};
	const struct pg_topic *topic = find_topic(engine, &name);

	return topic ? topic->identities.list.count : 0;
}

/* How many have what a requirement asks for; SIZE_MAX when it only says what must not be there. */
static size_t count_candidates(const struct pg_engine *engine,
			       const struct pg_requirement *requirement)
{
	size_t count = 0;

	if (requirement->op == PG_OP_EXISTS)
		return count_identities(engine, requirement->key, NULL);
	if (requirement->op != PG_OP_IN)
		return SIZE_MAX;
	pg_array_foreach(value, &requirement->values)
		count += count_identities(engine, requirement->key, *value);
	return count;
}

static int follow_requirement(struct pg_engine *engine, struct pg_watcher *watcher,
			      const struct pg_requirement *requirement)
{
	struct pg_topic_key name = { .kind = PG_TOPIC_KEY, .key = requirement->key };
	int err = 0;

	if (requirement->op == PG_OP_EXISTS)
		return pg_engine_follow(engine, watcher, &name);
	name.kind = PG_TOPIC_LABEL;
	pg_array_foreach(value, &requirement->values) {
		name.value = *value;
		err = err ?: pg_engine_follow(engine, watcher, &name);
	}
	return err;
}

int pg_engine_follow_selector(struct pg_engine *engine, struct pg_watcher *watcher,
			      const struct pg_selector *selector)
{
	const struct pg_requirement *rarest = NULL;
	size_t least = SIZE_MAX;

	pg_array_foreach(requirement, &selector->requirements) {
		size_t count = count_candidates(engine, requirement);

		if (count < least) {
			least = count;
			rarest = requirement;
		}
	}
	if (rarest)
		return follow_requirement(engine, watcher, rarest);
	return pg_engine_follow(engine, watcher,
				&(struct pg_topic_key){ .kind = PG_TOPIC_EVERYBODY });
}

int pg_engine_find_identities(struct pg_engine *engine, const struct pg_watcher *watcher,
			      struct pg_engine_identities *found)
{
	engine->walk++;
	pg_array_foreach(link, &watcher->topics.list) {
		const struct pg_topic *topic = link->owner;

		pg_array_foreach(other, &topic->identities.list) {
			struct pg_engine_identity *identity = other->owner, **added;

			if (identity->seen == engine->walk)
				continue;
			identity->seen = engine->walk;
			added = pg_array_add(&found->list);
			if (!added)
				return -ENOMEM;
			*added = identity;
		}
	}
	return 0;
}

int pg_engine_find_watchers(struct pg_engine *engine, const struct pg_engine_identity *identity,
			    struct pg_watchers *found)
{
	engine->walk++;
	pg_array_foreach(link, &identity->topics.list) {
		const struct pg_topic *topic = link->owner;

		pg_array_foreach(other, &topic->watchers.list) {
			struct pg_watcher *watcher = other->owner, **added;

			if (watcher->seen == engine->walk)
				continue;
			watcher->seen = engine->walk;
			added = pg_array_add(&found->list);
			if (!added)
				return -ENOMEM;
			*added = watcher;
		}
	}
	return 0;
}
