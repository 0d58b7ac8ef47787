// SPDX-License-Identifier: GPL-2.0-only
/* The iptables backend: layouts of rules, and two ways to the kernel. */
#include "backends/iptables/handle.h"
#include "backends/iptables/layout.h"
#include "backends/iptables/objects.h"
#include "backends/iptables/vlan.h"
#include "backends/revoke.h"

static void ipt_close(struct pg_backend_handle *handle)
{
	free(handle);
}

static int ipt_open(const struct pg_backend_options *options, bool kernel, struct pg_diags *diags,
		    struct pg_backend_handle **ret_handle)
{
	_cleanup_free_ struct pg_backend_handle *handle = calloc(1, sizeof(*handle));
	int err = handle ? pg_ipt_choose(options, kernel, diags, handle) : -ENOMEM;

	if (err)
		return err;
	*ret_handle = PG_TAKE(handle);
	return 0;
}

static int build(const struct pg_backend_handle *handle, const struct pg_intent *intent,
		 struct pg_diags *diags, struct pg_tree *v4, struct pg_tree *v6)
{
	const struct pg_layout_options options4 = { 4, handle->layout, handle->parent4 };
	const struct pg_layout_options options6 = { 6, handle->layout, handle->parent6 };
	int err = pg_layout_build(intent, &options4, diags, v4);

	v6->family = 6;
	return err || !handle->ipv6 ? err : pg_layout_build(intent, &options6, diags, v6);
}

/* Both families' trees and the guard as sorted objects. */
static int make_objects(const struct pg_tree *v4, const struct pg_tree *v6,
			const struct pg_vlan *vlan, struct pg_objects *ret_objects)
{
	_cleanup_objects_ struct pg_objects objects = { 0 };
	int err = pg_ipt_objects_add(&objects, v4, 0);

	if (!err)
		err = pg_ipt_objects_add(&objects, v6, 0);
	if (!err)
		err = pg_vlan_plan(vlan, &objects);
	if (!err)
		err = pg_objects_sort(&objects);
	if (err)
		return err;
	*ret_objects = objects;
	objects = (struct pg_objects){ 0 };
	return 0;
}

static int ipt_plan(struct pg_backend_handle *handle, const struct pg_intent *intent,
		    struct pg_diags *diags, struct pg_objects *ret_desired)
{
	_cleanup_tree_ struct pg_tree v4 = { 0 }, v6 = { 0 };
	_cleanup_vlan_ struct pg_vlan vlan = { 0 };
	int err = build(handle, intent, diags, &v4, &v6);

	if (!err)
		err = pg_vlan_make(intent, &vlan);
	return err ? err : make_objects(&v4, &v6, &vlan, ret_desired);
}

static int add_live(const struct pg_ipt_flavour *flavour, uint8_t mark, struct pg_diags *diags,
		    struct pg_objects *objects)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		_cleanup_tree_ struct pg_tree tree = { 0 };
		int err = flavour->read(family, diags, &tree);

		if (!err)
			err = pg_ipt_objects_add(objects, &tree, mark);
		if (err)
			return err;
	}
	return 0;
}

static int ipt_live(struct pg_backend_handle *handle, struct pg_diags *diags,
		    struct pg_objects *ret_live)
{
	_cleanup_objects_ struct pg_objects objects = { 0 };
	int err = add_live(handle->flavour, 0, diags, &objects);

	if (!err)
		err = add_live(handle->other, PG_OBJECT_ELSEWHERE, diags, &objects);
	if (!err)
		err = pg_vlan_live(diags, &objects);
	if (!err)
		err = pg_objects_sort(&objects);
	if (err)
		return err;
	*ret_live = objects;
	objects = (struct pg_objects){ 0 };
	return 0;
}

