/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which way a flow takes between an endpoint of this host and one of another: by bridge, netfilter and
 * routing, or past them by the uplink. As between two endpoints here (way.h) that is proven: a packet of
 * each direction has to come out at the other interface with the same addresses and ports, and with a
 * TTL one less. Outward first, since the proof ends with what the container is to see: the header of a
 * frame that came to it through the stack.
 *
 * While the proof is under way, a flow's `mac` holds the TTL of the packet that left, by side; after
 * it, the header's first 12 bytes.
 */
#ifndef PG_BACKENDS_EBPF_BPF_ROUTED_H
#define PG_BACKENDS_EBPF_BPF_ROUTED_H

#include "policy.h"
#include "way.h"

/* Nobody's interface with IPv6 has less (RFC 8200). Packets up to it fit any endpoint's. */
#define LEAST_MTU 1280

/* Of the address on one side of the key. */
static __always_inline __u64 find_owner(const struct flow_id *id, const __u32 side,
					__u32 generation)
{
	if (id->family == 6)
		return find_owner6(id->key.addr6[side][0], id->key.addr6[side][1], generation);
	return find_owner4(id->key.addr4[side], generation);
}

/* An endpoint's, but none of this host. */
static __always_inline bool is_elsewhere(__u32 identity, __u32 flags)
{
	return identity >= PG_ABI_FIRST_ENDPOINT && identity <= PG_ABI_LAST_ENDPOINT &&
	       !(flags & PG_ABI_ADDRESS_LOCAL);
}

/* What the meta map says at a generation. NULL: nothing was committed. */
static __always_inline const struct pg_map_meta_half *find_meta(__u32 generation)
{
	__u32 zero = 0;
	const struct pg_map_meta *meta = bpf_map_lookup_elem(&pg_meta, &zero);

	return meta && generation ? &meta->half[generation & 1] : NULL;
}

/* Whether a flow that begins between an endpoint of these flags and a peer may come to go by the uplink. */
__noinline int may_be_routed(__u32 endpoint_flags, __u32 peer, __u32 peer_flags, __u32 generation)
{
	const struct pg_map_meta_half *meta = find_meta(generation);

	return meta && meta->uplink && endpoint_flags & PG_ABI_ENDPOINT_SHORT &&
	       is_elsewhere(peer, peer_flags);
}

/* Whether an interface's endpoint still has the address, and may take the way by the uplink. */
__noinline int end_allows(__u32 ifindex, __u32 family, __u64 first, __u64 second, __u32 generation)
{
	const struct pg_map_endpoint *value = bpf_map_lookup_elem(&pg_endpoints, &ifindex);
	const struct pg_map_meta_half *meta = find_meta(generation);
	const struct pg_map_endpoint_half *half;
	__u64 own[2];

	if (!value || !meta)
		return false;
	half = generation >= value->generation ? &value->new : &value->old;
	if (!half->identity || !(half->flags & PG_ABI_ENDPOINT_SHORT) || half->mtu < LEAST_MTU ||
	    half->mtu > meta->uplink_mtu)
		return false;
	if (family != 6)
		return half->ipv4 && half->ipv4 == first;
	__builtin_memcpy(own, half->ipv6, sizeof(own));
	return own[0] == first && own[1] == second;
}

static __always_inline bool is_uplink(__u32 ifindex, __u32 generation)
{
	const struct pg_map_meta_half *meta = find_meta(generation);

	return meta && meta->uplink && meta->uplink == ifindex;
}

/* The address on one side of the key, of IPv4 all in the first half. */
static __always_inline __u64 first_half(const struct flow_id *id, bool second)
{
	const struct pg_map_flow_key *key = &id->key;

	if (id->family != 6)
		return second ? key->addr4[1] : key->addr4[0];
	return second ? key->addr6[1][0] : key->addr6[0][0];
}

static __always_inline __u64 second_half(const struct flow_id *id, bool second)
{
	return second ? id->key.addr6[1][1] : id->key.addr6[0][1];
}

/* Whether a flow is one between an endpoint of this host and another's, by the uplink, and may be. */
static __noinline int ends_allow_uplink(const struct flow_id *id, const struct pg_map_flow *flow,
					__u32 generation)
{
	__u8 mine = flow->local == 2;
	__u64 owner;

	if (flow->local == 3 || !is_uplink(flow->ifindex[!mine], generation))
		return false;
	if (id->family == 6)
		owner = find_owner6(first_half(id, !mine), second_half(id, !mine), generation);
	else
		owner = find_owner4(first_half(id, !mine), generation);
	return is_elsewhere(OWNER_ID(owner), OWNER_FLAGS(owner)) &&
	       end_allows(flow->ifindex[mine], id->family, first_half(id, mine),
			  second_half(id, mine), generation);
}

