// SPDX-License-Identifier: GPL-2.0-only
/* Finding veths of containers that are namespaces made here; no Docker is needed. */
#include "tests/unit/unit.h"

#include "compat/netns.h"
#include "compat/rtnl.h"
#include "frontend/source/docker.h"

#define CONTAINERS 3

/* A host with two bridges, and containers with a veth on each of them. */
struct host {
	int home, netns, containers[CONTAINERS];
	struct pg_docker_state state;
	struct pg_endpoints endpoints;
};

static char *copy(const char *text)
{
	char *copied = strdup(text);

	assert_non_null(copied);
	return copied;
}

static void add_network(struct host *host, const char *name, const char *bridge)
{
	struct pg_docker_network *network = pg_array_add(&host->state.networks);

	assert_non_null(network);
	*network =
		(struct pg_docker_network){ copy(name), copy(name), copy("bridge"), copy(bridge) };
}

static void add_endpoint(struct host *host, int number, const char *network)
{
	struct pg_endpoint *endpoint = pg_array_add(&host->endpoints.list);

	assert_non_null(endpoint);
	assert_true(asprintf(&endpoint->name, "c%d@%s", number, network) > 0);
	assert_true(asprintf(&endpoint->container, "c%d", number) > 0);
	assert_true(asprintf(&endpoint->netns, "/proc/self/fd/%d", host->containers[number]) > 0);
	endpoint->network = copy(network);
}

static void add_veth(struct pg_rtnl *rtnl, const struct host *host, int number, uint32_t index,
		     uint32_t master)
{
	struct pg_rtnl_end near = { .index = index, .master = master, .netns = -1 };
	struct pg_rtnl_end far = { .netns = host->containers[number] };
	char near_name[IFNAMSIZ], far_name[IFNAMSIZ];

	snprintf(near_name, sizeof(near_name), "v%u", index);
	snprintf(far_name, sizeof(far_name), "eth%u", master);
	near.name = near_name;
	far.name = far_name;
	pg_rtnl_add_veth(rtnl, &near, &far);
}

static void make_links(const struct host *host)
{
	struct pg_rtnl_end bridges[] = {
		{ .name = "docker0", .index = 2, .netns = -1 },
		{ .name = "shop0", .index = 3, .netns = -1 },
	};
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;

	assert_int_equal(pg_rtnl_new(&rtnl), 0);
	pg_rtnl_add_bridge(rtnl, &bridges[0]);
	pg_rtnl_add_bridge(rtnl, &bridges[1]);
	add_veth(rtnl, host, 0, 10, 2);
	add_veth(rtnl, host, 1, 70011, 3);
	add_veth(rtnl, host, 1, 12, 2);
	add_veth(rtnl, host, 2, 13, 0); /* a port of no bridge */
	assert_int_equal(pg_rtnl_commit(rtnl), 0);
}

static int set_up(void **state)
{
	struct host *host = calloc(1, sizeof(*host));
	int r;

	assert_non_null(host);
	*state = host;
	host->home = host->netns = -1;
	for (int i = 0; i < CONTAINERS; i++)
		host->containers[i] = -1;
	r = pg_netns_new(&host->netns);
	if (r == -EPERM)
		return 0;
	assert_int_equal(r, 0);
	for (int i = 0; i < CONTAINERS; i++)
		assert_int_equal(pg_netns_new(&host->containers[i]), 0);
	assert_int_equal(pg_netns_self(&host->home), 0);
	assert_int_equal(pg_netns_switch(host->netns), 0);
	make_links(host);
	add_network(host, "bridge", "docker0");
	add_network(host, "shop", "shop0");
	add_endpoint(host, 0, "bridge");
	add_endpoint(host, 1, "bridge");
	add_endpoint(host, 1, "shop");
	return 0;
}

