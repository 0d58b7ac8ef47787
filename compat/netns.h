/* SPDX-License-Identifier: GPL-2.0-only */
/* Network namespaces, held by descriptors: namespaces(7). Nothing here gives one a name. */
#ifndef PG_COMPAT_NETNS_H
#define PG_COMPAT_NETNS_H

#include <sys/types.h>

#include "compat/util.h"

/* Which namespace a descriptor stands for: two descriptors, one namespace, equal ids. */
struct pg_netns_id {
	dev_t dev;
	ino_t inode;
};

/* The calling thread's own. -errno. */
int pg_netns_self(int *ret_fd);
/* Another one by its path: /proc/PID/ns/net, /run/netns/NAME. -EINVAL: not a network namespace. */
int pg_netns_open(const char *path, int *ret_fd);
/* A new one that lives as long as the descriptor, or a socket or process in it. -EPERM: not root. */
int pg_netns_new(int *ret_fd);

int pg_netns_id(int fd, struct pg_netns_id *ret_id);
static inline bool pg_netns_same(struct pg_netns_id a, struct pg_netns_id b)
{
	return a.dev == b.dev && a.inode == b.inode;
}

/* Moves the calling thread for good. */
int pg_netns_switch(int fd);

/*
 * A visit: moves the calling thread, and back when `home` leaves its scope.
 *
 *	_cleanup_netns_ int home = -1;
 *	int err = pg_netns_enter(fd, &home);
 *
 * The way back can't fail while /proc and the descriptor are there; if it does, the process aborts
 * rather than go on in a namespace that its caller takes for another.
 */
int pg_netns_enter(int fd, int *ret_home);
void pg_netns_leave(int *home); /* accepts -1; sets it */
#define _cleanup_netns_ PG_CLEANUP(pg_netns_leave)

/* Calls fn(context) inside a namespace. What fn returns, or -errno. */
int pg_netns_run(int fd, int (*fn)(void *context), void *context);

#endif
