// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel holds of the guard. */
#include "backends/iptables/vlan_nft.h"

#include <libnftnl/expr.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* What is being read, with what only the reading needs. */
struct reading {
	struct pg_vlan_state state;
	struct pg_array(struct nftnl_set *) sets;
	char chain[NFT_NAME_MAXLEN]; /* of the rule before: they come chain by chain */
	uint32_t position;
};

void pg_vlan_state_done(struct pg_vlan_state *state)
{
	pg_vlan_done(&state->vlan);
	pg_objects_done(&state->objects);
}

static void reading_done(struct reading *reading)
{
	pg_vlan_state_done(&reading->state);
	pg_array_foreach(set, &reading->sets)
		nftnl_set_free(*set);
	free(reading->sets.items);
}

static int fail(int err)
{
	errno = -err;
	return MNL_CB_ERROR;
}

static bool is_ours(const char *table)
{
	return table && !strcmp(table, PG_VLAN_TABLE);
}

static int take_table(const struct nlmsghdr *message, void *data)
{
	_cleanup_nftnl_table_ struct nftnl_table *table = nftnl_table_alloc();
	struct reading *reading = data;
	int err;

	if (!table || nftnl_table_nlmsg_parse(message, table) < 0)
		return fail(table ? -EBADMSG : -ENOMEM);
	reading->state.exists = true;
	err = pg_vlan_describe_table(nftnl_table_get_u32(table, NFTNL_TABLE_FLAGS),
				     &reading->state.objects);
	return err ? fail(err) : MNL_CB_OK;
}

static int take_set(const struct nlmsghdr *message, void *data)
{
	_cleanup_nftnl_set_ struct nftnl_set *set = nftnl_set_alloc();
	struct reading *reading = data;
	struct nftnl_set **added;

	if (!set || nftnl_set_nlmsg_parse(message, set) < 0)
		return fail(set ? -EBADMSG : -ENOMEM);
	if (!is_ours(nftnl_set_get_str(set, NFTNL_SET_TABLE)))
		return MNL_CB_OK;
	added = pg_array_add(&reading->sets);
	if (!added)
		return fail(-ENOMEM);
	*added = PG_TAKE(set);
	return MNL_CB_OK;
}

static int take_elements(const struct nlmsghdr *message, void *data)
{
	return nftnl_set_elems_nlmsg_parse(message, data) < 0 ? fail(-EBADMSG) : MNL_CB_OK;
}

static int take_chain(const struct nlmsghdr *message, void *data)
{
	_cleanup_nftnl_chain_ struct nftnl_chain *chain = nftnl_chain_alloc();
	struct reading *reading = data;
	int err;

	if (!chain || nftnl_chain_nlmsg_parse(message, chain) < 0)
		return fail(chain ? -EBADMSG : -ENOMEM);
	if (!is_ours(nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE)))
		return MNL_CB_OK;
	err = pg_vlan_describe_chain(chain, &reading->state.objects);
	return err ? fail(err) : MNL_CB_OK;
}

static int take_counter(struct nftnl_expr *expression, void *data)
{
	struct pg_nft_counter *counter = data;

	if (!strcmp(nftnl_expr_get_str(expression, NFTNL_EXPR_NAME), "counter")) {
		counter->packets += nftnl_expr_get_u64(expression, NFTNL_EXPR_CTR_PACKETS);
		counter->bytes += nftnl_expr_get_u64(expression, NFTNL_EXPR_CTR_BYTES);
	}
	return 0;
}

static int take_rule(const struct nlmsghdr *message, void *data)
{
	_cleanup_nftnl_rule_ struct nftnl_rule *rule = nftnl_rule_alloc();
	struct reading *reading = data;
	enum pg_direction direction;
	const char *chain;
	size_t tag;
	int r;

	if (!rule || nftnl_rule_nlmsg_parse(message, rule) < 0)
		return fail(rule ? -EBADMSG : -ENOMEM);
	if (!is_ours(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE)))
		return MNL_CB_OK;
	chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
	if (strcmp(chain, reading->chain) != 0)
		reading->position = 0;
	snprintf(reading->chain, sizeof(reading->chain), "%s", chain);
	r = pg_vlan_identify(rule, &direction, &tag);
	if (r > 0)
		nftnl_expr_foreach(rule, take_counter,
				   &reading->state.counts.rules[direction][tag]);
	if (r >= 0)
		r = pg_vlan_describe_rule(rule, ++reading->position, &reading->state.objects);
	return r ? fail(r) : MNL_CB_OK;
}

