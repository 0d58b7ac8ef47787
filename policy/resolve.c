// SPDX-License-Identifier: GPL-2.0-only
/* Rules to verdict table: subject by subject, each with the rules that select it. */
#include "policy/resolve.h"

#include "policy/peers.h"

/* The peers of an entry, found when the first subject needs them. */
struct found {
	bool known;
	struct pg_peer_sets sets;
};

/* The numbers of the rules that select one subject. */
struct rule_numbers {
	struct pg_array(uint32_t) list;
};

/* The fromRequires of all entries that apply to one subject. */
struct requirements {
	struct pg_array(const struct pg_selector *) list;
};

struct resolver {
	const struct pg_policy *policy;
	const struct pg_identities *identities;
	enum pg_enforcement mode;
	bool all_origins; /* and not the first of each entry only */
	struct pg_peer_finder finder;
	struct rule_numbers *subjects; /* by index of the identity */
	struct found *peers;	       /* of all entries of all rules, one behind the other */
	size_t *first_peers;	       /* where each rule's are */
	size_t peers_count, spent;
	struct pg_verdict_table table;
	struct pg_array(struct pg_verdict_entry) batch; /* of the subject at hand */
};

static void resolver_done(struct resolver *resolver)
{
	for (size_t i = 0; resolver->subjects && i < resolver->identities->list.count; i++)
		free(resolver->subjects[i].list.items);
	for (size_t i = 0; resolver->peers && i < resolver->peers_count; i++)
		pg_peer_sets_done(&resolver->peers[i].sets);
	pg_peer_finder_done(&resolver->finder);
	free(resolver->subjects);
	free(resolver->peers);
	free(resolver->first_peers);
	free(resolver->batch.items);
	pg_verdict_table_done(&resolver->table);
}

/* Everything that is kept is counted, so that crossing rules fail before memory does. */
static int spend(struct resolver *resolver, size_t amount)
{
	resolver->spent += amount;
	return resolver->spent > PG_VERDICT_TABLE_MAX ? -E2BIG : 0;
}

static const struct pg_identity_info *info_of(const struct resolver *resolver, uint32_t identity)
{
	return &resolver->identities->list.items[identity];
}

static int emit(struct resolver *resolver, struct pg_verdict_entry entry)
{
	struct pg_verdict_entry *added;
	int err = spend(resolver, 1);

	if (err)
		return err;
	added = pg_array_add(&resolver->batch);
	if (!added)
		return -ENOMEM;
	*added = entry;
	return 0;
}

/* All that an entry says of one peer. `base` has the rest. */
static int emit_peer(struct resolver *resolver, const struct pg_entry *entry,
		     struct pg_verdict_entry base, pg_identity peer)
{
	int err = 0;

	base.peer = peer;
	base.verdict = entry->deny ? PG_VERDICT_DENY : PG_VERDICT_ALLOW;
	if (!entry->has_l4) {
		base.proto = PG_PROTO_EVERY;
		base.first = 0;
		base.last = UINT16_MAX;
		return emit(resolver, base);
	}
	pg_array_foreach(l4, &entry->l4) {
		base.proto = l4->proto;
		base.first = l4->first;
		base.last = l4->last;
		if (!entry->deny)
			base.verdict = l4->http ? PG_VERDICT_REDIRECT : PG_VERDICT_ALLOW;
		err = err ?: emit(resolver, base);
	}
	return err;
}

static bool meets_all(const struct pg_identity_info *info, const struct requirements *required)
{
	pg_array_foreach(selector, &required->list) {
		if (!pg_selector_matches(*selector, &info->labels))
			return false;
	}
	return true;
}

/* What an entry says of a set of peers, or of those of it that meet what is `required`. */
static int emit_set(struct resolver *resolver, const struct pg_entry *entry,
		    struct pg_verdict_entry base, const struct pg_peer_set *set,
		    const struct requirements *required)
{
	size_t all = resolver->identities->list.count;
	size_t count = set->everybody ? all : set->list.list.count;
	int err = 0;

	if (set->everybody && !required->list.count)
		return emit_peer(resolver, entry, base, PG_IDENTITY_ANY);
	for (uint32_t i = 0; i < count && !err; i++) {
		const struct pg_identity_info *info =
			info_of(resolver, set->everybody ? i : set->list.list.items[i]);

		if (meets_all(info, required))
			err = emit_peer(resolver, entry, base, info->id);
	}
	return err;
}

