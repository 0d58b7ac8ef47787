// SPDX-License-Identifier: GPL-2.0-only
/* The nftables backend: two tables of our own. */
#include "backends/bridged.h"
#include "backends/nftables/kernel.h"
#include "backends/nftables/layout.h"
#include "backends/nftables/stray.h"
#include "backends/nftables/text.h"
#include "backends/nftables/trace.h"
#include "backends/revoke.h"
#include "compat/bridge.h"

struct pg_backend_handle {
	uint32_t generation; /* that live() read */
};

static void nftables_close(struct pg_backend_handle *handle)
{
	free(handle);
}

static int nftables_open(const struct pg_backend_options *options PG_UNUSED, bool kernel,
			 struct pg_diags *diags, struct pg_backend_handle **ret_handle)
{
	_cleanup_free_ struct pg_backend_handle *handle = calloc(1, sizeof(*handle));
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	int err = handle ? 0 : -ENOMEM;

	if (!err && kernel)
		err = pg_nfnl_open(&nfnl);
	if (!err && kernel)
		err = pg_nft_generation(&nfnl, &handle->generation);
	if (err == -EPROTONOSUPPORT || err == -EOPNOTSUPP) {
		pg_error(diags, PG_LOC_NONE, "this kernel has no nf_tables");
		return -EOPNOTSUPP;
	}
	if (err)
		return err;
	*ret_handle = PG_TAKE(handle);
	return 0;
}

static int nftables_plan(struct pg_backend_handle *handle PG_UNUSED, const struct pg_intent *intent,
			 struct pg_diags *diags, struct pg_objects *ret_desired)
{
	return pg_nftables_plan(intent, diags, ret_desired);
}

static int nftables_live(struct pg_backend_handle *handle, struct pg_diags *diags,
			 struct pg_objects *ret_live)
{
	_cleanup_nftables_state_ struct pg_nftables_state state = { 0 };
	int err = pg_nftables_read(diags, false, &state);

	if (err)
		return err;
	handle->generation = state.generation;
	*ret_live = state.objects;
	state.objects = (struct pg_objects){ 0 };
	return 0;
}

static int nftables_check(struct pg_backend_handle *handle PG_UNUSED,
			  const struct pg_intent *intent, struct pg_diags *diags)
{
	_cleanup_objects_ struct pg_objects desired = { 0 };
	int err = 0;

	if (intent->endpoints->list.count)
		err = pg_bridged_check_calls(4, "nf_tables", diags);
	if (!err && intent->endpoints->list.count && pg_intent_judges_ipv6(intent))
		err = pg_bridged_check_calls(6, "nf_tables", diags);
	if (!err && intent->endpoints->list.count)
		err = pg_bridged_check_ports(intent->endpoints, "nftables", diags);
	if (!err)
		err = pg_revoke_check(intent, diags);
	if (!err)
		err = pg_nftables_plan(intent, diags, &desired);
	return err ?: pg_nftables_try(&desired, intent, diags);
}

/* Any program's change of any table comes between, so what is to change is worked out anew. */
static int write_again(struct pg_backend_handle *handle, const struct pg_intent *intent,
		       const struct pg_objects *desired, struct pg_diags *diags)
{
	_cleanup_objects_ struct pg_objects live = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };
	int err = nftables_live(handle, diags, &live);

	if (!err)
		err = pg_diff_make(desired, &live, &diff);
	return err ?: pg_nftables_write(desired, &diff, handle->generation, intent, diags);
}

static int nftables_commit(struct pg_backend_handle *handle, const struct pg_intent *intent,
			   const struct pg_objects *desired, const struct pg_diff *diff,
			   struct pg_diags *diags)
{
	struct pg_nft_patience patience = pg_nft_patience_start();
	int err = pg_nftables_write(desired, diff, handle->generation, intent, diags);

	while (err == -ERESTART && !pg_nft_patience_is_over(&patience))
		err = write_again(handle, intent, desired, diags);
	if (err != -ERESTART)
		return err;
	pg_error(diags, PG_LOC_NONE,
		 "nf_tables: another program changes the rules again and again");
	return -EAGAIN;
}

/* Packets of a flow pass by their state, whatever maps say. */
static int nftables_revoke(struct pg_backend_handle *handle PG_UNUSED,
			   const struct pg_intent *intent, struct pg_diags *diags,
			   size_t *ret_flows)
{
	return pg_revoke(intent, diags, ret_flows);
}

static int nftables_render(struct pg_backend_handle *handle PG_UNUSED,
			   const struct pg_objects *objects, enum pg_render_form form,
			   struct pg_strbuf *buf)
{
	return pg_nftables_render(objects, form, buf);
}

static int nftables_clear(struct pg_backend_handle *handle PG_UNUSED, struct pg_diags *diags)
{
	return pg_nftables_clear(diags);
}

