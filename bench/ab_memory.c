// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_memory.h"

#include <sys/stat.h>

#include "backends/ebpf/pins.h"

#define MIB (double)(1 << 20)

/* Pages of caches stay where only some of their objects are freed, so objects count (slabinfo(5)). */
static double slab_objects(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/slabinfo", "re");
	char line[512];
	double sum = 0;

	while (file && fgets(line, sizeof(line), file)) {
		unsigned long active, size;

		if (sscanf(line, "%*s %lu %*u %lu", &active, &size) == 2)
			sum += (double)active * (double)size;
	}
	return sum / MIB;
}

static double machine_memory(void)
{
	static const char *const names[] = { "VmallocUsed:", "Percpu:" };
	_cleanup_fclose_ FILE *file = fopen("/proc/meminfo", "re");
	char name[64];
	unsigned long value;
	double sum = slab_objects();

	while (file && fscanf(file, "%63s %lu%*[^\n]", name, &value) == 2) {
		for (size_t i = 0; i < PG_COUNT(names); i++)
			sum += strcmp(name, names[i]) ? 0 : (double)value / 1024;
	}
	return sum;
}

/* Where groups are, and what one has: a number, or behind a name. */
static const struct {
	const char *folder, *file, *name;
} versions[] = {
	{ "/sys/fs/cgroup/memory", "memory.kmem.usage_in_bytes", "" },
	{ "/sys/fs/cgroup", "memory.stat", "kernel " },
};

static char group[256], group_file[320];
static const char *group_name;

static bool read_group(double *ret_mib)
{
	_cleanup_fclose_ FILE *file = group_name ? fopen(group_file, "re") : NULL;
	char line[128];

	while (file && fgets(line, sizeof(line), file)) {
		size_t length = strlen(group_name);

		if (strncmp(line, group_name, length) != 0)
			continue;
		*ret_mib = (double)strtoull(line + length, NULL, 10) / MIB;
		return true;
	}
	return false;
}

static bool enter_group(void)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[320];

	if (mkdir(group, 0755) < 0 && errno != EEXIST)
		return false;
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	file = fopen(path, "we");
	return file && fprintf(file, "%d\n", getpid()) > 0 && !fflush(file);
}

void ab_memory_apart(void)
{
	const char *sandbox = getenv("SANDBOX"), *name = sandbox ? strrchr(sandbox, '/') : NULL;
	double mib;

	for (size_t i = 0; name && i < PG_COUNT(versions); i++) {
		snprintf(group, sizeof(group), "%s%s-%d", versions[i].folder, name, getpid());
		snprintf(group_file, sizeof(group_file), "%s/%s", group, versions[i].file);
		group_name = versions[i].name;
		if (!access(versions[i].folder, W_OK) && enter_group() && read_group(&mib))
			return;
	}
	group_name = NULL;
}

/* As ipset(8) says. */
static double set_memory(void)
{
	FILE *file = popen("ipset list -terse 2>/dev/null", "re");
	char line[512];
	unsigned long size;
	double sum = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Size in memory: %lu", &size) == 1)
			sum += (double)size;
	}
	if (file)
		pclose(file);
	return sum / MIB;
}

double ab_memory_kernel(void)
{
	double mib;

	return read_group(&mib) ? mib + set_memory() : machine_memory();
}

static double map_memory(int fd)
{
	char path[64], line[128];
	_cleanup_fclose_ FILE *file = NULL;
	unsigned long bytes = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "memlock: %lu", &bytes) == 1)
			break;
	}
	return (double)bytes / MIB;
}

int ab_memory_maps(const struct pg_backend_options *options, struct pg_diags *diags,
		   double *ret_mib)
{
	_cleanup_pins_ struct pg_pins pins;
	struct pg_backend_handle *handle;
	double sum = 0;
	int err = pg_backend_ebpf.open(options, true, diags, &handle);

	pg_pins_init(&pins);
	if (err)
		return err;
	err = pg_pins_open(handle, diags, &pins);
	pg_backend_ebpf.close(handle);
	for (size_t i = 0; i < PG_MAPS && !err; i++)
		sum += map_memory(pins.maps[i]);
	if (!err)
		*ret_mib = sum;
	return err;
}
