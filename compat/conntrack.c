// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat/conntrack.h"

static uint16_t make_type(uint16_t message)
{
	return NFNL_SUBSYS_CTNETLINK << 8 | message;
}

/* nfnetlink says "invalid" of messages for a subsystem that nobody provides. */
static int translate(int err)
{
	return err == -EINVAL || err == -EPROTONOSUPPORT ? -EOPNOTSUPP : err;
}

static void read_bytes(const struct nlattr *attr, void *bytes, size_t size)
{
	memcpy(bytes, mnl_attr_get_payload(attr), PG_MIN(size, mnl_attr_get_payload_len(attr)));
}

static uint16_t read_port(const struct nlattr *attr)
{
	uint16_t port = 0;

	read_bytes(attr, &port, sizeof(port));
	return ntohs(port);
}

static void read_addresses(const struct nlattr *nest, struct pg_ct_tuple *tuple)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
	{
		switch (mnl_attr_get_type(attr)) {
		case CTA_IP_V4_SRC:
		case CTA_IP_V6_SRC:
			read_bytes(attr, tuple->src, sizeof(tuple->src));
			break;
		case CTA_IP_V4_DST:
		case CTA_IP_V6_DST:
			read_bytes(attr, tuple->dst, sizeof(tuple->dst));
			break;
		}
	}
}

static void read_proto(const struct nlattr *nest, struct pg_ct_tuple *tuple, uint8_t *proto)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
	{
		switch (mnl_attr_get_type(attr)) {
		case CTA_PROTO_NUM:
			read_bytes(attr, proto, sizeof(*proto));
			break;
		case CTA_PROTO_SRC_PORT:
		case CTA_PROTO_ICMP_ID:
		case CTA_PROTO_ICMPV6_ID:
			tuple->sport = read_port(attr);
			break;
		case CTA_PROTO_DST_PORT:
			tuple->dport = read_port(attr);
			break;
		case CTA_PROTO_ICMP_TYPE:
		case CTA_PROTO_ICMPV6_TYPE:
			read_bytes(attr, &tuple->icmp_type, sizeof(tuple->icmp_type));
			break;
		}
	}
}

static void read_tuple(const struct nlattr *nest, struct pg_ct_tuple *tuple, uint8_t *proto)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
	{
		if (mnl_attr_get_type(attr) == CTA_TUPLE_IP)
			read_addresses(attr, tuple);
		else if (mnl_attr_get_type(attr) == CTA_TUPLE_PROTO)
			read_proto(attr, tuple, proto);
	}
}

static void read_protoinfo(const struct nlattr *nest, uint8_t *tcp_state)
{
	const struct nlattr *attr, *member;

	mnl_attr_for_each_nested(attr, nest)
	{
		if (mnl_attr_get_type(attr) != CTA_PROTOINFO_TCP)
			continue;
		mnl_attr_for_each_nested(member, attr)
		{
			if (mnl_attr_get_type(member) == CTA_PROTOINFO_TCP_STATE)
				read_bytes(member, tcp_state, sizeof(*tcp_state));
		}
	}
}

static bool read_replied(const struct nlattr *attr)
{
	uint32_t status = 0;

	read_bytes(attr, &status, sizeof(status));
	return ntohl(status) & IPS_SEEN_REPLY;
}

/* 0, or -EBADMSG: longer than any tuple is. */
static int read_key(const struct nlattr *attr, struct pg_ct_key *key)
{
	size_t length = mnl_attr_get_payload_len(attr);

	if (length > sizeof(key->bytes))
		return -EBADMSG;
	read_bytes(attr, key->bytes, sizeof(key->bytes));
	key->length = (uint16_t)length;
	return 0;
}