/* Finds an entry's peers once. */
static int find_peers(struct resolver *resolver, struct pg_origin origin,
		      const struct pg_peers *peers, const struct pg_peer_sets **ret_sets)
{
	struct found *found =
		&resolver->peers[resolver->first_peers[origin.rule - 1] + origin.entry - 1];
	int err;

	*ret_sets = &found->sets;
	if (found->known)
		return 0;
	err = pg_peers_find(&resolver->finder, peers, &found->sets);
	if (err)
		return err;
	found->known = true;
	return spend(resolver,
		     found->sets.endpoints.list.list.count + found->sets.others.list.list.count);
}

static int emit_entry(struct resolver *resolver, const struct pg_subject *subject,
		      struct pg_origin origin, const struct requirements *required)
{
	static const struct requirements nothing;
	const struct pg_entry *entry =
		&resolver->policy->rules.items[origin.rule - 1].entries.items[origin.entry - 1];
	const struct pg_verdict_entry base = {
		.subject = subject->id,
		.direction = entry->direction,
		.origin = origin,
	};
	const struct pg_peer_sets *sets;
	int err;

	if (entry->has_l4 ? !entry->l4.count : entry->peers.l3 == PG_L3_ANY)
		return 0;
	err = find_peers(resolver, origin, &entry->peers, &sets);
	err = err ?: emit_set(resolver, entry, base, &sets->endpoints, required);
	return err ?: emit_set(resolver, entry, base, &sets->others, &nothing);
}

/* What one subject's rules require, by direction, and by allow and deny. */
struct subject_requirements {
	struct requirements by[PG_DIRECTIONS][2];
};

static void subject_requirements_done(struct subject_requirements *required)
{
	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		free(required->by[i][false].list.items);
		free(required->by[i][true].list.items);
	}
}

static int collect_requirements(const struct pg_rule *rule, struct subject_requirements *required)
{
	pg_array_foreach(entry, &rule->entries) {
		struct requirements *list = &required->by[entry->direction][entry->deny];

		pg_array_foreach(selector, &entry->peers.requires) {
			const struct pg_selector **added = pg_array_add(&list->list);

			if (!added)
				return -ENOMEM;
			*added = selector;
		}
	}
	return 0;
}

static int emit_rule(struct resolver *resolver, const struct pg_subject *subject, uint32_t number,
		     const struct subject_requirements *required)
{
	const struct pg_rule *rule = &resolver->policy->rules.items[number - 1];
	int err = 0;

	for (uint32_t i = 0; i < rule->entries.count && !err; i++) {
		const struct pg_entry *entry = &rule->entries.items[i];

		err = emit_entry(resolver, subject, (struct pg_origin){ number, i + 1 },
				 &required->by[entry->direction][entry->deny]);
	}
	return err;
}

static void close_subject(const struct pg_rule *rule, uint32_t number, struct pg_subject *subject)
{
	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		if (rule->default_deny[i] && !subject->enforced[i]) {
			subject->enforced[i] = true;
			subject->closed_by[i].rule = number;
		}
	}
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* The key: all but the origin. */
static int compare_keys(const struct pg_verdict_entry *a, const struct pg_verdict_entry *b)
{
	int order = compare_numbers(a->subject.n, b->subject.n);

	order = order ?: compare_numbers(a->direction, b->direction);
	order = order ?: compare_numbers(a->peer.n, b->peer.n);
	order = order ?: compare_numbers(a->proto.n, b->proto.n);
	order = order ?: compare_numbers(a->first, b->first);
	order = order ?: compare_numbers(a->last, b->last);
	return order ?: compare_numbers(a->verdict, b->verdict);
}

static int compare_entries(const void *a, const void *b)
{
	const struct pg_verdict_entry *left = a, *right = b;

	return compare_keys(left, right) ?: pg_origin_compare(left->origin, right->origin);
}

static bool is_repeated(const struct resolver *resolver, const struct pg_verdict_entry *before,
			const struct pg_verdict_entry *entry)
{
	return !(resolver->all_origins ? compare_entries(before, entry)
				       : compare_keys(before, entry));
}

