// SPDX-License-Identifier: GPL-2.0-only
/* Every allocation on the way from Docker's answers to endpoints fails once. */
#include "tests/unit/unit.h"

#include "frontend/source/docker.h"
#include "tests/unit/failing_alloc.h"

static const char networks[] =
	"[{\"Id\": \"n1\", \"Name\": \"bridge\", \"Driver\": \"bridge\", \"Options\":"
	" {\"com.docker.network.bridge.name\": \"docker0\"}},"
	"{\"Id\": \"n2\", \"Name\": \"shop\", \"Driver\": \"bridge\"}]";

static const char container[] =
	"{\"Id\": \"abc\", \"Name\": \"/web\", \"State\": {\"Running\": true, \"Pid\": 42},"
	"\"HostConfig\": {\"NetworkMode\": \"shop\"},"
	"\"Config\": {\"Labels\": {\"tier\": \"front\", \"a\": \"b\"}},"
	"\"NetworkSettings\": {\"SandboxKey\": \"/run/docker/netns/1\", \"Networks\": {"
	"\"bridge\": {\"NetworkID\": \"n1\", \"IPAddress\": \"172.17.0.2\"},"
	"\"shop\": {\"NetworkID\": \"n2\", \"IPAddress\": \"172.18.0.2\"}}}}";

static const char list[] = "[{\"Id\": \"abc\"}, {\"Id\": \"def\"}, {\"Id\": \"ghi\"}]";

typedef int read_fn(struct pg_diags *diags);

static int read_list(struct pg_diags *diags)
{
	_cleanup_docker_ids_ struct pg_docker_ids ids = { 0 };

	return pg_docker_parse_list(list, strlen(list), diags, &ids);
}

static int read_state(struct pg_diags *diags)
{
	_cleanup_docker_state_ struct pg_docker_state state = { 0 };
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };
	struct pg_docker_container *added = pg_array_add(&state.containers);
	int r = added ? 0 : -ENOMEM;

	r = r ?: pg_docker_parse_networks(networks, strlen(networks), diags, &state);
	r = r ?: pg_docker_parse_container(container, strlen(container), NULL, diags, added);
	r = r ?: pg_docker_endpoints(&state, diags, &endpoints);
	return r ?: pg_endpoints_finish(&endpoints, diags);
}

static bool run_with_failure(read_fn *read, long n)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	bool failed;
	int r;

	failing_alloc_start(n);
	r = read(&diags);
	failed = failing_alloc_stop();
	assert_int_equal(r, failed ? -ENOMEM : 0);
	assert_int_equal(diags.list.count, 0);
	return failed;
}

static void fail_each(read_fn *read, long at_least)
{
	long n = 0;

	while (run_with_failure(read, n))
		n++;
	assert_true(n >= at_least);
}

static void test_lists(void **state)
{
	(void)state;
	fail_each(read_list, 5);
}

static void test_networks_containers_endpoints(void **state)
{
	(void)state;
	fail_each(read_state, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_networks_containers_endpoints),
	};

	return cmocka_run_group_tests_name("docker_oom", tests, NULL, NULL);
}
