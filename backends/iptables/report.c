// SPDX-License-Identifier: GPL-2.0-only
/* What the rules that are installed say of themselves. */
#include "backends/iptables/installed.h"
#include "backends/iptables/layout.h"
#include "backends/iptables/vlan.h"
#include "compat/bridge.h"

static bool find_meta(const struct pg_tree *tree, struct pg_meta *meta)
{
	const struct pg_tree_chain *chain = pg_tree_find_chain(tree, PG_CHAIN_META);

	return chain && chain->rules.count && !pg_meta_parse(chain->rules.items[0].comment, meta);
}

/* Where forwarded packets come from; NULL: from nowhere. */
static const struct pg_tree_hook *find_hook(const struct pg_tree *tree)
{
	pg_array_foreach(hook, &tree->hooks) {
		if (!hook->conditional && !strcmp(hook->chain, PG_CHAIN_FORWARD))
			return hook;
	}
	return NULL;
}

static void warn_of_bridge(uint8_t family, struct pg_diags *diags)
{
	const char *sysctl = pg_bridge_sysctl(family);
	bool calls;

	if (!pg_bridge_calls_iptables(family, &calls) && !calls)
		pg_warning(diags, PG_LOC_NONE,
			   "same-bridge traffic doesn't reach %s: %s is 0; set it: sysctl -w %s=1",
			   family == 4 ? "iptables" : "ip6tables", sysctl, sysctl);
}

/* Rules that packets don't get to enforce nothing, whatever they say. */
static void warn_of_bypass(const struct pg_backend_handle *handle,
			   const struct pg_ipt_installed *installed, const char *parent,
			   struct pg_diags *diags)
{
	if (!strcmp(parent, PG_IPT_DOCKER_CHAIN) && installed->flavour == handle->flavour &&
	    strcmp(handle->parent4, parent) != 0)
		pg_warning(diags, PG_LOC_NONE,
			   "chain '%s', which calls polgen's, is not called from FORWARD any more; "
			   "apply the policy again",
			   parent);
	warn_of_bridge(4, diags);
	if (!pg_tree_is_empty(&installed->v6))
		warn_of_bridge(6, diags);
}

/* IPv6 has rules only where it needs some; those must be whole. */
static bool is_whole(const struct pg_tree *v6)
{
	struct pg_meta meta;

	return pg_tree_is_empty(v6) || (find_meta(v6, &meta) && find_hook(v6));
}

static size_t tree_objects(const struct pg_tree *tree)
{
	size_t count = tree->hooks.count + tree->chains.count + pg_tree_rules(tree);

	pg_array_foreach(set, &tree->sets.list)
		count += 1 + set->elements.count;
	return count;
}

/* Without making them, for their text takes its time. */
static int count_objects(const struct pg_ipt_installed *installed, struct pg_diags *diags,
			 size_t *ret_count)
{
	_cleanup_objects_ struct pg_objects guard = { 0 };
	int err = pg_vlan_live(diags, &guard);

	if (err)
		return err;
	*ret_count = tree_objects(&installed->v4) + tree_objects(&installed->v6) + guard.list.count;
	return 0;
}

int pg_ipt_status(struct pg_backend_handle *handle, struct pg_diags *diags,
		  struct pg_backend_status *ret_status)
{
	_cleanup_ipt_installed_ struct pg_ipt_installed installed = { 0 };
	struct pg_backend_status status = { 0 };
	const struct pg_tree_hook *hook;
	struct pg_meta meta = { 0 };
	int err = pg_ipt_read_installed(handle, diags, &installed);

	if (!err)
		err = count_objects(&installed, diags, &status.objects);
	if (err)
		return err;
	hook = find_hook(&installed.v4);
	status.enforcing = find_meta(&installed.v4, &meta) && hook && is_whole(&installed.v6);
	snprintf(status.flavour, sizeof(status.flavour), "%s", installed.flavour->name);
	snprintf(status.layout, sizeof(status.layout), "%s", meta.layout);
	snprintf(status.attached, sizeof(status.attached), "%s", hook ? hook->parent : "");
	memcpy(status.digest, meta.digest, sizeof(status.digest));
	status.on_revoke = meta.on_revoke;
	if (status.enforcing)
		warn_of_bypass(handle, &installed, hook->parent, diags);
	*ret_status = status;
	return 0;
}

/* Packets that no rule of the policy's judged are known by the names of backend.h, in any chain. */
static bool is_guard(const char *name)
{
	return !strcmp(name, PG_COUNT_ESTABLISHED) || !strcmp(name, PG_COUNT_SPOOFED) ||
	       !strcmp(name, PG_COUNT_NOT_OWN) || !strcmp(name, PG_COUNT_IPV6);
}

static int count(struct pg_counters *counters, const char *name, enum pg_direction direction,
		 enum pg_target target, uint64_t packets, uint64_t bytes)
{
	return pg_counters_add(counters, name, direction,
			       target == PG_TARGET_DROP ? PG_VERDICT_DENY : PG_VERDICT_ALLOW,
			       packets, bytes);
}

/* Ports count for the rules that they are from. */
static int count_set(const struct pg_tree *tree, const struct pg_tree_rule *rule,
		     enum pg_direction direction, struct pg_counters *counters)
{
	const struct pg_set *set = rule->has_set ? pg_sets_find(&tree->sets, rule->set) : NULL;

	if (!set || set->kind != PG_SET_PORTS)
		return 0;
	pg_array_foreach(element, &set->elements) {
		int err = element->comment ? count(counters, element->comment, direction,
						   rule->target, element->packets, element->bytes)
					   : 0;

		if (err)
			return err;
	}
	return 0;
}

static int count_rule(const struct pg_tree *tree, const struct pg_tree_rule *rule,
		      enum pg_direction direction, struct pg_counters *counters)
{
	bool guards = is_guard(rule->comment);

	if (rule->foreign)
		return 0;
	if (!rule->comment[0])
		return direction != PG_DIRECTIONS ? count_set(tree, rule, direction, counters) : 0;
	if (direction == PG_DIRECTIONS && !guards)
		return 0;
	return count(counters, rule->comment,
		     direction == PG_INGRESS && !guards ? PG_INGRESS : PG_EGRESS, rule->target,
		     rule->packets, rule->bytes);
}

static int count_tree(const struct pg_tree *tree, struct pg_counters *counters)
{
	pg_array_foreach(chain, &tree->chains) {
		enum pg_direction direction = pg_layout_direction(chain->name);

		pg_array_foreach(rule, &chain->rules) {
			int err = count_rule(tree, rule, direction, counters);

			if (err)
				return err;
		}
	}
	return 0;
}

int pg_ipt_counters(struct pg_backend_handle *handle, struct pg_diags *diags,
		    struct pg_counters *ret_counters)
{
	_cleanup_ipt_installed_ struct pg_ipt_installed installed = { 0 };
	_cleanup_counters_ struct pg_counters counters = { 0 };
	int err = pg_ipt_read_installed(handle, diags, &installed);

	if (!err)
		err = count_tree(&installed.v4, &counters);
	if (!err)
		err = count_tree(&installed.v6, &counters);
	if (!err)
		err = pg_vlan_count(diags, &counters);
	if (err)
		return err;
	pg_counters_sort(&counters);
	*ret_counters = counters;
	counters = (struct pg_counters){ 0 };
	return 0;
}