static int read_attribute(const struct nlattr *attr, struct pg_ct_flow *flow)
{
	switch (mnl_attr_get_type(attr)) {
	case CTA_TUPLE_ORIG:
		read_tuple(attr, &flow->original, &flow->proto);
		return read_key(attr, &flow->key);
	case CTA_TUPLE_REPLY:
		read_tuple(attr, &flow->reply, &flow->proto);
		return 0;
	case CTA_TUPLE_MASTER:
		return read_key(attr, &flow->master);
	case CTA_STATUS:
		flow->replied = read_replied(attr);
		return 0;
	case CTA_PROTOINFO:
		read_protoinfo(attr, &flow->tcp_state);
		return 0;
	case CTA_ZONE:
		read_bytes(attr, &flow->zone, sizeof(flow->zone));
		return 0;
	case CTA_ID:
		read_bytes(attr, &flow->id, sizeof(flow->id));
		return 0;
	default:
		return 0;
	}
}

static int read_flow(const struct nlmsghdr *message, struct pg_ct_flow *ret_flow)
{
	const struct nfgenmsg *generic = mnl_nlmsg_get_payload(message);
	struct pg_ct_flow flow = { 0 };
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*generic))
		return -EBADMSG;
	flow.family = generic->nfgen_family == AF_INET6 ? 6 : 4;
	mnl_attr_for_each(attr, message, sizeof(*generic))
	{
		int err = read_attribute(attr, &flow);

		if (err)
			return err;
	}
	if (!flow.key.length)
		return -EBADMSG;
	*ret_flow = flow;
	return 0;
}

static int stop(int err)
{
	errno = -err;
	return MNL_CB_ERROR;
}

struct dump {
	int (*callback)(const struct pg_ct_flow *flow, void *data);
	void *data;
};

static int take_flow(const struct nlmsghdr *message, void *data)
{
	const struct dump *dump = data;
	struct pg_ct_flow flow;
	int err = read_flow(message, &flow);

	if (!err)
		err = dump->callback(&flow, dump->data);
	return err ? stop(err) : MNL_CB_OK;
}

static int ignore(const struct nlmsghdr *message PG_UNUSED, void *data PG_UNUSED)
{
	return MNL_CB_OK;
}

static int keep_flow(const struct nlmsghdr *message, void *data)
{
	int err = read_flow(message, data);

	return err ? stop(err) : MNL_CB_OK;
}

int pg_ct_probe(struct pg_nfnl *nfnl)
{
	char buffer[PG_NFNL_MESSAGE_MAX];
	const struct nlmsghdr *request =
		pg_nfnl_request(nfnl, buffer, make_type(IPCTNL_MSG_CT_GET_STATS), AF_UNSPEC, 0);

	return translate(pg_nfnl_talk(nfnl, request, ignore, NULL));
}

int pg_ct_dump(struct pg_nfnl *nfnl, int (*callback)(const struct pg_ct_flow *flow, void *data),
	       void *data)
{
	char buffer[PG_NFNL_MESSAGE_MAX];
	const struct nlmsghdr *request =
		pg_nfnl_request(nfnl, buffer, make_type(IPCTNL_MSG_CT_GET), AF_UNSPEC, NLM_F_DUMP);
	struct dump dump = { callback, data };

	return translate(pg_nfnl_talk(nfnl, request, take_flow, &dump));
}

/* A request about one flow. Without a tuple the kernel would take it as one about all. */
static struct nlmsghdr *ask(struct pg_nfnl *nfnl, void *buffer, uint16_t message,
			    const struct pg_ct_flow *flow, const struct pg_ct_key *key)
{
	struct nlmsghdr *request = pg_nfnl_request(nfnl, buffer, make_type(message),
						   flow->family == 4 ? AF_INET : AF_INET6, 0);

	mnl_attr_put(request, NLA_F_NESTED | CTA_TUPLE_ORIG, key->length, key->bytes);
	if (flow->zone)
		mnl_attr_put(request, CTA_ZONE, sizeof(flow->zone), &flow->zone);
	return request;
}

int pg_ct_master(struct pg_nfnl *nfnl, const struct pg_ct_flow *flow, struct pg_ct_flow *ret_master)
{
	char buffer[PG_NFNL_MESSAGE_MAX];
	struct pg_ct_flow master = { 0 };
	int err;

	if (!flow->master.length)
		return -ENOENT;
	err = pg_nfnl_talk(nfnl, ask(nfnl, buffer, IPCTNL_MSG_CT_GET, flow, &flow->master),
			   keep_flow, &master);
	if (err)
		return translate(err);
	*ret_master = master;
	return 0;
}

