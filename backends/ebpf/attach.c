// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <dirent.h>
#include <linux/bpf.h>

#include "backends/ebpf/attach.h"
#include "backends/ebpf/clsact.h"

/* Newer than the headers of Debian 12; linux/bpf.h of Linux 6.6 has them. */
#define TCX_INGRESS   46
#define TCX_EGRESS    47
#define LINK_TYPE_TCX 11
#define ATTACH_BEFORE (1u << 3) /* BPF_F_BEFORE; before nothing in particular: first */

/* What records of an uplink begin with, after the interface. */
#define UPLINK "uplink-"

static int link_path(const struct pg_backend_handle *handle, uint32_t ifindex, const char *what,
		     char path[PG_BPFFS_PATH])
{
	return pg_bpffs_path(path, "%s/links/%u-%s", handle->directory, ifindex, what);
}

/* Records of links. What a container sends comes in on the host's side. */
static const char *const link_names[PG_PROGRAMS] = {
	[PG_FROM_CONTAINER] = "in",
	[PG_TO_CONTAINER] = "out",
	[PG_FROM_UPLINK] = UPLINK "in",
	[PG_TO_UPLINK] = UPLINK "out",
};

static const char *const filter_names[PG_PROGRAMS] = {
	[PG_FROM_CONTAINER] = "filter-in",
	[PG_TO_CONTAINER] = "filter-out",
	[PG_FROM_UPLINK] = UPLINK "filter-in",
	[PG_TO_UPLINK] = UPLINK "filter-out",
};

static bool is_ingress(enum pg_program program)
{
	return program == PG_FROM_CONTAINER || program == PG_FROM_UPLINK;
}

static enum bpf_attach_type tcx_hook(enum pg_program program)
{
	return is_ingress(program) ? TCX_INGRESS : TCX_EGRESS;
}

/* A place is its first program; the other one comes right after. */
static enum pg_program other_of(enum pg_attach_place place)
{
	return (enum pg_program)place + 1;
}

