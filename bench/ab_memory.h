/* SPDX-License-Identifier: GPL-2.0-only */
/* What a policy takes of the kernel's memory. */
#ifndef PG_BENCH_AB_MEMORY_H
#define PG_BENCH_AB_MEMORY_H

#include "backends/backend.h"

/*
 * MiB that the kernel has in use beside pages that hold files or belong to processes: objects of its
 * caches, vmalloc areas, memory of each processor. Of the whole machine: what others do meanwhile counts,
 * too. What was given back may count for a moment longer (RCU).
 */
double ab_memory_kernel(void);

/* MiB that the kernel accounts to eBPF's pinned maps (proc_pid_fdinfo(5), memlock). */
int ab_memory_maps(const struct pg_backend_options *options, struct pg_diags *diags,
		   double *ret_mib);

#endif
