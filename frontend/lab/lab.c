// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/lab/lab.h"

#include "frontend/lab/lab_internal.h"

static void free_lab(struct pg_lab **lab)
{
	pg_lab_free(*lab);
}

#define _cleanup_lab_ PG_CLEANUP(free_lab)

void pg_lab_free(struct pg_lab *lab)
{
	if (!lab)
		return;
	pg_array_foreach(fd, &lab->endpoints)
		close(*fd);
	free(lab->endpoints.items);
	if (lab->world >= 0)
		close(lab->world);
	if (lab->host >= 0)
		close(lab->host);
	free(lab);
}

void pg_lab_addrs_done(struct pg_lab_addrs *addrs)
{
	free(addrs->list.items);
	*addrs = (struct pg_lab_addrs){ 0 };
}

int pg_lab_addrs_add(struct pg_lab_addrs *addrs, const struct pg_addr *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pg_addr *added = pg_array_add(&addrs->list);

		if (!added)
			return -ENOMEM;
		*added = list[i];
	}
	return 0;
}

int pg_lab_host_netns(const struct pg_lab *lab)
{
	return lab->host;
}

int pg_lab_world_netns(const struct pg_lab *lab)
{
	return lab->world;
}

int pg_lab_endpoint_netns(const struct pg_lab *lab, size_t endpoint)
{
	return lab->endpoints.items[endpoint];
}

const struct pg_addr *pg_lab_bridge_addr(const struct pg_endpoints *endpoints, uint8_t family)
{
	pg_array_foreach(addr, &endpoints->host_addrs) {
		if (addr->family == family)
			return addr;
	}
	return NULL;
}

/*
 * What the kernel takes as the address of an interface, and sockets as one that needs no interface
 * beside it.
 */
static bool is_usable(const struct pg_addr *addr)
{
	static const char *const unusable[] = { "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3",
						"::/127",    "fe80::/10",   "ff00::/8" };

	for (size_t i = 0; i < PG_COUNT(unusable); i++) {
		struct pg_prefix prefix;

		if (pg_prefix_parse(unusable[i], &prefix) || pg_prefix_contains(&prefix, addr))
			return false;
	}
	return true;
}

static int check_addr(const struct pg_addr *addr, const char *whose, struct pg_diags *diags)
{
	char text[PG_ADDR_TEXT_MAX];

	if (is_usable(addr))
		return 0;
	pg_error(diags, PG_LOC_NONE, "no interface can have the address '%s' of %s",
		 pg_addr_format(addr, text), whose);
	return -EINVAL;
}

/* Of an endpoint in one family: what it has must be fit for an interface, and need a bridge that is. */
static int check_endpoint(const struct pg_endpoints *endpoints, const struct pg_endpoint *endpoint,
			  uint8_t family, struct pg_diags *diags)
{
	const struct pg_addr *addr = pg_endpoint_addr(endpoint, family);

	if (!addr->family)
		return 0;
	if (pg_lab_bridge_addr(endpoints, family))
		return check_addr(addr, "an endpoint", diags);
	pg_error(diags, PG_LOC_NONE, "no IPv%u address for the host's bridge", family);
	return -EINVAL;
}

static int check_addrs(const struct pg_endpoints *endpoints, struct pg_diags *diags)
{
	int err = 0;

	pg_array_foreach(addr, &endpoints->host_addrs)
		err = check_addr(addr, "the host", diags) ?: err;
	pg_array_foreach(endpoint, &endpoints->list) {
		if (!endpoint->ipv4.family && !endpoint->ipv6.family) {
			pg_error(diags, PG_LOC_NONE, "no address for an endpoint");
			err = -EINVAL;
		}
		err = check_endpoint(endpoints, endpoint, 4, diags) ?: err;
		err = check_endpoint(endpoints, endpoint, 6, diags) ?: err;
	}
	return err;
}

static bool is_managed(const struct pg_endpoints *endpoints, const struct pg_addr *addr)
{
	pg_array_foreach(host, &endpoints->host_addrs) {
		if (!pg_addr_compare(host, addr))
			return true;
	}
	pg_array_foreach(endpoint, &endpoints->list) {
		if (!pg_addr_compare(pg_endpoint_addr(endpoint, addr->family), addr))
			return true;
	}
	return false;
}

