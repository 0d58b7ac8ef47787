/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows and fragments that were let through. The meaning is that of netfilter's conntrack with a rule
 * that accepts ESTABLISHED and RELATED, so that both backends agree: replies pass, packets of the
 * first direction are judged until there was a reply, errors about a flow pass.
 *
 * The map forgets the least recently used flow when it is full. The flow's next packet is then judged
 * as a new one: it passes if the policy lets the flow begin that way, else it is dropped until the
 * other side sends.
 */
#ifndef PG_BACKENDS_EBPF_BPF_FLOW_H
#define PG_BACKENDS_EBPF_BPF_FLOW_H

#include "context.h"

#define SECOND 1000000000ll

/* A packet's place in the flow map. */
struct flow_id {
	struct pg_map_flow_key key;
	__u8 family;
	__u32 side; /* 0 or 1: the sender's in the key */
};

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

/* Negative where another processor has written a later time than ours. */
static __always_inline __s64 elapsed(__u64 since, __u64 now)
{
	return (__s64)(now - since);
}

static __always_inline __s64 idle_limit(const struct pg_map_flow *flow, __u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		if (flow->reset)
			return PG_ABI_IDLE_TCP_RESET * SECOND;
		if (flow->fin[0] || flow->fin[1])
			return PG_ABI_IDLE_TCP_CLOSING * SECOND;
		return (flow->replied ? PG_ABI_IDLE_TCP_ESTABLISHED : PG_ABI_IDLE_TCP_OPENING) *
		       SECOND;
	case IPPROTO_UDP:
		return (flow->replied ? PG_ABI_IDLE_UDP : PG_ABI_IDLE_UDP_OPENING) * SECOND;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return PG_ABI_IDLE_ICMP * SECOND;
	default:
		return PG_ABI_IDLE_OTHER * SECOND;
	}
}

/* A SYN on a connection that has ended begins another one. */
static __always_inline bool begins_anew(const struct pg_map_flow *flow, const struct packet *packet)
{
	return packet->proto == IPPROTO_TCP &&
	       (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	       (flow->reset || (flow->fin[0] && flow->fin[1]));
}

static __always_inline struct pg_map_flow *look_up_flow(const struct flow_id *id)
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

/* NULL: there is none, or it has ended. */
static __always_inline struct pg_map_flow *find_flow(const struct flow_id *id,
						     const struct packet *packet, __u64 now)
{
	struct pg_map_flow *flow = look_up_flow(id);

	if (!flow || elapsed(flow->seen, now) > idle_limit(flow, packet->proto) ||
	    begins_anew(flow, packet))
		return NULL;
	return flow;
}

static __always_inline bool is_established(const struct pg_map_flow *flow, const struct flow_id *id)
{
	return flow->replied || flow->initiator != id->side;
}

/* Written only where something changes: the entry's cache line is shared by all processors. */
static __always_inline void see_packet(struct pg_map_flow *flow, const struct flow_id *id,
				       const struct packet *packet, __u64 now)
{
	if (elapsed(flow->seen, now) > SECOND)
		flow->seen = now;
	if (flow->initiator != id->side && !flow->replied)
		flow->replied = 1;
	if (packet->proto != IPPROTO_TCP)
		return;
	if (packet->tcp_flags & TCP_RST && !flow->reset)
		flow->reset = 1;
	if (packet->tcp_flags & TCP_FIN && !flow->fin[id->side & 1])
		flow->fin[id->side & 1] = 1;
}

/*
 * Packets from which conntrack would make a flow: of TCP a SYN, or an ACK from the middle of a
 * connection; of ICMP a request.
 */
static __always_inline bool may_begin(const struct packet *packet)
{
	if (is_icmp(packet))
		return icmp_request(packet) == packet->dport;
	if (packet->proto != IPPROTO_TCP)
		return true;
	switch (packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) {
	case TCP_SYN:
	case TCP_ACK:
		return true;
	default:
		return false;
	}
}

/* The last judge let the packet through. `flow` is the one that it belongs to, or NULL. */
static __always_inline void let_flow_begin(struct context *context, const struct flow_id *id,
					   struct pg_map_flow *flow, __u64 now)
{
	struct pg_map_flow begun = {
		.seen = now,
		.generation = context->generation,
		.initiator = id->side,
	};
	__u32 mine = context->program == PG_ABI_EGRESS ? id->side : !id->side;

	if (flow) {
		see_packet(flow, id, &context->packet, now);
		return;
	}
	if (!may_begin(&context->packet))
		return;
	begun.local = 1 << (mine & 1);
	if (context->peer_flags & PG_ABI_ADDRESS_LOCAL)
		begun.local = 3;
	if (id->family == 6)
		bpf_map_update_elem(&pg_flows6, &id->key, &begun, BPF_ANY);
	else
		bpf_map_update_elem(&pg_flows4, &id->key, &begun, BPF_ANY);
}

/* An ICMP error about a flow that was let through, sent to the one whose packet it is about. */
static __always_inline bool is_related(struct __sk_buff *skb, const struct packet *error, __u64 now)
{
	struct packet about = {};
	struct flow_id id = {};

	return read_embedded(skb, error, &about) && is_same(&about.saddr, &error->daddr) &&
	       flow_of(&about, &id) && find_flow(&id, &about, now);
}

static __always_inline void set_frag_key(struct pg_map_frag_key *key, const struct packet *packet,
					 __u8 program)
{
	key->id = packet->id;
	key->direction = program;
	if (packet->family == 6) {
		__builtin_memcpy(key->addr6[0], &packet->saddr, sizeof(packet->saddr));
		__builtin_memcpy(key->addr6[1], &packet->daddr, sizeof(packet->daddr));
		return;
	}
	key->proto = packet->proto;
	key->addr4[0] = packet->saddr.v4;
	key->addr4[1] = packet->daddr.v4;
}

static __always_inline void let_fragments_follow(const struct packet *packet, __u8 program,
						 __u64 now)
{
	struct pg_map_frag_key key = {};
	struct pg_map_frag value = { .seen = now };

	set_frag_key(&key, packet, program);
	if (packet->family == 6)
		bpf_map_update_elem(&pg_frags6, &key, &value, BPF_ANY);
	else
		bpf_map_update_elem(&pg_frags4, &key, &value, BPF_ANY);
}

static __always_inline bool follows_first_fragment(const struct packet *packet, __u8 program,
						   __u64 now)
{
	struct pg_map_frag_key key = {};
	const struct pg_map_frag *first;

	set_frag_key(&key, packet, program);
	if (packet->family == 6) {
		first = bpf_map_lookup_elem(&pg_frags6, &key);
		keep_apart(first);
	} else {
		first = bpf_map_lookup_elem(&pg_frags4, &key);
	}
	return first && elapsed(first->seen, now) <= PG_ABI_IDLE_FRAGMENT * SECOND;
}

#endif
