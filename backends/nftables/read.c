// SPDX-License-Identifier: GPL-2.0-only
/* Reading back what both tables hold. */
#include "backends/nftables/kernel.h"

#include <arpa/inet.h>
#include <libnftnl/chain.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "backends/nftables/layout.h"
#include "compat/errtext.h"

/* One table that is being read. */
struct reading {
	struct pg_nftables_state *state;
	uint8_t family;
	char name
		[PG_NFTABLES_NAME_MAX]; /* of the set whose elements come, or the chain whose rules */
	struct pg_nftables_set set;
	uint32_t index;
	struct pg_array(struct pg_nftables_set) sets;
	struct pg_array(struct set_name { char text[PG_NFTABLES_NAME_MAX]; }) names; /* of these */
	bool exists;
};

static void reading_done(struct reading *reading)
{
	free(reading->sets.items);
	free(reading->names.items);
}

void pg_nftables_state_done(struct pg_nftables_state *state)
{
	pg_objects_done(&state->objects);
	pg_objects_done(&state->counts);
	pg_counters_done(&state->counters);
}

static int fail(int err)
{
	errno = -err;
	return MNL_CB_ERROR;
}

static int answer(int err)
{
	return err ? fail(err) : MNL_CB_OK;
}

/* Attributes of one nest, by type; `table` has `max` + 1 places. */
struct attributes {
	const struct nlattr **table;
	uint16_t max;
};

static int sort_attribute(const struct nlattr *attr, void *data)
{
	const struct attributes *attributes = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type <= attributes->max)
		attributes->table[type] = attr;
	return MNL_CB_OK;
}

static void parse_nest(const struct nlattr *nest, const struct nlattr **table, uint16_t max)
{
	struct attributes attributes = { table, max };

	mnl_attr_parse_nested(nest, sort_attribute, &attributes);
}

static void parse_message(const struct nlmsghdr *message, const struct nlattr **table, uint16_t max)
{
	struct attributes attributes = { table, max };

	mnl_attr_parse(message, sizeof(struct nfgenmsg), sort_attribute, &attributes);
}

/* Numbers are in network order; one that isn't there is 0. */
static uint32_t number(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0 ? ntohl(mnl_attr_get_u32(attr))
								  : 0;
}

static uint64_t long_number(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_U64) >= 0 ? be64toh(mnl_attr_get_u64(attr))
								  : 0;
}

/* "" where there is none. */
static const char *text(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(attr)
									 : "";
}

static bool is_ours(const struct reading *reading, const struct nlattr *table)
{
	return !strcmp(text(table), pg_nftables_table(reading->family));
}

/* A name that none of ours has, of whatever it is, is shown as far as it fits. */
static int add_foreign(struct reading *reading, const char *kind, const char *name)
{
	char label[PG_NFTABLES_NAME_MAX];

	snprintf(label, sizeof(label), "%s %.16s", kind, name);
	return pg_nftables_add_foreign(&reading->state->objects, reading->family, label);
}

static int take_table(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *table[NFTA_TABLE_MAX + 1] = { 0 };
	struct reading *reading = data;
	int err;

	parse_message(message, table, NFTA_TABLE_MAX);
	reading->exists = true;
	err = pg_nftables_add_table(&reading->state->objects, reading->family);
	if (!err && number(table[NFTA_TABLE_FLAGS]))
		err = add_foreign(reading, "flags", "");
	return answer(err);
}

static struct pg_nftables_count take_numbers(const struct nlattr *nest)
{
	const struct nlattr *table[NFTA_COUNTER_MAX + 1] = { 0 };

	parse_nest(nest, table, NFTA_COUNTER_MAX);
	return (struct pg_nftables_count){ .packets = long_number(table[NFTA_COUNTER_PACKETS]),
					   .bytes = long_number(table[NFTA_COUNTER_BYTES]) };
}

static int count(struct reading *reading, const char *rule, enum pg_direction direction,
		 enum pg_verdict verdict, struct pg_nftables_count counted)
{
	return pg_counters_add(&reading->state->counters, rule, direction, verdict, counted.packets,
			       counted.bytes);
}

