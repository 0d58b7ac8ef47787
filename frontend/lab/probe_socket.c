// SPDX-License-Identifier: GPL-2.0-only
/* Sockets of a wave, each made in the namespace it belongs to. */
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <sys/epoll.h>

#include "frontend/lab/probe_internal.h"

#define PORT_TRIES 64

socklen_t pg_probe_address(const struct pg_addr *addr, uint16_t port,
			   union pg_probe_address *address)
{
	memset(address, 0, sizeof(*address));
	if (addr->family == 6) {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons(port);
		memcpy(&address->v6.sin6_addr, addr->bytes, 16);
		return sizeof(address->v6);
	}
	address->v4.sin_family = AF_INET;
	address->v4.sin_port = htons(port);
	memcpy(&address->v4.sin_addr, addr->bytes, 4);
	return sizeof(address->v4);
}

int pg_probe_enter(struct pg_probe_state *state, size_t space)
{
	int err;

	if (state->here == space)
		return 0;
	err = pg_netns_switch(state->spaces.items[space].netns);
	if (!err)
		state->here = space;
	return err;
}

int pg_probe_watch(const struct pg_probe_state *state, int fd, uint32_t events,
		   enum pg_probe_kind kind, size_t index)
{
	struct epoll_event event = {
		.events = events,
		.data.u64 = (uint64_t)kind << 32 | index,
	};

