/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What most packets are: plain ones of flows that go both ways, about which nothing has changed since
 * one of them was judged. They cost one look-up, of their flow; it knows the interfaces on which the
 * guards have passed it under the generation that counts. Headers are read where they lie, if they lie
 * there in one piece. Whatever is out of the ordinary isn't passed here, and never dropped: the packet
 * goes the long way, through all checks.
 */
#ifndef PG_BACKENDS_EBPF_BPF_ESTABLISHED_H
#define PG_BACKENDS_EBPF_BPF_ESTABLISHED_H

#include <linux/pkt_cls.h>

#include "flow.h"
#include "report.h"

/* Options, fragments and tags aside. */
#define IPV4_PLAIN     0x45
#define IPV4_FRAGMENT  (IPV4_MORE_FRAGMENTS | IPV4_OFFSET)
#define IPV6_VERSION   0x60
#define TCP_EXCEPTIONS (TCP_FIN | TCP_SYN | TCP_RST)

/* The first bytes of TCP's and UDP's header. */
struct ports {
	__be16 source, dest;
};

struct tcp_ending {
	__u8 offset; /* of the data: four bits, in units of 4 bytes */
	__u8 flags;
};

#define TCP_ENDING_AT 12

/* Whether there is such a header at `at`, of a packet with `room` for it, that changes nothing of the flow. */
static __always_inline bool is_plain_transport(const void *at, const void *end, __u8 proto,
					       __u32 room)
{
	const struct tcp_ending *ending = at + TCP_ENDING_AT;

	if (proto == IPPROTO_UDP)
		return at + sizeof(struct udphdr) <= end && room >= sizeof(struct udphdr);
	if (proto != IPPROTO_TCP || at + sizeof(struct tcphdr) > end ||
	    room < sizeof(struct tcphdr))
		return false;
	return ending->offset >= 5 << 4 && (ending->offset >> 4) * 4u <= room &&
	       !(ending->flags & TCP_EXCEPTIONS);
}

static __always_inline void set_plain_ports(struct flow_id *id, const struct ports *ports)
{
	id->key.port[0] = bpf_ntohs(id->side ? ports->dest : ports->source);
	id->key.port[1] = bpf_ntohs(id->side ? ports->source : ports->dest);
}

static __always_inline bool read_plain4(struct __sk_buff *skb, struct flow_id *id)
{
	const void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	const struct iphdr *ip = data + ETH_HLEN;
	const struct ports *ports = (const void *)(ip + 1);
	__u32 length;

	if ((const void *)(ip + 1) + sizeof(*ports) > end || *(const __u8 *)ip != IPV4_PLAIN ||
	    ip->frag_off & bpf_htons(IPV4_FRAGMENT))
		return false;
	length = bpf_ntohs(ip->tot_len);
	if (length > skb->len - ETH_HLEN || length < sizeof(*ip) ||
	    !is_plain_transport(ports, end, ip->protocol, length - sizeof(*ip)))
		return false;
	/* One address to itself is of no flow that is worth it. */
	if (ip->saddr == ip->daddr)
		return false;
	id->side = ip->saddr > ip->daddr;
	id->key.proto = ip->protocol;
	id->key.addr4[0] = id->side ? ip->daddr : ip->saddr;
	id->key.addr4[1] = id->side ? ip->saddr : ip->daddr;
	set_plain_ports(id, ports);
	return true;
}

static __always_inline bool read_plain6(struct __sk_buff *skb, struct flow_id *id)
{
	const void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	const struct ipv6hdr *ip = data + ETH_HLEN;
	const union address *src = (const void *)&ip->saddr, *dst = (const void *)&ip->daddr;
	const struct ports *ports = (const void *)(ip + 1);
	__u32 length;
	int order;

	if ((const void *)(ip + 1) + sizeof(*ports) > end ||
	    (*(const __u8 *)ip & 0xf0) != IPV6_VERSION)
		return false;
	length = bpf_ntohs(ip->payload_len);
	if (sizeof(*ip) + length > skb->len - ETH_HLEN ||
	    !is_plain_transport(ports, end, ip->nexthdr, length))
		return false;
	order = compare(src->halves[0], dst->halves[0]);
	if (!order)
		order = compare(src->halves[1], dst->halves[1]);
	if (!order)
		return false;
	id->side = order > 0;
	id->key.proto = ip->nexthdr;
	__builtin_memcpy(id->key.addr6[0], id->side ? dst : src, sizeof(*src));
	__builtin_memcpy(id->key.addr6[1], id->side ? src : dst, sizeof(*src));
	set_plain_ports(id, ports);
	return true;
}

static __always_inline bool read_plain(struct __sk_buff *skb, struct flow_id *id)
{
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return read_plain4(skb, id);
	id->family = 6;
	return skb->protocol == bpf_htons(ETH_P_IPV6) && read_plain6(skb, id);
}

static __always_inline __u32 current_generation(void)
{
	__u32 zero = 0;
	const struct pg_map_meta *meta = bpf_map_lookup_elem(&pg_meta, &zero);

	return meta ? *(const volatile __u32 *)&meta->generation : 0;
}

/* No actions. */
#define LONG_WAY	   0x100
#define LONG_WAY_UNASSURED 0x101 /* the flow isn't among those that are assured */

/* What tc is to do. A function of its own for the sake of the long way's stack. */
__noinline int pass_established(struct __sk_buff *skb, __u32 program)
{
	struct flow_id id = {};
	const struct pg_map_meta *meta;
	const struct pg_map_flow *flow;
	__u32 zero = 0, mine, outcome = PG_OUTCOME_ESTABLISHED;

	if (skb->vlan_present || !read_plain(skb, &id))
		return LONG_WAY;
	flow = look_up_assured(&id);
	meta = bpf_map_lookup_elem(&pg_meta, &zero);
	if (!flow)
		return LONG_WAY_UNASSURED;
	if (!meta || flow->generation != *(const volatile __u32 *)&meta->generation)
		return LONG_WAY;
	mine = my_side(&id, program);
	if (flow->ifindex[mine] != skb->ifindex || flow->way == PG_ABI_WAY_UNKNOWN ||
	    !is_fresh(flow))
		return LONG_WAY;
	if (program == PG_ABI_EGRESS || !(flow->local & (1 << (id.side & 1))))
		add(bpf_map_lookup_elem(&pg_outcomes, &outcome), skb->len - ETH_HLEN);
	if (program == PG_ABI_EGRESS && flow->way == PG_ABI_WAY_SHORT)
		return hand_over(skb, flow->ifindex[other_side(mine)]);
	if (program == PG_ABI_EGRESS && flow->way == PG_ABI_WAY_UPLINK)
		return send_out(skb, flow->ifindex[other_side(mine)]);
	return TC_ACT_UNSPEC;
}

#endif
