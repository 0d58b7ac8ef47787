/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the prober share. */
#ifndef PG_FRONTEND_PROBE_INTERNAL_H
#define PG_FRONTEND_PROBE_INTERNAL_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "compat/netns.h"
#include "frontend/lab/probe.h"

/* How many flows are under way at once, at most. Each has a source port of its own. */
#define PG_PROBE_WAVE 2048

/*
 * Source ports, and ids of echoes, are 32768..65535. Within a wave they name the flow, whatever the
 * protocol.
 */
#define PG_PROBE_PORTS	    32768u
#define PG_PROBE_FIRST_PORT 32768u

struct pg_rtnl;

/* Raw sockets. Each hears of one protocol and family. */
enum pg_probe_raw {
	PG_PROBE_RAW_ICMP,
	PG_PROBE_RAW_ICMPV6,
	PG_PROBE_RAW_SCTP4,
	PG_PROBE_RAW_SCTP6,
	PG_PROBE_RAWS,
};

/* A namespace that probes go from or to, and the raw sockets in it. */
struct pg_probe_space {
	struct pg_netns_id id;
	int netns;		/* borrowed */
	int raw[PG_PROBE_RAWS]; /* -1: not needed so far */
};

/* What answers at a destination. */
struct pg_probe_listener {
	size_t space;
	struct pg_addr addr;
	pg_proto proto;
	uint16_t port;
	int fd; /* -1: another's socket is there already */
};

struct pg_probe_flow {
	struct pg_probe *probe;
	size_t src_space, dst_space;
	int fd; /* TCP and UDP; -1: done, or a raw socket's flow */
	uint16_t port;
	bool greeted; /* TCP: the listener is ours and says something at once */
	bool sent;
	bool done;
};

/* The state of one pg_probe_run(). The flows and listeners are those of the current wave. */
struct pg_probe_state {
	int home, epoll;
	int spare;   /* kept for accept() while a wave takes all other descriptors; or -1 */
	size_t here; /* the space that the thread is in; SIZE_MAX: home */
	size_t wave; /* how many flows the next wave has at most */
	struct pg_rtnl *rtnl;
	uint64_t overflows; /* of the kernel's tables of neighbours, so far */
	bool crowded;	    /* there were some in this round */
	uint64_t nonce;
	uint32_t sequence;
	struct pg_array(struct pg_probe_space) spaces;
	struct pg_array(struct pg_probe_listener) listeners;
	struct pg_array(struct pg_probe_flow) flows;
	uint16_t by_port[PG_PROBE_PORTS]; /* index into flows + 1; 0: none */
	size_t pending, pending_open;	  /* flows without an answer; those expected to have one */
	int64_t last_event;		  /* ms */
};

/* Whose event it is: kind << 32 | index of the space, listener or flow. */
enum pg_probe_kind {
	PG_PROBE_KIND_LISTENER,
	PG_PROBE_KIND_FLOW,
	PG_PROBE_KIND_RAW, /* the first of those of pg_probe_raw */
};

union pg_probe_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* An address as the kernel takes it. Returns its length. */
socklen_t pg_probe_address(const struct pg_addr *addr, uint16_t port,
			   union pg_probe_address *address);

/* The raw socket that makes or takes the packets of a probe of ICMP, ICMPV6 or SCTP. */
enum pg_probe_raw pg_probe_raw_of(pg_proto proto, uint8_t family);

/* Moves the thread to a space's namespace. */
int pg_probe_enter(struct pg_probe_state *state, size_t space);

/* Has pg_probe_poll() handle what happens to a socket. */
int pg_probe_watch(const struct pg_probe_state *state, int fd, uint32_t events,
		   enum pg_probe_kind kind, size_t index);

#define PG_PROBE_GREETING "polgen\n"

/* What a flow's packets carry, so that only its own answer is one. Never 0. */
uint64_t pg_probe_token(const struct pg_probe_state *state, const struct pg_probe_flow *flow);
/* NULL: no flow of the wave has this port. */
struct pg_probe_flow *pg_probe_flow_by_port(struct pg_probe_state *state, uint16_t port);

/*
 * Opens what a probe needs and appends its flow to the wave. -EMFILE, -ENFILE: the wave is full.
 * -EPERM, -ENOMEM: nothing can be probed. Any other error is this probe's own.
 */
int pg_probe_open(struct pg_probe_state *state, struct pg_probe *probe);
/* Closes all that the wave has open. */
void pg_probe_close(struct pg_probe_state *state);

/* Sends a flow's first packet, or another one. What the kernel says to it, as -errno. */
int pg_probe_send(struct pg_probe_state *state, struct pg_probe_flow *flow);
/* Answers the INIT of a flow that came from `to`. */
int pg_probe_answer_init(struct pg_probe_state *state, const struct pg_probe_flow *flow,
			 const struct pg_addr *to);

/* Handles what has happened; waits `timeout_ms` for it at most. 0, or -errno. */
int pg_probe_poll(struct pg_probe_state *state, int timeout_ms);
void pg_probe_settle(struct pg_probe_state *state, struct pg_probe_flow *flow,
		     enum pg_probe_result result);
int64_t pg_probe_now(void); /* ms of the monotonic clock */

#endif
