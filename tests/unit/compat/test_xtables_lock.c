// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "compat/xtables_lock.h"

static char file[] = "/tmp/polgen-lock-XXXXXX";

static int setup(void **state)
{
	int fd = mkstemp(file);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	return setenv("XTABLES_LOCKFILE", file, 1);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(file);
}

static void test_one_at_a_time(void **state)
{
	_cleanup_close_ int first = -1, second = -1;

	(void)state;
	assert_string_equal(pg_xtables_lock_file(), file);
	assert_int_equal(pg_xtables_lock(0, &first), 0);
	assert_int_equal(pg_xtables_lock(30, &second), -EBUSY);
	assert_int_equal(second, -1);
	close(first);
	first = -1;
	assert_int_equal(pg_xtables_lock(0, &second), 0);
}

static void test_no_place_for_a_lock(void **state)
{
	int fd = -1;

	(void)state;
	setenv("XTABLES_LOCKFILE", "/proc/none/lock", 1);
	assert_int_equal(pg_xtables_lock(0, &fd), -ENOENT);
	setenv("XTABLES_LOCKFILE", "", 1);
	assert_string_equal(pg_xtables_lock_file(), PG_XTABLES_LOCK_FILE);
	setenv("XTABLES_LOCKFILE", file, 1);
}

/* The lock is the one that iptables takes: it gives up, or passes once the lock is free. */
static void test_iptables_takes_the_same_lock(void **state)
{
	int fd = -1;

	(void)state;
	if (geteuid() || system("iptables-legacy -V >/dev/null 2>&1")) {
		print_message("needs root and iptables-legacy\n");
		skip();
	}
	assert_int_equal(pg_xtables_lock(0, &fd), 0);
	assert_int_not_equal(system("unshare -n iptables-legacy -w 1 -A INPUT 2>/dev/null"), 0);
	close(fd);
	assert_int_equal(system("unshare -n iptables-legacy -w 1 -A INPUT"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_no_place_for_a_lock),
		cmocka_unit_test(test_iptables_takes_the_same_lock),
	};

	return cmocka_run_group_tests_name("xtables_lock", tests, setup, teardown);
}
