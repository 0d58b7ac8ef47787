/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that runs out at a chosen allocation. The linker puts these functions in the place of those
 * that polgen's own code calls: link with $(FAILING_ALLOC_WRAP).
 */
#ifndef PG_TESTS_UNIT_FAILING_ALLOC_H
#define PG_TESTS_UNIT_FAILING_ALLOC_H

#include <stdbool.h>

/* The allocation after `count` others fails; those after it don't. */
void failing_alloc_start(long count);
/* None fails any more. True: one did. */
bool failing_alloc_stop(void);

#endif
