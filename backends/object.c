// SPDX-License-Identifier: GPL-2.0-only
/* Lists of objects, and what must change to get from one to another. */
#include <endian.h>

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

/* How many are in order from the first on, no two alike. */
static size_t count_sorted(const struct pg_objects *objects)
{
	size_t i = 1;

	while (i < objects->list.count &&
	       compare_keys(&objects->list.items[i - 1], &objects->list.items[i]) < 0)
		i++;
	return i;
}

/*
 * Keys lie all over memory, and comparing two of them is two misses of the cache. So their beginnings
 * are sorted, as numbers, and keys compared only where those are alike.
 */
struct beginning {
	uint64_t words[2];
	const struct pg_object *object;
};

static struct beginning begin_of(const struct pg_object *object)
{
	struct beginning beginning = { .object = object };

	memcpy(beginning.words, object->key,
	       PG_MIN((size_t)object->key_length, sizeof(beginning.words)));
	for (size_t i = 0; i < PG_COUNT(beginning.words); i++)
		beginning.words[i] = be64toh(beginning.words[i]);
	return beginning;
}

static int compare_beginnings(const void *a, const void *b)
{
	const struct beginning *left = a, *right = b;

	for (size_t i = 0; i < PG_COUNT(left->words); i++) {
		if (left->words[i] != right->words[i])
			return left->words[i] < right->words[i] ? -1 : 1;
	}
	return compare_keys(left->object, right->object);
}

static int sort(struct pg_objects *objects)
{
	size_t count = objects->list.count;
	_cleanup_free_ struct beginning *beginnings = calloc(count, sizeof(*beginnings));
	_cleanup_free_ struct pg_object *sorted = calloc(count, sizeof(*sorted));

	if (!beginnings || !sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		beginnings[i] = begin_of(&objects->list.items[i]);
	qsort(beginnings, count, sizeof(*beginnings), compare_beginnings);
	for (size_t i = 0; i < count; i++)
		sorted[i] = *beginnings[i].object;
	free(objects->list.items);
	objects->list.items = PG_TAKE(sorted);
	objects->list.capacity = count;
	return 0;
}

int pg_objects_sort(struct pg_objects *objects)
{
	size_t count = objects->list.count;
	int err;

	if (count < 2 || count_sorted(objects) == count)
		return 0;
	err = sort(objects);
	if (err)
		return err;
	return count_sorted(objects) == count ? 0 : -EEXIST;
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
