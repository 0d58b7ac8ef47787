// SPDX-License-Identifier: GPL-2.0-only
/* The backend's end of the seam. */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <sys/socket.h>

#include "backends/ebpf/attach.h"
#include "backends/ebpf/ebpf.h"
#include "backends/ebpf/handover.h"
#include "backends/ebpf/known.h"
#include "backends/ebpf/log.h"
#include "backends/ebpf/uplink.h"
#include "backends/ebpf/way.h"
#include "compat/errtext.h"
#include "compat/netns.h"
#include "compat/strbuf.h"

/* asm-generic/socket.h of Linux 5.14 has it. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

int pg_ebpf_error(struct pg_diags *diags, int err, const char *format, ...)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	char why[PG_ERRTEXT_MAX];
	va_list args;

	va_start(args, format);
	pg_strbuf_vprintf(&text, format, args);
	va_end(args);
	pg_error(diags, PG_LOC_NONE, "%s: %s", text.text ? text.text : "eBPF",
		 pg_errtext(err, why));
	return err;
}

/* 0 on kernels that don't tell. */
static uint64_t netns_cookie(void)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length))
		return 0;
	return cookie;
}

static int find_paths(const char *bpffs, struct pg_backend_handle *handle)
{
	_cleanup_close_ int netns = -1;
	struct pg_netns_id id;
	int err = pg_netns_self(&netns);

	if (!err)
		err = pg_netns_id(netns, &id);
	if (!err)
		err = pg_bpffs_path(handle->bpffs, "%s", bpffs);
	if (!err)
		err = pg_bpffs_path(handle->parent, "%s/polgen", bpffs);
	if (!err)
		err = pg_bpffs_path(handle->directory, "%s/polgen/%lu", bpffs,
				    (unsigned long)id.inode);
	return err;
}

static int check_bpffs(const char *bpffs, struct pg_diags *diags)
{
	_cleanup_strbuf_ struct pg_strbuf path = { 0 };
	int err = pg_bpffs_check(bpffs);

	pg_strbuf_add_escaped(&path, bpffs, strlen(bpffs));
	if (pg_strbuf_error(&path))
		return -ENOMEM;
	if (err == -EOPNOTSUPP)
		pg_error(diags, PG_LOC_NONE, "no bpffs at '%s'; mount one: mount -t bpf bpf %s",
			 path.text, path.text);
	else if (err)
		pg_ebpf_error(diags, err, "cannot use bpffs '%s'", path.text);
	return err;
}

/* A map of a type that nobody may make without the privilege. */
static int check_privilege(struct pg_diags *diags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	_cleanup_close_ int map =
		bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "pg_probe", 8, 4, 1, &options);

	if (map >= 0)
		return 0;
	if (map == -EPERM)
		pg_error(diags, PG_LOC_NONE,
			 "eBPF is not permitted: it needs root, or CAP_BPF and CAP_NET_ADMIN");
	else if (map == -ENOSYS || map == -EINVAL)
		pg_error(diags, PG_LOC_NONE, "this kernel lacks eBPF, or its address tries");
	else
		return pg_ebpf_error(diags, map, "cannot make an eBPF map");
	return map == -EPERM ? map : -EOPNOTSUPP;
}

static int parse_attach(const char *text, struct pg_diags *diags, enum pg_attach_mode *ret_mode)
{
	if (!text)
		*ret_mode = PG_ATTACH_PROBE;
	else if (!strcmp(text, "tcx"))
		*ret_mode = PG_ATTACH_TCX;
	else if (!strcmp(text, "clsact"))
		*ret_mode = PG_ATTACH_CLSACT;
	else {
		pg_error(diags, PG_LOC_NONE, "programs are attached by 'tcx' or 'clsact'");
		return -EINVAL;
	}
	return 0;
}

static int open_kernel(const char *bpffs, struct pg_diags *diags, struct pg_backend_handle *handle)
{
	int err;

	pg_bpf_log_init();
	err = check_privilege(diags);
	if (!err)
		err = check_bpffs(bpffs, diags);
	if (err)
		return err;
	err = find_paths(bpffs, handle);
	if (err)
		return pg_ebpf_error(diags, err, "cannot find out the network namespace");
	handle->cookie = netns_cookie();
	return 0;
}

int pg_ebpf_open(const struct pg_backend_options *options, bool kernel, struct pg_diags *diags,
		 struct pg_backend_handle **ret_handle)
{
	_cleanup_free_ struct pg_backend_handle *handle = calloc(1, sizeof(*handle));
	const char *bpffs = options->bpffs ? options->bpffs : PG_BPFFS_DEFAULT;
	int err;

	if (!handle)
		return -ENOMEM;
	handle->kernel = kernel;
	handle->flows = options->flows;
	err = parse_attach(options->attach, diags, &handle->attach);
	if (!err && kernel)
		err = open_kernel(bpffs, diags, handle);
	if (err)
		return err;
	*ret_handle = PG_TAKE(handle);
	return 0;
}

void pg_ebpf_close(struct pg_backend_handle *handle)
{
	if (handle)
		pg_known_free(handle->known);
	free(handle);
}

