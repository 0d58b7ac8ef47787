// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/objects.h"
#include "backends/iptables/vlan.h"

#include <arpa/inet.h>

#define POSITION_SIZE 4
#define KEY_MAX	      (2 + 2 * PG_CHAIN_NAME_MAX + POSITION_SIZE)

static size_t put_name(char *key, size_t at, const char *name)
{
	size_t length = strlen(name) + 1;

	memcpy(key + at, name, length);
	return at + length;
}

static size_t put_position(char *key, size_t at, size_t position)
{
	uint32_t big_endian = htonl((uint32_t)position);

	memcpy(key + at, &big_endian, POSITION_SIZE);
	return at + POSITION_SIZE;
}

static int add_hook(struct pg_objects *objects, const struct pg_tree_hook *hook, uint8_t family)
{
	char key[KEY_MAX] = { (char)family, '\0' }, text[PG_CHAIN_NAME_MAX + 32];
	size_t length;

	length = put_name(key, 2, hook->parent);
	length = put_name(key, length, hook->chain);
	length = put_position(key, length, PG_MAX(hook->position, 1u));
	snprintf(text, sizeof(text), "-j %s%s", hook->chain,
		 hook->conditional ? " (under conditions)" : "");
	return pg_objects_add(objects, key, length, text, strlen(text), PG_ORIGIN_NONE);
}

static int add_chain(struct pg_objects *objects, const struct pg_tree_chain *chain, uint8_t family)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	char key[KEY_MAX] = { (char)family };
	size_t length = put_name(key, 1, chain->name);
	int err = pg_objects_add(objects, key, length, "", 0, PG_ORIGIN_NONE);

	for (size_t i = 0; !err && i < chain->rules.count; i++) {
		const struct pg_tree_rule *rule = &chain->rules.items[i];

		buf.length = 0;
		pg_tree_format_rule(rule, &buf);
		err = pg_strbuf_error(&buf);
		if (!err)
			err = pg_objects_add(objects, key, put_position(key, length, i + 1),
					     buf.text, buf.length, rule->origin);
	}
	return err;
}

int pg_ipt_objects_add(struct pg_objects *objects, const struct pg_tree *tree, uint8_t mark)
{
	uint8_t family = tree->family | mark;
	int err = 0;

	pg_array_foreach(hook, &tree->hooks) {
		err = add_hook(objects, hook, family);
		if (err)
			return err;
	}
	pg_array_foreach(chain, &tree->chains) {
		err = add_chain(objects, chain, family);
		if (err)
			return err;
	}
	return 0;
}

/* An object's key taken apart; strings point into it. */
struct item {
	uint8_t family;
	const char *parent; /* hooks only */
	const char *chain;
	uint32_t position; /* 0: the chain itself */
	const char *text;
	int length;
};

static struct item take_apart(const struct pg_object *object)
{
	const char *key = object->key;
	struct item item = {
		.family = (uint8_t)key[0],
		.chain = key + 1,
		.text = object->value,
		.length = (int)object->value_length,
	};
	const char *position;

	if (!*item.chain) {
		item.parent = key + 2;
		item.chain = item.parent + strlen(item.parent) + 1;
	}
	position = item.chain + strlen(item.chain) + 1;
	if (position < key + object->key_length) {
		memcpy(&item.position, position, POSITION_SIZE);
		item.position = ntohl(item.position);
	}
	return item;
}

/* The objects of one family: a run of the sorted list. */
struct run {
	const struct pg_object *first, *end;
};

static struct run find_run(const struct pg_objects *objects, uint8_t family)
{
	struct run run = { 0 };

	pg_array_foreach(object, &objects->list) {
		if (*(const uint8_t *)object->key != family)
			continue;
		if (!run.first)
			run.first = object;
		run.end = object + 1;
	}
	return run;
}

static void render_restore(struct run run, const char *prefix, struct pg_strbuf *buf)
{
	pg_strbuf_printf(buf, "%s*filter\n", prefix);
	for (const struct pg_object *object = run.first; object < run.end; object++) {
		struct item item = take_apart(object);

		if (!item.parent && !item.position)
			pg_strbuf_printf(buf, "%s:%s - [0:0]\n", prefix, item.chain);
	}
	for (const struct pg_object *object = run.first; object < run.end; object++) {
		struct item item = take_apart(object);

		if (!item.parent && item.position)
			pg_strbuf_printf(buf, "%s-A %s %.*s\n", prefix, item.chain, item.length,
					 item.text);
	}
	for (const struct pg_object *object = run.first; object < run.end; object++) {
		struct item item = take_apart(object);

		if (item.parent)
			pg_strbuf_printf(buf, "%s-I %s %u %.*s\n", prefix, item.parent,
					 item.position, item.length, item.text);
	}
	pg_strbuf_printf(buf, "%sCOMMIT\n", prefix);
}

