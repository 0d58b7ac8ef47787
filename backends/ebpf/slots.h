/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slots: the numbers by which policy entries name the rule that they came from, and by which it is
 * counted. A rule keeps its slot, and so its counter, while it is in the policy: while an entry uses it.
 */
#ifndef PG_BACKENDS_EBPF_SLOTS_H
#define PG_BACKENDS_EBPF_SLOTS_H

#include "backends/ebpf/pins.h"

struct pg_slot {
	struct pg_map_rule rule;
	uint32_t uses;
	bool taken;
};

/* With some of the hash: slots lie all over memory, and are looked at only where that is right. */
struct pg_slot_place {
	uint32_t number; /* + 1; 0: empty */
	uint32_t hash;
};

struct pg_slots {
	struct pg_array(struct pg_slot) list; /* by number */
	struct pg_array(uint32_t) free;	      /* of the list; the last one is taken next */
	struct pg_array(uint32_t) fresh;      /* not in the maps yet */
	struct pg_slot_place *index;	      /* hash table by rule */
	size_t index_size, index_used;
};

void pg_slots_done(struct pg_slots *slots);
#define _cleanup_slots_ PG_CLEANUP(pg_slots_done)

/* Reads what the maps hold. Nothing is used yet, but for the slots that programs know by number. */
int pg_slots_read(const struct pg_pins *pins, struct pg_slots *slots);

/* The rule of a slot; NULL: there is none. */
const struct pg_map_rule *pg_slots_rule(const struct pg_slots *slots, uint32_t number);

/* One use more or less. A number that is no slot's is nobody's. */
void pg_slots_hold(struct pg_slots *slots, uint32_t number);
void pg_slots_release(struct pg_slots *slots, uint32_t number);

/* Finds a rule's slot, or makes one, which is then to be written, and holds it. -ENOMEM. */
int pg_slots_use(struct pg_slots *slots, const struct pg_map_rule *rule, uint32_t *ret_number);

/* Writes those that were made. -E2BIG: the map is full. -ENOMEM. */
int pg_slots_write(const struct pg_pins *pins, struct pg_slots *slots);

/* Takes those of the numbers that nobody uses out of the maps; a number may be there twice. */
int pg_slots_free(const struct pg_pins *pins, struct pg_slots *slots, const uint32_t *numbers,
		  size_t count);
int pg_slots_free_unused(const struct pg_pins *pins, struct pg_slots *slots);

/* Fills in a rule as the map has it: zero-padded. */
struct pg_map_rule pg_slots_rule_make(const char *name, size_t name_length,
				      enum pg_direction direction, enum pg_verdict verdict);

#endif
