/* SPDX-License-Identifier: GPL-2.0-only */
/* The look-ups of the programs (bpf/policy.h), made in the live maps from outside. */
#ifndef PG_BACKENDS_EBPF_LOOKUP_H
#define PG_BACKENDS_EBPF_LOOKUP_H

#include "backends/ebpf/pins.h"

struct pg_lookup {
	const struct pg_pins *pins;
	uint32_t generation;
	int cpus; /* values that a per-CPU counter has */
};

/* -errno: the number of CPUs can't be found out. */
int pg_lookup_init(const struct pg_pins *pins, struct pg_lookup *ret_lookup);

/*
 * Each copies the half that counts; what is marked absent isn't there, but of addresses it is what
 * the prefix around gives. 1: it is there; 0: it isn't; -errno.
 */
int pg_lookup_endpoint(const struct pg_lookup *lookup, uint32_t ifindex,
		       struct pg_map_endpoint_half *ret_half);
int pg_lookup_subject(const struct pg_lookup *lookup, uint32_t identity,
		      struct pg_map_subject_half *ret_half);
int pg_lookup_address(const struct pg_lookup *lookup, const struct pg_addr *addr,
		      struct pg_map_address_half *ret_half);

/* Who asks for what. */
struct pg_lookup_question {
	uint32_t subject, peer;
	enum pg_direction direction;
	uint8_t proto;
	uint16_t port;
	uint32_t use; /* of the subject in this direction */
};

/* The first hit in the order of policy/classify.h, with its key. */
int pg_lookup_policy(const struct pg_lookup *lookup, const struct pg_lookup_question *question,
		     struct pg_map_policy_key *ret_key, struct pg_map_policy_half *ret_half);

/* The rule of a slot, and what it did. */
int pg_lookup_rule(const struct pg_lookup *lookup, uint32_t slot, struct pg_map_rule *ret_rule);
int pg_lookup_counter(const struct pg_lookup *lookup, enum pg_map map, uint32_t slot,
		      struct pg_map_counter *ret_counter);

#endif