static __always_inline __u8 load_ttl(struct __sk_buff *skb)
{
	__u8 ttl = 0;

	bpf_skb_load_bytes(skb,
			   ETH_HLEN + (is_ipv6(skb) ? offsetof(struct ipv6hdr, hop_limit)
						    : offsetof(struct iphdr, ttl)),
			   &ttl, sizeof(ttl));
	return ttl;
}

/* A packet goes into the stack. */
static __always_inline void note_leave(struct pg_map_flow *flow, __u32 side, __u8 ttl)
{
	if (!(flow->proof & PG_ABI_PROOF_LEFT(side))) {
		flow->mac[side][0] = ttl;
		flow->proof |= PG_ABI_PROOF_LEFT(side);
	} else if (!(flow->proof & PG_ABI_PROOF_CAME(side)) && ++flow->tries >= TRIES) {
		flow->way = PG_ABI_WAY_STACK;
	}
}

/* It comes out of it. */
static __always_inline void note_come(struct pg_map_flow *flow, __u32 side, __u8 ttl)
{
	if (ttl + 1 == flow->mac[side][0])
		flow->proof |= PG_ABI_PROOF_CAME(side);
	else
		flow->way = PG_ABI_WAY_STACK;
}

/* The last packet that was missing: the frame's header is what those to come shall have. */
static __always_inline void end_proof(const struct context *context, const struct flow_id *id,
				      struct pg_map_flow *flow)
{
	if (!ends_allow_uplink(id, flow, context->commit.generation)) {
		flow->way = PG_ABI_WAY_STACK;
		return;
	}
	bpf_skb_load_bytes(context->skb, 0, flow->mac, sizeof(flow->mac));
	barrier();
	flow->way = PG_ABI_WAY_UPLINK;
}

/* What a packet at the endpoint's interface proves, of an established flow whose way isn't known. */
static __noinline int prove_uplink(const struct context *context, const struct flow_id *id,
				   struct pg_map_flow *flow)
{
	__u32 sender = id->side & 1;

	if (!(context->endpoint->flags & PG_ABI_ENDPOINT_SHORT) || is_tagged(context->skb)) {
		flow->way = PG_ABI_WAY_STACK;
	} else if (context->program == PG_ABI_EGRESS) {
		note_leave(flow, sender, load_ttl(context->skb));
	} else if (flow->proof & PG_ABI_PROOF_LEFT(sender)) {
		note_come(flow, sender, load_ttl(context->skb));
		if (flow->proof & PG_ABI_PROOF_CAME(sender))
			end_proof(context, id, flow);
	}
	return 0;
}

/* Another generation counts. */
static __always_inline void renew_uplink(const struct flow_id *id, struct pg_map_flow *flow,
					 __u32 generation)
{
	if (ends_allow_uplink(id, flow, generation))
		return;
	flow->way = PG_ABI_WAY_STACK;
	flow->ifindex[0] = 0;
	flow->ifindex[1] = 0;
}

/*
 * How long the packet is on a wire, without Ethernet's header: of one that is yet to be cut, its pieces.
 * What isn't understood is too long for any.
 */
#define TOO_LONG 0xffff

static __always_inline __u32 transport_header(struct __sk_buff *skb, __u32 at, __u8 proto)
{
	__u8 offset;

	if (proto == IPPROTO_UDP)
		return sizeof(struct udphdr);
	if (proto != IPPROTO_TCP || bpf_skb_load_bytes(skb, at + 12, &offset, sizeof(offset)))
		return TOO_LONG;
	return (offset >> 4) * 4;
}

static __always_inline __u32 piece_length(struct __sk_buff *skb)
{
	__u8 first, proto;
	__u32 ip;

	if (is_ipv6(skb)) {
		ip = sizeof(struct ipv6hdr);
		if (bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct ipv6hdr, nexthdr), &proto,
				       sizeof(proto)))
			return TOO_LONG;
	} else {
		ip = sizeof(struct iphdr);
		if (bpf_skb_load_bytes(skb, ETH_HLEN, &first, sizeof(first)) || first != 0x45 ||
		    bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, protocol), &proto,
				       sizeof(proto)))
			return TOO_LONG;
	}
	return ip + transport_header(skb, ETH_HLEN + ip, proto) + skb->gso_size;
}

