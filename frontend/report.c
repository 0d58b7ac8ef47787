// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/report.h"

#include "frontend/width.h"

/* A line shown is about so wide; what precedes the place in a window of a long line, so wide. */
enum { LINE_WIDTH = 100, BEFORE_WIDTH = 40, TAB_WIDTH = 8 };

/* The part of a source line that is shown, and where in it the carets go. */
struct window {
	const char *line, *end;	       /* the whole line, or as much of it as can be needed */
	const char *place, *place_end; /* what the carets mark; not past `end` */
	struct pg_strbuf text;
	size_t width;		 /* columns of `text` */
	size_t caret, caret_end; /* columns from the left */
};

/* Bytes of the character at `at`; whatever isn't UTF-8 goes byte by byte. */
static size_t step_at(const char *at, const char *end)
{
	return PG_MAX(pg_utf8_length(at, (size_t)(end - at)), (size_t)1);
}

/* Writes one character as it is shown, and yields its columns. */
static size_t render_character(const char *at, size_t step, size_t column, struct pg_strbuf *buf)
{
	size_t before = buf->length;

	if (*at == '\t') {
		size_t width = TAB_WIDTH - column % TAB_WIDTH;

		pg_strbuf_printf(buf, "%*s", (int)width, "");
		return width;
	}
	pg_strbuf_add_escaped(buf, at, step);
	/* What was not escaped came through as it is. */
	if (buf->length - before == step && pg_utf8_length(at, step) == step)
		return pg_character_width(at, step);
	return buf->length - before;
}

static size_t measure(const char *from, const char *to)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	size_t width = 0;

	for (size_t step; from < to; from += step) {
		step = step_at(from, to);
		width += render_character(from, step, width, &buf);
	}
	return width;
}

static const char *step_back(const char *at, const char *line)
{
	do
		at--;
	while (at > line && ((unsigned char)*at & 0xc0) == 0x80);
	return at;
}

/* Whether the line can be shown from its start on, with the place in sight. */
static bool fits(const struct window *window)
{
	if (window->place_end - window->line > 4 * LINE_WIDTH)
		return false;
	return measure(window->line, window->place) <= LINE_WIDTH / 2 ||
	       measure(window->line, window->place_end) <= LINE_WIDTH;
}

/* The first character shown: the line's, or one a little before the place. */
static const char *find_start(const struct window *window)
{
	const char *start = window->place;
	size_t width = 0;

	if (fits(window))
		return window->line;
	while (start > window->line) {
		const char *before = step_back(start, window->line);

		/* At least one, so that a run of combining marks has an end. */
		width += PG_MAX(measure(before, start), (size_t)1);
		if (width > BEFORE_WIDTH)
			break;
		start = before;
	}
	return start;
}

static void render(struct window *window)
{
	const char *at = find_start(window);

	if (at > window->line)
		pg_strbuf_puts(&window->text, "...");
	window->width = window->text.length;
	while (at < window->end && window->width < LINE_WIDTH) {
		size_t step = step_at(at, window->end);

		if (at <= window->place)
			window->caret = window->width;
		window->width += render_character(at, step, window->width, &window->text);
		at += step;
		if (at <= window->place_end)
			window->caret_end = window->width;
	}
	if (window->place == window->end)
		window->caret = window->width;
	if (at < window->end)
		pg_strbuf_puts(&window->text, "...");
}

static struct window find_window(const struct pg_source *source, struct pg_place place,
				 struct pg_loc loc)
{
	/* No character is longer than 4 bytes, so this is more than will be shown. */
	size_t reach = 4 * LINE_WIDTH;
	size_t offset = PG_MIN((size_t)loc.offset, source->length);
	const char *end, *newline;
	struct window window = {
		.line = source->text + source->line_starts[place.line - 1],
		.place = source->text + offset,
	};

	end = window.place + PG_MIN(reach, source->length - offset);
	newline = memchr(window.place, '\n', (size_t)(end - window.place));
	window.end = newline ? newline : end;
	if (newline && newline > window.place && newline[-1] == '\r')
		window.end--;
	window.place_end =
		window.place + PG_MIN((size_t)loc.length, (size_t)(window.end - window.place));
	return window;
}

