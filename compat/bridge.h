/* SPDX-License-Identifier: GPL-2.0-only */
/* br_netfilter: whether iptables sees what a bridge forwards. */
#ifndef PG_COMPAT_BRIDGE_H
#define PG_COMPAT_BRIDGE_H

#include "compat/util.h"

/* "net.bridge.bridge-nf-call-iptables" for family 4, "...-ip6tables" for 6. */
const char *pg_bridge_sysctl(uint8_t family);

/*
 * Reads it for the calling thread's network namespace. -ENOENT: the kernel's br_netfilter isn't
 * there or not loaded.
 */
int pg_bridge_calls_iptables(uint8_t family, bool *ret_calls);

#endif
