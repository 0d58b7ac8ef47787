/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict table in first-hit form, for backends whose kernel side is a lookup and not a list:
 * precedence ("deny beats allow, however specific each is") is worked out here, so that the most
 * specific key that exists holds the final verdict.
 *
 * A packet {subject, direction, peer, proto, port} is looked up in this order, the first hit wins:
 *
 *	peer = the peer's identity, then PG_IDENTITY_ANY; in each of them
 *		proto = the packet's, port_bits = 16, 15, ... 0 (of those the subject uses), then
 *		proto = PG_PROTO_EVERY, port_bits = 0
 *
 * No hit: the subject's `enforced` decides. Port ranges become aligned blocks: 1000..1005 is
 * 1000/14 bits (1000..1003) and 1004/15 bits (1004..1005). Blocks of one protocol may nest. A key
 * that would only repeat what the lookup finds without it is left out.
 */
#ifndef PG_POLICY_CLASSIFY_H
#define PG_POLICY_CLASSIFY_H

#include "policy/resolve.h"

struct pg_class {
	pg_identity subject;
	enum pg_direction direction;
	pg_identity peer;
	pg_proto proto;
	uint16_t port;		 /* the block's first port, host order */
	uint8_t port_bits;	 /* 16: one port; 0: all */
	enum pg_verdict verdict; /* ALLOW, REDIRECT or DENY */
	struct pg_origin origin;
};

/* Which keys exist for one subject and direction, so that a lookup skips those that can't hit. */
struct pg_class_use {
	pg_identity subject;
	enum pg_direction direction;
	uint32_t port_bits; /* bit n: a class with port_bits n and a protocol exists; 0..16 */
	bool every;	    /* a class with PG_PROTO_EVERY exists */
};

struct pg_classes {
	struct pg_array(struct pg_class) list;	   /* sorted by all key members in order */
	struct pg_array(struct pg_class_use) uses; /* sorted; only subjects that have classes */
};

void pg_classes_done(struct pg_classes *classes);
#define _cleanup_classes_ PG_CLEANUP(pg_classes_done)

/* -ENOMEM. -E2BIG: more than `limit` classes would be needed (crossing rules multiply). */
int pg_classify(const struct pg_verdict_table *table, size_t limit, struct pg_classes *ret_classes);

/* The answer that a kernel side gives: same as pg_verdict_table_judge(), by the order above. */
enum pg_verdict pg_classes_judge(const struct pg_classes *classes,
				 const struct pg_verdict_table *table, pg_identity subject,
				 enum pg_direction direction, pg_identity peer, pg_proto proto,
				 uint16_t port, struct pg_origin *ret_origin);

#endif
