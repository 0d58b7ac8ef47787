/* SPDX-License-Identifier: GPL-2.0-only */
/* How many columns of a terminal a character takes. */
#ifndef PG_FRONTEND_WIDTH_H
#define PG_FRONTEND_WIDTH_H

#include "compat/util.h"

/*
 * 0 for combining marks, 2 for East Asian wide characters and emoji (Unicode TR 11; by block, not
 * by character), else 1. `text` is one well-formed UTF-8 sequence of `length` bytes. Not wcwidth(),
 * which knows no character but ASCII in the C locale.
 */
size_t pg_character_width(const char *text, size_t length);

#endif
