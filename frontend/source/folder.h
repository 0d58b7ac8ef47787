/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy files of a folder. */
#ifndef PG_FRONTEND_FOLDER_H
#define PG_FRONTEND_FOLDER_H

#include "policy/diag.h"

struct pg_folder {
	struct pg_array(char *) paths;
};

void pg_folder_done(struct pg_folder *folder);
#define _cleanup_folder_ PG_CLEANUP(pg_folder_done)

/* Follows symbolic links. False as well for what isn't there. */
bool pg_is_folder(const char *path);

/*
 * What ends in .json, .yaml or .yml, in the order of the bytes of their names, whatever the locale;
 * hidden ones are left out, and so is what is deeper. 0 or -errno with an error in `diags`: not
 * readable, or nothing in it.
 */
int pg_folder_list(const char *path, struct pg_diags *diags, struct pg_folder *ret_folder);

#endif
