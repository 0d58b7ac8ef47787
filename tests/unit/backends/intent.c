// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/backends/intent.h"

void intent_rule_name(const void *context, struct pg_origin origin, char name[PG_RULE_NAME_MAX])
{
	(void)context;
	if (origin.rule)
		snprintf(name, PG_RULE_NAME_MAX, "rule-%u.%u", origin.rule, origin.entry);
	else
		snprintf(name, PG_RULE_NAME_MAX, "default-deny");
}

static struct pg_loc no_loc(const void *context, struct pg_origin origin)
{
	(void)context;
	return (struct pg_loc){ .source = origin.rule };
}

struct pg_intent intent_of(const struct universe *universe)
{
	return (struct pg_intent){
		.endpoints = &universe->endpoints,
		.identities = &universe->identities,
		.table = &universe->table,
		.host_policy = PG_HOST_POLICY_ENFORCE,
		.rule_name = intent_rule_name,
		.rule_loc = no_loc,
	};
}

static bool same_key(const struct pg_verdict_entry *a, const struct pg_verdict_entry *b)
{
	return a->subject.n == b->subject.n && a->direction == b->direction &&
	       a->peer.n == b->peer.n && a->proto.n == b->proto.n && a->first == b->first &&
	       a->last == b->last && a->verdict == b->verdict;
}

/* A backend sees no redirects. */
static void strip_redirects(struct pg_verdict_table *table)
{
	size_t kept = 0;

	pg_array_foreach(entry, &table->entries) {
		struct pg_verdict_entry *last = kept ? &table->entries.items[kept - 1] : NULL;

		if (entry->verdict == PG_VERDICT_REDIRECT)
			entry->verdict = PG_VERDICT_ALLOW;
		if (!last || !same_key(last, entry))
			table->entries.items[kept++] = *entry;
		else if (pg_origin_compare(entry->origin, last->origin) < 0)
			last->origin = entry->origin;
	}
	table->entries.count = kept;
}

static char *interface_of(size_t index)
{
	char name[32];

	snprintf(name, sizeof(name), "veth%zu", index);
	return strdup(name);
}

void intent_world(struct universe *universe, uint64_t seed)
{
	universe_make(universe, seed);
	strip_redirects(&universe->table);
	for (size_t i = 0; i < universe->endpoints.list.count; i++)
		universe->endpoints.list.items[i].interface = interface_of(i);
}

void intent_resolve(struct universe *universe)
{
	build_finish(&universe->endpoints);
	assert_int_equal(
		pg_identities_make(&universe->endpoints, &universe->policy, &universe->identities),
		0);
	assert_int_equal(pg_resolve(&universe->policy, &universe->identities, universe->mode,
				    &universe->table),
			 0);
	strip_redirects(&universe->table);
}
