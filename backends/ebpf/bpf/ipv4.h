/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4's header (RFC 791). */
#ifndef PG_BACKENDS_EBPF_BPF_IPV4_H
#define PG_BACKENDS_EBPF_BPF_IPV4_H

#include <linux/ip.h>

#include "packet.h"

#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_OFFSET	    0x1fff

/* The fixed part of the header, options skipped. False: it can't be one. */
static __always_inline bool read_ipv4(struct __sk_buff *skb, __u32 at, struct packet *packet)
{
	struct iphdr ip;
	__u32 header;
	__u16 offset;

	if (bpf_skb_load_bytes(skb, at, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return false;
	header = ip.ihl * 4u;
	offset = bpf_ntohs(ip.frag_off);
	packet->family = 4;
	packet->saddr.v4 = ip.saddr;
	packet->daddr.v4 = ip.daddr;
	packet->length = bpf_ntohs(ip.tot_len);
	packet->payload = at + header;
	packet->room = packet->length - header;
	packet->id = ip.id;
	packet->proto = ip.protocol;
	packet->fragment = offset & IPV4_OFFSET		  ? LATER_FRAGMENT
			   : offset & IPV4_MORE_FRAGMENTS ? FIRST_FRAGMENT
							  : WHOLE;
	/* RFC 3128: the second fragment must not bring TCP flags of its own. */
	if (ip.protocol == IPPROTO_TCP && (offset & IPV4_OFFSET) == 1)
		return false;
	return true;
}

#endif
