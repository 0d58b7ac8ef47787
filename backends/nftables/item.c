// SPDX-License-Identifier: GPL-2.0-only
/* Objects: put together and taken apart. */
#include "backends/nftables/item.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "compat/nfnl.h"

/* nft packs the numbers of a key's types, six bits each. */
#define TYPE_BITS 6
#define TYPE_MASK ((1u << TYPE_BITS) - 1)

/* Longer than any rule: the kernel lists each in a message of 32 KiB at most. */
#define RULE_MAX (64u << 10)

static const struct {
	const char *name;
	uint8_t number; /* nft's own, which the kernel only keeps: enum datatypes of nftables 1.0.6 */
	uint8_t length;
} types[PG_TYPES] = {
	[PG_TYPE_IPV4] = { "ipv4_addr", 7, 4 },
	[PG_TYPE_IPV6] = { "ipv6_addr", 8, 16 },
	[PG_TYPE_CLASSID] = { "classid", 23, 4 },
	[PG_TYPE_MARK] = { "mark", 19, 4 },
	[PG_TYPE_PROTO] = { "inet_proto", 12, 1 },
	[PG_TYPE_SERVICE] = { "inet_service", 13, 2 },
	[PG_TYPE_ICMP] = { "icmp_type", 14, 1 },
	[PG_TYPE_ICMPV6] = { "icmpv6_type", 29, 1 },
	[PG_TYPE_IFNAME] = { "ifname", 41, IFNAMSIZ },
	[PG_TYPE_VERDICT] = { "verdict", 1, 0 },
};

const char *pg_nftables_table(uint8_t family)
{
	return family == NFPROTO_BRIDGE ? PG_NFTABLES_GUARD : PG_NFTABLES_TABLE;
}

size_t pg_nftables_type_length(enum pg_nftables_type type)
{
	return types[type].length;
}

const char *pg_nftables_type_name(enum pg_nftables_type type)
{
	return types[type].name;
}

static size_t padded(size_t length)
{
	return (length + 3) / 4 * 4;
}

uint32_t pg_nftables_key_type(const struct pg_nftables_set *set)
{
	uint32_t number = 0;

	for (size_t i = 0; i < PG_NFTABLES_FIELDS_MAX && set->key[i]; i++)
		number = number << TYPE_BITS | types[set->key[i]].number;
	return number;
}

size_t pg_nftables_key_length(const struct pg_nftables_set *set)
{
	size_t length = 0;

	/* A key of one part isn't padded. */
	if (!set->key[1])
		return types[set->key[0]].length;
	for (size_t i = 0; i < PG_NFTABLES_FIELDS_MAX && set->key[i]; i++)
		length += padded(types[set->key[i]].length);
	return length;
}

uint32_t pg_nftables_data_type(enum pg_nftables_type type)
{
	return type == PG_TYPE_VERDICT ? NFT_DATA_VERDICT : types[type].number;
}

static uint8_t type_of(uint32_t number)
{
	for (uint8_t i = PG_TYPE_NONE + 1; i < PG_TYPE_VERDICT; i++) {
		if (types[i].number == number)
			return i;
	}
	return PG_TYPE_NONE;
}

int pg_nftables_parse_key_type(uint32_t number, struct pg_nftables_set *set)
{
	size_t count = 0;

	for (uint32_t rest = number; rest; rest >>= TYPE_BITS)
		count++;
	if (!count || count > PG_NFTABLES_FIELDS_MAX)
		return -EINVAL;
	memset(set->key, PG_TYPE_NONE, sizeof(set->key));
	for (size_t i = count; i--; number >>= TYPE_BITS) {
		set->key[i] = type_of(number & TYPE_MASK);
		if (!set->key[i])
			return -EINVAL;
	}
	return 0;
}

int pg_nftables_parse_data_type(uint32_t number, uint8_t *ret_type)
{
	uint8_t type = number == NFT_DATA_VERDICT ? (uint8_t)PG_TYPE_VERDICT : type_of(number);

	if (!type)
		return -EINVAL;
	*ret_type = type;
	return 0;
}

void pg_nftables_key_add(struct pg_nftables_key *key, const void *bytes, size_t length)
{
	key->length = padded(key->length);
	memcpy(key->bytes + key->length, bytes, length);
	key->length += length;
}

/* Keys of objects are short. */
struct head {
	uint8_t bytes[2 + PG_NFTABLES_NAME_MAX + PG_NFTABLES_KEY_MAX + 4];
	size_t length;
};

static struct head head_of(enum pg_nftables_rank rank, uint8_t family, const char *name)
{
	struct head head = { .bytes = { (uint8_t)rank, family }, .length = 2 };
	size_t length = strnlen(name, PG_NFTABLES_NAME_MAX - 1);

