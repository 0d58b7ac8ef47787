/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few words of C that every file of polgen uses: ownership of memory and descriptors, and
 * growing arrays.
 *
 * Ownership. A local that owns something carries a cleanup attribute; ownership leaves the scope
 * only through PG_TAKE() or PG_TAKE_FD(). Out parameters are last, are called ret_x, and are not
 * touched on failure. Destructors accept NULL and half-built objects. There is no goto for memory.
 */
#ifndef PG_COMPAT_UTIL_H
#define PG_COMPAT_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat/ban.h"

#define PG_CLEANUP(fn)	      __attribute__((cleanup(fn)))
#define PG_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define PG_UNUSED	      __attribute__((unused))
#define PG_MUST_USE	      __attribute__((warn_unused_result))

#define PG_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PG_MIN(a, b)	((a) < (b) ? (a) : (b))
#define PG_MAX(a, b)	((a) > (b) ? (a) : (b))

/* Moves a pointer out of the variable that owns it. */
#define PG_TAKE(ptr)                            \
	({                                      \
		__typeof__(ptr) taken_ = (ptr); \
		(ptr) = NULL;                   \
		taken_;                         \
	})

/* Moves a file descriptor out of the variable that owns it. */
#define PG_TAKE_FD(fd)             \
	({                         \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	})

static inline void pg_free_cleanup(void *ptr)
{
	free(*(void **)ptr);
}

static inline void pg_close_cleanup(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void pg_fclose_cleanup(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define _cleanup_free_	 PG_CLEANUP(pg_free_cleanup)
#define _cleanup_close_	 PG_CLEANUP(pg_close_cleanup)
#define _cleanup_fclose_ PG_CLEANUP(pg_fclose_cleanup)

/*
 * A growing array. `struct pg_array(int) numbers = { 0 };` is an empty one; items are read as
 * numbers.items[i], i < numbers.count. The array owns `items`; what the items own is the user's.
 */
#define pg_array(type)                  \
	{                               \
		type *items;            \
		size_t count, capacity; \
	}

/* Appends one zeroed item and yields its address, or NULL when memory is out. */
#define pg_array_add(array)                                                           \
	(pg_array_grow((void **)&(array)->items, &(array)->count, &(array)->capacity, \
		       sizeof(*(array)->items))                                       \
		 ? &(array)->items[(array)->count - 1]                                \
		 : NULL)

#define pg_array_foreach(item, array)                            \
	for (__typeof__(*(array)->items) *item = (array)->items; \
	     item && item < (array)->items + (array)->count; item++)

/* The growth behind pg_array_add(). False: out of memory, and nothing changed. */
bool pg_array_grow(void **items, size_t *count, size_t *capacity, size_t size) PG_MUST_USE;

/* For thousands of sockets or namespaces: the default limit, 1024, is soon reached. */
void pg_raise_fd_limit(void);

#endif
