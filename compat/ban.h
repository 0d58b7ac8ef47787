/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that polgen's code never makes: each writes or parses without a bound. The compiler
 * enforces it. Included last by compat/util.h, after every system header that uses the names.
 */
#ifndef PG_COMPAT_BAN_H
#define PG_COMPAT_BAN_H

/* Where it is a macro, the macro goes first. */
#undef alloca
#pragma GCC poison strcpy strcat sprintf vsprintf atoi atol strtok gets alloca

#endif
