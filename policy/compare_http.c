// SPDX-License-Identifier: GPL-2.0-only
/* Which requests HTTP rules allow, as far as their texts tell. */
#include "policy/compare_part.h"

/* Elements of http lists: a request is allowed if one of them allows it. */
struct http_rules {
	struct pg_array(const struct pg_http_rule *) list;
};

static void http_rules_done(struct http_rules *rules)
{
	free(rules->list.items);
}

/* What both sides of a flow ask of its requests. A side without HTTP rules asks nothing. */
struct http_demands {
	struct http_rules sides[PG_DIRECTIONS];
};

static void http_demands_done(struct http_demands *demands)
{
	for (size_t i = 0; i < PG_DIRECTIONS; i++)
		http_rules_done(&demands->sides[i]);
}

static int compare_rules(const void *a, const void *b)
{
	return pg_http_rule_compare(*(const struct pg_http_rule *const *)a,
				    *(const struct pg_http_rule *const *)b);
}

static bool allows_all(const struct pg_http_rule *rule)
{
	return !rule->method && !rule->path && !rule->host && !rule->headers.count;
}

static int add_list(const struct pg_http_list *list, struct http_rules *rules)
{
	pg_array_foreach(rule, &list->rules) {
		const struct pg_http_rule **added = pg_array_add(&rules->list);

		if (!added)
			return -ENOMEM;
		*added = rule;
	}
	return 0;
}

/* The lists of an entry of the policy that are for this port. */
static int add_entry(const struct pg_entry *entry, const struct pg_verdict_entry *redirect,
		     uint16_t port, struct http_rules *rules)
{
	int err = 0;

	pg_array_foreach(l4, &entry->l4) {
		if (l4->http && l4->proto.n == redirect->proto.n && l4->first <= port &&
		    port <= l4->last)
			err = err ?: add_list(&entry->http_lists.items[l4->http - 1], rules);
	}
	return err;
}

/* What else there is may begin or end before the ports at hand do: lowers `last` to that. */
static void cut(const struct pg_verdict_entry *redirect, uint16_t port, uint32_t *last)
{
	if (redirect->first > port)
		*last = PG_MIN(*last, redirect->first - 1u);
	else if (redirect->last >= port)
		*last = PG_MIN(*last, (uint32_t)redirect->last);
}

static int add_group(const struct pg_policy *policy, struct pg_entry_group group, uint16_t port,
		     uint32_t *last, struct http_rules *rules)
{
	int err = 0;

	for (; group.first < group.end && !err; group.first++) {
		const struct pg_verdict_entry *entry = group.first;
		const struct pg_origin origin = entry->origin;

		if (entry->verdict != PG_VERDICT_REDIRECT)
			continue;
		cut(entry, port, last);
		if (port < entry->first || entry->last < port)
			continue;
		err = add_entry(
			&policy->rules.items[origin.rule - 1].entries.items[origin.entry - 1],
			entry, port, rules);
	}
	return err;
}

/* Sorted, each once; one that allows all is alone. */
static void tidy(struct http_rules *rules)
{
	const struct pg_http_rule **list = rules->list.items;
	size_t kept = 0;

	if (!rules->list.count)
		return;
	qsort(list, rules->list.count, sizeof(*list), compare_rules);
	for (size_t i = 1; i < rules->list.count; i++) {
		if (compare_rules(&list[kept], &list[i]))
			list[++kept] = list[i];
	}
	/* Absent comes before all texts. */
	rules->list.count = allows_all(list[0]) ? 1 : kept + 1;
}

static int compare_sets(const struct http_rules *a, const struct http_rules *b)
{
	int order = (a->list.count > b->list.count) - (a->list.count < b->list.count);

	for (size_t i = 0; i < a->list.count && !order; i++)
		order = compare_rules(&a->list.items[i], &b->list.items[i]);
	return order;
}

/* Both sides must allow a request, whichever of them asks for what. */
static void put_in_order(struct http_demands *demands)
{
	struct http_rules *first = &demands->sides[0], *second = &demands->sides[1];
	int order = compare_sets(first, second);

	if (!order)
		second->list.count = 0;
	if (order < 0) {
		struct http_rules swapped = *first;

		*first = *second;
		*second = swapped;
	}
}

static int collect(const struct pg_comparer *comparer, enum pg_version version,
		   const struct pg_compare_side sides[2], uint16_t port, uint32_t *last,
		   const struct pg_evaluation *evaluation, struct http_demands *demands)
{
	const struct pg_policy *policy = comparer->versions[version].policy;
	int err = 0;

	for (size_t i = 0; i < PG_DIRECTIONS && !err; i++) {
		pg_identity peer = comparer->parties.items[sides[i].peer].id[version];
		struct http_rules *rules = &demands->sides[i];

		if (evaluation->side[i].verdict != PG_VERDICT_REDIRECT)
			continue;
		err = add_group(policy,
				pg_compare_group(comparer, version, sides[i].subject,
						 (enum pg_direction)i, PG_IDENTITY_ANY),
				port, last, rules);
		err = err
			      ?: add_group(policy,
					   pg_compare_group(comparer, version, sides[i].subject,
							    (enum pg_direction)i, peer),
					   port, last, rules);
		tidy(rules);
	}
	put_in_order(demands);
	return err;
}

int pg_compare_http(const struct pg_comparer *comparer, const struct pg_compare_side sides[2],
		    uint16_t port, uint32_t *last,
		    const struct pg_evaluation evaluations[PG_VERSIONS], bool *ret_different)
{
	PG_CLEANUP(http_demands_done) struct http_demands before = { 0 };
	PG_CLEANUP(http_demands_done) struct http_demands after = { 0 };
	int err = collect(comparer, PG_BEFORE, sides, port, last, &evaluations[PG_BEFORE], &before);

	err = err ?: collect(comparer, PG_AFTER, sides, port, last, &evaluations[PG_AFTER], &after);
	if (err)
		return err;
	*ret_different = compare_sets(&before.sides[0], &after.sides[0]) ||
			 compare_sets(&before.sides[1], &after.sides[1]);
	return 0;
}
