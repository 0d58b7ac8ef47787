// SPDX-License-Identifier: GPL-2.0-only
/* Outcomes as Test Anything Protocol. */
#include "compat/errtext.h"
#include "frontend/lab/casetest_internal.h"
#include "frontend/rule_title.h"

static const char *const skip_names[] = {
	[PG_CASE_SKIP_NONE] = "",
	[PG_CASE_SKIP_HTTP] = "http on a real backend",
	[PG_CASE_SKIP_PORT_0] = "no socket has port 0",
};

_Static_assert(PG_COUNT(skip_names) == PG_CASE_SKIPS, "a reason to skip has no name");

/* TAP takes '#' for a directive unless it is escaped. */
static void put_escaped(FILE *out, const struct pg_strbuf *text)
{
	for (const char *at = text->text; at && *at; at++) {
		if (*at == '#')
			fputc('\\', out);
		fputc(*at, out);
	}
}

static void put_text(FILE *out, const char *text)
{
	_cleanup_strbuf_ struct pg_strbuf escaped = { 0 };

	pg_strbuf_add_escaped(&escaped, text, strlen(text));
	put_escaped(out, &escaped);
}

void pg_case_put_line(FILE *out, const struct pg_case_file *file, size_t number, bool ok)
{
	fprintf(out, "%s %zu - ", ok ? "ok" : "not ok", number);
	put_text(out, file->path);
	fputs(": ", out);
}

/* Of names nobody can tell. */
static bool hides_ipv6(const struct pg_case_flow *flow)
{
	return flow->family == 6 && flow->proto.n != PG_PROTO_ICMPV6.n && !flow->src.addr.family &&
	       !flow->dst.addr.family;
}

static void put_flow(FILE *out, const struct pg_case_flow *flow)
{
	const char *proto = pg_proto_name(flow->proto);

	put_text(out, flow->src.text);
	fputs(" -> ", out);
	put_text(out, flow->dst.text);
	fprintf(out, " %s", proto ? proto : "?");
	if (flow->proto.n != PG_PROTO_ICMP.n && flow->proto.n != PG_PROTO_ICMPV6.n)
		fprintf(out, "/%u", flow->dport);
	if (hides_ipv6(flow))
		fputs(" IPv6", out);
	if (flow->has_http) {
		fputc(' ', out);
		put_text(out, flow->http.method ? flow->http.method : "");
		fputc(' ', out);
		put_text(out, flow->http.path ? flow->http.path : "");
	}
	fprintf(out, " %s", pg_expectation_name(flow->expect));
}

static void put_place(FILE *out, const struct pg_case_file *file, struct pg_loc loc)
{
	struct pg_place place = pg_sources_place(&file->sources, loc);

	if (!place.file)
		return;
	fputc(' ', out);
	put_text(out, place.file);
	fprintf(out, ":%u:%u", place.line, place.column);
}

static void put_got(FILE *out, const struct pg_case_outcome *outcome)
{
	char text[PG_ERRTEXT_MAX];

	if (outcome->kind == PG_OUTCOME_NONE)
		fputs("nothing: the case could not be run", out);
	else if (outcome->kind == PG_OUTCOME_ERROR)
		fprintf(out, "an error: %s", pg_errtext(outcome->error, text));
	else if (outcome->probed)
		fputs(pg_probe_result_name(outcome->probed), out);
	else
		fputs(pg_expectation_name(outcome->verdict), out);
}

static void put_side(FILE *out, const struct pg_case_file *file,
		     const struct pg_evaluation *evaluation, enum pg_direction direction,
		     const struct pg_case_party *subject)
{
	const struct pg_judgement *side = &evaluation->side[direction];
	_cleanup_strbuf_ struct pg_strbuf title = { 0 };

	if (side->reason == PG_REASON_NOT_MANAGED)
		return;
	fprintf(out, "# %s of ", pg_direction_name(direction));
	put_text(out, subject->text);
	fprintf(out, ": %s, %s", pg_verdict_name(side->verdict), pg_reason_name(side->reason));
	pg_rule_title(&file->sources, &file->test.policy, side->origin, &title);
	if (title.length)
		fputc(' ', out);
	put_escaped(out, &title);
	fputc('\n', out);
}

/* Where the flow stands, what came of it, and what the model has to say. */
static void put_failure(FILE *out, const struct pg_case_file *file, const struct pg_case_flow *flow,
			const struct pg_case_outcome *outcome)
{
	struct pg_evaluation evaluation;
	int err = pg_case_evaluate(&file->test, flow, &file->identities, &evaluation);

	fputs("#", out);
	put_place(out, file, flow->loc);
	fprintf(out, ": expected %s, got ", pg_expectation_name(flow->expect));
	put_got(out, outcome);
	fputc('\n', out);
	if (err)
		return;
	fprintf(out, "# the model says %s\n", pg_expectation_name(pg_case_verdict(&evaluation)));
	put_side(out, file, &evaluation, PG_EGRESS, &flow->src);
	put_side(out, file, &evaluation, PG_INGRESS, &flow->dst);
}

void pg_case_put_flow(FILE *out, const struct pg_case_file *file, size_t number, bool passed)
{
	const struct pg_case_flow *flow = &file->test.flows.items[number];
	const struct pg_case_outcome *outcome = &file->outcomes[number];

	put_flow(out, flow);
	if (outcome->kind == PG_OUTCOME_SKIPPED)
		fprintf(out, " # SKIP %s", skip_names[outcome->skip]);
	fputc('\n', out);
	if (!passed && outcome->kind != PG_OUTCOME_SKIPPED)
		put_failure(out, file, flow, outcome);
}
