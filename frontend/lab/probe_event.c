// SPDX-License-Identifier: GPL-2.0-only
/* What comes back, and what it means for a flow. */
#include <linux/icmp.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "frontend/lab/probe_internal.h"
#include "frontend/lab/probe_wire.h"

#define PACKET_MAX 2048
#define EVENTS	   128

static void greet(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		send(fd, PG_PROBE_GREETING, strlen(PG_PROBE_GREETING), MSG_NOSIGNAL);
		close(fd);
	}
}

static void echo(int listener)
{
	struct sockaddr_storage from;
	char packet[PACKET_MAX];

	for (;;) {
		socklen_t from_length = sizeof(from);
		ssize_t length = recvfrom(listener, packet, sizeof(packet), 0,
					  (struct sockaddr *)&from, &from_length);

		if (length < 0)
			return;
		sendto(listener, packet, (size_t)length, 0, (struct sockaddr *)&from, from_length);
	}
}

static void handle_listener(const struct pg_probe_listener *listener)
{
	if (listener->proto.n == PG_PROTO_TCP.n)
		greet(listener->fd);
	else
		echo(listener->fd);
}

/* No answer in time and no way for the packet are not the same as an answer that says no. */
static enum pg_probe_result result_of(int error)
{
	return error == ETIMEDOUT ? PG_PROBE_CLOSED : PG_PROBE_REFUSED;
}

static void handle_stream(struct pg_probe_state *state, struct pg_probe_flow *flow)
{
	char greeting[sizeof(PG_PROBE_GREETING)];
	int error = 0;
	socklen_t error_length = sizeof(error);
	ssize_t length;

	getsockopt(flow->fd, SOL_SOCKET, SO_ERROR, &error, &error_length);
	if (error) {
		pg_probe_settle(state, flow, result_of(error));
		return;
	}
	if (!flow->greeted) {
		pg_probe_settle(state, flow, PG_PROBE_OPEN);
		return;
	}
	length = recv(flow->fd, greeting, sizeof(greeting), 0);
	if (length > 0)
		pg_probe_settle(state, flow, PG_PROBE_OPEN);
	else if (!length || errno != EAGAIN)
		pg_probe_settle(state, flow, PG_PROBE_REFUSED);
}

static void handle_datagram(struct pg_probe_state *state, struct pg_probe_flow *flow)
{
	uint64_t token = 0;
	ssize_t length = recv(flow->fd, &token, sizeof(token), 0);

	/* A server that isn't ours may say what it likes. */
	if (length >= 0)
		pg_probe_settle(state, flow, PG_PROBE_OPEN);
	else if (errno != EAGAIN)
		pg_probe_settle(state, flow, result_of(errno));
}

static void handle_flow(struct pg_probe_state *state, struct pg_probe_flow *flow)
{
	if (flow->done)
		return;
	if (flow->probe->proto.n == PG_PROTO_TCP.n)
		handle_stream(state, flow);
	else
		handle_datagram(state, flow);
}

static bool is_from(const struct pg_probe_flow *flow, size_t space, uint8_t proto)
{
	return flow && !flow->done && flow->src_space == space && flow->probe->proto.n == proto;
}

static void take_reply(struct pg_probe_state *state, size_t space, const struct pg_wire_icmp *icmp)
{
	struct pg_probe_flow *flow = pg_probe_flow_by_port(state, icmp->id);

	if (is_from(flow, space, IPPROTO_ICMP) && icmp->token == pg_probe_token(state, flow) &&
	    !memcmp(icmp->from, flow->probe->dst.bytes, sizeof(icmp->from)))
		pg_probe_settle(state, flow, PG_PROBE_OPEN);
}

