// SPDX-License-Identifier: GPL-2.0-only
/* Lists of objects, and what must change to get from one to another. */
#include "backends/backend.h"

#define BLOCK_SIZE (256u << 10)

void pg_objects_done(struct pg_objects *objects)
{
	pg_array_foreach(block, &objects->blocks)
		free(*block);
	free(objects->blocks.items);
	free(objects->list.items);
	*objects = (struct pg_objects){ 0 };
}

/* Bytes that live as long as the list; blocks never move, so that keys can be pointed at. */
static void *allocate(struct pg_objects *objects, size_t length)
{
	char **block;
	void *bytes;

	if (!objects->blocks.count || objects->block_size - objects->block_used < length) {
		size_t size = PG_MAX((size_t)BLOCK_SIZE, length);

		block = pg_array_add(&objects->blocks);
		if (!block)
			return NULL;
		*block = malloc(size);
		if (!*block) {
			objects->blocks.count--;
			return NULL;
		}
		objects->block_used = 0;
		objects->block_size = size;
	}
	bytes = objects->blocks.items[objects->blocks.count - 1] + objects->block_used;
	objects->block_used += length;
	return bytes;
}

int pg_objects_add(struct pg_objects *objects, const void *key, size_t key_length,
		   const void *value, size_t value_length, struct pg_origin origin)
{
	char *bytes = allocate(objects, key_length + value_length);
	struct pg_object *object;

	if (!bytes)
		return -ENOMEM;
	object = pg_array_add(&objects->list);
	if (!object)
		return -ENOMEM;
	memcpy(bytes, key, key_length);
	if (value_length)
		memcpy(bytes + key_length, value, value_length);
	*object = (struct pg_object){
		.key = bytes,
		.value = bytes + key_length,
		.key_length = (uint32_t)key_length,
		.value_length = (uint32_t)value_length,
		.origin = origin,
	};
	return 0;
}

static int compare_bytes(const void *a, size_t a_length, const void *b, size_t b_length)
{
	int order = memcmp(a, b, PG_MIN(a_length, b_length));

	if (order)
		return order;
	return (a_length > b_length) - (a_length < b_length);
}

static int compare_keys(const void *a, const void *b)
{
	const struct pg_object *left = a, *right = b;

	return compare_bytes(left->key, left->key_length, right->key, right->key_length);
}

int pg_objects_sort(struct pg_objects *objects)
{
	if (objects->list.count < 2)
		return 0;
	qsort(objects->list.items, objects->list.count, sizeof(struct pg_object), compare_keys);
	for (size_t i = 1; i < objects->list.count; i++) {
		if (!compare_keys(&objects->list.items[i - 1], &objects->list.items[i]))
			return -EEXIST;
	}
	return 0;
}

const struct pg_object *pg_objects_find(const struct pg_objects *objects, const void *key,
					size_t key_length)
{
	struct pg_object wanted = { .key = key, .key_length = (uint32_t)key_length };

	if (!objects->list.count)
		return NULL;
	return bsearch(&wanted, objects->list.items, objects->list.count, sizeof(wanted),
		       compare_keys);
}

void pg_diff_done(struct pg_diff *diff)
{
	free(diff->changes.items);
	*diff = (struct pg_diff){ 0 };
}

static int add_change(struct pg_diff *diff, enum pg_change_kind kind,
		      const struct pg_object *desired, const struct pg_object *live)
{
	struct pg_change *change = pg_array_add(&diff->changes);

	if (!change)
		return -ENOMEM;
	*change = (struct pg_change){ .kind = kind, .desired = desired, .live = live };
	return 0;
}

static int compare_both(struct pg_diff *diff, const struct pg_object *desired,
			const struct pg_object *live)
{
	if (!compare_bytes(desired->value, desired->value_length, live->value,
			   live->value_length)) {
		diff->kept++;
		return 0;
	}
	return add_change(diff, PG_CHANGE_REPLACE, desired, live);
}

int pg_diff_make(const struct pg_objects *desired, const struct pg_objects *live,
		 struct pg_diff *ret_diff)
{
	_cleanup_diff_ struct pg_diff diff = { 0 };
	size_t d = 0, l = 0;

	while (d < desired->list.count || l < live->list.count) {
		const struct pg_object *want =
			d < desired->list.count ? &desired->list.items[d] : NULL;
		const struct pg_object *have = l < live->list.count ? &live->list.items[l] : NULL;
		int order = !want ? 1 : !have ? -1 : compare_keys(want, have);
		int err;

		if (order < 0)
			err = add_change(&diff, PG_CHANGE_ADD, want, NULL);
		else if (order > 0)
			err = add_change(&diff, PG_CHANGE_DELETE, NULL, have);
		else
			err = compare_both(&diff, want, have);
		if (err)
			return err;
		d += order <= 0;
		l += order >= 0;
	}
	*ret_diff = diff;
	diff = (struct pg_diff){ 0 };
	return 0;
}
