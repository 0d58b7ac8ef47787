// SPDX-License-Identifier: GPL-2.0-only
/* The guard as such: whom it closes, and how it reads. */
#include "backends/iptables/layout.h"
#include "backends/iptables/vlan_nft.h"

#include <sys/socket.h>

void pg_vlan_done(struct pg_vlan *vlan)
{
	for (size_t i = 0; i < PG_DIRECTIONS; i++)
		free(vlan->names[i].items);
	*vlan = (struct pg_vlan){ 0 };
}

static int compare_names(const void *a, const void *b)
{
	const struct pg_vlan_name *left = a, *right = b;

	return memcmp(left->text, right->text, sizeof(left->text));
}

/* Sorts, and leaves one of each. */
static void tidy(struct pg_vlan *vlan)
{
	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		struct pg_vlan_name *names = vlan->names[i].items;
		size_t kept = 0;

		if (!vlan->names[i].count)
			continue;
		qsort(names, vlan->names[i].count, sizeof(*names), compare_names);
		for (size_t n = 1; n < vlan->names[i].count; n++) {
			if (compare_names(&names[kept], &names[n]))
				names[++kept] = names[n];
		}
		vlan->names[i].count = kept + 1;
	}
}

static int add_endpoint(const struct pg_intent *intent, size_t index, struct pg_vlan *vlan)
{
	const char *interface = intent->endpoints->list.items[index].interface;

	for (int i = 0; interface && i < PG_DIRECTIONS; i++) {
		struct pg_vlan_name *name;

		if (i == PG_INGRESS && !pg_guard_is_enforced(intent, index, PG_INGRESS))
			continue;
		name = pg_array_add(&vlan->names[i]);
		if (!name)
			return -ENOMEM;
		snprintf(name->text, sizeof(name->text), "%s", interface);
	}
	return 0;
}

int pg_vlan_make(const struct pg_intent *intent, struct pg_vlan *ret_vlan)
{
	_cleanup_vlan_ struct pg_vlan vlan = { 0 };

	for (size_t i = 0; i < intent->endpoints->list.count; i++) {
		int err = add_endpoint(intent, i, &vlan);

		if (err)
			return err;
	}
	tidy(&vlan);
	*ret_vlan = vlan;
	vlan = (struct pg_vlan){ 0 };
	return 0;
}

int pg_vlan_merge(struct pg_vlan *vlan, const struct pg_vlan *other)
{
	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		pg_array_foreach(from, &other->names[i]) {
			struct pg_vlan_name *name = pg_array_add(&vlan->names[i]);

			if (!name)
				return -ENOMEM;
			*name = *from;
		}
	}
	tidy(vlan);
	return 0;
}

static int plan_direction(const struct pg_vlan *vlan, enum pg_direction direction,
			  struct pg_objects *objects)
{
	_cleanup_nftnl_set_ struct nftnl_set *set = pg_vlan_new_set(
		direction, vlan->names[direction].items, vlan->names[direction].count);
	_cleanup_nftnl_chain_ struct nftnl_chain *chain = pg_vlan_new_chain(direction);
	int err = set && chain ? pg_vlan_describe_set(set, objects) : -ENOMEM;

	if (!err)
		err = pg_vlan_describe_chain(chain, objects);
	for (size_t tag = 0; !err && tag < PG_VLAN_TAGS; tag++) {
		static const struct pg_nft_counter zero;
		_cleanup_nftnl_rule_ struct nftnl_rule *rule =
			pg_vlan_new_rule(direction, tag, &zero);

		err = rule ? pg_vlan_describe_rule(rule, (uint32_t)tag + 1, objects) : -ENOMEM;
	}
	return err;
}

int pg_vlan_plan(const struct pg_vlan *vlan, struct pg_objects *objects)
{
	bool any = false;
	int err = 0;

	for (int i = 0; !err && i < PG_DIRECTIONS; i++) {
		if (!vlan->names[i].count)
			continue;
		any = true;
		err = plan_direction(vlan, (enum pg_direction)i, objects);
	}
	return err || !any ? err : pg_vlan_describe_table(0, objects);
}

static bool is_guard(const struct pg_object *object)
{
	return *(const uint8_t *)object->key == AF_BRIDGE;
}

void pg_vlan_render_native(const struct pg_objects *objects, struct pg_strbuf *buf)
{
	bool any = false;

	pg_array_foreach(object, &objects->list) {
		if (!is_guard(object))
			continue;
		if (!any)
			pg_strbuf_puts(buf,
				       "# tagged frames: sed -n 's/^#bridge //p' | nft -f -\n");
		any = true;
		pg_strbuf_printf(buf, "#bridge %.*s\n", (int)object->value_length,
				 (const char *)object->value);
	}
}

void pg_vlan_render_json(const struct pg_objects *objects, struct pg_strbuf *buf)
{
	bool any = false;

	pg_array_foreach(object, &objects->list) {
		if (!is_guard(object))
			continue;
		pg_strbuf_puts(buf, any ? "," : ",\"bridge\":[");
		any = true;
		pg_strbuf_add_json(buf, object->value, object->value_length);
	}
	if (any)
		pg_strbuf_putc(buf, ']');
}
