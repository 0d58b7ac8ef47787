// SPDX-License-Identifier: GPL-2.0-only
/* An explanation as text: a line for each rule and entry that is asked, and the place that decides. */
#include "frontend/cli/explain.h"
#include "frontend/report.h"
#include "frontend/rule_title.h"
#include "frontend/width.h"

/* Cells are cut here, in columns. */
enum { SAYS_WIDTH = 44, PORTS_WIDTH = 24, DESCRIPTION_WIDTH = 80 };

struct row {
	struct pg_strbuf name, says, ports, answer; /* a rule's `answer` has the ports' room, too */
	bool entry;
	struct pg_loc excerpt; /* PG_LOC_NONE: it doesn't decide */
};

struct table {
	const struct pg_explanation *explanation;
	enum pg_direction direction;
	struct pg_array(struct row) rows;
};

static void table_done(struct table *table)
{
	pg_array_foreach(row, &table->rows) {
		pg_strbuf_done(&row->name);
		pg_strbuf_done(&row->says);
		pg_strbuf_done(&row->ports);
		pg_strbuf_done(&row->answer);
	}
	free(table->rows.items);
}

static size_t step_at(const struct pg_strbuf *text, size_t at)
{
	return PG_MAX(pg_utf8_length(text->text + at, text->length - at), (size_t)1);
}

static size_t width_of(const struct pg_strbuf *text)
{
	size_t width = 0;

	for (size_t at = 0, step; at < text->length; at += step) {
		step = step_at(text, at);
		width += pg_character_width(text->text + at, step);
	}
	return width;
}

/* Ends a text that is too wide in "...". */
static void cut(struct pg_strbuf *text, size_t most)
{
	size_t width = 0, at = 0, step;

	if (width_of(text) <= most)
		return;
	for (; width < most - 4; at += step) {
		step = step_at(text, at);
		width += pg_character_width(text->text + at, step);
	}
	text->length = at;
	text->text[at] = '\0';
	pg_strbuf_puts(text, "...");
}

static struct row *add_row(struct table *table, struct pg_origin origin)
{
	const struct pg_input *input = table->explanation->input;
	struct row *row = pg_array_add(&table->rows);

	if (!row)
		return NULL;
	*row = (struct row){ .entry = origin.entry };
	if (row->entry)
		pg_rule_place(&input->sources, &input->policy, origin, &row->name);
	else
		pg_rule_title(&input->sources, &input->policy, origin, &row->name);
	return row;
}

static bool decides(const struct table *table, const struct pg_reason_step *step)
{
	return step == pg_reasoning_deciding(&table->explanation->reasoning, table->direction);
}

/* A selector, or if it is spread over lines, the first of those that says something. */
static struct pg_loc selector_place(const struct table *table, const struct pg_selector *selector)
{
	const struct pg_sources *sources = &table->explanation->input->sources;
	struct pg_loc first;

	if (!selector->requirements.count)
		return selector->loc;
	first = selector->requirements.items[0].loc;
	return pg_sources_place(sources, first).line ==
			       pg_sources_place(sources, selector->loc).line
		       ? selector->loc
		       : first;
}

static bool add_rule(struct table *table, const struct pg_reason_step *step)
{
	const struct pg_rule *rule = pg_explain_rule(table->explanation, step->origin);
	struct row *row = add_row(table, step->origin);

	if (!row)
		return false;
	pg_strbuf_printf(&row->says,
			 step->closes	 ? "closes %s"
			 : step->entries ? "doesn't close %s"
					 : "has no %s",
			 pg_direction_name(table->direction));
	if (rule->description) {
		pg_strbuf_add_escaped(&row->answer, rule->description, strlen(rule->description));
	} else {
		pg_strbuf_puts(&row->answer, "for ");
		pg_selector_format(&rule->subject, &row->answer);
	}
	cut(&row->answer, DESCRIPTION_WIDTH);
	if (decides(table, step))
		row->excerpt = selector_place(table, &rule->subject);
	return true;
}

/* The part of an entry that says most about why it matches. */
static struct pg_loc entry_place(const struct table *table, const struct pg_entry *entry,
				 const struct pg_answer *answer)
{
	if (answer->l4)
		return answer->l4->loc;
	if (answer->selector)
		return selector_place(table, answer->selector);
	return answer->cidr ? answer->cidr->loc : entry->loc;
}

