// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "compat/netns.h"
#include "compat/rtnl.h"
#include "frontend/source/source.h"
#include "tests/unit/frontend/fake_docker.h"

struct fixture {
	char dir[64], path[128];
	struct pg_sources sources;
	struct pg_diags diags;
	struct pg_endpoints endpoints;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/polgen-source.XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	snprintf(fixture->path, sizeof(fixture->path), "%s/endpoints.json", fixture->dir);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	pg_endpoints_done(&fixture->endpoints);
	pg_diags_done(&fixture->diags);
	pg_sources_done(&fixture->sources);
	unlink(fixture->path);
	rmdir(fixture->dir);
	free(fixture);
	return 0;
}

static void write_file(const struct fixture *fixture, const char *text)
{
	_cleanup_fclose_ FILE *file = fopen(fixture->path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
}

static int load(struct fixture *fixture, const char *spec, bool kernel)
{
	struct pg_source_options options = { .kernel = kernel, .interfaces = kernel };

	return pg_source_load(spec, &options, &fixture->sources, &fixture->diags,
			      &fixture->endpoints);
}

static const char *said(const struct fixture *fixture)
{
	return fixture->diags.list.count ? fixture->diags.list.items[0].text : "";
}

static void test_file_is_read_and_finished(void **state)
{
	struct fixture *fixture = *state;
	struct pg_endpoints *endpoints = &fixture->endpoints;

	write_file(fixture,
		   "{\"endpoints\": ["
		   "{\"name\": \"b\", \"labels\": [\"maintainer=x\"], \"ipv4\": \"10.9.0.2\"},"
		   "{\"name\": \"a\", \"labels\": [], \"ipv4\": \"10.9.0.1\"}]}");
	assert_int_equal(load(fixture, fixture->path, false), 0);
	assert_int_equal(endpoints->list.count, 2);
	assert_string_equal(endpoints->list.items[0].name, "a");
	/* What is noise from Docker was meant when somebody wrote it into a file. */
	assert_int_equal(endpoints->list.items[1].labels.list.count, 1);
	assert_int_equal(endpoints->host_addrs.count, 0);
	assert_string_equal(fixture->sources.list.items[0].name, fixture->path);
}

static void test_bad_file_is_bad_input(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "{\"endpoints\": 7}");
	assert_int_equal(load(fixture, fixture->path, false), -EINVAL);
	assert_int_equal(fixture->diags.list.items[0].loc.source, 1);
	assert_int_equal(fixture->endpoints.list.count, 0);
}

static void test_two_endpoints_of_one_address(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "{\"endpoints\": ["
			    "{\"name\": \"a\", \"labels\": [], \"ipv4\": \"10.9.0.1\"},"
			    "{\"name\": \"b\", \"labels\": [], \"ipv4\": \"10.9.0.1\"}]}");
	assert_int_equal(load(fixture, fixture->path, false), -EINVAL);
	assert_int_equal(fixture->diags.errors, 1);
}

static void test_files_that_can_not_be_read(void **state)
{
	struct fixture *fixture = *state;
	uint32_t source = 99;

	assert_int_equal(load(fixture, "/nowhere/e\n.json", false), -ENOENT);
	assert_string_equal(said(fixture),
			    "cannot read '/nowhere/e\\n.json': no such file or directory");
	assert_int_equal(load(fixture, fixture->dir, false), -EISDIR);
	assert_int_equal(pg_source_read("/nowhere", &fixture->sources, &fixture->diags, &source),
			 -ENOENT);
	assert_int_equal(source, 99);
	assert_int_equal(fixture->sources.list.count, 0);
}

static void test_a_file_over_the_limit(void **state)
{
	struct fixture *fixture = *state;
	uint32_t source = 99;

	write_file(fixture, "");
	assert_int_equal(truncate(fixture->path, PG_SOURCE_MAX + 1), 0);
	assert_int_equal(pg_source_read(fixture->path, &fixture->sources, &fixture->diags, &source),
			 -EFBIG);
	assert_non_null(strstr(said(fixture), "' is larger than the 64 MiB that are read"));
	assert_int_equal(source, 99);
}