static bool has_addr(const struct pg_lab_addrs *addrs, const struct pg_addr *addr)
{
	pg_array_foreach(known, &addrs->list) {
		if (!pg_addr_compare(known, addr))
			return true;
	}
	return false;
}

static int add_others(struct pg_lab_addrs *others, const struct pg_endpoints *endpoints,
		      const struct pg_addr *addrs, size_t count, struct pg_diags *diags)
{
	for (size_t i = 0; i < count; i++) {
		char text[PG_ADDR_TEXT_MAX];
		int err = check_addr(&addrs[i], "the world", diags);

		if (err)
			return err;
		if (is_managed(endpoints, &addrs[i])) {
			pg_error(
				diags, PG_LOC_NONE,
				"address '%s' can't be the world's: it is the host's or an endpoint's",
				pg_addr_format(&addrs[i], text));
			return -EINVAL;
		}
		if (!has_addr(others, &addrs[i]))
			err = pg_lab_addrs_add(others, &addrs[i], 1);
		if (err)
			return err;
	}
	return 0;
}

static int make_guests(struct pg_lab *lab, size_t count, bool ipv6, struct pg_diags *diags)
{
	int err = pg_lab_guest_new(ipv6, diags, &lab->world);

	for (size_t i = 0; !err && i < count; i++) {
		int fd = -1, *slot;

		err = pg_lab_guest_new(ipv6, diags, &fd);
		if (err)
			return err;
		slot = pg_array_add(&lab->endpoints);
		if (!slot) {
			close(fd);
			return -ENOMEM;
		}
		*slot = fd;
	}
	return err;
}

/* Writes down where the endpoints are, as a source that found them would have. */
static int locate(const struct pg_lab *lab, struct pg_endpoints *endpoints)
{
	for (size_t i = 0; i < endpoints->list.count; i++) {
		struct pg_endpoint *endpoint = &endpoints->list.items[i];
		char *interface, *netns;

		if (asprintf(&interface, PG_LAB_VETH, i) < 0)
			return -ENOMEM;
		free(endpoint->interface);
		endpoint->interface = interface;
		if (asprintf(&netns, "/proc/self/fd/%d", lab->endpoints.items[i]) < 0)
			return -ENOMEM;
		free(endpoint->netns);
		endpoint->netns = netns;
		endpoint->ifindex = PG_LAB_VETH_INDEX + (uint32_t)i;
	}
	return 0;
}

static bool has_ipv6(const struct pg_endpoints *endpoints, const struct pg_lab_addrs *others)
{
	if (pg_lab_bridge_addr(endpoints, 6))
		return true;
	pg_array_foreach(addr, &others->list) {
		if (addr->family == 6)
			return true;
	}
	return false;
}

static int build(struct pg_lab *lab, struct pg_endpoints *endpoints,
		 const struct pg_lab_addrs *others, struct pg_diags *diags)
{
	bool ipv6 = has_ipv6(endpoints, others);
	int err = pg_lab_host_enter(ipv6, diags, &lab->host);

	if (!err)
		err = make_guests(lab, endpoints->list.count, ipv6, diags);
	if (!err)
		err = pg_lab_connect(lab, endpoints, others, diags);
	if (!err)
		err = locate(lab, endpoints);
	return err;
}

int pg_lab_enter(struct pg_endpoints *endpoints, const struct pg_addr *world, size_t world_count,
		 struct pg_diags *diags, struct pg_lab **ret_lab)
{
	_cleanup_lab_ struct pg_lab *lab = calloc(1, sizeof(*lab));
	_cleanup_lab_addrs_ struct pg_lab_addrs others = { 0 };
	int err;

	if (!lab)
		return -ENOMEM;
	lab->host = lab->world = -1;
	err = check_addrs(endpoints, diags);
	if (!err)
		err = add_others(&others, endpoints, world, world_count, diags);
	if (!err)
		err = add_others(&others, endpoints, endpoints->remote_node_addrs.items,
				 endpoints->remote_node_addrs.count, diags);
	if (!err)
		err = build(lab, endpoints, &others, diags);
	if (err)
		return err;
	*ret_lab = PG_TAKE(lab);
	return 0;
}
