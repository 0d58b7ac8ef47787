/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets of the kernel's (ipset) in the calling thread's network namespace: changed and listed in the
 * text of ipset(8), through libipset. Whose they are is the caller's business.
 */
#ifndef PG_COMPAT_IPSET_H
#define PG_COMPAT_IPSET_H

#include "compat/strbuf.h"

#define PG_IPSET_NAME_MAX 32 /* IPSET_MAXNAMELEN, with the NUL */

/*
 * Does what lines of `ipset restore` say, in their order. Each line is one step of its own: those before
 * one that fails were done. `why` gets libipset's words for that. -EIO, -ENOMEM.
 */
int pg_ipset_restore(const struct pg_strbuf *lines, struct pg_strbuf *why);

/* Appends what `ipset save NAME` prints, of each name. -EIO (why), -ENOMEM. */
int pg_ipset_save(const char *const *names, size_t count, struct pg_strbuf *text,
		  struct pg_strbuf *why);

/* Whether the kernel has a type of sets; it loads the module if it has to. 1, 0 or -errno. */
int pg_ipset_has_type(const char *type);

/* The names of all sets by number: rules have numbers. A zeroed struct has none. */
struct pg_ipset_names {
	struct pg_array(char *) list;	  /* NULL: no set has this number */
	struct pg_array(uint16_t) sorted; /* numbers in the order of their names */
};

void pg_ipset_names_done(struct pg_ipset_names *names);
#define _cleanup_ipset_names_ PG_CLEANUP(pg_ipset_names_done)

/* No names where the kernel has no sets. -EPERM, -ENOMEM, -errno. */
int pg_ipset_names_read(struct pg_ipset_names *ret_names);
/* NULL: none has this number. */
const char *pg_ipset_names_get(const struct pg_ipset_names *names, uint16_t number);
/* -ENOENT. */
int pg_ipset_names_find(const struct pg_ipset_names *names, const char *name, uint16_t *ret_number);

#endif
