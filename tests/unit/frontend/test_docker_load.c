// SPDX-License-Identifier: GPL-2.0-only
/* Endpoints from a Docker Engine of several versions, and from one that misbehaves. */
#include "tests/unit/unit.h"

#include <stdarg.h>

#include "frontend/source/docker.h"
#include "tests/unit/frontend/fake_docker.h"

struct loaded {
	int r;
	struct pg_endpoints endpoints;
	struct pg_diags diags;
	char *lines, *said;
};

static void loaded_done(struct loaded *loaded)
{
	pg_endpoints_done(&loaded->endpoints);
	pg_diags_done(&loaded->diags);
	free(loaded->lines);
	free(loaded->said);
}
#define _cleanup_loaded_ PG_CLEANUP(loaded_done)

/* "name network ipv4 ipv6 netns labels", a line an endpoint. */
static char *list_endpoints(const struct pg_endpoints *endpoints)
{
	struct pg_strbuf buf = { 0 };
	char text[PG_ADDR_TEXT_MAX];

	pg_array_foreach(endpoint, &endpoints->list) {
		pg_strbuf_printf(&buf, "%s %s", endpoint->name, endpoint->network);
		pg_strbuf_printf(&buf, " %s",
				 endpoint->ipv4.family ? pg_addr_format(&endpoint->ipv4, text)
						       : "-");
		pg_strbuf_printf(&buf, " %s ",
				 endpoint->ipv6.family ? pg_addr_format(&endpoint->ipv6, text)
						       : "-");
		pg_labels_format(&endpoint->labels, &buf);
		pg_strbuf_putc(&buf, '\n');
	}
	return pg_strbuf_take(&buf);
}

static char *list_diags(const struct pg_diags *diags)
{
	static const char *const names[] = { "note", "warning", "error" };
	struct pg_strbuf buf = { 0 };

	pg_array_foreach(diag, &diags->list)
		pg_strbuf_printf(&buf, "%s: %s\n", names[diag->severity], diag->text);
	return pg_strbuf_take(&buf);
}

static struct loaded load_with(const char *host, bool kernel)
{
	struct pg_docker_options options = {
		.host = host,
		.answer_ms = 300,
		.ignored = pg_ignored_labels_default,
		.kernel = kernel,
	};
	struct loaded loaded = { 0 };

	loaded.r = pg_docker_load(&options, &loaded.diags, &loaded.endpoints);
	loaded.lines = list_endpoints(&loaded.endpoints);
	loaded.said = list_diags(&loaded.diags);
	return loaded;
}

static struct loaded load_from(const char *host)
{
	return load_with(host, false);
}

static struct loaded load(const char *folder, const struct fake_rule *rules)
{
	_cleanup_fake_docker_ struct fake_docker *fake = fake_docker_start(folder, rules);

	return load_from(fake_docker_host(fake));
}

static void assert_loads(const char *folder, const char *lines, const char *said)
{
	_cleanup_loaded_ struct loaded loaded = load(folder, NULL);

	assert_string_equal(loaded.said, said);
	assert_int_equal(loaded.r, 0);
	assert_string_equal(loaded.lines, lines);
}

static void test_20_10(void **state)
{
	(void)state;
	assert_loads("20.10",
		     "app1 bridge 172.17.0.2 - container:id=app1\n"
		     "shop_api_1@shop_back shop_back 172.19.0.2 - "
		     "container:com.docker.compose.oneoff=False,"
		     "container:com.docker.compose.project=shop,"
		     "container:com.docker.compose.service=api\n"
		     "shop_api_1@shop_front shop_front 172.18.0.2 - "
		     "container:com.docker.compose.oneoff=False,"
		     "container:com.docker.compose.project=shop,"
		     "container:com.docker.compose.service=api\n"
		     "shop_web_1 shop_front 172.18.0.3 - "
		     "container:com.docker.compose.oneoff=False,"
		     "container:com.docker.compose.project=shop,"
		     "container:com.docker.compose.service=web\n"
		     "shop_web_2 shop_front 172.18.0.4 - "
		     "container:com.docker.compose.oneoff=False,"
		     "container:com.docker.compose.project=shop,"
		     "container:com.docker.compose.service=web\n",
		     "note: left out, in the host's network, judged as the host: 'node-exporter'\n"
		     "note: left out, in another container's network, judged as that one: "
		     "'sidecar'\n"
		     "note: left out, on no network: 'batch'\n");
}