/* Of TCP and UDP the kernel tells the socket itself. */
static void take_refusal(struct pg_probe_state *state, size_t space,
			 const struct pg_wire_icmp *icmp)
{
	struct pg_probe_flow *flow = pg_probe_flow_by_port(state, icmp->port);

	if (icmp->proto != IPPROTO_ICMP && icmp->proto != IPPROTO_SCTP)
		return;
	/* A kernel without SCTP says so of every INIT that arrives, besides our own answer. */
	if (icmp->proto == IPPROTO_SCTP && icmp->code == ICMP_PROT_UNREACH)
		return;
	if (is_from(flow, space, icmp->proto) &&
	    !memcmp(icmp->to, flow->probe->dst.bytes, sizeof(icmp->to)))
		pg_probe_settle(state, flow, PG_PROBE_REFUSED);
}

static void handle_icmp(struct pg_probe_state *state, size_t space)
{
	uint8_t packet[PACKET_MAX];
	ssize_t length;

	while ((length = recv(state->spaces.items[space].icmp, packet, sizeof(packet), 0)) >= 0) {
		struct pg_wire_icmp icmp = pg_wire_icmp_parse(packet, (size_t)length);

		if (icmp.kind == PG_WIRE_ICMP_REPLY)
			take_reply(state, space, &icmp);
		else if (icmp.kind == PG_WIRE_ICMP_UNREACHABLE)
			take_refusal(state, space, &icmp);
	}
}

/* An INIT that arrived at one of our destinations. */
static void take_init(struct pg_probe_state *state, size_t space, const struct pg_wire_sctp *sctp,
		      const struct pg_addr *from)
{
	struct pg_probe_flow *flow = pg_probe_flow_by_port(state, sctp->sport);

	if (flow && flow->dst_space == space && flow->probe->proto.n == PG_PROTO_SCTP.n &&
	    flow->probe->dport == sctp->dport &&
	    sctp->init_tag == (uint32_t)pg_probe_token(state, flow))
		pg_probe_answer_init(state, flow, from);
}

static void take_answer(struct pg_probe_state *state, size_t space, const struct pg_wire_sctp *sctp)
{
	struct pg_probe_flow *flow = pg_probe_flow_by_port(state, sctp->dport);

	if (is_from(flow, space, IPPROTO_SCTP) && flow->probe->dport == sctp->sport &&
	    sctp->tag == (uint32_t)pg_probe_token(state, flow))
		pg_probe_settle(state, flow,
				sctp->chunk == PG_WIRE_SCTP_INIT_ACK ? PG_PROBE_OPEN
								     : PG_PROBE_REFUSED);
}

static void handle_sctp(struct pg_probe_state *state, size_t space)
{
	uint8_t packet[PACKET_MAX];
	ssize_t length;

	while ((length = recv(state->spaces.items[space].sctp, packet, sizeof(packet), 0)) >= 0) {
		struct pg_addr from = { .family = 4 };
		struct pg_wire_sctp sctp;

		if (!pg_wire_sctp_parse(packet, (size_t)length, &sctp, from.bytes))
			continue;
		if (sctp.chunk == PG_WIRE_SCTP_INIT)
			take_init(state, space, &sctp, &from);
		else if (sctp.chunk == PG_WIRE_SCTP_INIT_ACK || sctp.chunk == PG_WIRE_SCTP_ABORT)
			take_answer(state, space, &sctp);
	}
}

static void handle(struct pg_probe_state *state, uint64_t whose)
{
	size_t index = (uint32_t)whose;

	switch ((enum pg_probe_kind)(whose >> 32)) {
	case PG_PROBE_KIND_LISTENER:
		handle_listener(&state->listeners.items[index]);
		break;
	case PG_PROBE_KIND_FLOW:
		handle_flow(state, &state->flows.items[index]);
		break;
	case PG_PROBE_KIND_ICMP:
		handle_icmp(state, index);
		break;
	case PG_PROBE_KIND_SCTP:
		handle_sctp(state, index);
		break;
	}
}

int pg_probe_poll(struct pg_probe_state *state, int timeout_ms)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		int count = epoll_wait(state->epoll, events, EVENTS, timeout_ms);

		if (count < 0)
			return errno == EINTR ? 0 : -errno;
		for (int i = 0; i < count; i++)
			handle(state, events[i].data.u64);
		if (count < EVENTS)
			return 0;
		timeout_ms = 0;
	}
}
