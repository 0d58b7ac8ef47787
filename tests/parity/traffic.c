// SPDX-License-Identifier: GPL-2.0-only
#include "tests/parity/traffic.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>

#include "compat/netns.h"

#define ETH_INDEX 2 /* of the link of a lab's endpoint */

struct traffic_addr traffic_addr(const char *addr, uint16_t port)
{
	struct traffic_addr made = { .length = sizeof(made.v6) };

	if (inet_pton(AF_INET6, addr, &made.v6.sin6_addr) == 1) {
		made.v6.sin6_family = AF_INET6;
		made.v6.sin6_port = htons(port);
		if (IN6_IS_ADDR_LINKLOCAL(&made.v6.sin6_addr))
			made.v6.sin6_scope_id = ETH_INDEX;
		return made;
	}
	made = (struct traffic_addr){ .length = sizeof(made.v4) };
	made.v4.sin_family = AF_INET;
	made.v4.sin_port = htons(port);
	if (inet_pton(AF_INET, addr, &made.v4.sin_addr) != 1)
		abort();
	return made;
}

static int make_socket(int netns, int family, int type, int protocol)
{
	_cleanup_netns_ int home = -1;

	if (pg_netns_enter(netns, &home))
		return -1;
	return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

static int bind_socket(int netns, int type, const char *addr, uint16_t port, bool reuse)
{
	struct traffic_addr own = traffic_addr(addr, port);
	_cleanup_close_ int fd = make_socket(netns, own.any.sa_family, type, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	if (reuse)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &own.any, own.length) < 0)
		return -1;
	return PG_TAKE_FD(fd);
}

int traffic_bind(int netns, int type, const char *addr, uint16_t port)
{
	return bind_socket(netns, type, addr, port, true);
}

int traffic_socket(int netns, int type, const char *addr, uint16_t port)
{
	bool stream = type == SOCK_STREAM;
	/* What is left of connections at that port is in nobody's way. */
	_cleanup_close_ int fd = bind_socket(netns, type, addr, port, stream);

	if (fd < 0 || (stream && port && listen(fd, 16) < 0))
		return -1;
	return PG_TAKE_FD(fd);
}

int traffic_raw(int netns, enum family family, int protocol)
{
	_cleanup_close_ int fd =
		make_socket(netns, family == V4 ? AF_INET : AF_INET6, SOCK_RAW, protocol);
	int on = 1, level = family == V4 ? SOL_IP : SOL_IPV6;

	if (fd < 0 ||
	    setsockopt(fd, level, family == V4 ? IP_HDRINCL : IPV6_HDRINCL, &on, sizeof(on)) < 0)
		return -1;
	return PG_TAKE_FD(fd);
}

bool traffic_send(int fd, const char *dst, uint16_t port, size_t length)
{
	static const char zeros[16384];
	struct traffic_addr to = traffic_addr(dst, port);

	return sendto(fd, zeros, length, 0, &to.any, to.length) == (ssize_t)length;
}

static bool wait_for(int fd, short events, int timeout_ms)
{
	struct pollfd polled = { .fd = fd, .events = events };

	return poll(&polled, 1, timeout_ms) == 1;
}

ssize_t traffic_receive(int fd)
{
	char bytes[16384];

	if (!wait_for(fd, POLLIN, TRAFFIC_LIMIT_MS)) {
		errno = ETIMEDOUT;
		return -1;
	}
	return recv(fd, bytes, sizeof(bytes), 0);
}

bool traffic_silent(int fd)
{
	return recv(fd, NULL, 0, 0) < 0 && errno == EAGAIN;
}

/* RFC 8200, 4.2: an option PadN that fills what has to be a multiple of 8 bytes. */
bool traffic_pad(int fd, int header)
{
	static const uint8_t padding[8] = { 0, 0, 1, 4 };

	return !setsockopt(fd, SOL_IPV6, header, padding, sizeof(padding));
}

bool traffic_join(int fd, const char *group)
{
	struct ipv6_mreq request = { .ipv6mr_interface = ETH_INDEX };

	return inet_pton(AF_INET6, group, &request.ipv6mr_multiaddr) == 1 &&
	       !setsockopt(fd, SOL_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request));
}

/* A packet that is made by hand: an IP header of either family, and what follows. */
struct packet {
	union {
		struct iphdr v4;
		struct ip6_hdr v6;
		uint8_t bytes[256];
	};
	size_t header;
};

/* Of IPv4 the kernel fills in length, id and checksum (raw(7)). */
static struct packet start_packet(uint8_t protocol, size_t payload, const struct traffic_addr *src,
				  const struct traffic_addr *dst)
{
	struct packet packet = { .header = sizeof(packet.v4) };

	if (src->any.sa_family == AF_INET) {
		packet.v4 = (struct iphdr){
			.version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = protocol,
			.saddr = src->v4.sin_addr.s_addr,
			.daddr = dst->v4.sin_addr.s_addr,
		};
		return packet;
	}
	packet.header = sizeof(packet.v6);
	packet.v6.ip6_vfc = 6 << 4;
	packet.v6.ip6_plen = htons((uint16_t)payload);
	packet.v6.ip6_nxt = protocol;
	packet.v6.ip6_hlim = 64;
	packet.v6.ip6_src = src->v6.sin6_addr;
	packet.v6.ip6_dst = dst->v6.sin6_addr;
	return packet;
}

