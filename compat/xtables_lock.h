/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock that iptables-legacy and its kin take while they read a table, change it and write it back:
 * flock(2) on /run/xtables.lock, or on the file that XTABLES_LOCKFILE names, as theirs (since
 * iptables 1.8.6).
 */
#ifndef PG_COMPAT_XTABLES_LOCK_H
#define PG_COMPAT_XTABLES_LOCK_H

#include "compat/util.h"

#define PG_XTABLES_LOCK_FILE "/run/xtables.lock"

/* The file's name, for messages. */
const char *pg_xtables_lock_file(void);

/*
 * Waits for the lock and takes it; closing the descriptor gives it back. -EBUSY: somebody else still
 * had it after `limit_ms` milliseconds. -errno: the file can't be opened or made.
 */
int pg_xtables_lock(unsigned int limit_ms, int *ret_fd);

#endif