/* Says which rule of the operator's the kernel meant, if the flavour knows. */
static void report_rule(const struct pg_intent *intent, const struct pg_tree_rule *rule,
			struct pg_diags *diags)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	if (!rule)
		return;
	pg_tree_format_rule(rule, &text);
	pg_note(diags, intent->rule_loc(intent->context, rule->origin), "the refused rule is: %s",
		pg_strbuf_error(&text) ? "?" : text.text);
}

static int ipt_check(struct pg_backend_handle *handle, const struct pg_intent *intent,
		     struct pg_diags *diags)
{
	_cleanup_vlan_ struct pg_vlan vlan = { 0 };
	int err = pg_ipt_check(handle, intent, diags);

	if (!err)
		err = pg_revoke_check(intent, diags);
	if (!err)
		err = pg_vlan_make(intent, &vlan);
	return err ? err : pg_vlan_check(&vlan, diags);
}

static int write_rules(struct pg_backend_handle *handle, const struct pg_intent *intent,
		       const struct pg_tree *v4, const struct pg_tree *v6, struct pg_diags *diags)
{
	struct pg_ipt_failure failure = { 0 };
	int err = handle->flavour->write(v4, v6, diags, &failure);

	if (err)
		report_rule(intent, failure.rule, diags);
	return err;
}

/*
 * The trees are made anew: they hold what objects have as text only, and the same intent always gives
 * the same ones. The guard is another transaction than the rules. It only drops, so it is first made to
 * drop what the old one or the new one does; killed at any point, we leave one that drops no less.
 * Rules of the flavour that isn't in use go when the new ones stand.
 */
static int ipt_commit(struct pg_backend_handle *handle, const struct pg_intent *intent,
		      const struct pg_objects *desired PG_UNUSED,
		      const struct pg_diff *diff PG_UNUSED, struct pg_diags *diags)
{
	_cleanup_vlan_ struct pg_vlan vlan = { 0 }, before = { 0 };
	_cleanup_tree_ struct pg_tree v4 = { 0 }, v6 = { 0 };
	int err = build(handle, intent, diags, &v4, &v6);

	if (!err)
		err = pg_vlan_make(intent, &vlan);
	if (!err)
		err = pg_vlan_hold_both(&vlan, diags, &before);
	if (err)
		return err;
	err = write_rules(handle, intent, &v4, &v6, diags);
	if (err) {
		pg_vlan_hold(&before, diags);
		return err;
	}
	err = handle->other->remove(diags);
	return err ? err : pg_vlan_hold(&vlan, diags);
}

/* Packets of a flow pass by their state, whatever rules there are. */
static int ipt_revoke(struct pg_backend_handle *handle PG_UNUSED, const struct pg_intent *intent,
		      struct pg_diags *diags, size_t *ret_flows)
{
	return pg_revoke(intent, diags, ret_flows);
}

static int ipt_render(struct pg_backend_handle *handle PG_UNUSED, const struct pg_objects *objects,
		      enum pg_render_form form, struct pg_strbuf *buf)
{
	if (form == PG_RENDER_JSON) {
		pg_ipt_render_json(objects, buf);
	} else {
		pg_ipt_render_native(objects, buf);
		pg_vlan_render_native(objects, buf);
	}
	return pg_strbuf_error(buf);
}

/* What can be taken down is, whatever else can't. */
static int ipt_clear(struct pg_backend_handle *handle, struct pg_diags *diags)
{
	static const struct pg_vlan none;
	int err = handle->flavour->remove(diags);
	int other = handle->other->remove(diags);
	int vlan = pg_vlan_hold(&none, diags);

	return err ? err : other ? other : vlan;
}

const struct pg_backend pg_backend_iptables = {
	.name = "iptables",
	.open = ipt_open,
	.close = ipt_close,
	.plan = ipt_plan,
	.live = ipt_live,
	.check = ipt_check,
	.commit = ipt_commit,
	.revoke = ipt_revoke,
	.render = ipt_render,
	.clear = ipt_clear,
	.status = pg_ipt_status,
	.counters = pg_ipt_counters,
	.trace = pg_ipt_trace,
};
