// SPDX-License-Identifier: GPL-2.0-only
#include "compat/netns.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

int pg_netns_open(const char *path, int *ret_fd)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return -EINVAL;
	*ret_fd = PG_TAKE_FD(fd);
	return 0;
}

int pg_netns_self(int *ret_fd)
{
	return pg_netns_open("/proc/thread-self/ns/net", ret_fd);
}

int pg_netns_new(int *ret_fd)
{
	_cleanup_netns_ int home = -1;
	_cleanup_close_ int here = -1;
	int err = pg_netns_self(&here);

	if (err)
		return err;
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	home = PG_TAKE_FD(here); /* there is a way to go back only now */
	return pg_netns_self(ret_fd);
}

int pg_netns_id(int fd, struct pg_netns_id *ret_id)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_id = (struct pg_netns_id){ .dev = st.st_dev, .inode = st.st_ino };
	return 0;
}

int pg_netns_switch(int fd)
{
	return setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
}

int pg_netns_enter(int fd, int *ret_home)
{
	_cleanup_close_ int home = -1;
	int err = pg_netns_self(&home);

	if (!err)
		err = pg_netns_switch(fd);
	if (err)
		return err;
	*ret_home = PG_TAKE_FD(home);
	return 0;
}

void pg_netns_leave(int *home)
{
	if (*home < 0)
		return;
	if (pg_netns_switch(*home))
		abort();
	close(*home);
	*home = -1;
}

int pg_netns_run(int fd, int (*fn)(void *context), void *context)
{
	_cleanup_netns_ int home = -1;
	int err = pg_netns_enter(fd, &home);

	return err ? err : fn(context);
}