static void test_24_swarm_and_ipv6(void **state)
{
	(void)state;
	assert_loads("24",
		     "api.1.x7k2 bridge 172.17.0.2 - container:com.docker.stack.namespace=shop,"
		     "container:com.docker.swarm.service.name=api\n"
		     "dual v6 172.20.0.2 fd00:20::2 container:id=dual\n",
		     "warning: left out, on a network that is no bridge, not judged there: "
		     "'api.1.x7k2'\n");
}

static void test_27_states(void **state)
{
	(void)state;
	assert_loads("27",
		     "paused bridge 172.17.0.3 - container:tier=back\n"
		     "web bridge 172.17.0.2 - container:tier=front\n",
		     "note: left out, ended while Docker was asked: 'crashing'\n"
		     "warning: left out, on a network that is no bridge, not judged there: "
		     "'printer'\n");
}

static void test_28_ipv6_only_and_odd_labels(void **state)
{
	(void)state;
	assert_loads("28",
		     "only6 six - fd00:28::2 \n"
		     "web bridge 172.17.0.2 - container:a:b=c=d,"
		     "container:quote\"and\\nnewline=\\t\"\\\n",
		     "");
}

static void test_29_without_the_old_fields(void **state)
{
	(void)state;
	assert_loads("29", "web bridge 172.17.0.2 - container:tier=front\n", "");
}

static void test_versions_are_negotiated(void **state)
{
	_cleanup_fake_docker_ struct fake_docker *old = fake_docker_start("20.10", NULL);
	_cleanup_fake_docker_ struct fake_docker *new = fake_docker_start("29", NULL);
	_cleanup_loaded_ struct loaded from_old = load_from(fake_docker_host(old));
	_cleanup_loaded_ struct loaded from_new = load_from(fake_docker_host(new));

	(void)state;
	assert_int_equal(from_old.r, 0);
	assert_int_equal(from_new.r, 0);
	assert_non_null(strstr(fake_docker_asked(old), "/version\n/v1.41/containers/json\n"));
	assert_non_null(strstr(fake_docker_asked(new), "/version\n/v1.52/containers/json\n"));
}

static void test_no_common_version(void **state)
{
	static const struct fake_rule ancient[] = {
		{ "/version", FAKE_ANSWER, 200, "{\"ApiVersion\": \"1.23\"}", 0 },
		{ 0 },
	};
	static const struct fake_rule future[] = {
		{ "/version", FAKE_ANSWER, 200,
		  "{\"ApiVersion\": \"1.99\", \"MinAPIVersion\": \"1.90\"}", 0 },
		{ 0 },
	};
	_cleanup_loaded_ struct loaded old = load("29", ancient), new = load("29", future);

	(void)state;
	assert_int_equal(old.r, -EPROTONOSUPPORT);
	assert_int_equal(new.r, -EPROTONOSUPPORT);
	assert_string_equal(new.said, "error: Docker speaks versions 1.90 to 1.99 of its API, "
				      "polgen 1.24 to 1.52\n");
}

static void test_a_container_that_vanishes_is_noted(void **state)
{
	static const struct fake_rule gone[] = {
		{ "/containers/74cf8cb2e0e7a2e4e5f7d8d4aeb1c3e0/json", FAKE_ANSWER, 404, "{}", 0 },
		{ "/containers/json", FAKE_ANSWER, 200,
		  "[{\"Id\": \"74cf8cb2e0e7a2e4e5f7d8d4aeb1c3e0\"}]", 0 },
		{ 0 },
	};
	_cleanup_loaded_ struct loaded loaded = load("29", gone);

	(void)state;
	assert_int_equal(loaded.r, 0);
	assert_string_equal(loaded.lines, "");
	assert_string_equal(loaded.said,
			    "note: left out, ended while Docker was asked: '74cf8cb2e0e7'\n");
}

/* A running container whose process and sandbox are nowhere: no process has the number PID_MAX. */
#define NOWHERE                                                                                   \
	"{\"Id\": \"abc\", \"Name\": \"/web\", \"State\": {\"Running\": true, \"Pid\": 4194304}," \
	" \"NetworkSettings\": {\"SandboxKey\": \"/nowhere/netns/1\", \"Networks\":"              \
	" {\"bridge\": {\"IPAddress\": \"172.17.0.2\"}}}}"

