// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/intent.h"

#include <nettle/sha2.h>

#define DEFAULT_DENY "default-deny"

void pg_prepared_done(struct pg_prepared *prepared)
{
	pg_verdict_table_done(&prepared->table);
	pg_identities_done(&prepared->identities);
	*prepared = (struct pg_prepared){ 0 };
}

/* Copies what is safe in a rule comment, in iptables-restore text and in JSON; the rest becomes _. */
static void copy_plain(char *name, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		bool plain = text[i] > ' ' && text[i] < 0x7f && !strchr("\"'\\`$", text[i]);

		name[i] = plain ? text[i] : '_';
	}
}

/* The last part of a path says most: what doesn't fit is left out in front. */
static void name_place(struct pg_place place, char name[PG_RULE_NAME_MAX])
{
	char numbers[32];
	size_t tail =
		(size_t)snprintf(numbers, sizeof(numbers), ":%u:%u", place.line, place.column);
	size_t length = strlen(place.file), room = PG_RULE_NAME_MAX - 1 - tail, dots = 0;

	if (length > room) {
		dots = strlen("...");
		memcpy(name, "...", dots);
		place.file += length - (room - dots);
		length = room - dots;
	}
	copy_plain(name + dots, place.file, length);
	memcpy(name + dots + length, numbers, tail + 1);
}

/* A plan asks for the name of every entry: no memory is allocated for it. */
void pg_rule_name(const struct pg_sources *sources, const struct pg_policy *policy,
		  struct pg_origin origin, char name[PG_RULE_NAME_MAX])
{
	struct pg_place place = { 0 };

	if (!origin.rule) {
		snprintf(name, PG_RULE_NAME_MAX, DEFAULT_DENY);
		return;
	}
	place = pg_sources_place(sources, pg_policy_loc(policy, origin));
	if (place.file)
		name_place(place, name);
	else
		snprintf(name, PG_RULE_NAME_MAX, "rule-%u.%u", origin.rule, origin.entry);
}

static void intent_rule_name(const void *context, struct pg_origin origin,
			     char name[PG_RULE_NAME_MAX])
{
	const struct pg_prepared *prepared = context;

	pg_rule_name(prepared->sources, prepared->policy, origin, name);
}

static struct pg_loc intent_rule_loc(const void *context, struct pg_origin origin)
{
	const struct pg_prepared *prepared = context;

	return pg_policy_loc(prepared->policy, origin);
}

/* Errors at every HTTP list, or warnings that it is left out. */
static int judge_http(const struct pg_policy *policy, bool l4_only, struct pg_diags *diags)
{
	bool found = false;

	pg_array_foreach(rule, &policy->rules) {
		pg_array_foreach(entry, &rule->entries) {
			pg_array_foreach(list, &entry->http_lists) {
				if (!list->rules.count)
					continue;
				found = true;
				if (l4_only)
					pg_warning(diags, list->loc,
						   "HTTP rules are not enforced: any request that "
						   "reaches these ports passes");
				else
					pg_error(diags, list->loc,
						 "no backend enforces HTTP rules; "
						 "--l7=l4-only enforces their ports alone");
			}
		}
	}
	return found && !l4_only ? -EOPNOTSUPP : 0;
}

static bool same_key(const struct pg_verdict_entry *a, const struct pg_verdict_entry *b)
{
	return a->subject.n == b->subject.n && a->direction == b->direction &&
	       a->peer.n == b->peer.n && a->proto.n == b->proto.n && a->first == b->first &&
	       a->last == b->last && a->verdict == b->verdict;
}

/*
 * Turns redirects into allows. Where both were there for the same packets they now say the same:
 * the earlier rule stays. The order of entries holds, since ALLOW stands right before REDIRECT.
 */
static void strip_l7(struct pg_verdict_table *table)
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

static void hash_text(struct sha256_ctx *hash, const char *text)
{
	sha256_update(hash, text ? strlen(text) + 1 : 1, (const uint8_t *)(text ? text : ""));
}