static void test_standard_input_through_a_pipe(void **state)
{
	static const char text[] = "{\"endpoints\": []}";
	_cleanup_close_ int saved = dup(STDIN_FILENO);
	struct fixture *fixture = *state;
	uint32_t source = 99;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	close(ends[1]);
	assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
	close(ends[0]);
	assert_int_equal(pg_source_read("-", &fixture->sources, &fixture->diags, &source), 0);
	dup2(saved, STDIN_FILENO);
	assert_int_equal(source, 1);
	assert_string_equal(fixture->sources.list.items[0].name, "standard input");
	assert_string_equal(fixture->sources.list.items[0].text, text);
}

static void test_docker_host_is_honoured(void **state)
{
	_cleanup_fake_docker_ struct fake_docker *fake = fake_docker_start("29", NULL);
	struct fixture *fixture = *state;

	setenv("DOCKER_HOST", fake_docker_host(fake), 1);
	assert_int_equal(load(fixture, "docker", false), 0);
	assert_int_equal(fixture->endpoints.list.count, 1);
	setenv("DOCKER_HOST", "unix:///nowhere/docker.sock", 1);
	assert_int_equal(load(fixture, "docker", false), -ENOENT);
	unsetenv("DOCKER_HOST");
	assert_non_null(strstr(said(fixture), "'/nowhere/docker.sock'"));
}

static void test_ignored_labels_can_be_chosen(void **state)
{
	static const char *const patterns[] = { "com.docker.compose.*", NULL };
	static const char *const none[] = { NULL };
	_cleanup_fake_docker_ struct fake_docker *fake = fake_docker_start("20.10", NULL);
	struct pg_source_options options = { .ignored_labels = patterns };
	struct fixture *fixture = *state;
	const struct pg_endpoint *web;

	setenv("DOCKER_HOST", fake_docker_host(fake), 1);
	assert_int_equal(pg_source_load("docker", &options, &fixture->sources, &fixture->diags,
					&fixture->endpoints),
			 0);
	web = pg_endpoints_find(&fixture->endpoints, "shop_web_1");
	assert_int_equal(web->labels.list.count, 1);
	assert_string_equal(web->labels.list.items[0].key, "maintainer");

	pg_endpoints_done(&fixture->endpoints);
	options.ignored_labels = none;
	assert_int_equal(pg_source_load("docker", &options, &fixture->sources, &fixture->diags,
					&fixture->endpoints),
			 0);
	unsetenv("DOCKER_HOST");
	web = pg_endpoints_find(&fixture->endpoints, "shop_web_1");
	assert_int_equal(web->labels.list.count, 9);
}

/* A host with loopback, a bridge with addresses of all kinds, and one more interface. */
static void enter_host(int netns)
{
	static const uint8_t addrs4[][4] = { { 10, 9, 0, 254 }, { 127, 0, 0, 2 }, { 10, 9, 1, 1 } };
	static const uint8_t addrs6[][16] = {
		{ 0xfd, 0, [15] = 1 },
		{ 0xfe, 0x80, [15] = 1 },
	};
	struct pg_rtnl_end bridge = { .name = "br0", .index = 70000, .netns = -1 };
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;

	assert_int_equal(pg_netns_switch(netns), 0);
	assert_int_equal(pg_rtnl_new(&rtnl), 0);
	pg_rtnl_set_up(rtnl, 1);
	pg_rtnl_add_bridge(rtnl, &bridge);
	for (size_t i = 0; i < PG_COUNT(addrs4); i++)
		pg_rtnl_add_addr(rtnl, 70000, AF_INET, addrs4[i], 24);
	for (size_t i = 0; i < PG_COUNT(addrs6); i++)
		pg_rtnl_add_addr(rtnl, 70000, AF_INET6, addrs6[i], 64);
	assert_int_equal(pg_rtnl_commit(rtnl), 0);
}

