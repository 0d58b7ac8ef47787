// SPDX-License-Identifier: GPL-2.0-only
/* An order of rules by their content, so that equal ones can be found by sorting. */
#include "policy/rule.h"

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* NULL comes first. */
static int compare_texts(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

/* Compares two arrays: the shorter first, then item by item. */
#define COMPARE_ARRAYS(a, b, compare)                                     \
	({                                                                \
		int order_ = compare_numbers((a)->count, (b)->count);     \
		for (size_t i_ = 0; i_ < (a)->count && !order_; i_++)     \
			order_ = compare((a)->items[i_], (b)->items[i_]); \
		order_;                                                   \
	})

#define COMPARE_STRUCTS(a, b, compare)                                      \
	({                                                                  \
		int order_ = compare_numbers((a)->count, (b)->count);       \
		for (size_t i_ = 0; i_ < (a)->count && !order_; i_++)       \
			order_ = compare(&(a)->items[i_], &(b)->items[i_]); \
		order_;                                                     \
	})

static int compare_requirements(const struct pg_requirement *a, const struct pg_requirement *b)
{
	int order = compare_texts(a->key, b->key);

	order = order ?: compare_texts(a->source, b->source);
	order = order ?: compare_numbers(a->op, b->op);
	return order ?: COMPARE_ARRAYS(&a->values, &b->values, compare_texts);
}

static int compare_selectors(const struct pg_selector *a, const struct pg_selector *b)
{
	return COMPARE_STRUCTS(&a->requirements, &b->requirements, compare_requirements);
}

static int compare_cidrs(const struct pg_cidr *a, const struct pg_cidr *b)
{
	int order = pg_prefix_compare(&a->prefix, &b->prefix);

	return order ?: COMPARE_STRUCTS(&a->except, &b->except, pg_prefix_compare);
}

static int compare_peers(const struct pg_peers *a, const struct pg_peers *b)
{
	int order = compare_numbers(a->l3, b->l3);

	order = order ?: compare_numbers(a->entities, b->entities);
	order = order ?: COMPARE_STRUCTS(&a->endpoints, &b->endpoints, compare_selectors);
	order = order ?: COMPARE_STRUCTS(&a->cidrs, &b->cidrs, compare_cidrs);
	return order ?: COMPARE_STRUCTS(&a->requires, &b->requires, compare_selectors);
}

int pg_http_rule_compare(const struct pg_http_rule *a, const struct pg_http_rule *b)
{
	int order = compare_texts(a->method, b->method);

	order = order ?: compare_texts(a->path, b->path);
	order = order ?: compare_texts(a->host, b->host);
	return order ?: COMPARE_ARRAYS(&a->headers, &b->headers, compare_texts);
}

static int compare_http_lists(const struct pg_http_list *a, const struct pg_http_list *b)
{
	return COMPARE_STRUCTS(&a->rules, &b->rules, pg_http_rule_compare);
}

/* Which list an element has is a number, and the lists themselves are compared elsewhere. */
static int compare_l4(const struct pg_l4 *a, const struct pg_l4 *b)
{
	int order = compare_numbers(a->proto.n, b->proto.n);

	order = order ?: compare_numbers(a->first, b->first);
	order = order ?: compare_numbers(a->last, b->last);
	return order ?: compare_numbers(a->http, b->http);
}

static int compare_entries(const struct pg_entry *a, const struct pg_entry *b)
{
	int order = compare_numbers(a->direction, b->direction);

	order = order ?: compare_numbers(a->deny, b->deny);
	order = order ?: compare_numbers(a->has_l4, b->has_l4);
	order = order ?: compare_peers(&a->peers, &b->peers);
	order = order ?: COMPARE_STRUCTS(&a->l4, &b->l4, compare_l4);
	return order ?: COMPARE_STRUCTS(&a->http_lists, &b->http_lists, compare_http_lists);
}

int pg_rule_compare(const struct pg_rule *a, const struct pg_rule *b)
{
	int order = compare_selectors(&a->subject, &b->subject);

	for (size_t i = 0; i < PG_DIRECTIONS; i++)
		order = order ?: compare_numbers(a->default_deny[i], b->default_deny[i]);
	return order ?: COMPARE_STRUCTS(&a->entries, &b->entries, compare_entries);
}
