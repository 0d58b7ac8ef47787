// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/objects.h"
#include "backends/iptables/vlan.h"

#include <arpa/inet.h>

#define POSITION_SIZE 4
#define KEY_MAX	      (3 + PG_SET_NAME_MAX + 2 * PG_CHAIN_NAME_MAX + POSITION_SIZE)

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

static int add_element(struct pg_objects *objects, const struct pg_set *set,
		       const struct pg_set_element *element, char *key, size_t length)
{
	const char *comment = element->comment ? element->comment : "";
	_cleanup_strbuf_ struct pg_strbuf name = { 0 };
	int err;

	pg_set_format_key(set, element, &name);
	err = pg_strbuf_error(&name);
	return err ? err
		   : pg_objects_add(objects, key, put_name(key, length, name.text), comment,
				    strlen(comment), element->origin);
}

_Static_assert(PG_ADDR_TEXT_MAX < 2 * PG_CHAIN_NAME_MAX, "a key has room for an element");

static int add_set(struct pg_objects *objects, const struct pg_set *set, uint8_t family)
{
	_cleanup_strbuf_ struct pg_strbuf type = { 0 };
	char key[KEY_MAX] = { (char)family, '\0', '\0' };
	size_t length = put_name(key, 3, set->name);
	int err;

	pg_set_format_type(set, &type);
	err = pg_strbuf_error(&type);
	if (!err)
		err = pg_objects_add(objects, key, length, type.text, type.length, PG_ORIGIN_NONE);
	pg_array_foreach(element, &set->elements)
		err = err ? err : add_element(objects, set, element, key, length);
	return err;
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

	pg_array_foreach(set, &tree->sets.list) {
		err = add_set(objects, set, family);
		if (err)
			return err;
	}
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

static int compare_head(const struct pg_object *object, const char *key, size_t length)
{
	int order = memcmp(object->key, key, PG_MIN(object->key_length, length));

	return order || object->key_length >= length ? order : -1;
}

static const struct pg_object *object_of(const struct pg_change *change)
{
	return change->desired ? change->desired : change->live;
}

bool pg_ipt_objects_change_set(const struct pg_diff *diff, const char *name)
{
	char key[KEY_MAX] = { name[7] == '4' ? 4 : 6, '\0', '\0' };
	size_t length = put_name(key, 3, name), low = 0, high = diff->changes.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_head(object_of(&diff->changes.items[middle]), key, length) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < diff->changes.count &&
	       !compare_head(object_of(&diff->changes.items[low]), key, length);
}

/* An object's key taken apart; strings point into it. */
struct item {
	uint8_t family;
	const char
		*set; /* sets and elements only; they have nothing of what follows but the text */
	const char *element; /* NULL: the set itself */
	const char *parent;  /* hooks only */
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

	if (!*item.chain && !key[2]) {
		item.set = key + 3;
		item.element = item.set + strlen(item.set) + 1;
		if (item.element >= key + object->key_length)
			item.element = NULL;
		return item;
	}
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

		if (!item.set && !item.parent && !item.position)
			pg_strbuf_printf(buf, "%s:%s - [0:0]\n", prefix, item.chain);
	}
	for (const struct pg_object *object = run.first; object < run.end; object++) {
		struct item item = take_apart(object);

		if (!item.set && !item.parent && item.position)
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

/* As many elements as follow: a hash grows by itself, but not beyond what it was made for. */
static size_t count_elements(const struct pg_object *object, const struct pg_object *end)
{
	size_t count = 0;

	for (object++; object < end; object++) {
		struct item item = take_apart(object);

		if (!item.element)
			break;
		count++;
	}
	return count;
}

static void render_set(const struct pg_object *object, const struct pg_object *end,
		       struct pg_strbuf *buf)
{
	struct item item = take_apart(object);

	if (item.element) {
		pg_strbuf_printf(buf, "#s add %s %s", item.set, item.element);
		if (item.length)
			pg_strbuf_printf(buf, " comment \"%.*s\"", item.length, item.text);
	} else {
		pg_strbuf_printf(buf, "#s create %s %.*s", item.set, item.length, item.text);
		pg_set_format_room(item.text, count_elements(object, end), buf);
	}
	pg_strbuf_putc(buf, '\n');
}

static bool has_sets(struct run run)
{
	return run.first && take_apart(run.first).set;
}

static void render_sets(struct run run, struct pg_strbuf *buf)
{
	for (const struct pg_object *object = run.first; object < run.end; object++) {
		if (take_apart(object).set)
			render_set(object, run.end, buf);
	}
}

void pg_ipt_render_native(const struct pg_objects *objects, struct pg_strbuf *buf)
{
	struct run v4 = find_run(objects, 4), v6 = find_run(objects, 6);

	if (has_sets(v4) || has_sets(v6))
		pg_strbuf_puts(buf, "# sets: sed -n 's/^#s //p' | ipset restore\n");
	render_sets(v4, buf);
	render_sets(v6, buf);
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

		if (item.set || item.parent)
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

static void render_element_json(const struct item *item, const char *comma, struct pg_strbuf *buf)
{
	pg_strbuf_printf(buf, "%s{\"key\":", comma);
	pg_strbuf_add_json(buf, item->element, strlen(item->element));
	if (item->length) {
		pg_strbuf_puts(buf, ",\"rule\":");
		pg_strbuf_add_json(buf, item->text, (size_t)item->length);
	}
	pg_strbuf_putc(buf, '}');
}

static void render_sets_json(struct run run, struct pg_strbuf *buf)
{
	const char *comma = "";
	bool open = false;

	if (!has_sets(run))
		return;
	pg_strbuf_puts(buf, "\"sets\":[");
	for (const struct pg_object *object = run.first; object < run.end; object++) {
		struct item item = take_apart(object);

		if (!item.set)
			continue;
		if (item.element) {
			render_element_json(&item, comma, buf);
			comma = ",";
			continue;
		}
		pg_strbuf_puts(buf, open ? "]},{\"name\":" : "{\"name\":");
		pg_strbuf_add_json(buf, item.set, strlen(item.set));
		pg_strbuf_puts(buf, ",\"type\":");
		pg_strbuf_add_json(buf, item.text, (size_t)item.length);
		pg_strbuf_puts(buf, ",\"elements\":[");
		comma = "";
		open = true;
	}
	pg_strbuf_puts(buf, "]}],");
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
		render_sets_json(run, buf);
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
