// SPDX-License-Identifier: GPL-2.0-only
#include "backends/ebpf/uplink.h"

#include <linux/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "compat/errtext.h"
#include "compat/strbuf.h"

/* Packets are given Ethernet headers, and found behind them. */
static bool is_ethernet(const char *name)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return fd >= 0 && !ioctl(fd, SIOCGIFHWADDR, &request) &&
	       request.ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

static bool is_endpoints(const struct pg_intent *intent, const char *name)
{
	pg_array_foreach(endpoint, &intent->endpoints->list) {
		if (endpoint->interface && !strcmp(endpoint->interface, name))
			return true;
	}
	return false;
}

/* NULL: nothing is wrong with it. */
static const char *find_fault(const struct pg_intent *intent, const struct pg_rtnl_links *links)
{
	const struct pg_rtnl_link *link = pg_rtnl_links_by_name(links, intent->uplink);
	const struct pg_rtnl_link *master;

	if (!link)
		return "there is no such interface";
	if (is_endpoints(intent, intent->uplink))
		return "it is an endpoint's interface";
	if (!strcmp(link->kind, "bridge"))
		return "it is a bridge; name the interface that is routed to";
	master = link->master ? pg_rtnl_links_by_index(links, link->master) : NULL;
	if (link->master && (!master || strcmp(master->kind, "vrf") != 0))
		return "it is a port of another interface, where nothing is routed to";
	return is_ethernet(intent->uplink) ? NULL : "it isn't Ethernet";
}

static int report(const struct pg_intent *intent, const char *fault, struct pg_diags *diags)
{
	_cleanup_strbuf_ struct pg_strbuf name = { 0 };

	pg_strbuf_add_escaped(&name, intent->uplink, strlen(intent->uplink));
	if (pg_strbuf_error(&name))
		return -ENOMEM;
	pg_error(diags, PG_LOC_NONE, "'%s' can't be the uplink: %s", name.text, fault);
	return -ENODEV;
}

int pg_uplink_check(const struct pg_intent *intent, struct pg_diags *diags)
{
	_cleanup_rtnl_links_ struct pg_rtnl_links links = { 0 };
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	const char *fault;
	int err;

	if (!intent->uplink)
		return 0;
	err = pg_rtnl_new(&rtnl);
	err = err ?: pg_rtnl_links(rtnl, &links);
	if (err) {
		pg_error(diags, PG_LOC_NONE, "cannot list interfaces: %s", PG_ERRTEXT(-err));
		return err;
	}
	fault = find_fault(intent, &links);
	return fault ? report(intent, fault, diags) : 0;
}

uint32_t pg_uplink_mtu(struct pg_rtnl *rtnl, uint32_t ifindex)
{
	struct pg_rtnl_link link = { 0 };

	return rtnl && !pg_rtnl_link(rtnl, ifindex, &link) ? link.mtu : 0;
}