static uint32_t sum_words(const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	return sum;
}

/* Of the payload and the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1), with the field being 0. */
static uint16_t checksum(const struct packet *packet, uint8_t protocol, size_t payload)
{
	uint32_t sum = protocol + (uint32_t)payload;

	if (packet->header == sizeof(packet->v4))
		sum += sum_words(&packet->v4.saddr, 8);
	else
		sum += sum_words(&packet->v6.ip6_src, 32);
	sum += sum_words(packet->bytes + packet->header, payload);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static bool send_packet(int raw, const struct packet *packet, size_t payload,
			const struct traffic_addr *dst)
{
	struct traffic_addr to = *dst;
	size_t length = packet->header + payload;

	/* Of a raw socket's address that field is a protocol. */
	if (to.any.sa_family == AF_INET6)
		to.v6.sin6_port = 0;
	return sendto(raw, packet->bytes, length, 0, &to.any, to.length) == (ssize_t)length;
}

static uint16_t port_of(const struct traffic_addr *addr)
{
	return addr->any.sa_family == AF_INET ? addr->v4.sin_port : addr->v6.sin6_port;
}

bool traffic_forge(int raw, const char *src, const char *dst, uint16_t port)
{
	struct traffic_addr from = traffic_addr(src, 40000), to = traffic_addr(dst, port);
	struct udphdr udp = { .source = port_of(&from), .dest = port_of(&to), .len = htons(9) };
	struct packet packet = start_packet(IPPROTO_UDP, sizeof(udp) + 1, &from, &to);

	memcpy(packet.bytes + packet.header, &udp, sizeof(udp));
	udp.check = checksum(&packet, IPPROTO_UDP, sizeof(udp) + 1);
	memcpy(packet.bytes + packet.header, &udp, sizeof(udp));
	return send_packet(raw, &packet, sizeof(udp) + 1, &to);
}

bool traffic_stray_ack(int raw, const char *src, uint16_t sport, const char *dst, uint16_t port)
{
	struct traffic_addr from = traffic_addr(src, sport), to = traffic_addr(dst, port);
	struct packet packet = start_packet(IPPROTO_TCP, sizeof(struct tcphdr), &from, &to);
	struct tcphdr tcp = {
		.source = port_of(&from),
		.dest = port_of(&to),
		.seq = htonl(1000),
		.ack_seq = htonl(1),
		.doff = 5,
		.ack = 1,
		.window = htons(1000),
	};

	memcpy(packet.bytes + packet.header, &tcp, sizeof(tcp));
	tcp.check = checksum(&packet, IPPROTO_TCP, sizeof(tcp));
	memcpy(packet.bytes + packet.header, &tcp, sizeof(tcp));
	return send_packet(raw, &packet, sizeof(tcp), &to);
}

/* Raw sockets hand IPv4 packets out with their header, IPv6 packets without. */
uint16_t traffic_receive_reset(int raw, enum family family)
{
	size_t header = family == V4 ? sizeof(struct iphdr) : 0;
	uint8_t packet[512];

	while (wait_for(raw, POLLIN, TRAFFIC_LIMIT_MS)) {
		ssize_t length = recv(raw, packet, sizeof(packet), 0);
		struct tcphdr tcp;

		if (length < (ssize_t)(header + sizeof(tcp)))
			continue;
		memcpy(&tcp, packet + header, sizeof(tcp));
		if (tcp.rst)
			return ntohs(tcp.source);
	}
	return 0;
}

int traffic_connect(int netns, const char *src, const char *dst, uint16_t port)
{
	_cleanup_close_ int fd = traffic_socket(netns, SOCK_STREAM, src, 0);
	struct traffic_addr to = traffic_addr(dst, port);

	if (fd < 0 || (connect(fd, &to.any, to.length) < 0 && errno != EINPROGRESS))
		return -1;
	return PG_TAKE_FD(fd);
}

int traffic_await(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (!wait_for(fd, POLLOUT, TRAFFIC_LIMIT_MS))
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}

int traffic_accept(int server, struct traffic_addr *from)
{
	struct traffic_addr unused;

	from = from ?: &unused;
	from->length = sizeof(from->v6);
	if (!wait_for(server, POLLIN, TRAFFIC_LIMIT_MS))
		return -1;
	return accept4(server, &from->any, &from->length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

bool traffic_pending(int fd)
{
	return fd >= 0 && !wait_for(fd, POLLOUT, 0);
}
