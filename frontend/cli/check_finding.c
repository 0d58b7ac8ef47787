// SPDX-License-Identifier: GPL-2.0-only
/* What is said of a finding of pg_lint(). */
#include "frontend/cli/check.h"
#include "frontend/quote.h"
#include "frontend/source/names.h"

/* A finding on its way into words. */
struct words {
	const struct pg_input *input;
	const struct pg_finding *finding;
	enum pg_severity severity;
	struct pg_diags *diags;
};

#define SAY(words, ...) \
	pg_diag_add((words)->diags, (words)->severity, (words)->finding->loc, __VA_ARGS__)

static const struct pg_entry *entry_of(const struct words *words)
{
	const struct pg_origin origin = words->finding->origin;

	return &words->input->policy.rules.items[origin.rule - 1].entries.items[origin.entry - 1];
}

static const char *peers_of(const struct words *words)
{
	return words->finding->direction == PG_INGRESS ? "source" : "destination";
}

static void note_other(const struct words *words, const char *text)
{
	pg_note(words->diags, pg_policy_loc(&words->input->policy, words->finding->other), "%s",
		text);
}

/* Who it is that does it, alone or with others. */
static void note_by(const struct words *words)
{
	note_other(words, words->finding->several ? "by this entry, together with others"
						  : "by this entry");
}

static void say_selector(const struct words *words, const char *format)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	const char *text;

	pg_selector_format(words->finding->selector, &buf);
	text = buf.text ? buf.text : "";
	/* What it says is escaped already; a long one is seen below the message. */
	SAY(words, "%s: '%.*s%s'", format, PG_QUOTE_MAX, text,
	    buf.length > PG_QUOTE_MAX ? "..." : "");
}

static void say_no_subject(const struct words *words)
{
	say_selector(words, "the rule selects no endpoint");
}

static void say_impossible(const struct words *words)
{
	say_selector(words, "no labels at all can meet the selector");
}

static void say_no_peer(const struct words *words)
{
	char text[PG_PREFIX_TEXT_MAX];

	if (words->finding->selector)
		say_selector(words, "nobody is selected");
	else if (words->finding->cidr)
		SAY(words,
		    "nobody is meant by CIDR '%s': each of its addresses is an endpoint's, a host's "
		    "or excepted, and CIDRs mean others only",
		    pg_prefix_format(&words->finding->cidr->prefix, text));
	else
		SAY(words, "nobody is such a %s", peers_of(words));
}

static void say_says_nothing(const struct words *words)
{
	SAY(words, "the rule says nothing: it closes nothing and has no entries");
}

static void say_duplicate(const struct words *words)
{
	SAY(words, "the rule says the same as an earlier one");
	note_other(words, "this one");
}

static void say_closes(const struct words *words)
{
	const struct pg_finding *finding = words->finding;
	_cleanup_names_ struct pg_names names = { 0 };
	_cleanup_free_ char *list = NULL;

	pg_array_foreach(endpoint, &finding->endpoints)
		pg_names_add(&names, words->input->endpoints.list.items[*endpoint].name);
	list = pg_names_format(&names);
	SAY(words, "without this rule, %s of %s would be open",
	    pg_direction_name(finding->direction), list ? list : "endpoints");
}

static void say_empty_peers(const struct words *words)
{
	SAY(words, "the entry is about nobody: its list of %ss is empty", peers_of(words));
}

static void say_empty_ports(const struct words *words)
{
	SAY(words, "the entry is about no port: its list of ports is empty");
}

static void say_unmet(const struct words *words)
{
	SAY(words, "no %s of the entry meets what it requires", peers_of(words));
}

static void say_shadowed(const struct words *words)
{
	const char *done = entry_of(words)->deny ? "denied" : "allowed";

	SAY(words, "the entry changes nothing: all of it is %s already", done);
	note_by(words);
}

static void say_denied(const struct words *words)
{
	SAY(words, "the entry allows nothing: all of it is denied");
	note_by(words);
}

static void say_partly_denied(const struct words *words)
{
	SAY(words, "some of what the entry allows is denied");
	note_other(words, "by this entry");
}

static void say_open(const struct words *words)
{
	SAY(words, "the entry changes nothing: no rule closes these endpoints in %s",
	    pg_direction_name(words->finding->direction));
}

static void say_host(const struct words *words)
{
	SAY(words, "the entry %s: the host always gets in, unless --host-policy=enforce",
	    entry_of(words)->deny ? "denies nothing" : "changes nothing");
}

static void (*const sayings[])(const struct words *words) = {
	[PG_FINDING_NO_SUBJECT] = say_no_subject,
	[PG_FINDING_SAYS_NOTHING] = say_says_nothing,
	[PG_FINDING_DUPLICATE] = say_duplicate,
	[PG_FINDING_CLOSES] = say_closes,
	[PG_FINDING_IMPOSSIBLE] = say_impossible,
	[PG_FINDING_NO_PEER] = say_no_peer,
	[PG_FINDING_EMPTY_PEERS] = say_empty_peers,
	[PG_FINDING_EMPTY_PORTS] = say_empty_ports,
	[PG_FINDING_UNMET] = say_unmet,
	[PG_FINDING_SHADOWED] = say_shadowed,
	[PG_FINDING_DENIED] = say_denied,
	[PG_FINDING_PARTLY_DENIED] = say_partly_denied,
	[PG_FINDING_OPEN] = say_open,
	[PG_FINDING_HOST] = say_host,
};
_Static_assert(PG_COUNT(sayings) == PG_FINDINGS, "words for each finding");

int pg_check_describe(const struct pg_input *input, const struct pg_finding *finding,
		      struct pg_check_reports *reports)
{
	struct pg_check_report *report = pg_array_add(&reports->list);
	struct words words = {
		.input = input,
		.finding = finding,
		.severity = pg_finding_is_mistake(finding, &input->policy) ? PG_WARNING : PG_NOTE,
	};

	if (!report)
		return -ENOMEM;
	report->kind = pg_finding_name(finding->kind);
	report->finding = finding;
	words.diags = &report->diags;
	sayings[finding->kind](&words);
	return report->diags.list.count ? 0 : -ENOMEM;
}
