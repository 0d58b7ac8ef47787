// SPDX-License-Identifier: GPL-2.0-only
/*
 * A matrix for people. Bands of panels, one below the other; a panel is one port of one matrix:
 *
 *	            │ tcp/80             │ icmp
 *	  from ╲ to │  app1   app2  host │  app1   app2  host
 *	 ───────────┼────────────────────┼────────────────────
 *	  app1      │   –      ●      ·  │   –      ●      ●
 *
 * Columns are headed by names where they fit, else by the numbers of the rows, else by those numbers
 * set upright.
 */
#include "frontend/lab/matrix_internal.h"
#include "frontend/width.h"

#define DEFAULT_WIDTH 100

enum headings {
	HEADINGS_NAMES,
	HEADINGS_NUMBERS,
	HEADINGS_UPRIGHT, /* cells of one column, nothing between them */
};

struct marks {
	const char *bar, *cross, *dash, *corner;
};

static const struct marks unicode_marks = { .bar = "│", .cross = "┼", .dash = "─", .corner = "╲" };
static const struct marks ascii_marks = { .bar = "|", .cross = "+", .dash = "-", .corner = "\\" };

static const char *const unicode_symbols[] = {
	[PG_PROBE_UNKNOWN] = "?", [PG_PROBE_OPEN] = "●",    [PG_PROBE_CLOSED] = "·",
	[PG_PROBE_REFUSED] = "✕", [PG_PROBE_RESULTS] = "–",
};
static const char *const ascii_symbols[] = {
	[PG_PROBE_UNKNOWN] = "?", [PG_PROBE_OPEN] = "#",    [PG_PROBE_CLOSED] = ".",
	[PG_PROBE_REFUSED] = "x", [PG_PROBE_RESULTS] = "-",
};
static const char *const result_colours[] = {
	[PG_PROBE_UNKNOWN] = "\033[35m", [PG_PROBE_OPEN] = "\033[32m",
	[PG_PROBE_CLOSED] = "\033[2m",	 [PG_PROBE_REFUSED] = "\033[33m",
	[PG_PROBE_RESULTS] = "\033[2m",
};

#define COLOUR_DIFFERENT "\033[1;31m"
#define COLOUR_HEADING	 "\033[1m"
#define COLOUR_OFF	 "\033[0m"

/* Text of a name, and the columns that it takes. */
struct label {
	struct pg_strbuf text;
	size_t width;
};

struct panel {
	const struct pg_matrix *matrix, *other; /* other: to compare with; NULL: none */
	size_t port;
};

struct page {
	const struct pg_matrix *matrix; /* whose parties and ports these are */
	const struct pg_matrix *other;	/* NULL: one matrix alone */
	const struct pg_matrix_style *style;
	const struct marks *marks;
	struct pg_strbuf *buf;
	struct label *names;
	size_t *columns, column_count; /* parties that are destinations */
	size_t *rows, row_count;       /* parties that are sources */
	enum headings headings;
	size_t cell, stub; /* columns of a cell, and of the rows' names */
	size_t digits;	   /* of the largest number */
};

static void page_done(struct page *page)
{
	for (size_t i = 0; page->names && i < page->matrix->parties.count; i++)
		pg_strbuf_done(&page->names[i].text);
	free(page->names);
	free(page->columns);
	free(page->rows);
}

static void repeat(struct page *page, const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pg_strbuf_puts(page->buf, text);
}

static void spaces(struct page *page, size_t count)
{
	repeat(page, " ", count);
}

static void put_coloured(const struct pg_matrix_style *style, const char *colour, const char *text,
			 struct pg_strbuf *buf)
{
	pg_strbuf_puts(buf, style->colour ? colour : "");
	pg_strbuf_puts(buf, text);
	pg_strbuf_puts(buf, style->colour ? COLOUR_OFF : "");
}

void pg_matrix_put_symbol(uint8_t result, const struct pg_matrix_style *style,
			  struct pg_strbuf *buf)
{
	put_coloured(style, result_colours[result],
		     style->ascii ? ascii_symbols[result] : unicode_symbols[result], buf);
}

