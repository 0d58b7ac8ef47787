// SPDX-License-Identifier: GPL-2.0-only
/* Answers as Docker would never give them, and labels as anybody may give them to a container. */
#include "tests/unit/unit.h"

#include "frontend/source/docker.h"

/* What an answer has besides what a test is about. */
#define HEAD  "\"Id\": \"abc123\", \"Name\": \"/web\", "
#define STATE "\"State\": {\"Running\": true, \"Pid\": 42}"

static int parse(const char *text, struct pg_diags *diags, struct pg_docker_container *container)
{
	return pg_docker_parse_container(text, strlen(text), NULL, diags, container);
}

static void assert_refused(const char *text, const char *why)
{
	struct pg_docker_container container = { .pid = 99 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(parse(text, &diags, &container), -EBADMSG);
	assert_int_equal(container.pid, 99);
	assert_int_equal(diags.errors, 1);
	assert_string_equal(diags.list.items[0].text, why);
}

static void test_wrong_types_and_missing_members(void **state)
{
	(void)state;
	assert_refused("",
		       "bad answer from Docker about a container: not JSON at line 1, column 0");
	assert_refused("[]", "bad answer from Docker about a container: it is not an object");
	assert_refused("{}", "bad answer from Docker about a container: '' is no id");
	assert_refused("{\"Id\": \"../../networks\"}",
		       "bad answer from Docker about a container: '../../networks' is no id");
	assert_refused("{\"Id\": \"a\\u0000b\"}",
		       "bad answer from Docker about a container: 'Id' holds a NUL byte");
	assert_refused("{\"Id\": \"a\", \"Id\": \"b\"}",
		       "bad answer from Docker about a container: not JSON at line 1, column 16");
	assert_refused("{\"Id\": \"abc\", \"Name\": [7]}",
		       "bad answer from Docker about a container: 'Name' is not a string");
	assert_refused("{" HEAD "\"State\": \"running\"}",
		       "bad answer from Docker about container 'web': 'State' is not an object");
	assert_refused("{" HEAD "\"State\": {\"Running\": 1}}",
		       "bad answer from Docker about container 'web': 'Running' is not a boolean");
	assert_refused("{" HEAD "\"State\": {}}",
		       "bad answer from Docker about container 'web': 'State' has no 'Running'");
	assert_refused("{" HEAD "\"State\": null}",
		       "bad answer from Docker about container 'web': 'State' has no 'Running'");
	assert_refused("{" HEAD "\"State\": {\"Running\": true, \"Pid\": -1}}",
		       "bad answer from Docker about container 'web': 'Pid' is out of range");
	assert_refused("{" HEAD "\"State\": {\"Running\": true, \"Pid\": 4294967338}}",
		       "bad answer from Docker about container 'web': 'Pid' is out of range");
	assert_refused("{" HEAD STATE ", \"Config\": {\"Labels\": [\"a=b\"]}}",
		       "bad answer from Docker about container 'web': 'Labels' is not an object");
	assert_refused("{" HEAD STATE ", \"Config\": {\"Labels\": {\"a\": 1}}}",
		       "bad answer from Docker about container 'web': 'a' is not a string");
}

#define NETWORK(text) \
	"{" HEAD STATE ", \"NetworkSettings\": {\"Networks\": {\"bridge\": " text "}}}"

static void test_addresses(void **state)
{
	(void)state;
	assert_refused(NETWORK("{\"IPAddress\": \"10.0.0\"}"),
		       "bad answer from Docker about container 'web': "
		       "'IPAddress' is '10.0.0', no IPv4 address");
	assert_refused(NETWORK("{\"IPAddress\": \"fd00::1\"}"),
		       "bad answer from Docker about container 'web': "
		       "'IPAddress' is 'fd00::1', no IPv4 address");
	assert_refused(NETWORK("{\"GlobalIPv6Address\": \"10.0.0.1\\u001b[2J\"}"),
		       "bad answer from Docker about container 'web': "
		       "'GlobalIPv6Address' is '10.0.0.1\\x1b[2J', no IPv6 address");
	assert_refused(NETWORK("7"),
		       "bad answer from Docker about container 'web': 'bridge' is not an object");
}

static void test_null_is_nothing(void **state)
{
	_cleanup_docker_container_ struct pg_docker_container container = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	(void)state;
	assert_int_equal(parse("{" HEAD STATE ", \"Config\": null, \"HostConfig\": null,"
			       "\"NetworkSettings\": {\"Networks\": {\"x\": null}}}",
			       &diags, &container),
			 0);
	assert_int_equal(diags.list.count, 0);
	assert_string_equal(container.mode, "");
	assert_string_equal(container.sandbox, "");
	assert_int_equal(container.pid, 42);
	assert_int_equal(container.attachments.count, 1);
	assert_int_equal(container.attachments.items[0].ipv4.family, 0);
}

static void test_odd_names(void **state)
{
	static const char *const names[] = { "",	"/",	      "/a b",	  "/-x",
					     "/a@shop", "/a\\u001bb", "/\\u00e9", "//a" };

	(void)state;
	for (size_t i = 0; i < PG_COUNT(names); i++) {
		_cleanup_docker_container_ struct pg_docker_container container = { 0 };
		_cleanup_diags_ struct pg_diags diags = { 0 };
		char text[128];

		snprintf(text, sizeof(text), "{\"Id\": \"abc123\", \"Name\": \"%s\", " STATE "}",
			 names[i]);
		assert_int_equal(parse(text, &diags, &container), 0);
		assert_string_equal(container.name, "abc123");
		assert_int_equal(diags.warnings, 1);
	}
}

static char *labels_of(const char *labels, struct pg_diags *diags)
{
	_cleanup_docker_container_ struct pg_docker_container container = { 0 };
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	struct pg_strbuf shown = { 0 };

	pg_strbuf_printf(&text, "{" HEAD STATE ", \"Config\": {\"Labels\": {%s}}}", labels);
	assert_int_equal(parse(text.text, diags, &container), 0);
	pg_labels_format(&container.labels, &shown);
	return pg_strbuf_take(&shown);
}

static void assert_label_left_out(const char *label, const char *why)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_strbuf_ struct pg_strbuf both = { 0 };
	_cleanup_free_ char *shown = NULL;

	pg_strbuf_printf(&both, "\"z\": \"kept\", %s", label);
	shown = labels_of(both.text, &diags);
	assert_string_equal(shown, "container:z=kept");
	assert_int_equal(diags.list.count, 1);
	assert_int_equal(diags.warnings, 1);
	assert_string_equal(diags.list.items[0].text, why);
}