static void test_a_namespace_that_is_not_to_be_seen(void **state)
{
	static const struct fake_rule rules[] = {
		{ "/containers/abc/json", FAKE_ANSWER, 200, NOWHERE, 0 },
		{ "/containers/json", FAKE_ANSWER, 200, "[{\"Id\": \"abc\"}]", 0 },
		{ 0 },
	};
	_cleanup_fake_docker_ struct fake_docker *fake = fake_docker_start("29", rules);
	_cleanup_loaded_ struct loaded loaded = load_with(fake_docker_host(fake), true);

	(void)state;
	assert_int_equal(loaded.r, 0);
	/* It runs, so it must not be forgotten. */
	assert_string_equal(loaded.lines, "web bridge 172.17.0.2 - \n");
	assert_null(loaded.endpoints.list.items[0].interface);
	assert_string_equal(loaded.said, "warning: no network namespace is where Docker says it "
					 "is, of: 'web'\n");
}

static void test_a_container_that_ends_after_its_inspection(void **state)
{
	static const struct fake_rule rules[] = {
		{ "/containers/abc/json", FAKE_ANSWER, 200, NOWHERE, 1 },
		{ "/containers/abc/json", FAKE_ANSWER, 404, "{}", 0 },
		{ "/containers/json", FAKE_ANSWER, 200, "[{\"Id\": \"abc\"}]", 0 },
		{ 0 },
	};
	_cleanup_fake_docker_ struct fake_docker *fake = fake_docker_start("29", rules);
	_cleanup_loaded_ struct loaded loaded = load_with(fake_docker_host(fake), true);

	(void)state;
	assert_int_equal(loaded.r, 0);
	assert_string_equal(loaded.lines, "");
	assert_string_equal(loaded.said, "note: left out, ended while Docker was asked: 'web'\n");
}

static void assert_fails(const struct fake_rule *rules, int error, const char *said)
{
	_cleanup_loaded_ struct loaded loaded = load("29", rules);

	assert_non_null(strstr(loaded.said, said));
	assert_int_equal(loaded.r, error);
	assert_int_equal(loaded.diags.errors, 1);
}

static void test_answers_that_do_not_come(void **state)
{
	static const struct fake_rule silent[] = { { "/version", FAKE_SILENT, 0, NULL, 0 }, { 0 } };
	static const struct fake_rule cut[] = { { "/networks", FAKE_CUT, 0, NULL, 0 }, { 0 } };
	static const struct fake_rule garbage[] = { { "/version", FAKE_GARBAGE, 0, NULL, 0 },
						    { 0 } };

	(void)state;
	assert_fails(silent, -ETIMEDOUT, "does not answer to '/version'");
	assert_fails(cut, -EIO, "broke off its answer to '/networks'");
	assert_fails(garbage, -EIO, "broke off its answer to '/version'");
}

static void test_an_endless_answer_has_an_end(void **state)
{
	static const struct fake_rule rules[] = {
		{ "/containers/json", FAKE_ENDLESS, 0, NULL, 0 },
		{ 0 },
	};
	_cleanup_fake_docker_ struct fake_docker *fake = fake_docker_start("29", rules);
	struct pg_docker_options options = { .host = fake_docker_host(fake) };
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	(void)state;
	assert_int_equal(pg_docker_load(&options, &diags, &endpoints), -EFBIG);
	assert_string_equal(diags.list.items[0].text,
			    "Docker's answer to '/containers/json' is larger than 64 MiB");
}

static void test_refusals_are_told_in_dockers_words(void **state)
{
	static const struct fake_rule rules[] = {
		{ "/networks", FAKE_ANSWER, 500, "{\"message\": \"layer\\u001b[31m broken\"}", 0 },
		{ 0 },
	};
	static const struct fake_rule not_docker[] = {
		{ "/version", FAKE_ANSWER, 404, "<html>", 0 },
		{ 0 },
	};
	static const struct fake_rule redirect[] = {
		{ "/version", FAKE_ANSWER, 301, "", 0 },
		{ 0 },
	};

	(void)state;
	assert_fails(rules, -EREMOTEIO,
		     "Docker refuses '/networks' with status 500: layer\\x1b[31m broken\n");
	assert_fails(not_docker, -EREMOTEIO, "'/version' is not found: is this Docker?\n");
	assert_fails(redirect, -EREMOTEIO, "Docker refuses '/version' with status 301\n");
}

