// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/source/source_kernel.h"

#include <sys/socket.h>

#include "compat/errtext.h"
#include "compat/rtnl.h"

/* A list that changes while it is read is read again; containers come and go all the time. */
#define ATTEMPTS 10
/* A file may lack many of a host's addresses: no need to name each. */
#define WARNINGS 8

static bool is_host_addr(const struct pg_addr *addr)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	if (addr->family == 4)
		return addr->bytes[0] != 127;
	return memcmp(addr->bytes, loopback6, sizeof(loopback6)) &&
	       !(addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80);
}

static struct pg_addr convert(const struct pg_rtnl_addr *from)
{
	struct pg_addr addr = { .family = from->family == AF_INET ? 4 : 6 };

	memcpy(addr.bytes, from->bytes, addr.family == 4 ? 4 : 16);
	return addr;
}

static int compare(const void *a, const void *b)
{
	return pg_addr_compare(a, b);
}

static void sort_host_addrs(struct pg_endpoints *endpoints)
{
	struct pg_addr *list = endpoints->host_addrs.items;
	size_t count = endpoints->host_addrs.count, kept = 0;

	if (!count)
		return;
	qsort(list, count, sizeof(*list), compare);
	for (size_t i = 1; i < count; i++) {
		if (pg_addr_compare(&list[kept], &list[i]))
			list[++kept] = list[i];
	}
	endpoints->host_addrs.count = kept + 1;
}

static int add_host_addrs(const struct pg_rtnl_addrs *addrs, struct pg_endpoints *endpoints)
{
	pg_array_foreach(from, &addrs->list) {
		struct pg_addr addr = convert(from), *added;

		if (!is_host_addr(&addr))
			continue;
		added = pg_array_add(&endpoints->host_addrs);
		if (!added)
			return -ENOMEM;
		*added = addr;
	}
	sort_host_addrs(endpoints);
	return 0;
}

static bool is_listed(const struct pg_endpoints *endpoints, const struct pg_addr *wanted)
{
	pg_array_foreach(addr, &endpoints->host_addrs) {
		if (!pg_addr_compare(addr, wanted))
			return true;
	}
	return false;
}

/* What the file doesn't call the host's is judged as the world's: the operator should know. */
static void warn_unlisted(const struct pg_rtnl_addrs *addrs, const struct pg_endpoints *endpoints,
			  struct pg_diags *diags)
{
	size_t unlisted = 0;

	pg_array_foreach(from, &addrs->list) {
		struct pg_addr addr = convert(from);
		char text[PG_ADDR_TEXT_MAX];

		if (!is_host_addr(&addr) || is_listed(endpoints, &addr) || unlisted++ >= WARNINGS)
			continue;
		pg_warning(
			diags, PG_LOC_NONE,
			"this host has the address '%s', which 'host' in the endpoints file doesn't "
			"list: it counts as world",
			pg_addr_format(&addr, text));
	}
	if (unlisted > WARNINGS)
		pg_warning(diags, PG_LOC_NONE, "'host' lacks %zu more addresses of this host",
			   unlisted - WARNINGS);
}

static int compare_names(const void *a, const void *b)
{
	const struct pg_rtnl_link *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static const struct pg_rtnl_link *find(const struct pg_rtnl_link **by_name, size_t count,
				       const char *name)
{
	struct pg_rtnl_link wanted = { 0 }, *key = &wanted;
	const struct pg_rtnl_link **found;

	if (!count || strlen(name) >= sizeof(wanted.name))
		return NULL;
	snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	found = bsearch(&key, by_name, count, sizeof(*by_name), compare_names);
	return found ? *found : NULL;
}

static void set_indexes(const struct pg_rtnl_link **by_name, size_t count,
			struct pg_endpoints *endpoints)
{
	pg_array_foreach(endpoint, &endpoints->list) {
		const struct pg_rtnl_link *link;

		if (!endpoint->interface)
			continue;
		link = find(by_name, count, endpoint->interface);
		endpoint->ifindex = link ? link->index : 0;
	}
}

/* A host has as many links as endpoints: looked up in a sorted list, not one by one. */
static int add_indexes(const struct pg_rtnl_links *links, struct pg_endpoints *endpoints)
{
	_cleanup_free_ const struct pg_rtnl_link **by_name = NULL;
	size_t count = links->list.count;

	by_name = calloc(count + 1, sizeof(*by_name));
	if (!by_name)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		by_name[i] = &links->list.items[i];
	qsort(by_name, count, sizeof(*by_name), compare_names);
	set_indexes(by_name, count, endpoints);
	return 0;
}

static int list_once(struct pg_rtnl_links *ret_links, struct pg_rtnl_addrs *ret_addrs)
{
	_cleanup_rtnl_links_ struct pg_rtnl_links links = { 0 };
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	int r = pg_rtnl_new(&rtnl);

	r = r ?: pg_rtnl_links(rtnl, &links);
	r = r ?: pg_rtnl_addrs(rtnl, ret_addrs);
	if (r < 0)
		return r;
	*ret_links = links;
	links = (struct pg_rtnl_links){ 0 };
	return 0;
}

/* Each time with a new socket: what is left of a list that was given up must not be read as the next. */
static int list_all(struct pg_rtnl_links *ret_links, struct pg_rtnl_addrs *ret_addrs)
{
	int r = -EINTR;

	for (int i = 0; i < ATTEMPTS && r == -EINTR; i++)
		r = list_once(ret_links, ret_addrs);
	return r;
}

int pg_source_kernel(bool interfaces, struct pg_diags *diags, struct pg_endpoints *endpoints)
{
	_cleanup_rtnl_links_ struct pg_rtnl_links links = { 0 };
	_cleanup_rtnl_addrs_ struct pg_rtnl_addrs addrs = { 0 };
	char text[PG_ERRTEXT_MAX];
	int r = list_all(&links, &addrs);

	if (r < 0) {
		pg_error(diags, PG_LOC_NONE, "cannot list the host's interfaces and addresses: %s",
			 pg_errtext(r, text));
		return r == -EINVAL ? -EIO : r;
	}
	if (!endpoints->host_known)
		r = add_host_addrs(&addrs, endpoints);
	else if (interfaces)
		warn_unlisted(&addrs, endpoints, diags);
	return r < 0 || !interfaces ? r : add_indexes(&links, endpoints);
}
