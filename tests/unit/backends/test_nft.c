// SPDX-License-Identifier: GPL-2.0-only
/* The nf_tables flavour against the real kernel, and against what iptables-nft itself makes. */
#include "tests/unit/backends/nft_world.h"

/*
 * What iptables-nft-restore makes of the same trees is what we make, expression for expression. Its
 * matches of x_tables are ours to the byte, or we couldn't read them.
 */
static void test_is_what_iptables_nft_makes(void **state)
{
	struct random random = { 1 };

	(void)state;
	for (int i = 0; i < 5; i++) {
		_cleanup_tree_ struct pg_tree v4 = random_tree(&random, 4, 20, 30);
		_cleanup_tree_ struct pg_tree v6 = random_tree(&random, 6, 20, 30);
		_cleanup_close_ int fresh = world_other();

		assert_int_equal(world_write(&v4, &v6), 0);
		world_load(fresh, &v4, &v6);
		world_same(fresh, WORLD_SAVE);
		world_same(fresh, WORLD_EXPRESSIONS);
		world_reads(&v4);
		world_reads(&v6);
		world_reads_in(fresh, &v4);
		world_reads_in(fresh, &v6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_is_what_iptables_nft_makes, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests_name("nft", tests, NULL, NULL);
}
