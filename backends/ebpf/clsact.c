// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "backends/ebpf/clsact.h"

/* Ours comes first; the handle tells it from another program of the same priority. */
#define PRIORITY 1
#define HANDLE	 0x706f6c67 /* "polg" */

/*
 * libbpf refuses structs whose padding isn't zero, which only its own macro sees to: they can't be
 * returned from functions.
 */
#define HOOK(name, of, point) \
	LIBBPF_OPTS(bpf_tc_hook, name, .ifindex = (int)(of), .attach_point = (point))
#define FILTER(name, ...) \
	LIBBPF_OPTS(bpf_tc_opts, name, .handle = HANDLE, .priority = PRIORITY, __VA_ARGS__)

static enum bpf_tc_attach_point point_of(bool ingress)
{
	return ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

int pg_clsact_add_qdisc(uint32_t ifindex)
{
	HOOK(hook, ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);

	return bpf_tc_hook_create(&hook);
}

int pg_clsact_add(uint32_t ifindex, bool ingress, int program)
{
	HOOK(hook, ifindex, point_of(ingress));
	FILTER(filter, .prog_fd = program, .flags = BPF_TC_F_REPLACE);

	return bpf_tc_attach(&hook, &filter);
}

uint32_t pg_clsact_program(uint32_t ifindex, bool ingress)
{
	HOOK(hook, ifindex, point_of(ingress));
	FILTER(filter, );

	return bpf_tc_query(&hook, &filter) ? 0 : filter.prog_id;
}

int pg_clsact_remove(uint32_t ifindex, bool ingress)
{
	HOOK(hook, ifindex, point_of(ingress));
	FILTER(filter, );

	return bpf_tc_detach(&hook, &filter);
}

static void close_socket(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

struct filters {
	size_t all, ours;
};

/* Of each priority there is a message without a handle, too. */
static int count_filter(const struct nlmsghdr *message, void *data)
{
	const struct tcmsg *filter = mnl_nlmsg_get_payload(message);
	struct filters *filters = data;

	if (message->nlmsg_type != RTM_NEWTFILTER ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*filter))
		return MNL_CB_OK;
	filters->all++;
	filters->ours += TC_H_MAJ(filter->tcm_info) >> 16 == PRIORITY &&
			 (!filter->tcm_handle || filter->tcm_handle == HANDLE);
	return MNL_CB_OK;
}

static int ask_for_filters(struct mnl_socket *socket, uint32_t ifindex, bool ingress)
{
	char buffer[NLMSG_LENGTH(sizeof(struct tcmsg))] __attribute__((aligned(4))) = { 0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct tcmsg *request;

	header->nlmsg_type = RTM_GETTFILTER;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
	request->tcm_family = AF_UNSPEC;
	request->tcm_ifindex = (int)ifindex;
	request->tcm_parent = TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
	return mnl_socket_sendto(socket, header, header->nlmsg_len) < 0 ? -errno : 0;
}

/* What one direction of the qdisc holds is added to *filters. */
static int count_filters(uint32_t ifindex, bool ingress, struct filters *filters)
{
	PG_CLEANUP(close_socket) struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	char reply[16384] __attribute__((aligned(8)));
	int more = MNL_CB_OK, err;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	err = ask_for_filters(socket, ifindex, ingress);
	while (!err && more > MNL_CB_STOP) {
		ssize_t length = mnl_socket_recvfrom(socket, reply, sizeof(reply));

		more = length < 0
			       ? MNL_CB_ERROR
			       : mnl_cb_run(reply, (size_t)length, 0, mnl_socket_get_portid(socket),
					    count_filter, filters);
		if (more == MNL_CB_ERROR)
			err = -errno;
	}
	return err;
}

int pg_clsact_remove_qdisc(uint32_t ifindex)
{
	HOOK(hook, ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
	struct filters filters = { 0 };
	int err = count_filters(ifindex, true, &filters);

	if (!err)
		err = count_filters(ifindex, false, &filters);
	if (!err && !filters.all)
		err = bpf_tc_hook_destroy(&hook);
	/* Without the qdisc or the interface the kernel says EINVAL, ENOENT or ENODEV. */
	return err == -EINVAL || err == -ENOENT || err == -ENODEV ? 0 : err;
}

int pg_clsact_others(uint32_t ifindex, bool ingress, size_t *ret_count)
{
	struct filters filters = { 0 };
	int err = count_filters(ifindex, ingress, &filters);

	if (!err)
		*ret_count = filters.all - filters.ours;
	return err;
}