static int take_object(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *table[NFTA_OBJ_MAX + 1] = { 0 };
	struct reading *reading = data;
	const char *name, *what;
	int err;

	parse_message(message, table, NFTA_OBJ_MAX);
	if (!is_ours(reading, table[NFTA_OBJ_TABLE]))
		return MNL_CB_OK;
	name = text(table[NFTA_OBJ_NAME]);
	if (number(table[NFTA_OBJ_TYPE]) != NFT_OBJECT_COUNTER || !table[NFTA_OBJ_DATA] ||
	    strncmp(name, PG_NFTABLES_COUNTER, strlen(PG_NFTABLES_COUNTER)) != 0 ||
	    strlen(name) >= PG_NFTABLES_NAME_MAX)
		return answer(add_foreign(reading, "object", name));
	what = name + strlen(PG_NFTABLES_COUNTER);
	err = pg_nftables_add_counter(&reading->state->objects, reading->family, what);
	if (!err)
		err = count(reading, what, PG_EGRESS,
			    strcmp(what, PG_COUNT_ESTABLISHED) ? PG_VERDICT_DENY : PG_VERDICT_ALLOW,
			    take_numbers(table[NFTA_OBJ_DATA]));
	return answer(err);
}

static bool is_filter(const struct nftnl_chain *chain)
{
	const char *type = nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE);

	return type && !strcmp(type, "filter") && !nftnl_chain_is_set(chain, NFTNL_CHAIN_DEV) &&
	       !nftnl_chain_is_set(chain, NFTNL_CHAIN_DEVICES);
}

static int add_chain(struct reading *reading, const struct nftnl_chain *chain)
{
	const char *name = nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);
	bool is_base = nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM);
	struct pg_nftables_chain base;

	if (strlen(name) >= PG_NFTABLES_NAME_MAX || (is_base && !is_filter(chain)))
		return add_foreign(reading, "chain", name);
	if (is_base)
		base = (struct pg_nftables_chain){
			.hook = nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM),
			.priority = nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO),
			.policy = nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY),
		};
	return pg_nftables_add_chain(&reading->state->objects, reading->family, name,
				     is_base ? &base : NULL);
}

static int take_chain(const struct nlmsghdr *message, void *data)
{
	_cleanup_nftnl_chain_ struct nftnl_chain *chain = nftnl_chain_alloc();
	struct reading *reading = data;

	if (!chain || nftnl_chain_nlmsg_parse(message, chain) < 0)
		return fail(chain ? -EBADMSG : -ENOMEM);
	if (strcmp(nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE),
		   pg_nftables_table(reading->family)) != 0)
		return MNL_CB_OK;
	return answer(add_chain(reading, chain));
}

static int take_rule(const struct nlmsghdr *message, void *data)
{
	_cleanup_nftnl_rule_ struct nftnl_rule *rule = nftnl_rule_alloc();
	struct reading *reading = data;
	const char *chain;

	if (!rule || nftnl_rule_nlmsg_parse(message, rule) < 0)
		return fail(rule ? -EBADMSG : -ENOMEM);
	if (strcmp(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE),
		   pg_nftables_table(reading->family)) != 0)
		return MNL_CB_OK;
	chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
	/* The chain itself is shown as foreign. */
	if (strlen(chain) >= PG_NFTABLES_NAME_MAX)
		return MNL_CB_OK;
	if (strcmp(chain, reading->name) != 0)
		reading->index = 0;
	snprintf(reading->name, sizeof(reading->name), "%s", chain);
	return answer(pg_nftables_add_rule(&reading->state->objects, reading->family, rule,
					   ++reading->index));
}

/* False: a set that none of ours is like. */
static bool parse_set(const struct nlattr **table, struct pg_nftables_set *ret_set)
{
	uint32_t flags = number(table[NFTA_SET_FLAGS]);
	struct pg_nftables_set set = { .interval = flags & NFT_SET_INTERVAL };

	if (flags & ~(uint32_t)(NFT_SET_INTERVAL | NFT_SET_MAP) || table[NFTA_SET_TIMEOUT] ||
	    table[NFTA_SET_OBJ_TYPE] ||
	    strlen(text(table[NFTA_SET_NAME])) >= PG_NFTABLES_NAME_MAX ||
	    pg_nftables_parse_key_type(number(table[NFTA_SET_KEY_TYPE]), &set) ||
	    pg_nftables_key_length(&set) > PG_NFTABLES_KEY_MAX ||
	    pg_nftables_key_length(&set) != number(table[NFTA_SET_KEY_LEN]))
		return false;
	if (flags & NFT_SET_MAP &&
	    pg_nftables_parse_data_type(number(table[NFTA_SET_DATA_TYPE]), &set.data))
		return false;
	if (table[NFTA_SET_EXPR]) {
		const struct nlattr *expr[NFTA_EXPR_MAX + 1] = { 0 };

		parse_nest(table[NFTA_SET_EXPR], expr, NFTA_EXPR_MAX);
		if (strcmp(text(expr[NFTA_EXPR_NAME]), "counter") != 0)
			return false;
		set.counter = true;
	}
	*ret_set = set;
	return true;
}

