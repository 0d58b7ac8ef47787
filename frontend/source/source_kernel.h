/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel adds to a list of endpoints, whatever the list came from. */
#ifndef PG_FRONTEND_SOURCE_KERNEL_H
#define PG_FRONTEND_SOURCE_KERNEL_H

#include "policy/diag.h"
#include "policy/endpoint.h"

/*
 * For the calling thread's network namespace: takes its own addresses as host_addrs (sorted, each
 * once) unless these are known; with `interfaces`, sets ifindex of each endpoint that names an
 * interface, and warns of host addresses that a file left out. Addresses of loopback (127.0.0.0/8,
 * ::1) and of one link only (fe80::/10) are no addresses that a packet between host and endpoint is
 * judged by. An interface that isn't there has index 0. Needs no privilege.
 */
int pg_source_kernel(bool interfaces, struct pg_diags *diags, struct pg_endpoints *endpoints);

#endif