static void test_labels_that_can_not_be(void **state)
{
	_cleanup_strbuf_ struct pg_strbuf large = { 0 };

	(void)state;
	assert_label_left_out("\"\": \"x\"",
			      "label '' of container 'web' is left out: its key is empty");
	assert_label_left_out("\"a=b\": \"x\"",
			      "label 'a=b' of container 'web' is left out: its key holds a '='");
	assert_label_left_out("\"a\\nb\": \"x\\u0000y\"",
			      "label 'a\\nb' of container 'web' is left out: "
			      "its value holds a NUL byte");
	pg_strbuf_puts(&large, "\"big\": \"");
	for (int i = 0; i < PG_LABEL_MAX; i++)
		pg_strbuf_putc(&large, 'x');
	pg_strbuf_putc(&large, '"');
	assert_label_left_out(large.text,
			      "label 'big' of container 'web' is left out: it is too long");
}

static void test_labels_that_look_like_others(void **state)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_free_ char *shown = labels_of("\"reserved:host\": \"\", \"k8s:app\": \"x\","
					       "\"container:a\": \"1\", \"a\": \"2\"",
					       &diags);

	(void)state;
	assert_string_equal(shown, "container:a=2,container:container:a=1,"
				   "container:k8s:app=x,container:reserved:host=");
	assert_int_equal(diags.list.count, 0);
}

static char *many_labels(size_t count)
{
	struct pg_strbuf text = { 0 };

	pg_strbuf_puts(&text, "{" HEAD STATE ", \"Config\": {\"Labels\": {");
	for (size_t i = 0; i < count; i++)
		pg_strbuf_printf(&text, "%s\"l%zu\": \"\"", i ? "," : "", i);
	pg_strbuf_puts(&text, "}}}");
	return pg_strbuf_take(&text);
}

static void test_too_many_labels(void **state)
{
	_cleanup_free_ char *most = many_labels(PG_LABELS_MAX), *over = NULL;
	_cleanup_docker_container_ struct pg_docker_container container = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	(void)state;
	assert_int_equal(parse(most, &diags, &container), 0);
	assert_int_equal(container.labels.list.count, PG_LABELS_MAX);
	over = many_labels(PG_LABELS_MAX + 1);
	assert_refused(over, "bad answer from Docker about container 'web': "
			     "it has more than 1024 labels");
}

static void test_patterns_of_ignored_labels(void **state)
{
	static const char text[] = "{" HEAD STATE ", \"Config\": {\"Labels\": {"
				   "\"desktop.docker.io/binds/0/Source\": \"/home/me\","
				   "\"com.docker.swarm.task.name\": \"x\","
				   "\"com.docker.swarm.taskforce\": \"x\","
				   "\"org.opencontainers.image.version\": \"1\\u0000\"}}}";
	_cleanup_docker_container_ struct pg_docker_container container = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	(void)state;
	assert_int_equal(pg_docker_parse_container(text, strlen(text), pg_ignored_labels_default,
						   &diags, &container),
			 0);
	assert_int_equal(diags.list.count, 0);
	assert_int_equal(container.labels.list.count, 1);
	assert_string_equal(container.labels.list.items[0].key, "com.docker.swarm.taskforce");
}

static int parse_networks(const char *text, struct pg_diags *diags, struct pg_docker_state *state)
{
	return pg_docker_parse_networks(text, strlen(text), diags, state);
}

