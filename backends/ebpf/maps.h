/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of bpf/maps.h as the loader sees them. */
#ifndef PG_BACKENDS_EBPF_MAPS_H
#define PG_BACKENDS_EBPF_MAPS_H

#include "backends/ebpf/bpf/abi.h"
#include "backends/ebpf/generation.h"
#include "policy/addr.h"

enum pg_map {
	/* with halves */
	PG_MAP_ENDPOINTS,
	PG_MAP_SUBJECTS,
	PG_MAP_ADDRESSES4,
	PG_MAP_ADDRESSES6,
	PG_MAP_POLICY,
	PG_MAPS_WITH_HALVES,
	/* without */
	PG_MAP_META = PG_MAPS_WITH_HALVES,
	PG_MAP_RULES,
	PG_MAP_COUNTERS,
	PG_MAP_OUTCOMES,
	PG_MAP_FLOWS4,
	PG_MAP_FLOWS6,
	PG_MAP_OPENING4,
	PG_MAP_OPENING6,
	PG_MAP_FRAGS4,
	PG_MAP_FRAGS6,
	PG_MAP_EVENTS,
	PG_MAPS,
};

#define PG_MAP_KEY_MAX 40

struct pg_map_type {
	const char *name; /* of the map, and of its pin */
	size_t key_size;
	struct pg_halves halves; /* size 0: without */
};

extern const struct pg_map_type pg_map_types[PG_MAPS];

/* A union that is aligned for each value with halves. */
union pg_map_value {
	char bytes[PG_VALUE_MAX];
	struct pg_map_endpoint endpoint;
	struct pg_map_subject subject;
	struct pg_map_address address;
	struct pg_map_policy policy;
};

/* A key, zeroed to its full size so that it can be compared. */
union pg_map_key {
	char bytes[PG_MAP_KEY_MAX];
	uint32_t number;
	struct pg_map_address4_key address4;
	struct pg_map_address6_key address6;
	struct pg_map_policy_key policy;
};

/* The map in which a prefix is, and its key there. */
enum pg_map pg_map_address_key(const struct pg_prefix *prefix, union pg_map_key *ret_key);

#endif
