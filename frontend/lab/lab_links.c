// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lab's links, addresses and routes.
 *
 *	 app1 eth0 ──── vpg0 ┐
 *	 app2 eth0 ──── vpg1 ┼ brpg0   host   uplink0 ──── eth0 world
 *	 app3 eth0 ──── vpg2 ┘
 *
 * All addresses are single ones, whatever they look like; blocks of them are on the link, so that
 * endpoints reach each other over the bridge alone, and the world only by way of the host.
 * Neighbours that everybody needs are permanent; those among endpoints are found by ARP and ND.
 */
#include <sys/socket.h>

#include "compat/errtext.h"
#include "compat/netns.h"
#include "compat/rtnl.h"
#include "frontend/lab/lab_internal.h"

/* What both ends of the uplink send to: nobody's address, with a neighbour entry of its own. */
static const uint8_t uplink_gateway4[4] = { 169, 254, 80, 71 };
static const uint8_t uplink_gateway6[16] = { 0xfe, 0x80, [14] = 0x50, 0x47 };

enum role {
	ROLE_ENDPOINT,
	ROLE_BRIDGE,
	ROLE_UPLINK,
	ROLE_WORLD,
};

struct mac {
	uint8_t bytes[6];
};

/* Locally administered addresses: 02, "pg", and a number of up to 2^20 (PG_ENDPOINTS_MAX). */
static struct mac mac_of(enum role role, size_t number)
{
	return (struct mac){ { 0x02, 0x70, 0x67, (uint8_t)(role << 4 | (number >> 16 & 0xf)),
			       (uint8_t)(number >> 8), (uint8_t)number } };
}

/* What differs between the families. */
struct stack {
	uint8_t family; /* 4 or 6 */
	int af;
	const uint8_t *uplink_gateway;
	const struct pg_addr *bridge; /* NULL: the lab has nothing of this family but the world's */
	struct pg_lab_blocks blocks;
};

struct wiring {
	const struct pg_lab *lab;
	const struct pg_endpoints *endpoints;
	const struct pg_lab_addrs *others;
	struct stack stacks[2];
	struct pg_diags *diags;
};

#define for_each_stack(stack, wiring) \
	for (const struct stack *stack = (wiring)->stacks; stack < (wiring)->stacks + 2; stack++)

static struct pg_rtnl_end make_end(const char *name, uint32_t index, struct mac mac, int netns)
{
	struct pg_rtnl_end end = { .name = name, .index = index, .netns = netns };

	memcpy(end.mac, mac.bytes, sizeof(end.mac));
	return end;
}

static int af_of(const struct pg_addr *addr)
{
	return addr->family == 4 ? AF_INET : AF_INET6;
}

static void add_addr(struct pg_rtnl *rtnl, uint32_t index, const struct pg_addr *addr)
{
	pg_rtnl_add_addr(rtnl, index, af_of(addr), addr->bytes, pg_addr_bits(addr));
}

static void add_blocks(struct pg_rtnl *rtnl, const struct stack *stack, uint32_t index,
		       const uint8_t *gateway, const uint8_t *source)
{
	pg_array_foreach(block, &stack->blocks.list) {
		struct pg_rtnl_route route = {
			.family = stack->af,
			.dst = block->addr.bytes,
			.length = block->length,
			.gateway = gateway,
			.source = source,
			.index = index,
		};

		pg_rtnl_add_route(rtnl, &route);
	}
}

static void add_default_route(struct pg_rtnl *rtnl, const struct stack *stack, uint32_t index,
			      const uint8_t *gateway, const uint8_t *source)
{
	struct pg_rtnl_route route = {
		.family = stack->af,
		.gateway = gateway,
		.source = source,
		.index = index,
	};

	pg_rtnl_add_route(rtnl, &route);
}

static void add_neighbour(struct pg_rtnl *rtnl, uint32_t index, const struct pg_addr *addr,
			  struct mac mac)
{
	if (addr->family)
		pg_rtnl_add_neighbour(rtnl, index, af_of(addr), addr->bytes, mac.bytes);
}

