// SPDX-License-Identifier: GPL-2.0-only
/* What goes out. */
#include <sys/epoll.h>

#include "frontend/lab/probe_internal.h"
#include "frontend/lab/probe_wire.h"

/* What sendmsg() takes a source address as, which may be of family 0: the kernel's choice. */
union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void put_source(const struct pg_addr *src, uint8_t family, union control *control,
		       struct msghdr *message)
{
	struct in_pktinfo info4 = { 0 };
	struct in6_pktinfo info6 = { 0 };
	size_t length = family == 4 ? sizeof(info4) : sizeof(info6);

	memcpy(&info4.ipi_spec_dst, src->bytes, sizeof(info4.ipi_spec_dst));
	memcpy(&info6.ipi6_addr, src->bytes, sizeof(info6.ipi6_addr));
	control->header = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(length),
		.cmsg_level = family == 4 ? SOL_IP : SOL_IPV6,
		.cmsg_type = family == 4 ? IP_PKTINFO : IPV6_PKTINFO,
	};
	memcpy(CMSG_DATA(&control->header), family == 4 ? (void *)&info4 : (void *)&info6, length);
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(length);
}

/* From one of the namespace's addresses, by a socket that belongs to none. */
static int send_raw(int fd, const struct pg_addr *src, const struct pg_addr *dst,
		    const uint8_t *packet, size_t length)
{
	union control control = { 0 };
	struct iovec data = { .iov_base = (void *)packet, .iov_len = length };
	union pg_probe_address to;
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = pg_probe_address(dst, 0, &to),
		.msg_iov = &data,
		.msg_iovlen = 1,
	};

	put_source(src, dst->family, &control, &message);
	return sendmsg(fd, &message, 0) < 0 ? -errno : 0;
}

static int raw_socket(const struct pg_probe_state *state, size_t space,
		      const struct pg_probe *probe)
{
	return state->spaces.items[space].raw[pg_probe_raw_of(probe->proto, probe->dst.family)];
}

static int send_echo(struct pg_probe_state *state, const struct pg_probe_flow *flow)
{
	const struct pg_probe *probe = flow->probe;
	uint8_t packet[PG_WIRE_MAX];
	size_t length =
		pg_wire_echo(packet, probe->dst.family, flow->port, pg_probe_token(state, flow));

	return send_raw(raw_socket(state, flow->src_space, probe), &probe->src, &probe->dst, packet,
			length);
}

static int send_init(struct pg_probe_state *state, const struct pg_probe_flow *flow)
{
	const struct pg_probe *probe = flow->probe;
	struct pg_wire_sctp init = {
		.sport = flow->port,
		.dport = probe->dport,
		.chunk = PG_WIRE_SCTP_INIT,
		.init_tag = (uint32_t)pg_probe_token(state, flow),
	};
	uint8_t packet[PG_WIRE_MAX];
	size_t length = pg_wire_sctp_make(packet, &init);

	return send_raw(raw_socket(state, flow->src_space, probe), &probe->src, &probe->dst, packet,
			length);
}

int pg_probe_answer_init(struct pg_probe_state *state, const struct pg_probe_flow *flow,
			 const struct pg_addr *to)
{
	uint32_t tag = (uint32_t)pg_probe_token(state, flow);
	struct pg_wire_sctp answer = {
		.sport = flow->probe->dport,
		.dport = flow->port,
		.tag = tag,
		.chunk = PG_WIRE_SCTP_INIT_ACK,
		.init_tag = ~tag | 1,
	};
	uint8_t packet[PG_WIRE_MAX];
	size_t length = pg_wire_sctp_make(packet, &answer);

	return send_raw(raw_socket(state, flow->dst_space, flow->probe), &flow->probe->dst, to,
			packet, length);
}

static int send_datagram(struct pg_probe_state *state, const struct pg_probe_flow *flow)
{
	uint64_t token = pg_probe_token(state, flow);

	return send(flow->fd, &token, sizeof(token), 0) < 0 ? -errno : 0;
}

/* Watched only now: a stream that nobody has connected yet is writable and hung up to epoll. */
static int start(struct pg_probe_state *state, struct pg_probe_flow *flow)
{
	union pg_probe_address address;
	socklen_t length = pg_probe_address(&flow->probe->dst, flow->probe->dport, &address);
	bool hears = flow->greeted || flow->probe->proto.n == PG_PROTO_UDP.n;

	if (flow->sent)
		return 0;
	if (connect(flow->fd, &address.any, length) < 0 && errno != EINPROGRESS)
		return -errno;
	/* With a greeting to come, being writable says nothing yet. */
	return pg_probe_watch(state, flow->fd, hears ? EPOLLIN : EPOLLOUT, PG_PROBE_KIND_FLOW,
			      (size_t)(flow - state->flows.items));
}

int pg_probe_send(struct pg_probe_state *state, struct pg_probe_flow *flow)
{
	int err;

	switch (flow->probe->proto.n) {
	case IPPROTO_TCP:
		return start(state, flow);
	case IPPROTO_UDP:
		err = start(state, flow);
		return err ? err : send_datagram(state, flow);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return send_echo(state, flow);
	default:
		return send_init(state, flow);
	}
}
