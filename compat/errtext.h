/* SPDX-License-Identifier: GPL-2.0-only */
/* What an errno means, in the form that polgen's messages have. */
#ifndef PG_COMPAT_ERRTEXT_H
#define PG_COMPAT_ERRTEXT_H

#include "compat/util.h"

#define PG_ERRTEXT_MAX 128

/* "connection refused" for ECONNREFUSED or -ECONNREFUSED: the C library's text, first letter small. */
const char *pg_errtext(int error, char text[PG_ERRTEXT_MAX]);

/* The same, good until the end of the block that it stands in. */
#define PG_ERRTEXT(error) pg_errtext(error, (char[PG_ERRTEXT_MAX]){ 0 })

#endif