static void add_bridge(struct pg_rtnl *rtnl, const struct wiring *wiring)
{
	struct pg_rtnl_end bridge =
		make_end(PG_LAB_BRIDGE, PG_LAB_BRIDGE_INDEX, mac_of(ROLE_BRIDGE, 0), -1);

	pg_rtnl_add_bridge(rtnl, &bridge);
	pg_array_foreach(addr, &wiring->endpoints->host_addrs) {
		bool own = addr == pg_lab_bridge_addr(wiring->endpoints, addr->family);

		add_addr(rtnl, own ? PG_LAB_BRIDGE_INDEX : PG_LAB_LOOPBACK_INDEX, addr);
	}
	for_each_stack(stack, wiring)
	{
		if (stack->bridge)
			add_blocks(rtnl, stack, PG_LAB_BRIDGE_INDEX, NULL, stack->bridge->bytes);
	}
}

static void add_veths(struct pg_rtnl *rtnl, const struct wiring *wiring)
{
	for (size_t i = 0; i < wiring->endpoints->list.count; i++) {
		char name[32]; /* 11 characters at most (PG_ENDPOINTS_MAX) */
		struct mac mac = mac_of(ROLE_ENDPOINT, i);
		struct pg_rtnl_end far = make_end(PG_LAB_ETH, PG_LAB_ETH_INDEX, mac,
						  wiring->lab->endpoints.items[i]);
		struct pg_rtnl_end near = { .name = name,
					    .index = PG_LAB_VETH_INDEX + (uint32_t)i,
					    .master = PG_LAB_BRIDGE_INDEX,
					    .netns = -1 };

		snprintf(name, sizeof(name), PG_LAB_VETH, i);
		pg_rtnl_add_veth(rtnl, &near, &far);
		for_each_stack(stack, wiring) add_neighbour(
			rtnl, PG_LAB_BRIDGE_INDEX,
			pg_endpoint_addr(&wiring->endpoints->list.items[i], stack->family), mac);
	}
}

static void add_uplink(struct pg_rtnl *rtnl, const struct wiring *wiring)
{
	struct mac world = mac_of(ROLE_WORLD, 0);
	struct pg_rtnl_end near =
		make_end(PG_LAB_UPLINK, PG_LAB_UPLINK_INDEX, mac_of(ROLE_UPLINK, 0), -1);
	struct pg_rtnl_end far = make_end(PG_LAB_ETH, PG_LAB_ETH_INDEX, world, wiring->lab->world);

	pg_rtnl_add_veth(rtnl, &near, &far);
	for_each_stack(stack, wiring)
	{
		if (!stack->bridge)
			continue;
		add_default_route(rtnl, stack, PG_LAB_UPLINK_INDEX, stack->uplink_gateway,
				  stack->bridge->bytes);
		pg_rtnl_add_neighbour(rtnl, PG_LAB_UPLINK_INDEX, stack->af, stack->uplink_gateway,
				      world.bytes);
	}
}

static void connect_host(struct pg_rtnl *rtnl, const struct wiring *wiring)
{
	add_bridge(rtnl, wiring);
	add_veths(rtnl, wiring);
	add_uplink(rtnl, wiring);
}

static void connect_endpoint(struct pg_rtnl *rtnl, const struct wiring *wiring, size_t number)
{
	const struct pg_endpoint *endpoint = &wiring->endpoints->list.items[number];

	pg_rtnl_set_up(rtnl, PG_LAB_ETH_INDEX);
	for_each_stack(stack, wiring)
	{
		const struct pg_addr *addr = pg_endpoint_addr(endpoint, stack->family);

		if (!addr->family)
			continue;
		add_addr(rtnl, PG_LAB_ETH_INDEX, addr);
		add_blocks(rtnl, stack, PG_LAB_ETH_INDEX, NULL, NULL);
		add_default_route(rtnl, stack, PG_LAB_ETH_INDEX, stack->bridge->bytes, NULL);
		add_neighbour(rtnl, PG_LAB_ETH_INDEX, stack->bridge, mac_of(ROLE_BRIDGE, 0));
	}
}

/* The world's ways to the host itself. */
static void add_host_routes(struct pg_rtnl *rtnl, const struct wiring *wiring,
			    const struct stack *stack)
{
	pg_array_foreach(addr, &wiring->endpoints->host_addrs) {
		struct pg_rtnl_route route = {
			.family = stack->af,
			.dst = addr->bytes,
			.length = pg_addr_bits(addr),
			.gateway = stack->uplink_gateway,
			.index = PG_LAB_ETH_INDEX,
		};

		if (addr->family == stack->family)
			pg_rtnl_add_route(rtnl, &route);
	}
}