static void test_bad_answers_name_what_is_bad(void **state)
{
	static const struct fake_rule networks[] = {
		{ "/networks", FAKE_ANSWER, 200, "[{\"Id\": \"a\", \"Driver\": 7}]", 0 },
		{ 0 },
	};
	static const struct fake_rule text[] = {
		{ "/containers/json", FAKE_ANSWER, 200, "not json", 0 },
		{ 0 },
	};

	(void)state;
	assert_fails(networks, -EBADMSG,
		     "bad answer from Docker about its networks: 'Driver' is not a string\n");
	assert_fails(text, -EBADMSG, "bad answer from Docker about its containers: not JSON at ");
}

static void test_docker_that_is_not_there(void **state)
{
	_cleanup_loaded_ struct loaded missing = load_from("unix:///nowhere/docker.sock");
	/* tcpmux: nobody listens there */
	_cleanup_loaded_ struct loaded refused = load_from("tcp://127.0.0.1:1");

	(void)state;
	assert_int_equal(missing.r, -ENOENT);
	assert_string_equal(missing.said, "error: cannot reach Docker at '/nowhere/docker.sock': "
					  "no such file or directory; is dockerd running?\n");
	assert_int_equal(refused.r, -ECONNREFUSED);
	assert_string_equal(refused.said, "error: cannot reach Docker at 'tcp://127.0.0.1:1': "
					  "connection refused; is dockerd running?\n");
}

static void assert_host_refused(const char *host, const char *why)
{
	_cleanup_loaded_ struct loaded loaded = load_from(host);

	assert_non_null(strstr(loaded.said, why));
	assert_int_equal(loaded.r, -EPROTONOSUPPORT);
}

static void test_hosts_that_can_not_be_asked(void **state)
{
	char path[200] = "unix:///";

	(void)state;
	assert_host_refused("ssh://me@there", "error: cannot use DOCKER_HOST 'ssh://me@there': "
					      "only unix:// and tcp:// are supported\n");
	assert_host_refused("npipe:////./pipe/docker_engine", "only unix:// and tcp://");
	assert_host_refused("/var/run/docker.sock", "only unix:// and tcp://");
	assert_host_refused("unix://docker.sock", "is not absolute");
	memset(path + strlen(path), 'x', 150);
	assert_host_refused(path, "is too long");
	assert_host_refused("tcp://10.1.2.3:2375", "not on this machine");
	assert_host_refused("tcp://example.org", "not on this machine");
	assert_host_refused("tcp://127.0.0.1.example.org:2375", "not on this machine");
	assert_host_refused("tcp://127.0.0.1@example.org:2375", "not on this machine");
	assert_host_refused("tcp://127.0.0.1:99999", "its port");
	assert_host_refused("tcp://127.0.0.1:0", "its port");
	assert_host_refused("tcp://127.0.0.1:", "its port");
	assert_host_refused("tcp://127.0.0.1:2375/v1", "it has a path");
	setenv("DOCKER_TLS_VERIFY", "1", 1);
	assert_host_refused("tcp://127.0.0.1:2376", "TLS is not supported");
	unsetenv("DOCKER_TLS_VERIFY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_20_10),
		cmocka_unit_test(test_24_swarm_and_ipv6),
		cmocka_unit_test(test_27_states),
		cmocka_unit_test(test_28_ipv6_only_and_odd_labels),
		cmocka_unit_test(test_29_without_the_old_fields),
		cmocka_unit_test(test_versions_are_negotiated),
		cmocka_unit_test(test_no_common_version),
		cmocka_unit_test(test_a_container_that_vanishes_is_noted),
		cmocka_unit_test(test_a_namespace_that_is_not_to_be_seen),
		cmocka_unit_test(test_a_container_that_ends_after_its_inspection),
		cmocka_unit_test(test_answers_that_do_not_come),
		cmocka_unit_test(test_an_endless_answer_has_an_end),
		cmocka_unit_test(test_refusals_are_told_in_dockers_words),
		cmocka_unit_test(test_bad_answers_name_what_is_bad),
		cmocka_unit_test(test_docker_that_is_not_there),
		cmocka_unit_test(test_hosts_that_can_not_be_asked),
	};

	return cmocka_run_group_tests_name("docker_load", tests, NULL, NULL);
}
