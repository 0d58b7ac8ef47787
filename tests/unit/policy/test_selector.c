// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/policy/build.h"

static bool matches(const char *selector_text, const char *labels_text)
{
	struct pg_selector selector = { 0 };
	struct pg_endpoints endpoints = { 0 };
	struct pg_endpoint *endpoint = build_endpoint(&endpoints, "e", "10.0.0.1", labels_text);
	bool result;

	build_selector(&selector, selector_text);
	pg_labels_sort(&endpoint->labels);
	result = pg_selector_matches(&selector, &endpoint->labels);
	pg_selector_done(&selector);
	pg_endpoints_done(&endpoints);
	return result;
}

static void test_operators(void **state)
{
	static const char labels[] = "k8s:app=web,k8s:tier=,container:env=prod";

	(void)state;
	assert_true(matches("", labels));
	assert_true(matches("", ""));
	assert_true(matches("app=web", labels));
	assert_false(matches("app=db", labels));
	assert_true(matches("app=db|web", labels));
	assert_true(matches("app=web,env=prod", labels));
	assert_false(matches("app=web,env=test", labels));
	assert_true(matches("app", labels));
	assert_false(matches("nothing", labels));
	assert_false(matches("!app", labels));
	assert_true(matches("!nothing", labels));
	assert_true(matches("nothing!=x", labels));
	assert_true(matches("app!=db", labels));
	assert_false(matches("app!=db|web", labels));
}

static void test_an_empty_value_is_not_existence(void **state)
{
	(void)state;
	assert_true(matches("tier=", "k8s:tier="));
	assert_false(matches("tier=", "k8s:tier=x"));
	assert_true(matches("tier", "k8s:tier=x"));
	assert_false(matches("tier=", "k8s:app=x"));
}

static void test_sources(void **state)
{
	(void)state;
	assert_true(matches("k8s:app=a", "k8s:app=a"));
	assert_false(matches("k8s:app=a", "container:app=a"));
	assert_true(matches("any:app=a", "container:app=a"));
	assert_true(matches("$host", "reserved:host="));
	assert_false(matches("$host", "k8s:host="));
	assert_true(matches("app=a", "k8s:app=b,container:app=a"));
	assert_false(matches("app!=a", "k8s:app=b,container:app=a"));
	assert_true(matches("k8s:app!=a", "k8s:app=b,container:app=a"));
	assert_true(matches("k8s.foo", "container:k8s.foo=1"));
}

static void assert_key(const char *text, const char *wanted_source, const char *wanted_key)
{
	_cleanup_free_ char *source = NULL, *key = NULL;

	assert_int_equal(pg_selector_key_parse(text, &source, &key), 0);
	assert_string_equal(source ?: "(any)", wanted_source);
	assert_string_equal(key, wanted_key);
}

static void test_keys(void **state)
{
	static const char *const bad[] = { "", ":", "k8s:", ":key", "any:", "$" };
	char *source, *key;

	(void)state;
	assert_key("app", "(any)", "app");
	assert_key("any:app", "(any)", "app");
	assert_key("k8s:app", "k8s", "app");
	assert_key("$world", "reserved", "world");
	assert_key("a:b:c", "a", "b:c");
	assert_key("anything:x", "anything", "x");
	for (size_t i = 0; i < PG_COUNT(bad); i++)
		assert_int_equal(pg_selector_key_parse(bad[i], &source, &key), -EINVAL);
}

static void assert_text(const char *text, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	struct pg_selector selector = { 0 };

	build_selector(&selector, text);
	pg_selector_format(&selector, &buf);
	assert_string_equal(buf.text, wanted);
	assert_int_equal(pg_selector_is_wildcard(&selector), !*text);
	pg_selector_done(&selector);
}

static void test_text(void **state)
{
	(void)state;
	assert_text("", "{}");
	assert_text("app=web,tier=a|b", "app=web,tier In (a,b)");
	assert_text("k8s:app!=x,!y,z", "k8s:app NotIn (x),y DoesNotExist,z Exists");
	assert_text("$host,a=\n", "reserved:host Exists,a=\\n");
}

static void test_operators_are_read_exactly(void **state)
{
	enum pg_operator op;

	(void)state;
	for (int i = 0; i < PG_OPERATORS; i++) {
		assert_int_equal(pg_operator_parse(pg_operator_name((enum pg_operator)i), &op), 0);
		assert_int_equal(op, i);
	}
	assert_int_equal(pg_operator_parse("in", &op), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_an_empty_value_is_not_existence),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_operators_are_read_exactly),
	};

	return cmocka_run_group_tests_name("selector", tests, NULL, NULL);
}
