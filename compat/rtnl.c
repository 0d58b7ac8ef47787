// SPDX-License-Identifier: GPL-2.0-only
#include "compat/rtnl.h"

#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include "compat/errtext.h"
#include "compat/rtnl_internal.h"

int pg_rtnl_new(struct pg_rtnl **ret_rtnl)
{
	_cleanup_rtnl_ struct pg_rtnl *rtnl = calloc(1, sizeof(*rtnl));
	int on = 1;

	if (!rtnl)
		return -ENOMEM;
	rtnl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!rtnl->socket || mnl_socket_bind(rtnl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	/* Kernels before 4.12 give bare numbers: so be it. */
	mnl_socket_setsockopt(rtnl->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(rtnl->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	rtnl->portid = mnl_socket_get_portid(rtnl->socket);
	*ret_rtnl = PG_TAKE(rtnl);
	return 0;
}

void pg_rtnl_free(struct pg_rtnl *rtnl)
{
	if (!rtnl)
		return;
	if (rtnl->socket)
		mnl_socket_close(rtnl->socket);
	free(rtnl);
}

void pg_rtnl_free_cleanup(struct pg_rtnl **rtnl)
{
	pg_rtnl_free(*rtnl);
}

static const char *request_name(uint16_t type)
{
	switch (type) {
	case RTM_NEWLINK:
		return "add or change link";
	case RTM_DELLINK:
		return "delete link";
	case RTM_NEWADDR:
		return "add address";
	case RTM_NEWROUTE:
		return "add route";
	case RTM_NEWNEIGH:
		return "add neighbour";
	case RTM_DELNEIGH:
		return "delete neighbour";
	default:
		return "request";
	}
}

static int find_message(const struct nlattr *attr, void *text)
{
	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    !mnl_attr_validate(attr, MNL_TYPE_STRING))
		*(const char **)text = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

/* Remembers the first error of a group, in the kernel's own words where it has some. */
static void remember(struct pg_rtnl *rtnl, const struct nlmsghdr *reply)
{
	const struct nlmsgerr *failed = mnl_nlmsg_get_payload(reply);
	char meaning[PG_ERRTEXT_MAX];
	const char *text = NULL;

	if (rtnl->err)
		return;
	rtnl->err = failed->error;
	if (reply->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(reply, sizeof(*failed), find_message, &text);
	snprintf(rtnl->error, sizeof(rtnl->error), "%s: %s", request_name(failed->msg.nlmsg_type),
		 text ? text : pg_errtext(failed->error, meaning));
}

static void remember_errno(struct pg_rtnl *rtnl, const char *what)
{
	int error = errno;
	char meaning[PG_ERRTEXT_MAX];

	if (rtnl->err)
		return;
	rtnl->err = -error;
	snprintf(rtnl->error, sizeof(rtnl->error), "%s: %s", what, pg_errtext(error, meaning));
}

/* Errors come as they happen; the last request of a batch asked for an answer in any case. */
static bool read_replies(struct pg_rtnl *rtnl, size_t length, uint32_t last)
{
	const struct nlmsghdr *reply = (const struct nlmsghdr *)rtnl->reply;
	int left = (int)length;

	for (; mnl_nlmsg_ok(reply, left); reply = mnl_nlmsg_next(reply, &left)) {
		const struct nlmsgerr *answer = mnl_nlmsg_get_payload(reply);

		if (reply->nlmsg_type != NLMSG_ERROR ||
		    mnl_nlmsg_get_payload_len(reply) < sizeof(*answer))
			continue;
		if (answer->error)
			remember(rtnl, reply);
		if (reply->nlmsg_seq == last)
			return false;
	}
	return true;
}

static void flush_batch(struct pg_rtnl *rtnl)
{
	ssize_t length;
	uint32_t last;

	if (!rtnl->last)
		return;
	/* Not the latest number of all: lists may have been asked for since. */
	last = rtnl->last->nlmsg_seq;
	rtnl->last->nlmsg_flags |= NLM_F_ACK;
	length = mnl_socket_sendto(rtnl->socket, rtnl->batch, rtnl->used);
	rtnl->last = NULL;
	rtnl->used = 0;
	if (length < 0) {
		remember_errno(rtnl, "send to rtnetlink");
		return;
	}
	do {
		length = mnl_socket_recvfrom(rtnl->socket, rtnl->reply, sizeof(rtnl->reply));
		if (length < 0 && errno != EINTR) {
			remember_errno(rtnl, "receive from rtnetlink");
			return;
		}
	} while (length < 0 || read_replies(rtnl, (size_t)length, last));
}

struct nlmsghdr *pg_rtnl_begin(struct pg_rtnl *rtnl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *request;

	if (rtnl->used + PG_RTNL_REQUEST > sizeof(rtnl->batch))
		flush_batch(rtnl);
	request = mnl_nlmsg_put_header(rtnl->batch + rtnl->used);
	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	request->nlmsg_seq = ++rtnl->sequence;
	return request;
}

void pg_rtnl_end(struct pg_rtnl *rtnl, struct nlmsghdr *request)
{
	rtnl->last = request;
	rtnl->used += MNL_ALIGN(request->nlmsg_len);
}

int pg_rtnl_commit(struct pg_rtnl *rtnl)
{
	int err;

	flush_batch(rtnl);
	err = rtnl->err;
	rtnl->err = 0;
	return err;
}

const char *pg_rtnl_error(const struct pg_rtnl *rtnl)
{
	return rtnl->error;
}

static struct ifinfomsg up(uint32_t index)
{
	return (struct ifinfomsg){
		.ifi_family = AF_UNSPEC,
		.ifi_index = (int)index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
}

static void put_end(struct nlmsghdr *request, const struct pg_rtnl_end *link)
{
	static const uint8_t chosen[sizeof(link->mac)];

	mnl_attr_put_strz(request, IFLA_IFNAME, link->name);
	if (memcmp(link->mac, chosen, sizeof(chosen)))
		mnl_attr_put(request, IFLA_ADDRESS, sizeof(link->mac), link->mac);
	if (link->master)
		mnl_attr_put_u32(request, IFLA_MASTER, link->master);
	if (link->netns >= 0)
		mnl_attr_put_u32(request, IFLA_NET_NS_FD, (uint32_t)link->netns);
}

static struct nlmsghdr *begin_link(struct pg_rtnl *rtnl, const struct pg_rtnl_end *link)
{
	struct nlmsghdr *request = pg_rtnl_begin(rtnl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);

	*(struct ifinfomsg *)mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg)) =
		up(link->index);
	put_end(request, link);
	return request;
}

void pg_rtnl_add_bridge(struct pg_rtnl *rtnl, const struct pg_rtnl_end *bridge)
{
	struct nlmsghdr *request = begin_link(rtnl, bridge);
	struct nlattr *info = mnl_attr_nest_start(request, IFLA_LINKINFO);

	mnl_attr_put_strz(request, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(request, info);
	pg_rtnl_end(rtnl, request);
}

void pg_rtnl_add_veth(struct pg_rtnl *rtnl, const struct pg_rtnl_end *near,
		      const struct pg_rtnl_end *far)
{
	struct nlmsghdr *request = begin_link(rtnl, near);
	struct nlattr *info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	struct nlattr *data, *peer;
	struct ifinfomsg *msg;

	mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
	msg = mnl_nlmsg_put_extra_header(request, sizeof(*msg));
	msg->ifi_index = (int)far->index;
	put_end(request, far);
	mnl_attr_nest_end(request, peer);
	mnl_attr_nest_end(request, data);
	mnl_attr_nest_end(request, info);
	pg_rtnl_end(rtnl, request);
}

void pg_rtnl_set_up(struct pg_rtnl *rtnl, uint32_t index)
{
	struct nlmsghdr *request = pg_rtnl_begin(rtnl, RTM_NEWLINK, 0);

	*(struct ifinfomsg *)mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg)) =
		up(index);
	pg_rtnl_end(rtnl, request);
}

void pg_rtnl_delete_link(struct pg_rtnl *rtnl, uint32_t index)
{
	struct nlmsghdr *request = pg_rtnl_begin(rtnl, RTM_DELLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_index = (int)index;
	pg_rtnl_end(rtnl, request);
}

static size_t addr_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

void pg_rtnl_add_addr(struct pg_rtnl *rtnl, uint32_t index, int family, const void *addr,
		      uint8_t length)
{
	struct nlmsghdr *request = pg_rtnl_begin(rtnl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *msg = mnl_nlmsg_put_extra_header(request, sizeof(*msg));

	*msg = (struct ifaddrmsg){
		.ifa_family = (uint8_t)family,
		.ifa_prefixlen = length,
		.ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0,
		.ifa_index = index,
	};
	mnl_attr_put(request, IFA_LOCAL, addr_size(family), addr);
	mnl_attr_put(request, IFA_ADDRESS, addr_size(family), addr);
	pg_rtnl_end(rtnl, request);
}

void pg_rtnl_add_route(struct pg_rtnl *rtnl, const struct pg_rtnl_route *route)
{
	struct nlmsghdr *request = pg_rtnl_begin(rtnl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *msg = mnl_nlmsg_put_extra_header(request, sizeof(*msg));
	size_t size = addr_size(route->family);

	*msg = (struct rtmsg){
		.rtm_family = (uint8_t)route->family,
		.rtm_dst_len = route->length,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = route->gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = route->gateway ? RTNH_F_ONLINK : 0,
	};
	if (route->dst)
		mnl_attr_put(request, RTA_DST, size, route->dst);
	if (route->gateway)
		mnl_attr_put(request, RTA_GATEWAY, size, route->gateway);
	if (route->source)
		mnl_attr_put(request, RTA_PREFSRC, size, route->source);
	mnl_attr_put_u32(request, RTA_OIF, route->index);
	pg_rtnl_end(rtnl, request);
}

void pg_rtnl_add_neighbour(struct pg_rtnl *rtnl, uint32_t index, int family, const void *addr,
			   const uint8_t mac[6])
{
	struct nlmsghdr *request = pg_rtnl_begin(rtnl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
	struct ndmsg *msg = mnl_nlmsg_put_extra_header(request, sizeof(*msg));

	*msg = (struct ndmsg){
		.ndm_family = (uint8_t)family,
		.ndm_ifindex = (int)index,
		.ndm_state = NUD_PERMANENT,
	};
	mnl_attr_put(request, NDA_DST, addr_size(family), addr);
	mnl_attr_put(request, NDA_LLADDR, 6, mac);
	pg_rtnl_end(rtnl, request);
}
