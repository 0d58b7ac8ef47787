// SPDX-License-Identifier: GPL-2.0-only
/* The iptables backend: layouts of rules, and two ways to the kernel. */
#include "backends/iptables/handle.h"
#include "backends/iptables/layout.h"
#include "backends/iptables/match_set.h"
#include "backends/iptables/objects.h"
#include "backends/iptables/sets_kernel.h"
#include "backends/iptables/vlan.h"
#include "backends/revoke.h"

static void forget_plan(struct pg_backend_handle *handle)
{
	pg_tree_done(&handle->planned4);
	pg_tree_done(&handle->planned6);
	handle->planned = NULL;
}

static void ipt_close(struct pg_backend_handle *handle)
{
	if (handle)
		forget_plan(handle);
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

/*
 * Without a wish the best layout that this kernel has; asked only now, since asking loads modules. For
 * a plan that is only shown that is "set".
 */
static void settle_layout(struct pg_backend_handle *handle)
{
	if (!handle->any_layout)
		return;
	handle->any_layout = false;
	handle->layout = !handle->kernel || pg_ipt_sets_are_here() ? PG_LAYOUT_SET : PG_LAYOUT_TREE;
}

static int build(struct pg_backend_handle *handle, const struct pg_intent *intent,
		 struct pg_diags *diags, struct pg_tree *v4, struct pg_tree *v6)
{
	struct pg_layout_options options4 = { .family = 4, .parent = handle->parent4 };
	struct pg_layout_options options6 = { .family = 6, .parent = handle->parent6 };
	int err;

	settle_layout(handle);
	options4.layout = options6.layout = handle->layout;
	err = pg_layout_build(intent, &options4, diags, v4);
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
	_cleanup_vlan_ struct pg_vlan vlan = { 0 };
	int err;

	forget_plan(handle);
	err = build(handle, intent, diags, &handle->planned4, &handle->planned6);
	if (!err)
		err = pg_vlan_make(intent, &vlan);
	if (!err)
		err = make_objects(&handle->planned4, &handle->planned6, &vlan, ret_desired);
	if (err) {
		forget_plan(handle);
		return err;
	}
	handle->planned = intent;
	memcpy(handle->planned_digest, intent->digest, sizeof(handle->planned_digest));
	return 0;
}

/* The trees of an intent: those of the plan if it was of this one. */
static int take_plan(struct pg_backend_handle *handle, const struct pg_intent *intent,
		     struct pg_diags *diags, struct pg_tree *v4, struct pg_tree *v6)
{
	if (!handle->planned ||
	    memcmp(handle->planned_digest, intent->digest, sizeof(intent->digest)) != 0) {
		forget_plan(handle);
		return build(handle, intent, diags, v4, v6);
	}
	*v4 = handle->planned4;
	*v6 = handle->planned6;
	handle->planned4 = handle->planned6 = (struct pg_tree){ 0 };
	handle->planned = NULL;
	return 0;
}

/* Sets are of no flavour. */
static int add_live_sets(struct pg_diags *diags, struct pg_objects *objects)
{
	_cleanup_tree_ struct pg_tree v4 = { .family = 4 }, v6 = { .family = 6 };
	int err = pg_ipt_sets_read(diags, &v4.sets, &v6.sets);

	if (!err)
		err = pg_ipt_objects_add(objects, &v4, 0);
	return err ? err : pg_ipt_objects_add(objects, &v6, 0);
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
		err = add_live_sets(diags, &objects);
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
	int err;

	settle_layout(handle);
	err = handle->layout == PG_LAYOUT_SET ? pg_ipt_sets_check(diags) : 0;
	if (!err)
		err = pg_ipt_check(handle, intent, diags);
	if (!err)
		err = pg_revoke_check(intent, diags);
	if (!err)
		err = pg_vlan_make(intent, &vlan);
	return err ? err : pg_vlan_check(&vlan, diags);
}

static int write_rules(struct pg_backend_handle *handle, const struct pg_intent *intent,
		       struct pg_tree *v4, struct pg_tree *v6, struct pg_diags *diags)
{
	struct pg_ipt_failure failure = { 0 };
	int err = pg_match_set_number(v4, diags);

	if (!err)
		err = pg_match_set_number(v6, diags);
	if (!err)
		err = handle->flavour->write(v4, v6, diags, &failure);
	if (err)
		report_rule(intent, failure.rule, diags);
	return err;
}

/* The sets before the rules that need them; sets_kernel.h has why. */
static int write_all(struct pg_backend_handle *handle, const struct pg_intent *intent,
		     const struct pg_diff *diff, struct pg_tree *v4, struct pg_tree *v6,
		     struct pg_diags *diags)
{
	const struct pg_sets *const sets[] = { &v4->sets, &v6->sets };
	_cleanup_ipt_sets_made_ struct pg_ipt_sets_made made = { 0 };
	int err = pg_ipt_sets_make(sets, diff, diags, &made);

	if (err)
		return err;
	err = write_rules(handle, intent, v4, v6, diags);
	if (err)
		pg_ipt_sets_undo(&made);
	return err;
}

/* What the rules before had, when the new ones stand. */
static int remove_old(struct pg_backend_handle *handle, const struct pg_tree *v4,
		      const struct pg_tree *v6, struct pg_diags *diags)
{
	const struct pg_sets *const sets[] = { &v4->sets, &v6->sets };
	int err = handle->other->remove(diags);

	return err ? err : pg_ipt_sets_drop(sets, diags);
}

/*
 * Objects have as text only what the trees hold, so that it is the trees that are committed. The guard is another transaction than the rules. It only drops, so it is first made to
 * drop what the old one or the new one does; killed at any point, we leave one that drops no less.
 * Rules of the flavour that isn't in use go when the new ones stand, and then sets that no rule needs.
 */
static int ipt_commit(struct pg_backend_handle *handle, const struct pg_intent *intent,
		      const struct pg_objects *desired PG_UNUSED, const struct pg_diff *diff,
		      struct pg_diags *diags)
{
	_cleanup_vlan_ struct pg_vlan vlan = { 0 }, before = { 0 };
	_cleanup_tree_ struct pg_tree v4 = { 0 }, v6 = { 0 };
	int err = take_plan(handle, intent, diags, &v4, &v6);

	if (!err)
		err = pg_vlan_make(intent, &vlan);
	if (!err)
		err = pg_vlan_hold_both(&vlan, diags, &before);
	if (err)
		return err;
	err = write_all(handle, intent, diff, &v4, &v6, diags);
	if (err) {
		pg_vlan_hold(&before, diags);
		return err;
	}
	err = remove_old(handle, &v4, &v6, diags);
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
	static const struct pg_sets no_sets;
	static const struct pg_sets *const sets[] = { &no_sets, &no_sets };
	int err = handle->flavour->remove(diags);
	int other = handle->other->remove(diags);
	int dropped = pg_ipt_sets_drop(sets, diags);
	int vlan = pg_vlan_hold(&none, diags);

	return err ? err : other ? other : dropped ? dropped : vlan;
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
