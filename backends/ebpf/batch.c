// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <time.h>

#include "backends/ebpf/batch.h"

/* The kernel's own number for what a map can't do; C libraries don't know it. */
#define KERNEL_ENOTSUPP 524

/* How many entries a call is for, at most: it can't be interrupted. */
#define ENTRIES_MAX 16384

/* How many a first read is for. A hash's bucket comes whole or not at all, so it may take more. */
#define ENTRIES_READ 4096
#define BYTES_READ   (4u << 20)
#define KEY_MAX	     64

/* The call or the map's part in it is missing. */
static bool is_unsupported(int err)
{
	return err == -EINVAL || err == -KERNEL_ENOTSUPP || err == -EOPNOTSUPP;
}

/* Pauses of 1, 2, 4 ... 512 ms. */
#define PAUSES 11

static bool pause_for_memory(int *pauses)
{
	struct timespec time = { .tv_nsec = 1000000l << *pauses };

	if (*pauses == PAUSES - 1)
		return false;
	++*pauses;
	nanosleep(&time, NULL);
	return true;
}

static const char *key_at(const struct pg_batch *batch, size_t i)
{
	return (const char *)batch->keys + i * batch->key_size;
}

static const char *value_at(const struct pg_batch *batch, size_t i)
{
	return (const char *)batch->values + i * batch->value_size;
}

/*
 * On an error *count is how many were done, but for kernels before 6.7 that fail before the first one and
 * leave it as it was.
 */
static int fix_count(int err, uint32_t asked, uint32_t *count)
{
	if (err && *count >= asked)
		*count = 0;
	return err;
}

static int update(const struct pg_batch *batch, size_t at, bool one_by_one, uint32_t *count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	uint32_t asked = *count;
	int err;

	if (one_by_one || asked == 1) {
		err = bpf_map_update_elem(batch->map, key_at(batch, at), value_at(batch, at),
					  BPF_ANY);
		*count = !err;
		return err;
	}
	err = bpf_map_update_batch(batch->map, key_at(batch, at), value_at(batch, at), count,
				   &options);
	return fix_count(err, asked, count);
}

int pg_batch_update(const struct pg_batch *batch, size_t *ret_done)
{
	bool one_by_one = false;
	int pauses = 0;
	size_t done = 0;

	*ret_done = 0;
	while (done < batch->count) {
		uint32_t count = (uint32_t)PG_MIN(batch->count - done, (size_t)ENTRIES_MAX);
		int err = update(batch, done, one_by_one, &count);

		*ret_done = done += count;
		if (count)
			pauses = 0;
		if (!err)
			continue;
		if (!one_by_one && is_unsupported(err))
			one_by_one = true;
		else if (err != -ENOMEM || !pause_for_memory(&pauses))
			return err;
	}
	return 0;
}

static int delete (const struct pg_batch *batch, size_t at, bool one_by_one, uint32_t *count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	uint32_t asked = *count;
	int err;

	if (one_by_one || asked == 1) {
		err = bpf_map_delete_elem(batch->map, key_at(batch, at));
		*count = !err;
		return err;
	}
	err = bpf_map_delete_batch(batch->map, key_at(batch, at), count, &options);
	return fix_count(err, asked, count);
}

int pg_batch_delete(const struct pg_batch *batch)
{
	bool one_by_one = false;
	size_t done = 0;

	while (done < batch->count) {
		uint32_t count = (uint32_t)PG_MIN(batch->count - done, (size_t)ENTRIES_MAX);
		int err = delete (batch, done, one_by_one, &count);

		done += count;
		if (err == -ENOENT)
			done++;
		else if (err && !one_by_one && is_unsupported(err))
			one_by_one = true;
		else if (err)
			return err;
	}
	return 0;
}

/* A walk over a map. */
struct walk {
	int map;
	size_t key_size, value_size, room; /* room: entries */
	char *keys, *values;
	void *value;
	int (*fn)(void *context, const void *key, void *value);
	void *context;
};

static void walk_done(struct walk *walk)
{
	free(walk->keys);
	free(walk->values);
}

static bool is_per_cpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static int walk_begin(struct walk *walk)
{
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info);
	int err = bpf_obj_get_info_by_fd(walk->map, &info, &length), cpus;

	if (err)
		return err;
	walk->key_size = info.key_size;
	walk->value_size = info.value_size;
	if (walk->key_size > KEY_MAX)
		return -EPROTO;
	if (is_per_cpu(info.type)) {
		cpus = libbpf_num_possible_cpus();
		if (cpus < 0)
			return cpus;
		walk->value_size = (walk->value_size + 7) / 8 * 8 * (size_t)cpus;
	}
	walk->room = PG_MIN((size_t)ENTRIES_READ, BYTES_READ / walk->value_size + 1);
	return 0;
}

static int make_room(struct walk *walk)
{
	walk_done(walk);
	walk->keys = malloc(walk->room * walk->key_size);
	walk->values = malloc(walk->room * walk->value_size);
	return walk->keys && walk->values ? 0 : -ENOMEM;
}

static int pass_on(const struct walk *walk, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		char key[KEY_MAX] __attribute__((aligned(8)));

		memcpy(key, walk->keys + i * walk->key_size, walk->key_size);
		memcpy(walk->value, walk->values + i * walk->value_size, walk->value_size);
		err = walk->fn(walk->context, key, walk->value);
	}
	return err;
}

/* Where a walk goes on: a bucket's number, or the last key. */
struct place {
	char bytes[KEY_MAX] __attribute__((aligned(8)));
};

/* The kernel's answer; -ENOENT: these were the last. */
static int read_batch(struct walk *walk, const struct place *from, struct place *next,
		      uint32_t *count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);

	for (;;) {
		int err;

		*count = (uint32_t)walk->room;
		err = bpf_map_lookup_batch(walk->map, (void *)from, next, walk->keys, walk->values,
					   count, &options);
		if (err != -ENOSPC)
			return err;
		walk->room *= 2;
		err = make_room(walk);
		if (err)
			return err;
	}
}

static int each_one_by_one(struct walk *walk)
{
	char key[KEY_MAX], next[KEY_MAX];
	bool first = true;

	while (!bpf_map_get_next_key(walk->map, first ? NULL : key, next)) {
		int err = bpf_map_lookup_elem(walk->map, next, walk->value);

		if (!err)
			err = walk->fn(walk->context, next, walk->value);
		if (err)
			return err;
		memcpy(key, next, walk->key_size);
		first = false;
	}
	return errno == ENOENT ? 0 : -errno;
}

int pg_batch_each(int map, void *value, int (*fn)(void *context, const void *key, void *value),
		  void *context)
{
	PG_CLEANUP(walk_done)
	struct walk walk = { .map = map, .value = value, .fn = fn, .context = context };
	struct place places[2] = { 0 };
	const struct place *from = NULL;
	int err = walk_begin(&walk) ?: make_room(&walk);

	for (size_t i = 0; !err; i++) {
		struct place *next = &places[i & 1];
		uint32_t count;
		int stopped;

		err = read_batch(&walk, from, next, &count);
		if (!from && is_unsupported(err))
			return each_one_by_one(&walk);
		if (err && err != -ENOENT)
			return err;
		stopped = pass_on(&walk, count);
		if (stopped)
			return stopped;
		from = next;
	}
	return err == -ENOENT ? 0 : err;
}
