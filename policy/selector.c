// SPDX-License-Identifier: GPL-2.0-only
/* Selectors: matching, text. */
#include "policy/selector.h"

static const char *const operator_names[] = {
	[PG_OP_IN] = "In",
	[PG_OP_NOT_IN] = "NotIn",
	[PG_OP_EXISTS] = "Exists",
	[PG_OP_DOES_NOT_EXIST] = "DoesNotExist",
};
_Static_assert(PG_COUNT(operator_names) == PG_OPERATORS, "an operator lacks its name");

const char *pg_operator_name(enum pg_operator op)
{
	return (size_t)op < PG_OPERATORS ? operator_names[op] : "?";
}

int pg_operator_parse(const char *text, enum pg_operator *ret_op)
{
	for (size_t i = 0; i < PG_OPERATORS; i++) {
		if (!strcmp(operator_names[i], text)) {
			*ret_op = (enum pg_operator)i;
			return 0;
		}
	}
	return -EINVAL;
}

static void requirement_done(struct pg_requirement *requirement)
{
	free(requirement->source);
	free(requirement->key);
	pg_array_foreach(value, &requirement->values)
		free(*value);
	free(requirement->values.items);
}

void pg_selector_done(struct pg_selector *selector)
{
	pg_array_foreach(requirement, &selector->requirements)
		requirement_done(requirement);
	free(selector->requirements.items);
	*selector = (struct pg_selector){ 0 };
}

int pg_selector_key_parse(const char *text, char **ret_source, char **ret_key)
{
	const char *colon = text[0] == '$' ? NULL : strchr(text, ':');
	const char *name = text[0] == '$' ? text + 1 : colon ? colon + 1 : text;
	_cleanup_free_ char *source = NULL, *key = NULL;
	bool any = text[0] != '$' && (!colon || !strncmp(text, "any:", strlen("any:")));

	if (!name[0] || colon == text)
		return -EINVAL;
	if (!any) {
		source = colon ? strndup(text, (size_t)(colon - text)) : strdup("reserved");
		if (!source)
			return -ENOMEM;
	}
	key = strdup(name);
	if (!key)
		return -ENOMEM;
	*ret_source = PG_TAKE(source);
	*ret_key = PG_TAKE(key);
	return 0;
}

bool pg_selector_is_wildcard(const struct pg_selector *selector)
{
	return !selector->requirements.count;
}

static bool has_value(const struct pg_requirement *requirement, const char *value)
{
	pg_array_foreach(item, &requirement->values) {
		if (!strcmp(*item, value))
			return true;
	}
	return false;
}

/* Whether some label has the key, and one of the values where those are asked for. */
static bool some_label_fits(const struct pg_requirement *requirement,
			    const struct pg_labels *labels)
{
	bool values = requirement->op == PG_OP_IN || requirement->op == PG_OP_NOT_IN;

	pg_array_foreach(label, &labels->list) {
		if (!strcmp(label->key, requirement->key) &&
		    (!requirement->source || !strcmp(label->source, requirement->source)) &&
		    (!values || has_value(requirement, label->value)))
			return true;
	}
	return false;
}

bool pg_selector_matches(const struct pg_selector *selector, const struct pg_labels *labels)
{
	pg_array_foreach(requirement, &selector->requirements) {
		bool wanted = requirement->op == PG_OP_IN || requirement->op == PG_OP_EXISTS;

		if (some_label_fits(requirement, labels) != wanted)
			return false;
	}
	return true;
}

static void escape(struct pg_strbuf *buf, const char *text)
{
	pg_strbuf_add_escaped(buf, text, strlen(text));
}

static void format_values(const struct pg_requirement *requirement, struct pg_strbuf *buf)
{
	pg_strbuf_puts(buf, " (");
	pg_array_foreach(value, &requirement->values) {
		if (value != requirement->values.items)
			pg_strbuf_putc(buf, ',');
		escape(buf, *value);
	}
	pg_strbuf_putc(buf, ')');
}

static void format_requirement(const struct pg_requirement *requirement, struct pg_strbuf *buf)
{
	if (requirement->source) {
		escape(buf, requirement->source);
		pg_strbuf_putc(buf, ':');
	}
	escape(buf, requirement->key);
	if (requirement->op == PG_OP_IN && requirement->values.count == 1) {
		pg_strbuf_putc(buf, '=');
		escape(buf, requirement->values.items[0]);
		return;
	}
	pg_strbuf_printf(buf, " %s", pg_operator_name(requirement->op));
	if (requirement->op == PG_OP_IN || requirement->op == PG_OP_NOT_IN)
		format_values(requirement, buf);
}

void pg_selector_format(const struct pg_selector *selector, struct pg_strbuf *buf)
{
	if (pg_selector_is_wildcard(selector))
		pg_strbuf_puts(buf, "{}");
	pg_array_foreach(requirement, &selector->requirements) {
		if (requirement != selector->requirements.items)
			pg_strbuf_putc(buf, ',');
		format_requirement(requirement, buf);
	}
}
