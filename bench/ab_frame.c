// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_frame.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

/* Of the addresses that ab_policy_make() gives. */
static const uint8_t net4[4] = { 10, 0, 192 };
static const uint8_t net6[16] = { 0xfd, 0x00, 0x00, 0x80 };

static size_t transport_length(const struct ab_frame *frame)
{
	return frame->udp ? sizeof(struct udphdr) : sizeof(struct tcphdr);
}

static size_t write_ipv4(const struct ab_frame *frame, uint8_t *at)
{
	struct iphdr header = {
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = frame->udp ? IPPROTO_UDP : IPPROTO_TCP,
		.tot_len = htons((uint16_t)(sizeof(header) + transport_length(frame))),
	};

	memcpy(&header.saddr, net4, sizeof(net4));
	memcpy(&header.daddr, net4, sizeof(net4));
	((uint8_t *)&header.saddr)[3] = frame->from;
	((uint8_t *)&header.daddr)[3] = frame->to;
	memcpy(at, &header, sizeof(header));
	return sizeof(header);
}

static size_t write_ipv6(const struct ab_frame *frame, uint8_t *at)
{
	struct ip6_hdr header = { 0 };

	header.ip6_vfc = 6 << 4;
	header.ip6_hlim = 64;
	header.ip6_nxt = frame->udp ? IPPROTO_UDP : IPPROTO_TCP;
	header.ip6_plen = htons((uint16_t)transport_length(frame));
	memcpy(&header.ip6_src, net6, sizeof(net6));
	memcpy(&header.ip6_dst, net6, sizeof(net6));
	header.ip6_src.s6_addr[15] = frame->from;
	header.ip6_dst.s6_addr[15] = frame->to;
	memcpy(at, &header, sizeof(header));
	return sizeof(header);
}

static size_t write_transport(const struct ab_frame *frame, uint8_t *at)
{
	struct udphdr udp = {
		.source = htons(frame->sport),
		.dest = htons(frame->dport),
		.len = htons(sizeof(udp)),
	};
	struct tcphdr tcp = {
		.source = htons(frame->sport),
		.dest = htons(frame->dport),
		.doff = sizeof(tcp) / 4,
	};

	tcp.syn = !!(frame->flags & AB_TCP_SYN);
	tcp.ack = !!(frame->flags & AB_TCP_ACK);
	if (frame->udp)
		memcpy(at, &udp, sizeof(udp));
	else
		memcpy(at, &tcp, sizeof(tcp));
	return transport_length(frame);
}

size_t ab_frame_write(const struct ab_frame *frame, uint8_t bytes[AB_FRAME_MAX])
{
	struct ether_header ethernet = {
		.ether_type = htons(frame->family == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP),
	};
	size_t length = sizeof(ethernet);

	memcpy(bytes, &ethernet, sizeof(ethernet));
	length += frame->family == 6 ? write_ipv6(frame, bytes + length)
				     : write_ipv4(frame, bytes + length);
	return length + write_transport(frame, bytes + length);
}
