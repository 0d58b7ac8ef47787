// SPDX-License-Identifier: GPL-2.0-only
/* From selectors to identities by way of the labels that they ask for. */
#include "policy/labelindex.h"

void pg_label_index_done(struct pg_label_index *index)
{
	free(index->postings.items);
	*index = (struct pg_label_index){ 0 };
}

void pg_selection_done(struct pg_selection *selection)
{
	free(selection->list.items);
	*selection = (struct pg_selection){ 0 };
}

int pg_selection_add(struct pg_selection *selection, uint32_t identity)
{
	uint32_t *added = pg_array_add(&selection->list);

	if (!added)
		return -ENOMEM;
	*added = identity;
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

void pg_selection_sort(struct pg_selection *selection)
{
	uint32_t *list = selection->list.items;
	size_t kept = 0;

	if (!selection->list.count)
		return;
	qsort(list, selection->list.count, sizeof(*list), compare_numbers);
	for (size_t i = 1; i < selection->list.count; i++) {
		if (list[kept] != list[i])
			list[++kept] = list[i];
	}
	selection->list.count = kept + 1;
}

static int compare_postings(const void *a, const void *b)
{
	const struct pg_label_posting *left = a, *right = b;
	int order = strcmp(left->key, right->key);

	if (!order)
		order = strcmp(left->value, right->value);
	return order ? order : compare_numbers(&left->identity, &right->identity);
}

static int add_postings(struct pg_label_index *index, uint32_t identity)
{
	pg_array_foreach(label, &index->identities->list.items[identity].labels.list) {
		struct pg_label_posting *posting = pg_array_add(&index->postings);

		if (!posting)
			return -ENOMEM;
		*posting = (struct pg_label_posting){ label->key, label->value, identity };
	}
	return 0;
}

int pg_label_index_make(const struct pg_identities *identities, struct pg_label_index *ret_index)
{
	_cleanup_label_index_ struct pg_label_index index = { .identities = identities };
	int err = 0;

	for (uint32_t i = 0; i < identities->list.count && !err; i++)
		err = add_postings(&index, i);
	if (err)
		return err;
	if (index.postings.count)
		qsort(index.postings.items, index.postings.count, sizeof(struct pg_label_posting),
		      compare_postings);
	*ret_index = index;
	index = (struct pg_label_index){ 0 };
	return 0;
}

/* Part of the postings: those of one key, or of one key and value. */
struct range {
	size_t first, end;
};

/* The first posting that is not before the key and value, or (`after`) the first one behind them. */
static size_t find_bound(const struct pg_label_index *index, const char *key, const char *value,
			 bool after)
{
	size_t low = 0, high = index->postings.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct pg_label_posting *posting = &index->postings.items[middle];
		int order = strcmp(posting->key, key);

		if (!order && value)
			order = strcmp(posting->value, value);
		if (order < 0 || (after && !order))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A NULL value stands for all of them. */
static struct range find_range(const struct pg_label_index *index, const char *key,
			       const char *value)
{
	return (struct range){
		.first = find_bound(index, key, value, false),
		.end = find_bound(index, key, value, true),
	};
}

/* How many postings a requirement leads to; SIZE_MAX when it names nothing that must be there. */
static size_t count_candidates(const struct pg_label_index *index,
			       const struct pg_requirement *requirement)
{
	size_t count = 0;

	if (requirement->op == PG_OP_EXISTS) {
		struct range range = find_range(index, requirement->key, NULL);

		return range.end - range.first;
	}
	if (requirement->op != PG_OP_IN)
		return SIZE_MAX;
	pg_array_foreach(value, &requirement->values) {
		struct range range = find_range(index, requirement->key, *value);

		count += range.end - range.first;
	}
	return count;
}

static const struct pg_requirement *find_rarest(const struct pg_label_index *index,
						const struct pg_selector *selector)
{
	const struct pg_requirement *rarest = NULL;
	size_t least = SIZE_MAX;

	pg_array_foreach(requirement, &selector->requirements) {
		size_t count = count_candidates(index, requirement);

		if (count < least) {
			least = count;
			rarest = requirement;
		}
	}
	return rarest;
}

static int try_identity(const struct pg_label_index *index, const struct pg_selector *selector,
			uint32_t identity, struct pg_selection *selection)
{
	if (!pg_selector_matches(selector, &index->identities->list.items[identity].labels))
		return 0;
	return pg_selection_add(selection, identity);
}

static int try_range(const struct pg_label_index *index, const struct pg_selector *selector,
		     struct range range, struct pg_selection *selection)
{
	int err = 0;

	for (size_t i = range.first; i < range.end && !err; i++)
		err = try_identity(index, selector, index->postings.items[i].identity, selection);
	return err;
}

static int try_all(const struct pg_label_index *index, const struct pg_selector *selector,
		   struct pg_selection *selection)
{
	int err = 0;

	for (uint32_t i = 0; i < index->identities->list.count && !err; i++)
		err = try_identity(index, selector, i, selection);
	return err;
}

static int try_rarest(const struct pg_label_index *index, const struct pg_selector *selector,
		      const struct pg_requirement *rarest, struct pg_selection *selection)
{
	int err = 0;

	if (rarest->op == PG_OP_EXISTS)
		return try_range(index, selector, find_range(index, rarest->key, NULL), selection);
	pg_array_foreach(value, &rarest->values)
		err = err
			      ?: try_range(index, selector, find_range(index, rarest->key, *value),
					   selection);
	return err;
}

int pg_label_index_select(const struct pg_label_index *index, const struct pg_selector *selector,
			  struct pg_selection *ret_selection)
{
	_cleanup_selection_ struct pg_selection selection = { 0 };
	const struct pg_requirement *rarest = find_rarest(index, selector);
	int err = rarest ? try_rarest(index, selector, rarest, &selection)
			 : try_all(index, selector, &selection);

	if (err)
		return err;
	pg_selection_sort(&selection);
	*ret_selection = selection;
	selection = (struct pg_selection){ 0 };
	return 0;
}
