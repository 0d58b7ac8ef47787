// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/policy/build.h"

static struct pg_endpoint *build_at(struct pg_endpoints *endpoints, const char *name,
				    const char *addr, uint32_t offset)
{
	struct pg_endpoint *endpoint = build_endpoint(endpoints, name, addr, "a=1");

	endpoint->loc = (struct pg_loc){ .source = 1, .offset = offset, .length = 1 };
	return endpoint;
}

/* What finishing says, one diagnostic a line: its offset, severity, text. */
static void assert_finish(struct pg_endpoints *endpoints, int result, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_free_ char *text = NULL;

	assert_int_equal(pg_endpoints_finish(endpoints, &diags), result);
	pg_array_foreach(diag, &diags.list)
		pg_strbuf_printf(&buf, "%u %s %s\n", diag->loc.offset,
				 diag->severity == PG_NOTE ? "note" : "error", diag->text);
	text = pg_strbuf_take(&buf);
	assert_string_equal(text, wanted);
	pg_endpoints_done(endpoints);
}

static void test_sorted_and_found(void **state)
{
	struct pg_endpoints endpoints = { 0 };

	(void)state;
	build_endpoint(&endpoints, "b", "10.0.0.2", "z=1,a=1");
	build_endpoint(&endpoints, "c", "fd00::1", "a=1");
	build_endpoint(&endpoints, "a", "10.0.0.1", "a=1");
	build_finish(&endpoints);
	assert_string_equal(endpoints.list.items[0].name, "a");
	assert_string_equal(endpoints.list.items[1].labels.list.items[0].key, "a");
	assert_ptr_equal(pg_endpoints_find(&endpoints, "c"), &endpoints.list.items[2]);
	assert_null(pg_endpoints_find(&endpoints, "d"));
	pg_endpoints_done(&endpoints);
	assert_null(pg_endpoints_find(&endpoints, "a"));
	build_finish(&endpoints);
}

static void test_one_name_twice(void **state)
{
	struct pg_endpoints endpoints = { 0 };

	(void)state;
	build_at(&endpoints, "web\n", "10.0.0.2", 20);
	build_at(&endpoints, "web\n", "10.0.0.1", 10);
	build_at(&endpoints, "db", "10.0.0.3", 30);
	assert_finish(&endpoints, -EINVAL,
		      "20 error endpoint 'web\\n' is there twice\n10 note the other one is here\n");
}

static void test_one_address_twice(void **state)
{
	struct pg_endpoints endpoints = { 0 };

	(void)state;
	build_at(&endpoints, "a", "10.0.0.2", 20);
	build_at(&endpoints, "b", "10.0.0.2", 10);
	build_at(&endpoints, "c", "10.0.0.3", 30)->ipv6 = build_addr("fd00::1");
	build_at(&endpoints, "d", "fd00::1", 40);
	assert_finish(&endpoints, -EINVAL,
		      "20 error endpoint 'a' has the address '10.0.0.2' of 'b'\n"
		      "10 note 'b' is here\n"
		      "40 error endpoint 'd' has the address 'fd00::1' of 'c'\n"
		      "30 note 'c' is here\n");
}

static void test_addresses_of_nodes(void **state)
{
	struct pg_endpoints endpoints = { 0 };

	(void)state;
	build_at(&endpoints, "a", "10.0.0.1", 1);
	build_at(&endpoints, "b", "10.0.0.9", 2);
	build_at(&endpoints, "c", "10.0.0.3", 3);
	*pg_array_add(&endpoints.host_addrs) = build_addr("10.0.0.1");
	*pg_array_add(&endpoints.remote_node_addrs) = build_addr("10.0.0.9");
	*pg_array_add(&endpoints.remote_node_addrs) = build_addr("10.0.0.1");
	assert_finish(&endpoints, -EINVAL,
		      "1 error endpoint 'a' has the address '10.0.0.1' of the host\n"
		      "2 error endpoint 'b' has the address '10.0.0.9' of a remote node\n");
}

static void test_no_address(void **state)
{
	struct pg_endpoints endpoints = { 0 };

	(void)state;
	build_at(&endpoints, "a", "10.0.0.1", 1)->ipv4.family = 0;
	assert_finish(&endpoints, -EINVAL, "1 error endpoint 'a' has no address\n");
}

/* Sixteen megabytes of labels take a moment, not minutes: an endpoint in order and in reverse. */
static void test_many_labels(void **state)
{
	struct pg_endpoints endpoints = { 0 };
	static char value[PG_LABEL_MAX - 32];

	(void)state;
	memset(value, 'v', sizeof(value) - 1);
	for (int e = 0; e < 4; e++) {
		char addr[32];
		struct pg_endpoint *endpoint;

		snprintf(addr, sizeof(addr), "10.0.0.%d", e);
		endpoint = build_endpoint(&endpoints, addr, addr, "");
		for (int i = 0; i < PG_LABELS_MAX; i++) {
			char key[16];

			snprintf(key, sizeof(key), "k%04d", e % 2 ? i : PG_LABELS_MAX - i);
			assert_int_equal(pg_labels_add(&endpoint->labels, "s", key, value), 0);
		}
	}
	build_finish(&endpoints);
	assert_int_equal(endpoints.list.items[0].labels.list.count, PG_LABELS_MAX);
	assert_string_equal(endpoints.list.items[0].labels.list.items[0].key, "k0001");
	pg_endpoints_done(&endpoints);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted_and_found),  cmocka_unit_test(test_one_name_twice),
		cmocka_unit_test(test_one_address_twice), cmocka_unit_test(test_addresses_of_nodes),
		cmocka_unit_test(test_no_address),	  cmocka_unit_test(test_many_labels),
	};

	return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
