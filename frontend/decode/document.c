// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/decode/document.h"

#include "frontend/decode/yaml.h"

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), wanted = strlen(suffix);

	return length > wanted && !strcmp(name + length - wanted, suffix);
}

static bool is_yaml(const struct pg_source *text)
{
	size_t at = strspn(text->text, " \t\r\n");

	if (has_suffix(text->name, ".yaml") || has_suffix(text->name, ".yml"))
		return true;
	if (has_suffix(text->name, ".json") || at == text->length)
		return false;
	return text->text[at] != '[' && text->text[at] != '{';
}

int pg_document_load(const struct pg_sources *sources, uint32_t source, struct pg_diags *diags,
		     struct pg_json *ret_json)
{
	const struct pg_source *text = pg_sources_get(sources, (struct pg_loc){ source, 0, 0 });

	return is_yaml(text) ? pg_yaml_load(sources, source, diags, ret_json)
			     : pg_json_load(sources, source, diags, ret_json);
}
