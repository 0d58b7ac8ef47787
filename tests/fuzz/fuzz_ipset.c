// SPDX-License-Identifier: GPL-2.0-only
/* What `ipset save` prints: a set that is one of ours to read, written anew, is the same set. */
#include "tests/fuzz/fuzz.h"
#include "translate/ipset.h"

static bool is_plain(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.:")];
}

static bool has_plain_texts(const struct pg_set *set)
{
	pg_array_foreach(element, &set->elements) {
		if (element->comment && !is_plain(element->comment))
			return false;
	}
	return is_plain(set->name);
}

static void check_again(const struct pg_set *set)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	_cleanup_sets_ struct pg_sets again = { 0 };

	pg_set_format(set, &text);
	FUZZ_CHECK(!pg_strbuf_error(&text));
	FUZZ_CHECK(pg_sets_parse(text.text, &again) == 0);
	FUZZ_CHECK(again.list.count == 1);
	FUZZ_CHECK(again.list.items[0].elements.count == set->elements.count);
	FUZZ_CHECK(!strcmp(again.list.items[0].name, set->name));
	FUZZ_CHECK(again.list.items[0].kind == set->kind);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	_cleanup_sets_ struct pg_sets sets = { 0 };

	FUZZ_CHECK(text);
	if (pg_sets_parse(text, &sets) < 0)
		return 0;
	pg_array_foreach(set, &sets.list) {
		pg_array_foreach(element, &set->elements)
			FUZZ_CHECK(set->kind == PG_SET_PORTS
					   ? pg_set_find_port(set, element->port) != NULL
					   : pg_set_find_addr(set, &element->addr) != NULL);
		if (set->kind != PG_SET_FOREIGN && has_plain_texts(set))
			check_again(set);
	}
	return 0;
}