static int remove_pin(const struct pg_backend_handle *handle, uint32_t ifindex, const char *what)
{
	char path[PG_BPFFS_PATH];
	int err = link_path(handle, ifindex, what, path);

	if (err)
		return err;
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

static bool has_pin(const struct pg_backend_handle *handle, uint32_t ifindex, const char *what)
{
	char path[PG_BPFFS_PATH];

	return !link_path(handle, ifindex, what, path) && !access(path, F_OK);
}

/* 0: there is no such program. */
static uint32_t program_id(int program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t length = sizeof(info);

	return bpf_obj_get_info_by_fd(program, &info, &length) ? 0 : info.id;
}

/* Whether a pinned link still holds the program on the interface: a link outlives its interface. */
static bool link_holds(const struct pg_backend_handle *handle, const struct pg_pins *pins,
		       uint32_t ifindex, enum pg_program program)
{
	struct bpf_link_info info = { 0 };
	uint32_t length = sizeof(info);
	_cleanup_close_ int link = -1;
	char path[PG_BPFFS_PATH];

	if (link_path(handle, ifindex, link_names[program], path))
		return false;
	link = bpf_obj_get(path);
	/* The index comes first in what is told of a TCX link, as in what is told of an XDP link. */
	return link >= 0 && !bpf_obj_get_info_by_fd(link, &info, &length) &&
	       info.type == LINK_TYPE_TCX && info.xdp.ifindex == ifindex &&
	       info.prog_id == program_id(pins->programs[program]);
}

static bool filter_holds(const struct pg_pins *pins, uint32_t ifindex, enum pg_program program)
{
	uint32_t id = pg_clsact_program(ifindex, is_ingress(program));

	return id && id == program_id(pins->programs[program]);
}

static bool has_links(const struct pg_backend_handle *handle, uint32_t ifindex,
		      enum pg_attach_place place)
{
	return has_pin(handle, ifindex, link_names[place]) ||
	       has_pin(handle, ifindex, link_names[other_of(place)]);
}

static bool has_filters(const struct pg_backend_handle *handle, uint32_t ifindex,
			enum pg_attach_place place)
{
	return has_pin(handle, ifindex, filter_names[place]) ||
	       has_pin(handle, ifindex, filter_names[other_of(place)]) ||
	       has_pin(handle, ifindex, "qdisc");
}

static bool tcx_holds(const struct pg_backend_handle *handle, const struct pg_pins *pins,
		      uint32_t ifindex, enum pg_attach_place place)
{
	return link_holds(handle, pins, ifindex, (enum pg_program)place) &&
	       link_holds(handle, pins, ifindex, other_of(place));
}

static bool clsact_holds(const struct pg_backend_handle *handle, const struct pg_pins *pins,
			 uint32_t ifindex, enum pg_attach_place place)
{
	return has_pin(handle, ifindex, filter_names[place]) &&
	       has_pin(handle, ifindex, filter_names[other_of(place)]) &&
	       filter_holds(pins, ifindex, (enum pg_program)place) &&
	       filter_holds(pins, ifindex, other_of(place));
}

bool pg_attach_holds(const struct pg_backend_handle *handle, const struct pg_pins *pins,
		     uint32_t ifindex)
{
	return tcx_holds(handle, pins, ifindex, PG_ON_CONTAINER) ||
	       clsact_holds(handle, pins, ifindex, PG_ON_CONTAINER);
}

/* Not both ways at once: each packet would be judged and counted twice. */
static bool holds_by_tcx(const struct pg_backend_handle *handle, const struct pg_pins *pins,
			 uint32_t ifindex, enum pg_attach_place place)
{
	return tcx_holds(handle, pins, ifindex, place) && !has_filters(handle, ifindex, place);
}

static bool holds_by_clsact(const struct pg_backend_handle *handle, const struct pg_pins *pins,
			    uint32_t ifindex, enum pg_attach_place place)
{
	return clsact_holds(handle, pins, ifindex, place) && !has_links(handle, ifindex, place);
}

bool pg_attach_is_settled(const struct pg_backend_handle *handle, const struct pg_pins *pins,
			  uint32_t ifindex, enum pg_attach_place place)
{
	return (handle->attach != PG_ATTACH_CLSACT && holds_by_tcx(handle, pins, ifindex, place)) ||
	       (handle->attach != PG_ATTACH_TCX && holds_by_clsact(handle, pins, ifindex, place));
}

static int attach_link(const struct pg_backend_handle *handle, const struct pg_pins *pins,
		       uint32_t ifindex, enum pg_program program)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = ATTACH_BEFORE);
	_cleanup_close_ int link = -1;
	char path[PG_BPFFS_PATH];
	int err = link_path(handle, ifindex, link_names[program], path);

	if (err || link_holds(handle, pins, ifindex, program))
		return err;
	err = remove_pin(handle, ifindex, link_names[program]);
	if (err)
		return err;
	link = bpf_link_create(pins->programs[program], (int)ifindex, tcx_hook(program), &options);
	if (link < 0)
		return link;
	return bpf_obj_pin(link, path);
}

static int attach_tcx(const struct pg_backend_handle *handle, const struct pg_pins *pins,
		      uint32_t ifindex, enum pg_attach_place place)
{
	int err = attach_link(handle, pins, ifindex, (enum pg_program)place);

	return err ? err : attach_link(handle, pins, ifindex, other_of(place));
}

/* Puts on record what is about to be made, so that it is taken down whatever happens. */
static int pin_record(const struct pg_backend_handle *handle, const struct pg_pins *pins,
		      uint32_t ifindex, const char *what, enum pg_program program)
{
	char path[PG_BPFFS_PATH];
	int err = link_path(handle, ifindex, what, path);

	if (!err)
		err = bpf_obj_pin(pins->programs[program], path);
	return err == -EEXIST ? 0 : err;
}

static int attach_qdisc(const struct pg_backend_handle *handle, const struct pg_pins *pins,
			uint32_t ifindex, enum pg_attach_place place)
{
	bool was_ours = has_pin(handle, ifindex, "qdisc");
	int err = pin_record(handle, pins, ifindex, "qdisc", (enum pg_program)place);

	if (!err)
		err = pg_clsact_add_qdisc(ifindex);
	if (err && !was_ours)
		remove_pin(handle, ifindex, "qdisc");
	return err == -EEXIST ? 0 : err;
}

