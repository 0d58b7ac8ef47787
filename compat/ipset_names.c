// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules name a set by its number, which the socket option of ipset tells. libipset has no words for it;
 * iptables asks the same way.
 */
#include <arpa/inet.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include "compat/ipset.h"
#include "compat/nfnl.h"

_Static_assert(PG_IPSET_NAME_MAX == IPSET_MAXNAMELEN, "the kernel's limit");

void pg_ipset_names_done(struct pg_ipset_names *names)
{
	pg_array_foreach(name, &names->list)
		free(*name);
	free(names->list.items);
	free(names->sorted.items);
	*names = (struct pg_ipset_names){ 0 };
}

/* 1: no set has the number. -EINVAL: nor has any greater one. */
static int ask_name(int fd, uint16_t number, char name[PG_IPSET_NAME_MAX])
{
	struct ip_set_req_get_set request = {
		.op = IP_SET_OP_GET_BYINDEX,
		.version = IPSET_PROTOCOL_MIN,
		.set.index = number,
	};
	socklen_t size = sizeof(request);

	if (getsockopt(fd, SOL_IP, SO_IP_SET, &request, &size))
		return -errno;
	snprintf(name, PG_IPSET_NAME_MAX, "%.*s", PG_IPSET_NAME_MAX - 1, request.set.name);
	return !name[0];
}

static int add_name(struct pg_ipset_names *names, uint16_t number, const char *name)
{
	char **added = pg_array_add(&names->list);
	uint16_t *sorted = added && name[0] ? pg_array_add(&names->sorted) : NULL;

	if (!added || (name[0] && !sorted))
		return -ENOMEM;
	if (!name[0])
		return 0;
	*sorted = number;
	*added = strdup(name);
	return *added ? 0 : -ENOMEM;
}

static int compare_numbers(const void *a, const void *b, void *context)
{
	const struct pg_ipset_names *names = context;
	const uint16_t *left = a, *right = b;

	return strcmp(names->list.items[*left], names->list.items[*right]);
}

static int read_all(int fd, struct pg_ipset_names *names)
{
	for (uint32_t number = 0; number < IPSET_INVALID_ID; number++) {
		char name[PG_IPSET_NAME_MAX] = "";
		int err = ask_name(fd, (uint16_t)number, name);

		if (err == -EINVAL)
			break;
		if (err >= 0)
			err = add_name(names, (uint16_t)number, name);
		if (err)
			return err;
	}
	if (names->sorted.count)
		qsort_r(names->sorted.items, names->sorted.count, sizeof(uint16_t), compare_numbers,
			names);
	return 0;
}

int pg_ipset_names_read(struct pg_ipset_names *ret_names)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	_cleanup_ipset_names_ struct pg_ipset_names names = { 0 };
	int err = fd < 0 ? -errno : read_all(fd, &names);

	/* The option is there with the module. */
	if (err && err != -ENOPROTOOPT)
		return err;
	*ret_names = names;
	names = (struct pg_ipset_names){ 0 };
	return 0;
}

const char *pg_ipset_names_get(const struct pg_ipset_names *names, uint16_t number)
{
	return number < names->list.count ? names->list.items[number] : NULL;
}

int pg_ipset_names_find(const struct pg_ipset_names *names, const char *name, uint16_t *ret_number)
{
	size_t low = 0, high = names->sorted.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint16_t number = names->sorted.items[middle];
		int order = strcmp(names->list.items[number], name);

		if (!order) {
			*ret_number = number;
			return 0;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -ENOENT;
}

static int ignore(const struct nlmsghdr *message PG_UNUSED, void *data PG_UNUSED)
{
	return MNL_CB_OK;
}

int pg_ipset_has_type(const char *type)
{
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	char buffer[PG_NFNL_MESSAGE_MAX];
	struct nlmsghdr *request;
	int err = pg_nfnl_open(&nfnl);

	if (err)
		return err == -EPROTONOSUPPORT ? 0 : err;
	request =
		pg_nfnl_request(&nfnl, buffer, NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_TYPE, AF_INET, 0);
	mnl_attr_put_u8(request, IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL_MIN);
	mnl_attr_put_strz(request, IPSET_ATTR_TYPENAME, type);
	mnl_attr_put_u8(request, IPSET_ATTR_FAMILY, AF_INET);
	err = pg_nfnl_talk(&nfnl, request, ignore, NULL);
	/* -EINVAL: nfnetlink has no such subsystem; beyond 4095: ipset has no such type. */
	if (err == -EINVAL || err == -EOPNOTSUPP || err == -EEXIST || err <= -IPSET_ERR_PRIVATE)
		return 0;
	return err ? err : 1;
}