static int take_set(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *table[NFTA_SET_MAX + 1] = { 0 };
	struct reading *reading = data;
	struct pg_nftables_set set, *added;
	struct set_name *name;

	parse_message(message, table, NFTA_SET_MAX);
	if (!is_ours(reading, table[NFTA_SET_TABLE]))
		return MNL_CB_OK;
	if (!parse_set(table, &set))
		return answer(add_foreign(reading, "set", text(table[NFTA_SET_NAME])));
	added = pg_array_add(&reading->sets);
	name = added ? pg_array_add(&reading->names) : NULL;
	if (!name)
		return fail(-ENOMEM);
	*added = set;
	snprintf(name->text, sizeof(name->text), "%s", text(table[NFTA_SET_NAME]));
	return answer(
		pg_nftables_add_set(&reading->state->objects, reading->family, name->text, &set));
}

static void parse_verdict(const struct nlattr *nest, struct pg_nftables_value *value)
{
	const struct nlattr *table[NFTA_VERDICT_MAX + 1] = { 0 };

	parse_nest(nest, table, NFTA_VERDICT_MAX);
	value->code = (int32_t)number(table[NFTA_VERDICT_CODE]);
	snprintf(value->chain, sizeof(value->chain), "%s", text(table[NFTA_VERDICT_CHAIN]));
}

static void parse_data(const struct nlattr *nest, const struct pg_nftables_set *set,
		       struct pg_nftables_value *value)
{
	const struct nlattr *table[NFTA_DATA_MAX + 1] = { 0 };

	parse_nest(nest, table, NFTA_DATA_MAX);
	if (table[NFTA_DATA_VERDICT]) {
		value->kind = PG_TYPE_VERDICT;
		parse_verdict(table[NFTA_DATA_VERDICT], value);
	} else if (table[NFTA_DATA_VALUE] &&
		   mnl_attr_get_payload_len(table[NFTA_DATA_VALUE]) == sizeof(value->id.n)) {
		value->kind = set->data;
		memcpy(&value->id.n, mnl_attr_get_payload(table[NFTA_DATA_VALUE]),
		       sizeof(value->id.n));
	}
}

/* nft's user data: type, length, bytes. */
static void parse_comment(const struct nlattr *attr, struct pg_nftables_value *value)
{
	const uint8_t *bytes = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr);

	while (left >= 2 && left - 2 >= bytes[1]) {
		if (bytes[0] == NFTNL_UDATA_SET_ELEM_COMMENT && bytes[1])
			snprintf(value->comment, sizeof(value->comment), "%.*s", bytes[1] - 1,
				 (const char *)bytes + 2);
		left -= 2u + bytes[1];
		bytes += 2 + bytes[1];
	}
}

static int parse_key(const struct nlattr *nest, const struct pg_nftables_set *set,
		     struct pg_nftables_key *ret_key)
{
	const struct nlattr *table[NFTA_DATA_MAX + 1] = { 0 };
	struct pg_nftables_key key = { 0 };

	if (!nest)
		return -EBADMSG;
	parse_nest(nest, table, NFTA_DATA_MAX);
	if (!table[NFTA_DATA_VALUE] ||
	    mnl_attr_get_payload_len(table[NFTA_DATA_VALUE]) != pg_nftables_key_length(set))
		return -EBADMSG;
	pg_nftables_key_add(&key, mnl_attr_get_payload(table[NFTA_DATA_VALUE]),
			    pg_nftables_key_length(set));
	*ret_key = key;
	return 0;
}

