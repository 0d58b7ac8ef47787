// SPDX-License-Identifier: GPL-2.0-only
/* Loading the programs, and pinning what comes of it. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "backends/ebpf/log.h"
#include "backends/ebpf/pins.h"
#include "backends/ebpf/polgen.bpf.skel.h"

/*
 * A map keeps the size that it is made with, and what outgrows it is refused until everything is taken
 * down. So it is made for several times what the first policy needs, and for no less than this: room that
 * isn't used takes 16 bytes an entry. More than both generations of the largest plan nobody needs.
 */
#define MIN_ENDPOINTS 16384
#define MIN_SUBJECTS  16384
#define MIN_POLICY    262144
#define MIN_RULES     131072

/*
 * Flows take their memory whether there are any or not: 128 bytes each, of IPv6 152, and as much for each of
 * those that aren't assured, of which a quarter as many are remembered.
 */
static uint32_t flows_of(const struct pg_backend_handle *handle)
{
	return handle->flows ? handle->flows : PG_PINS_FLOWS;
}

static void destroy_skeleton(struct pg_programs **skeleton)
{
	pg_programs__destroy(*skeleton);
}

static uint32_t room_for(size_t count, uint32_t least)
{
	uint64_t room = least;

	while (room < count)
		room *= 2;
	return (uint32_t)PG_MIN(room, 2 * (uint64_t)PG_PLAN_MAX);
}

static int set_sizes(struct pg_programs *skeleton, uint32_t flows,
		     const struct pg_pins_sizes *sizes)
{
	struct {
		struct bpf_map *map;
		uint32_t entries;
	} table[] = {
		{ skeleton->maps.pg_endpoints, room_for(4 * sizes->endpoints, MIN_ENDPOINTS) },
		{ skeleton->maps.pg_subjects, room_for(4 * sizes->subjects, MIN_SUBJECTS) },
		{ skeleton->maps.pg_policy, room_for(4 * sizes->policy, MIN_POLICY) },
		{ skeleton->maps.pg_rules, room_for(2 * sizes->rules, MIN_RULES) },
		{ skeleton->maps.pg_counters, room_for(2 * sizes->rules, MIN_RULES) },
		/* A trie takes memory for what is in it only. */
		{ skeleton->maps.pg_addresses4, 2 * PG_PLAN_MAX },
		{ skeleton->maps.pg_addresses6, 2 * PG_PLAN_MAX },
		{ skeleton->maps.pg_flows4, flows },
		{ skeleton->maps.pg_flows6, flows },
		{ skeleton->maps.pg_opening4, flows / 4 },
		{ skeleton->maps.pg_opening6, flows / 4 },
	};

	for (size_t i = 0; i < PG_COUNT(table); i++) {
		int err = bpf_map__set_max_entries(table[i].map, table[i].entries);

		if (err)
			return err;
	}
	return 0;
}

static int report_load(struct pg_diags *diags, int err)
{
	if (err == -EPERM)
		pg_error(
			diags, PG_LOC_NONE,
			"loading the eBPF programs is not permitted: it needs root, or CAP_BPF and CAP_NET_ADMIN");
	else
		pg_ebpf_error(diags, err, "the kernel refuses the eBPF programs");
	pg_bpf_log_report(diags);
	return err;
}

static int load(uint32_t flows, const struct pg_pins_sizes *sizes, struct pg_diags *diags,
		struct pg_programs **ret_skeleton)
{
	PG_CLEANUP(destroy_skeleton) struct pg_programs *skeleton = NULL;
	int err;

	pg_bpf_log_clear();
	skeleton = pg_programs__open();
	if (!skeleton)
		return pg_ebpf_error(diags, -errno, "cannot open the eBPF programs");
	err = set_sizes(skeleton, flows, sizes);
	if (!err)
		err = pg_programs__load(skeleton);
	if (err)
		return report_load(diags, err);
	*ret_skeleton = PG_TAKE(skeleton);
	return 0;
}

static int write_meta(const struct pg_backend_handle *handle, const struct pg_programs *skeleton)
{
	struct pg_map_meta meta = { .abi = PG_ABI_VERSION, .netns_cookie = handle->cookie };
	uint32_t zero = 0;

	return bpf_map_update_elem(bpf_map__fd(skeleton->maps.pg_meta), &zero, &meta, BPF_ANY);
}

static int pin(const char *directory, const char *name, int fd)
{
	char path[PG_BPFFS_PATH];
	int err = pg_bpffs_path(path, "%s/%s", directory, name);

	return err ? err : bpf_obj_pin(fd, path);
}

static int pin_all(const char *directory, const struct pg_programs *skeleton)
{
	struct bpf_program *program;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, skeleton->obj)
	{
		if (!err)
			err = pin(directory, bpf_map__name(map), bpf_map__fd(map));
	}
	bpf_object__for_each_program(program, skeleton->obj)
	{
		if (!err)
			err = pin(directory, bpf_program__name(program), bpf_program__fd(program));
	}
	return err;
}

static int make_directory(const struct pg_backend_handle *handle, const char *fresh)
{
	char links[PG_BPFFS_PATH];
	int err = pg_bpffs_path(links, "%s/links", fresh);

	if (!err)
		err = pg_bpffs_mkdir(handle->parent);
	if (!err)
		err = pg_bpffs_mkdir(fresh);
	return err ? err : pg_bpffs_mkdir(links);
}

/* All of it under another name, then by its own at once. */
static int pin_state(const struct pg_backend_handle *handle, const struct pg_programs *skeleton)
{
	char fresh[PG_BPFFS_PATH];
	int err = pg_bpffs_path(fresh, "%s-new", handle->directory);

	if (!err)
		err = make_directory(handle, fresh);
	if (!err)
		err = pin_all(fresh, skeleton);
	if (!err && rename(fresh, handle->directory))
		err = -errno;
	return err;
}

int pg_pins_create(const struct pg_backend_handle *handle, const struct pg_pins_sizes *sizes,
		   struct pg_diags *diags, struct pg_pins *ret_pins)
{
	PG_CLEANUP(destroy_skeleton) struct pg_programs *skeleton = NULL;
	int err = load(flows_of(handle), sizes, diags, &skeleton);

	if (err)
		return err;
	err = write_meta(handle, skeleton);
	if (!err)
		err = pin_state(handle, skeleton);
	if (err) {
		pg_ebpf_error(diags, err, "cannot pin the eBPF state in '%s'", handle->directory);
		pg_pins_destroy(handle, diags);
		return err;
	}
	return pg_pins_open(handle, diags, ret_pins);
}
