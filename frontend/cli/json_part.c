// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/cli/json_part.h"

json_t *pg_text_to_json(const struct pg_strbuf *text)
{
	return json_string(text->text ? text->text : "");
}

json_t *pg_labels_to_json(const struct pg_labels *labels)
{
	json_t *array = json_array();

	pg_array_foreach(label, &labels->list) {
		struct pg_labels one = { .list = { label, 1, 1 } };
		_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

		pg_labels_format(&one, &buf);
		json_array_append_new(array, pg_text_to_json(&buf));
	}
	return array;
}
