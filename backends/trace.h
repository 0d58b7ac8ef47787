/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What live objects do with a packet: each that it meets, read back from the kernel, with its counter.
 * Words of a backend stay inside strings.
 */
#ifndef PG_BACKENDS_TRACE_H
#define PG_BACKENDS_TRACE_H

#include "compat/strbuf.h"
#include "policy/addr.h"
#include "policy/types.h"

/* Room for a rule's name in the kernel: comments, map values. With its NUL. */
#define PG_RULE_NAME_MAX 96

/* One end of the packet's way. */
struct pg_trace_end {
	struct pg_addr addr;
	const char *interface; /* host's side, of an endpoint of this host; NULL: of none */
	bool host;	       /* the host itself */
};

/* A packet that belongs to no known flow. Strings are borrowed. */
struct pg_trace_query {
	struct pg_trace_end end[PG_DIRECTIONS]; /* source, destination; one family */
	pg_proto proto;
	uint16_t dport; /* host order; ICMP: the message type */
	bool bridged;	/* both ends are on one bridge */
};

/* One object that has a say. Strings are owned. */
struct pg_trace_step {
	enum pg_direction direction; /* whose rules it belongs to; PG_DIRECTIONS: nobody's */
	enum pg_verdict verdict;     /* what it decides for that side; NONE: the packet goes on */
	bool stray;		     /* not known to polgen: somebody else's */
	char *object;		     /* which: "POLGEN-INGRESS 12" */
	char *text;		     /* what it says */
	char rule[PG_RULE_NAME_MAX]; /* the rule it is from, or a PG_COUNT_ name; "": none */
	bool counted;		     /* it has a counter */
	uint64_t packets, bytes;
};

struct pg_trace {
	bool dropped;
	struct pg_array(struct pg_trace_step) steps; /* in the packet's order */
};

void pg_trace_done(struct pg_trace *trace);
#define _cleanup_trace_ PG_CLEANUP(pg_trace_done)

/*
 * Appends a step with the two texts, escaped for people; leaves both buffers empty. NULL: out of memory.
 */
struct pg_trace_step *pg_trace_add(struct pg_trace *trace, struct pg_strbuf *object,
				   struct pg_strbuf *text);

#endif
