// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>

#include "backends/ebpf/entry.h"
#include "compat/strbuf.h"

/* The bytes of keys and values. No member is aligned: all are copied in and out. */
struct address_key {
	uint8_t kind, family;
	uint8_t addr[16];
	uint8_t length;
} __attribute__((packed));

struct address_value {
	uint32_t id;
	uint8_t local;
} __attribute__((packed));

struct endpoint_key {
	uint8_t kind;
	char name[];
} __attribute__((packed));

struct endpoint_value {
	uint32_t id;
	struct pg_addr ipv4, ipv6;
	uint8_t same_host;
	uint8_t attached;
} __attribute__((packed));

struct meta_value {
	uint8_t digest[32];
	uint8_t host_policy;
	uint8_t on_revoke;
	uint8_t same_host;
} __attribute__((packed));

struct policy_key {
	uint8_t kind;
	uint32_t subject;
	uint8_t direction;
	uint32_t peer;
	uint8_t proto;
	uint16_t port;
	uint8_t port_bits;
} __attribute__((packed));

struct policy_value {
	uint8_t verdict;
	char rule[];
} __attribute__((packed));

struct subject_key {
	uint8_t kind;
	uint32_t id;
} __attribute__((packed));

struct subject_value {
	uint8_t enforced[PG_DIRECTIONS];
	uint32_t use[PG_DIRECTIONS];
} __attribute__((packed));

static struct address_key address_key(const struct pg_prefix *prefix)
{
	struct address_key key = {
		.kind = PG_ENTRY_ADDRESS,
		.family = prefix->addr.family,
		.length = prefix->length,
	};

	memcpy(key.addr, prefix->addr.bytes, sizeof(key.addr));
	return key;
}

static int add_address(struct pg_objects *objects, const struct pg_map_entry_address *address,
		       struct pg_origin origin)
{
	struct address_key key = address_key(&address->prefix);
	struct address_value value = { .id = htonl(address->id.n), .local = address->local };

	return pg_objects_add(objects, &key, sizeof(key), &value, sizeof(value), origin);
}

static int add_endpoint(struct pg_objects *objects, const struct pg_map_entry_endpoint *endpoint,
			struct pg_origin origin)
{
	_cleanup_strbuf_ struct pg_strbuf key = { 0 };
	struct endpoint_value value = {
		.id = htonl(endpoint->id.n),
		.ipv4 = endpoint->ipv4,
		.ipv6 = endpoint->ipv6,
		.same_host = (uint8_t)endpoint->same_host,
		.attached = endpoint->attached,
	};

	pg_strbuf_putc(&key, PG_ENTRY_ENDPOINT);
	pg_strbuf_add(&key, endpoint->name, endpoint->name_length);
	if (pg_strbuf_error(&key))
		return -ENOMEM;
	return pg_objects_add(objects, key.text, key.length, &value, sizeof(value), origin);
}

static int add_meta(struct pg_objects *objects, const struct pg_map_entry_meta *meta,
		    struct pg_origin origin)
{
	struct meta_value value = {
		.host_policy = (uint8_t)meta->host_policy,
		.on_revoke = (uint8_t)meta->on_revoke,
		.same_host = (uint8_t)meta->same_host,
	};
	char key = PG_ENTRY_META;

	memcpy(value.digest, meta->digest, sizeof(value.digest));
	return pg_objects_add(objects, &key, sizeof(key), &value, sizeof(value), origin);
}

static int add_policy(struct pg_objects *objects, const struct pg_map_entry_policy *policy,
		      struct pg_origin origin)
{
	char value[1 + PG_RULE_NAME_MAX] = { (char)policy->verdict };
	size_t length = PG_MIN(policy->rule_length, (size_t)PG_RULE_NAME_MAX - 1);
	struct policy_key key = {
		.kind = PG_ENTRY_POLICY,
		.subject = htonl(policy->subject.n),
		.direction = (uint8_t)policy->direction,
		.peer = htonl(policy->peer.n),
		.proto = policy->proto.n,
		.port = htons(policy->port),
		.port_bits = policy->port_bits,
	};

