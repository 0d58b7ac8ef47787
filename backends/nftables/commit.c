// SPDX-License-Identifier: GPL-2.0-only
/*
 * One batch, which the kernel takes whole or not at all: first what goes, rules before what they
 * use, then what comes. Of a chain all rules are exchanged if one changes, of a set of intervals all
 * elements; they are few. Whatever is there and isn't ours, or is another kind of thing by the same
 * name, makes both tables go and come anew.
 */
#include "backends/nftables/kernel.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "backends/nftables/text.h"
#include "compat/errtext.h"

struct change {
	const struct pg_objects *desired;
	const struct pg_diff *diff;
	size_t ranks[PG_RANK_FOREIGN +
		     2]; /* where the changes of each rank begin, and the last end */
	struct pg_nftables_batch batch;
};

/* The object that a change is about, taken apart. */
static struct pg_nftables_item item_of(const struct pg_change *change)
{
	struct pg_nftables_item item = { .rank = PG_RANK_FOREIGN };

	pg_nftables_item(change->live ? change->live : change->desired, &item);
	return item;
}

static bool is_same_name(const struct pg_nftables_item *a, const struct pg_nftables_item *b)
{
	return a->rank == b->rank && a->family == b->family && !strcmp(a->name, b->name);
}

static void find_ranks(struct change *change)
{
	size_t rank = 0;

	for (size_t i = 0; i < change->diff->changes.count; i++) {
		while (rank <= item_of(&change->diff->changes.items[i]).rank)
			change->ranks[rank++] = i;
	}
	while (rank < PG_COUNT(change->ranks))
		change->ranks[rank++] = change->diff->changes.count;
}

static bool must_rebuild(const struct pg_diff *diff)
{
	pg_array_foreach(change, &diff->changes) {
		enum pg_nftables_rank rank = item_of(change).rank;

		if (rank == PG_RANK_FOREIGN ||
		    (change->kind == PG_CHANGE_REPLACE && rank < PG_RANK_ELEMENT) ||
		    (change->kind == PG_CHANGE_DELETE && rank == PG_RANK_TABLE))
			return true;
	}
	return false;
}

/* The key of the chain of a rule, of the set of an element. */
static const struct pg_object *find_parent(const struct pg_objects *objects,
					   const struct pg_nftables_item *item)
{
	uint8_t key[2 + PG_NFTABLES_NAME_MAX] = { item->rank == PG_RANK_RULE ? PG_RANK_CHAIN
									     : PG_RANK_SET,
						  item->family };
	size_t length = strlen(item->name);

	memcpy(key + 2, item->name, length);
	return pg_objects_find(objects, key, 2 + length);
}

/* How the set of an element, or the chain of a rule, changes itself. NULL: it doesn't. */
static const struct pg_change *find_parent_change(const struct change *change,
						  const struct pg_nftables_item *item)
{
	enum pg_nftables_rank rank = item->rank == PG_RANK_RULE ? PG_RANK_CHAIN : PG_RANK_SET;

	for (size_t i = change->ranks[rank]; i < change->ranks[rank + 1]; i++) {
		struct pg_nftables_item other = item_of(&change->diff->changes.items[i]);

		if (other.family == item->family && !strcmp(other.name, item->name))
			return &change->diff->changes.items[i];
	}
	return NULL;
}

static bool is_interval(const struct change *change, const struct pg_nftables_item *item)
{
	const struct pg_object *object = find_parent(change->desired, item);
	struct pg_nftables_set set;

	return object && !pg_nftables_read_set(object, &set) && set.interval;
}

/*
 * Walks the changes of one rank such that those of one set or chain, which stand together, are seen as
 * one: `begin` is called with the first of them.
 */
typedef int (*group_fn)(struct change *change, const struct pg_change *first, size_t count);

