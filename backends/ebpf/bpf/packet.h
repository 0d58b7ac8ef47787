/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs read of a packet. Headers are copied out with bpf_skb_load_bytes(): a veth hands
 * over packets of which any part may lie in page fragments.
 */
#ifndef PG_BACKENDS_EBPF_BPF_PACKET_H
#define PG_BACKENDS_EBPF_BPF_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <linux/udp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

#define IP_MORE_FRAGMENTS 0x2000
#define IP_OFFSET	  0x1fff

enum fragment {
	WHOLE,
	FIRST_FRAGMENT,
	LATER_FRAGMENT, /* has no ports */
};

/* An IPv4 packet. */
struct packet {
	__u32 saddr, daddr; /* network order */
	__u32 length;	    /* bytes, IP header included */
	__u32 payload;	    /* where the header's payload begins, from the start of the frame */
	__u32 room;	    /* bytes of payload that the header claims */
	__u16 sport, dport; /* host order; ICMP: identifier and type; other protocols: 0 */
	__u16 id;	    /* network order */
	__u8 proto;
	__u8 fragment;
	__u8 tcp_flags;
	__u8 pad[3];
};

/* TCP's header without options; the flags are its 14th byte. */
#define TCP_FLAGS_AT 13

static __always_inline bool read_tcp(struct __sk_buff *skb, struct packet *packet)
{
	struct tcphdr tcp;

	if (packet->room < sizeof(tcp) ||
	    bpf_skb_load_bytes(skb, packet->payload, &tcp, sizeof(tcp)))
		return false;
	if (tcp.doff < 5 || tcp.doff * 4u > packet->room)
		return false;
	packet->sport = bpf_ntohs(tcp.source);
	packet->dport = bpf_ntohs(tcp.dest);
	packet->tcp_flags = ((const __u8 *)&tcp)[TCP_FLAGS_AT];
	return true;
}

/* The ports, which TCP, UDP and SCTP have in the same place, of a header of at least `size` bytes. */
static __always_inline bool read_ports(struct __sk_buff *skb, struct packet *packet, __u32 size)
{
	__be16 ports[2];

	if (packet->room < size || bpf_skb_load_bytes(skb, packet->payload, ports, sizeof(ports)))
		return false;
	packet->sport = bpf_ntohs(ports[0]);
	packet->dport = bpf_ntohs(ports[1]);
	return true;
}

/* RFC 792 and 950. linux/icmp.h can't be had without the C library's headers. */
struct icmp {
	__u8 type, code;
	__be16 checksum;
	__be16 id; /* of queries */
	__be16 rest;
};

enum {
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
	ICMP_TIMESTAMP = 13,
	ICMP_TIMESTAMP_REPLY = 14,
	ICMP_INFO = 15,
	ICMP_INFO_REPLY = 16,
	ICMP_MASK = 17,
	ICMP_MASK_REPLY = 18,
};

static __always_inline bool read_icmp(struct __sk_buff *skb, struct packet *packet)
{
	struct icmp icmp;

	if (packet->room < sizeof(icmp) ||
	    bpf_skb_load_bytes(skb, packet->payload, &icmp, sizeof(icmp)))
		return false;
	packet->sport = bpf_ntohs(icmp.id);
	packet->dport = icmp.type;
	return true;
}

#define SCTP_HEADER 12

static __always_inline bool read_transport(struct __sk_buff *skb, struct packet *packet)
{
	switch (packet->proto) {
	case IPPROTO_TCP:
		return read_tcp(skb, packet);
	case IPPROTO_UDP:
		return read_ports(skb, packet, sizeof(struct udphdr));
	case IPPROTO_SCTP:
		return read_ports(skb, packet, SCTP_HEADER);
	case IPPROTO_ICMP:
		return read_icmp(skb, packet);
	default:
		return true;
	}
}

/* The fixed part of an IPv4 header, options skipped. False: it can't be one. */
static __always_inline bool read_ipv4(struct __sk_buff *skb, __u32 at, struct packet *packet)
{
	struct iphdr ip;
	__u32 header;
	__u16 offset;

	if (bpf_skb_load_bytes(skb, at, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return false;
	header = ip.ihl * 4u;
	offset = bpf_ntohs(ip.frag_off);
	packet->saddr = ip.saddr;
	packet->daddr = ip.daddr;
	packet->length = bpf_ntohs(ip.tot_len);
	packet->payload = at + header;
	packet->room = packet->length - header;
	packet->id = ip.id;
	packet->proto = ip.protocol;
	packet->fragment = offset & IP_OFFSET		? LATER_FRAGMENT
			   : offset & IP_MORE_FRAGMENTS ? FIRST_FRAGMENT
							: WHOLE;
	/* RFC 3128: the second fragment must not bring TCP flags of its own. */
	if (ip.protocol == IPPROTO_TCP && (offset & IP_OFFSET) == 1)
		return false;
	return true;
}

/* A packet on the wire, checked as far as a verdict depends on it. False: malformed. */
static __always_inline bool read_packet(struct __sk_buff *skb, struct packet *packet)
{
	__u32 there = skb->len - ETH_HLEN;

	if (!read_ipv4(skb, ETH_HLEN, packet))
		return false;
	if (!packet->length && skb->gso_size) {
		/* "BIG TCP": segments not yet cut, longer together than the field can say. */
		packet->length = there;
		packet->room = there - (packet->payload - ETH_HLEN);
	}
	if (packet->length > there || packet->length < packet->payload - ETH_HLEN)
		return false;
	return packet->fragment == LATER_FRAGMENT || read_transport(skb, packet);
}

/*
 * The packet that an ICMP error is about: its header and at least 8 bytes, which hold the ports. The
 * length in it is the original's.
 */
static __always_inline bool read_embedded(struct __sk_buff *skb, const struct packet *error,
					  struct packet *packet)
{
	if (!read_ipv4(skb, error->payload + sizeof(struct icmp), packet) ||
	    packet->fragment == LATER_FRAGMENT)
		return false;
	switch (packet->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		return read_ports(skb, packet, 8);
	case IPPROTO_ICMP:
		return read_icmp(skb, packet);
	default:
		return true;
	}
}

/* Router and neighbour solicitations and advertisements, redirects (RFC 4861). */
#define ICMPV6_ND_FIRST 133
#define ICMPV6_ND_LAST	137

static __always_inline bool is_neighbour_discovery(struct __sk_buff *skb)
{
	struct ipv6hdr ip;
	__u8 type;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) || ip.nexthdr != IPPROTO_ICMPV6 ||
	    bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(ip), &type, sizeof(type)))
		return false;
	return type >= ICMPV6_ND_FIRST && type <= ICMPV6_ND_LAST;
}

#endif
