// SPDX-License-Identifier: GPL-2.0-only
/* One object, one message; elements of one set share messages as far as they fit. */
#include "backends/nftables/kernel.h"

#include <arpa/inet.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* More than any element needs. */
#define ELEMENT_MAX 512u

void pg_nftables_batch_done(struct pg_nftables_batch *batch)
{
	pg_nfnl_batch_done(&batch->messages);
	free(batch->about.items);
}

void pg_nftables_finish(struct pg_nftables_batch *batch)
{
	if (batch->elements)
		mnl_attr_nest_end(batch->elements, batch->list);
	batch->elements = NULL;
}

/* Starts a message about an object's table. NULL: errno says why. */
static struct nlmsghdr *start(struct pg_nftables_batch *batch, const struct pg_object *object,
			      uint8_t family, uint16_t type, uint16_t flags)
{
	const struct pg_object **about;

	pg_nftables_finish(batch);
	about = pg_array_add(&batch->about);
	if (!about) {
		errno = ENOMEM;
		return NULL;
	}
	*about = object;
	return pg_nfnl_batch_add(&batch->messages, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
				 family, flags);
}

static void put_number(struct nlmsghdr *message, uint16_t attribute, uint32_t value)
{
	mnl_attr_put_u32(message, attribute, htonl(value));
}

/* A message that says no more than which table, and by another attribute, which name in it. */
static int put_name(struct pg_nftables_batch *batch, const struct pg_object *object,
		    const struct pg_nftables_item *item, uint16_t type, uint16_t flags,
		    uint16_t table, uint16_t attribute)
{
	struct nlmsghdr *message = start(batch, object, item->family, type, flags);

	if (!message)
		return -errno;
	mnl_attr_put_strz(message, table, pg_nftables_table(item->family));
	if (attribute)
		mnl_attr_put_strz(message, attribute, item->name);
	return 0;
}

#define CREATE (NLM_F_CREATE | NLM_F_EXCL)

