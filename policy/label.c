// SPDX-License-Identifier: GPL-2.0-only
/* Label sets: parsing, order, text. */
#include "policy/label.h"

static void label_done(struct pg_label *label)
{
	free(label->source);
	free(label->key);
	free(label->value);
}

void pg_labels_done(struct pg_labels *labels)
{
	pg_array_foreach(label, &labels->list)
		label_done(label);
	free(labels->list.items);
	*labels = (struct pg_labels){ 0 };
}

/* One label of three stretches of bytes that need not end in NUL. */
static int add(struct pg_labels *labels, const char *source, size_t source_length, const char *key,
	       size_t key_length, const char *value, size_t value_length)
{
	_cleanup_free_ char *own_source = NULL, *own_key = NULL, *own_value = NULL;
	struct pg_label *label;

	if (!source_length || !key_length)
		return -EINVAL;
	if (source_length + key_length + value_length + strlen(":=") > PG_LABEL_MAX ||
	    labels->list.count >= PG_LABELS_MAX)
		return -E2BIG;
	own_source = strndup(source, source_length);
	own_key = strndup(key, key_length);
	own_value = strndup(value, value_length);
	if (!own_source || !own_key || !own_value)
		return -ENOMEM;
	label = pg_array_add(&labels->list);
	if (!label)
		return -ENOMEM;
	label->source = PG_TAKE(own_source);
	label->key = PG_TAKE(own_key);
	label->value = PG_TAKE(own_value);
	return 0;
}

int pg_labels_parse(struct pg_labels *labels, const char *text, const char *default_source)
{
	size_t name = strcspn(text, "=");
	const char *value = text[name] ? text + name + 1 : "";
	const char *colon = memchr(text, ':', name);
	const char *key = colon ? colon + 1 : text;
	const char *source = colon ? text : default_source;
	size_t source_length = colon ? (size_t)(colon - text) : strlen(default_source);

	return add(labels, source, source_length, key, name - (size_t)(key - text), value,
		   strlen(value));
}

int pg_labels_add(struct pg_labels *labels, const char *source, const char *key, const char *value)
{
	return add(labels, source, strlen(source), key, strlen(key), value, strlen(value));
}

int pg_labels_copy(const struct pg_labels *labels, struct pg_labels *ret_copy)
{
	_cleanup_labels_ struct pg_labels copy = { 0 };

	pg_array_foreach(label, &labels->list) {
		int err = pg_labels_add(&copy, label->source, label->key, label->value);

		if (err)
			return err;
	}
	*ret_copy = copy;
	copy = (struct pg_labels){ 0 };
	return 0;
}

static int compare_names(const struct pg_label *a, const struct pg_label *b)
{
	int order = strcmp(a->source, b->source);

	return order ? order : strcmp(a->key, b->key);
}

static int compare_for_sort(const void *a, const void *b)
{
	const struct pg_label *left = a, *right = b;
	int order = compare_names(left, right);

	return order ? order : (left->order > right->order) - (left->order < right->order);
}

void pg_labels_sort(struct pg_labels *labels)
{
	struct pg_label *list = labels->list.items;
	size_t count = labels->list.count, kept = 0;

	if (count < 2)
		return;
	for (size_t i = 0; i < count; i++)
		list[i].order = i;
	qsort(list, count, sizeof(*list), compare_for_sort);
	for (size_t i = 1; i < count; i++) {
		if (compare_names(&list[kept], &list[i]))
			kept++;
		else
			label_done(&list[kept]);
		list[kept] = list[i];
	}
	labels->list.count = kept + 1;
}

int pg_labels_compare(const struct pg_labels *a, const struct pg_labels *b)
{
	size_t common = PG_MIN(a->list.count, b->list.count);

	for (size_t i = 0; i < common; i++) {
		const struct pg_label *left = &a->list.items[i], *right = &b->list.items[i];
		int order = compare_names(left, right);

		if (!order)
			order = strcmp(left->value, right->value);
		if (order)
			return order;
	}
	return (a->list.count > b->list.count) - (a->list.count < b->list.count);
}

static void escape(struct pg_strbuf *buf, const char *text)
{
	pg_strbuf_add_escaped(buf, text, strlen(text));
}

void pg_labels_format(const struct pg_labels *labels, struct pg_strbuf *buf)
{
	pg_array_foreach(label, &labels->list) {
		if (label != labels->list.items)
			pg_strbuf_putc(buf, ',');
		escape(buf, label->source);
		pg_strbuf_putc(buf, ':');
		escape(buf, label->key);
		pg_strbuf_putc(buf, '=');
		escape(buf, label->value);
	}
}