void pg_ipt_render_native(const struct pg_objects *objects, struct pg_strbuf *buf)
{
	struct run v4 = find_run(objects, 4), v6 = find_run(objects, 6);

	pg_strbuf_puts(buf, "# iptables-restore --noflush\n");
	render_restore(v4, "", buf);
	if (!v6.first)
		return;
	pg_strbuf_puts(buf, "# IPv6: sed -n 's/^#6 //p' | ip6tables-restore --noflush\n");
	render_restore(v6, "#6 ", buf);
}

/* The comment in a rule's text, which has neither quotes nor backslashes of its own. */
static bool find_comment(const struct item *item, const char **ret_comment, size_t *ret_length)
{
	static const char option[] = "--comment ";
	const char *end = item->text + item->length;
	const char *at = memmem(item->text, (size_t)item->length, option, strlen(option));
	const char *last;
	bool quoted;

	if (!at)
		return false;
	at += strlen(option);
	quoted = at < end && *at == '"';
	at += quoted;
	last = memchr(at, quoted ? '"' : ' ', (size_t)(end - at));
	*ret_comment = at;
	*ret_length = (size_t)((last ? last : end) - at);
	return true;
}

static void render_rule_json(const struct item *item, struct pg_strbuf *buf)
{
	const char *comment;
	size_t length;

	pg_strbuf_puts(buf, "{\"text\":");
	pg_strbuf_add_json(buf, item->text, (size_t)item->length);
	if (find_comment(item, &comment, &length)) {
		pg_strbuf_puts(buf, ",\"rule\":");
		pg_strbuf_add_json(buf, comment, length);
	}
	pg_strbuf_putc(buf, '}');
}

static void render_chains_json(struct run run, struct pg_strbuf *buf)
{
	bool open = false;

	pg_strbuf_puts(buf, "\"chains\":[");
	for (const struct pg_object *object = run.first; object < run.end; object++) {
		struct item item = take_apart(object);

		if (item.parent)
			continue;
		if (item.position) {
			pg_strbuf_puts(buf, item.position == 1 ? "" : ",");
			render_rule_json(&item, buf);
			continue;
		}
		pg_strbuf_puts(buf, open ? "]},{\"name\":" : "{\"name\":");
		pg_strbuf_add_json(buf, item.chain, strlen(item.chain));
		pg_strbuf_puts(buf, ",\"rules\":[");
		open = true;
	}
	pg_strbuf_puts(buf, open ? "]}]" : "]");
}

static void render_hooks_json(struct run run, struct pg_strbuf *buf)
{
	const char *comma = "";

	pg_strbuf_puts(buf, "\"hooks\":[");
	for (const struct pg_object *object = run.first; object < run.end; object++) {
		struct item item = take_apart(object);

		if (!item.parent)
			continue;
		pg_strbuf_printf(buf, "%s{\"parent\":", comma);
		pg_strbuf_add_json(buf, item.parent, strlen(item.parent));
		pg_strbuf_printf(buf, ",\"position\":%u,\"chain\":", item.position);
		pg_strbuf_add_json(buf, item.chain, strlen(item.chain));
		pg_strbuf_putc(buf, '}');
		comma = ",";
	}
	pg_strbuf_putc(buf, ']');
}

void pg_ipt_render_json(const struct pg_objects *objects, struct pg_strbuf *buf)
{
	static const uint8_t families[] = { 4, 6 };
	const char *comma = "";

	pg_strbuf_puts(buf, "{\"backend\":\"iptables\",\"families\":[");
	for (size_t i = 0; i < PG_COUNT(families); i++) {
		struct run run = find_run(objects, families[i]);

		if (!run.first)
			continue;
		pg_strbuf_printf(buf, "%s{\"family\":%u,", comma, families[i]);
		render_hooks_json(run, buf);
		pg_strbuf_putc(buf, ',');
		render_chains_json(run, buf);
		pg_strbuf_putc(buf, '}');
		comma = ",";
	}
	pg_strbuf_putc(buf, ']');
	pg_vlan_render_json(objects, buf);
	pg_strbuf_puts(buf, "}\n");
}