	return epoll_ctl(state->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int make_socket(struct pg_probe_state *state, size_t space, int family, int type,
		       int protocol, int *ret_fd)
{
	int err = pg_probe_enter(state, space), fd;

	if (err)
		return err;
	fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static void set_option(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

static int find_space(struct pg_probe_state *state, int netns, size_t *ret_space)
{
	struct pg_probe_space *space;
	struct pg_netns_id id;
	int err = pg_netns_id(netns, &id);

	if (err)
		return err;
	pg_array_foreach(known, &state->spaces) {
		if (pg_netns_same(known->id, id)) {
			*ret_space = (size_t)(known - state->spaces.items);
			return 0;
		}
	}
	space = pg_array_add(&state->spaces);
	if (!space)
		return -ENOMEM;
	*space = (struct pg_probe_space){ .id = id, .netns = netns };
	memset(space->raw, -1, sizeof(space->raw));
	*ret_space = state->spaces.count - 1;
	return 0;
}

/* Echo replies, and what was refused. */
static void filter_icmp(int fd)
{
	struct icmp_filter filter = { .data = ~(1u << ICMP_ECHOREPLY | 1u << ICMP_DEST_UNREACH) };

	setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter));
}

static void filter_icmpv6(int fd)
{
	struct icmp6_filter filter;

	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
	ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &filter);
	setsockopt(fd, SOL_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
}

enum pg_probe_raw pg_probe_raw_of(pg_proto proto, uint8_t family)
{
	if (proto.n == PG_PROTO_SCTP.n)
		return family == 4 ? PG_PROBE_RAW_SCTP4 : PG_PROBE_RAW_SCTP6;
	return family == 4 ? PG_PROBE_RAW_ICMP : PG_PROBE_RAW_ICMPV6;
}

static int need_raw(struct pg_probe_state *state, size_t number, enum pg_probe_raw raw)
{
	static const struct {
		int family, proto;
		void (*filter)(int fd);
	} sockets[PG_PROBE_RAWS] = {
		[PG_PROBE_RAW_ICMP] = { AF_INET, IPPROTO_ICMP, filter_icmp },
		[PG_PROBE_RAW_ICMPV6] = { AF_INET6, IPPROTO_ICMPV6, filter_icmpv6 },
		[PG_PROBE_RAW_SCTP4] = { AF_INET, IPPROTO_SCTP, NULL },
		[PG_PROBE_RAW_SCTP6] = { AF_INET6, IPPROTO_SCTP, NULL },
	};
	struct pg_probe_space *space = &state->spaces.items[number];
	_cleanup_close_ int fd = -1;
	int err;

	if (space->raw[raw] >= 0)
		return 0;
	err = make_socket(state, number, sockets[raw].family, SOCK_RAW, sockets[raw].proto, &fd);
	if (err)
		return err;
	if (sockets[raw].filter)
		sockets[raw].filter(fd);
	err = pg_probe_watch(state, fd, EPOLLIN, PG_PROBE_KIND_RAW + raw, number);
	if (err)
		return err;
	space->raw[raw] = PG_TAKE_FD(fd);
	return 0;
}

static int family_of(const struct pg_addr *addr)
{
	return addr->family == 6 ? AF_INET6 : AF_INET;
}

static int type_of(pg_proto proto)
{
	return proto.n == PG_PROTO_TCP.n ? SOCK_STREAM : SOCK_DGRAM;
}

static int bind_listener(int fd, const struct pg_probe_listener *listener)
{
	union pg_probe_address address;
	socklen_t length = pg_probe_address(&listener->addr, listener->port, &address);
	bool stream = type_of(listener->proto) == SOCK_STREAM;

	/* Not for UDP, where it would take packets away from whoever is bound there already. */
	if (stream)
		set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (bind(fd, &address.any, length) < 0)
		return -errno;
	return stream && listen(fd, SOMAXCONN) < 0 ? -errno : 0;
}

static int open_listener(struct pg_probe_state *state, struct pg_probe_listener *listener,
			 size_t number)
{
	_cleanup_close_ int fd = -1;
	int err = make_socket(state, listener->space, family_of(&listener->addr),
			      type_of(listener->proto), 0, &fd);

	if (!err)
		err = bind_listener(fd, listener);
	if (err == -EADDRINUSE)
		return 0;
	if (!err)
		err = pg_probe_watch(state, fd, EPOLLIN, PG_PROBE_KIND_LISTENER, number);
	if (err)
		return err;
	listener->fd = PG_TAKE_FD(fd);
	return 0;
}

static const struct pg_probe_listener *find_listener(const struct pg_probe_state *state,
						     const struct pg_probe_listener *wanted)
{
	pg_array_foreach(known, &state->listeners) {
		if (known->space == wanted->space && known->port == wanted->port &&
		    known->proto.n == wanted->proto.n &&
		    !pg_addr_compare(&known->addr, &wanted->addr))
			return known;
	}
	return NULL;
}

static int need_listener(struct pg_probe_state *state, const struct pg_probe *probe, size_t space,
			 bool *ret_own)
{
	struct pg_probe_listener wanted = {
		.space = space,
		.addr = probe->dst,
		.proto = probe->proto,
		.port = probe->dport,
		.fd = -1,
	};
	const struct pg_probe_listener *known = find_listener(state, &wanted);
	struct pg_probe_listener *added;
	int err;

	if (known) {
		*ret_own = known->fd >= 0;
		return 0;
	}
	added = pg_array_add(&state->listeners);
	if (!added)
		return -ENOMEM;
	*added = wanted;
	err = open_listener(state, added, state->listeners.count - 1);
	if (err) {
		state->listeners.count--;
		return err;
	}
	*ret_own = added->fd >= 0;
	return 0;
}

/* Ports go round; one that somebody else has is passed over. */
static uint16_t next_port(struct pg_probe_state *state)
{
	return (uint16_t)(PG_PROBE_FIRST_PORT + state->sequence++ % PG_PROBE_PORTS);
}

static int bind_source(struct pg_probe_state *state, int fd, const struct pg_probe *probe,
		       uint16_t *ret_port)
{
	struct pg_addr src = probe->src;

	if (!src.family)
		src.family = probe->dst.family;
	for (int i = 0; i < PORT_TRIES; i++) {
		uint16_t port = next_port(state);
		union pg_probe_address address;
		socklen_t length = pg_probe_address(&src, port, &address);

		if (!bind(fd, &address.any, length)) {
			*ret_port = port;
			return 0;
		}
		if (errno != EADDRINUSE)
			return -errno;
	}
	return -EADDRINUSE;
}

/* A socket in the source's namespace, bound, that hears of every error there is. */
static int open_flow_socket(struct pg_probe_state *state, struct pg_probe_flow *flow)
{
	const struct pg_probe *probe = flow->probe;
	struct linger abort_at_close = { .l_onoff = 1 };
	_cleanup_close_ int fd = -1;
	int err = make_socket(state, flow->src_space, family_of(&probe->dst), type_of(probe->proto),
			      0, &fd);

	if (!err)
		err = bind_source(state, fd, probe, &flow->port);
	if (err)
		return err;
	if (probe->proto.n == PG_PROTO_TCP.n)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_at_close, sizeof(abort_at_close));
	/* Streams too: an error that comes while connect() is at work is otherwise not heard of. */
	if (probe->dst.family == 6)
		set_option(fd, SOL_IPV6, IPV6_RECVERR, 1);
	else if (probe->proto.n == PG_PROTO_UDP.n)
		set_option(fd, SOL_IP, IP_RECVERR, 1);
	flow->fd = PG_TAKE_FD(fd);
	return 0;
}

static int open_with_port(struct pg_probe_state *state, struct pg_probe_flow *flow)
{
	int err;

	if (!flow->probe->dport)
		return -EINVAL;
	err = need_listener(state, flow->probe, flow->dst_space, &flow->greeted);
	return err ? err : open_flow_socket(state, flow);
}

/* Refusals come by ICMP, whatever the protocol. */
static int open_raw(struct pg_probe_state *state, struct pg_probe_flow *flow)
{
	uint8_t family = flow->probe->dst.family;
	enum pg_probe_raw raw = pg_probe_raw_of(flow->probe->proto, family);
	int err = need_raw(state, flow->src_space, pg_probe_raw_of(PG_PROTO_ICMP, family));

	if (!err && flow->probe->proto.n == PG_PROTO_SCTP.n)
		err = need_raw(state, flow->src_space, raw)
			      ?: need_raw(state, flow->dst_space, raw);
	if (!err)
		flow->port = next_port(state);
	return err;
}

static int open_echo(struct pg_probe_state *state, struct pg_probe_flow *flow)
{
	uint8_t family = flow->probe->proto.n == PG_PROTO_ICMP.n ? 4 : 6;

	return flow->probe->dst.family == family ? open_raw(state, flow) : -EAFNOSUPPORT;
}

static int open_flow(struct pg_probe_state *state, struct pg_probe_flow *flow)
{
	switch (flow->probe->proto.n) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		return open_with_port(state, flow);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return open_echo(state, flow);
	case IPPROTO_SCTP:
		return open_raw(state, flow);
	default:
		return -EPROTONOSUPPORT;
	}
}

