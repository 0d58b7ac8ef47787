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

/* What a raw socket has received: the packet after its IP header. */
struct received {
	size_t space;
	uint8_t family;
	struct pg_addr from;
	uint8_t packet[PACKET_MAX];
	const uint8_t *data;
	size_t length;
};

static uint8_t echo_proto(const struct received *received)
{
	return received->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

static void take_reply(struct pg_probe_state *state, const struct received *received,
		       const struct pg_wire_icmp *icmp)
{
	struct pg_probe_flow *flow = pg_probe_flow_by_port(state, icmp->id);

	if (is_from(flow, received->space, echo_proto(received)) &&
	    icmp->token == pg_probe_token(state, flow) &&
	    !pg_addr_compare(&received->from, &flow->probe->dst))
		pg_probe_settle(state, flow, PG_PROBE_OPEN);
}

/* Of TCP and UDP the kernel tells the socket itself. */
static void take_refusal(struct pg_probe_state *state, const struct received *received,
			 const struct pg_wire_icmp *icmp)
{
	struct pg_probe_flow *flow = pg_probe_flow_by_port(state, icmp->port);

	if (icmp->proto != echo_proto(received) && icmp->proto != IPPROTO_SCTP)
		return;
	/* A kernel without SCTP says so of every INIT that arrives, besides our own answer. */
	if (received->family == 4 && icmp->proto == IPPROTO_SCTP && icmp->code == ICMP_PROT_UNREACH)
		return;
	if (is_from(flow, received->space, icmp->proto) &&
	    !pg_addr_compare(&icmp->to, &flow->probe->dst))
		pg_probe_settle(state, flow, PG_PROBE_REFUSED);
}

static void handle_icmp(struct pg_probe_state *state, const struct received *received)
{
	struct pg_wire_icmp icmp =
		pg_wire_icmp_parse(received->data, received->length, received->family);

	if (icmp.kind == PG_WIRE_ICMP_REPLY)
		take_reply(state, received, &icmp);
	else if (icmp.kind == PG_WIRE_ICMP_UNREACHABLE)
		take_refusal(state, received, &icmp);
}

/* An INIT that arrived at one of our destinations. */
static void take_init(struct pg_probe_state *state, const struct received *received,
		      const struct pg_wire_sctp *sctp)
{
	struct pg_probe_flow *flow = pg_probe_flow_by_port(state, sctp->sport);

	if (flow && flow->dst_space == received->space && flow->probe->proto.n == PG_PROTO_SCTP.n &&
	    flow->probe->dport == sctp->dport &&
	    sctp->init_tag == (uint32_t)pg_probe_token(state, flow))
		pg_probe_answer_init(state, flow, &received->from);
}

static void take_answer(struct pg_probe_state *state, const struct received *received,
			const struct pg_wire_sctp *sctp)
{
	struct pg_probe_flow *flow = pg_probe_flow_by_port(state, sctp->dport);

	if (is_from(flow, received->space, IPPROTO_SCTP) && flow->probe->dport == sctp->sport &&
	    sctp->tag == (uint32_t)pg_probe_token(state, flow))
		pg_probe_settle(state, flow,
				sctp->chunk == PG_WIRE_SCTP_INIT_ACK ? PG_PROBE_OPEN
								     : PG_PROBE_REFUSED);
}

static void handle_sctp(struct pg_probe_state *state, const struct received *received)
{
	struct pg_wire_sctp sctp;

	if (!pg_wire_sctp_parse(received->data, received->length, &sctp))
		return;
	if (sctp.chunk == PG_WIRE_SCTP_INIT)
		take_init(state, received, &sctp);
	else if (sctp.chunk == PG_WIRE_SCTP_INIT_ACK || sctp.chunk == PG_WIRE_SCTP_ABORT)
		take_answer(state, received, &sctp);
}

static void set_sender(const union pg_probe_address *from, struct received *received)
{
	received->from = (struct pg_addr){ .family = received->family };
	if (received->family == 4)
		memcpy(received->from.bytes, &from->v4.sin_addr, 4);
	else
		memcpy(received->from.bytes, &from->v6.sin6_addr, 16);
}

/* False: there is no more. What isn't a whole packet is skipped. */
static bool receive(int fd, struct received *received)
{
	for (;;) {
		union pg_probe_address from = { 0 };
		socklen_t from_length = sizeof(from);
		ssize_t length = recvfrom(fd, received->packet, sizeof(received->packet), 0,
					  &from.any, &from_length);
		size_t header;

		if (length < 0)
			return false;
		header = pg_wire_header(received->packet, (size_t)length, received->family);
		if (header == SIZE_MAX)
			continue;
		received->data = received->packet + header;
		received->length = (size_t)length - header;
		set_sender(&from, received);
		return true;
	}
}

static void handle_raw(struct pg_probe_state *state, size_t space, enum pg_probe_raw raw)
{
	bool sctp = raw == PG_PROBE_RAW_SCTP4 || raw == PG_PROBE_RAW_SCTP6;
	struct received received = {
		.space = space,
		.family = raw == PG_PROBE_RAW_ICMP || raw == PG_PROBE_RAW_SCTP4 ? 4 : 6,
	};

	while (receive(state->spaces.items[space].raw[raw], &received)) {
		if (sctp)
			handle_sctp(state, &received);
		else
			handle_icmp(state, &received);
	}
}

static void handle(struct pg_probe_state *state, uint64_t whose)
{
	unsigned int kind = (unsigned int)(whose >> 32);
	size_t index = (uint32_t)whose;

	if (kind == PG_PROBE_KIND_LISTENER)
		handle_listener(&state->listeners.items[index]);
	else if (kind == PG_PROBE_KIND_FLOW)
		handle_flow(state, &state->flows.items[index]);
	else
		handle_raw(state, index, (enum pg_probe_raw)(kind - PG_PROBE_KIND_RAW));
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