/* Without the blanks that a line ends with. */
static void end_line(struct page *page)
{
	struct pg_strbuf *buf = page->buf;

	while (buf->length && buf->text[buf->length - 1] == ' ')
		buf->length--;
	pg_strbuf_putc(buf, '\n');
}

static size_t width_of(const char *text, size_t length)
{
	size_t width = 0;

	for (size_t at = 0; at < length;) {
		size_t step = PG_MAX(pg_utf8_length(text + at, length - at), (size_t)1);

		width += pg_character_width(text + at, step);
		at += step;
	}
	return width;
}

static void make_label(const char *name, struct label *label)
{
	pg_strbuf_add_escaped(&label->text, name, strlen(name));
	if (label->text.text)
		label->width = width_of(label->text.text, label->text.length);
}

static const char *label_text(const struct label *label)
{
	return label->text.text ? label->text.text : "?";
}

static bool is_known(const struct page *page, size_t from, size_t to)
{
	for (size_t port = 0; port < page->matrix->ports.list.count; port++) {
		if (*pg_matrix_at(page->matrix, from, to, port) != PG_MATRIX_NONE)
			return true;
		if (page->other && *pg_matrix_at(page->other, from, to, port) != PG_MATRIX_NONE)
			return true;
	}
	return false;
}

static void find_rows_and_columns(struct page *page)
{
	size_t parties = page->matrix->parties.count;

	for (size_t i = 0; i < parties; i++) {
		bool source = false, destination = false;

		for (size_t other = 0; other < parties; other++) {
			source |= is_known(page, i, other);
			destination |= is_known(page, other, i);
		}
		if (source)
			page->rows[page->row_count++] = i;
		if (destination)
			page->columns[page->column_count++] = i;
	}
}

static size_t count_digits(size_t number)
{
	return number < 10 ? 1 : 1 + count_digits(number / 10);
}

static size_t page_width(const struct page *page)
{
	return page->style->width ? page->style->width : DEFAULT_WIDTH;
}

/* One panel with the bar before it. */
static size_t panel_width(const struct page *page)
{
	return 3 + page->column_count * page->cell;
}

/* The two panels of a comparison stay together. */
static bool fits(const struct page *page)
{
	return page->stub + panel_width(page) * (page->other ? 2 : 1) <= page_width(page);
}

static size_t widest_name(const struct page *page, const size_t *parties, size_t count)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++)
		width = PG_MAX(width, page->names[parties[i]].width);
	return width;
}

/* The widest of the titles that stand above panels. */
static size_t widest_title(const struct page *page)
{
	const struct pg_matrix *sides[] = { page->matrix, page->other };
	size_t width = 0;

	for (size_t i = 0; page->other && i < PG_COUNT(sides); i++) {
		struct label title = { 0 };

		make_label(sides[i]->title, &title);
		width = PG_MAX(width, title.width);
		pg_strbuf_done(&title.text);
	}
	pg_array_foreach(port, &page->matrix->ports.list) {
		char text[PG_MATRIX_PORT_TEXT_MAX];

		width = PG_MAX(width, strlen(pg_matrix_port_format(*port, text)));
	}
	return width;
}

/* "  name " or "  12 name ", and room for "  from ╲ to ". */
static void choose_headings(struct page *page)
{
	size_t name = widest_name(page, page->rows, page->row_count);
	size_t columns = PG_MAX(page->column_count, (size_t)1);
	size_t title = (widest_title(page) + columns - 1) / columns;

	page->digits = count_digits(page->matrix->parties.count);
	page->stub = PG_MAX(name + 3, (size_t)12);
	page->headings = HEADINGS_NAMES;
	page->cell = widest_name(page, page->columns, page->column_count) + 2;
	page->cell = PG_MAX(PG_MAX(page->cell, title), (size_t)5);
	if (fits(page))
		return;
	page->stub = PG_MAX(page->digits + name + 4, (size_t)12);
	page->headings = HEADINGS_NUMBERS;
	page->cell = PG_MAX(PG_MAX(page->digits + 1, title), (size_t)3);
	if (fits(page))
		return;
	page->headings = HEADINGS_UPRIGHT;
	page->cell = 1;
}