int pg_probe_open(struct pg_probe_state *state, struct pg_probe *probe)
{
	struct pg_probe_flow flow = { .probe = probe, .fd = -1 }, *added;
	int err = find_space(state, probe->src_netns, &flow.src_space);

	if (!err)
		err = find_space(state, probe->dst_netns, &flow.dst_space);
	if (!err)
		err = open_flow(state, &flow);
	if (err)
		return err;
	added = pg_array_add(&state->flows);
	if (!added) {
		if (flow.fd >= 0)
			close(flow.fd);
		return -ENOMEM;
	}
	*added = flow;
	state->by_port[flow.port - PG_PROBE_FIRST_PORT] = (uint16_t)state->flows.count;
	state->pending++;
	state->pending_open += probe->expect_open;
	return 0;
}

void pg_probe_close(struct pg_probe_state *state)
{
	pg_array_foreach(flow, &state->flows) {
		if (flow->fd >= 0)
			close(flow->fd);
	}
	pg_array_foreach(listener, &state->listeners) {
		if (listener->fd >= 0)
			close(listener->fd);
	}
	state->flows.count = state->listeners.count = 0;
	state->pending = state->pending_open = 0;
	memset(state->by_port, 0, sizeof(state->by_port));
}

uint64_t pg_probe_token(const struct pg_probe_state *state, const struct pg_probe_flow *flow)
{
	return (state->nonce & ~0xffffull) | flow->port;
}

struct pg_probe_flow *pg_probe_flow_by_port(struct pg_probe_state *state, uint16_t port)
{
	uint16_t number = 0;

	if (port >= PG_PROBE_FIRST_PORT)
		number = state->by_port[port - PG_PROBE_FIRST_PORT];
	return number ? &state->flows.items[number - 1] : NULL;
}
