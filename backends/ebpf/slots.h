/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slots: the numbers by which policy entries name the rule that they came from, and by which it is
 * counted. A rule keeps its slot, and so its counter, while it is in the policy.
 */
#ifndef PG_BACKENDS_EBPF_SLOTS_H
#define PG_BACKENDS_EBPF_SLOTS_H

#include <uthash.h>

#include "backends/ebpf/pins.h"

struct pg_slot {
	struct pg_map_rule rule;
	uint32_t number;
	bool used; /* by the policy that is to stay */
	UT_hash_handle hh;
};

struct pg_slots {
	struct pg_slot *by_rule;		  /* hash table */
	struct pg_array(struct pg_slot *) number; /* by number; NULL: free */
	uint32_t lowest_free;			  /* none below is */
	size_t count;
};

void pg_slots_done(struct pg_slots *slots);
#define _cleanup_slots_ PG_CLEANUP(pg_slots_done)

/* Reads what the maps hold. */
int pg_slots_read(const struct pg_pins *pins, struct pg_slots *slots);

/* The rule of a slot; NULL: there is none. */
const struct pg_map_rule *pg_slots_rule(const struct pg_slots *slots, uint32_t number);

/* Finds a rule's slot, or makes one and writes it to the maps. Marks it as used. -ENOSPC, -ENOMEM. */
int pg_slots_use(const struct pg_pins *pins, struct pg_slots *slots, const struct pg_map_rule *rule,
		 uint32_t *ret_number);

/* Takes those that aren't used out of the maps. */
int pg_slots_free_unused(const struct pg_pins *pins, struct pg_slots *slots);

/* Fills in a rule as the map has it: zero-padded. */
struct pg_map_rule pg_slots_rule_make(const char *name, size_t name_length,
				      enum pg_direction direction, enum pg_verdict verdict);

#endif