static int make_page(struct page *page)
{
	size_t parties = page->matrix->parties.count;

	page->names = calloc(parties + 1, sizeof(*page->names));
	page->rows = calloc(parties + 1, sizeof(*page->rows));
	page->columns = calloc(parties + 1, sizeof(*page->columns));
	if (!page->names || !page->rows || !page->columns)
		return -ENOMEM;
	for (size_t i = 0; i < parties; i++)
		make_label(page->matrix->parties.items[i], &page->names[i]);
	find_rows_and_columns(page);
	choose_headings(page);
	return 0;
}

/* What every line of a panel but the rule begins with. */
static void put_bar(struct page *page)
{
	pg_strbuf_puts(page->buf, page->marks->bar);
	spaces(page, 1);
}

/* Text in the middle of so many columns. */
static void put_centred(struct page *page, const char *text, size_t text_width, size_t width)
{
	size_t before = width > text_width ? (width - text_width) / 2 : 0;

	spaces(page, before);
	pg_strbuf_puts(page->buf, text);
	spaces(page, width > before + text_width ? width - before - text_width : 0);
}

static void put_title(struct page *page, const struct panel *panel)
{
	char port[PG_MATRIX_PORT_TEXT_MAX];
	struct label title = { 0 };
	size_t width = panel_width(page) - 2;

	make_label(page->other ? panel->matrix->title
			       : pg_matrix_port_format(page->matrix->ports.list.items[panel->port],
						       port),
		   &title);
	put_bar(page);
	put_coloured(page->style, COLOUR_HEADING, label_text(&title), page->buf);
	spaces(page, width > title.width ? width - title.width : 0);
	pg_strbuf_done(&title.text);
}

/* One line of column headings; upright ones take `digits` lines, the highest digit first. */
static void put_heading(struct page *page, size_t column, size_t line)
{
	size_t party = page->columns[column], number = party + 1;
	char text[24];

	if (page->headings == HEADINGS_NAMES) {
		put_centred(page, label_text(&page->names[party]), page->names[party].width,
			    page->cell);
		return;
	}
	snprintf(text, sizeof(text), "%*zu", (int)page->digits, number);
	if (page->headings == HEADINGS_UPRIGHT)
		pg_strbuf_putc(page->buf, text[line]);
	else
		put_centred(page, text, page->digits, page->cell);
}

static void put_stub_text(struct page *page, const char *text, size_t width)
{
	spaces(page, 2);
	pg_strbuf_puts(page->buf, text);
	spaces(page, page->stub > width + 2 ? page->stub - width - 2 : 0);
}

static void put_titles(struct page *page, const struct panel *panels, size_t count)
{
	char port[PG_MATRIX_PORT_TEXT_MAX] = "";

	if (page->other)
		pg_matrix_port_format(page->matrix->ports.list.items[panels[0].port], port);
	spaces(page, 2);
	put_coloured(page->style, COLOUR_HEADING, port, page->buf);
	spaces(page, page->stub - 2 - strlen(port));
	for (size_t i = 0; i < count; i++)
		put_title(page, &panels[i]);
	end_line(page);
}

static void put_headings(struct page *page, size_t panels)
{
	size_t lines = page->headings == HEADINGS_UPRIGHT ? page->digits : 1;
	char corner[24];

	snprintf(corner, sizeof(corner), "from %s to", page->marks->corner);
	for (size_t line = 0; line < lines; line++) {
		bool last = line == lines - 1;

		put_stub_text(page, last ? corner : "", last ? strlen("from / to") : 0);
		for (size_t i = 0; i < panels; i++) {
			put_bar(page);
			for (size_t column = 0; column < page->column_count; column++)
				put_heading(page, column, line);
			spaces(page, 1);
		}
		end_line(page);
	}
}

static void put_rule(struct page *page, size_t panels)
{
	spaces(page, 1);
	repeat(page, page->marks->dash, page->stub - 1);
	for (size_t i = 0; i < panels; i++) {
		pg_strbuf_puts(page->buf, page->marks->cross);
		repeat(page, page->marks->dash, panel_width(page) - 1);
	}
	end_line(page);
}