	memcpy(value + 1, policy->rule, length);
	return pg_objects_add(objects, &key, sizeof(key), value, 1 + length, origin);
}

static int add_subject(struct pg_objects *objects, const struct pg_map_entry_subject *subject,
		       struct pg_origin origin)
{
	struct subject_key key = { .kind = PG_ENTRY_SUBJECT, .id = htonl(subject->id.n) };
	struct subject_value value = { 0 };

	for (int i = 0; i < PG_DIRECTIONS; i++) {
		value.enforced[i] = subject->enforced[i];
		value.use[i] = htonl(subject->use[i]);
	}
	return pg_objects_add(objects, &key, sizeof(key), &value, sizeof(value), origin);
}

static int add_uplink(struct pg_objects *objects, const struct pg_map_entry_uplink *uplink)
{
	char key[1 + IFNAMSIZ] = { PG_ENTRY_UPLINK };
	size_t length = PG_MIN(uplink->name_length, (size_t)IFNAMSIZ);
	uint8_t attached = uplink->attached;

	memcpy(key + 1, uplink->name, length);
	return pg_objects_add(objects, key, 1 + length, &attached, sizeof(attached),
			      PG_ORIGIN_NONE);
}

static int add_unfinished(struct pg_objects *objects, uint32_t generation)
{
	uint32_t value = htonl(generation);
	char key = PG_ENTRY_UNFINISHED;

	return pg_objects_add(objects, &key, sizeof(key), &value, sizeof(value), PG_ORIGIN_NONE);
}

int pg_map_entry_add(struct pg_objects *objects, const struct pg_map_entry *entry,
		     struct pg_origin origin)
{
	switch (entry->kind) {
	case PG_ENTRY_ADDRESS:
		return add_address(objects, &entry->address, origin);
	case PG_ENTRY_ENDPOINT:
		return add_endpoint(objects, &entry->endpoint, origin);
	case PG_ENTRY_META:
		return add_meta(objects, &entry->meta, origin);
	case PG_ENTRY_POLICY:
		return add_policy(objects, &entry->policy, origin);
	case PG_ENTRY_SUBJECT:
		return add_subject(objects, &entry->subject, origin);
	case PG_ENTRY_UPLINK:
		return add_uplink(objects, &entry->uplink);
	case PG_ENTRY_UNFINISHED:
		return add_unfinished(objects, entry->generation);
	}
	return -EINVAL;
}

/* Whether an object has the lengths that its kind has. */
static bool fits(const struct pg_object *object, size_t key, size_t value)
{
	return object->key_length == key && object->value_length == value;
}

static int read_address(const struct pg_object *object, struct pg_map_entry_address *ret_address)
{
	const struct address_key *key = object->key;
	const struct address_value *value = object->value;

	if (!fits(object, sizeof(*key), sizeof(*value)))
		return -EINVAL;
	*ret_address = (struct pg_map_entry_address){
		.prefix = { .addr.family = key->family, .length = key->length },
		.id = { ntohl(value->id) },
		.local = value->local,
	};
	memcpy(ret_address->prefix.addr.bytes, key->addr, sizeof(key->addr));
	return 0;
}

static int read_endpoint(const struct pg_object *object, struct pg_map_entry_endpoint *ret_endpoint)
{
	const struct endpoint_key *key = object->key;
	const struct endpoint_value *value = object->value;

	if (object->value_length != sizeof(*value))
		return -EINVAL;
	*ret_endpoint = (struct pg_map_entry_endpoint){
		.name = key->name,
		.name_length = object->key_length - sizeof(*key),
		.id = { ntohl(value->id) },
		.ipv4 = value->ipv4,
		.ipv6 = value->ipv6,
		.same_host = value->same_host,
		.attached = value->attached,
	};
	return 0;
}

