/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets and connections that the prober doesn't make: forged, in fragments, translated. Nothing
 * here waits for a packet not to come: what is denied is sent before a neighbour that must pass, and
 * when that one is there, the other one isn't. Of both families, as the addresses are.
 */
#ifndef PG_TESTS_PARITY_TRAFFIC_H
#define PG_TESTS_PARITY_TRAFFIC_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/parity/parity.h"

/* How long a neighbour may take that must pass: over it the test has failed. */
#define TRAFFIC_LIMIT_MS 5000

struct traffic_addr {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t length;
};

/* "10.0.192.2" and a port. A link-local address is on the only link that a lab's endpoint has. */
struct traffic_addr traffic_addr(const char *addr, uint16_t port);

/* A socket in a namespace, bound, beside others at the same port if they are connected; non-blocking. */
int traffic_bind(int netns, int type, const char *addr, uint16_t port);
/* The same for one that takes what comes: alone, or listening. -1: it can't be made. */
int traffic_socket(int netns, int type, const char *addr, uint16_t port);
/* A raw one that takes whole IP packets. */
int traffic_raw(int netns, enum family family, int protocol);

/* Sends so many bytes of UDP. */
bool traffic_send(int fd, const char *dst, uint16_t port, size_t length);
/* Waits for the next datagram. Its length; -1: none came, or an error did, and errno says. */
ssize_t traffic_receive(int fd);
/* Whether nothing has come. */
bool traffic_silent(int fd);
/* Has a socket of IPv6 send an extension header of padding: IPV6_HOPOPTS, IPV6_DSTOPTS. */
bool traffic_pad(int fd, int header);
/* Has the kernel report to the link that a socket of IPv6 listens to a group. */
bool traffic_join(int fd, const char *group);

/* One byte of UDP in an IP packet made by hand, whoever it says that it is from. */
bool traffic_forge(int raw, const char *src, const char *dst, uint16_t port);
/* A TCP segment of no connection that has only the flag ACK. */
bool traffic_stray_ack(int raw, const char *src, uint16_t sport, const char *dst, uint16_t port);
/* Waits for the next RST that a raw TCP socket sees. The port it is from; 0: none came. */
uint16_t traffic_receive_reset(int raw, enum family family);

/* Begins to connect; non-blocking. -1: at once refused. */
int traffic_connect(int netns, const char *src, const char *dst, uint16_t port);
/* Waits for a connection to stand. 0, or the errno that it ended with; ETIMEDOUT: neither. */
int traffic_await(int fd);
/* Waits for a connection to accept; `from`, unless it is NULL, is who it is from. -1: none came. */
int traffic_accept(int server, struct traffic_addr *from);
/* Whether nothing has come of a connection yet. */
bool traffic_pending(int fd);

#endif