int pg_ct_delete(struct pg_nfnl *nfnl, const struct pg_ct_flow *flow)
{
	char buffer[PG_NFNL_MESSAGE_MAX];
	struct nlmsghdr *request = ask(nfnl, buffer, IPCTNL_MSG_CT_DELETE, flow, &flow->key);

	/* Another flow may have this tuple by now. */
	mnl_attr_put(request, CTA_ID, sizeof(flow->id), &flow->id);
	return translate(pg_nfnl_talk(nfnl, request, ignore, NULL));
}

/* The kernel's setting of this namespace, or its default. In seconds. */
static uint32_t read_timeout(const char *name, uint32_t otherwise)
{
	_cleanup_close_ int fd = -1;
	char path[96], text[16] = { 0 };

	snprintf(path, sizeof(path), "/proc/sys/net/netfilter/nf_conntrack_%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return otherwise;
	return (uint32_t)strtoul(text, NULL, 10);
}

uint32_t pg_ct_lifetime(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return read_timeout("tcp_timeout_established", 432000);
	case IPPROTO_UDP:
		return read_timeout("udp_timeout_stream", 120);
	default:
		return read_timeout("generic_timeout", 600);
	}
}

static void put_tuple(struct nlmsghdr *request, uint16_t type, const struct pg_ct_flow *flow,
		      const struct pg_ct_tuple *tuple)
{
	struct nlattr *nest = mnl_attr_nest_start(request, type), *part;
	bool v6 = flow->family == 6;

	part = mnl_attr_nest_start(request, CTA_TUPLE_IP);
	mnl_attr_put(request, v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, v6 ? 16 : 4, tuple->src);
	mnl_attr_put(request, v6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, v6 ? 16 : 4, tuple->dst);
	mnl_attr_nest_end(request, part);
	part = mnl_attr_nest_start(request, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(request, CTA_PROTO_NUM, flow->proto);
	mnl_attr_put_u16(request, CTA_PROTO_SRC_PORT, htons(tuple->sport));
	mnl_attr_put_u16(request, CTA_PROTO_DST_PORT, htons(tuple->dport));
	mnl_attr_nest_end(request, part);
	mnl_attr_nest_end(request, nest);
}

static void put_tcp(struct nlmsghdr *request)
{
	struct nf_ct_tcp_flags flags = { IP_CT_TCP_FLAG_BE_LIBERAL, IP_CT_TCP_FLAG_BE_LIBERAL };
	struct nlattr *nest = mnl_attr_nest_start(request, CTA_PROTOINFO), *tcp;

	tcp = mnl_attr_nest_start(request, CTA_PROTOINFO_TCP);
	mnl_attr_put_u8(request, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	mnl_attr_put(request, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, sizeof(flags), &flags);
	mnl_attr_put(request, CTA_PROTOINFO_TCP_FLAGS_REPLY, sizeof(flags), &flags);
	mnl_attr_nest_end(request, tcp);
	mnl_attr_nest_end(request, nest);
}

int pg_ct_establish(struct pg_nfnl *nfnl, const struct pg_ct_flow *flow, uint32_t seconds)
{
	char buffer[PG_NFNL_MESSAGE_MAX];
	struct nlmsghdr *request =
		pg_nfnl_request(nfnl, buffer, make_type(IPCTNL_MSG_CT_NEW),
				flow->family == 4 ? AF_INET : AF_INET6, NLM_F_CREATE);

	put_tuple(request, CTA_TUPLE_ORIG, flow, &flow->original);
	put_tuple(request, CTA_TUPLE_REPLY, flow, &flow->reply);
	/* A flow that is known is confirmed, and can't cease to be. */
	mnl_attr_put_u32(request, CTA_STATUS, htonl(IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED));
	mnl_attr_put_u32(request, CTA_TIMEOUT, htonl(seconds));
	if (flow->proto == IPPROTO_TCP)
		put_tcp(request);
	return translate(pg_nfnl_talk(nfnl, request, ignore, NULL));
}
