// SPDX-License-Identifier: GPL-2.0-only
/*
 * What decoding costs a rule, and that it stays the same from 1,000 rules to 100,000: for rules laid
 * out in lines, the same in one line, and rules that have an error each, which is printed.
 * bench/decode [RULES...]
 */
#include <sys/resource.h>
#include <time.h>

#include "compat/strbuf.h"
#include "frontend/decode/decode.h"
#include "frontend/report.h"

struct form {
	const char *name;
	const char *newline;
	const char *ingress; /* the key, or what is wrong with it */
};

static const struct form forms[] = {
	{ "in lines", "\n", "ingress" },
	{ "in one line", " ", "ingress" },
	{ "all errors", "\n", "ingres" },
	{ "in one line", " ", "ingres" },
};

/* The process's own time: other work on the machine doesn't count. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void write_rule(struct pg_strbuf *text, const struct form *form, unsigned long i)
{
	pg_strbuf_printf(text, "%s{%s\"labels\": [\"name=rule%lu\"],%s", i ? "," : "",
			 form->newline, i, form->newline);
	pg_strbuf_printf(text, "\"endpointSelector\": {\"matchLabels\": {\"app\": \"a%lu\"}},%s", i,
			 form->newline);
	pg_strbuf_printf(text,
			 "\"%s\": [{\"fromEndpoints\": [{\"matchLabels\": {\"app\": \"a%lu\"}}],%s",
			 form->ingress, i * 7 % 1000, form->newline);
	pg_strbuf_printf(
		text,
		"\"toPorts\": [{\"ports\": [{\"port\": \"%lu\", \"protocol\": \"TCP\"}]}]}]}%s",
		i % 65535 + 1, form->newline);
}

static void print_row(const struct form *form, unsigned long rules, size_t bytes, size_t errors,
		      double decode, double report)
{
	printf("%-12s %7lu rules %6.1f MiB %7zu errors   decode %8.1f ms %5.2f us/rule   "
	       "report %7.1f ms\n",
	       form->name, rules, (double)bytes / (1 << 20), errors, decode * 1e3,
	       decode * 1e6 / (double)rules, report * 1e3);
	fflush(stdout);
}

static void measure(const struct form *form, unsigned long rules, FILE *nowhere)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	_cleanup_sources_ struct pg_sources sources = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_policy_ struct pg_policy policy = { 0 };
	struct pg_decode_options options = { 0 };
	uint32_t source;
	double start, decoded;
	int r;

	pg_strbuf_putc(&text, '[');
	for (unsigned long i = 0; i < rules; i++)
		write_rule(&text, form, i);
	pg_strbuf_putc(&text, ']');
	start = seconds();
	r = pg_sources_add(&sources, "bench", text.text, text.length, &source);
	if (r == 0)
		r = pg_decode_policy(&sources, source, &options, &diags, &policy);
	decoded = seconds();
	pg_report(nowhere, &sources, &diags);
	if (r < 0 && r != -EINVAL)
		printf("%s\n", strerror(-r));
	print_row(form, rules, text.length, diags.errors, decoded - start, seconds() - decoded);
}

int main(int argc, char *argv[])
{
	static const unsigned long usual[] = { 1000, 10000, 100000 };
	_cleanup_fclose_ FILE *nowhere = fopen("/dev/null", "we");
	size_t count = argc > 1 ? (size_t)argc - 1 : PG_COUNT(usual);
	struct rusage usage;

	if (!nowhere)
		return 4;
	for (size_t i = 0; i < PG_COUNT(forms); i++) {
		for (size_t j = 0; j < count; j++)
			measure(&forms[i], argc > 1 ? strtoul(argv[j + 1], NULL, 10) : usual[j],
				nowhere);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("peak memory  %7ld MiB\n", usage.ru_maxrss / 1024);
	return 0;
}
