// SPDX-License-Identifier: GPL-2.0-only
#include "backends/iptables/installed.h"

#include "backends/iptables/sets_kernel.h"

void pg_ipt_installed_done(struct pg_ipt_installed *installed)
{
	pg_tree_done(&installed->v4);
	pg_tree_done(&installed->v6);
}

static int read_flavour(const struct pg_ipt_flavour *flavour, struct pg_diags *diags,
			struct pg_ipt_installed *ret_installed)
{
	_cleanup_ipt_installed_ struct pg_ipt_installed installed = { .flavour = flavour };
	int err = flavour->read(4, diags, &installed.v4);

	if (!err)
		err = flavour->read(6, diags, &installed.v6);
	if (err)
		return err;
	*ret_installed = installed;
	installed = (struct pg_ipt_installed){ 0 };
	return 0;
}

int pg_ipt_read_installed(const struct pg_backend_handle *handle, struct pg_diags *diags,
			  struct pg_ipt_installed *ret_installed)
{
	_cleanup_ipt_installed_ struct pg_ipt_installed installed = { 0 };
	int err = read_flavour(handle->flavour, diags, &installed);

	if (!err && pg_tree_is_empty(&installed.v4)) {
		pg_ipt_installed_done(&installed);
		err = read_flavour(handle->other, diags, &installed);
	}
	if (err)
		return err;
	if (pg_tree_is_empty(&installed.v4))
		installed.flavour = handle->flavour;
	err = pg_ipt_sets_read(diags, &installed.v4.sets, &installed.v6.sets);
	if (err)
		return err;
	*ret_installed = installed;
	installed = (struct pg_ipt_installed){ 0 };
	return 0;
}