static void assert_host_addrs(const struct pg_endpoints *endpoints, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	char text[PG_ADDR_TEXT_MAX];

	pg_array_foreach(addr, &endpoints->host_addrs)
		pg_strbuf_printf(&buf, "%s ", pg_addr_format(addr, text));
	assert_string_equal(buf.text, wanted);
}

static void test_what_the_kernel_adds(void **state)
{
	_cleanup_close_ int netns = -1, home = -1;
	struct fixture *fixture = *state;
	int r = pg_netns_new(&netns);

	if (r == -EPERM) {
		print_message("not root: no namespaces\n");
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(pg_netns_self(&home), 0);
	enter_host(netns);
	write_file(fixture, "{\"endpoints\": ["
			    "{\"name\": \"a\", \"labels\": [], \"ipv4\": \"10.9.0.1\","
			    " \"interface\": \"br0\"},"
			    "{\"name\": \"b\", \"labels\": [], \"ipv4\": \"10.9.0.2\","
			    " \"interface\": \"gone0\"},"
			    "{\"name\": \"c\", \"labels\": [], \"ipv4\": \"10.9.0.3\"}]}");
	r = load(fixture, fixture->path, true);
	assert_int_equal(pg_netns_switch(home), 0);
	assert_int_equal(r, 0);
	assert_host_addrs(&fixture->endpoints, "10.9.0.254 10.9.1.1 fd00::1 ");
	assert_int_equal(fixture->endpoints.list.items[0].ifindex, 70000);
	assert_int_equal(fixture->endpoints.list.items[1].ifindex, 0);
	assert_int_equal(fixture->endpoints.list.items[2].ifindex, 0);
	assert_int_equal(fixture->diags.list.count, 0);
}

static void test_a_file_that_lists_the_host_has_the_last_word(void **state)
{
	_cleanup_close_ int netns = -1, home = -1;
	struct fixture *fixture = *state;
	int r = pg_netns_new(&netns);

	if (r == -EPERM) {
		print_message("not root: no namespaces\n");
		skip();
	}
	assert_int_equal(pg_netns_self(&home), 0);
	enter_host(netns);
	write_file(fixture, "{\"endpoints\": [], \"host\": {\"addresses\":"
			    " [\"192.0.2.1\", \"10.9.0.254\", \"fd00::1\"]}}");
	r = load(fixture, fixture->path, true);
	assert_int_equal(pg_netns_switch(home), 0);
	assert_int_equal(r, 0);
	assert_host_addrs(&fixture->endpoints, "192.0.2.1 10.9.0.254 fd00::1 ");
	assert_int_equal(fixture->diags.list.count, 1);
	assert_string_equal(said(fixture),
			    "this host has the address '10.9.1.1', which 'host' in the endpoints "
			    "file doesn't list: it counts as world");
}

static void test_an_endpoint_with_an_address_of_the_host(void **state)
{
	_cleanup_close_ int netns = -1, home = -1;
	struct fixture *fixture = *state;
	int r = pg_netns_new(&netns);

	if (r == -EPERM) {
		print_message("not root: no namespaces\n");
		skip();
	}
	assert_int_equal(pg_netns_self(&home), 0);
	enter_host(netns);
	write_file(fixture, "{\"endpoints\": ["
			    "{\"name\": \"a\", \"labels\": [], \"ipv4\": \"10.9.1.1\"}]}");
	r = load(fixture, fixture->path, true);
	assert_int_equal(pg_netns_switch(home), 0);
	assert_int_equal(r, -EINVAL);
	assert_string_equal(said(fixture), "endpoint 'a' has the address '10.9.1.1' of the host");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_file_is_read_and_finished),
		TEST(test_bad_file_is_bad_input),
		TEST(test_two_endpoints_of_one_address),
		TEST(test_files_that_can_not_be_read),
		TEST(test_a_file_over_the_limit),
		TEST(test_standard_input_through_a_pipe),
		TEST(test_docker_host_is_honoured),
		TEST(test_ignored_labels_can_be_chosen),
		TEST(test_what_the_kernel_adds),
		TEST(test_a_file_that_lists_the_host_has_the_last_word),
		TEST(test_an_endpoint_with_an_address_of_the_host),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