static int for_each_group(struct change *change, enum pg_nftables_rank rank, group_fn function)
{
	const struct pg_change *changes = change->diff->changes.items;
	size_t total = change->ranks[rank + 1], next;

	for (size_t i = change->ranks[rank]; i < total; i = next) {
		struct pg_nftables_item first = item_of(&changes[i]);
		int err;

		for (next = i + 1; next < total; next++) {
			struct pg_nftables_item item = item_of(&changes[next]);

			if (!is_same_name(&first, &item))
				break;
		}
		err = function(change, &changes[i], next - i);
		if (err)
			return err;
	}
	return 0;
}

static int flush_chain(struct change *change, const struct pg_change *first, size_t count PG_UNUSED)
{
	struct pg_nftables_item item = item_of(first);
	const struct pg_change *chain = find_parent_change(change, &item);

	if (chain && chain->kind == PG_CHANGE_ADD)
		return 0;
	return pg_nftables_flush(&change->batch, first->live ? first->live : first->desired);
}

static int remove_elements(struct change *change, const struct pg_change *first, size_t count)
{
	struct pg_nftables_item item = item_of(first);
	const struct pg_change *set = find_parent_change(change, &item);
	int err = 0;

	/* They go with their set, or come with it. */
	if (set)
		return 0;
	if (is_interval(change, &item))
		return pg_nftables_flush(&change->batch,
					 first->live ? first->live : first->desired);
	for (size_t i = 0; i < count && !err; i++) {
		if (first[i].kind != PG_CHANGE_ADD)
			err = pg_nftables_remove(&change->batch, first[i].live);
	}
	return err;
}

static int remove_one(struct change *change, const struct pg_change *first, size_t count PG_UNUSED)
{
	return first->kind == PG_CHANGE_DELETE ? pg_nftables_remove(&change->batch, first->live)
					       : 0;
}

static int put_one(struct change *change, const struct pg_change *first, size_t count PG_UNUSED)
{
	return first->kind == PG_CHANGE_ADD ? pg_nftables_put(&change->batch, first->desired) : 0;
}

/* All desired objects of one set or chain. They stand together: the first is at or behind `item`'s. */
static int put_group(struct change *change, const struct pg_nftables_item *item)
{
	const struct pg_object *list = change->desired->list.items;
	size_t low = 0, high = change->desired->list.count;
	uint8_t head[3 + PG_NFTABLES_NAME_MAX] = { (uint8_t)item->rank, item->family };
	size_t length = 2 + strlen(item->name) + 1;
	int err = 0;

	memcpy(head + 2, item->name, length - 2);
	while (low < high) {
		size_t middle = (low + high) / 2;
		size_t common = PG_MIN(length, (size_t)list[middle].key_length);
		int order = memcmp(list[middle].key, head, common);

		if (order < 0 || (!order && common < length))
			low = middle + 1;
		else
			high = middle;
	}
	for (; !err && low < change->desired->list.count && list[low].key_length > length &&
	       !memcmp(list[low].key, head, length);
	     low++)
		err = pg_nftables_put(&change->batch, &list[low]);
	return err;
}

static int put_elements(struct change *change, const struct pg_change *first, size_t count)
{
	struct pg_nftables_item item = item_of(first);
	int err = 0;

	if (is_interval(change, &item))
		return put_group(change, &item);
	for (size_t i = 0; i < count && !err; i++) {
		if (first[i].kind != PG_CHANGE_DELETE)
			err = pg_nftables_put(&change->batch, first[i].desired);
	}
	return err;
}

static int put_rules(struct change *change, const struct pg_change *first, size_t count PG_UNUSED)
{
	struct pg_nftables_item item = item_of(first);

	return put_group(change, &item);
}

