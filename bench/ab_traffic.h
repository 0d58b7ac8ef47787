/* SPDX-License-Identifier: GPL-2.0-only */
/* Traffic between a client's namespace and a server's, both in this process. */
#ifndef PG_BENCH_AB_TRAFFIC_H
#define PG_BENCH_AB_TRAFFIC_H

#include <netinet/in.h>

#include "compat/util.h"

enum ab_measure {
	AB_STREAM, /* one TCP connection, writes of 128 KiB: Gbit/s that the server has read */
	AB_RR,	   /* one TCP connection, 100 bytes there, 200 back: transactions a second */
	AB_CRR,	   /* the same with a connection for each transaction */
	AB_UDP, /* datagrams of 18 bytes, an Ethernet frame of 60: those that the server got a second */
	/*
	 * The same with both on the client's CPU: what the way costs by itself, without waking another CPU
	 * up, which takes longer than all the rest, in a virtual machine many times as long.
	 */
	AB_STREAM_1CPU,
	AB_RR_1CPU,
	AB_CRR_1CPU,
	AB_TRAFFIC_MEASURES,
};

#define AB_PORT	       5001 /* of the server, TCP and UDP */
#define AB_CLOSED_PORT 5002 /* what a policy here denies */

struct ab_path {
	int client, server;	/* namespaces */
	struct in_addr address; /* the server's */
	int client_cpu, server_cpu;
};

/* Moves the calling thread to the client's CPU. -ETIMEDOUT: nothing came through. */
int ab_traffic_measure(const struct ab_path *path, enum ab_measure measure, double seconds,
		       double *ret_value);

/*
 * Whether a connection to a port of the server, on which it listens, comes about: 0, or what
 * connect(2) says; -ETIMEDOUT after that many seconds.
 */
int ab_traffic_connect(const struct ab_path *path, uint16_t port, double timeout);

#endif