static int attach_filter(const struct pg_backend_handle *handle, const struct pg_pins *pins,
			 uint32_t ifindex, enum pg_program program)
{
	int err = pin_record(handle, pins, ifindex, filter_names[program], program);

	if (err)
		return err;
	return pg_clsact_add(ifindex, is_ingress(program), pins->programs[program]);
}

static int attach_clsact(const struct pg_backend_handle *handle, const struct pg_pins *pins,
			 uint32_t ifindex, enum pg_attach_place place)
{
	int err = attach_qdisc(handle, pins, ifindex, place);

	if (!err)
		err = attach_filter(handle, pins, ifindex, (enum pg_program)place);
	return err ? err : attach_filter(handle, pins, ifindex, other_of(place));
}

/* Asks for the list of programs on an interface that there always is. */
static bool kernel_has_tcx(void)
{
	uint32_t count = 0;
	int err = bpf_prog_query(1, TCX_INGRESS, 0, NULL, NULL, &count);

	return !err || err == -ENOENT;
}

/* More programs than these aren't all ours either. */
#define PROGRAMS_MAX 8

static bool is_alone_by_tcx(const struct pg_pins *pins, uint32_t ifindex, enum pg_program program)
{
	uint32_t ids[PROGRAMS_MAX], count = PROGRAMS_MAX, own = program_id(pins->programs[program]);
	int err = bpf_prog_query((int)ifindex, tcx_hook(program), 0, NULL, ids, &count);

	/* Nothing is there; or kernels before Linux 6.6, which don't know it. */
	if (err == -ENOENT || err == -EINVAL)
		return true;
	for (uint32_t i = 0; i < count && !err; i++) {
		if (ids[i] != own)
			return false;
	}
	return !err;
}

bool pg_attach_is_alone(const struct pg_pins *pins, uint32_t ifindex)
{
	for (int i = 0; i < PG_DIRECTIONS; i++) {
		size_t others;

		if (!is_alone_by_tcx(pins, ifindex, i) ||
		    pg_clsact_others(ifindex, i == PG_EGRESS, &others) || others)
			return false;
	}
	return true;
}

/*
 * Unpinning alone ends a link too, but some time later: the kernel leaves that to a worker, and until
 * then the program finds no entry of the endpoint and drops its packets.
 */
static int detach_link(const struct pg_backend_handle *handle, uint32_t ifindex,
		       enum pg_program program)
{
	_cleanup_close_ int link = -1;
	char path[PG_BPFFS_PATH];
	int err = link_path(handle, ifindex, link_names[program], path);

	if (err)
		return err;
	link = bpf_obj_get(path);
	if (link < 0)
		return link == -ENOENT ? 0 : link;
	err = bpf_link_detach(link);
	return err ? err : remove_pin(handle, ifindex, link_names[program]);
}

/* The filter is taken away if it holds the program that is on record. */
static int detach_filter(const struct pg_backend_handle *handle, uint32_t ifindex,
			 enum pg_program program)
{
	bool ingress = is_ingress(program);
	_cleanup_close_ int recorded = -1;
	char path[PG_BPFFS_PATH];
	uint32_t id;
	int err = link_path(handle, ifindex, filter_names[program], path);

	if (err)
		return err;
	recorded = bpf_obj_get(path);
	if (recorded < 0)
		return recorded == -ENOENT ? 0 : recorded;
	id = pg_clsact_program(ifindex, ingress);
	if (id && id == program_id(recorded))
		err = pg_clsact_remove(ifindex, ingress);
	return err ? err : remove_pin(handle, ifindex, filter_names[program]);
}

static int detach_qdisc(const struct pg_backend_handle *handle, uint32_t ifindex)
{
	int err;

	if (!has_pin(handle, ifindex, "qdisc"))
		return 0;
	err = pg_clsact_remove_qdisc(ifindex);
	return err ? err : remove_pin(handle, ifindex, "qdisc");
}

static int detach_tcx(const struct pg_backend_handle *handle, uint32_t ifindex,
		      enum pg_attach_place place)
{
	int err = detach_link(handle, ifindex, (enum pg_program)place);

