/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pinned state of one network namespace:
 *
 *	<bpffs>/polgen/<inode>/pg_meta, pg_policy ...	the maps
 *	<bpffs>/polgen/<inode>/from_container, to_container, from_uplink, to_uplink
 *	<bpffs>/polgen/<inode>/links/			attach.h
 *
 * It is made under another name and renamed, so that it is whole once it is there. What a process
 * that was killed left under the other name, or in the middle of clearing, is taken away by the next.
 */
#ifndef PG_BACKENDS_EBPF_PINS_H
#define PG_BACKENDS_EBPF_PINS_H

#include "backends/ebpf/ebpf.h"
#include "backends/ebpf/maps.h"

enum pg_program {
	PG_FROM_CONTAINER = PG_EGRESS,
	PG_TO_CONTAINER = PG_INGRESS,
	PG_FROM_UPLINK,
	PG_TO_UPLINK,
	PG_PROGRAMS,
};

struct pg_pins {
	int maps[PG_MAPS];
	int programs[PG_PROGRAMS];
	struct pg_map_meta *meta; /* the kernel's own page */
};

void pg_pins_init(struct pg_pins *pins);
void pg_pins_done(struct pg_pins *pins);
#define _cleanup_pins_ PG_CLEANUP(pg_pins_done)

/*
 * Opens what is there and belongs to this network namespace. -ENOENT: nothing does (not reported;
 * leftovers may be there all the same). -EPROTO: it is another version's.
 */
int pg_pins_open(const struct pg_backend_handle *handle, struct pg_diags *diags,
		 struct pg_pins *ret_pins);

/*
 * After -ENOENT from pg_pins_open(): a warning if some of the pins are there, since what is attached goes
 * on without them. A clear that was killed has ended enforcement first.
 */
void pg_pins_explain_absence(const struct pg_backend_handle *handle, struct pg_diags *diags);

/* How many entries the maps must have room for, at least. */
struct pg_pins_sizes {
	size_t endpoints, subjects, policy, rules;
};

/* For how many flows of each family maps are made, by default. */
#define PG_PINS_FLOWS 262144

/* Loads the programs, makes the maps and pins it all, with generation 0. Nothing may be there. */
int pg_pins_create(const struct pg_backend_handle *handle, const struct pg_pins_sizes *sizes,
		   struct pg_diags *diags, struct pg_pins *ret_pins);

/* Ends enforcement, then takes everything down, of whatever version, also half of it. */
int pg_pins_destroy(const struct pg_backend_handle *handle, struct pg_diags *diags);

static inline uint32_t pg_pins_generation(const struct pg_pins *pins)
{
	return __atomic_load_n(&pins->meta->generation, __ATOMIC_ACQUIRE);
}

#endif
