// SPDX-License-Identifier: GPL-2.0-only
#include "compat/util.h"

#include <sys/resource.h>

bool pg_array_grow(void **items, size_t *count, size_t *capacity, size_t size)
{
	if (*count == *capacity) {
		size_t wanted = *capacity ? *capacity * 2 : 2;
		void *grown = reallocarray(*items, wanted, size);

		if (!grown)
			return false;
		*items = grown;
		*capacity = wanted;
	}
	memset((char *)*items + *count * size, 0, size);
	(*count)++;
	return true;
}

void pg_raise_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
