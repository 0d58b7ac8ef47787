// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "compat/hash.h"

/* So few hashes that most items stand somewhere else than at home. */
#define ITEMS  500
#define HASHES 37

static uint32_t items[ITEMS];

static uint64_t hash_of(uint32_t number)
{
	return number % HASHES * 0x100000001;
}

static bool is(const void *item, const void *wanted)
{
	return *(const uint32_t *)item == *(const uint32_t *)wanted;
}

static void assert_content(const struct pg_hash *table, const bool *there)
{
	size_t count = 0, seen = 0;

	for (uint32_t i = 0; i < ITEMS; i++) {
		void *found = pg_hash_find(table, hash_of(i), is, &i);

		assert_ptr_equal(found, there[i] ? &items[i] : NULL);
		count += there[i];
	}
	pg_hash_foreach(slot, table) seen++;
	assert_int_equal(table->count, count);
	assert_int_equal(seen, count);
}

static void test_add_and_remove(void **state)
{
	struct pg_hash table = { 0 };
	bool there[ITEMS] = { false };

	(void)state;
	assert_content(&table, there);
	for (uint32_t i = 0; i < 20 * ITEMS; i++) {
		uint32_t n = (uint32_t)((uint64_t)i * 2654435761u >> 7) % ITEMS;

		items[n] = n;
		if (there[n])
			pg_hash_remove(&table, hash_of(n), &items[n]);
		else
			assert_int_equal(pg_hash_add(&table, hash_of(n), &items[n]), 0);
		there[n] = !there[n];
		if (i % 500 == 0)
			assert_content(&table, there);
	}
	assert_content(&table, there);
	pg_hash_done(&table);
	assert_null(table.slots);
}

/* The published values of FNV-1a: numbers of identities rest on them. */
static void test_bytes(void **state)
{
	(void)state;
	assert_true(pg_hash_bytes(PG_HASH_START, "", 0) == 0xcbf29ce484222325);
	assert_true(pg_hash_bytes(PG_HASH_START, "a", 1) == 0xaf63dc4c8601ec8c);
	assert_true(pg_hash_bytes(PG_HASH_START, "foobar", 6) == 0x85944171f73967e8);
	assert_true(pg_hash_bytes(pg_hash_bytes(PG_HASH_START, "foo", 3), "bar", 3) ==
		    0x85944171f73967e8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_remove),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
