/* SPDX-License-Identifier: GPL-2.0-only */
/* What a policy takes of the kernel's memory. */
#ifndef PG_BENCH_AB_MEMORY_H
#define PG_BENCH_AB_MEMORY_H

#include "backends/backend.h"

/*
 * Makes a control group for the calling process, so that ab_memory_kernel() counts only what the kernel
 * allocates for it. scripts/sandbox removes the group; without that, or without the controller for
 * memory, there is none.
 */
void ab_memory_apart(void);

/*
 * MiB of the kernel's memory for the process's control group, and of the ipsets of its network namespace,
 * which the kernel doesn't count there. Without a group what the whole machine has in use beside pages that
 * hold files or belong to processes: objects of caches, vmalloc areas, memory of each processor; then what others do
 * meanwhile counts, too. What was given back may count for a moment longer (RCU).
 */
double ab_memory_kernel(void);

/* MiB that the kernel accounts to eBPF's pinned maps (proc_pid_fdinfo(5), memlock). */
int ab_memory_maps(const struct pg_backend_options *options, struct pg_diags *diags,
		   double *ret_mib);

#endif