static void connect_world(struct pg_rtnl *rtnl, const struct wiring *wiring)
{
	struct mac uplink = mac_of(ROLE_UPLINK, 0);

	pg_rtnl_set_up(rtnl, PG_LAB_ETH_INDEX);
	pg_array_foreach(addr, &wiring->others->list)
		add_addr(rtnl, PG_LAB_LOOPBACK_INDEX, addr);
	for_each_stack(stack, wiring)
	{
		if (!stack->bridge)
			continue;
		add_blocks(rtnl, stack, PG_LAB_ETH_INDEX, stack->uplink_gateway, NULL);
		add_host_routes(rtnl, wiring, stack);
		pg_rtnl_add_neighbour(rtnl, PG_LAB_ETH_INDEX, stack->af, stack->uplink_gateway,
				      uplink.bytes);
	}
}

static int complain(const struct wiring *wiring, const char *text, int err)
{
	char meaning[PG_ERRTEXT_MAX];

	pg_error(wiring->diags, PG_LOC_NONE, "cannot connect the lab: %s",
		 text ? text : pg_errtext(err, meaning));
	return err;
}

static int open_rtnl(const struct wiring *wiring, int netns, struct pg_rtnl **ret_rtnl)
{
	_cleanup_netns_ int home = -1;
	int err = pg_netns_enter(netns, &home);

	if (!err)
		err = pg_rtnl_new(ret_rtnl);
	return err ? complain(wiring, NULL, err) : 0;
}

static int commit(const struct wiring *wiring, struct pg_rtnl *rtnl)
{
	int err = pg_rtnl_commit(rtnl);

	return err ? complain(wiring, pg_rtnl_error(rtnl), err) : 0;
}

static int connect_in(const struct wiring *wiring, int netns,
		      void (*connect)(struct pg_rtnl *rtnl, const struct wiring *wiring))
{
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	int err = open_rtnl(wiring, netns, &rtnl);

	if (err)
		return err;
	connect(rtnl, wiring);
	return commit(wiring, rtnl);
}

static int connect_endpoints(const struct wiring *wiring)
{
	for (size_t i = 0; i < wiring->endpoints->list.count; i++) {
		_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
		int err = open_rtnl(wiring, wiring->lab->endpoints.items[i], &rtnl);

		if (err)
			return err;
		connect_endpoint(rtnl, wiring, i);
		err = commit(wiring, rtnl);
		if (err)
			return err;
	}
	return 0;
}

static int make_stack(const struct wiring *wiring, uint8_t family, struct stack *stack)
{
	const struct pg_endpoints *endpoints = wiring->endpoints;
	_cleanup_lab_addrs_ struct pg_lab_addrs off_link = { 0 };
	int err =
		pg_lab_addrs_add(&off_link, wiring->others->list.items, wiring->others->list.count);

	stack->family = family;
	stack->af = family == 4 ? AF_INET : AF_INET6;
	stack->uplink_gateway = family == 4 ? uplink_gateway4 : uplink_gateway6;
	stack->bridge = pg_lab_bridge_addr(endpoints, family);
	/* The bridge's own address is on the link, the host's further ones are not. */
	pg_array_foreach(addr, &endpoints->host_addrs) {
		if (!err && addr != stack->bridge)
			err = pg_lab_addrs_add(&off_link, addr, 1);
	}
	return err
		       ?: pg_lab_blocks_make(endpoints, family, off_link.list.items,
					     off_link.list.count, &stack->blocks);
}

int pg_lab_connect(const struct pg_lab *lab, const struct pg_endpoints *endpoints,
		   const struct pg_lab_addrs *others, struct pg_diags *diags)
{
	struct wiring wiring = {
		.lab = lab,
		.endpoints = endpoints,
		.others = others,
		.diags = diags,
	};
	int err = make_stack(&wiring, 4, &wiring.stacks[0]);

	if (!err)
		err = make_stack(&wiring, 6, &wiring.stacks[1]);
	if (!err)
		err = connect_in(&wiring, lab->host, connect_host);
	if (!err)
		err = connect_endpoints(&wiring);
	if (!err)
		err = connect_in(&wiring, lab->world, connect_world);
	pg_lab_blocks_done(&wiring.stacks[0].blocks);
	pg_lab_blocks_done(&wiring.stacks[1].blocks);
	return err;
}