	return err ? err : detach_link(handle, ifindex, other_of(place));
}

static int detach_clsact(const struct pg_backend_handle *handle, uint32_t ifindex,
			 enum pg_attach_place place)
{
	int err = detach_filter(handle, ifindex, (enum pg_program)place);

	if (!err)
		err = detach_filter(handle, ifindex, other_of(place));
	return err ? err : detach_qdisc(handle, ifindex);
}

int pg_detach(const struct pg_backend_handle *handle, uint32_t ifindex, enum pg_attach_place place)
{
	int err = detach_tcx(handle, ifindex, place);

	return err ? err : detach_clsact(handle, ifindex, place);
}

/* The other way is given up last, so that there always is one. */
int pg_attach(const struct pg_backend_handle *handle, const struct pg_pins *pins, uint32_t ifindex,
	      enum pg_attach_place place)
{
	bool has_tcx = handle->attach != PG_ATTACH_CLSACT && kernel_has_tcx();
	int err;

	if (pg_attach_is_settled(handle, pins, ifindex, place))
		return 0;
	if (handle->attach == PG_ATTACH_TCX && !has_tcx)
		return -EOPNOTSUPP;
	err = has_tcx ? attach_tcx(handle, pins, ifindex, place)
		      : attach_clsact(handle, pins, ifindex, place);
	if (err)
		return err;
	return has_tcx ? detach_clsact(handle, ifindex, place) : detach_tcx(handle, ifindex, place);
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* Calls fn for each record, by its interface and the rest of its name. */
static int each_record(const struct pg_backend_handle *handle,
		       int (*fn)(const struct pg_backend_handle *handle, uint32_t ifindex,
				 const char *what, void *context),
		       void *context)
{
	PG_CLEANUP(close_directory) DIR *directory = NULL;
	char path[PG_BPFFS_PATH];
	struct dirent *entry;
	int err = pg_bpffs_path(path, "%s/links", handle->directory);

	if (err)
		return err;
	directory = opendir(path);
	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (entry = readdir(directory))) {
		char *end;
		unsigned long ifindex = strtoul(entry->d_name, &end, 10);

		if (end != entry->d_name && *end == '-')
			err = fn(handle, (uint32_t)ifindex, end + 1, context);
	}
	return err;
}

static int detach_record(const struct pg_backend_handle *handle, uint32_t ifindex, const char *what,
			 void *context)
{
	bool uplink = !strncmp(what, UPLINK, strlen(UPLINK));

	(void)context;
	return pg_detach(handle, ifindex, uplink ? PG_ON_UPLINK : PG_ON_CONTAINER);
}

static int detach_uplink(const struct pg_backend_handle *handle, uint32_t ifindex, const char *what,
			 void *context)
{
	const uint32_t *kept = context;

	if (strncmp(what, UPLINK, strlen(UPLINK)) != 0 || ifindex == *kept)
		return 0;
	return pg_detach(handle, ifindex, PG_ON_UPLINK);
}

int pg_detach_uplinks(const struct pg_backend_handle *handle, uint32_t kept)
{
	return each_record(handle, detach_uplink, &kept);
}

int pg_detach_all(const struct pg_backend_handle *handle)
{
	return each_record(handle, detach_record, NULL);
}

static int count_record(const struct pg_backend_handle *handle, uint32_t ifindex, const char *what,
			void *context)
{
	struct pg_attach_counts *counts = context;
	char name[IF_NAMESIZE];

	(void)handle;
	/* The record outlives its interface. */
	if (!if_indextoname(ifindex, name))
		return 0;
	counts->tcx += !strcmp(what, link_names[PG_FROM_CONTAINER]);
	counts->clsact += !strcmp(what, filter_names[PG_FROM_CONTAINER]);
	return 0;
}

int pg_attach_count(const struct pg_backend_handle *handle, struct pg_attach_counts *ret_counts)
{
	struct pg_attach_counts counts = { 0 };
	int err = each_record(handle, count_record, &counts);

	if (!err)
		*ret_counts = counts;
	return err;
}
