/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From rules to the verdict table, which is all that a backend sees of a policy. It is keyed by
 * identity: a hundred replicas cost no more than one.
 */
#ifndef PG_POLICY_RESOLVE_H
#define PG_POLICY_RESOLVE_H

#include "policy/identity.h"

/* The most entries that the rules may make of themselves, before equal ones are taken together. */
#define PG_VERDICT_TABLE_MAX 16000000

/*
 * What one rule says of {subject, direction, peer, protocol, ports}. Of all entries that match a
 * packet the one of the highest pg_verdict_rank() wins (deny, allow, redirect), however specific each
 * is, and of several such the one whose origin is first in the file; if none matches, the subject's
 * `enforced` decides.
 */
struct pg_verdict_entry {
	pg_identity subject;
	enum pg_direction direction;
	pg_identity peer;     /* PG_IDENTITY_ANY: anybody, the world included */
	pg_proto proto;	      /* PG_PROTO_EVERY: every protocol; then the range is 0..65535 */
	uint16_t first, last; /* destination ports (of the reply: source ports); ICMP: types */
	enum pg_verdict verdict;
	struct pg_origin origin; /* the first rule of the file that says so */
};

/* An identity that endpoints have. */
struct pg_subject {
	pg_identity id;
	bool enforced[PG_DIRECTIONS];		   /* what no rule allows is dropped */
	struct pg_origin closed_by[PG_DIRECTIONS]; /* the first rule that did; NONE: the mode did */
};

struct pg_verdict_table {
	struct pg_array(struct pg_subject) subjects; /* by number */
	/*
	 * Sorted by subject, direction, peer, proto, first, last, verdict; no two with the same of
	 * all these; none for a direction of a subject in which mode `never` rules.
	 */
	struct pg_array(struct pg_verdict_entry) entries;
};

void pg_verdict_table_done(struct pg_verdict_table *table);
#define _cleanup_verdict_table_ PG_CLEANUP(pg_verdict_table_done)

/* Entries for HTTP have PG_VERDICT_REDIRECT. -E2BIG: over PG_VERDICT_TABLE_MAX. -ENOMEM. */
int pg_resolve(const struct pg_policy *policy, const struct pg_identities *identities,
	       enum pg_enforcement mode, struct pg_verdict_table *ret_table);

/*
 * As pg_resolve(), but of entries that differ in their origin only all are there, by origin: for
 * questions about the rules themselves. pg_verdict_table_slice() and _judge() take such a table too.
 */
int pg_resolve_origins(const struct pg_policy *policy, const struct pg_identities *identities,
		       enum pg_enforcement mode, struct pg_verdict_table *ret_table);

/* NULL: endpoints don't have this identity. */
const struct pg_subject *pg_verdict_table_subject(const struct pg_verdict_table *table,
						  pg_identity id);

/* The entries of one subject and direction: a slice of table->entries. */
const struct pg_verdict_entry *pg_verdict_table_slice(const struct pg_verdict_table *table,
						      pg_identity subject,
						      enum pg_direction direction,
						      size_t *ret_count);

/*
 * The table's answer for a packet: precedence over all matching entries, then `enforced`. Yields
 * PG_VERDICT_ALLOW, _REDIRECT or _DENY and the origin (PG_ORIGIN_NONE where no rule matched). What
 * endpoints don't have as identity is open.
 */
enum pg_verdict pg_verdict_table_judge(const struct pg_verdict_table *table, pg_identity subject,
				       enum pg_direction direction, pg_identity peer,
				       pg_proto proto, uint16_t port, struct pg_origin *ret_origin);

#endif
