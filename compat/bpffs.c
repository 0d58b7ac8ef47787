// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "compat/bpffs.h"

int pg_bpffs_check(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs))
		return errno == ENOENT ? -EOPNOTSUPP : -errno;
	return (unsigned long)fs.f_type == BPF_FS_MAGIC ? 0 : -EOPNOTSUPP;
}

int pg_bpffs_lock(const char *path, int *ret_fd)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX)) {
		if (errno != EINTR)
			return -errno;
	}
	*ret_fd = PG_TAKE_FD(fd);
	return 0;
}

int pg_bpffs_mkdir(const char *path)
{
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int remove_below(int fd, const char *except);

static int remove_entry(int fd, const char *name)
{
	int below, err;

	if (!unlinkat(fd, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -errno;
	below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (below < 0)
		return -errno;
	err = remove_below(below, NULL);
	if (err)
		return err;
	return unlinkat(fd, name, AT_REMOVEDIR) && errno != ENOENT ? -errno : 0;
}

static bool is_kept(const char *name, const char *except)
{
	return !strcmp(name, ".") || !strcmp(name, "..") || (except && !strcmp(name, except));
}

/* Takes the descriptor. */
static int remove_below(int fd, const char *except)
{
	PG_CLEANUP(close_directory) DIR *directory = fdopendir(fd);
	struct dirent *entry;
	int err = 0;

	if (!directory) {
		err = -errno;
		close(fd);
		return err;
	}
	while (!err && (entry = readdir(directory))) {
		if (!is_kept(entry->d_name, except))
			err = remove_entry(dirfd(directory), entry->d_name);
	}
	return err;
}

int pg_bpffs_remove(const char *path, const char *last)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int below, err;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	below = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (below < 0)
		return -errno;
	err = remove_below(below, last);
	if (err)
		return err;
	if (last && unlinkat(fd, last, 0) && errno != ENOENT)
		return -errno;
	return rmdir(path) && errno != ENOENT ? -errno : 0;
}

int pg_bpffs_path(char path[PG_BPFFS_PATH], const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(path, PG_BPFFS_PATH, format, args);
	va_end(args);
	return length < 0 || length >= PG_BPFFS_PATH ? -ENAMETOOLONG : 0;
}