	memcpy(head.bytes + head.length, name, length);
	head.length += length;
	return head;
}

/* With the NUL that ends the name, and what comes after it. */
static void head_add(struct head *head, const void *bytes, size_t length)
{
	head->bytes[head->length++] = '\0';
	memcpy(head->bytes + head->length, bytes, length);
	head->length += length;
}

static int add_plain(struct pg_objects *objects, enum pg_nftables_rank rank, uint8_t family,
		     const char *name, const void *value, size_t length)
{
	struct head head = head_of(rank, family, name);

	return pg_objects_add(objects, head.bytes, head.length, value, length, PG_ORIGIN_NONE);
}

int pg_nftables_add_table(struct pg_objects *objects, uint8_t family)
{
	return add_plain(objects, PG_RANK_TABLE, family, "", NULL, 0);
}

int pg_nftables_add_counter(struct pg_objects *objects, uint8_t family, const char *what)
{
	char name[PG_NFTABLES_NAME_MAX];

	snprintf(name, sizeof(name), PG_NFTABLES_COUNTER "%s", what);
	return add_plain(objects, PG_RANK_COUNTER, family, name, NULL, 0);
}

int pg_nftables_add_chain(struct pg_objects *objects, uint8_t family, const char *name,
			  const struct pg_nftables_chain *base)
{
	return add_plain(objects, PG_RANK_CHAIN, family, name, base, base ? sizeof(*base) : 0);
}

int pg_nftables_add_set(struct pg_objects *objects, uint8_t family, const char *name,
			const struct pg_nftables_set *set)
{
	uint8_t value[PG_NFTABLES_FIELDS_MAX + 3];

	memcpy(value, set->key, PG_NFTABLES_FIELDS_MAX);
	value[PG_NFTABLES_FIELDS_MAX] = set->data;
	value[PG_NFTABLES_FIELDS_MAX + 1] = set->interval;
	value[PG_NFTABLES_FIELDS_MAX + 2] = set->counter;
	return add_plain(objects, PG_RANK_SET, family, name, value, sizeof(value));
}

int pg_nftables_add_foreign(struct pg_objects *objects, uint8_t family, const char *text)
{
	return add_plain(objects, PG_RANK_FOREIGN, family, text, NULL, 0);
}

/* Kind, identity or verdict's code, chain with its NUL, comment without one. */
#define VALUE_CHAIN (1 + sizeof(uint32_t))

int pg_nftables_add_element(struct pg_objects *objects, uint8_t family, const char *set,
			    const struct pg_nftables_key *key,
			    const struct pg_nftables_value *value, struct pg_origin origin)
{
	struct head head = head_of(PG_RANK_ELEMENT, family, set);
	char bytes[VALUE_CHAIN + PG_NFTABLES_NAME_MAX + PG_RULE_NAME_MAX] = { (char)value->kind };
	size_t chain = strnlen(value->chain, PG_NFTABLES_NAME_MAX - 1);
	size_t comment = strnlen(value->comment, PG_RULE_NAME_MAX - 1);

	head_add(&head, key->bytes, key->length);
	if (value->kind == PG_TYPE_VERDICT)
		memcpy(bytes + 1, &value->code, sizeof(value->code));
	else
		memcpy(bytes + 1, &value->id.n, sizeof(value->id.n));
	memcpy(bytes + VALUE_CHAIN, value->chain, chain);
	memcpy(bytes + VALUE_CHAIN + chain + 1, value->comment, comment);
	return pg_objects_add(objects, head.bytes, head.length, bytes,
			      VALUE_CHAIN + chain + 1 + comment, origin);
}

int pg_nftables_add_rule(struct pg_objects *objects, uint8_t family, struct nftnl_rule *rule,
			 uint32_t index)
{
	_cleanup_free_ char *buffer = calloc(1, RULE_MAX);
	uint8_t place[] = { (uint8_t)(index >> 24), (uint8_t)(index >> 16), (uint8_t)(index >> 8),
			    (uint8_t)index };
	struct head head =
		head_of(PG_RANK_RULE, family, nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN));
	struct nlmsghdr *message;

	if (!buffer)
		return -ENOMEM;
	head_add(&head, place, sizeof(place));
	nftnl_rule_unset(rule, NFTNL_RULE_HANDLE);
	nftnl_rule_unset(rule, NFTNL_RULE_POSITION);
	message = mnl_nlmsg_put_header(buffer);
	nftnl_rule_nlmsg_build_payload(message, rule);
	return pg_objects_add(objects, head.bytes, head.length, mnl_nlmsg_get_payload(message),
			      mnl_nlmsg_get_payload_len(message), PG_ORIGIN_NONE);
}

