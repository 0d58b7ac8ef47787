/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which way a flow between two endpoints of this host takes: through the stack, or past it. That isn't
 * worked out from rules and routes, which others change, but proven by packets: once one of each direction
 * has come out at the other end with the addresses, ports and MAC addresses with which it had left,
 * nothing in between translates, routes, keeps back or answers the flow. A packet that was translated is
 * another flow's where it comes out, one that was dropped doesn't, and one that was routed has other MAC
 * addresses.
 */
#ifndef PG_BACKENDS_EBPF_BPF_WAY_H
#define PG_BACKENDS_EBPF_BPF_WAY_H

#include <linux/errno.h>
#include <linux/if_packet.h>

#include "context.h"
#include "flow_id.h"

/* So many packets may prove nothing until the flow is given up as the stack's. */
#define TRIES 16

#define MAC_LENGTH 6

/* linux/socket.h has only the families of its own. */
#define AF_INET	 2
#define AF_INET6 10

/* As they begin an Ethernet frame. */
struct macs {
	__u8 to[MAC_LENGTH], from[MAC_LENGTH];
};

static __always_inline bool is_same_mac(const __u8 *a, const __u8 *b)
{
	for (int i = 0; i < MAC_LENGTH; i++) {
		if (a[i] != b[i])
			return false;
	}
	return true;
}

static __always_inline bool is_address_of(const struct pg_map_endpoint_half *endpoint,
					  const struct flow_id *id, const __u32 side)
{
	__u64 own[2];

	if (id->family != 6)
		return endpoint->ipv4 && endpoint->ipv4 == id->key.addr4[side];
	__builtin_memcpy(own, endpoint->ipv6, sizeof(own));
	return own[0] == id->key.addr6[side][0] && own[1] == id->key.addr6[side][1];
}

/* The endpoint of one side, if it is still on the flow's interface and may take the short way. */
static __always_inline const struct pg_map_endpoint_half *find_end(const struct flow_id *id,
								   const struct pg_map_flow *flow,
								   const __u32 side,
								   __u32 generation)
{
	__u32 ifindex = flow->ifindex[side];
	const struct pg_map_endpoint *value = bpf_map_lookup_elem(&pg_endpoints, &ifindex);
	const struct pg_map_endpoint_half *half;

	if (!value)
		return NULL;
	half = generation >= value->generation ? &value->new : &value->old;
	if (!half->identity || !(half->flags & PG_ABI_ENDPOINT_SHORT) ||
	    !is_address_of(half, id, side))
		return NULL;
	return half;
}

/* Whether both endpoints allow the short way to a flow of which they are the ends. */
static __noinline int ends_allow(const struct flow_id *id, const struct pg_map_flow *flow,
				 __u32 generation)
{
	const struct pg_map_endpoint_half *one = find_end(id, flow, 0, generation);
	const struct pg_map_endpoint_half *other = find_end(id, flow, 1, generation);

	return one && other && one->mtu == other->mtu && flow->ifindex[0] != flow->ifindex[1];
}

/* The packet leaves its endpoint: what it looks like. */
static __always_inline void see_leave(struct pg_map_flow *flow, __u32 side, const struct macs *macs)
{
	__u8 *from = flow->mac[side], *to = flow->mac[other_side(side)];

	if (flow->proof & PG_ABI_PROOF_LEFT(side)) {
		if (!(flow->proof & PG_ABI_PROOF_CAME(side)) && ++flow->tries >= TRIES)
			flow->way = PG_ABI_WAY_STACK;
		return;
	}
	if (!flow->proof) {
		__builtin_memcpy(from, macs->from, MAC_LENGTH);
		__builtin_memcpy(to, macs->to, MAC_LENGTH);
	} else if (!is_same_mac(from, macs->from) || !is_same_mac(to, macs->to)) {
		flow->way = PG_ABI_WAY_STACK;
	}
	flow->proof |= PG_ABI_PROOF_LEFT(side);
}

/* It comes to the other one. One that hasn't left as this flow's was translated on its way. */
static __always_inline void see_come(struct pg_map_flow *flow, __u32 side, const struct macs *macs)
{
	if (!(flow->proof & PG_ABI_PROOF_LEFT(side))) {
		if (++flow->tries >= TRIES)
			flow->way = PG_ABI_WAY_STACK;
		return;
	}
	if (is_same_mac(flow->mac[side], macs->from) &&
	    is_same_mac(flow->mac[other_side(side)], macs->to))
		flow->proof |= PG_ABI_PROOF_CAME(side);
	else
		flow->way = PG_ABI_WAY_STACK;
}

#define CAME_BOTH (PG_ABI_PROOF_CAME(0) | PG_ABI_PROOF_CAME(1))

/* What a packet of an established flow proves of its way, while that isn't known. */
static __noinline int prove_way(const struct context *context, const struct flow_id *id,
				struct pg_map_flow *flow)
{
	struct macs macs = {};

	if (flow->way != PG_ABI_WAY_UNKNOWN)
		return 0;
	if (!(context->endpoint->flags & PG_ABI_ENDPOINT_SHORT) || is_tagged(context->skb)) {
		flow->way = PG_ABI_WAY_STACK;
		return 0;
	}
	bpf_skb_load_bytes(context->skb, 0, &macs, sizeof(macs));
	if (context->program == PG_ABI_EGRESS)
		see_leave(flow, id->side & 1, &macs);
	else
		see_come(flow, id->side & 1, &macs);
	if (flow->way == PG_ABI_WAY_UNKNOWN && (flow->proof & CAME_BOTH) == CAME_BOTH)
		flow->way = ends_allow(id, flow, context->commit.generation) ? PG_ABI_WAY_SHORT
									     : PG_ABI_WAY_STACK;
	return 0;
}

/*
 * Another generation counts: endpoints may have left, moved, or not be allowed the short way any more.
 * Where both still stand, the flow keeps it, since the stack has forgotten the flow by now.
 */
static __noinline int renew_way(const struct flow_id *id, struct pg_map_flow *flow,
				__u32 generation)
{
	if (flow->way == PG_ABI_WAY_SHORT && ends_allow(id, flow, generation))
		return 0;
	if (flow->way == PG_ABI_WAY_SHORT)
		flow->way = PG_ABI_WAY_STACK;
	flow->proof = 0;
	flow->tries = 0;
	flow->ifindex[0] = 0;
	flow->ifindex[1] = 0;
	return 0;
}

/*
 * An interface may go, and another one come with its endpoint's address, and nobody have told us yet. What is
 * handed to the one that is gone is lost, but the stack finds the other. Asked now and then: packets that cost
 * one look-up aren't looked at so closely.
 */
static __noinline int is_there(struct __sk_buff *skb, __u32 ifindex)
{
	struct bpf_fib_lookup route = { .family = AF_INET, .ifindex = ifindex };

	/* Where it would go from there doesn't matter. */
	return bpf_fib_lookup(skb, &route, sizeof(route), 0) != -ENODEV;
}

/*
 * Hands the packet over to the other side of an interface, as if it had come through. The bridge would
 * have taken it for the other endpoint's; the host's end of its own cable took it for nobody's.
 */
static __always_inline int hand_over(struct __sk_buff *skb, __u32 ifindex)
{
	bpf_skb_change_type(skb, PACKET_HOST);
	return bpf_redirect_peer(ifindex, 0);
}

#endif