static int build_change(struct change *change)
{
	static const struct {
		enum pg_nftables_rank rank;
		group_fn function;
	} steps[] = {
		{ PG_RANK_RULE, flush_chain },	 { PG_RANK_ELEMENT, remove_elements },
		{ PG_RANK_SET, remove_one },	 { PG_RANK_CHAIN, remove_one },
		{ PG_RANK_COUNTER, remove_one }, { PG_RANK_TABLE, put_one },
		{ PG_RANK_COUNTER, put_one },	 { PG_RANK_CHAIN, put_one },
		{ PG_RANK_SET, put_one },	 { PG_RANK_ELEMENT, put_elements },
		{ PG_RANK_RULE, put_rules },
	};

	for (size_t i = 0; i < PG_COUNT(steps); i++) {
		int err = for_each_group(change, steps[i].rank, steps[i].function);

		if (err)
			return err;
	}
	return 0;
}

/* A table that is made when it isn't there goes for certain. */
static int build_anew(struct change *change, bool elements)
{
	int err = 0;

	pg_array_foreach(object, &change->desired->list) {
		enum pg_nftables_rank rank = *(const uint8_t *)object->key;

		if (!err && rank == PG_RANK_TABLE) {
			err = pg_nftables_put(&change->batch, object);
			if (!err)
				err = pg_nftables_remove(&change->batch, object);
		}
		if (!err && (elements || rank != PG_RANK_ELEMENT))
			err = pg_nftables_put(&change->batch, object);
	}
	return err;
}

static void change_done(struct change *change)
{
	pg_nftables_batch_done(&change->batch);
}

static int report_open(struct pg_diags *diags, int err)
{
	if (err == -EPROTONOSUPPORT || err == -EOPNOTSUPP) {
		pg_error(diags, PG_LOC_NONE, "this kernel has no nf_tables");
		return -EOPNOTSUPP;
	}
	pg_error(diags, PG_LOC_NONE, "cannot talk to nf_tables: %s", PG_ERRTEXT(err));
	return err;
}

static int report_refusal(const struct change *change, const struct pg_nfnl_error *error,
			  const struct pg_intent *intent, struct pg_diags *diags)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	const struct pg_object *object = error->index < change->batch.about.count
						 ? change->batch.about.items[error->index]
						 : NULL;

	if (object)
		pg_nftables_format(change->desired, object, &text);
	pg_error(diags, object ? intent->rule_loc(intent->context, object->origin) : PG_LOC_NONE,
		 "nf_tables refuses %s%s%s: %s", object ? "'" : "the tables as a whole",
		 object && text.text ? text.text : "", object ? "'" : "", PG_ERRTEXT(error->error));
	return error->error;
}

/* Sends the batch, with `generation` (0: whatever it is) as a condition. */
static int send_change(struct pg_nfnl *nfnl, struct change *change, struct pg_nfnl_error *ret_error)
{
	pg_nftables_finish(&change->batch);
	if (!change->batch.messages.count)
		return 0;
	return pg_nfnl_batch_send(nfnl, &change->batch.messages, ret_error);
}

/* `single`: each element has a message of its own, so that an error says which it was. */
static int build_and_send(struct change *change, uint32_t generation, bool single,
			  struct pg_nfnl_error *ret_error)
{
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	int err = pg_nfnl_open(&nfnl);

	*ret_error = (struct pg_nfnl_error){ .error = err, .index = UINT32_MAX };
	pg_nftables_batch_done(&change->batch);
	change->batch = (struct pg_nftables_batch){ .single = single };
	if (!err)
		err = pg_nfnl_batch_begin(&nfnl, &change->batch.messages, NFNL_SUBSYS_NFTABLES,
					  generation);
	if (!err)
		err = must_rebuild(change->diff) ? build_anew(change, true) : build_change(change);
	if (err) {
		ret_error->error = err;
		return err;
	}
	return send_change(&nfnl, change, ret_error);
}

int pg_nftables_write(const struct pg_objects *desired, const struct pg_diff *diff,
		      uint32_t generation, const struct pg_intent *intent, struct pg_diags *diags)
{
	PG_CLEANUP(change_done) struct change change = { .desired = desired, .diff = diff };
	struct pg_nfnl_error error;
	int err;

	find_ranks(&change);
	err = build_and_send(&change, generation, false, &error);
	if (!err || err == -ERESTART)
		return err;
	if (err == -EPROTONOSUPPORT)
		return report_open(diags, err);
	if (error.index != UINT32_MAX)
		err = build_and_send(&change, generation, true, &error);
	/* What was refused a moment ago was taken now: there was no memory, or another such reason. */
	if (!err || err == -ERESTART)
		return err;
	return report_refusal(&change, &error, intent, diags);
}