void pg_report_excerpt(const struct pg_sources *sources, struct pg_loc loc, struct pg_strbuf *line,
		       struct pg_strbuf *carets)
{
	const struct pg_source *source = pg_sources_get(sources, loc);
	struct window window = find_window(source, pg_sources_place(sources, loc), loc);

	render(&window);
	pg_strbuf_puts(line, window.text.text ? window.text.text : "");
	pg_strbuf_printf(carets, "%*s^", (int)window.caret, "");
	for (size_t i = window.caret + 1; i < window.caret_end; i++)
		pg_strbuf_putc(carets, '~');
	pg_strbuf_done(&window.text);
}

static void print_excerpt(FILE *out, const struct pg_sources *sources, struct pg_loc loc)
{
	_cleanup_strbuf_ struct pg_strbuf line = { 0 }, carets = { 0 };

	pg_report_excerpt(sources, loc, &line, &carets);
	fprintf(out, "%s\n%s\n", line.text ? line.text : "", carets.text ? carets.text : "");
}

static const char *severity_name(enum pg_severity severity)
{
	return severity == PG_ERROR ? "error" : severity == PG_WARNING ? "warning" : "note";
}

/* Whatever part of a message came from outside is harmless after this, if it wasn't before. */
static void print_diag(FILE *out, const struct pg_sources *sources, const struct pg_diag *diag)
{
	_cleanup_strbuf_ struct pg_strbuf file = { 0 }, text = { 0 };
	struct pg_place place = pg_sources_place(sources, diag->loc);

	pg_strbuf_add_escaped(&text, diag->text, strlen(diag->text));
	if (!place.file) {
		fprintf(out, "polgen: %s: %s\n", severity_name(diag->severity),
			text.text ? text.text : "");
		return;
	}
	pg_strbuf_add_escaped(&file, place.file, strlen(place.file));
	fprintf(out, "%s:%u:%u: %s: %s\n", file.text ? file.text : "", place.line, place.column,
		severity_name(diag->severity), text.text ? text.text : "");
	print_excerpt(out, sources, diag->loc);
}

/* Shows the first `most` of each severity with their notes, and counts all. */
static void print_diags(FILE *out, const struct pg_sources *sources, const struct pg_diags *diags,
			size_t most, size_t *count)
{
	bool shown = true;

	pg_array_foreach(diag, &diags->list) {
		if (diag->severity != PG_NOTE)
			shown = count[diag->severity]++ < most;
		if (shown)
			print_diag(out, sources, diag);
	}
}

static void print_rest(FILE *out, size_t rest, const char *noun)
{
	fprintf(out, "polgen: and %zu more %s%s\n", rest, noun, rest == 1 ? "" : "s");
}

/* What wasn't kept, but for those that there was no room for, which would have been the last ones. */
static void print_lost(FILE *out, const struct pg_diags *diags, const size_t *count)
{
	size_t lost = diags->errors + diags->warnings - count[PG_ERROR] - count[PG_WARNING];

	if (lost && diags->list.count < PG_DIAGS_MAX)
		fprintf(out, "polgen: error: out of memory: %zu more messages are lost\n", lost);
}

void pg_report(FILE *out, const struct pg_sources *sources, const struct pg_diags *diags)
{
	size_t count[PG_SEVERITIES] = { 0 };

	print_diags(out, sources, diags, PG_REPORT_MAX, count);
	if (count[PG_ERROR] > PG_REPORT_MAX)
		print_rest(out, diags->errors - PG_REPORT_MAX, "error");
	if (count[PG_WARNING] > PG_REPORT_MAX)
		print_rest(out, diags->warnings - PG_REPORT_MAX, "warning");
	print_lost(out, diags, count);
}

void pg_report_all(FILE *out, const struct pg_sources *sources, const struct pg_diags *diags)
{
	size_t count[PG_SEVERITIES] = { 0 };

	print_diags(out, sources, diags, SIZE_MAX, count);
	print_lost(out, diags, count);
}