/* The element is the object that was added last. */
static int keep_count(struct reading *reading, struct pg_nftables_count counted)
{
	const struct pg_objects *objects = &reading->state->objects;
	const struct pg_object *last = &objects->list.items[objects->list.count - 1];

	if (!reading->state->keep_counts)
		return 0;
	return pg_objects_add(&reading->state->counts, last->key, last->key_length, &counted,
			      sizeof(counted), PG_ORIGIN_NONE);
}

static int count_element(struct reading *reading, const struct pg_nftables_value *value,
			 const struct nlattr *expression)
{
	const char *ingress = pg_direction_name(PG_INGRESS);
	const struct nlattr *table[NFTA_EXPR_MAX + 1] = { 0 };
	struct pg_nftables_count counted;
	int err;

	parse_nest(expression, table, NFTA_EXPR_MAX);
	if (!table[NFTA_EXPR_DATA] || !value->comment[0])
		return 0;
	counted = take_numbers(table[NFTA_EXPR_DATA]);
	err = keep_count(reading, counted);
	return err
		       ?: count(reading, value->comment,
				strncmp(reading->name, ingress, strlen(ingress)) ? PG_EGRESS
										 : PG_INGRESS,
				value->code == NF_DROP ? PG_VERDICT_DENY : PG_VERDICT_ALLOW,
				counted);
}

static int take_element(struct reading *reading, const struct nlattr *nest)
{
	const struct nlattr *table[NFTA_SET_ELEM_MAX + 1] = { 0 };
	struct pg_nftables_value value = { 0 };
	struct pg_nftables_key key;
	uint8_t begins;
	int err;

	parse_nest(nest, table, NFTA_SET_ELEM_MAX);
	begins = !(number(table[NFTA_SET_ELEM_FLAGS]) & NFT_SET_ELEM_INTERVAL_END);
	if (number(table[NFTA_SET_ELEM_FLAGS]) & ~(uint32_t)NFT_SET_ELEM_INTERVAL_END)
		return add_foreign(reading, "element of", reading->name);
	err = parse_key(table[NFTA_SET_ELEM_KEY], &reading->set, &key);
	if (err)
		return err;
	if (reading->set.interval)
		pg_nftables_key_add(&key, &begins, sizeof(begins));
	if (table[NFTA_SET_ELEM_DATA])
		parse_data(table[NFTA_SET_ELEM_DATA], &reading->set, &value);
	if (table[NFTA_SET_ELEM_USERDATA])
		parse_comment(table[NFTA_SET_ELEM_USERDATA], &value);
	err = pg_nftables_add_element(&reading->state->objects, reading->family, reading->name,
				      &key, &value, PG_ORIGIN_NONE);
	if (!err && table[NFTA_SET_ELEM_EXPR])
		err = count_element(reading, &value, table[NFTA_SET_ELEM_EXPR]);
	return err;
}

static int take_elements(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *table[NFTA_SET_ELEM_LIST_MAX + 1] = { 0 };
	const struct nlattr *element;

	parse_message(message, table, NFTA_SET_ELEM_LIST_MAX);
	if (!table[NFTA_SET_ELEM_LIST_ELEMENTS])
		return MNL_CB_OK;
	mnl_attr_for_each_nested(element, table[NFTA_SET_ELEM_LIST_ELEMENTS])
	{
		int err = take_element(data, element);

		if (err)
			return fail(err);
	}
	return MNL_CB_OK;
}

/* A request about one of our tables, which `attribute` names; the set's name, if any, comes next. */
static int ask(struct pg_nfnl *nfnl, struct reading *reading, uint16_t type, uint16_t flags,
	       uint16_t attribute, const char *set, mnl_cb_t callback)
{
	char buffer[PG_NFNL_MESSAGE_MAX];
	struct nlmsghdr *request = pg_nfnl_request(
		nfnl, buffer, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), reading->family, flags);

	mnl_attr_put_strz(request, attribute, pg_nftables_table(reading->family));
	if (set)
		mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_SET, set);
	return pg_nfnl_talk(nfnl, request, callback, reading);
}

