// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/mman.h>

#include "backends/ebpf/attach.h"
#include "backends/ebpf/pins.h"

static const char *const program_names[PG_PROGRAMS] = {
	[PG_FROM_CONTAINER] = "from_container",
	[PG_TO_CONTAINER] = "to_container",
	[PG_FROM_UPLINK] = "from_uplink",
	[PG_TO_UPLINK] = "to_uplink",
};

static size_t meta_length(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void pg_pins_init(struct pg_pins *pins)
{
	*pins = (struct pg_pins){ 0 };
	for (int i = 0; i < PG_MAPS; i++)
		pins->maps[i] = -1;
	for (int i = 0; i < PG_PROGRAMS; i++)
		pins->programs[i] = -1;
}

void pg_pins_done(struct pg_pins *pins)
{
	for (int i = 0; i < PG_MAPS; i++)
		pg_close_cleanup(&pins->maps[i]);
	for (int i = 0; i < PG_PROGRAMS; i++)
		pg_close_cleanup(&pins->programs[i]);
	if (pins->meta)
		munmap(pins->meta, meta_length());
	pg_pins_init(pins);
}

static int open_pin(const struct pg_backend_handle *handle, const char *name, int *ret_fd)
{
	char path[PG_BPFFS_PATH];
	int err = pg_bpffs_path(path, "%s/%s", handle->directory, name);
	int fd;

	if (err)
		return err;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

/* Maps the meta map's page. -EPROTO: it can't be one of ours. */
static int map_meta(struct pg_pins *pins)
{
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info);
	void *page;
	int err = bpf_obj_get_info_by_fd(pins->maps[PG_MAP_META], &info, &length);

	if (err)
		return err;
	if (info.type != BPF_MAP_TYPE_ARRAY || !(info.map_flags & BPF_F_MMAPABLE) ||
	    info.value_size < offsetof(struct pg_map_meta, half))
		return -EPROTO;
	page = mmap(NULL, meta_length(), PROT_READ | PROT_WRITE, MAP_SHARED,
		    pins->maps[PG_MAP_META], 0);
	if (page == MAP_FAILED)
		return -errno;
	pins->meta = page;
	return 0;
}

static int open_rest(const struct pg_backend_handle *handle, struct pg_pins *pins)
{
	int err = 0;

	for (int i = 0; i < PG_MAPS && !err; i++) {
		if (i != PG_MAP_META)
			err = open_pin(handle, pg_map_types[i].name, &pins->maps[i]);
	}
	for (int i = 0; i < PG_PROGRAMS && !err; i++)
		err = open_pin(handle, program_names[i], &pins->programs[i]);
	return err;
}

static int report_version(const struct pg_backend_handle *handle, uint32_t abi,
			  struct pg_diags *diags)
{
	pg_error(diags, PG_LOC_NONE,
		 "eBPF state in '%s' is of another version of polgen (%u, this one has %u)",
		 handle->directory, abi, PG_ABI_VERSION);
	pg_note(diags, PG_LOC_NONE, "'polgen clear' takes it down, enforcement with it");
	return -EPROTO;
}

/* A namespace's inode number is used again after its end, its cookie never. */
static bool is_anothers(const struct pg_backend_handle *handle, const struct pg_map_meta *meta)
{
	return handle->cookie && meta->netns_cookie && handle->cookie != meta->netns_cookie;
}

int pg_pins_open(const struct pg_backend_handle *handle, struct pg_diags *diags,
		 struct pg_pins *ret_pins)
{
	_cleanup_pins_ struct pg_pins pins;
	int err;

	pg_pins_init(&pins);
	err = open_pin(handle, pg_map_types[PG_MAP_META].name, &pins.maps[PG_MAP_META]);
	if (!err)
		err = map_meta(&pins);
	if (err == -EPROTO || (!err && pins.meta->abi != PG_ABI_VERSION))
		return report_version(handle, pins.meta ? pins.meta->abi : 0, diags);
	if (!err && is_anothers(handle, pins.meta))
		return -ENOENT;
	if (!err)
		err = open_rest(handle, &pins);
	if (err && err != -ENOENT)
		pg_ebpf_error(diags, err, "cannot open the eBPF state in '%s'", handle->directory);
	if (err)
		return err;
	*ret_pins = pins;
	pg_pins_init(&pins);
	return 0;
}

void pg_pins_explain_absence(const struct pg_backend_handle *handle, struct pg_diags *diags)
{
	_cleanup_pins_ struct pg_pins pins;

	pg_pins_init(&pins);
	if (open_pin(handle, pg_map_types[PG_MAP_META].name, &pins.maps[PG_MAP_META]) ||
	    map_meta(&pins) || is_anothers(handle, pins.meta) || !pg_pins_generation(&pins))
		return;
	pg_warning(
		diags, PG_LOC_NONE,
		"eBPF state in '%s' is incomplete: programs may go on with a policy that nobody can "
		"read; 'polgen apply' makes it anew",
		handle->directory);
}

/* From here on no program drops anything. Also for versions to come: the word stays where it is. */
static void end_enforcement(const struct pg_backend_handle *handle)
{
	_cleanup_pins_ struct pg_pins pins;

	pg_pins_init(&pins);
	if (!open_pin(handle, pg_map_types[PG_MAP_META].name, &pins.maps[PG_MAP_META]) &&
	    !map_meta(&pins))
		__atomic_store_n(&pins.meta->generation, 0, __ATOMIC_RELEASE);
}

int pg_pins_destroy(const struct pg_backend_handle *handle, struct pg_diags *diags)
{
	char fresh[PG_BPFFS_PATH];
	int err = pg_bpffs_path(fresh, "%s-new", handle->directory);

	end_enforcement(handle);
	if (!err)
		err = pg_detach_all(handle);
	if (!err)
		err = pg_bpffs_remove(handle->directory, pg_map_types[PG_MAP_META].name);
	if (!err)
		err = pg_bpffs_remove(fresh, NULL);
	if (err)
		return pg_ebpf_error(diags, err, "cannot take down the eBPF state in '%s'",
				     handle->directory);
	/* Other namespaces' state may be there. */
	rmdir(handle->parent);
	return 0;
}
