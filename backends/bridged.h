/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether IP's hooks of netfilter see what a bridge forwards between its ports. */
#ifndef PG_BACKENDS_BRIDGED_H
#define PG_BACKENDS_BRIDGED_H

#include "backends/backend.h"

/*
 * br_netfilter shows packets of a family (4 or 6) to IP's hooks. `who` should see them, for the message:
 * "ip6tables". -EOPNOTSUPP: it doesn't.
 */
int pg_bridged_check_calls(uint8_t family, const char *who, struct pg_diags *diags);

/* Each endpoint's interface is there and a port of a bridge. `backend` is for the message. -ENODEV. */
int pg_bridged_check_ports(const struct pg_endpoints *endpoints, const char *backend,
			   struct pg_diags *diags);

#endif