static int put_counter(struct pg_nftables_batch *batch, const struct pg_object *object,
		       const struct pg_nftables_item *item)
{
	int err = put_name(batch, object, item, NFT_MSG_NEWOBJ, CREATE, NFTA_OBJ_TABLE,
			   NFTA_OBJ_NAME);
	struct nlmsghdr *message;

	if (err)
		return err;
	message = (struct nlmsghdr *)(batch->messages.bytes + batch->messages.last);
	put_number(message, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	mnl_attr_nest_end(message, mnl_attr_nest_start(message, NFTA_OBJ_DATA));
	return 0;
}

static int put_chain(struct pg_nftables_batch *batch, const struct pg_object *object,
		     const struct pg_nftables_item *item)
{
	struct pg_nftables_chain base;
	struct nlmsghdr *message;
	struct nlattr *hook;
	bool is_base;
	int err = pg_nftables_read_chain(object, &is_base, &base);

	if (!err)
		err = put_name(batch, object, item, NFT_MSG_NEWCHAIN, CREATE, NFTA_CHAIN_TABLE,
			       NFTA_CHAIN_NAME);
	if (err || !is_base)
		return err;
	message = (struct nlmsghdr *)(batch->messages.bytes + batch->messages.last);
	hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	put_number(message, NFTA_HOOK_HOOKNUM, base.hook);
	put_number(message, NFTA_HOOK_PRIORITY, (uint32_t)base.priority);
	mnl_attr_nest_end(message, hook);
	put_number(message, NFTA_CHAIN_POLICY, base.policy);
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
	return 0;
}

/* nft keeps to itself which byte order a set's keys and data have: enum byteorder. */
enum { ORDER_NONE, ORDER_HOST, ORDER_NETWORK };

static uint32_t order_of(uint8_t type)
{
	switch (type) {
	case PG_TYPE_NONE:
	case PG_TYPE_VERDICT:
		return ORDER_NONE;
	case PG_TYPE_CLASSID:
	case PG_TYPE_MARK:
	case PG_TYPE_IFNAME:
		return ORDER_HOST;
	default:
		return ORDER_NETWORK;
	}
}

static void put_orders(struct nlmsghdr *message, const struct pg_nftables_set *set)
{
	struct {
		uint8_t type, length;
		uint32_t value;
	} __attribute__((packed)) orders[] = {
		{ NFTNL_UDATA_SET_KEYBYTEORDER, sizeof(uint32_t),
		  set->key[1] ? ORDER_NONE : order_of(set->key[0]) },
		{ NFTNL_UDATA_SET_DATABYTEORDER, sizeof(uint32_t), order_of(set->data) },
	};

	mnl_attr_put(message, NFTA_SET_USERDATA, sizeof(orders), orders);
}

static void put_expression(struct nlmsghdr *message, const char *name)
{
	struct nlattr *nest = mnl_attr_nest_start(message, NFTA_SET_EXPR);

	mnl_attr_put_strz(message, NFTA_EXPR_NAME, name);
	mnl_attr_nest_end(message, mnl_attr_nest_start(message, NFTA_EXPR_DATA));
	mnl_attr_nest_end(message, nest);
}

static int put_set(struct pg_nftables_batch *batch, const struct pg_object *object,
		   const struct pg_nftables_item *item)
{
	struct pg_nftables_set set;
	struct nlmsghdr *message;
	int err = pg_nftables_read_set(object, &set);

	if (!err)
		err = put_name(batch, object, item, NFT_MSG_NEWSET, CREATE, NFTA_SET_TABLE,
			       NFTA_SET_NAME);
	if (err)
		return err;
	message = (struct nlmsghdr *)(batch->messages.bytes + batch->messages.last);
	put_number(message, NFTA_SET_FLAGS,
		   (set.interval ? NFT_SET_INTERVAL : 0) | (set.data ? NFT_SET_MAP : 0));
	put_number(message, NFTA_SET_KEY_TYPE, pg_nftables_key_type(&set));
	put_number(message, NFTA_SET_KEY_LEN, (uint32_t)pg_nftables_key_length(&set));
	if (set.data) {
		put_number(message, NFTA_SET_DATA_TYPE, pg_nftables_data_type(set.data));
		put_number(message, NFTA_SET_DATA_LEN, (uint32_t)pg_nftables_type_length(set.data));
	}
	put_number(message, NFTA_SET_ID, ++batch->sets);
	put_orders(message, &set);
	if (set.counter)
		put_expression(message, "counter");
	return 0;
}

static int put_rule(struct pg_nftables_batch *batch, const struct pg_object *object,
		    const struct pg_nftables_item *item)
{
	struct nlmsghdr *message =
		start(batch, object, item->family, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	if (!message)
		return -errno;
	if (message->nlmsg_len + object->value_length > PG_NFNL_MESSAGE_MAX)
		return -E2BIG;
	memcpy(mnl_nlmsg_get_payload_tail(message), object->value, object->value_length);
	message->nlmsg_len += object->value_length;
	return 0;
}

/* The message that the element goes in: the one before, if it fits. */
static int open_list(struct pg_nftables_batch *batch, const struct pg_object *object,
		     const struct pg_nftables_item *item, uint16_t type)
{
	struct pg_nftables_item first;
	int err;

	if (batch->elements && !batch->single && batch->type == type &&
	    batch->elements->nlmsg_len + ELEMENT_MAX <= PG_NFNL_MESSAGE_MAX &&
	    !pg_nftables_item(batch->first, &first) && first.family == item->family &&
	    !strcmp(first.name, item->name))
		return 0;
	err = put_name(batch, object, item, type, type == NFT_MSG_NEWSETELEM ? CREATE : 0,
		       NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET);
	if (err)
		return err;
	batch->elements = (struct nlmsghdr *)(batch->messages.bytes + batch->messages.last);
	batch->list = mnl_attr_nest_start(batch->elements, NFTA_SET_ELEM_LIST_ELEMENTS);
	batch->type = type;
	batch->first = object;
	return 0;
}

static void put_value(struct nlmsghdr *message, const struct pg_nftables_value *value)
{
	struct nlattr *data, *verdict;

	if (value->kind == PG_TYPE_NONE)
		return;
	data = mnl_attr_nest_start(message, NFTA_SET_ELEM_DATA);
	if (value->kind == PG_TYPE_VERDICT) {
		verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
		put_number(message, NFTA_VERDICT_CODE, (uint32_t)value->code);
		if (value->chain[0])
			mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, value->chain);
		mnl_attr_nest_end(message, verdict);
	} else {
		mnl_attr_put(message, NFTA_DATA_VALUE, sizeof(value->id.n), &value->id.n);
	}
	mnl_attr_nest_end(message, data);
}

static void put_comment(struct nlmsghdr *message, const char *comment)
{
	struct {
		uint8_t type, length;
		char text[PG_RULE_NAME_MAX];
	} data = { .type = NFTNL_UDATA_SET_ELEM_COMMENT };

	if (!comment[0])
		return;
	data.length = (uint8_t)snprintf(data.text, sizeof(data.text), "%s", comment) + 1;
	mnl_attr_put(message, NFTA_SET_ELEM_USERDATA, 2u + data.length, &data);
}

static int put_element(struct pg_nftables_batch *batch, const struct pg_object *object,
		       const struct pg_nftables_item *item, uint16_t type)
{
	/* Of an interval the key has one byte more. */
	bool interval = item->key_length % 4 == 1 && item->key_length > 4;
	struct pg_nftables_value value;
	struct nlattr *element, *key;
	int err = pg_nftables_read_element(object, &value);

	if (!err)
		err = open_list(batch, object, item, type);
	if (err)
		return err;
	element = mnl_attr_nest_start(batch->elements, NFTA_LIST_ELEM);
	key = mnl_attr_nest_start(batch->elements, NFTA_SET_ELEM_KEY);
	mnl_attr_put(batch->elements, NFTA_DATA_VALUE, item->key_length - interval, item->key);
	mnl_attr_nest_end(batch->elements, key);
	if (interval && !item->key[item->key_length - 1])
		put_number(batch->elements, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	if (type == NFT_MSG_NEWSETELEM) {
		put_value(batch->elements, &value);
		put_comment(batch->elements, value.comment);
	}
	mnl_attr_nest_end(batch->elements, element);
	return 0;
}

int pg_nftables_put(struct pg_nftables_batch *batch, const struct pg_object *object)
{
	struct pg_nftables_item item;
	int err = pg_nftables_item(object, &item);

	if (err)
		return err;
	switch (item.rank) {
	case PG_RANK_TABLE:
		return put_name(batch, object, &item, NFT_MSG_NEWTABLE, NLM_F_CREATE,
				NFTA_TABLE_NAME, 0);
	case PG_RANK_COUNTER:
		return put_counter(batch, object, &item);
	case PG_RANK_CHAIN:
		return put_chain(batch, object, &item);
	case PG_RANK_SET:
		return put_set(batch, object, &item);
	case PG_RANK_ELEMENT:
		return put_element(batch, object, &item, NFT_MSG_NEWSETELEM);
	case PG_RANK_RULE:
		return put_rule(batch, object, &item);
	default:
		return -EINVAL;
	}
}

static int remove_counter(struct pg_nftables_batch *batch, const struct pg_object *object,
			  const struct pg_nftables_item *item)
{
	int err = put_name(batch, object, item, NFT_MSG_DELOBJ, 0, NFTA_OBJ_TABLE, NFTA_OBJ_NAME);

	if (!err)
		put_number((struct nlmsghdr *)(batch->messages.bytes + batch->messages.last),
			   NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	return err;
}

int pg_nftables_remove(struct pg_nftables_batch *batch, const struct pg_object *object)
{
	struct pg_nftables_item item;
	int err = pg_nftables_item(object, &item);

	if (err)
		return err;
	switch (item.rank) {
	case PG_RANK_TABLE:
		return put_name(batch, object, &item, NFT_MSG_DELTABLE, 0, NFTA_TABLE_NAME, 0);
	case PG_RANK_COUNTER:
		return remove_counter(batch, object, &item);
	case PG_RANK_CHAIN:
		return put_name(batch, object, &item, NFT_MSG_DELCHAIN, 0, NFTA_CHAIN_TABLE,
				NFTA_CHAIN_NAME);
	case PG_RANK_SET:
		return put_name(batch, object, &item, NFT_MSG_DELSET, 0, NFTA_SET_TABLE,
				NFTA_SET_NAME);
	case PG_RANK_ELEMENT:
		return put_element(batch, object, &item, NFT_MSG_DELSETELEM);
	default:
		return -EINVAL;
	}
}

int pg_nftables_flush(struct pg_nftables_batch *batch, const struct pg_object *object)
{
	struct pg_nftables_item item;
	int err = pg_nftables_item(object, &item);

	if (err)
		return err;
	if (item.rank == PG_RANK_ELEMENT || item.rank == PG_RANK_SET)
		return put_name(batch, object, &item, NFT_MSG_DELSETELEM, 0,
				NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET);
	return put_name(batch, object, &item, NFT_MSG_DELRULE, 0, NFTA_RULE_TABLE, NFTA_RULE_CHAIN);
}