static __always_inline __u32 wire_length(struct __sk_buff *skb)
{
	__u32 length = skb->gso_size ? piece_length(skb) : skb->len - ETH_HLEN;

	return length < TOO_LONG ? length : TOO_LONG;
}

/* TTL and what follows up to the checksum; the hop limit and what is before it. */
struct ttl4 {
	__u8 ttl, proto;
	__be16 checksum;
};

struct ttl6 {
	__u8 next, hop_limit;
};

/* RFC 1624, for a word that becomes less by 0x0100. */
static __always_inline __be16 follow_ttl(__be16 checksum)
{
	__u32 sum = checksum + bpf_htons(0x0100);

	return sum + (sum >= 0xffff);
}

/* False: it is left alone, at its end or unreadable. */
static __always_inline bool lower_ttl(struct __sk_buff *skb)
{
	struct ttl4 four;
	struct ttl6 six;
	__u32 at4 = ETH_HLEN + offsetof(struct iphdr, ttl);
	__u32 at6 = ETH_HLEN + offsetof(struct ipv6hdr, nexthdr);

	if (is_ipv6(skb)) {
		if (bpf_skb_load_bytes(skb, at6, &six, sizeof(six)) || six.hop_limit <= 1)
			return false;
		six.hop_limit--;
		return !bpf_skb_store_bytes(skb, at6, &six, sizeof(six), BPF_F_RECOMPUTE_CSUM);
	}
	if (bpf_skb_load_bytes(skb, at4, &four, sizeof(four)) || four.ttl <= 1)
		return false;
	four.ttl--;
	four.checksum = follow_ttl(four.checksum);
	return !bpf_skb_store_bytes(skb, at4, &four, sizeof(four), BPF_F_RECOMPUTE_CSUM);
}

static __always_inline bool set_route_ends(struct __sk_buff *skb, struct bpf_fib_lookup *fib)
{
	if (is_ipv6(skb)) {
		fib->family = AF_INET6;
		return !bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct ipv6hdr, saddr),
					   fib->ipv6_src, 32);
	}
	fib->family = AF_INET;
	return !bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, tos), &fib->tos,
				   sizeof(fib->tos)) &&
	       !bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, saddr), &fib->ipv4_src,
				   4) &&
	       !bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, daddr), &fib->ipv4_dst,
				   4);
}

/* Who is next on the way, if that still is by the uplink. */
static __always_inline bool find_next_hop(struct __sk_buff *skb, __u32 uplink,
					  struct bpf_fib_lookup *fib)
{
	int err;

	fib->ifindex = skb->ifindex;
	fib->tot_len = wire_length(skb);
	if (!set_route_ends(skb, fib))
		return false;
	err = bpf_fib_lookup(skb, fib, sizeof(*fib), 0);
	return (!err || err == BPF_FIB_LKUP_RET_NO_NEIGH) && fib->ifindex == uplink;
}

/* Put in the packet so that to_uplink knows it. */
#define SENT_OUT 0x7067

/*
 * Sends a packet out by the uplink, to the next hop that the routes say. The stack gets those that are at
 * the end of their TTL or too long, so that it answers them, and those that the routes now send
 * elsewhere, or nowhere.
 */
__noinline int send_out(struct __sk_buff *skb, __u32 uplink)
{
	struct bpf_redir_neigh next = {};
	struct bpf_fib_lookup fib = {};

	if (!find_next_hop(skb, uplink, &fib) || !lower_ttl(skb))
		return TC_ACT_UNSPEC;
	next.nh_family = fib.family;
	__builtin_memcpy(next.ipv6_nh, fib.ipv6_dst, sizeof(next.ipv6_nh));
	skb->tc_index = SENT_OUT;
	return bpf_redirect_neigh(uplink, &next, sizeof(next), 0);
}

/* To wherever a packet may be handed over: an uplink is no endpoint's interface. */
__noinline int take_target(struct __sk_buff *skb, __u32 target, __u32 generation)
{
	const struct pg_map_meta_half *meta = find_meta(generation);

	if (meta && meta->uplink == target)
		return send_out(skb, target);
	return hand_over(skb, target);
}

#endif
