/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who really reaches whom: every ordered pair of endpoints and every port, found out with packets.
 * A matrix can be printed, alone or beside another one with the differences marked, and written as
 * JSON and read back, so that runs can be compared.
 */
#ifndef PG_FRONTEND_MATRIX_H
#define PG_FRONTEND_MATRIX_H

#include "compat/strbuf.h"
#include "frontend/lab/probe.h"
#include "policy/endpoint.h"

/* The most flows of one matrix: 1,000 endpoints and a few ports. */
#define PG_MATRIX_MAX (4u << 20)

struct pg_matrix_port {
	pg_proto proto; /* never ICMPV6: that is ICMP of family 6 */
	uint16_t port;	/* ICMP: 0 */
	uint8_t family; /* 4 or 6 */
};

struct pg_matrix_ports {
	struct pg_array(struct pg_matrix_port) list;
};

void pg_matrix_ports_done(struct pg_matrix_ports *ports);
#define _cleanup_matrix_ports_ PG_CLEANUP(pg_matrix_ports_done)

/* Parses "tcp/80,udp/53,icmp". -EINVAL (diags): not of that form, none, or one twice. -ENOMEM. */
int pg_matrix_ports_parse(const char *text, struct pg_diags *diags,
			  struct pg_matrix_ports *ret_ports);
/* "tcp/80", "icmp"; of IPv6 "tcp6/80", "icmp6" */
#define PG_MATRIX_PORT_TEXT_MAX 24
const char *pg_matrix_port_format(struct pg_matrix_port port, char text[PG_MATRIX_PORT_TEXT_MAX]);

/* A flow that wasn't probed: from a party to itself, or not asked for. */
#define PG_MATRIX_NONE ((uint8_t)PG_PROBE_RESULTS)

/* Parties are endpoints, by name, and after them the host if it takes part. */
struct pg_matrix {
	char *title; /* what was in force: "iptables (nft)"; never NULL */
	struct pg_array(char *) parties;
	bool has_host; /* the last party is the host */
	struct pg_matrix_ports ports;
	uint8_t *results; /* enum pg_probe_result or PG_MATRIX_NONE; by pg_matrix_at() */
};

void pg_matrix_done(struct pg_matrix *matrix);
#define _cleanup_matrix_ PG_CLEANUP(pg_matrix_done)

static inline uint8_t *pg_matrix_at(const struct pg_matrix *matrix, size_t from, size_t to,
				    size_t port)
{
	return &matrix->results[(from * matrix->parties.count + to) * matrix->ports.list.count +
				port];
}

struct pg_matrix_options {
	const char *title;
	bool from_host; /* the host is a source too */
	bool to_host;	/* and a destination, at its first address of each family */
};

/*
 * Probes all pairs at once, each over the families that both ends have addresses of. A port of IPv4 in
 * `ports` stands for both families, one of IPv6 for itself; the matrix has them apart. Endpoints must
 * have namespaces, and be finished; the host is the calling thread's namespace. -EINVAL (diags): one
 * lacks something, or there are too many flows; others: the system's. What could not be probed is
 * PG_PROBE_UNKNOWN, with a warning.
 */
int pg_matrix_probe(const struct pg_endpoints *endpoints, const struct pg_matrix_ports *ports,
		    const struct pg_matrix_options *options, struct pg_diags *diags,
		    struct pg_matrix *ret_matrix);

/*
 * Leaves out each port of IPv6 that says nothing which the same port of IPv4 doesn't say: in all of the
 * matrices, which are aligned if there is more than one, the pairs that have both have the same
 * result. What is left of the two is the port of IPv4, with the results of either.
 */
void pg_matrix_fold(struct pg_matrix *const *matrices, size_t count);

/* Gives both the parties and ports of both. -ENOMEM. */
int pg_matrix_align(struct pg_matrix *left, struct pg_matrix *right);
/* How many flows have another result, or none, in the other. Both must be aligned. */
size_t pg_matrix_differences(const struct pg_matrix *left, const struct pg_matrix *right);

struct pg_matrix_style {
	bool ascii, colour;
	size_t width; /* of the terminal, in columns; 0: 100 */
};

/* Rows are sources, columns destinations, in a block for each port; a legend with counts. */
void pg_matrix_format(const struct pg_matrix *matrix, const struct pg_matrix_style *style,
		      struct pg_strbuf *buf);
/* The same side by side, port by port, and the differences in words. Both must be aligned. */
void pg_matrix_format_both(const struct pg_matrix *left, const struct pg_matrix *right,
			   const struct pg_matrix_style *style, struct pg_strbuf *buf);

/* As JSON, sorted: the same matrix, the same text. */
void pg_matrix_to_json(const struct pg_matrix *matrix, struct pg_strbuf *buf);
/* Reads that back. -EINVAL (diags), -ENOMEM. */
int pg_matrix_from_json(const struct pg_sources *sources, uint32_t source, struct pg_diags *diags,
			struct pg_matrix *ret_matrix);

#endif
