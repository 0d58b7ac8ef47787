// SPDX-License-Identifier: GPL-2.0-only
/* From the maps back to objects: what counts now. */
#include "backends/ebpf/attach.h"
#include "backends/ebpf/batch.h"
#include "backends/ebpf/known.h"
#include "backends/ebpf/uplink.h"
#include "backends/ebpf/way.h"

struct reader {
	const struct pg_backend_handle *handle;
	const struct pg_pins *pins;
	struct pg_known *known;
	struct pg_objects *objects;
	struct pg_rtnl *rtnl; /* may be NULL */
	uint32_t generation;
};

static struct pg_addr addr_of(uint8_t family, const void *bytes, size_t length)
{
	struct pg_addr addr = { .family = family };
	static const uint8_t none[16];

	if (!memcmp(bytes, none, length))
		return (struct pg_addr){ 0 };
	memcpy(addr.bytes, bytes, length);
	return addr;
}

static enum pg_same_host same_host(const struct reader *reader)
{
	return reader->pins->meta->half[reader->generation & 1].same_host;
}

/* Whether an interface is as it was when its entry was written. */
static bool says_so_still(const struct reader *reader, uint32_t ifindex,
			  const struct pg_map_endpoint_half *half)
{
	struct pg_way way;

	pg_way_find(reader->rtnl, reader->pins, same_host(reader), ifindex, &way);
	return way.flags == half->flags && way.mtu == half->mtu;
}

/*
 * An endpoint counts as attached if the interface of that name is still the one that the programs
 * are on: a container that was started again has a new one.
 */
static int read_endpoint(const struct reader *reader, const union pg_map_key *key,
			 const union pg_map_value *value)
{
	const struct pg_map_endpoint_half *half = pg_halves_counting(
		&pg_map_types[PG_MAP_ENDPOINTS].halves, value, reader->generation);
	struct pg_map_entry entry = { .kind = PG_ENTRY_ENDPOINT };
	char name[IFNAMSIZ + 1] = { 0 };

	memcpy(name, half->interface, sizeof(half->interface));
	entry.endpoint = (struct pg_map_entry_endpoint){
		.name = name,
		.name_length = strlen(name),
		.id = { half->identity },
		.ipv4 = addr_of(4, &half->ipv4, sizeof(half->ipv4)),
		.ipv6 = addr_of(6, half->ipv6, sizeof(half->ipv6)),
		.same_host = same_host(reader),
		.attached = if_nametoindex(name) == key->number &&
			    pg_attach_is_settled(reader->handle, reader->pins, key->number,
						 PG_ON_CONTAINER) &&
			    says_so_still(reader, key->number, half),
	};
	return pg_map_entry_add(reader->objects, &entry, PG_ORIGIN_NONE)
		       ?: pg_known_set(reader->known, half->interface, key->number);
}

static int read_subject(const struct reader *reader, const union pg_map_key *key,
			const union pg_map_value *value)
{
	const struct pg_map_subject_half *half = pg_halves_counting(
		&pg_map_types[PG_MAP_SUBJECTS].halves, value, reader->generation);
	struct pg_map_entry entry = { .kind = PG_ENTRY_SUBJECT, .subject.id = { key->number } };

	for (int i = 0; i < PG_DIRECTIONS; i++) {
		entry.subject.enforced[i] = half->enforced & (1 << i);
		entry.subject.use[i] = half->use[i];
	}
	return pg_map_entry_add(reader->objects, &entry, PG_ORIGIN_NONE);
}

/* An address's identity; both families have the same values. */
static int add_address(const struct reader *reader, struct pg_prefix prefix,
		       const union pg_map_value *value)
{
	const struct pg_map_address_half *half = pg_halves_counting(
		&pg_map_types[PG_MAP_ADDRESSES4].halves, value, reader->generation);
	struct pg_map_entry entry = {
		.kind = PG_ENTRY_ADDRESS,
		.address = {
			.prefix = prefix,
			.id = { half->identity },
			.local = half->flags & PG_ABI_ADDRESS_LOCAL,
		},
	};

	return pg_map_entry_add(reader->objects, &entry, PG_ORIGIN_NONE);
}

static int read_address4(const struct reader *reader, const union pg_map_key *key,
			 const union pg_map_value *value)
{
	struct pg_prefix prefix = { .addr.family = 4, .length = (uint8_t)key->address4.length };

	memcpy(prefix.addr.bytes, &key->address4.addr, sizeof(key->address4.addr));
	return add_address(reader, prefix, value);
}

static int read_address6(const struct reader *reader, const union pg_map_key *key,
			 const union pg_map_value *value)
{
	struct pg_prefix prefix = { .addr.family = 6, .length = (uint8_t)key->address6.length };

	memcpy(prefix.addr.bytes, key->address6.addr, sizeof(key->address6.addr));
	return add_address(reader, prefix, value);
}

static int read_policy(const struct reader *reader, const union pg_map_key *key,
		       const union pg_map_value *value)
{
	const struct pg_map_policy_half *half =
		pg_halves_counting(&pg_map_types[PG_MAP_POLICY].halves, value, reader->generation);
	const struct pg_map_rule *rule = pg_slots_rule(&reader->known->slots, half->slot);
	struct pg_map_entry entry = {
		.kind = PG_ENTRY_POLICY,
		.policy = {
			.subject = { key->policy.subject },
			.peer = { key->policy.peer },
			.direction = key->policy.direction,
			.proto = { key->policy.proto },
			.port = key->policy.port,
			.port_bits = key->policy.port_bits,
			.verdict = half->verdict,
			.rule = rule ? rule->name : "?",
		},
	};

	pg_slots_hold(&reader->known->slots, half->slot);
	entry.policy.rule_length = strnlen(entry.policy.rule, PG_RULE_NAME_MAX);
	return pg_map_entry_add(reader->objects, &entry, PG_ORIGIN_NONE);
}

