// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "policy/http.h"

static void assert_path(const char *path, const char *wanted)
{
	_cleanup_free_ char *normal = pg_http_normalise_path(path);

	assert_string_equal(normal, wanted);
}

static void test_paths_are_normalised(void **state)
{
	(void)state;
	assert_path("/public/../private", "/private");
	assert_path("/a/b/c/./../../g", "/a/g");
	assert_path("/a/b/..", "/a/");
	assert_path("/a/b/.", "/a/b/");
	assert_path("/..", "/");
	assert_path("/../../x", "/x");
	assert_path("/a//b///c", "/a/b/c");
	assert_path("//", "/");
	assert_path("/a//../b", "/a/b");
	assert_path("mid/content=5/../6", "mid/6");
	assert_path("/...", "/...");
	assert_path("/.a/..b", "/.a/..b");
	assert_path("", "");
}

static void test_percent_encoding(void **state)
{
	(void)state;
	assert_path("/%70ublic", "/public");
	assert_path("/public/%2e%2E/private", "/private");
	assert_path("/a%2fb", "/a%2Fb");
	assert_path("/%7e%5f%2d", "/~_-");
	assert_path("/%", "/%");
	assert_path("/%4", "/%4");
	assert_path("/%zz%4g", "/%zz%4g");
	assert_path("/%00", "/%00");
	assert_path("/%2541", "/%2541");
	assert_path("/x?a=/../b", "/x");
	assert_path("/x#f", "/x");
}

static struct pg_http_rule *add_rule(struct pg_http_list *list)
{
	struct pg_http_rule *rule = pg_array_add(&list->rules);

	assert_non_null(rule);
	return rule;
}

static void list_done(struct pg_http_list *list)
{
	pg_array_foreach(rule, &list->rules)
		pg_http_rule_done(rule);
	free(list->rules.items);
}

static int ask(const struct pg_http_list *list, const char *method, const char *path,
	       const char *host)
{
	const struct pg_http_request request = { .method = method, .path = path, .host = host };

	return pg_http_list_allows(list, &request);
}

static void test_fields_are_anded_and_rules_ored(void **state)
{
	PG_CLEANUP(list_done) struct pg_http_list list = { 0 };
	struct pg_http_rule *rule;

	(void)state;
	assert_int_equal(ask(&list, "GET", "/", NULL), 1);
	rule = add_rule(&list);
	rule->method = strdup("GET");
	rule->path = strdup("/public");
	rule = add_rule(&list);
	rule->method = strdup("PUT|POST");
	rule->host = strdup("api[.]example[.]com");
	assert_int_equal(ask(&list, "GET", "/public", NULL), 1);
	assert_int_equal(ask(&list, "GET", "/public/x", NULL), 0);
	assert_int_equal(ask(&list, "GET", "/x/public", NULL), 0);
	assert_int_equal(ask(&list, "get", "/public", NULL), 0);
	assert_int_equal(ask(&list, "GET", "/a/../public", NULL), 1);
	assert_int_equal(ask(&list, "GET", "/public/../private", NULL), 0);
	assert_int_equal(ask(&list, "POST", "/public", NULL), 0);
	assert_int_equal(ask(&list, "POST", "/x", "API.Example.com"), 1);
	assert_int_equal(ask(&list, "PUT", NULL, "api.example.com"), 1);
	assert_int_equal(ask(&list, "PUTS", "/x", "api.example.com"), 0);
	assert_int_equal(ask(&list, NULL, NULL, NULL), 0);
	add_rule(&list);
	assert_int_equal(ask(&list, NULL, NULL, NULL), 1);
}

static void test_alternatives_span_the_whole_value(void **state)
{
	PG_CLEANUP(list_done) struct pg_http_list list = { 0 };

	(void)state;
	add_rule(&list)->path = strdup("/a|/ab");
	assert_int_equal(ask(&list, "GET", "/ab", NULL), 1);
	assert_int_equal(ask(&list, "GET", "/a", NULL), 1);
	assert_int_equal(ask(&list, "GET", "/abc", NULL), 0);
	assert_int_equal(ask(&list, "GET", "/a\n", NULL), 0);
}

static bool header_allows(const char *rule, const char *name, const char *value)
{
	PG_CLEANUP(list_done) struct pg_http_list list = { 0 };
	const struct pg_http_header headers[] = { { "Other", "x" }, { name, value } };
	const struct pg_http_request request = {
		.method = "GET",
		.path = "/",
		.headers = headers,
		.header_count = PG_COUNT(headers),
	};
	struct pg_http_rule *allowed = add_rule(&list);
	char **header = pg_array_add(&allowed->headers);

	*header = strdup(rule);
	return pg_http_list_allows(&list, &request) == 1;
}

static void test_headers(void **state)
{
	(void)state;
	assert_true(header_allows("X-Test: True", "X-Test", "True"));
	assert_true(header_allows("X-Test: True", "x-test", "True"));
	assert_true(header_allows("X-Test True", "X-Test", "True"));
	assert_true(header_allows("X-Test:True", "X-Test", "True"));
	assert_false(header_allows("X-Test: True", "X-Test", "true"));
	assert_false(header_allows("X-Test: True", "X-Test", "True2"));
	assert_false(header_allows("X-Test: True", "X-Tes", "True"));
	assert_true(header_allows("X-Test", "X-Test", "whatever"));
	assert_false(header_allows("X-Test", "X-Test2", "whatever"));
	assert_false(header_allows("X-Test:", "X-Test", "x"));
	assert_true(header_allows("X-Test:", "X-Test", ""));
}

static void test_a_hostile_expression_fails_closed(void **state)
{
	PG_CLEANUP(list_done) struct pg_http_list list = { 0 };
	static char path[20000];

	(void)state;
	memset(path, 'a', sizeof(path) - 2);
	path[0] = '/';
	path[sizeof(path) - 2] = '!';
	add_rule(&list)->path = strdup("/(a+)+");
	assert_int_equal(ask(&list, "GET", path, NULL), -EDOM);
	add_rule(&list)->path = strdup("/a.*");
	assert_int_equal(ask(&list, "GET", path, NULL), 1);
}

static void test_bad_expressions(void **state)
{
	PG_CLEANUP(list_done) struct pg_http_list list = { 0 };
	char error[128] = "";

	(void)state;
	assert_int_equal(pg_http_regex_check("/api/v[0-9]+/.*", error), 0);
	assert_string_equal(error, "");
	assert_int_equal(pg_http_regex_check("/(", error), -EINVAL);
	assert_string_equal(error, "missing closing parenthesis at byte 2");
	assert_int_equal(pg_http_regex_check("(*UTF)x", error), -EINVAL);
	assert_int_equal(pg_http_regex_check("\\C", error), -EINVAL);
	add_rule(&list)->path = strdup("/(");
	assert_int_equal(ask(&list, "GET", "/(", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_are_normalised),
		cmocka_unit_test(test_percent_encoding),
		cmocka_unit_test(test_fields_are_anded_and_rules_ored),
		cmocka_unit_test(test_alternatives_span_the_whole_value),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_a_hostile_expression_fails_closed),
		cmocka_unit_test(test_bad_expressions),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
