/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a packet of either family. */
#ifndef PG_BACKENDS_EBPF_BPF_READ_H
#define PG_BACKENDS_EBPF_BPF_READ_H

#include "ipv4.h"
#include "ipv6.h"

static __always_inline bool is_ipv6(const struct __sk_buff *skb)
{
	return skb->protocol == bpf_htons(ETH_P_IPV6);
}

static __always_inline bool is_ip(const struct __sk_buff *skb)
{
	return skb->protocol == bpf_htons(ETH_P_IP) || is_ipv6(skb);
}

static __always_inline bool is_tag(__u32 protocol)
{
	return protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD);
}

static __always_inline bool is_tagged(const struct __sk_buff *skb)
{
	return skb->vlan_present || is_tag(skb->protocol);
}

/* Of a frame that carries IP. */
static __always_inline bool read_ip(struct __sk_buff *skb, __u32 at, struct packet *packet)
{
	return is_ipv6(skb) ? read_ipv6(skb, at, packet) : read_ipv4(skb, at, packet);
}

/*
 * "BIG TCP": segments not yet cut, longer together than the field of the length can say. It then is 0,
 * which in IPv6 leaves the header's own bytes; with TCP's there were more.
 */
static __always_inline bool is_big_tcp(const struct __sk_buff *skb, const struct packet *packet)
{
	return packet->length <= sizeof(struct ipv6hdr) && skb->gso_size;
}

/* A packet on the wire, checked as far as a verdict depends on it. False: malformed. */
static __always_inline bool read_packet(struct __sk_buff *skb, struct packet *packet)
{
	__u32 there = skb->len - ETH_HLEN;

	if (!read_ip(skb, ETH_HLEN, packet))
		return false;
	if (is_big_tcp(skb, packet)) {
		packet->length = there;
		packet->room = there - (packet->payload - ETH_HLEN);
	}
	if (packet->length > there || packet->length < packet->payload - ETH_HLEN)
		return false;
	return packet->fragment == LATER_FRAGMENT || read_transport(skb, packet);
}

/*
 * The packet that an ICMP error is about, as far as it is there, from the error's payload at `at`. The
 * length in it is the original's.
 */
static __always_inline bool read_embedded(struct __sk_buff *skb, __u32 at, struct packet *packet)
{
	return read_ip(skb, at + sizeof(struct icmp), packet) &&
	       packet->fragment != LATER_FRAGMENT && read_embedded_transport(skb, packet);
}

/* Whether a packet on the wire is to an address. */
static __always_inline bool is_destination(struct __sk_buff *skb, const union address *addr)
{
	union address destination = {};

	if (is_ipv6(skb))
		bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct ipv6hdr, daddr), &destination,
				   sizeof(destination));
	else
		bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, daddr), &destination.v4,
				   sizeof(destination.v4));
	return is_same(&destination, addr);
}

#endif
