// SPDX-License-Identifier: GPL-2.0-only
#include "tests/parity/traffic.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include "compat/netns.h"

struct sockaddr_in traffic_addr(const char *addr, uint16_t port)
{
	struct sockaddr_in made = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (inet_pton(AF_INET, addr, &made.sin_addr) != 1)
		abort();
	return made;
}

static int make_socket(int netns, int type, int protocol)
{
	_cleanup_netns_ int home = -1;

	if (pg_netns_enter(netns, &home))
		return -1;
	return socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

int traffic_socket(int netns, int type, const char *addr, uint16_t port)
{
	_cleanup_close_ int fd = make_socket(netns, type, 0);
	struct sockaddr_in own = traffic_addr(addr, port);

	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		return -1;
	if (type == SOCK_STREAM && port && listen(fd, 16) < 0)
		return -1;
	return PG_TAKE_FD(fd);
}

int traffic_raw(int netns, int protocol)
{
	_cleanup_close_ int fd = make_socket(netns, SOCK_RAW, protocol);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_IP, IP_HDRINCL, &on, sizeof(on)) < 0)
		return -1;
	return PG_TAKE_FD(fd);
}

bool traffic_send(int fd, const char *dst, uint16_t port, size_t length)
{
	static const char zeros[16384];
	struct sockaddr_in to = traffic_addr(dst, port);

	return sendto(fd, zeros, length, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)length;
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

/* The kernel fills in length, id and checksum of the IP header (raw(7)). */
static struct iphdr ip_header(uint8_t protocol, const struct sockaddr_in *src,
			      const struct sockaddr_in *dst)
{
	return (struct iphdr){
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = protocol,
		.saddr = src->sin_addr.s_addr,
		.daddr = dst->sin_addr.s_addr,
	};
}

bool traffic_forge(int raw, const char *src, const char *dst, uint16_t port)
{
	struct sockaddr_in from = traffic_addr(src, 40000), to = traffic_addr(dst, port);
	struct __attribute__((packed)) {
		struct iphdr ip;
		struct udphdr udp;
		char byte;
	} packet = {
		.ip = ip_header(IPPROTO_UDP, &from, &to),
		/* No checksum: that is for the sender to decide (RFC 768). */
		.udp = { .source = from.sin_port, .dest = to.sin_port, .len = htons(9) },
	};

	return sendto(raw, &packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to)) ==
	       sizeof(packet);
}

/* RFC 9293, 3.1, over the pseudo header and a header without options. */
static uint16_t tcp_checksum(const struct iphdr *ip, const struct tcphdr *tcp)
{
	struct {
		uint32_t src, dst;
		uint8_t zero, protocol;
		uint16_t length;
		struct tcphdr tcp;
	} summed = { ip->saddr, ip->daddr, 0, IPPROTO_TCP, htons(sizeof(*tcp)), *tcp };
	uint16_t words[sizeof(summed) / 2];
	uint32_t sum = 0;

	memcpy(words, &summed, sizeof(words));
	for (size_t i = 0; i < PG_COUNT(words); i++)
		sum += words[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

bool traffic_stray_ack(int raw, const char *src, uint16_t sport, const char *dst, uint16_t port)
{
	struct sockaddr_in from = traffic_addr(src, sport), to = traffic_addr(dst, port);
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
	} packet = {
		.ip = ip_header(IPPROTO_TCP, &from, &to),
		.tcp = { .source = from.sin_port,
			 .dest = to.sin_port,
			 .seq = htonl(1000),
			 .ack_seq = htonl(1),
			 .doff = 5,
			 .ack = 1,
			 .window = htons(1000) },
	};

	packet.tcp.check = tcp_checksum(&packet.ip, &packet.tcp);
	return sendto(raw, &packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to)) ==
	       sizeof(packet);
}

uint16_t traffic_receive_reset(int raw)
{
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
		char rest[256];
	} packet;

	while (wait_for(raw, POLLIN, TRAFFIC_LIMIT_MS)) {
		ssize_t length = recv(raw, &packet, sizeof(packet), 0);

		if (length >= (ssize_t)(sizeof(packet.ip) + sizeof(packet.tcp)) && packet.tcp.rst)
			return ntohs(packet.tcp.source);
	}
	return 0;
}

int traffic_connect(int netns, const char *src, const char *dst, uint16_t port)
{
	_cleanup_close_ int fd = traffic_socket(netns, SOCK_STREAM, src, 0);
	struct sockaddr_in to = traffic_addr(dst, port);

	if (fd < 0 || (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS))
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

bool traffic_pending(int fd)
{
	return fd >= 0 && !wait_for(fd, POLLOUT, 0);
}
