/* SPDX-License-Identifier: GPL-2.0-only */
/* Which flow a packet is of: the same for both directions. */
#ifndef PG_BACKENDS_EBPF_BPF_FLOW_ID_H
#define PG_BACKENDS_EBPF_BPF_FLOW_ID_H

#include "maps.h"
#include "packet.h"

/* A packet's place in the flow map. */
struct flow_id {
	struct pg_map_flow_key key;
	__u8 family;
	bool is_opening; /* found among the flows that aren't assured, or among none */
	__u32 side;	 /* 0 or 1: the sender's in the key */
};

static __always_inline __u32 other_side(__u32 side)
{
	return ~side & 1;
}

static __always_inline __u8 icmpv4_request(__u16 type)
{
	switch (type) {
	case ICMP_ECHO:
	case ICMP_ECHO_REPLY:
		return ICMP_ECHO;
	case ICMP_TIMESTAMP:
	case ICMP_TIMESTAMP_REPLY:
		return ICMP_TIMESTAMP;
	case ICMP_INFO:
	case ICMP_INFO_REPLY:
		return ICMP_INFO;
	case ICMP_MASK:
	case ICMP_MASK_REPLY:
		return ICMP_MASK;
	default:
		return 0;
	}
}

static __always_inline __u8 icmpv6_request(__u16 type)
{
	switch (type) {
	case ICMPV6_ECHO:
	case ICMPV6_ECHO_REPLY:
		return ICMPV6_ECHO;
	case ICMPV6_NODE_INFO:
	case ICMPV6_NODE_INFO_REPLY:
		return ICMPV6_NODE_INFO;
	default:
		return 0;
	}
}

/* The request that an ICMP query is, or answers: its type, else 0. */
static __always_inline __u8 icmp_request(const struct packet *packet)
{
	return packet->family == 6 ? icmpv6_request(packet->dport) : icmpv4_request(packet->dport);
}

static __always_inline bool is_icmp_error(const struct packet *packet)
{
	if (!is_icmp(packet))
		return false;
	if (packet->family == 6)
		return packet->dport < ICMPV6_INFORMATIONAL;
	switch (packet->dport) {
	case ICMP_UNREACHABLE:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER_PROBLEM:
		return true;
	default:
		return false;
	}
}

/* Addresses as numbers, in any order that is always the same: less than 0, 0, more than 0. */
static __always_inline int compare(__u64 a, __u64 b)
{
	return a < b ? -1 : a > b;
}

static __always_inline int compare_addresses(const struct packet *packet)
{
	const union address *src = &packet->saddr, *dst = &packet->daddr;
	int first;

	if (packet->family != 6)
		return compare(src->v4, dst->v4);
	first = compare(src->halves[0], dst->halves[0]);
	return first ? first : compare(src->halves[1], dst->halves[1]);
}

static __always_inline void set_flow_addresses(struct pg_map_flow_key *key, __u8 family,
					       const union address *first,
					       const union address *second)
{
	if (family != 6) {
		key->addr4[0] = first->v4;
		key->addr4[1] = second->v4;
		return;
	}
	__builtin_memcpy(key->addr6[0], first, sizeof(*first));
	__builtin_memcpy(key->addr6[1], second, sizeof(*second));
}

static __always_inline void set_flow_key(struct flow_id *id, const struct packet *packet,
					 __u16 sport, __u16 dport)
{
	int order = compare_addresses(packet);
	bool swap = order > 0 || (!order && sport > dport);

	id->family = packet->family;
	id->side = swap;
	if (swap)
		set_flow_addresses(&id->key, id->family, &packet->daddr, &packet->saddr);
	else
		set_flow_addresses(&id->key, id->family, &packet->saddr, &packet->daddr);
	id->key.port[0] = swap ? dport : sport;
	id->key.port[1] = swap ? sport : dport;
	id->key.proto = packet->proto;
}

/* False: the packet is of a kind that makes no flow and belongs to none. */
static __always_inline bool flow_of(const struct packet *packet, struct flow_id *id)
{
	__u8 request;

	if (!is_icmp(packet)) {
		set_flow_key(id, packet, packet->sport, packet->dport);
		return packet->family != 6 || packet->proto != IPPROTO_NONE;
	}
	request = icmp_request(packet);
	if (!request)
		return false;
	set_flow_key(id, packet, packet->sport, packet->sport);
	id->key.query = request << 1 | (id->side ^ (packet->dport != request));
	return true;
}

static __always_inline struct pg_map_flow *look_up_assured(const struct flow_id *id)
{
	struct pg_map_flow *flow;

	if (id->family == 6) {
		flow = bpf_map_lookup_elem(&pg_flows6, &id->key);
		keep_apart(flow);
	} else {
		flow = bpf_map_lookup_elem(&pg_flows4, &id->key);
	}
	return flow;
}

static __always_inline struct pg_map_flow *look_up_opening(const struct flow_id *id)
{
	struct pg_map_flow *flow;

	if (id->family == 6) {
		flow = bpf_map_lookup_elem(&pg_opening6, &id->key);
		keep_apart(flow);
	} else {
		flow = bpf_map_lookup_elem(&pg_opening4, &id->key);
	}
	return flow;
}

static __always_inline void put_assured(const struct flow_id *id, const struct pg_map_flow *flow)
{
	if (id->family == 6)
		bpf_map_update_elem(&pg_flows6, &id->key, flow, BPF_ANY);
	else
		bpf_map_update_elem(&pg_flows4, &id->key, flow, BPF_ANY);
}

static __always_inline void put_opening(const struct flow_id *id, const struct pg_map_flow *flow)
{
	if (id->family == 6)
		bpf_map_update_elem(&pg_opening6, &id->key, flow, BPF_ANY);
	else
		bpf_map_update_elem(&pg_opening4, &id->key, flow, BPF_ANY);
}

static __always_inline void forget_assured(const struct flow_id *id)
{
	if (id->family == 6)
		bpf_map_delete_elem(&pg_flows6, &id->key);
	else
		bpf_map_delete_elem(&pg_flows4, &id->key);
}

/* In either map. `is_assured` is false if the flow is known not to be among those. */
static __noinline struct pg_map_flow *look_up_flow(struct flow_id *id, bool is_assured)
{
	struct pg_map_flow *flow = is_assured ? look_up_assured(id) : NULL;

	id->is_opening = !flow;
	return flow ? flow : look_up_opening(id);
}

/* A function of its own, since it is asked for where nothing is in a hurry. */
static __noinline int forget_flow(const struct flow_id *id)
{
	forget_assured(id);
	if (id->family == 6)
		bpf_map_delete_elem(&pg_opening6, &id->key);
	else
		bpf_map_delete_elem(&pg_opening4, &id->key);
	return 0;
}

#endif
