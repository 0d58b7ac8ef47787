/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows and fragments that were let through. The meaning is that of netfilter's conntrack with a rule
 * that accepts ESTABLISHED and RELATED, so that both backends agree: replies pass, packets of the
 * first direction are judged until there was a reply, errors about a flow pass.
 *
 * A map forgets the least recently used flow when it is full. The flow's next packet is then judged
 * as a new one: it passes if the policy lets the flow begin that way, else it is dropped until the
 * other side sends. Flows that aren't assured yet, or have ended, have a map of their own, so that a
 * flood of them costs no flow that runs.
 */
#ifndef PG_BACKENDS_EBPF_BPF_FLOW_H
#define PG_BACKENDS_EBPF_BPF_FLOW_H

#include "revoke.h"

#define SECOND 1000000000ll

/* Negative where another processor has written a later time than ours. */
static __always_inline __s64 elapsed(__u64 since, __u64 now)
{
	return (__s64)(now - since);
}

static __always_inline __s64 idle_limit(const struct pg_map_flow *flow, __u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		if (flow->ended & PG_ABI_ENDED_RESET)
			return PG_ABI_IDLE_TCP_RESET * SECOND;
		if (flow->ended)
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

static __always_inline bool has_ended(const struct pg_map_flow *flow)
{
	return flow->ended & PG_ABI_ENDED_RESET ||
	       (flow->ended & PG_ABI_ENDED_FINS) == PG_ABI_ENDED_FINS;
}

/* A SYN on a connection that has ended begins another one. */
static __always_inline bool begins_anew(const struct pg_map_flow *flow, const struct packet *packet)
{
	return packet->proto == IPPROTO_TCP &&
	       (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && has_ended(flow);
}

/*
 * NULL: there is none, or it has ended, or may not go on. An entry for which time has run out makes room.
 * `is_assured` is false if the flow is known not to be among those.
 */
static __always_inline struct pg_map_flow *find_flow(struct flow_id *id, bool is_assured,
						     const struct packet *packet,
						     const struct commit *commit, __u64 now)
{
	struct pg_map_flow *flow = look_up_flow(id, is_assured);

	if (!flow)
		return NULL;
	if (elapsed(flow->seen, now) > idle_limit(flow, packet->proto) ||
	    begins_anew(flow, packet)) {
		forget_flow(id);
		return NULL;
	}
	if (flow->generation >= commit->generation)
		return flow;
	return renew_flow(id, flow, commit);
}

static __always_inline bool is_established(const struct pg_map_flow *flow, const struct flow_id *id)
{
	return flow->replied || flow->initiator != id->side;
}

/* Whether an established flow's entry is in the wrong one of the two maps. */
static __always_inline bool is_misplaced(const struct flow_id *id, const struct pg_map_flow *flow)
{
	if (id->is_opening)
		return flow->replied && flow->initiator == id->side && !has_ended(flow);
	return has_ended(flow);
}

/*
 * Moves it. There is no moment at which it is in neither: who assures a flow leaves the other entry, which
 * ages; who ends one writes it before deleting this one.
 */
static __noinline int move_flow(const struct flow_id *id, const struct pg_map_flow *flow)
{
	if (id->is_opening) {
		put_assured(id, flow);
		return 0;
	}
	put_opening(id, flow);
	forget_assured(id);
	return 0;
}

/*
 * A clock that costs nothing, for which time is all the same: ten per second at most are written to a flow.
 * The kernel counts at least 100 jiffies a second, so that `seen` lags a second behind at most.
 */
#define TICKS 100

static __always_inline __u32 tick_now(void)
{
	return (__u32)bpf_jiffies64();
}

static __always_inline bool is_fresh(const struct pg_map_flow *flow)
{
	return tick_now() - flow->tick < TICKS;
}

/* Written only where something changes: the entry's cache line is shared by all processors. */
static __always_inline void see_packet(struct pg_map_flow *flow, const struct flow_id *id,
				       const struct packet *packet, __u64 now)
{
	__u8 ended = flow->ended;

	if (!is_fresh(flow)) {
		flow->seen = now;
		flow->tick = tick_now();
	}
	if (flow->initiator != id->side && !flow->replied)
		flow->replied = 1;
	if (packet->proto != IPPROTO_TCP)
		return;
	if (packet->tcp_flags & TCP_RST)
		ended |= PG_ABI_ENDED_RESET;
	if (packet->tcp_flags & TCP_FIN)
		ended |= PG_ABI_ENDED_FIN(id->side & 1);
	if (flow->ended != ended)
		flow->ended = ended;
}

/* The side whose endpoint the program is at. */
static __always_inline __u32 my_side(const struct flow_id *id, __u32 program)
{
	return program == PG_ABI_EGRESS ? id->side & 1 : other_side(id->side);
}

/* Of a flow whose packet the guards have passed. */
static __always_inline void note_interface(struct pg_map_flow *flow, const struct flow_id *id,
					   const struct context *context)
{
	__u32 mine = my_side(id, context->program), ifindex = context->skb->ifindex;

	if (flow->generation == context->commit.generation && flow->ifindex[mine] != ifindex)
		flow->ifindex[mine] = ifindex;
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

/* A function of its own, since its caller is short of stack. */
static __noinline void begin_flow(const struct context *context, const struct flow_id *id,
				  __u64 now)
{
	struct pg_map_flow begun = {
		.seen = now,
		.tick = tick_now(),
		.generation = context->commit.generation,
		.initiator = id->side,
	};
	__u32 mine = my_side(id, context->program);

	/* Not by a variable index, which the verifier can't follow on the stack. */
	begun.ifindex[0] = mine ? 0 : context->skb->ifindex;
	begun.ifindex[1] = mine ? context->skb->ifindex : 0;
	begun.local = 1 << mine;
	begun.way = PG_ABI_WAY_STACK;
	if (context->peer_flags & PG_ABI_ADDRESS_LOCAL) {
		begun.local = 3;
		begun.way = PG_ABI_WAY_UNKNOWN;
	} else if (may_be_routed(context->endpoint->flags, context->peer, context->peer_flags,
				 context->commit.generation)) {
		begun.way = PG_ABI_WAY_UNKNOWN;
	}
	put_opening(id, &begun);
}

/* Found, and the interface to whose other end a packet is handed, as one number. */
#define RELATED(ifindex)	((__u64)(ifindex) << 32 | 1)
#define RELATED_TARGET(related) ((__u32)((related) >> 32))

/*
 * Whether an ICMP error, whose payload is at `at`, is about a flow that was let through, and sent to the
 * one whose packet it is about. It goes that flow's way if it comes from its other end.
 */
__noinline __u64 is_related(struct __sk_buff *skb, __u32 at, __u32 generation, __u32 valid_since,
			    __u32 host_policy)
{
	struct commit commit = { generation, valid_since, host_policy };
	const struct pg_map_flow *flow;
	struct packet about = {};
	struct flow_id id = {};

	if (!read_embedded(skb, at, &about) || !is_destination(skb, &about.saddr) ||
	    !flow_of(&about, &id))
		return 0;
	flow = find_flow(&id, true, &about, &commit, bpf_ktime_get_ns());
	if (!flow)
		return 0;
	if (flow->way < PG_ABI_WAY_SHORT || flow->ifindex[other_side(id.side)] != skb->ifindex)
		return RELATED(0);
	return RELATED(flow->ifindex[id.side & 1]);
}

static __always_inline bool is_error_about_flow(struct context *context)
{
	const struct commit *commit = &context->commit;
	__u64 related = is_related(context->skb, context->packet->payload, commit->generation,
				   commit->valid_since, commit->host_policy);

	if (context->program == PG_ABI_EGRESS && !is_tagged(context->skb))
		context->target = RELATED_TARGET(related);
	return related;
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

static __always_inline void let_fragments_follow(const struct context *context, __u64 now)
{
	struct pg_map_frag_key key = {};
	struct pg_map_frag value = {
		.seen = now,
		.generation = context->commit.generation,
		.ifindex = context->target,
	};

	set_frag_key(&key, context->packet, context->program);
	if (context->packet->family == 6)
		bpf_map_update_elem(&pg_frags6, &key, &value, BPF_ANY);
	else
		bpf_map_update_elem(&pg_frags4, &key, &value, BPF_ANY);
}

/* The first one's way is theirs, unless who is there may have changed since. */
static __always_inline bool follows_first_fragment(struct context *context, __u64 now)
{
	const struct packet *packet = context->packet;
	struct pg_map_frag_key key = {};
	const struct pg_map_frag *first;

	set_frag_key(&key, packet, context->program);
	if (packet->family == 6) {
		first = bpf_map_lookup_elem(&pg_frags6, &key);
		keep_apart(first);
	} else {
		first = bpf_map_lookup_elem(&pg_frags4, &key);
	}
	if (!first || elapsed(first->seen, now) > PG_ABI_IDLE_FRAGMENT * SECOND)
		return false;
	if (first->generation == context->commit.generation)
		context->target = first->ifindex;
	return true;
}

#endif
