// SPDX-License-Identifier: GPL-2.0-only
/* The plan as a whole. */
#include "backends/nftables/layout.h"

#include "compat/strbuf.h"

static void report_name(const struct pg_endpoint *endpoint, struct pg_diags *diags)
{
	_cleanup_strbuf_ struct pg_strbuf name = { 0 };

	pg_strbuf_add_escaped(&name, endpoint->interface, strlen(endpoint->interface));
	pg_error(diags, endpoint->loc, "interface name '%s' is longer than %d bytes",
		 name.text ? name.text : "?", IFNAMSIZ - 1);
}

static int check_names(const struct pg_endpoints *endpoints, struct pg_diags *diags)
{
	int err = 0;

	pg_array_foreach(endpoint, &endpoints->list) {
		if (!endpoint->interface || strlen(endpoint->interface) < IFNAMSIZ)
			continue;
		report_name(endpoint, diags);
		err = -EINVAL;
	}
	return err;
}

/* The one way in which two objects can have one key. */
static void report_shared_interface(const struct pg_endpoints *endpoints, struct pg_diags *diags)
{
	const struct pg_endpoint *list = endpoints->list.items;

	for (size_t i = 0; i < endpoints->list.count; i++) {
		for (size_t j = 0; j < i && list[i].interface; j++) {
			if (!list[j].interface || strcmp(list[i].interface, list[j].interface))
				continue;
			pg_error(diags, list[i].loc, "interface '%s' is of two endpoints",
				 list[i].interface);
			pg_note(diags, list[j].loc, "the other one is here");
			return;
		}
	}
}

static int plan_all(const struct pg_intent *intent, const struct pg_classes *classes,
		    struct pg_objects *objects)
{
	struct pg_nftables_uses uses;
	int err = pg_nftables_plan_policy(intent, classes, objects, &uses);

	if (!err)
		err = pg_nftables_plan_chains(intent, &uses, objects);
	if (!err)
		err = pg_nftables_plan_addresses(intent, objects);
	if (!err)
		err = pg_nftables_plan_guard(intent, objects);
	return err ?: pg_objects_sort(objects);
}

int pg_nftables_plan(const struct pg_intent *intent, struct pg_diags *diags,
		     struct pg_objects *ret_objects)
{
	_cleanup_objects_ struct pg_objects objects = { 0 };
	_cleanup_classes_ struct pg_classes classes = { 0 };
	int err = check_names(intent->endpoints, diags);

	if (err)
		return err;
	err = pg_classify(intent->table, PG_PLAN_MAX, &classes);
	if (err == -E2BIG)
		pg_error(diags, PG_LOC_NONE, "policy needs more than %d map elements", PG_PLAN_MAX);
	if (!err)
		err = plan_all(intent, &classes, &objects);
	if (err == -EEXIST) {
		report_shared_interface(intent->endpoints, diags);
		err = -EINVAL;
	}
	if (err)
		return err;
	*ret_objects = objects;
	objects = (struct pg_objects){ 0 };
	return 0;
}
