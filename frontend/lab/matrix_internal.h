/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the connectivity matrix share. */
#ifndef PG_FRONTEND_MATRIX_INTERNAL_H
#define PG_FRONTEND_MATRIX_INTERNAL_H

#include "frontend/lab/matrix.h"

/* Parses one port: "tcp/80". -EINVAL. */
int pg_matrix_port_parse(const char *text, size_t length, struct pg_matrix_port *ret_port);
bool pg_matrix_same_port(struct pg_matrix_port a, struct pg_matrix_port b);
/* SIZE_MAX: it isn't there. */
size_t pg_matrix_find_port(const struct pg_matrix_ports *ports, struct pg_matrix_port port);
size_t pg_matrix_find_party(const struct pg_matrix *matrix, const char *name);

/* Appends a copy. -ENOMEM. */
int pg_matrix_add_party(struct pg_matrix *matrix, const char *name);
int pg_matrix_add_port(struct pg_matrix_ports *ports, struct pg_matrix_port port);
/* Makes room for the results of all parties and ports, none of them known. -ENOMEM, -E2BIG. */
int pg_matrix_allocate(struct pg_matrix *matrix);

/* A result's symbol. */
void pg_matrix_put_symbol(uint8_t result, const struct pg_matrix_style *style,
			  struct pg_strbuf *buf);
/* What stands below the blocks. */
void pg_matrix_summarise(const struct pg_matrix *matrix, const struct pg_matrix_style *style,
			 struct pg_strbuf *buf);
void pg_matrix_summarise_both(const struct pg_matrix *left, const struct pg_matrix *right,
			      const struct pg_matrix_style *style, struct pg_strbuf *buf);

#endif
