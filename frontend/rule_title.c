// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/rule_title.h"

#include "frontend/quote.h"

void pg_rule_place(const struct pg_sources *sources, const struct pg_policy *policy,
		   struct pg_origin origin, struct pg_strbuf *buf)
{
	struct pg_place place = pg_sources_place(sources, pg_policy_loc(policy, origin));

	if (!place.file)
		return;
	pg_strbuf_add_escaped(buf, place.file, strlen(place.file));
	pg_strbuf_printf(buf, ":%u:%u", place.line, place.column);
}

/* NULL: the rule has no such label. */
static const char *find_label(const struct pg_rule *rule, const char *key)
{
	pg_array_foreach(label, &rule->labels.list) {
		if (!strcmp(label->key, key) && *label->value)
			return label->value;
	}
	return NULL;
}

/* Without the source that labels have which were written without one. */
static void add_labels(const struct pg_rule *rule, struct pg_strbuf *buf)
{
	pg_array_foreach(label, &rule->labels.list) {
		if (buf->length)
			pg_strbuf_putc(buf, ',');
		if (strcmp(label->source, "unspec") != 0)
			pg_strbuf_printf(buf, "%s:", label->source);
		pg_strbuf_puts(buf, label->key);
		if (*label->value)
			pg_strbuf_printf(buf, "=%s", label->value);
	}
}

void pg_rule_own_name(const struct pg_rule *rule, struct pg_strbuf *buf)
{
	const char *object = find_label(rule, "io.cilium.k8s.policy.name");
	const char *namespace = find_label(rule, "io.cilium.k8s.policy.namespace");
	const char *name = find_label(rule, "name");
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	if (object && namespace)
		pg_strbuf_printf(&text, "%s/%s", namespace, object);
	else if (object || name)
		pg_strbuf_puts(&text, object ? object : name);
	else
		add_labels(rule, &text);
	if (text.length)
		pg_strbuf_puts(buf, pg_quote(text.text, text.length).text);
}

void pg_rule_title(const struct pg_sources *sources, const struct pg_policy *policy,
		   struct pg_origin origin, struct pg_strbuf *buf)
{
	_cleanup_strbuf_ struct pg_strbuf name = { 0 };

	if (!origin.rule)
		return;
	pg_rule_place(sources, policy, origin, buf);
	pg_rule_own_name(&policy->rules.items[origin.rule - 1], &name);
	if (name.length)
		pg_strbuf_printf(buf, " (%s)", name.text);
}
