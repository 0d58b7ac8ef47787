// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "translate/ipset.h"

/* What ipset 7.17 prints. */
static const char saved[] =
	"create polgen-4-1-00000000 hash:ip family inet hashsize 64 maxelem 65536 bucketsize 12 "
	"initval 0xb7859c7a\n"
	"add polgen-4-1-00000000 10.0.0.10\n"
	"add polgen-4-1-00000000 10.0.0.9\n"
	"create polgen-6-1-00000000 hash:ip family inet6 hashsize 64 maxelem 65536 bucketsize 12 "
	"initval 0x1\n"
	"add polgen-6-1-00000000 fd00::1\n"
	"create p bitmap:port range 80-443 counters comment\n"
	"add p 80 packets 5 bytes 300 comment \"shop.json:1:2\"\n"
	"add p 443 packets 0 bytes 0\n"
	"create other hash:ip family inet hashsize 64 maxelem 65536 timeout 60 bucketsize 12 "
	"initval 0x1\n"
	"add other 10.0.0.1 timeout 3\n"
	"create net hash:net family inet hashsize 64 maxelem 65536 bucketsize 12 initval 0x1\n"
	"add net 10.0.0.0/8 nomatch\n";

static int parse(const char *text, struct pg_sets *sets)
{
	_cleanup_free_ char *copy = strdup(text);

	assert_non_null(copy);
	return pg_sets_parse(copy, sets);
}

static void assert_type(const struct pg_set *set, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_set_format_type(set, &buf);
	assert_string_equal(buf.text, wanted);
}

static struct pg_addr addr(const char *text)
{
	struct pg_addr parsed;

	assert_int_equal(pg_addr_parse(text, &parsed), 0);
	return parsed;
}

static void test_what_ipset_prints_is_read(void **state)
{
	_cleanup_sets_ struct pg_sets sets = { 0 };
	const struct pg_addr ten = addr("10.0.0.10"), eleven = addr("10.0.0.11");
	const struct pg_set_element *element;
	const struct pg_set *set;

	(void)state;
	assert_int_equal(parse(saved, &sets), 0);
	assert_int_equal(sets.list.count, 5);
	set = &sets.list.items[0];
	assert_type(set, "hash:ip family inet");
	assert_non_null(pg_set_find_addr(set, &ten));
	assert_null(pg_set_find_addr(set, &eleven));
	assert_null(pg_set_find_port(set, 80));
	assert_type(&sets.list.items[1], "hash:ip family inet6");
	set = &sets.list.items[2];
	assert_type(set, "bitmap:port range 80-443 counters comment");
	element = pg_set_find_port(set, 80);
	assert_non_null(element);
	assert_int_equal(element->packets, 5);
	assert_int_equal(element->bytes, 300);
	assert_string_equal(element->comment, "shop.json:1:2");
	assert_null(pg_set_find_port(set, 443)->comment);
	assert_null(pg_set_find_port(set, 81));
	for (size_t i = 3; i < 5; i++) {
		assert_int_equal(sets.list.items[i].kind, PG_SET_FOREIGN);
		assert_int_equal(sets.list.items[i].elements.count, 0);
	}
	assert_type(&sets.list.items[3], "hash:ip family inet timeout 60");
}

static void test_what_is_written_is_read(void **state)
{
	_cleanup_sets_ struct pg_sets sets = { 0 }, again = { 0 };

	(void)state;
	assert_int_equal(parse(saved, &sets), 0);
	for (size_t i = 0; i < 3; i++) {
		_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

		pg_set_format(&sets.list.items[i], &buf);
		assert_int_equal(parse(buf.text, &again), 0);
		assert_int_equal(pg_set_hash(&again.list.items[i]),
				 pg_set_hash(&sets.list.items[i]));
		assert_string_equal(again.list.items[i].name, sets.list.items[i].name);
	}
	again.list.items[0].elements.items[0].addr.bytes[3]++;
	assert_true(pg_set_hash(&again.list.items[0]) != pg_set_hash(&sets.list.items[0]));
}

static void test_other_text_is_refused(void **state)
{
	static const char *const texts[] = {
		"add p 80\n",
		"swap a b\n",
		"create\n",
		"create abcdefghijklmnopqrstuvwxyz0123456 hash:ip family inet\n",
		"create a hash:ip family inet\nadd b 10.0.0.1\n",
		"create a hash:ip family inet\nadd a\n",
		"create a hash:ip family inet\nadd a fd00::1\n",
		"create a hash:ip family inet\nadd a 10.0.0.1-10.0.0.2\n",
		"create a bitmap:port range 1-2 counters comment\nadd a 65536\n",
		"create a bitmap:port range 1-2 counters comment\nadd a -1\n",
		"create a bitmap:port range 1-2 counters comment\nadd a 1 packets\n",
		"create a bitmap:port range 1-2 counters comment\nadd a 1 packets x bytes 1\n",
		"create a bitmap:port range 1-2 counters comment\nadd a 1 color red\n",
	};

	(void)state;
	for (size_t i = 0; i < PG_COUNT(texts); i++) {
		_cleanup_sets_ struct pg_sets sets = { 0 };

		assert_int_equal(parse(texts[i], &sets), -EBADMSG);
	}
}

static void test_what_others_wrote_is_shown_harmlessly(void **state)
{
	_cleanup_sets_ struct pg_sets sets = { 0 };

	(void)state;
	assert_int_equal(parse("create a bitmap:port range 1-2 counters comment\n"
			       "add a 1 packets 0 bytes 0 comment \"\x1b[31m\"\n"
			       "create b hash:\x1b[31m\n",
			       &sets),
			 0);
	assert_string_equal(pg_set_find_port(&sets.list.items[0], 1)->comment, "\\x1b[31m");
	assert_type(&sets.list.items[1], "hash:\\x1b[31m");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_ipset_prints_is_read),
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_other_text_is_refused),
		cmocka_unit_test(test_what_others_wrote_is_shown_harmlessly),
	};

	return cmocka_run_group_tests_name("ipset", tests, NULL, NULL);
}
