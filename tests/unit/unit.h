/* SPDX-License-Identifier: GPL-2.0-only */
/* cmocka, with the headers that it wants before itself. Include it before everything else. */
#ifndef PG_TESTS_UNIT_UNIT_H
#define PG_TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