/* Moves the batch into the table, sorted; of equal entries the one of the first rule. */
static int flush_batch(struct resolver *resolver)
{
	const struct pg_verdict_entry *list = resolver->batch.items;
	size_t count = resolver->batch.count;

	resolver->batch.count = 0;
	if (count)
		qsort(resolver->batch.items, count, sizeof(*list), compare_entries);
	for (size_t i = 0; i < count; i++) {
		struct pg_verdict_entry *added;

		if (i && is_repeated(resolver, &list[i - 1], &list[i]))
			continue;
		added = pg_array_add(&resolver->table.entries);
		if (!added)
			return -ENOMEM;
		*added = list[i];
	}
	return 0;
}

static int resolve_subject(struct resolver *resolver, uint32_t identity)
{
	PG_CLEANUP(subject_requirements_done) struct subject_requirements required = { 0 };
	const struct rule_numbers *rules = &resolver->subjects[identity];
	struct pg_subject *subject = pg_array_add(&resolver->table.subjects);
	bool always = resolver->mode == PG_ENFORCEMENT_ALWAYS;
	int err = 0;

	if (!subject)
		return -ENOMEM;
	subject->id = info_of(resolver, identity)->id;
	subject->enforced[PG_EGRESS] = subject->enforced[PG_INGRESS] = always;
	if (resolver->mode == PG_ENFORCEMENT_NEVER)
		return 0;
	pg_array_foreach(number, &rules->list) {
		const struct pg_rule *rule = &resolver->policy->rules.items[*number - 1];

		close_subject(rule, *number, subject);
		err = err ?: collect_requirements(rule, &required);
	}
	pg_array_foreach(number, &rules->list)
		err = err ?: emit_rule(resolver, subject, *number, &required);
	return err ?: flush_batch(resolver);
}

/* Tells each subject that the rule selects. */
static int select_subjects(struct resolver *resolver, uint32_t number)
{
	_cleanup_selection_ struct pg_selection selection = { 0 };
	int err = pg_label_index_select(&resolver->finder.labels,
					&resolver->policy->rules.items[number - 1].subject,
					&selection);

	pg_array_foreach(identity, &selection.list) {
		uint32_t *added;

		if (!info_of(resolver, *identity)->endpoints.count)
			continue;
		err = err ?: spend(resolver, 1);
		if (err)
			return err;
		added = pg_array_add(&resolver->subjects[*identity].list);
		if (!added)
			return -ENOMEM;
		*added = number;
	}
	return err;
}

static int prepare(struct resolver *resolver)
{
	size_t rules = resolver->policy->rules.count;
	int err;

	resolver->first_peers = calloc(rules + 1, sizeof(*resolver->first_peers));
	resolver->subjects =
		calloc(resolver->identities->list.count + 1, sizeof(*resolver->subjects));
	if (!resolver->first_peers || !resolver->subjects)
		return -ENOMEM;
	for (size_t i = 0; i < rules; i++) {
		resolver->first_peers[i] = resolver->peers_count;
		resolver->peers_count += resolver->policy->rules.items[i].entries.count;
	}
	resolver->peers = calloc(resolver->peers_count + 1, sizeof(*resolver->peers));
	if (!resolver->peers)
		return -ENOMEM;
	err = pg_peer_finder_make(resolver->identities, &resolver->finder);
	for (uint32_t number = 1; number <= rules && !err; number++)
		err = select_subjects(resolver, number);
	return err;
}

static int resolve(struct resolver *resolver, struct pg_verdict_table *ret_table)
{
	int err = prepare(resolver);

	for (uint32_t i = 0; i < resolver->identities->list.count && !err; i++) {
		if (resolver->identities->list.items[i].endpoints.count)
			err = resolve_subject(resolver, i);
	}
	if (err)
		return err;
	*ret_table = resolver->table;
	resolver->table = (struct pg_verdict_table){ 0 };
	return 0;
}

int pg_resolve(const struct pg_policy *policy, const struct pg_identities *identities,
	       enum pg_enforcement mode, struct pg_verdict_table *ret_table)
{
	PG_CLEANUP(resolver_done)
	struct resolver resolver = { .policy = policy, .identities = identities, .mode = mode };

	return resolve(&resolver, ret_table);
}

int pg_resolve_origins(const struct pg_policy *policy, const struct pg_identities *identities,
		       enum pg_enforcement mode, struct pg_verdict_table *ret_table)
{
	PG_CLEANUP(resolver_done)
	struct resolver resolver = {
		.policy = policy,
		.identities = identities,
		.mode = mode,
		.all_origins = true,
	};

	return resolve(&resolver, ret_table);
}
