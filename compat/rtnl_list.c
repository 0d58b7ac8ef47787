// SPDX-License-Identifier: GPL-2.0-only
/* What a namespace has, read from rtnetlink. */
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "compat/rtnl_internal.h"

void pg_rtnl_links_done(struct pg_rtnl_links *links)
{
	free(links->list.items);
	*links = (struct pg_rtnl_links){ 0 };
}

void pg_rtnl_addrs_done(struct pg_rtnl_addrs *addrs)
{
	free(addrs->list.items);
	*addrs = (struct pg_rtnl_addrs){ 0 };
}

/* Sends a request and gives each answer to `parse`: MNL_CB_OK for more, or -1 and errno. */
static int ask(struct pg_rtnl *rtnl, struct nlmsghdr *request, mnl_cb_t parse, void *data)
{
	int state = MNL_CB_OK;

	request->nlmsg_seq = ++rtnl->sequence;
	if (mnl_socket_sendto(rtnl->socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (state == MNL_CB_OK) {
		ssize_t length =
			mnl_socket_recvfrom(rtnl->socket, rtnl->reply, sizeof(rtnl->reply));

		if (length < 0)
			return -errno;
		state = mnl_cb_run(rtnl->reply, (size_t)length, request->nlmsg_seq, rtnl->portid,
				   parse, data);
		if (state < 0)
			return -errno;
	}
	return 0;
}

static int dump(struct pg_rtnl *rtnl, uint16_t type, size_t header_size, mnl_cb_t parse, void *list)
{
	char buffer[64] = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(request, header_size);
	return ask(rtnl, request, parse, list);
}

static int parse_kind(const struct nlattr *attr, void *data)
{
	struct pg_rtnl_link *link = data;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND && !mnl_attr_validate(attr, MNL_TYPE_STRING))
		snprintf(link->kind, sizeof(link->kind), "%s", mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

static int parse_link_attr(const struct nlattr *attr, void *data)
{
	struct pg_rtnl_link *link = data;
	uint16_t length = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		snprintf(link->name, sizeof(link->name), "%.*s", (int)length,
			 mnl_attr_get_str(attr));
		break;
	case IFLA_LINK:
		if (length == sizeof(uint32_t))
			link->peer = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINK_NETNSID:
		if (length == sizeof(uint32_t))
			link->peer_ns = (int32_t)mnl_attr_get_u32(attr);
		break;
	case IFLA_MTU:
		if (length == sizeof(uint32_t))
			link->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_QDISC:
		snprintf(link->qdisc, sizeof(link->qdisc), "%.*s", (int)length,
			 mnl_attr_get_str(attr));
		break;
	case IFLA_MASTER:
		if (length == sizeof(uint32_t))
			link->master = mnl_attr_get_u32(attr);
		break;
	case IFLA_ADDRESS:
		if (length == sizeof(link->mac))
			memcpy(link->mac, mnl_attr_get_payload(attr), sizeof(link->mac));
		break;
	case IFLA_LINKINFO:
		return mnl_attr_parse_nested(attr, parse_kind, link);
	}
	return MNL_CB_OK;
}

static int parse_link(const struct nlmsghdr *message, void *data)
{
	struct pg_rtnl_links *links = data;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct pg_rtnl_link *link;

	if (message->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*info))
		return MNL_CB_OK;
	link = pg_array_add(&links->list);
	if (!link) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	*link = (struct pg_rtnl_link){
		.index = (uint32_t)info->ifi_index,
		.flags = info->ifi_flags,
		.peer_ns = -1,
	};
	return mnl_attr_parse(message, sizeof(*info), parse_link_attr, link);
}

static int compare_links(const void *a, const void *b)
{
	const struct pg_rtnl_link *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

int pg_rtnl_links(struct pg_rtnl *rtnl, struct pg_rtnl_links *ret_links)
{
	_cleanup_rtnl_links_ struct pg_rtnl_links links = { 0 };
	int err = dump(rtnl, RTM_GETLINK, sizeof(struct ifinfomsg), parse_link, &links);

	if (err)
		return err;
	if (links.list.count)
		qsort(links.list.items, links.list.count, sizeof(*links.list.items), compare_links);
	*ret_links = links;
	links = (struct pg_rtnl_links){ 0 };
	return 0;
}

static int parse_one_link(const struct nlmsghdr *message, void *data)
{
	int state = parse_link(message, data);

	return state < 0 ? state : MNL_CB_STOP;
}

int pg_rtnl_link(struct pg_rtnl *rtnl, uint32_t index, struct pg_rtnl_link *ret_link)
{
	_cleanup_rtnl_links_ struct pg_rtnl_links links = { 0 };
	char buffer[64] = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;
	int err;

	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifi_index = (int)index;
	mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	err = ask(rtnl, request, parse_one_link, &links);
	if (err)
		return err;
	if (!links.list.count)
		return -ENODEV;
	*ret_link = links.list.items[0];
	return 0;
}

static int parse_addr_attr(const struct nlattr *attr, void *data)
{
	struct pg_rtnl_addr *addr = data;
	uint16_t type = mnl_attr_get_type(attr), length = mnl_attr_get_payload_len(attr);

	/* IFA_LOCAL comes after IFA_ADDRESS, which on point-to-point links is the other end's. */
	if ((type == IFA_ADDRESS || type == IFA_LOCAL) && length <= sizeof(addr->bytes))
		memcpy(addr->bytes, mnl_attr_get_payload(attr), length);
	return MNL_CB_OK;
}

static int parse_addr(const struct nlmsghdr *message, void *data)
{
	struct pg_rtnl_addrs *addrs = data;
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	struct pg_rtnl_addr *addr;

	if (message->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*info) ||
	    (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return MNL_CB_OK;
	addr = pg_array_add(&addrs->list);
	if (!addr) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	*addr = (struct pg_rtnl_addr){
		.index = info->ifa_index,
		.family = info->ifa_family,
		.length = info->ifa_prefixlen,
	};
	return mnl_attr_parse(message, sizeof(*info), parse_addr_attr, addr);
}

static int compare_addrs(const void *a, const void *b)
{
	const struct pg_rtnl_addr *left = a, *right = b;

	if (left->index != right->index)
		return left->index > right->index ? 1 : -1;
	if (left->family != right->family)
		return left->family > right->family ? 1 : -1;
	return memcmp(left->bytes, right->bytes, sizeof(left->bytes));
}

int pg_rtnl_addrs(struct pg_rtnl *rtnl, struct pg_rtnl_addrs *ret_addrs)
{
	_cleanup_rtnl_addrs_ struct pg_rtnl_addrs addrs = { 0 };
	int err = dump(rtnl, RTM_GETADDR, sizeof(struct ifaddrmsg), parse_addr, &addrs);

	if (err)
		return err;
	if (addrs.list.count)
		qsort(addrs.list.items, addrs.list.count, sizeof(*addrs.list.items), compare_addrs);
	*ret_addrs = addrs;
	addrs = (struct pg_rtnl_addrs){ 0 };
	return 0;
}

struct neighbour {
	uint32_t index; /* of its link */
	uint8_t bytes[16];
	uint8_t length; /* 4 or 16 */
};

struct neighbours {
	int family;
	struct pg_array(struct neighbour) list;
};

static int parse_neighbour_attr(const struct nlattr *attr, void *data)
{
	struct neighbour *neighbour = data;
	uint16_t length = mnl_attr_get_payload_len(attr);

	if (mnl_attr_get_type(attr) == NDA_DST && length <= sizeof(neighbour->bytes)) {
		memcpy(neighbour->bytes, mnl_attr_get_payload(attr), length);
		neighbour->length = (uint8_t)length;
	}
	return MNL_CB_OK;
}

static int parse_neighbour(const struct nlmsghdr *message, void *data)
{
	struct neighbours *neighbours = data;
	const struct ndmsg *info = mnl_nlmsg_get_payload(message);
	struct neighbour *neighbour;

	if (message->nlmsg_type != RTM_NEWNEIGH ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*info) ||
	    info->ndm_family != neighbours->family || info->ndm_state & (NUD_PERMANENT | NUD_NOARP))
		return MNL_CB_OK;
	neighbour = pg_array_add(&neighbours->list);
	if (!neighbour) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	neighbour->index = (uint32_t)info->ndm_ifindex;
	return mnl_attr_parse(message, sizeof(*info), parse_neighbour_attr, neighbour);
}

int pg_rtnl_forget_neighbours(struct pg_rtnl *rtnl, int family)
{
	struct neighbours neighbours = { .family = family };
	int err = dump(rtnl, RTM_GETNEIGH, sizeof(struct ndmsg), parse_neighbour, &neighbours);

	pg_array_foreach(neighbour, &neighbours.list) {
		struct nlmsghdr *request = pg_rtnl_begin(rtnl, RTM_DELNEIGH, 0);
		struct ndmsg *msg = mnl_nlmsg_put_extra_header(request, sizeof(*msg));

		msg->ndm_family = (uint8_t)family;
		msg->ndm_ifindex = (int)neighbour->index;
		mnl_attr_put(request, NDA_DST, neighbour->length, neighbour->bytes);
		pg_rtnl_end(rtnl, request);
	}
	free(neighbours.list.items);
	return err;
}

struct overflows {
	int family;
	uint64_t count;
};

static int parse_table_attr(const struct nlattr *attr, void *data)
{
	struct ndt_stats stats = { 0 };

	if (mnl_attr_get_type(attr) == NDTA_STATS) {
		memcpy(&stats, mnl_attr_get_payload(attr),
		       PG_MIN(sizeof(stats), (size_t)mnl_attr_get_payload_len(attr)));
		*(uint64_t *)data = stats.ndts_table_fulls;
	}
	return MNL_CB_OK;
}

/* Of each family there is one message with statistics, and one for each of its interfaces. */
static int parse_table(const struct nlmsghdr *message, void *data)
{
	struct overflows *overflows = data;
	const struct ndtmsg *table = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != RTM_NEWNEIGHTBL ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*table) ||
	    table->ndtm_family != overflows->family)
		return MNL_CB_OK;
	return mnl_attr_parse(message, sizeof(*table), parse_table_attr, &overflows->count);
}