static void test_bridges(void **state)
{
	static const char text[] =
		"[{\"Id\": \"0123456789abcdef\", \"Name\": \"shop\", \"Driver\": \"bridge\"},"
		"{\"Id\": \"b\", \"Name\": \"x\", \"Driver\": \"bridge\","
		" \"Options\": {\"com.docker.network.bridge.name\": \"shop0\"}},"
		"{\"Id\": \"c\", \"Name\": \"y\", \"Driver\": \"overlay\", \"Options\": null}]";
	_cleanup_docker_state_ struct pg_docker_state parsed = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	(void)state;
	assert_int_equal(parse_networks(text, &diags, &parsed), 0);
	assert_int_equal(parsed.networks.count, 3);
	assert_string_equal(parsed.networks.items[0].bridge, "br-0123456789ab");
	assert_string_equal(parsed.networks.items[1].bridge, "shop0");
	assert_null(parsed.networks.items[2].bridge);
}

static void test_bridges_no_interface_could_be_named(void **state)
{
	static const char *const names[] = { "..", "a/b", "a b", "sixteen-or-more-x",
					     "a\\u001bb:" };

	(void)state;
	for (size_t i = 0; i < PG_COUNT(names); i++) {
		_cleanup_docker_state_ struct pg_docker_state parsed = { 0 };
		_cleanup_diags_ struct pg_diags diags = { 0 };
		char text[256];

		snprintf(text, sizeof(text),
			 "[{\"Id\": \"b\", \"Driver\": \"bridge\", \"Options\": "
			 "{\"com.docker.network.bridge.name\": \"%s\"}}]",
			 names[i]);
		assert_int_equal(parse_networks(text, &diags, &parsed), -EBADMSG);
		assert_non_null(strstr(diags.list.items[0].text, "is no interface name"));
	}
}

/* Many of a kind make one line. */
static void test_what_is_left_out_is_said_shortly(void **state)
{
	_cleanup_docker_state_ struct pg_docker_state parsed = { 0 };
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	(void)state;
	for (int i = 0; i < 30; i++) {
		struct pg_docker_container *container = pg_array_add(&parsed.containers);
		char text[256];

		assert_non_null(container);
		snprintf(text, sizeof(text),
			 "{\"Id\": \"id%d\", \"Name\": \"/c%d\", " STATE ","
			 "\"HostConfig\": {\"NetworkMode\": \"container:id0\"}}",
			 i, i);
		assert_int_equal(parse(text, &diags, container), 0);
	}
	assert_int_equal(pg_docker_endpoints(&parsed, &diags, &endpoints), 0);
	assert_int_equal(endpoints.list.count, 0);
	assert_int_equal(diags.list.count, 1);
	assert_string_equal(diags.list.items[0].text,
			    "left out, in another container's network, judged as that one: "
			    "'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7' and 22 more");
}

static void test_networks_without_a_name_or_an_address(void **state)
{
	static const char text[] =
		"{" HEAD STATE ", \"NetworkSettings\": {\"Networks\": {"
		"\"a\": {\"NetworkID\": \"a\"},"
		"\"b\": {\"NetworkID\": \"unknown\", \"IPAddress\": \"10.0.0.1\"},"
		"\"c\": {\"IPAddress\": \"10.0.0.2\"}}}}";
	_cleanup_docker_state_ struct pg_docker_state parsed = { 0 };
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	(void)state;
	assert_int_equal(parse_networks("[{\"Id\": \"a\", \"Name\": \"a\", \"Driver\": \"bridge\"},"
					"{\"Id\": \"c\", \"Name\": \"c\", \"Driver\": \"bridge\"}]",
					&diags, &parsed),
			 0);
	assert_int_equal(parse(text, &diags, pg_array_add(&parsed.containers)), 0);
	assert_int_equal(pg_docker_endpoints(&parsed, &diags, &endpoints), 0);
	/* Its name doesn't depend on which of its networks has an address just now. */
	assert_int_equal(endpoints.list.count, 1);
	assert_string_equal(endpoints.list.items[0].name, "web@c");
	assert_string_equal(endpoints.list.items[0].netns, "/proc/42/ns/net");
	assert_int_equal(diags.warnings, 2);
	assert_string_equal(diags.list.items[0].text,
			    "left out, on a network that Docker does not list: 'web'");
	assert_string_equal(diags.list.items[1].text,
			    "left out, without an address, not judged: 'web'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_types_and_missing_members),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_null_is_nothing),
		cmocka_unit_test(test_odd_names),
		cmocka_unit_test(test_labels_that_can_not_be),
		cmocka_unit_test(test_labels_that_look_like_others),
		cmocka_unit_test(test_too_many_labels),
		cmocka_unit_test(test_patterns_of_ignored_labels),
		cmocka_unit_test(test_bridges),
		cmocka_unit_test(test_bridges_no_interface_could_be_named),
		cmocka_unit_test(test_what_is_left_out_is_said_shortly),
		cmocka_unit_test(test_networks_without_a_name_or_an_address),
	};

	return cmocka_run_group_tests_name("docker_answer", tests, NULL, NULL);
}
