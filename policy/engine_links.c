// SPDX-License-Identifier: GPL-2.0-only
/* Lists of what belongs to each other. */
#include "policy/engine_part.h"

int pg_links_join(struct pg_links *a, void *a_owner, struct pg_links *b, void *b_owner)
{
	struct pg_link *at_a = pg_array_add(&a->list), *at_b;

	if (!at_a)
		return -ENOMEM;
	at_b = pg_array_add(&b->list);
	if (!at_b) {
		a->list.count--;
		return -ENOMEM;
	}
	*at_a = (struct pg_link){ b_owner, b, (uint32_t)(b->list.count - 1) };
	*at_b = (struct pg_link){ a_owner, a, (uint32_t)(a->list.count - 1) };
	return 0;
}

/* The last link takes the place of the one that goes; its other end is told. */
static void take_out(struct pg_links *links, uint32_t place)
{
	struct pg_link *gone = &links->list.items[place];

	*gone = links->list.items[--links->list.count];
	if (place < links->list.count)
		gone->there->list.items[gone->place].place = place;
}

void pg_links_part_last(struct pg_links *links)
{
	struct pg_link last = links->list.items[links->list.count - 1];

	take_out(last.there, last.place);
	links->list.count--;
}

void pg_links_part_all(struct pg_links *links)
{
	while (links->list.count)
		pg_links_part_last(links);
	free(links->list.items);
	*links = (struct pg_links){ 0 };
}
