// SPDX-License-Identifier: GPL-2.0-only
#include "backends/ebpf/lookup.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

int pg_lookup_init(const struct pg_pins *pins, struct pg_lookup *ret_lookup)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;
	*ret_lookup = (struct pg_lookup){
		.pins = pins,
		.generation = pg_pins_generation(pins),
		.cpus = cpus,
	};
	return 0;
}

/* 1, 0 or -errno. */
static int look_up(const struct pg_lookup *lookup, enum pg_map map, const void *key, void *value)
{
	int err = bpf_map_lookup_elem(lookup->pins->maps[map], key, value);

	return err == -ENOENT ? 0 : err ? err : 1;
}

static int find_half(const struct pg_lookup *lookup, enum pg_map map, const void *key, void *half)
{
	const struct pg_halves *halves = &pg_map_types[map].halves;
	union pg_map_value value;
	int found = look_up(lookup, map, key, &value);

	if (found == 1)
		memcpy(half, pg_halves_counting(halves, &value, lookup->generation), halves->size);
	return found;
}

static int find_present(const struct pg_lookup *lookup, enum pg_map map, const void *key,
			void *half)
{
	int found = find_half(lookup, map, key, half);

	return found == 1 && pg_map_types[map].halves.absent(half) ? 0 : found;
}

int pg_lookup_endpoint(const struct pg_lookup *lookup, uint32_t ifindex,
		       struct pg_map_endpoint_half *ret_half)
{
	return find_present(lookup, PG_MAP_ENDPOINTS, &ifindex, ret_half);
}

int pg_lookup_subject(const struct pg_lookup *lookup, uint32_t identity,
		      struct pg_map_subject_half *ret_half)
{
	return find_present(lookup, PG_MAP_SUBJECTS, &identity, ret_half);
}

int pg_lookup_address(const struct pg_lookup *lookup, const struct pg_addr *addr,
		      struct pg_map_address_half *ret_half)
{
	struct pg_prefix prefix = pg_prefix_of(addr, pg_addr_bits(addr));
	union pg_map_key key;
	enum pg_map map = pg_map_address_key(&prefix, &key);

	return find_half(lookup, map, &key, ret_half);
}

static int find_policy(const struct pg_lookup *lookup, const struct pg_map_policy_key *key,
		       struct pg_map_policy_key *ret_key, struct pg_map_policy_half *ret_half)
{
	struct pg_map_policy_half half;
	int found = find_present(lookup, PG_MAP_POLICY, key, &half);

	if (found != 1)
		return found;
	*ret_key = *key;
	*ret_half = half;
	return 1;
}

/* Blocks of ports from the smallest to all, then every protocol. */
static int find_for_peer(const struct pg_lookup *lookup, const struct pg_lookup_question *question,
			 uint32_t peer, struct pg_map_policy_key *ret_key,
			 struct pg_map_policy_half *ret_half)
{
	struct pg_map_policy_key key = {
		.subject = question->subject,
		.peer = peer,
		.proto = question->proto,
		.direction = (uint8_t)question->direction,
	};
	int found = 0;

	for (int bits = 16; bits >= 0 && !found; bits--) {
		key.port = (uint16_t)(question->port & (0xffff0000u >> bits));
		key.port_bits = (uint8_t)bits;
		if (question->use & (1u << bits))
			found = find_policy(lookup, &key, ret_key, ret_half);
	}
	key.port = key.port_bits = key.proto = 0;
	if (!found && question->use & PG_ABI_USE_EVERY)
		found = find_policy(lookup, &key, ret_key, ret_half);
	return found;
}

int pg_lookup_policy(const struct pg_lookup *lookup, const struct pg_lookup_question *question,
		     struct pg_map_policy_key *ret_key, struct pg_map_policy_half *ret_half)
{
	int found = find_for_peer(lookup, question, question->peer, ret_key, ret_half);

	return found ? found : find_for_peer(lookup, question, PG_ABI_ANY, ret_key, ret_half);
}

int pg_lookup_rule(const struct pg_lookup *lookup, uint32_t slot, struct pg_map_rule *ret_rule)
{
	return look_up(lookup, PG_MAP_RULES, &slot, ret_rule);
}

int pg_lookup_counter(const struct pg_lookup *lookup, enum pg_map map, uint32_t slot,
		      struct pg_map_counter *ret_counter)
{
	_cleanup_free_ struct pg_map_counter *values =
		calloc((size_t)lookup->cpus, sizeof(*values));
	int found = values ? look_up(lookup, map, &slot, values) : -ENOMEM;

	if (found != 1)
		return found;
	*ret_counter = (struct pg_map_counter){ 0 };
	for (int i = 0; i < lookup->cpus; i++) {
		ret_counter->packets += values[i].packets;
		ret_counter->bytes += values[i].bytes;
	}
	return 1;
}
