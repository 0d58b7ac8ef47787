/* SPDX-License-Identifier: GPL-2.0-only */
/* The interface to other hosts, on which from_uplink and to_uplink are. */
#ifndef PG_BACKENDS_EBPF_UPLINK_H
#define PG_BACKENDS_EBPF_UPLINK_H

#include "backends/ebpf/ebpf.h"
#include "compat/rtnl.h"

/* Whether the intent's uplink, if it has one, can be one: -ENODEV, -EINVAL, and an error that says why. */
int pg_uplink_check(const struct pg_intent *intent, struct pg_diags *diags);

/* 0: it can't be found out, or `rtnl` is NULL; then nothing takes the way by the uplink. */
uint32_t pg_uplink_mtu(struct pg_rtnl *rtnl, uint32_t ifindex);

#endif
