/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF file system, in which maps, programs and links outlive the process that made them. It
 * refuses names with a dot.
 */
#ifndef PG_COMPAT_BPFFS_H
#define PG_COMPAT_BPFFS_H

#include "compat/util.h"

#define PG_BPFFS_DEFAULT "/sys/fs/bpf"

/* 0; -EOPNOTSUPP: `path` isn't in a BPF file system; -errno. */
int pg_bpffs_check(const char *path);

/*
 * Locks a directory against every other pg_bpffs_lock() of it, waiting as long as it takes. The lock
 * goes with the descriptor.
 */
int pg_bpffs_lock(const char *path, int *ret_fd);

/* mkdir() for root alone; 0 also when it is there. */
int pg_bpffs_mkdir(const char *path);

/*
 * Removes what is below a directory (directories within it too), `last` after all else if that isn't
 * NULL, then the directory. What is removed lives on where something else holds it. 0 also when it
 * isn't there.
 */
int pg_bpffs_remove(const char *path, const char *last);

/* Formats a path. -ENAMETOOLONG. */
#define PG_BPFFS_PATH 512
int pg_bpffs_path(char path[PG_BPFFS_PATH], const char *format, ...) PG_PRINTF(2, 3);

#endif
