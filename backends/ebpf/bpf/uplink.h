/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two programs on the uplink. They judge nothing and drop nothing: they hand packets of flows that
 * take this way to their endpoint, and look at those of flows whose way isn't known yet (routed.h). The
 * endpoint's own programs have judged these flows; whatever isn't clear here is left to the stack, and
 * to them.
 */
#ifndef PG_BACKENDS_EBPF_BPF_UPLINK_H
#define PG_BACKENDS_EBPF_BPF_UPLINK_H

#include "established.h"

#define MACS 12

/* Whether a packet that the uplink's mates may have sent longer fits its endpoint's interface. */
static __always_inline bool fits(struct __sk_buff *skb, __u32 ifindex, __u32 generation)
{
	__u32 length = wire_length(skb);
	const struct pg_map_endpoint *value;
	const struct pg_map_endpoint_half *half;

	if (length <= LEAST_MTU)
		return true;
	value = bpf_map_lookup_elem(&pg_endpoints, &ifindex);
	if (!value)
		return false;
	half = generation >= value->generation ? &value->new : &value->old;
	return length <= half->mtu;
}

/* To the other end of an endpoint's interface, in a frame as the stack would have made it. */
static __always_inline int take_in(struct __sk_buff *skb, __u32 ifindex, __u32 generation,
				   const __u8 macs[MACS])
{
	__u32 outcome = PG_OUTCOME_ESTABLISHED, bytes = skb->len - ETH_HLEN;

	if (!fits(skb, ifindex, generation) || !lower_ttl(skb) ||
	    bpf_skb_store_bytes(skb, 0, macs, MACS, 0))
		return TC_ACT_UNSPEC;
	add(bpf_map_lookup_elem(&pg_outcomes, &outcome), bytes);
	return bpf_redirect_peer(ifindex, 0);
}

/* Whether it is a flow of an endpoint here, of which its other end has sent the packet. */
static __always_inline bool comes_from_elsewhere(const struct pg_map_flow *flow,
						 const struct flow_id *id)
{
	return flow->local == 1 << other_side(id->side);
}

static __always_inline bool goes_by(const struct pg_map_flow *flow, const struct flow_id *id,
				    __u32 uplink)
{
	return flow->way == PG_ABI_WAY_UPLINK && flow->ifindex[id->side & 1] == uplink;
}

/* As pass_established(). Packets of no flow, of which there may be many here, cost two look-ups. */
static __noinline int take_established(struct __sk_buff *skb)
{
	struct flow_id id = {};
	const struct pg_map_flow *flow;

	if (is_tagged(skb))
		return TC_ACT_UNSPEC;
	if (!read_plain(skb, &id))
		return LONG_WAY;
	flow = look_up_assured(&id);
	if (!flow)
		return look_up_opening(&id) ? LONG_WAY : TC_ACT_UNSPEC;
	if (flow->way != PG_ABI_WAY_UPLINK)
		return flow->way == PG_ABI_WAY_UNKNOWN ? LONG_WAY : TC_ACT_UNSPEC;
	if (flow->generation != current_generation() || !goes_by(flow, &id, skb->ifindex) ||
	    !flow->replied || !is_fresh(flow))
		return LONG_WAY;
	return take_in(skb, flow->ifindex[other_side(id.side)], flow->generation, flow->mac[0]);
}

struct arrival {
	struct commit commit;
	__u64 now;
	struct packet packet;
	struct flow_id id;
};

static __always_inline int take_later_fragment(struct __sk_buff *skb, const struct arrival *arrival)
{
	const struct packet *packet = &arrival->packet;
	struct pg_map_frag_key key = {};
	const struct pg_map_frag *first;

	set_frag_key(&key, packet, PG_ABI_FROM_UPLINK);
	if (packet->family == 6) {
		first = bpf_map_lookup_elem(&pg_frags6, &key);
		keep_apart(first);
	} else {
		first = bpf_map_lookup_elem(&pg_frags4, &key);
	}
	if (!first || elapsed(first->seen, arrival->now) > PG_ABI_IDLE_FRAGMENT * SECOND ||
	    first->generation != arrival->commit.generation)
		return TC_ACT_UNSPEC;
	return take_in(skb, first->ifindex, first->generation, first->macs);
}

static __always_inline void let_others_follow(const struct arrival *arrival,
					      const struct pg_map_flow *flow)
{
	const struct packet *packet = &arrival->packet;
	struct pg_map_frag_key key = {};
	struct pg_map_frag value = {
		.seen = arrival->now,
		.generation = arrival->commit.generation,
		.ifindex = flow->ifindex[other_side(arrival->id.side)],
	};

	__builtin_memcpy(value.macs, flow->mac, sizeof(value.macs));
	set_frag_key(&key, packet, PG_ABI_FROM_UPLINK);
	if (packet->family == 6)
		bpf_map_update_elem(&pg_frags6, &key, &value, BPF_ANY);
	else
		bpf_map_update_elem(&pg_frags4, &key, &value, BPF_ANY);
}

