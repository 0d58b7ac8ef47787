// SPDX-License-Identifier: GPL-2.0-only
/*
 * A failing case made small: everything is left out that it fails without. Works on the JSON, and
 * knows nothing of policies: what can't be left out makes no case that fails.
 */
#include <fcntl.h>

#include "tests/parity/parity.h"

#define SHRINK_LIMIT_MS 200

struct shrinker {
	struct arena *arena;
	try_fn *fails;
	json_t *test;
	unsigned int attempts; /* left */
};

/* Cases that are no cases any more complain, and nobody wants to read it. */
static int try_quietly(struct shrinker *shrinker, struct difference *difference)
{
	_cleanup_close_ int saved = dup(STDERR_FILENO);
	_cleanup_close_ int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int result = -EIO;

	fflush(stderr);
	dup2(null, STDERR_FILENO);
	if (!arena_clear(shrinker->arena))
		result = shrinker->fails(shrinker->arena, shrinker->test, difference);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	return result;
}

static bool still_fails(struct shrinker *shrinker)
{
	struct difference difference;

	if (!shrinker->attempts)
		return false;
	shrinker->attempts--;
	return try_quietly(shrinker, &difference) == 1;
}

static bool shrink_value(struct shrinker *shrinker, json_t *value);

/* From the end, so that what was looked at stays where it is. */
static bool shrink_array(struct shrinker *shrinker, json_t *array)
{
	bool changed = false;

	for (size_t i = json_array_size(array); i-- > 0;) {
		_cleanup_json_value_ json_t *element = json_incref(json_array_get(array, i));

		json_array_remove(array, i);
		if (still_fails(shrinker)) {
			changed = true;
			continue;
		}
		json_array_insert(array, i, element);
		changed |= shrink_value(shrinker, element);
	}
	return changed;
}

static bool shrink_object(struct shrinker *shrinker, json_t *object)
{
	_cleanup_json_value_ json_t *members = json_copy(object);
	bool changed = false;
	const char *key;
	json_t *member;

	json_object_foreach(members, key, member) {
		json_object_del(object, key);
		if (still_fails(shrinker)) {
			changed = true;
			continue;
		}
		json_object_set(object, key, member);
		changed |= shrink_value(shrinker, member);
	}
	return changed;
}

static bool shrink_value(struct shrinker *shrinker, json_t *value)
{
	if (!shrinker->attempts)
		return false;
	if (json_is_array(value))
		return shrink_array(shrinker, value);
	if (json_is_object(value))
		return shrink_object(shrinker, value);
	return false;
}

/* An endpoint goes with its address. Without that of another one or of the host the lab is another. */
static bool drop_endpoint(struct shrinker *shrinker, json_t *endpoints, const char *name)
{
	json_t *addrs = json_object_get(endpoints, "_ips");
	_cleanup_json_value_ json_t *labels = json_incref(json_object_get(endpoints, name));
	_cleanup_json_value_ json_t *addr = json_incref(json_object_get(addrs, name));

	if (!labels)
		return false;
	json_object_del(endpoints, name);
	json_object_del(addrs, name);
	if (still_fails(shrinker))
		return true;
	json_object_set(endpoints, name, labels);
	json_object_set(addrs, name, addr);
	return shrink_array(shrinker, labels);
}

static bool shrink_parts(struct shrinker *shrinker)
{
	bool changed = shrink_value(shrinker, json_object_get(shrinker->test, "policy"));

	changed |= shrink_value(shrinker, json_object_get(shrinker->test, "then"));
	for (size_t i = 0; universe_names[i]; i++)
		changed |= drop_endpoint(shrinker, json_object_get(shrinker->test, "endpoints"),
					 universe_names[i]);
	return changed;
}

void shrink_case(struct arena *arena, try_fn *fails, json_t *test, size_t flow,
		 unsigned int attempts)
{
	struct shrinker shrinker = { arena, fails, test, attempts };
	_cleanup_json_value_ json_t *all = json_incref(json_object_get(test, "flows"));
	struct difference difference;

	/* Hundreds of flows that are closed and shouldn't be would take seconds each. */
	arena->limit_ms = SHRINK_LIMIT_MS;
	json_object_set_new(test, "flows", json_pack("[O]", json_array_get(all, flow)));
	if (!still_fails(&shrinker)) {
		json_object_set(test, "flows", all);
		return;
	}
	while (shrink_parts(&shrinker))
		continue;
	/* The last attempts may have been other cases: have the verdict written that is this one's. */
	try_quietly(&shrinker, &difference);
}
