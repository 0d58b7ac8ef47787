// SPDX-License-Identifier: GPL-2.0-only
/* Layers of port ranges: hand-made ones, and random ones against a look at each port. */
#include "tests/unit/unit.h"

#include "policy/cover.h"

enum { LAYERS_MAX = 12 };

static void expect_layer(const struct pg_cover *cover, size_t i, uint16_t first, uint16_t last,
			 uint32_t tag)
{
	assert_true(i < cover->list.count);
	assert_int_equal(cover->list.items[i].first, first);
	assert_int_equal(cover->list.items[i].last, last);
	assert_int_equal(cover->list.items[i].tag, tag);
}

static void test_nothing_covers_nothing(void **state)
{
	_cleanup_cover_ struct pg_cover cover = { 0 };

	(void)state;
	assert_int_equal(pg_cover_make(&cover, NULL, 0), 0);
	assert_int_equal(cover.list.count, 0);
	assert_null(pg_cover_at(&cover, 0));
	assert_null(pg_cover_at(&cover, 65535));
}

static void test_the_top_hides_what_is_below(void **state)
{
	_cleanup_cover_ struct pg_cover cover = { 0 };
	struct pg_layer layers[] = {
		{ 10, 20, 1, 5 },
		{ 0, 65535, 2, 9 },
		{ 15, 30, 3, 7 },
	};

	(void)state;
	assert_int_equal(pg_cover_make(&cover, layers, PG_COUNT(layers)), 0);
	assert_int_equal(cover.list.count, 4);
	expect_layer(&cover, 0, 0, 9, 2);
	expect_layer(&cover, 1, 10, 20, 1);
	expect_layer(&cover, 2, 21, 30, 3);
	expect_layer(&cover, 3, 31, 65535, 2);
}

static void test_gaps_stay(void **state)
{
	_cleanup_cover_ struct pg_cover cover = { 0 };
	struct pg_layer layers[] = { { 65535, 65535, 1, 0 }, { 80, 80, 2, 0 }, { 0, 0, 3, 0 } };

	(void)state;
	assert_int_equal(pg_cover_make(&cover, layers, PG_COUNT(layers)), 0);
	assert_int_equal(cover.list.count, 3);
	assert_int_equal(pg_cover_at(&cover, 0)->tag, 3);
	assert_null(pg_cover_at(&cover, 1));
	assert_null(pg_cover_at(&cover, 79));
	assert_int_equal(pg_cover_at(&cover, 80)->tag, 2);
	assert_null(pg_cover_at(&cover, 81));
	assert_int_equal(pg_cover_at(&cover, 65535)->tag, 1);
}

static void test_of_equals_the_lower_tag_is_seen(void **state)
{
	_cleanup_cover_ struct pg_cover cover = { 0 };
	struct pg_layer layers[] = { { 5, 9, 8, 1 }, { 5, 9, 4, 1 } };

	(void)state;
	assert_int_equal(pg_cover_make(&cover, layers, PG_COUNT(layers)), 0);
	assert_int_equal(cover.list.count, 1);
	expect_layer(&cover, 0, 5, 9, 4);
}

static uint32_t random_below(uint64_t *state, uint32_t limit)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % limit;
}

/* What a port shows, by looking at all layers. 0: nothing. */
static uint32_t look(const struct pg_layer *layers, size_t count, uint32_t port)
{
	const struct pg_layer *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct pg_layer *layer = &layers[i];

		if (port < layer->first || layer->last < port)
			continue;
		if (!best || layer->order < best->order ||
		    (layer->order == best->order && layer->tag < best->tag))
			best = layer;
	}
	return best ? best->tag : 0;
}

static void check_cover(const struct pg_cover *cover, const struct pg_layer *layers, size_t count)
{
	for (uint32_t port = 0; port < 64; port++) {
		const struct pg_layer *seen = pg_cover_at(cover, (uint16_t)port);

		assert_int_equal(seen ? seen->tag : 0, look(layers, count, port));
		assert_true(!seen || (seen->first <= port && port <= seen->last));
	}
	for (size_t i = 0; i + 1 < cover->list.count; i++) {
		const struct pg_layer *a = &cover->list.items[i], *b = a + 1;

		assert_true(a->last < b->first);
		assert_true(a->tag != b->tag || a->last + 1 < b->first);
	}
}

static void test_random_layers(void **state)
{
	_cleanup_cover_ struct pg_cover cover = { 0 };
	uint64_t random = 20240917;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct pg_layer layers[LAYERS_MAX];
		size_t count = random_below(&random, LAYERS_MAX + 1);

		for (uint32_t i = 0; i < count; i++) {
			uint32_t first = random_below(&random, 60);

			layers[i] = (struct pg_layer){
				.first = (uint16_t)first,
				.last = (uint16_t)(first + random_below(&random, 64 - first)),
				.tag = i + 1,
				.order = random_below(&random, 8),
			};
		}
		assert_int_equal(pg_cover_make(&cover, layers, count), 0);
		check_cover(&cover, layers, count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_covers_nothing),
		cmocka_unit_test(test_the_top_hides_what_is_below),
		cmocka_unit_test(test_gaps_stay),
		cmocka_unit_test(test_of_equals_the_lower_tag_is_seen),
		cmocka_unit_test(test_random_layers),
	};

	return cmocka_run_group_tests_name("cover", tests, NULL, NULL);
}
