/* SPDX-License-Identifier: GPL-2.0-only */
/* A tree of rules run by hand, as netfilter would: for packets of no known flow. */
#ifndef PG_TESTS_UNIT_BACKENDS_IPT_MACHINE_H
#define PG_TESTS_UNIT_BACKENDS_IPT_MACHINE_H

#include "tests/unit/unit.h"

#include "translate/ruletree.h"

struct machine_packet {
	struct pg_addr src, dst;
	pg_proto proto;
	uint16_t dport; /* ICMP: the type */
	bool established;
	const char *in, *out; /* bridge ports; "" for none */
};

struct machine_result {
	bool dropped;
	/* The last rule with a verdict in a chain of each prefix, "" for none. */
	char egress[PG_COMMENT_MAX], ingress[PG_COMMENT_MAX], other[PG_COMMENT_MAX];
	unsigned int steps; /* rules looked at */
};

/* Passes the packet through the hooks of a parent chain. Asserts that jumps lead somewhere. */
struct machine_result machine_run(const struct pg_tree *tree, const char *parent,
				  const struct machine_packet *packet);

#endif