static void hash_number(struct sha256_ctx *hash, uint32_t number)
{
	uint8_t bytes[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16),
			     (uint8_t)(number >> 8), (uint8_t)number };

	sha256_update(hash, sizeof(bytes), bytes);
}

static void hash_addresses(struct sha256_ctx *hash, const struct pg_intent *intent)
{
	hash_number(hash, (uint32_t)intent->identities->addresses.count);
	pg_array_foreach(address, &intent->identities->addresses) {
		char text[PG_PREFIX_TEXT_MAX];

		hash_text(hash, pg_prefix_format(&address->prefix, text));
		hash_number(hash, address->id.n);
		hash_text(
			hash,
			address->endpoint ? intent->endpoints->list.items[address->endpoint - 1].interface : NULL);
	}
}

static void hash_table(struct sha256_ctx *hash, const struct pg_verdict_table *table)
{
	hash_number(hash, (uint32_t)table->subjects.count);
	pg_array_foreach(subject, &table->subjects) {
		hash_number(hash, subject->id.n);
		hash_number(hash, subject->enforced[PG_EGRESS]);
		hash_number(hash, subject->enforced[PG_INGRESS]);
	}
	hash_number(hash, (uint32_t)table->entries.count);
	pg_array_foreach(entry, &table->entries) {
		hash_number(hash, entry->subject.n);
		hash_number(hash, entry->direction);
		hash_number(hash, entry->peer.n);
		hash_number(hash, entry->proto.n);
		hash_number(hash, (uint32_t)entry->first << 16 | entry->last);
		hash_number(hash, entry->verdict);
	}
}

static void make_digest(struct pg_intent *intent)
{
	struct sha256_ctx hash;

	sha256_init(&hash);
	hash_text(&hash, "polgen intent 3");
	hash_number(&hash, intent->host_policy);
	hash_number(&hash, intent->on_revoke);
	hash_number(&hash, intent->same_host);
	hash_text(&hash, intent->uplink);
	hash_addresses(&hash, intent);
	hash_table(&hash, intent->table);
	sha256_digest(&hash, sizeof(intent->digest), intent->digest);
}

int pg_prepare(const struct pg_sources *sources, const struct pg_policy *policy,
	       const struct pg_endpoints *endpoints, const struct pg_intent_options *options,
	       struct pg_diags *diags, struct pg_prepared *prepared)
{
	int err = judge_http(policy, options->l4_only, diags);

	if (err)
		return err;
	prepared->sources = sources;
	prepared->policy = policy;
	err = pg_identities_make(endpoints, policy, &prepared->identities);
	if (err == -E2BIG)
		pg_error(diags, PG_LOC_NONE,
			 "too many identities: at most %u different label sets and %u CIDRs fit",
			 PG_IDENTITY_LAST_CLUSTER - PG_IDENTITY_FIRST_CLUSTER + 1,
			 PG_IDENTITY_CIDR_FLAG - 1);
	if (err)
		return err;
	err = pg_resolve(policy, &prepared->identities, options->enforcement, &prepared->table);
	if (err == -E2BIG)
		pg_error(diags, PG_LOC_NONE,
			 "the rules multiply to more than %d verdicts: too many peers for too many "
			 "subjects",
			 PG_VERDICT_TABLE_MAX);
	if (err)
		return err;
	strip_l7(&prepared->table);
	prepared->intent = (struct pg_intent){
		.endpoints = endpoints,
		.identities = &prepared->identities,
		.table = &prepared->table,
		.host_policy = options->host_policy,
		.on_revoke = options->on_revoke,
		.same_host = options->same_host,
		.uplink = options->uplink,
		.rule_name = intent_rule_name,
		.rule_loc = intent_rule_loc,
		.context = prepared,
	};
	make_digest(&prepared->intent);
	return 0;
}
