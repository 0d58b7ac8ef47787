/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether flows of an endpoint may take the short way (bpf/abi.h). It passes by whatever stands on the
 * host's side of the endpoint's interface, so nothing may: a queueing discipline, another's program.
 * And the other end must be in another network namespace, where the helper hands packets over.
 */
#ifndef PG_BACKENDS_EBPF_WAY_H
#define PG_BACKENDS_EBPF_WAY_H

#include "backends/ebpf/pins.h"
#include "compat/rtnl.h"

struct pg_way {
	uint16_t flags, mtu;  /* as the endpoint's entry has them; 0 unless it was asked for */
	const char *obstacle; /* why it may not, though it was asked for; NULL: it may */
};

/* What can't be found out is an obstacle; so is `rtnl` NULL. */
void pg_way_find(struct pg_rtnl *rtnl, const struct pg_pins *pins, enum pg_same_host same_host,
		 uint32_t ifindex, struct pg_way *ret_way);

/* For pg_backend_status.same_host. -errno. */
int pg_way_describe(const struct pg_pins *pins, char *ret_text, size_t size);

#endif
