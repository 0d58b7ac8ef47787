// SPDX-License-Identifier: GPL-2.0-only
/* A YAML text, as a tree of values and as a policy. */
#include "frontend/decode/yaml.h"
#include "tests/fuzz/fuzz.h"

static bool is_inside(struct pg_loc inner, struct pg_loc outer)
{
	return inner.offset >= outer.offset &&
	       inner.offset + inner.length <= outer.offset + outer.length;
}

/* What is in a value stands in its text, follows it, and adds up to its size. */
static void check_value(const struct fuzz_input *input, const struct pg_json_value *value)
{
	uint32_t count = 0, size = 1;

	fuzz_check_loc(input, value->loc);
	if (value->key) {
		fuzz_check_loc(input, value->key_loc);
		FUZZ_CHECK(strlen(value->key) == value->key_length);
	}
	if (value->kind == PG_JSON_STRING)
		FUZZ_CHECK(strlen(value->string) == value->length);
	pg_json_foreach(child, value) {
		FUZZ_CHECK(!child->key == (value->kind != PG_JSON_OBJECT));
		FUZZ_CHECK(is_inside(child->loc, value->loc));
		count++;
		size += child->size;
	}
	FUZZ_CHECK(size == value->size);
	FUZZ_CHECK(count == value->count || value->kind < PG_JSON_ARRAY);
}

static void check_tree(struct fuzz_input *input)
{
	_cleanup_json_ struct pg_json json = { 0 };
	int r = pg_yaml_load(&input->sources, input->source, &input->diags, &json);

	fuzz_check_result(input, r);
	for (size_t i = 0; i < json.count; i++)
		check_value(input, &json.values[i]);
	FUZZ_CHECK(r < 0 || json.values->size == json.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pg_decode_options options = { .lenient = false };
	_cleanup_policy_ struct pg_policy policy = { 0 };
	_cleanup_input_ struct fuzz_input tree, decoded;

	/* The comment keeps the text from being taken for JSON. */
	fuzz_input_init(&tree, "#\n", data, size, "");
	check_tree(&tree);
	fuzz_input_init(&decoded, "#\n", data, size, "");
	fuzz_check_result(&decoded, pg_decode_policy(&decoded.sources, decoded.source, &options,
						     &decoded.diags, &policy));
	return 0;
}
