// SPDX-License-Identifier: GPL-2.0-only
/* Painting from the top layer down: each layer fills what is still bare. */
#include "policy/cover.h"

void pg_cover_done(struct pg_cover *cover)
{
	free(cover->list.items);
	free(cover->cells.items);
	*cover = (struct pg_cover){ 0 };
}

void pg_cover_trim(struct pg_cover *cover)
{
	free(cover->cells.items);
	memset(&cover->cells, 0, sizeof(cover->cells));
}

static int compare_layers(const void *a, const void *b)
{
	const struct pg_layer *left = a, *right = b;

	if (left->order != right->order)
		return left->order < right->order ? -1 : 1;
	return (left->tag > right->tag) - (left->tag < right->tag);
}

static int compare_cells(const void *a, const void *b)
{
	const struct pg_cover_cell *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

static int add_cell(struct pg_cover *cover, uint32_t first)
{
	struct pg_cover_cell *cell = pg_array_add(&cover->cells);

	if (!cell)
		return -ENOMEM;
	cell->first = first;
	return 0;
}

/* A cell from each place where a range begins or is over. The last one is past all ranges. */
static int make_cells(struct pg_cover *cover, const struct pg_layer *layers, size_t count)
{
	struct pg_cover_cell *cells;
	uint32_t kept = 0;
	int err = 0;

	cover->cells.count = 0;
	for (size_t i = 0; i < count && !err; i++) {
		err = add_cell(cover, layers[i].first);
		err = err ?: add_cell(cover, (uint32_t)layers[i].last + 1);
	}
	if (err)
		return err;
	cells = cover->cells.items;
	qsort(cells, cover->cells.count, sizeof(*cells), compare_cells);
	for (size_t i = 1; i < cover->cells.count; i++) {
		if (cells[kept].first != cells[i].first)
			cells[++kept] = cells[i];
	}
	cover->cells.count = kept + 1;
	for (uint32_t i = 0; i <= kept; i++)
		cells[i].next = i;
	return 0;
}

/* The first cell from this one on that is bare; the way there is made shorter for the next time. */
static uint32_t find_bare(struct pg_cover_cell *cells, uint32_t at)
{
	while (cells[at].next != at) {
		cells[at].next = cells[cells[at].next].next;
		at = cells[at].next;
	}
	return at;
}

static void paint(struct pg_cover *cover, const struct pg_layer *layers, uint32_t layer)
{
	const struct pg_cover_cell wanted = { .first = layers[layer].first };
	struct pg_cover_cell *cells = cover->cells.items;
	const struct pg_cover_cell *start =
		bsearch(&wanted, cells, cover->cells.count, sizeof(*cells), compare_cells);
	uint32_t at = find_bare(cells, (uint32_t)(start - cells));

	while (cells[at].first <= layers[layer].last) {
		cells[at].layer = layer;
		cells[at].next = at + 1;
		at = find_bare(cells, at + 1);
	}
}

/* Cells side by side that show one layer become one. */
static int collect(struct pg_cover *cover, const struct pg_layer *layers)
{
	const struct pg_cover_cell *cells = cover->cells.items;

	for (size_t i = 0; i + 1 < cover->cells.count; i++) {
		struct pg_layer *last =
			cover->list.count ? &cover->list.items[cover->list.count - 1] : NULL;
		uint16_t end = (uint16_t)(cells[i + 1].first - 1);

		if (cells[i].next == i)
			continue;
		if (last && last->tag == layers[cells[i].layer].tag &&
		    (uint32_t)last->last + 1 == cells[i].first) {
			last->last = end;
			continue;
		}
		last = pg_array_add(&cover->list);
		if (!last)
			return -ENOMEM;
		*last = layers[cells[i].layer];
		last->first = (uint16_t)cells[i].first;
		last->last = end;
	}
	return 0;
}

int pg_cover_make(struct pg_cover *cover, struct pg_layer *layers, size_t count)
{
	int err;

	cover->list.count = 0;
	if (!count)
		return 0;
	qsort(layers, count, sizeof(*layers), compare_layers);
	err = make_cells(cover, layers, count);
	for (uint32_t i = 0; i < count && !err; i++)
		paint(cover, layers, i);
	return err ?: collect(cover, layers);
}

const struct pg_layer *pg_cover_next(const struct pg_cover *cover, uint16_t port)
{
	size_t low = 0, high = cover->list.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cover->list.items[middle].last < port)
			low = middle + 1;
		else
			high = middle;
	}
	return low < cover->list.count ? &cover->list.items[low] : NULL;
}

const struct pg_layer *pg_cover_at(const struct pg_cover *cover, uint16_t port)
{
	const struct pg_layer *layer = pg_cover_next(cover, port);

	return layer && layer->first <= port ? layer : NULL;
}