typedef int read_fn(const struct reader *reader, const union pg_map_key *key,
		    const union pg_map_value *value);

static read_fn *const readers[PG_MAPS_WITH_HALVES] = {
	[PG_MAP_ENDPOINTS] = read_endpoint,  [PG_MAP_SUBJECTS] = read_subject,
	[PG_MAP_ADDRESSES4] = read_address4, [PG_MAP_ADDRESSES6] = read_address6,
	[PG_MAP_POLICY] = read_policy,
};

struct walk {
	const struct reader *reader;
	enum pg_map map;
};

static int read_value(void *context, const void *key, void *value)
{
	const struct walk *walk = context;
	const struct pg_halves *halves = &pg_map_types[walk->map].halves;
	union pg_map_key aligned = { 0 };

	memcpy(&aligned, key, pg_map_types[walk->map].key_size);
	if (halves->absent(pg_halves_counting(halves, value, walk->reader->generation)))
		return 0;
	walk->reader->known->entries[walk->map]++;
	return readers[walk->map](walk->reader, &aligned, value);
}

static int read_meta(const struct reader *reader)
{
	const struct pg_map_meta *meta = reader->pins->meta;
	const struct pg_map_meta_half *half = &meta->half[reader->generation & 1];
	struct pg_map_entry entry = {
		.kind = PG_ENTRY_META,
		.meta = {
			.host_policy = half->host_policy,
			.on_revoke = half->on_revoke,
			.same_host = half->same_host,
		},
	};
	struct pg_map_entry unfinished = { .kind = PG_ENTRY_UNFINISHED,
					   .generation = meta->pending };
	int err;

	memcpy(entry.meta.digest, half->digest, sizeof(entry.meta.digest));
	err = pg_map_entry_add(reader->objects, &entry, PG_ORIGIN_NONE);
	if (!err && meta->pending)
		err = pg_map_entry_add(reader->objects, &unfinished, PG_ORIGIN_NONE);
	return err;
}

/* As with endpoints: attached if the interface of that name still is the one. */
static int read_uplink(const struct reader *reader)
{
	const struct pg_map_meta_half *half = &reader->pins->meta->half[reader->generation & 1];
	struct pg_map_entry entry = { .kind = PG_ENTRY_UPLINK };
	char name[IFNAMSIZ + 1] = { 0 };

	if (!half->uplink)
		return 0;
	memcpy(name, half->uplink_name, sizeof(half->uplink_name));
	entry.uplink = (struct pg_map_entry_uplink){
		.name = name,
		.name_length = strlen(name),
		.attached = if_nametoindex(name) == half->uplink &&
			    pg_uplink_mtu(reader->rtnl, half->uplink) == half->uplink_mtu &&
			    pg_attach_is_settled(reader->handle, reader->pins, half->uplink,
						 PG_ON_UPLINK),
	};
	return pg_map_entry_add(reader->objects, &entry, PG_ORIGIN_NONE);
}

static int read_all(const struct reader *reader)
{
	int err = read_meta(reader);

	if (!err)
		err = read_uplink(reader);
	for (int i = 0; i < PG_MAPS_WITH_HALVES && !err; i++) {
		struct walk walk = { .reader = reader, .map = i };
		union pg_map_value value;

		err = pg_batch_each(reader->pins->maps[i], &value, read_value, &walk);
	}
	return err ? err : pg_objects_sort(reader->objects);
}

/* Nothing, where nothing was committed. */
static int read_state(const struct pg_backend_handle *handle, const struct pg_pins *pins,
		      struct pg_known *known, struct pg_objects *objects)
{
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	struct reader reader = {
		.handle = handle,
		.pins = pins,
		.known = known,
		.objects = objects,
		.generation = pg_pins_generation(pins),
	};
	int err;

	if (!reader.generation)
		return 0;
	known->generation = reader.generation;
	known->pending = pins->meta->pending;
	pg_rtnl_new(&rtnl);
	reader.rtnl = rtnl;
	err = pg_slots_read(pins, &known->slots);
	return err ? err : read_all(&reader);
}

static void free_known(struct pg_known **known)
{
	pg_known_free(*known);
}

int pg_ebpf_live(struct pg_backend_handle *handle, struct pg_diags *diags,
		 struct pg_objects *ret_live)
{
	_cleanup_pins_ struct pg_pins pins;
	_cleanup_objects_ struct pg_objects objects = { 0 };
	PG_CLEANUP(free_known) struct pg_known *known = pg_known_new();
	int err;

	pg_pins_init(&pins);
	if (!known)
		return -ENOMEM;
	err = pg_pins_open(handle, diags, &pins);
	if (err && err != -ENOENT)
		return err;
	err = err ? 0 : read_state(handle, &pins, known, &objects);
	if (err)
		return pg_ebpf_error(diags, err, "cannot read the eBPF maps");
	pg_known_free(handle->known);
	handle->known = PG_TAKE(known);
	*ret_live = objects;
	objects = (struct pg_objects){ 0 };
	return 0;
}
