// SPDX-License-Identifier: GPL-2.0-only
/* Whether rules would see the packets that they are to judge. */
#include "backends/bridged.h"
#include "backends/iptables/handle.h"
#include "backends/iptables/layout.h"

int pg_ipt_check(struct pg_backend_handle *handle, const struct pg_intent *intent,
		 struct pg_diags *diags)
{
	int err;

	if (!intent->endpoints->list.count)
		return 0;
	err = pg_bridged_check_calls(4, "iptables", diags);
	if (!err && handle->ipv6 && pg_guard_is_needed(intent, 6))
		err = pg_bridged_check_calls(6, "ip6tables", diags);
	return err ? err : pg_bridged_check_ports(intent->endpoints, "iptables", diags);
}