static int read_sets(struct pg_nfnl *nfnl, struct reading *reading)
{
	int err = ask(nfnl, reading, NFT_MSG_GETSET, NLM_F_DUMP, NFTA_SET_TABLE, NULL, take_set);

	for (size_t i = 0; i < reading->sets.count && !err; i++) {
		const char *name = reading->names.items[i].text;

		reading->set = reading->sets.items[i];
		snprintf(reading->name, sizeof(reading->name), "%s", name);
		err = ask(nfnl, reading, NFT_MSG_GETSETELEM, NLM_F_DUMP, NFTA_SET_ELEM_LIST_TABLE,
			  name, take_elements);
	}
	return err;
}

static int read_table(struct pg_nfnl *nfnl, uint8_t family, struct pg_nftables_state *state)
{
	PG_CLEANUP(reading_done) struct reading reading = { .state = state, .family = family };
	int err = ask(nfnl, &reading, NFT_MSG_GETTABLE, 0, NFTA_TABLE_NAME, NULL, take_table);

	/* No such table, or the kernel has none for this family. */
	if (err || !reading.exists)
		return err == -ENOENT || err == -EOPNOTSUPP || err == -EAFNOSUPPORT ? 0 : err;
	err = ask(nfnl, &reading, NFT_MSG_GETOBJ, NLM_F_DUMP, NFTA_OBJ_TABLE, NULL, take_object);
	if (!err)
		err = ask(nfnl, &reading, NFT_MSG_GETCHAIN, NLM_F_DUMP, NFTA_CHAIN_TABLE, NULL,
			  take_chain);
	if (!err)
		err = ask(nfnl, &reading, NFT_MSG_GETRULE, NLM_F_DUMP, NFTA_RULE_TABLE, NULL,
			  take_rule);
	return err ?: read_sets(nfnl, &reading);
}

/*
 * -EINTR: what was read is not of one moment. That may be so though nobody changed anything: some time
 * after many elements were added the kernel rearranges a set, and a dump meanwhile, which goes on by
 * how many it has had, yields some elements twice and as many not at all.
 */
static int read_once(struct pg_nfnl *nfnl, bool counts, struct pg_nftables_state *ret_state)
{
	_cleanup_nftables_state_ struct pg_nftables_state state = { .keep_counts = counts };
	uint32_t after;
	int err = pg_nft_generation(nfnl, &state.generation);

	if (!err)
		err = read_table(nfnl, NFPROTO_INET, &state);
	if (!err)
		err = read_table(nfnl, NFPROTO_BRIDGE, &state);
	if (err == -EPERM || err == -ENOMEM || err == -EOPNOTSUPP)
		return err;
	if (!pg_nft_generation(nfnl, &after) && after != state.generation)
		return -EINTR;
	if (!err)
		err = pg_objects_sort(&state.objects);
	if (!err)
		err = pg_objects_sort(&state.counts);
	if (err)
		return err == -EEXIST ? -EINTR : err;
	pg_counters_sort(&state.counters);
	*ret_state = state;
	state = (struct pg_nftables_state){ 0 };
	return 0;
}

static int report(struct pg_diags *diags, int err)
{
	if (err == -EPERM)
		pg_error(diags, PG_LOC_NONE, "nf_tables: not permitted; CAP_NET_ADMIN is needed");
	else if (err == -EINTR)
		pg_error(diags, PG_LOC_NONE,
			 "nf_tables: another program changes the rules again and again");
	else
		pg_error(diags, PG_LOC_NONE,
			 "cannot read tables '" PG_NFTABLES_TABLE "' and '" PG_NFTABLES_GUARD
			 "' of nf_tables: %s",
			 PG_ERRTEXT(err));
	return err == -EINTR ? -EAGAIN : err;
}

int pg_nftables_read(struct pg_diags *diags, bool counts, struct pg_nftables_state *ret_state)
{
	struct pg_nft_patience patience = pg_nft_patience_start();
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	int err = pg_nfnl_open(&nfnl);

	while (!err) {
		err = read_once(&nfnl, counts, ret_state);
		if (err != -EINTR || pg_nft_patience_is_over(&patience))
			break;
		/* A callback may have ended an answer in its midst. */
		pg_nfnl_done(&nfnl);
		err = pg_nfnl_open(&nfnl);
	}
	if (err == -EOPNOTSUPP || err == -EPROTONOSUPPORT) {
		*ret_state = (struct pg_nftables_state){ 0 };
		return 0;
	}
	return err ? report(diags, err) : 0;
}