static int read_meta(const struct pg_object *object, struct pg_map_entry_meta *ret_meta)
{
	const struct meta_value *value = object->value;

	if (!fits(object, 1, sizeof(*value)))
		return -EINVAL;
	memcpy(ret_meta->digest, value->digest, sizeof(value->digest));
	ret_meta->host_policy = value->host_policy;
	ret_meta->on_revoke = value->on_revoke;
	ret_meta->same_host = value->same_host;
	return 0;
}

static int read_policy(const struct pg_object *object, struct pg_map_entry_policy *ret_policy)
{
	const struct policy_key *key = object->key;
	const struct policy_value *value = object->value;

	if (object->key_length != sizeof(*key) || object->value_length < sizeof(*value))
		return -EINVAL;
	*ret_policy = (struct pg_map_entry_policy){
		.subject = { ntohl(key->subject) },
		.peer = { ntohl(key->peer) },
		.direction = key->direction,
		.proto = { key->proto },
		.port = ntohs(key->port),
		.port_bits = key->port_bits,
		.verdict = value->verdict,
		.rule = value->rule,
		.rule_length = object->value_length - sizeof(*value),
	};
	return 0;
}

static int read_subject(const struct pg_object *object, struct pg_map_entry_subject *ret_subject)
{
	const struct subject_key *key = object->key;
	const struct subject_value *value = object->value;

	if (!fits(object, sizeof(*key), sizeof(*value)))
		return -EINVAL;
	ret_subject->id = (pg_identity){ ntohl(key->id) };
	for (int i = 0; i < PG_DIRECTIONS; i++) {
		ret_subject->enforced[i] = value->enforced[i];
		ret_subject->use[i] = ntohl(value->use[i]);
	}
	return 0;
}

static int read_uplink(const struct pg_object *object, struct pg_map_entry_uplink *ret_uplink)
{
	if (object->value_length != sizeof(uint8_t))
		return -EINVAL;
	*ret_uplink = (struct pg_map_entry_uplink){
		.name = (const char *)object->key + 1,
		.name_length = object->key_length - 1,
		.attached = *(const uint8_t *)object->value,
	};
	return 0;
}

static int read_unfinished(const struct pg_object *object, uint32_t *ret_generation)
{
	uint32_t value;

	if (!fits(object, 1, sizeof(value)))
		return -EINVAL;
	memcpy(&value, object->value, sizeof(value));
	*ret_generation = ntohl(value);
	return 0;
}

int pg_map_entry_read(const struct pg_object *object, struct pg_map_entry *ret_entry)
{
	if (!object->key_length)
		return -EINVAL;
	ret_entry->kind = *(const char *)object->key;
	switch (ret_entry->kind) {
	case PG_ENTRY_ADDRESS:
		return read_address(object, &ret_entry->address);
	case PG_ENTRY_ENDPOINT:
		return read_endpoint(object, &ret_entry->endpoint);
	case PG_ENTRY_META:
		return read_meta(object, &ret_entry->meta);
	case PG_ENTRY_POLICY:
		return read_policy(object, &ret_entry->policy);
	case PG_ENTRY_SUBJECT:
		return read_subject(object, &ret_entry->subject);
	case PG_ENTRY_UPLINK:
		return read_uplink(object, &ret_entry->uplink);
	case PG_ENTRY_UNFINISHED:
		return read_unfinished(object, &ret_entry->generation);
	}
	return -EINVAL;
}

const struct pg_object *pg_map_entry_covering(const struct pg_objects *objects,
					      const struct pg_prefix *prefix)
{
	for (int length = prefix->length; length >= 0; length--) {
		struct pg_prefix outer = pg_prefix_of(&prefix->addr, (uint8_t)length);
		struct address_key key = address_key(&outer);
		const struct pg_object *object = pg_objects_find(objects, &key, sizeof(key));

		if (object)
			return object;
	}
	return NULL;
}
