// SPDX-License-Identifier: GPL-2.0-only
/* What stands below a matrix: the meaning of its symbols, sums, and differences in words. */
#include "frontend/lab/matrix_internal.h"

#define DIFFERENCES_SHOWN 20

static void put_text(struct pg_strbuf *buf, const char *text)
{
	pg_strbuf_add_escaped(buf, text, strlen(text));
}

static size_t count_flows(const struct pg_matrix *matrix)
{
	return matrix->parties.count * matrix->parties.count * matrix->ports.list.count;
}

/* "  ● 7 open   · 5 closed  iptables". What there is none of is left out, but for open and closed. */
void pg_matrix_summarise(const struct pg_matrix *matrix, const struct pg_matrix_style *style,
			 struct pg_strbuf *buf)
{
	static const enum pg_probe_result order[] = { PG_PROBE_OPEN, PG_PROBE_CLOSED,
						      PG_PROBE_REFUSED, PG_PROBE_UNKNOWN };
	size_t counts[PG_PROBE_RESULTS + 1] = { 0 };

	for (size_t i = 0; i < count_flows(matrix); i++)
		counts[matrix->results[i]]++;
	for (size_t i = 0; i < PG_COUNT(order); i++) {
		if (i > 1 && !counts[order[i]])
			continue;
		pg_strbuf_puts(buf, i ? "   " : "  ");
		pg_matrix_put_symbol((uint8_t)order[i], style, buf);
		pg_strbuf_printf(buf, " %zu %s", counts[order[i]], pg_probe_result_name(order[i]));
	}
	if (*matrix->title) {
		pg_strbuf_puts(buf, "   ");
		put_text(buf, matrix->title);
	}
	pg_strbuf_putc(buf, '\n');
}

static const char *name_result(uint8_t result)
{
	return result == PG_MATRIX_NONE ? "not probed" : pg_probe_result_name(result);
}

static void put_side(const struct pg_matrix *matrix, size_t flow, struct pg_strbuf *buf)
{
	pg_strbuf_puts(buf, name_result(matrix->results[flow]));
	if (!*matrix->title)
		return;
	pg_strbuf_puts(buf, " with ");
	put_text(buf, matrix->title);
}

static void put_difference(const struct pg_matrix *left, const struct pg_matrix *right, size_t flow,
			   struct pg_strbuf *buf)
{
	size_t ports = left->ports.list.count, parties = left->parties.count;
	char port[PG_MATRIX_PORT_TEXT_MAX];

	pg_strbuf_puts(buf, "    ");
	put_text(buf, left->parties.items[flow / ports / parties]);
	pg_strbuf_puts(buf, " -> ");
	put_text(buf, left->parties.items[flow / ports % parties]);
	pg_strbuf_printf(
		buf, " %s: ", pg_matrix_port_format(left->ports.list.items[flow % ports], port));
	put_side(left, flow, buf);
	pg_strbuf_puts(buf, ", ");
	put_side(right, flow, buf);
	pg_strbuf_putc(buf, '\n');
}

/* The first ones in words. */
static void put_differences(const struct pg_matrix *left, const struct pg_matrix *right,
			    struct pg_strbuf *buf)
{
	size_t total = pg_matrix_differences(left, right), shown = 0;

	if (!total) {
		pg_strbuf_puts(buf, "  no differences\n");
		return;
	}
	pg_strbuf_printf(buf, "  %zu difference%s, in brackets:\n", total, total == 1 ? "" : "s");
	for (size_t i = 0; i < count_flows(left) && shown < DIFFERENCES_SHOWN; i++) {
		if (left->results[i] == right->results[i])
			continue;
		put_difference(left, right, i, buf);
		shown++;
	}
	if (shown < total)
		pg_strbuf_printf(buf, "    and %zu more\n", total - shown);
}

void pg_matrix_summarise_both(const struct pg_matrix *left, const struct pg_matrix *right,
			      const struct pg_matrix_style *style, struct pg_strbuf *buf)
{
	pg_matrix_summarise(left, style, buf);
	pg_matrix_summarise(right, style, buf);
	put_differences(left, right, buf);
}