/* What a head holds behind its name: as many bytes as it needs, or as its element has. */
static int take_rest(const struct pg_object *object, size_t name, struct pg_nftables_item *item)
{
	const uint8_t *rest = (const uint8_t *)object->key + 2 + name;
	size_t length = object->key_length - 2 - name;

	if (item->rank != PG_RANK_ELEMENT && item->rank != PG_RANK_RULE)
		return length ? -EINVAL : 0;
	if (length < 2)
		return -EINVAL;
	item->key = rest + 1;
	item->key_length = length - 1;
	if (item->rank == PG_RANK_RULE) {
		if (item->key_length != 4)
			return -EINVAL;
		item->index = (uint32_t)rest[1] << 24 | (uint32_t)rest[2] << 16 |
			      (uint32_t)rest[3] << 8 | rest[4];
	}
	return 0;
}

int pg_nftables_item(const struct pg_object *object, struct pg_nftables_item *ret_item)
{
	const uint8_t *key = object->key;
	struct pg_nftables_item item = { 0 };
	size_t name;
	int err;

	if (object->key_length < 2)
		return -EINVAL;
	item.rank = key[0];
	item.family = key[1];
	name = strnlen((const char *)key + 2, object->key_length - 2);
	if (item.rank > PG_RANK_FOREIGN || name >= sizeof(item.name))
		return -EINVAL;
	memcpy(item.name, key + 2, name);
	err = take_rest(object, name, &item);
	if (err)
		return err;
	*ret_item = item;
	return 0;
}

int pg_nftables_read_chain(const struct pg_object *object, bool *ret_base,
			   struct pg_nftables_chain *ret_chain)
{
	if (object->value_length && object->value_length != sizeof(*ret_chain))
		return -EINVAL;
	*ret_base = object->value_length;
	if (object->value_length)
		memcpy(ret_chain, object->value, sizeof(*ret_chain));
	return 0;
}

int pg_nftables_read_set(const struct pg_object *object, struct pg_nftables_set *ret_set)
{
	const uint8_t *value = object->value;

	if (object->value_length != PG_NFTABLES_FIELDS_MAX + 3)
		return -EINVAL;
	memcpy(ret_set->key, value, PG_NFTABLES_FIELDS_MAX);
	ret_set->data = value[PG_NFTABLES_FIELDS_MAX];
	ret_set->interval = value[PG_NFTABLES_FIELDS_MAX + 1];
	ret_set->counter = value[PG_NFTABLES_FIELDS_MAX + 2];
	return 0;
}

int pg_nftables_read_element(const struct pg_object *object, struct pg_nftables_value *ret_value)
{
	struct pg_nftables_value value = { 0 };
	const char *bytes = object->value;
	size_t chain, comment;

	if (object->value_length <= VALUE_CHAIN)
		return -EINVAL;
	chain = strnlen(bytes + VALUE_CHAIN, object->value_length - VALUE_CHAIN);
	if (VALUE_CHAIN + chain >= object->value_length || chain >= sizeof(value.chain))
		return -EINVAL;
	comment = object->value_length - VALUE_CHAIN - chain - 1;
	if (comment >= sizeof(value.comment))
		return -EINVAL;
	value.kind = (uint8_t)bytes[0];
	if (value.kind == PG_TYPE_VERDICT)
		memcpy(&value.code, bytes + 1, sizeof(value.code));
	else
		memcpy(&value.id.n, bytes + 1, sizeof(value.id.n));
	memcpy(value.chain, bytes + VALUE_CHAIN, chain);
	memcpy(value.comment, bytes + VALUE_CHAIN + chain + 1, comment);
	*ret_value = value;
	return 0;
}

struct nftnl_rule *pg_nftables_read_rule(const struct pg_object *object)
{
	_cleanup_free_ char *buffer =
		calloc(1, MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg) + object->value_length);
	struct nftnl_rule *rule = buffer ? nftnl_rule_alloc() : NULL;
	struct nlmsghdr *message;

	if (!rule)
		return NULL;
	message = mnl_nlmsg_put_header(buffer);
	mnl_nlmsg_put_extra_header(message, sizeof(struct nfgenmsg));
	memcpy(mnl_nlmsg_get_payload_tail(message), object->value, object->value_length);
	message->nlmsg_len += object->value_length;
	if (nftnl_rule_nlmsg_parse(message, rule) < 0) {
		nftnl_rule_free(rule);
		return NULL;
	}
	return rule;
}
