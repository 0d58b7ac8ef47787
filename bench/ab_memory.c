// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_memory.h"

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

double ab_memory_kernel(void)
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