/* No table is called so: a name has no slash. What asks for it fails after all else was tried. */
#define NO_TABLE "polgen/none"

static int add_failure(struct pg_nftables_batch *batch)
{
	struct nlmsghdr *message;

	pg_nftables_finish(batch);
	message = pg_nfnl_batch_add(&batch->messages, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE,
				    NFPROTO_INET, 0);
	if (!message)
		return -errno;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, NO_TABLE);
	return 0;
}

/* The kernel does all of a batch before it takes it back because of its last message. */
int pg_nftables_try(const struct pg_objects *desired, const struct pg_intent *intent,
		    struct pg_diags *diags)
{
	PG_CLEANUP(change_done) struct change change = { .desired = desired };
	struct pg_nfnl_error error = { .index = UINT32_MAX };
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	int err = pg_nfnl_open(&nfnl);

	if (err)
		return report_open(diags, err);
	err = pg_nfnl_batch_begin(&nfnl, &change.batch.messages, NFNL_SUBSYS_NFTABLES, 0);
	if (!err)
		err = build_anew(&change, false);
	if (!err)
		err = add_failure(&change.batch);
	error.error = err;
	if (!err)
		err = send_change(&nfnl, &change, &error);
	if (err == -ENOENT && error.index == change.batch.messages.count - 1)
		return 0;
	report_refusal(&change, &error, intent, diags);
	return err == -EPERM ? err : -EOPNOTSUPP;
}

static int exists(struct pg_nfnl *nfnl, const struct pg_object *table)
{
	uint8_t family = ((const uint8_t *)table->key)[1];
	char buffer[PG_NFNL_MESSAGE_MAX];
	struct nlmsghdr *request = pg_nfnl_request(
		nfnl, buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, family, 0);

	mnl_attr_put_strz(request, NFTA_TABLE_NAME, pg_nftables_table(family));
	return pg_nfnl_talk(nfnl, request, NULL, NULL);
}

static int remove_tables(struct pg_nfnl *nfnl, struct change *change, struct pg_nfnl_error *error)
{
	int err = pg_nfnl_batch_begin(nfnl, &change->batch.messages, NFNL_SUBSYS_NFTABLES, 0);

	pg_array_foreach(table, &change->desired->list) {
		int missing = err ?: exists(nfnl, table);

		/* Also where the kernel has no such family, or no nf_tables at all. */
		if (!err && (missing == -ENOENT || missing == -EOPNOTSUPP ||
			     missing == -EAFNOSUPPORT || missing == -EINVAL))
			continue;
		err = missing ?: pg_nftables_remove(&change->batch, table);
	}
	return err ?: send_change(nfnl, change, error);
}

int pg_nftables_clear(struct pg_diags *diags)
{
	_cleanup_objects_ struct pg_objects tables = { 0 };
	PG_CLEANUP(change_done) struct change change = { .desired = &tables };
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	struct pg_nfnl_error error;
	int err = pg_nfnl_open(&nfnl);

	if (err == -EPROTONOSUPPORT)
		return 0;
	if (!err)
		err = pg_nftables_add_table(&tables, NFPROTO_INET);
	if (!err)
		err = pg_nftables_add_table(&tables, NFPROTO_BRIDGE);
	if (!err)
		err = remove_tables(&nfnl, &change, &error);
	if (err)
		pg_error(diags, PG_LOC_NONE,
			 "cannot remove tables '" PG_NFTABLES_TABLE "' and '" PG_NFTABLES_GUARD
			 "' of nf_tables: %s",
			 PG_ERRTEXT(err));
	return err;
}
