/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IPv6's header and its extension headers (RFC 8200), walked as the kernel's ipv6_find_hdr() does: what
 * it doesn't walk, such as ESP and "no next header", is a protocol like any other.
 */
#ifndef PG_BACKENDS_EBPF_BPF_IPV6_H
#define PG_BACKENDS_EBPF_BPF_IPV6_H

#include <linux/ipv6.h>

#include "packet.h"

/* What they begin with; none is shorter. */
struct extension {
	__u8 next;
	__u8 length;   /* in units of 8 bytes without the first; AH: of 4 without the first two */
	__be16 offset; /* fragments: in units of 8 bytes, and flags */
	__be32 id;     /* fragments: the datagram's */
};

#define IPV6_MORE_FRAGMENTS 0x0001
#define IPV6_OFFSET	    0xfff8

static __always_inline bool is_extension(__u32 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_FRAGMENT ||
	       proto == IPPROTO_AH || proto == IPPROTO_DSTOPTS;
}

static __always_inline __u32 extension_bytes(__u32 proto, const struct extension *header)
{
	switch (proto) {
	case IPPROTO_FRAGMENT:
		return sizeof(*header);
	case IPPROTO_AH:
		return (header->length + 2) * 4;
	default:
		return (header->length + 1) * 8;
	}
}

static __always_inline enum fragment fragment_kind(const struct extension *header)
{
	__u16 offset = bpf_ntohs(header->offset);

	return offset & IPV6_OFFSET	      ? LATER_FRAGMENT
	       : offset & IPV6_MORE_FRAGMENTS ? FIRST_FRAGMENT
					      : WHOLE;
}

/*
 * What the walk finds as one number, since a global function can return no more: where the payload
 * begins, its protocol, which fragment it is and of which datagram. 0: it can't be judged. Global, since
 * the verifier then looks at the loop once.
 */
#define WALKED(at, proto, kind, id) \
	((__u64)(id) << 32 | (__u64)(kind) << 24 | (__u64)(proto) << 16 | (at))
#define WALKED_AT(walked)    ((__u16)(walked))
#define WALKED_PROTO(walked) ((__u8)((walked) >> 16))
#define WALKED_KIND(walked)  ((__u8)((walked) >> 24))
#define WALKED_ID(walked)    ((__u32)((walked) >> 32))

/*
 * Behind a fragment's header other than the first one's there are no headers. Two in one packet are a
 * fragment of a fragment, which nobody makes and no table of datagrams could tell.
 */
__noinline __u64 walk_extensions(struct __sk_buff *skb, __u32 at, __u32 proto)
{
	enum fragment kind = WHOLE;
	bool is_fragment = false;
	__u32 id = 0;

	for (int i = 0; i < PG_ABI_IPV6_HEADERS; i++) {
		struct extension header;

		if (!is_extension(proto))
			return WALKED(at, proto, kind, id);
		if (bpf_skb_load_bytes(skb, at, &header, sizeof(header)))
			return 0;
		if (proto == IPPROTO_FRAGMENT) {
			if (is_fragment)
				return 0;
			is_fragment = true;
			kind = fragment_kind(&header);
			id = header.id;
		}
		at += extension_bytes(proto, &header);
		proto = header.next;
		if (kind == LATER_FRAGMENT)
			return WALKED(at, proto, kind, id);
	}
	return is_extension(proto) ? 0 : WALKED(at, proto, kind, id);
}

/* False: it can't be one, or there are too many headers. */
static __always_inline bool read_ipv6(struct __sk_buff *skb, __u32 at, struct packet *packet)
{
	struct ipv6hdr ip;
	__u64 walked;

	if (bpf_skb_load_bytes(skb, at, &ip, sizeof(ip)) || ip.version != 6)
		return false;
	packet->family = 6;
	__builtin_memcpy(&packet->saddr, &ip.saddr, sizeof(packet->saddr));
	__builtin_memcpy(&packet->daddr, &ip.daddr, sizeof(packet->daddr));
	walked = walk_extensions(skb, at + sizeof(ip), ip.nexthdr);
	packet->length = sizeof(ip) + bpf_ntohs(ip.payload_len);
	packet->payload = WALKED_AT(walked);
	packet->room = packet->length - (packet->payload - at);
	packet->id = WALKED_ID(walked);
	packet->proto = WALKED_PROTO(walked);
	packet->fragment = WALKED_KIND(walked);
	return walked;
}

/* fe80::/10 */
static __always_inline bool is_link_local(const union address *addr)
{
	return (addr->words[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

/* ff00::/8 */
static __always_inline bool is_multicast(const union address *addr)
{
	return (addr->words[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000);
}

/*
 * What IPv6 can't do without, whatever the policy: neighbour discovery, and the queries and reports
 * without which switches that snoop deliver no multicast. None of it comes in fragments (RFC 6980). The
 * bridge itself may query, past all rules of netfilter; an endpoint has no business to.
 */
static __always_inline bool is_neighbourly(const struct packet *packet, __u8 program)
{
	if (packet->family != 6 || packet->proto != IPPROTO_ICMPV6 || packet->fragment != WHOLE)
		return false;
	switch (packet->dport) {
	case ICMPV6_ND_FIRST ... ICMPV6_ND_LAST:
		return true;
	case ICMPV6_MLD_QUERY:
		if (program == PG_ABI_EGRESS)
			return false;
		/* fall through */
	case ICMPV6_MLD_REPORT:
	case ICMPV6_MLD_DONE:
	case ICMPV6_MLD2_REPORT:
		return is_link_local(&packet->saddr) && is_multicast(&packet->daddr);
	default:
		return false;
	}
}

#endif
