/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of pg_compare(), for each other. */
#ifndef PG_POLICY_COMPARE_PART_H
#define PG_POLICY_COMPARE_PART_H

#include "policy/compare.h"
#include "policy/cover.h"
#include "policy/resolve.h"

enum pg_version {
	PG_BEFORE,
	PG_AFTER,
	PG_VERSIONS,
};

/* One of the two policies. */
struct pg_compared {
	const struct pg_policy *policy;
	struct pg_identities identities;
	struct pg_verdict_table table; /* with all origins */
};

/* Families as bits. */
enum {
	PG_FAMILY_4 = 1 << 0,
	PG_FAMILY_6 = 1 << 1,
};

/* An identity that somebody has. */
struct pg_compare_party {
	const struct pg_identity_info *info; /* of the common identities */
	pg_identity id[PG_VERSIONS];	     /* the same party's, of each policy */
	unsigned int families;
	struct pg_addr addrs[2]; /* examples by family: 4, 6. Not of endpoints */
};

/* What rules say of anybody, for one subject and direction, protocol by protocol. */
struct pg_any_view {
	struct pg_cover covers[PG_VERSIONS][PG_FLOW_PROTOS]; /* tags: indexes into the table */
	struct pg_cover differs[PG_FLOW_PROTOS]; /* where the versions may say different things */
	bool differs_somewhere;
	/*
	 * The same by a rule, or for want of one: it is the same only for peers without entries of their
	 * own, which a deny of everybody overrules and a default deny doesn't.
	 */
	bool differs_by_rules;
};

/* Who is worth a look. */
struct pg_pairs {
	/* source << 32 | destination, indexes of parties; sorted, each once */
	struct pg_array(uint64_t) list;
	size_t cursor; /* the next one of the list that wasn't asked for yet */
};

struct pg_comparer {
	const struct pg_endpoints *endpoints;
	const struct pg_evaluation_options *options;
	const struct pg_compare_limits *limits;
	struct pg_compared versions[PG_VERSIONS];
	struct pg_array(struct pg_compare_party) parties;
	struct pg_any_view *any; /* by party and direction: pg_compare_any() */
	struct pg_array(struct pg_layer) layers;
	struct pg_pairs pairs;
	size_t steps;
	struct pg_flow_changes changes;
};

/* One side of a flow between two parties, and who is judged in it. */
struct pg_compare_side {
	enum pg_direction direction;
	size_t subject, peer; /* indexes of parties */
};

/* All parties, in the order in which changes are listed. -ENOMEM. */
int pg_compare_parties(struct pg_comparer *comparer);

/* Makes the views of anybody, of all subjects. -ENOMEM. */
int pg_compare_views(struct pg_comparer *comparer);

static inline struct pg_any_view *pg_compare_any(const struct pg_comparer *comparer, size_t subject,
						 enum pg_direction direction)
{
	return &comparer->any[subject * PG_DIRECTIONS + direction];
}

/*
 * Finds the pairs that may be judged differently though what is said of anybody doesn't differ: one
 * has entries about the other, and they aren't the same. -ENOMEM.
 */
int pg_compare_pairs(struct pg_comparer *comparer);
/* Whether two parties are worth a look. To be asked in ascending order, by source, then destination. */
bool pg_compare_has_pair(struct pg_comparer *comparer, size_t src, size_t dst);

/* What one side's entries about its very peer say, where they say something. -ENOMEM. */
int pg_compare_own(struct pg_comparer *comparer, enum pg_version version,
		   struct pg_compare_side side, enum pg_flow_proto proto, struct pg_cover *cover);

/*
 * Whether the HTTP rules of two redirected flows allow different requests, by their texts. Lowers `last`
 * to the last port that has the same ones. -ENOMEM.
 */
int pg_compare_http(const struct pg_comparer *comparer, const struct pg_compare_side sides[2],
		    uint16_t port, uint32_t *last,
		    const struct pg_evaluation evaluations[PG_VERSIONS], bool *ret_different);

/* Appends the changes between two parties. -ENOMEM. */
int pg_compare_pair(struct pg_comparer *comparer, size_t src, size_t dst);

/*
 * What is on top at a port, of a peer's own entries and of anybody's; NULL: nothing. Lowers `last` to
 * the last port for which that holds.
 */
const struct pg_layer *pg_compare_see(const struct pg_cover *own, const struct pg_cover *any,
				      uint32_t port, uint32_t *last);

/* The judgement where a layer is on top, or (NULL) none is. */
struct pg_judgement pg_compare_judge(const struct pg_comparer *comparer, enum pg_version version,
				     struct pg_compare_side side, const struct pg_layer *layer);

/* An endpoint of the party with an address of the family (4 or 6), from 1; not `but`. 0: none. */
uint32_t pg_compare_endpoint(const struct pg_comparer *comparer,
			     const struct pg_compare_party *party, uint8_t family, uint32_t but);

static inline bool pg_compare_is_subject(const struct pg_compare_party *party)
{
	return party->info->endpoints.count > 0;
}

/* The entries of one peer in a slice of the table that begins at `first`. */
struct pg_entry_group {
	const struct pg_verdict_entry *first, *end;
};

/* Entries of the party's rules about one peer, which may be PG_IDENTITY_ANY. */
struct pg_entry_group pg_compare_group(const struct pg_comparer *comparer, enum pg_version version,
				       size_t subject, enum pg_direction direction,
				       pg_identity peer);

#endif