/* Which of our base chains are where packets come by. */
static unsigned int find_hooks(const struct pg_objects *objects, struct pg_strbuf *names)
{
	unsigned int count = 0;

	pg_array_foreach(object, &objects->list) {
		struct pg_nftables_chain base;
		struct pg_nftables_item item;
		bool is_base;

		if (pg_nftables_item(object, &item) || item.rank != PG_RANK_CHAIN ||
		    pg_nftables_read_chain(object, &is_base, &base) || !is_base)
			continue;
		pg_strbuf_printf(names, "%s%s", count++ ? ", " : "", item.name);
	}
	return count;
}

/* Rules that packets don't get to enforce nothing, whatever they say. */
static void warn_of_bypass(struct pg_diags *diags)
{
	const char *sysctl = pg_bridge_sysctl(4);
	bool calls;

	if (!pg_bridge_calls_iptables(4, &calls) && !calls)
		pg_warning(diags, PG_LOC_NONE,
			   "same-bridge traffic doesn't reach nf_tables: %s is 0; set it: sysctl "
			   "-w %s=1",
			   sysctl, sysctl);
}

/* What was added may let packets pass, or drop them; what is gone can't judge. */
static int warn_of_strays(const struct pg_objects *objects, struct pg_diags *diags)
{
	_cleanup_strays_ struct pg_nftables_strays strays = { 0 };
	int err = pg_nftables_find_strays(objects, &strays);

	if (!err && strays.diff.changes.count)
		pg_warning(diags, PG_LOC_NONE,
			   "tables '" PG_NFTABLES_TABLE "' and '" PG_NFTABLES_GUARD
			   "' were changed by somebody else; apply the policy again");
	return err;
}

static bool is_switched_off(const struct pg_objects *objects)
{
	pg_array_foreach(object, &objects->list) {
		if (*(const uint8_t *)object->key == PG_RANK_FOREIGN)
			return true;
	}
	return false;
}

/* forward, input; prerouting, postrouting */
#define HOOKS_MIN 4

static int nftables_status(struct pg_backend_handle *handle PG_UNUSED, struct pg_diags *diags,
			   struct pg_backend_status *ret_status)
{
	_cleanup_nftables_state_ struct pg_nftables_state state = { 0 };
	_cleanup_strbuf_ struct pg_strbuf hooks = { 0 };
	struct pg_backend_status status = { .flavour = "nft", .layout = PG_NFTABLES_LAYOUT };
	struct pg_nftables_meta meta = { 0 };
	int err = pg_nftables_read(diags, false, &state);

	if (err)
		return err;
	err = pg_nftables_find_meta(&state.objects, &meta);
	if (err && err != -ENOENT)
		return err;
	status.enforcing = !err && find_hooks(&state.objects, &hooks) >= HOOKS_MIN &&
			   !is_switched_off(&state.objects);
	if (pg_strbuf_error(&hooks))
		return -ENOMEM;
	snprintf(status.attached, sizeof(status.attached), "%s", hooks.text ? hooks.text : "");
	status.objects = state.objects.list.count;
	memcpy(status.digest, meta.digest, sizeof(status.digest));
	status.on_revoke = meta.on_revoke;
	err = 0;
	if (status.enforcing) {
		warn_of_bypass(diags);
		err = warn_of_strays(&state.objects, diags);
	}
	if (err)
		return err;
	*ret_status = status;
	return 0;
}

static int nftables_counters(struct pg_backend_handle *handle PG_UNUSED, struct pg_diags *diags,
			     struct pg_counters *ret_counters)
{
	_cleanup_nftables_state_ struct pg_nftables_state state = { 0 };
	int err = pg_nftables_read(diags, false, &state);

	if (err)
		return err;
	*ret_counters = state.counters;
	state.counters = (struct pg_counters){ 0 };
	return 0;
}

static int nftables_trace(struct pg_backend_handle *handle PG_UNUSED,
			  const struct pg_trace_query *query, struct pg_diags *diags,
			  struct pg_trace *ret_trace)
{
	_cleanup_nftables_state_ struct pg_nftables_state state = { 0 };
	_cleanup_trace_ struct pg_trace trace = { 0 };
	int err = pg_nftables_read(diags, true, &state);

	if (!err)
		err = pg_nftables_trace_strays(&state, &trace);
	if (!err)
		err = pg_nftables_trace(&state, query, &trace);
	if (err)
		return err;
	*ret_trace = trace;
	trace = (struct pg_trace){ 0 };
	return 0;
}

const struct pg_backend pg_backend_nftables = {
	.name = "nftables",
	.open = nftables_open,
	.close = nftables_close,
	.plan = nftables_plan,
	.live = nftables_live,
	.check = nftables_check,
	.commit = nftables_commit,
	.revoke = nftables_revoke,
	.render = nftables_render,
	.clear = nftables_clear,
	.status = nftables_status,
	.counters = nftables_counters,
	.trace = nftables_trace,
};
