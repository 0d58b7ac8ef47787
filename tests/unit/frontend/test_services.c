// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include <unistd.h>

#include "frontend/decode/services.h"

static const char text[] = "# a comment\n"
			   "domain\t53/tcp\n"
			   "domain\t53/udp\n"
			   "http 80/tcp www world-wide # not-an-alias\n"
			   "\n"
			   "no-port\n"
			   "no-protocol 7\n"
			   "zero 0/tcp\n"
			   "high 65536/tcp\n"
			   "longer 655350/tcp\n"
			   "negative -1/tcp\n"
			   "last 65535/udp";

static void load(struct pg_services *services)
{
	char path[] = "/tmp/polgen-services-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(pg_services_load(path, services), 0);
	unlink(path);
}

static void assert_port(const struct pg_services *services, const char *name, uint16_t port)
{
	const struct pg_service *service = pg_services_find(services, name);

	assert_non_null(service);
	assert_int_equal(service->port, port);
}

static void test_names_and_aliases(void **state)
{
	static const char *const absent[] = { "no-port",  "no-protocol",  "zero", "high", "longer",
					      "negative", "not-an-alias", "#",	  "" };
	_cleanup_services_ struct pg_services services = { 0 };

	(void)state;
	load(&services);
	assert_port(&services, "domain", 53);
	assert_port(&services, "http", 80);
	assert_port(&services, "www", 80);
	assert_port(&services, "World-Wide", 80);
	assert_port(&services, "last", 65535);
	for (size_t i = 0; i < PG_COUNT(absent); i++)
		assert_null(pg_services_find(&services, absent[i]));
}

static void test_near_names(void **state)
{
	_cleanup_services_ struct pg_services services = { 0 };

	(void)state;
	assert_null(pg_services_suggest(&services, "domian"));
	load(&services);
	assert_string_equal(pg_services_suggest(&services, "domian"), "domain");
	assert_null(pg_services_suggest(&services, "something-else"));
}

static void test_no_file(void **state)
{
	_cleanup_services_ struct pg_services services = { 0 };

	(void)state;
	assert_int_equal(pg_services_load("/nonexistent/services", &services), -ENOENT);
	assert_int_equal(services.list.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_aliases),
		cmocka_unit_test(test_near_names),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests_name("services", tests, NULL, NULL);
}