/* A request about our table, which `attribute` names; the set's name, if there is one, comes next. */
static int ask(struct pg_nfnl *nfnl, uint16_t type, uint16_t flags, uint16_t attribute,
	       const char *set, mnl_cb_t callback, void *data)
{
	char buffer[PG_NFNL_MESSAGE_MAX];
	struct nlmsghdr *request = pg_nfnl_request(
		nfnl, buffer, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), NFPROTO_BRIDGE, flags);

	mnl_attr_put_strz(request, attribute, PG_VLAN_TABLE);
	if (set)
		mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_SET, set);
	return pg_nfnl_talk(nfnl, request, callback, data);
}

static int take_name(struct nftnl_set_elem *element, void *data)
{
	struct pg_array(struct pg_vlan_name) *names = data;
	uint32_t length = 0;
	const char *text = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &length);
	struct pg_vlan_name *name;

	if (!text || length != sizeof(name->text))
		return 0;
	name = pg_array_add(names);
	if (!name)
		return -1;
	memcpy(name->text, text, length);
	name->text[sizeof(name->text) - 1] = '\0';
	return 0;
}

static int read_set(struct pg_nfnl *nfnl, struct nftnl_set *set, struct reading *reading)
{
	/* Parsing elements frees the set's own name and gives it another. */
	_cleanup_free_ char *name = strdup(nftnl_set_get_str(set, NFTNL_SET_NAME));
	enum pg_direction direction;
	int err = !name ? -ENOMEM
			: ask(nfnl, NFT_MSG_GETSETELEM, NLM_F_DUMP, NFTA_SET_ELEM_LIST_TABLE, name,
			      take_elements, set);

	if (!err)
		err = pg_vlan_describe_set(set, &reading->state.objects);
	if (!err && pg_vlan_parse_set(name, &direction) &&
	    nftnl_set_elem_foreach(set, take_name, &reading->state.vlan.names[direction]) < 0)
		err = -ENOMEM;
	return err;
}

static int read_table(struct pg_nfnl *nfnl, struct reading *reading)
{
	int err = ask(nfnl, NFT_MSG_GETTABLE, 0, NFTA_TABLE_NAME, NULL, take_table, reading);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = ask(nfnl, NFT_MSG_GETSET, NLM_F_DUMP, NFTA_SET_TABLE, NULL, take_set, reading);
	pg_array_foreach(set, &reading->sets) {
		if (!err)
			err = read_set(nfnl, *set, reading);
	}
	if (!err)
		err = ask(nfnl, NFT_MSG_GETCHAIN, NLM_F_DUMP, NFTA_CHAIN_TABLE, NULL, take_chain,
			  reading);
	if (!err)
		err = ask(nfnl, NFT_MSG_GETRULE, NLM_F_DUMP, NFTA_RULE_TABLE, NULL, take_rule,
			  reading);
	return err ? err : pg_objects_sort(&reading->state.objects);
}

/* -EINTR: what was read is not of one moment. */
static int read_once(struct pg_nfnl *nfnl, struct pg_vlan_state *ret_state)
{
	PG_CLEANUP(reading_done) struct reading reading = { 0 };
	uint32_t before, after;
	int err = pg_nft_generation(nfnl, &before);

	if (!err)
		err = read_table(nfnl, &reading);
	if (err == -EPERM || err == -ENOMEM)
		return err;
	if (!pg_nft_generation(nfnl, &after) && after != before)
		return -EINTR;
	if (err)
		return err;
	*ret_state = reading.state;
	reading.state = (struct pg_vlan_state){ 0 };
	return 0;
}

int pg_vlan_read(struct pg_nfnl *nfnl, struct pg_vlan_state *ret_state)
{
	struct pg_nft_patience patience = pg_nft_patience_start();
	int err;

	do
		err = read_once(nfnl, ret_state);
	while (err == -EINTR && !pg_nft_patience_is_over(&patience));
	if (err == -EOPNOTSUPP || err == -EPROTONOSUPPORT || err == -EAFNOSUPPORT) {
		*ret_state = (struct pg_vlan_state){ 0 };
		return 0;
	}
	return err == -EINTR ? -EAGAIN : err;
}
