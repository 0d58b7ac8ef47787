/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting the programs on interfaces: as TCX links (Linux 6.6), or as filters of a clsact qdisc. What
 * is where is on record in the folder `links`, which alone is needed to take it down:
 *
 *	<ifindex>-in, <ifindex>-out			TCX links
 *	<ifindex>-filter-in, <ifindex>-filter-out	filters; the program, to tell ours from another's
 *	<ifindex>-uplink-in ...				the same of an uplink
 *	<ifindex>-qdisc					the qdisc is ours too
 *
 * Ours come first of all programs, since another's verdict may end the list.
 */
#ifndef PG_BACKENDS_EBPF_ATTACH_H
#define PG_BACKENDS_EBPF_ATTACH_H

#include "backends/ebpf/pins.h"

/* The two programs that belong on an interface, by the first one. */
enum pg_attach_place {
	PG_ON_CONTAINER = PG_FROM_CONTAINER,
	PG_ON_UPLINK = PG_FROM_UPLINK,
};

/*
 * Attaches what isn't there yet, or is there by another way than the one that was asked for, which
 * is then given up. -errno without a report: -ENODEV there is no such interface, -EOPNOTSUPP: the
 * kernel can't attach in the way that was asked for.
 */
int pg_attach(const struct pg_backend_handle *handle, const struct pg_pins *pins, uint32_t ifindex,
	      enum pg_attach_place place);

/* Whether both programs are on a container's interface. */
bool pg_attach_holds(const struct pg_backend_handle *handle, const struct pg_pins *pins,
		     uint32_t ifindex);

/* Whether they are by the way that was asked for, or by any if none was, and by one way only. */
bool pg_attach_is_settled(const struct pg_backend_handle *handle, const struct pg_pins *pins,
			  uint32_t ifindex, enum pg_attach_place place);

/* Whether nobody else has a program of tc's on an interface. What can't be found out is a no. */
bool pg_attach_is_alone(const struct pg_pins *pins, uint32_t ifindex);

/* Also when the interface is gone. */
int pg_detach(const struct pg_backend_handle *handle, uint32_t ifindex, enum pg_attach_place place);
/* Of all uplinks but one, which may be 0. */
int pg_detach_uplinks(const struct pg_backend_handle *handle, uint32_t kept);
int pg_detach_all(const struct pg_backend_handle *handle);

struct pg_attach_counts {
	size_t tcx, clsact; /* containers' interfaces */
};

int pg_attach_count(const struct pg_backend_handle *handle, struct pg_attach_counts *ret_counts);

#endif
