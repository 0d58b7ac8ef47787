// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "policy/label.h"

static void assert_labels(const struct pg_labels *labels, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	_cleanup_free_ char *text = NULL;

	pg_labels_format(labels, &buf);
	text = pg_strbuf_take(&buf);
	assert_string_equal(text, wanted);
}

static void assert_parsed(const char *text, const char *source, const char *key, const char *value)
{
	_cleanup_labels_ struct pg_labels labels = { 0 };

	assert_int_equal(pg_labels_parse(&labels, text, "unspec"), 0);
	assert_int_equal(labels.list.count, 1);
	assert_string_equal(labels.list.items[0].source, source);
	assert_string_equal(labels.list.items[0].key, key);
	assert_string_equal(labels.list.items[0].value, value);
}

static void test_parts_of_a_label(void **state)
{
	(void)state;
	assert_parsed("k8s:app=web", "k8s", "app", "web");
	assert_parsed("app=web", "unspec", "app", "web");
	assert_parsed("app", "unspec", "app", "");
	assert_parsed("app=", "unspec", "app", "");
	assert_parsed("reserved:host=", "reserved", "host", "");
	assert_parsed("url=http://x=y", "unspec", "url", "http://x=y");
	assert_parsed("a:b:c=d", "a", "b:c", "d");
	assert_parsed("cidr:fd00::/8=", "cidr", "fd00::/8", "");
	assert_parsed("a= =b", "unspec", "a", " =b");
}

static void test_bad_labels(void **state)
{
	_cleanup_labels_ struct pg_labels labels = { 0 };
	char big[PG_LABEL_MAX + 2];

	(void)state;
	assert_int_equal(pg_labels_parse(&labels, "", "unspec"), -EINVAL);
	assert_int_equal(pg_labels_parse(&labels, "=x", "unspec"), -EINVAL);
	assert_int_equal(pg_labels_parse(&labels, ":key=x", "unspec"), -EINVAL);
	assert_int_equal(pg_labels_parse(&labels, "src:=x", "unspec"), -EINVAL);
	assert_int_equal(pg_labels_add(&labels, "", "key", ""), -EINVAL);
	memset(big, 'x', sizeof(big));
	big[PG_LABEL_MAX - strlen("s:=")] = '\0';
	assert_int_equal(pg_labels_add(&labels, "s", big, "1"), -E2BIG);
	assert_int_equal(labels.list.count, 0);
	assert_int_equal(pg_labels_add(&labels, "s", big, ""), 0);
}

static void test_at_most_so_many_labels(void **state)
{
	_cleanup_labels_ struct pg_labels labels = { 0 };
	char key[16];

	(void)state;
	for (int i = 0; i < PG_LABELS_MAX; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(pg_labels_add(&labels, "s", key, ""), 0);
	}
	assert_int_equal(pg_labels_add(&labels, "s", "one-more", ""), -E2BIG);
}

static void test_the_later_of_two_stays(void **state)
{
	_cleanup_labels_ struct pg_labels labels = { 0 };
	static const char *const texts[] = {
		"b:k=1", "a:z=", "b:k=3", "a:a=9", "b:k=2", "c:k=1", "a:a=0",
	};

	(void)state;
	for (size_t i = 0; i < PG_COUNT(texts); i++)
		assert_int_equal(pg_labels_parse(&labels, texts[i], "x"), 0);
	pg_labels_sort(&labels);
	assert_labels(&labels, "a:a=0,a:z=,b:k=2,c:k=1");
	assert_int_equal(pg_labels_parse(&labels, "a:a=new", "x"), 0);
	pg_labels_sort(&labels);
	assert_labels(&labels, "a:a=new,a:z=,b:k=2,c:k=1");
}

static void test_order_of_sets(void **state)
{
	static const char *const sorted[] = { "a:b=1", "a:b=1,a:c=", "a:b=2", "b:a=", "b:a=,b:b=" };

	(void)state;
	for (size_t i = 0; i < PG_COUNT(sorted); i++) {
		for (size_t j = 0; j < PG_COUNT(sorted); j++) {
			_cleanup_labels_ struct pg_labels a = { 0 }, b = { 0 };
			const char *comma = strchr(sorted[i], ',');
			_cleanup_free_ char *first = strndup(sorted[i], strcspn(sorted[i], ","));
			_cleanup_free_ char *other = strndup(sorted[j], strcspn(sorted[j], ","));
			int order;

			pg_labels_parse(&a, first, "x");
			if (comma)
				pg_labels_parse(&a, comma + 1, "x");
			comma = strchr(sorted[j], ',');
			pg_labels_parse(&b, other, "x");
			if (comma)
				pg_labels_parse(&b, comma + 1, "x");
			order = pg_labels_compare(&a, &b);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void test_copies_are_equal_and_text_is_harmless(void **state)
{
	_cleanup_labels_ struct pg_labels labels = { 0 }, copy = { 0 };

	(void)state;
	assert_int_equal(pg_labels_add(&labels, "s", "k\x1b[0m", "a\nb"), 0);
	assert_int_equal(pg_labels_copy(&labels, &copy), 0);
	assert_int_equal(pg_labels_compare(&labels, &copy), 0);
	assert_ptr_not_equal(labels.list.items[0].key, copy.list.items[0].key);
	assert_labels(&copy, "s:k\\x1b[0m=a\\nb");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_of_a_label),
		cmocka_unit_test(test_bad_labels),
		cmocka_unit_test(test_at_most_so_many_labels),
		cmocka_unit_test(test_the_later_of_two_stays),
		cmocka_unit_test(test_order_of_sets),
		cmocka_unit_test(test_copies_are_equal_and_text_is_harmless),
	};

	return cmocka_run_group_tests_name("label", tests, NULL, NULL);
}