int pg_rtnl_neighbour_overflows(struct pg_rtnl *rtnl, int family, uint64_t *ret_count)
{
	struct overflows overflows = { .family = family };
	int err = dump(rtnl, RTM_GETNEIGHTBL, sizeof(struct ndtmsg), parse_table, &overflows);

	if (err)
		return err;
	*ret_count = overflows.count;
	return 0;
}

const struct pg_rtnl_link *pg_rtnl_links_by_name(const struct pg_rtnl_links *links,
						 const char *name)
{
	pg_array_foreach(link, &links->list) {
		if (!strcmp(link->name, name))
			return link;
	}
	return NULL;
}

const struct pg_rtnl_link *pg_rtnl_links_by_index(const struct pg_rtnl_links *links, uint32_t index)
{
	struct pg_rtnl_link wanted = { .index = index };

	if (!links->list.count)
		return NULL;
	return bsearch(&wanted, links->list.items, links->list.count, sizeof(wanted),
		       compare_links);
}

static int parse_nsid_attr(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == NETNSA_NSID &&
	    mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
		*(int32_t *)data = (int32_t)mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int parse_nsid(const struct nlmsghdr *message, void *data)
{
	int state = mnl_attr_parse(message, sizeof(struct rtgenmsg), parse_nsid_attr, data);

	return state < 0 ? state : MNL_CB_STOP;
}

int pg_rtnl_netns_id(struct pg_rtnl *rtnl, int netns, int32_t *ret_id)
{
	char buffer[64] = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	int32_t id = NETNSA_NSID_NOT_ASSIGNED;
	int err;

	request->nlmsg_type = RTM_GETNSID;
	request->nlmsg_flags = NLM_F_REQUEST;
	mnl_nlmsg_put_extra_header(request, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(request, NETNSA_FD, (uint32_t)netns);
	err = ask(rtnl, request, parse_nsid, &id);
	if (err)
		return err;
	*ret_id = id;
	return 0;
}