static int tear_down(void **state)
{
	struct host *host = *state;

	if (host->home >= 0)
		assert_int_equal(pg_netns_switch(host->home), 0);
	pg_close_cleanup(&host->home);
	pg_close_cleanup(&host->netns);
	for (int i = 0; i < CONTAINERS; i++)
		pg_close_cleanup(&host->containers[i]);
	pg_docker_state_done(&host->state);
	pg_endpoints_done(&host->endpoints);
	free(host);
	return 0;
}

static struct host *need_root(void **state)
{
	struct host *host = *state;

	if (host->netns < 0) {
		print_message("not root: no namespaces\n");
		skip();
	}
	return host;
}

static void assert_interface(const struct host *host, size_t index, const char *name,
			     uint32_t ifindex)
{
	const struct pg_endpoint *endpoint = &host->endpoints.list.items[index];

	if (name)
		assert_string_equal(endpoint->interface, name);
	else
		assert_null(endpoint->interface);
	assert_int_equal(endpoint->ifindex, ifindex);
}

static void test_veth_on_the_networks_bridge(void **state)
{
	struct host *host = need_root(state);

	assert_int_equal(pg_docker_interfaces(&host->state, &host->endpoints), 0);
	assert_interface(host, 0, "v10", 10);
	assert_interface(host, 1, "v12", 12);
	assert_interface(host, 2, "v70011", 70011);
}

static void test_veth_on_no_bridge_or_another_one(void **state)
{
	struct host *host = need_root(state);

	add_endpoint(host, 2, "bridge");
	add_endpoint(host, 0, "shop");
	assert_int_equal(pg_docker_interfaces(&host->state, &host->endpoints), 0);
	assert_interface(host, 0, "v10", 10);
	assert_interface(host, 3, NULL, 0);
	assert_interface(host, 4, NULL, 0);
	assert_non_null(host->endpoints.list.items[3].netns);
}

/* Two containers may use the same numbers for namespaces in each other: only the host's count. */
static void test_seen_from_another_namespace(void **state)
{
	struct host *host = need_root(state);

	assert_int_equal(pg_netns_switch(host->containers[1]), 0);
	assert_int_equal(pg_docker_interfaces(&host->state, &host->endpoints), 0);
	for (size_t i = 0; i < host->endpoints.list.count; i++)
		assert_interface(host, i, NULL, 0);
}

static void set_netns(struct host *host, size_t index, const char *path)
{
	free(host->endpoints.list.items[index].netns);
	host->endpoints.list.items[index].netns = copy(path);
}

static void test_a_namespace_that_is_gone(void **state)
{
	struct host *host = need_root(state);

	set_netns(host, 0, "/nowhere/netns/123456789abc");
	set_netns(host, 1, "/dev/null");
	assert_int_equal(pg_docker_interfaces(&host->state, &host->endpoints), 0);
	assert_null(host->endpoints.list.items[0].netns);
	assert_null(host->endpoints.list.items[1].netns);
	assert_interface(host, 0, NULL, 0);
	assert_interface(host, 2, "v70011", 70011);
}

/* The path of the sandbox means nothing in another mount namespace; the process may be seen. */
static void test_the_process_shows_the_way(void **state)
{
	struct host *host = need_root(state);
	struct pg_docker_container *container = pg_array_add(&host->state.containers);
	char path[64];

	assert_non_null(container);
	*container = (struct pg_docker_container){ .id = copy("c0"), .pid = (uint32_t)getpid() };
	set_netns(host, 0, "/nowhere/netns/123456789abc");
	/* This process is where the container's other end is. */
	assert_int_equal(pg_netns_switch(host->containers[0]), 0);
	assert_int_equal(pg_docker_interfaces(&host->state, &host->endpoints), 0);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", getpid());
	assert_string_equal(host->endpoints.list.items[0].netns, path);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_veth_on_the_networks_bridge), TEST(test_veth_on_no_bridge_or_another_one),
		TEST(test_seen_from_another_namespace), TEST(test_a_namespace_that_is_gone),
		TEST(test_the_process_shows_the_way),
	};

	return cmocka_run_group_tests_name("docker_interfaces", tests, NULL, NULL);
}
