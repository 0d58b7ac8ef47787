// SPDX-License-Identifier: GPL-2.0-only
#include "compat/xtables_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

/* Between two attempts. iptables holds the lock for milliseconds. */
#define RETRY_MS 20

const char *pg_xtables_lock_file(void)
{
	const char *file = getenv("XTABLES_LOCKFILE");

	return file && *file ? file : PG_XTABLES_LOCK_FILE;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int pg_xtables_lock(unsigned int limit_ms, int *ret_fd)
{
	static const struct timespec pause = { .tv_nsec = RETRY_MS * 1000000L };
	_cleanup_close_ int fd = open(pg_xtables_lock_file(), O_CREAT | O_CLOEXEC | O_RDONLY, 0600);
	uint64_t end = now_ms() + limit_ms;

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (now_ms() >= end)
			return -EBUSY;
		nanosleep(&pause, NULL);
	}
	*ret_fd = PG_TAKE_FD(fd);
	return 0;
}