static __always_inline int take_flows(struct __sk_buff *skb, struct arrival *arrival,
				      struct pg_map_flow *flow)
{
	const struct flow_id *id = &arrival->id;
	int action;

	if (!comes_from_elsewhere(flow, id) || !is_established(flow, id))
		return TC_ACT_UNSPEC;
	if (flow->way == PG_ABI_WAY_UNKNOWN &&
	    flow->proof & PG_ABI_PROOF_CAME(other_side(id->side)) &&
	    flow->ifindex[id->side & 1] == skb->ifindex)
		note_leave(flow, id->side & 1, load_ttl(skb));
	if (!goes_by(flow, id, skb->ifindex))
		return TC_ACT_UNSPEC;
	if (!is_there(skb, flow->ifindex[other_side(id->side)])) {
		flow->way = PG_ABI_WAY_STACK;
		return TC_ACT_UNSPEC;
	}
	see_packet(flow, id, &arrival->packet, arrival->now);
	if (arrival->packet.fragment == FIRST_FRAGMENT)
		let_others_follow(arrival, flow);
	action = take_in(skb, flow->ifindex[other_side(id->side)], flow->generation, flow->mac[0]);
	if (is_misplaced(id, flow))
		move_flow(id, flow);
	return action;
}

/* An ICMP error about what an endpoint sent that way. */
static __always_inline int take_error(struct __sk_buff *skb, const struct arrival *arrival)
{
	const struct pg_map_flow *flow;
	struct packet about = {};
	struct flow_id id = {};

	if (!read_embedded(skb, arrival->packet.payload, &about) ||
	    !is_destination(skb, &about.saddr) || !flow_of(&about, &id))
		return TC_ACT_UNSPEC;
	flow = find_flow(&id, true, &about, &arrival->commit, arrival->now);
	if (!flow || flow->way != PG_ABI_WAY_UPLINK ||
	    flow->ifindex[other_side(id.side)] != skb->ifindex)
		return TC_ACT_UNSPEC;
	return take_in(skb, flow->ifindex[id.side & 1], flow->generation, flow->mac[0]);
}

static __always_inline bool read_commit(struct commit *commit, __u32 uplink)
{
	__u32 zero = 0;
	const struct pg_map_meta *meta = bpf_map_lookup_elem(&pg_meta, &zero);
	const struct pg_map_meta_half *half;

	if (!meta)
		return false;
	commit->generation = *(const volatile __u32 *)&meta->generation;
	half = &meta->half[commit->generation & 1];
	commit->host_policy = half->host_policy;
	commit->valid_since = half->valid_since;
	return commit->generation && half->uplink == uplink;
}

static __noinline int take_other(struct __sk_buff *skb)
{
	struct arrival arrival = { .now = bpf_ktime_get_ns() };
	struct packet *packet = &arrival.packet;
	struct pg_map_flow *flow = NULL;

	if (!is_ip(skb) || !read_commit(&arrival.commit, skb->ifindex) || !read_packet(skb, packet))
		return TC_ACT_UNSPEC;
	if (packet->fragment == LATER_FRAGMENT)
		return take_later_fragment(skb, &arrival);
	if (flow_of(packet, &arrival.id))
		flow = find_flow(&arrival.id, true, packet, &arrival.commit, arrival.now);
	if (flow)
		return take_flows(skb, &arrival, flow);
	return is_icmp_error(packet) ? take_error(skb, &arrival) : TC_ACT_UNSPEC;
}

static __always_inline int come_by_uplink(struct __sk_buff *skb)
{
	int action = take_established(skb);

	return action == LONG_WAY ? take_other(skb) : action;
}

/* A packet that came through the stack: whether it shows its flow's way. */
static __always_inline void see_out(struct __sk_buff *skb, const struct flow_id *id,
				    struct pg_map_flow *flow)
{
	__u32 side = id->side & 1;

	if (flow->way != PG_ABI_WAY_UNKNOWN || flow->local != 1 << side ||
	    (flow->proof & (PG_ABI_PROOF_LEFT(side) | PG_ABI_PROOF_CAME(side))) !=
		    PG_ABI_PROOF_LEFT(side) ||
	    flow->generation != current_generation() || !is_uplink(skb->ifindex, flow->generation))
		return;
	flow->ifindex[other_side(side)] = skb->ifindex;
	note_come(flow, side, load_ttl(skb));
}

static __noinline int leave_by_uplink(struct __sk_buff *skb)
{
	struct pg_map_flow *flow;
	struct packet packet = {};
	struct flow_id id = {};

	if (!is_ip(skb) || is_tagged(skb))
		return 0;
	if (!read_plain(skb, &id) && (!read_packet(skb, &packet) ||
				      packet.fragment == LATER_FRAGMENT || !flow_of(&packet, &id)))
		return 0;
	flow = look_up_flow(&id, true);
	if (flow)
		see_out(skb, &id, flow);
	return 0;
}

#endif
