// SPDX-License-Identifier: GPL-2.0-only
#include "backends/ebpf/maps.h"

static bool endpoint_absent(const void *half)
{
	struct pg_map_endpoint_half endpoint;

	memcpy(&endpoint, half, sizeof(endpoint));
	return !endpoint.identity;
}

static bool subject_absent(const void *half)
{
	struct pg_map_subject_half subject;

	memcpy(&subject, half, sizeof(subject));
	return !subject.present;
}

static bool address_absent(const void *half)
{
	struct pg_map_address_half address;

	memcpy(&address, half, sizeof(address));
	return address.flags & PG_ABI_ADDRESS_ABSENT;
}

static bool policy_absent(const void *half)
{
	struct pg_map_policy_half policy;

	memcpy(&policy, half, sizeof(policy));
	return policy.verdict == PG_ABI_NONE;
}

#define HALVES(type, absent)                                \
	{                                                   \
		sizeof(struct pg_map_##type##_half), absent \
	}
#define NO_HALVES       \
	{               \
		0, NULL \
	}

const struct pg_map_type pg_map_types[PG_MAPS] = {
	[PG_MAP_ENDPOINTS] = { "pg_endpoints", sizeof(uint32_t),
			       HALVES(endpoint, endpoint_absent) },
	[PG_MAP_SUBJECTS] = { "pg_subjects", sizeof(uint32_t), HALVES(subject, subject_absent) },
	[PG_MAP_ADDRESSES4] = { "pg_addresses4", sizeof(struct pg_map_address4_key),
				HALVES(address, address_absent) },
	[PG_MAP_ADDRESSES6] = { "pg_addresses6", sizeof(struct pg_map_address6_key),
				HALVES(address, address_absent) },
	[PG_MAP_POLICY] = { "pg_policy", sizeof(struct pg_map_policy_key),
			    HALVES(policy, policy_absent) },
	[PG_MAP_META] = { "pg_meta", sizeof(uint32_t), NO_HALVES },
	[PG_MAP_RULES] = { "pg_rules", sizeof(uint32_t), NO_HALVES },
	[PG_MAP_COUNTERS] = { "pg_counters", sizeof(uint32_t), NO_HALVES },
	[PG_MAP_OUTCOMES] = { "pg_outcomes", sizeof(uint32_t), NO_HALVES },
	[PG_MAP_FLOWS4] = { "pg_flows4", PG_ABI_FLOW_KEY4, NO_HALVES },
	[PG_MAP_FLOWS6] = { "pg_flows6", PG_ABI_FLOW_KEY6, NO_HALVES },
	[PG_MAP_OPENING4] = { "pg_opening4", PG_ABI_FLOW_KEY4, NO_HALVES },
	[PG_MAP_OPENING6] = { "pg_opening6", PG_ABI_FLOW_KEY6, NO_HALVES },
	[PG_MAP_FRAGS4] = { "pg_frags4", PG_ABI_FRAG_KEY4, NO_HALVES },
	[PG_MAP_FRAGS6] = { "pg_frags6", PG_ABI_FRAG_KEY6, NO_HALVES },
	[PG_MAP_EVENTS] = { "pg_events", 0, NO_HALVES },
};

enum pg_map pg_map_address_key(const struct pg_prefix *prefix, union pg_map_key *ret_key)
{
	memset(ret_key, 0, sizeof(*ret_key));
	if (prefix->addr.family == 4) {
		ret_key->address4.length = prefix->length;
		memcpy(&ret_key->address4.addr, prefix->addr.bytes, sizeof(ret_key->address4.addr));
		return PG_MAP_ADDRESSES4;
	}
	ret_key->address6.length = prefix->length;
	memcpy(ret_key->address6.addr, prefix->addr.bytes, sizeof(ret_key->address6.addr));
	return PG_MAP_ADDRESSES6;
}
