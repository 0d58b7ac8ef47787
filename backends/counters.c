// SPDX-License-Identifier: GPL-2.0-only
/* Counters by rule, as every backend reports them. */
#include "backends/backend.h"

void pg_counters_done(struct pg_counters *counters)
{
	free(counters->list.items);
	*counters = (struct pg_counters){ 0 };
}

static int compare(const void *a, const void *b)
{
	const struct pg_counter *left = a, *right = b;
	int order = strcmp(left->rule, right->rule);

	if (!order)
		order = (left->direction > right->direction) - (left->direction < right->direction);
	if (!order)
		order = (left->verdict > right->verdict) - (left->verdict < right->verdict);
	return order;
}

int pg_counters_add(struct pg_counters *counters, const char *rule, enum pg_direction direction,
		    enum pg_verdict verdict, uint64_t packets, uint64_t bytes)
{
	_cleanup_strbuf_ struct pg_strbuf name = { 0 };
	struct pg_counter *counter;

	pg_strbuf_add_escaped(&name, rule, strlen(rule));
	counter = pg_strbuf_error(&name) ? NULL : pg_array_add(&counters->list);
	if (!counter)
		return -ENOMEM;
	snprintf(counter->rule, sizeof(counter->rule), "%s", name.text ? name.text : "");
	counter->direction = direction;
	counter->verdict = verdict;
	counter->packets = packets;
	counter->bytes = bytes;
	return 0;
}

/* Sorts, and adds up what has the same name. */
void pg_counters_sort(struct pg_counters *counters)
{
	struct pg_counter *list = counters->list.items;
	size_t kept = 0;

	if (!counters->list.count)
		return;
	qsort(list, counters->list.count, sizeof(*list), compare);
	for (size_t i = 1; i < counters->list.count; i++) {
		if (compare(&list[kept], &list[i])) {
			list[++kept] = list[i];
		} else {
			list[kept].packets += list[i].packets;
			list[kept].bytes += list[i].bytes;
		}
	}
	counters->list.count = kept + 1;
}
