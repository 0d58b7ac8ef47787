// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/lab/hosts.h"

#include <sys/socket.h>

#include "compat/errtext.h"
#include "compat/netns.h"
#include "compat/rtnl.h"
#include "frontend/lab/lab_internal.h"

_Static_assert(PG_LAB_HOSTS_FIRST_IF == PG_LAB_VETH_INDEX, "as in a lab of one host");

static const uint8_t families[] = { 4, 6 };

/* Of each host's containers: the third byte of IPv4, the second of IPv6's second pair. */
static const uint8_t subnet4[PG_LAB_HOSTS] = { 192, 191 };
static const uint8_t subnet6[PG_LAB_HOSTS] = { 0xc0, 0xbf };

static struct pg_addr addr_of(uint8_t family, uint8_t subnet, uint8_t last)
{
	struct pg_addr addr = { .family = family };

	if (family == 4) {
		addr.bytes[0] = 10;
		addr.bytes[2] = subnet;
		addr.bytes[3] = last;
		return addr;
	}
	addr.bytes[0] = 0xfd;
	addr.bytes[3] = subnet;
	addr.bytes[15] = last;
	return addr;
}

static uint8_t subnet_of(unsigned host, uint8_t family)
{
	return family == 4 ? subnet4[host] : subnet6[host];
}

struct pg_addr pg_lab_hosts_gateway(unsigned host, uint8_t family)
{
	return addr_of(family, subnet_of(host, family), 1);
}

struct pg_addr pg_lab_hosts_addr(unsigned host, unsigned container, uint8_t family)
{
	return addr_of(family, subnet_of(host, family), (uint8_t)(2 + container));
}

static struct pg_addr link_addr(unsigned host, uint8_t family)
{
	return addr_of(family, 0, (uint8_t)(1 + host));
}

static int af_of(uint8_t family)
{
	return family == 4 ? AF_INET : AF_INET6;
}

static uint8_t subnet_length(uint8_t family)
{
	return family == 4 ? 24 : 64;
}

struct wiring {
	const struct pg_lab_hosts *hosts;
	unsigned host;
	bool bridged;
	struct pg_rtnl *rtnl;
};

/* Locally administered; the host's ends have the same one, so that containers find it without asking. */
static void set_mac(struct pg_rtnl_end *end, unsigned host, uint8_t number)
{
	const uint8_t mac[6] = { 0x02, 0x70, 0x67, 0x80, (uint8_t)host, number };

	memcpy(end->mac, mac, sizeof(mac));
}

static struct pg_rtnl_end make_end(const char *name, uint32_t index, int netns)
{
	return (struct pg_rtnl_end){ .name = name, .index = index, .netns = netns };
}

static void add_addr(const struct wiring *wiring, uint32_t index, const struct pg_addr *addr,
		     uint8_t length)
{
	pg_rtnl_add_addr(wiring->rtnl, index, af_of(addr->family), addr->bytes, length);
}

static void add_route(const struct wiring *wiring, uint32_t index, const struct pg_addr *dst,
		      uint8_t length, const struct pg_addr *gateway, const struct pg_addr *source)
{
	uint8_t family = gateway ? gateway->family : dst->family;
	struct pg_rtnl_route route = {
		.family = af_of(family),
		.dst = dst ? dst->bytes : NULL,
		.length = length,
		.gateway = gateway ? gateway->bytes : NULL,
		.source = source ? source->bytes : NULL,
		.index = index,
	};

	pg_rtnl_add_route(wiring->rtnl, &route);
}

/* Where the containers' gateway is: the bridge, or with single routes no link in particular. */
static void add_gateway(const struct wiring *wiring)
{
	struct pg_rtnl_end bridge = make_end(PG_LAB_BRIDGE, PG_LAB_BRIDGE_INDEX, -1);

	set_mac(&bridge, wiring->host, 1);
	if (wiring->bridged)
		pg_rtnl_add_bridge(wiring->rtnl, &bridge);
	for (size_t i = 0; i < PG_COUNT(families); i++) {
		struct pg_addr addr = pg_lab_hosts_gateway(wiring->host, families[i]);

		if (wiring->bridged)
			add_addr(wiring, PG_LAB_BRIDGE_INDEX, &addr, subnet_length(families[i]));
		else
			add_addr(wiring, PG_LAB_LOOPBACK_INDEX, &addr, pg_addr_bits(&addr));
	}
}

static void add_single_routes(const struct wiring *wiring, unsigned container)
{
	for (size_t i = 0; i < PG_COUNT(families) && !wiring->bridged; i++) {
		struct pg_addr addr = pg_lab_hosts_addr(wiring->host, container, families[i]);
		struct pg_addr gateway = pg_lab_hosts_gateway(wiring->host, families[i]);

		add_route(wiring, PG_LAB_VETH_INDEX + container, &addr, pg_addr_bits(&addr), NULL,
			  &gateway);
	}
}

static void add_containers(const struct wiring *wiring)
{
	for (unsigned i = 0; i < PG_LAB_CONTAINERS; i++) {
		char name[IFNAMSIZ];
		struct pg_rtnl_end near = make_end(name, PG_LAB_VETH_INDEX + i, -1);
		struct pg_rtnl_end far = make_end(PG_LAB_ETH, PG_LAB_ETH_INDEX,
						  wiring->hosts->container[wiring->host][i]);

		snprintf(name, sizeof(name), PG_LAB_VETH, (size_t)i);
		near.master = wiring->bridged ? PG_LAB_BRIDGE_INDEX : 0;
		if (!wiring->bridged)
			set_mac(&near, wiring->host, 1);
		set_mac(&far, wiring->host, (uint8_t)(2 + i));
		pg_rtnl_add_veth(wiring->rtnl, &near, &far);
		add_single_routes(wiring, i);
	}
}

