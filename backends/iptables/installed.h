/* SPDX-License-Identifier: GPL-2.0-only */
/* Our rules as the kernel has them. */
#ifndef PG_BACKENDS_IPTABLES_INSTALLED_H
#define PG_BACKENDS_IPTABLES_INSTALLED_H

#include "backends/iptables/handle.h"

/* Of both families, in one flavour. */
struct pg_ipt_installed {
	const struct pg_ipt_flavour *flavour;
	struct pg_tree v4, v6;
};

void pg_ipt_installed_done(struct pg_ipt_installed *installed);
#define _cleanup_ipt_installed_ PG_CLEANUP(pg_ipt_installed_done)

/* Those of the flavour that is in use, unless only the other one has some. */
int pg_ipt_read_installed(const struct pg_backend_handle *handle, struct pg_diags *diags,
			  struct pg_ipt_installed *ret_installed);

#endif