/* A flow that differs is in brackets; in a cell without room its symbol is '!'. */
static void put_difference(struct page *page, const char *symbol)
{
	bool narrow = page->headings == HEADINGS_UPRIGHT;
	char text[16];

	snprintf(text, sizeof(text), narrow ? "!" : "[%s]", symbol);
	put_coloured(page->style, COLOUR_DIFFERENT, text, page->buf);
}

static void put_cell(struct page *page, const struct panel *panel, size_t from, size_t to)
{
	uint8_t result = *pg_matrix_at(panel->matrix, from, to, panel->port);
	bool differs = panel->other && result != *pg_matrix_at(panel->other, from, to, panel->port);
	size_t margin = page->headings == HEADINGS_UPRIGHT ? 0 : 1;
	size_t before = (page->cell - 1 - 2 * margin) / 2;

	spaces(page, differs ? before : before + margin);
	if (differs)
		put_difference(page, page->style->ascii ? ascii_symbols[result]
							: unicode_symbols[result]);
	else
		pg_matrix_put_symbol(result, page->style, page->buf);
	spaces(page, page->cell - 1 - before - (differs ? 2 * margin : margin));
}

static void put_row(struct page *page, const struct panel *panels, size_t count, size_t from)
{
	const struct label *name = &page->names[from];
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	size_t width = name->width;

	if (page->headings != HEADINGS_NAMES) {
		pg_strbuf_printf(&text, "%*zu ", (int)page->digits, from + 1);
		width += page->digits + 1;
	}
	pg_strbuf_puts(&text, label_text(name));
	put_stub_text(page, text.text ? text.text : "", width);
	for (size_t i = 0; i < count; i++) {
		put_bar(page);
		for (size_t column = 0; column < page->column_count; column++)
			put_cell(page, &panels[i], from, page->columns[column]);
		spaces(page, 1);
	}
	end_line(page);
}

static void put_band(struct page *page, const struct panel *panels, size_t count)
{
	put_titles(page, panels, count);
	put_headings(page, count);
	put_rule(page, count);
	for (size_t i = 0; i < page->row_count; i++)
		put_row(page, panels, count, page->rows[i]);
	end_line(page);
}

/* As many ports beside each other as fit; two matrices port by port. */
static void put_bands(struct page *page)
{
	size_t ports = page->matrix->ports.list.count, at_once = 1;
	struct panel panels[64];

	if (!page->other && page_width(page) > page->stub)
		at_once = (page_width(page) - page->stub) / panel_width(page);
	at_once = PG_MIN(PG_MAX(at_once, (size_t)1), PG_COUNT(panels) / 2);
	for (size_t port = 0; port < ports; port += at_once) {
		size_t count = 0;

		for (size_t i = port; i < PG_MIN(ports, port + at_once); i++) {
			panels[count++] = (struct panel){ page->matrix, page->other, i };
			if (page->other)
				panels[count++] = (struct panel){ page->other, page->matrix, i };
		}
		put_band(page, panels, count);
	}
}

static int start_page(struct page *page, const struct pg_matrix *matrix,
		      const struct pg_matrix *other, const struct pg_matrix_style *style,
		      struct pg_strbuf *buf)
{
	*page = (struct page){
		.matrix = matrix,
		.other = other,
		.style = style,
		.marks = style->ascii ? &ascii_marks : &unicode_marks,
		.buf = buf,
	};
	return make_page(page);
}

void pg_matrix_format(const struct pg_matrix *matrix, const struct pg_matrix_style *style,
		      struct pg_strbuf *buf)
{
	PG_CLEANUP(page_done) struct page page;

	if (start_page(&page, matrix, NULL, style, buf)) {
		buf->failed = true;
		return;
	}
	put_bands(&page);
	pg_matrix_summarise(matrix, style, buf);
}

void pg_matrix_format_both(const struct pg_matrix *left, const struct pg_matrix *right,
			   const struct pg_matrix_style *style, struct pg_strbuf *buf)
{
	PG_CLEANUP(page_done) struct page page;

	if (start_page(&page, left, right, style, buf)) {
		buf->failed = true;
		return;
	}
	put_bands(&page);
	pg_matrix_summarise_both(left, right, style, buf);
}