/* Maps keep the size that they were made with. */
static int check_flows(const struct pg_backend_handle *handle, struct pg_diags *diags)
{
	_cleanup_pins_ struct pg_pins pins;
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info);
	int err;

	pg_pins_init(&pins);
	if (!handle->kernel || !handle->flows)
		return 0;
	err = pg_pins_open(handle, diags, &pins);
	if (!err)
		err = bpf_obj_get_info_by_fd(pins.maps[PG_MAP_FLOWS4], &info, &length);
	if (err || info.max_entries == handle->flows)
		return err == -ENOENT ? 0 : err;
	pg_error(diags, PG_LOC_NONE, "the flow maps were made for %u flows, and %u are asked for",
		 info.max_entries, handle->flows);
	pg_note(diags, PG_LOC_NONE, "after 'polgen clear' they are made anew");
	return -EINVAL;
}

int pg_ebpf_check(struct pg_backend_handle *handle, const struct pg_intent *intent,
		  struct pg_diags *diags)
{
	int err = check_flows(handle, diags);

	if (err)
		return err;
	pg_array_foreach(endpoint, &intent->endpoints->list) {
		_cleanup_strbuf_ struct pg_strbuf name = { 0 };

		if (endpoint->node || (endpoint->interface && if_nametoindex(endpoint->interface)))
			continue;
		pg_strbuf_add_escaped(&name, endpoint->name, strlen(endpoint->name));
		if (endpoint->interface) {
			pg_strbuf_puts(&name, "' has the interface '");
			pg_strbuf_add_escaped(&name, endpoint->interface,
					      strlen(endpoint->interface));
		}
		if (pg_strbuf_error(&name))
			return -ENOMEM;
		pg_error(diags, endpoint->loc,
			 endpoint->interface ? "endpoint '%s', which is gone"
					     : "endpoint '%s' has no known interface",
			 name.text);
		return -ENODEV;
	}
	return pg_uplink_check(intent, diags);
}

int pg_ebpf_clear(struct pg_backend_handle *handle, struct pg_diags *diags)
{
	_cleanup_handover_ struct pg_handover handover = { .idle = true };
	_cleanup_diags_ struct pg_diags ignored = { 0 };
	_cleanup_pins_ struct pg_pins pins;
	_cleanup_close_ int lock = -1;
	int err = pg_bpffs_lock(handle->bpffs, &lock);

	pg_pins_init(&pins);
	if (err)
		return pg_ebpf_error(diags, err, "cannot lock '%s'", handle->bpffs);
	/* Leftovers, and what is of another version, have no flows that anybody could read. */
	if (!pg_pins_open(handle, &ignored, &pins) && pg_pins_generation(&pins))
		handover.err = pg_handover_begin(&pins, &handover);
	pg_handover_pass(&handover);
	err = pg_pins_destroy(handle, diags);
	pg_handover_pass(&handover);
	pg_handover_report(&handover, diags);
	return err;
}

static int describe_attachment(const struct pg_backend_handle *handle,
			       struct pg_backend_status *status)
{
	struct pg_attach_counts counts;
	size_t all;
	int err = pg_attach_count(handle, &counts);

	if (err)
		return err;
	all = counts.tcx + counts.clsact;
	snprintf(status->flavour, sizeof(status->flavour), "%s",
		 !counts.clsact ? "tcx"
		 : counts.tcx	? "tcx, clsact"
				: "clsact");
	snprintf(status->attached, sizeof(status->attached), "%zu interface%s", all,
		 all == 1 ? "" : "s");
	return 0;
}

int pg_ebpf_status(struct pg_backend_handle *handle, struct pg_diags *diags,
		   struct pg_backend_status *ret_status)
{
	struct pg_backend_status status = { .layout = "identity-maps" };
	_cleanup_pins_ struct pg_pins pins;
	const struct pg_map_meta_half *half;
	int err;

	pg_pins_init(&pins);
	err = pg_pins_open(handle, diags, &pins);
	if (err && err != -ENOENT)
		return err;
	if (err)
		pg_pins_explain_absence(handle, diags);
	status.generation = err ? 0 : pg_pins_generation(&pins);
	if (status.generation) {
		half = &pins.meta->half[status.generation & 1];
		status.enforcing = true;
		status.objects = half->objects;
		status.on_revoke = half->on_revoke;
		memcpy(status.uplink, half->uplink_name, sizeof(status.uplink) - 1);
		memcpy(status.digest, half->digest, sizeof(status.digest));
		err = describe_attachment(handle, &status);
		if (err)
			return pg_ebpf_error(diags, err, "cannot list the attached programs");
		err = pg_way_describe(&pins, status.same_host, sizeof(status.same_host));
		if (err)
			return pg_ebpf_error(diags, err, "cannot read an eBPF map");
	}
	*ret_status = status;
	return 0;
}

const struct pg_backend pg_backend_ebpf = {
	.name = "ebpf",
	.open = pg_ebpf_open,
	.close = pg_ebpf_close,
	.plan = pg_ebpf_plan,
	.live = pg_ebpf_live,
	.check = pg_ebpf_check,
	.commit = pg_ebpf_commit,
	.render = pg_ebpf_render,
	.clear = pg_ebpf_clear,
	.status = pg_ebpf_status,
	.counters = pg_ebpf_counters,
	.trace = pg_ebpf_trace,
};
