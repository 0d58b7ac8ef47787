// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the guard that is there to another, in one batch: the whole table goes and comes anew, at one
 * moment for every packet, so that whatever was done to it by hand goes too.
 */
#include "backends/iptables/nft_commit.h"
#include "backends/iptables/vlan_nft.h"
#include "compat/errtext.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* As many as fit into one message with room to spare. */
#define ELEMENTS_MAX 64

/* No table is called so: a name has no slash. A batch that asks for it fails after all else was tried. */
#define NO_TABLE "polgen/none"

static struct nlmsghdr *start(struct pg_nfnl_batch *batch, uint16_t type, uint16_t flags)
{
	return pg_nfnl_batch_add(batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
				 NFPROTO_BRIDGE, flags);
}

static int add_table(struct pg_nfnl_batch *batch, uint16_t type, uint16_t flags, const char *name)
{
	struct nlmsghdr *message = start(batch, type, flags);

	if (!message)
		return -errno;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, name);
	return 0;
}

static int add_set(struct pg_nfnl_batch *batch, enum pg_direction direction)
{
	_cleanup_nftnl_set_ struct nftnl_set *set = pg_vlan_new_set(direction, NULL, 0);
	struct nlmsghdr *message;

	if (!set)
		return -ENOMEM;
	message = start(batch, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
	if (!message)
		return -errno;
	nftnl_set_nlmsg_build_payload(message, set);
	return 0;
}

static int add_elements(struct pg_nfnl_batch *batch, enum pg_direction direction,
			const struct pg_vlan_name *names, size_t count)
{
	for (size_t i = 0; i < count; i += ELEMENTS_MAX) {
		_cleanup_nftnl_set_ struct nftnl_set *set = pg_vlan_new_set(
			direction, names + i, PG_MIN(count - i, (size_t)ELEMENTS_MAX));
		struct nlmsghdr *message;

		if (!set)
			return -ENOMEM;
		message = start(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
		if (!message)
			return -errno;
		nftnl_set_elems_nlmsg_build_payload(message, set);
	}
	return 0;
}

static int add_chain(struct pg_nfnl_batch *batch, enum pg_direction direction)
{
	_cleanup_nftnl_chain_ struct nftnl_chain *chain = pg_vlan_new_chain(direction);
	struct nlmsghdr *message;

	if (!chain)
		return -ENOMEM;
	message = start(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
	if (!message)
		return -errno;
	nftnl_chain_nlmsg_build_payload(message, chain);
	return 0;
}

static int add_rule(struct pg_nfnl_batch *batch, enum pg_direction direction, size_t tag,
		    const struct pg_nft_counter *counter)
{
	_cleanup_nftnl_rule_ struct nftnl_rule *rule = pg_vlan_new_rule(direction, tag, counter);
	struct nlmsghdr *message;

	if (!rule)
		return -ENOMEM;
	message = start(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	if (!message)
		return -errno;
	nftnl_rule_nlmsg_build_payload(message, rule);
	return 0;
}

static int add_direction(struct pg_nfnl_batch *batch, const struct pg_vlan *vlan,
			 enum pg_direction direction, const struct pg_vlan_counts *counts)
{
	int err = add_set(batch, direction);

	if (!err)
		err = add_elements(batch, direction, vlan->names[direction].items,
				   vlan->names[direction].count);
	if (!err)
		err = add_chain(batch, direction);
	for (size_t tag = 0; !err && tag < PG_VLAN_TAGS; tag++)
		err = add_rule(batch, direction, tag, &counts->rules[direction][tag]);
	return err;
}

static bool is_empty(const struct pg_vlan *vlan)
{
	return !vlan->names[PG_EGRESS].count && !vlan->names[PG_INGRESS].count;
}

static int build(struct pg_nfnl *nfnl, const struct pg_vlan *vlan, const struct pg_vlan_state *live,
		 struct pg_nfnl_batch *batch)
{
	int err = pg_nfnl_batch_begin(nfnl, batch, NFNL_SUBSYS_NFTABLES, 0);

	if (!err && live->exists)
		err = add_table(batch, NFT_MSG_DELTABLE, 0, PG_VLAN_TABLE);
	if (!err && !is_empty(vlan))
		err = add_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, PG_VLAN_TABLE);
	for (int i = 0; !err && i < PG_DIRECTIONS; i++) {
		if (vlan->names[i].count)
			err = add_direction(batch, vlan, (enum pg_direction)i, &live->counts);
	}
	return err;
}

static int report_refusal(struct pg_diags *diags, int err)
{
	char text[PG_ERRTEXT_MAX];
	/* The family is unknown, or no chain of its can have the hook. */
	bool lacks = err == -EOPNOTSUPP || err == -EAFNOSUPPORT || err == -EPROTONOSUPPORT ||
		     err == -ENOENT;

	if (lacks)
		pg_error(diags, PG_LOC_NONE,
			 "this kernel has no nf_tables for bridges (CONFIG_NF_TABLES_BRIDGE), and "
			 "tagged frames (VLAN) don't reach iptables");
	else
		pg_error(diags, PG_LOC_NONE,
			 "nf_tables refuses table 'bridge " PG_VLAN_TABLE "': %s",
			 pg_errtext(err, text));
	return lacks ? -EOPNOTSUPP : err;
}

static int read_live(struct pg_nfnl *nfnl, struct pg_diags *diags, struct pg_vlan_state *ret_state)
{
	int err = pg_nfnl_open(nfnl);

	/* Where there is no nf_tables, nothing is in it. */
	if (err == -EPROTONOSUPPORT)
		return 0;
	if (!err)
		err = pg_vlan_read(nfnl, ret_state);
	return err ? pg_nft_report_read(diags, err) : 0;
}

int pg_vlan_live(struct pg_diags *diags, struct pg_objects *objects)
{
	_cleanup_vlan_state_ struct pg_vlan_state state = { 0 };
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	int err = read_live(&nfnl, diags, &state);

	pg_array_foreach(object, &state.objects.list) {
		if (!err)
			err = pg_objects_add(objects, object->key, object->key_length,
					     object->value, object->value_length, object->origin);
	}
	return err;
}

/* 1: the kernel holds this guard; 0: it doesn't. -ENOMEM. */
static int is_held(const struct pg_vlan *vlan, const struct pg_vlan_state *live)
{
	_cleanup_objects_ struct pg_objects desired = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };
	int err = pg_vlan_plan(vlan, &desired);

	if (!err)
		err = pg_objects_sort(&desired);
	if (!err)
		err = pg_diff_make(&desired, &live->objects, &diff);
	return err ? err : !diff.changes.count;
}

static int change(struct pg_nfnl *nfnl, const struct pg_vlan *vlan,
		  const struct pg_vlan_state *live, struct pg_diags *diags)
{
	_cleanup_nfnl_batch_ struct pg_nfnl_batch batch = { 0 };
	struct pg_nfnl_error error;
	int err = is_held(vlan, live);

	if (err)
		return err < 0 ? err : 0;
	err = nfnl->socket ? build(nfnl, vlan, live, &batch) : -EOPNOTSUPP;
	if (!err)
		err = pg_nfnl_batch_send(nfnl, &batch, &error);
	return err ? report_refusal(diags, err) : 0;
}

int pg_vlan_hold(const struct pg_vlan *vlan, struct pg_diags *diags)
{
	_cleanup_vlan_state_ struct pg_vlan_state live = { 0 };
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	int err = read_live(&nfnl, diags, &live);

	return err ? err : change(&nfnl, vlan, &live, diags);
}

int pg_vlan_hold_both(const struct pg_vlan *vlan, struct pg_diags *diags,
		      struct pg_vlan *ret_before)
{
	_cleanup_vlan_state_ struct pg_vlan_state live = { 0 };
	_cleanup_vlan_ struct pg_vlan both = { 0 };
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	int err = read_live(&nfnl, diags, &live);

	if (!err)
		err = pg_vlan_merge(&both, vlan);
	if (!err)
		err = pg_vlan_merge(&both, &live.vlan);
	if (!err)
		err = change(&nfnl, &both, &live, diags);
	if (err)
		return err;
	*ret_before = live.vlan;
	live.vlan = (struct pg_vlan){ 0 };
	return 0;
}

/* The kernel does all of a batch before it takes it back because of its last message. */
int pg_vlan_check(const struct pg_vlan *vlan, struct pg_diags *diags)
{
	_cleanup_nfnl_batch_ struct pg_nfnl_batch batch = { 0 };
	_cleanup_vlan_state_ struct pg_vlan_state live = { 0 };
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	struct pg_nfnl_error error;
	int err = is_empty(vlan) ? 0 : read_live(&nfnl, diags, &live);

	if (err || is_empty(vlan))
		return err;
	err = nfnl.socket ? build(&nfnl, vlan, &live, &batch) : -EOPNOTSUPP;
	if (!err)
		err = add_table(&batch, NFT_MSG_DELTABLE, 0, NO_TABLE);
	if (err)
		return report_refusal(diags, err);
	err = pg_nfnl_batch_send(&nfnl, &batch, &error);
	return err == -ENOENT && error.index == batch.count - 1 ? 0 : report_refusal(diags, err);
}

int pg_vlan_count(struct pg_diags *diags, struct pg_counters *counters)
{
	_cleanup_vlan_state_ struct pg_vlan_state live = { 0 };
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	int err = read_live(&nfnl, diags, &live);

	for (int i = 0; !err && live.exists && i < PG_DIRECTIONS; i++) {
		for (size_t tag = 0; !err && tag < PG_VLAN_TAGS; tag++) {
			const struct pg_nft_counter *counter = &live.counts.rules[i][tag];

			err = pg_counters_add(counters, PG_COUNT_VLAN, PG_EGRESS, PG_VERDICT_DENY,
					      counter->packets, counter->bytes);
		}
	}
	return err;
}
