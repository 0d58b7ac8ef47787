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

/* What the kernel takes as the address of an interface: not 0/8, 127/8, 224/4 and above. */
static bool is_usable(const struct pg_addr *addr)
{
	return addr->family == 4 && addr->bytes[0] && addr->bytes[0] != 127 && addr->bytes[0] < 224;
}

static int check_addr(const struct pg_addr *addr, const char *whose, struct pg_diags *diags)
{
	char text[PG_ADDR_TEXT_MAX];

	if (is_usable(addr))
		return 0;
	if (addr->family)
		pg_error(diags, PG_LOC_NONE, "no interface can have the address '%s' of %s",
			 pg_addr_format(addr, text), whose);
	else
		pg_error(diags, PG_LOC_NONE, "no IPv4 address for %s", whose);
	return -EINVAL;
}

static int check_bridge(const struct pg_endpoints *endpoints, struct pg_diags *diags)
{
	int err = 0;

	if (!endpoints->host_addrs.count) {
		pg_error(diags, PG_LOC_NONE, "no address for the host's bridge");
		return -EINVAL;
	}
	pg_array_foreach(addr, &endpoints->host_addrs)
		err = check_addr(addr, "the host", diags) ?: err;
	pg_array_foreach(endpoint, &endpoints->list)
		err = check_addr(&endpoint->ipv4, "an endpoint", diags) ?: err;
	return err;
}

static bool is_managed(const struct pg_endpoints *endpoints, const struct pg_addr *addr)
{
	pg_array_foreach(host, &endpoints->host_addrs) {
		if (!pg_addr_compare(host, addr))
			return true;
	}
	pg_array_foreach(endpoint, &endpoints->list) {
		if (!pg_addr_compare(&endpoint->ipv4, addr))
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

static int make_guests(struct pg_lab *lab, size_t count, struct pg_diags *diags)
{
	int err = pg_lab_guest_new(diags, &lab->world);

	for (size_t i = 0; !err && i < count; i++) {
		int fd = -1, *slot;

		err = pg_lab_guest_new(diags, &fd);
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

static int build(struct pg_lab *lab, struct pg_endpoints *endpoints,
		 const struct pg_lab_addrs *others, struct pg_diags *diags)
{
	int err = pg_lab_host_enter(diags, &lab->host);

	if (!err)
		err = make_guests(lab, endpoints->list.count, diags);
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
	err = check_bridge(endpoints, diags);
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
