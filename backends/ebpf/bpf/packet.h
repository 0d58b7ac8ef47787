/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs know of a packet, and its transport header. Headers are copied out with bpf_skb_load_bytes(): a veth hands
 * over packets of which any part may lie in page fragments.
 */
#ifndef PG_BACKENDS_EBPF_BPF_PACKET_H
#define PG_BACKENDS_EBPF_BPF_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
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

enum fragment {
	WHOLE,
	FIRST_FRAGMENT,
	LATER_FRAGMENT, /* has no ports */
};

/* In network order. IPv4: the first word, the others are 0. */
union address {
	__u32 v4;
	__u32 words[4];
	__u64 halves[2];
};

struct packet {
	union address saddr, daddr;
	__u32 length;	    /* bytes, IP headers included */
	__u32 payload;	    /* where the headers' payload begins, from the start of the frame */
	__u32 room;	    /* bytes of payload that the headers claim */
	__u32 id;	    /* of a fragment's datagram, network order */
	__u16 sport, dport; /* host order; ICMP: identifier and type; other protocols: 0 */
	__u8 family;	    /* 4, 6, or 0: nothing was read */
	__u8 proto;	    /* IPv6: what no extension header is */
	__u8 fragment;
	__u8 tcp_flags;
};

static __always_inline bool is_same(const union address *a, const union address *b)
{
	return a->halves[0] == b->halves[0] && a->halves[1] == b->halves[1];
}

/* The ICMP of the packet's own family. */
static __always_inline bool is_icmp(const struct packet *packet)
{
	return packet->proto == (packet->family == 6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

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

/* RFC 792, 950 and 4443. linux/icmp.h can't be had without the C library's headers. */
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

enum {
	ICMPV6_INFORMATIONAL = 128, /* types below are errors */
	ICMPV6_ECHO = 128,
	ICMPV6_ECHO_REPLY = 129,
	ICMPV6_MLD_QUERY = 130,
	ICMPV6_MLD_REPORT = 131,
	ICMPV6_MLD_DONE = 132,
	ICMPV6_ND_FIRST = 133, /* router and neighbour solicitations and advertisements, */
	ICMPV6_ND_LAST = 137,  /* redirects (RFC 4861) */
	ICMPV6_NODE_INFO = 139,
	ICMPV6_NODE_INFO_REPLY = 140,
	ICMPV6_MLD2_REPORT = 143,
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
	default:
		return !is_icmp(packet) || read_icmp(skb, packet);
	}
}

/* The same of a packet that an ICMP error is about: at least 8 bytes of it are there, with the ports. */
static __always_inline bool read_embedded_transport(struct __sk_buff *skb, struct packet *packet)
{
	switch (packet->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		return read_ports(skb, packet, 8);
	default:
		return !is_icmp(packet) || read_icmp(skb, packet);
	}
}

#endif