static void add_scope(const struct table *table, const struct pg_reason_step *step,
		      const struct pg_entry *entry, struct row *row)
{
	if (step->answer.port == PG_PORT_NOTHING && entry->peers.requires.count) {
		pg_strbuf_puts(&row->says, "  require ");
		pg_explain_requires(entry, &row->says);
	} else if (step->answer.port == PG_PORT_NOTHING) {
		pg_strbuf_puts(&row->says, entry->deny ? "  deny nothing" : "  allow nothing");
	} else {
		pg_strbuf_printf(&row->says, "  %s %s ", entry->deny ? "deny" : "allow",
				 table->direction == PG_EGRESS ? "to" : "from");
		pg_explain_peers(entry, &row->says);
		pg_explain_ports(entry, &row->ports);
	}
}

static bool add_entry(struct table *table, const struct pg_reason_step *step)
{
	const struct pg_entry *entry = pg_explain_entry(table->explanation, step->origin);
	struct row *row = add_row(table, step->origin);

	if (!row)
		return false;
	add_scope(table, step, entry, row);
	cut(&row->says, SAYS_WIDTH);
	cut(&row->ports, PORTS_WIDTH);
	pg_explain_answer(table->explanation, step, &row->answer);
	if (decides(table, step))
		row->excerpt = entry_place(table, entry, &step->answer);
	return true;
}

static void print_cell(const struct pg_strbuf *text, size_t width)
{
	printf("%s%*s  ", text->text ? text->text : "", (int)(width - width_of(text)), "");
}

static void print_excerpt(const struct table *table, struct pg_loc loc)
{
	const struct pg_sources *sources = &table->explanation->input->sources;
	_cleanup_strbuf_ struct pg_strbuf line = { 0 }, carets = { 0 };

	pg_report_excerpt(sources, loc, &line, &carets);
	printf("%7u | %s\n        | %s\n", pg_sources_place(sources, loc).line,
	       line.text ? line.text : "", carets.text ? carets.text : "");
}

static void print_rows(const struct table *table)
{
	size_t name = 0, says = 0, ports = 0;

	pg_array_foreach(row, &table->rows) {
		name = PG_MAX(name, width_of(&row->name));
		says = PG_MAX(says, width_of(&row->says));
		ports = PG_MAX(ports, width_of(&row->ports));
	}
	pg_array_foreach(row, &table->rows) {
		bool decisive = row->excerpt.source;

		printf("%s ", decisive ? ">" : " ");
		print_cell(&row->name, name);
		print_cell(&row->says, says);
		if (row->entry)
			print_cell(&row->ports, ports);
		printf("%s\n", row->answer.text ? row->answer.text : "");
		if (decisive)
			print_excerpt(table, row->excerpt);
	}
}

static void print_head(const struct table *table)
{
	const struct pg_explanation *explanation = table->explanation;
	const struct pg_judgement *side = &explanation->reasoning.evaluation.side[table->direction];
	const char *name = explanation->ends[table->direction].text;
	_cleanup_strbuf_ struct pg_strbuf shown = { 0 }, title = { 0 };

	pg_strbuf_add_escaped(&shown, name, strlen(name));
	pg_rule_title(&explanation->input->sources, &explanation->input->policy, side->origin,
		      &title);
	printf("\n%s of %s (identity %u): %s, %s%s%s\n", pg_direction_name(table->direction),
	       shown.text ? shown.text : "?", pg_explain_party(explanation, table->direction)->id.n,
	       pg_verdict_name(side->verdict), pg_reason_name(side->reason),
	       title.length ? " " : "", title.text ? title.text : "");
}

static void print_side(const struct pg_explanation *explanation, enum pg_direction direction)
{
	PG_CLEANUP(table_done)
	struct table table = { .explanation = explanation, .direction = direction };
	bool complete = true;

	print_head(&table);
	pg_array_foreach(step, &explanation->reasoning.side[direction].steps)
		complete = complete &&
			   (step->origin.entry ? add_entry(&table, step) : add_rule(&table, step));
	print_rows(&table);
	if (!complete)
		puts("  out of memory: more rules than these were asked");
	printf("  %s\n", pg_explain_conclusion(explanation, direction));
}

void pg_explain_print(const struct pg_explanation *explanation)
{
	const struct pg_evaluation *evaluation = &explanation->reasoning.evaluation;
	_cleanup_strbuf_ struct pg_strbuf flow = { 0 };

	pg_explain_format_flow(explanation, &flow);
	printf("%s: %s\n", flow.text ? flow.text : "", pg_explain_outcome(evaluation));
	print_side(explanation, PG_EGRESS);
	print_side(explanation, PG_INGRESS);
	printf("\n%s: %s\n", pg_explain_both(evaluation), pg_explain_outcome(evaluation));
	if (explanation->live.backend)
		pg_explain_print_live(&explanation->live);
}