/* The first host makes the link. */
static void add_link(const struct wiring *wiring)
{
	unsigned other = !wiring->host;
	struct pg_rtnl_end near = make_end(PG_LAB_HOSTS_UPLINK, PG_LAB_UPLINK_INDEX, -1);
	struct pg_rtnl_end far =
		make_end(PG_LAB_HOSTS_UPLINK, PG_LAB_UPLINK_INDEX, wiring->hosts->host[other]);

	if (!wiring->host)
		pg_rtnl_add_veth(wiring->rtnl, &near, &far);
	else
		pg_rtnl_set_up(wiring->rtnl, PG_LAB_UPLINK_INDEX);
	for (size_t i = 0; i < PG_COUNT(families); i++) {
		uint8_t length = subnet_length(families[i]);
		struct pg_addr own = link_addr(wiring->host, families[i]);
		struct pg_addr next = link_addr(other, families[i]);
		struct pg_addr there = addr_of(families[i], subnet_of(other, families[i]), 0);

		add_addr(wiring, PG_LAB_UPLINK_INDEX, &own, length);
		add_route(wiring, PG_LAB_UPLINK_INDEX, &there, length, &next, NULL);
	}
}

static int complain(struct pg_diags *diags, const char *text, int err)
{
	char meaning[PG_ERRTEXT_MAX];

	pg_error(diags, PG_LOC_NONE, "cannot connect the lab: %s",
		 text ? text : pg_errtext(err, meaning));
	return err;
}

static int connect_host(struct wiring *wiring, struct pg_diags *diags)
{
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	_cleanup_netns_ int home = -1;
	int err = pg_netns_enter(wiring->hosts->host[wiring->host], &home);

	err = err ?: pg_rtnl_new(&rtnl);
	if (err)
		return complain(diags, NULL, err);
	wiring->rtnl = rtnl;
	add_gateway(wiring);
	add_containers(wiring);
	add_link(wiring);
	err = pg_rtnl_commit(rtnl);
	return err ? complain(diags, pg_rtnl_error(rtnl), err) : 0;
}

static void add_container_addrs(const struct wiring *wiring, unsigned container)
{
	struct pg_rtnl_end gateway_end;

	set_mac(&gateway_end, wiring->host, 1);
	pg_rtnl_set_up(wiring->rtnl, PG_LAB_ETH_INDEX);
	for (size_t i = 0; i < PG_COUNT(families); i++) {
		struct pg_addr addr = pg_lab_hosts_addr(wiring->host, container, families[i]);
		struct pg_addr gateway = pg_lab_hosts_gateway(wiring->host, families[i]);

		add_addr(wiring, PG_LAB_ETH_INDEX, &addr, subnet_length(families[i]));
		pg_rtnl_add_neighbour(wiring->rtnl, PG_LAB_ETH_INDEX, af_of(families[i]),
				      gateway.bytes, gateway_end.mac);
		add_route(wiring, PG_LAB_ETH_INDEX, NULL, 0, &gateway, NULL);
	}
}

static int connect_container(struct wiring *wiring, unsigned container, struct pg_diags *diags)
{
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	_cleanup_netns_ int home = -1;
	int err = pg_netns_enter(wiring->hosts->container[wiring->host][container], &home);

	err = err ?: pg_rtnl_new(&rtnl);
	if (err)
		return complain(diags, NULL, err);
	wiring->rtnl = rtnl;
	add_container_addrs(wiring, container);
	err = pg_rtnl_commit(rtnl);
	return err ? complain(diags, pg_rtnl_error(rtnl), err) : 0;
}

static int connect_all(const struct pg_lab_hosts *hosts, bool bridged, struct pg_diags *diags)
{
	int err = 0;

	for (unsigned i = 0; i < PG_LAB_HOSTS; i++) {
		struct wiring wiring = { .hosts = hosts, .host = i, .bridged = bridged };

		err = err ?: connect_host(&wiring, diags);
		for (unsigned j = 0; j < PG_LAB_CONTAINERS && !err; j++)
			err = connect_container(&wiring, j, diags);
	}
	return err;
}

static int make_namespaces(struct pg_lab_hosts *hosts, struct pg_diags *diags)
{
	int err = pg_lab_host_enter(true, diags, &hosts->host[0]);

	err = err ?: pg_lab_host_new(true, diags, &hosts->host[1]);
	for (size_t i = 0; i < PG_LAB_HOSTS; i++) {
		for (size_t j = 0; j < PG_LAB_CONTAINERS; j++)
			err = err ?: pg_lab_guest_new(true, diags, &hosts->container[i][j]);
	}
	return err;
}

void pg_lab_hosts_leave(struct pg_lab_hosts *hosts)
{
	for (size_t i = 0; i < PG_LAB_HOSTS; i++) {
		pg_close_cleanup(&hosts->host[i]);
		for (size_t j = 0; j < PG_LAB_CONTAINERS; j++)
			pg_close_cleanup(&hosts->container[i][j]);
	}
}

int pg_lab_hosts_enter(bool bridged, struct pg_diags *diags, struct pg_lab_hosts *ret_hosts)
{
	_cleanup_lab_hosts_ struct pg_lab_hosts hosts = PG_LAB_HOSTS_NONE;
	int err = make_namespaces(&hosts, diags);

	err = err ?: connect_all(&hosts, bridged, diags);
	if (err)
		return err;
	*ret_hosts = hosts;
	hosts = PG_LAB_HOSTS_NONE;
	return 0;
}
