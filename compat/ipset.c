// SPDX-License-Identifier: GPL-2.0-only
/*
 * libipset is made for one program that runs one command. What it would print goes to functions of ours;
 * after an error its session is in no state to go on, so that each call here has one of its own.
 */
#include "compat/ipset.h"

#include <libipset/ipset.h>

struct talk {
	struct pg_strbuf *text, *why;
};

static int take_text(struct ipset_session *session PG_UNUSED, void *data, const char *format, ...)
{
	struct talk *talk = data;
	va_list args;

	va_start(args, format);
	if (talk->text)
		pg_strbuf_vprintf(talk->text, format, args);
	va_end(args);
	return 0;
}

/* What is wrong with a line. */
static int take_error(struct ipset *ipset PG_UNUSED, void *data, int status PG_UNUSED,
		      const char *format, ...)
{
	struct talk *talk = data;
	va_list args;

	va_start(args, format);
	if (!talk->why->length)
		pg_strbuf_vprintf(talk->why, format, args);
	va_end(args);
	return -1;
}

/* The lines are ours, and their numbers say nothing to others. */
static const char *skip_line(const char *message)
{
	int skipped = 0;
	unsigned int line;

	sscanf(message, "Error in line %u: %n", &line, &skipped);
	return message + skipped;
}

/* What the kernel refuses. What is said after the first follows from it. */
static int take_report(struct ipset *ipset, void *data)
{
	struct ipset_session *session = ipset_session(ipset);
	struct talk *talk = data;
	const char *message = ipset_session_report_msg(session);

	if (message)
		message = skip_line(message);
	if (!talk->why->length && message)
		pg_strbuf_add(talk->why, message, strcspn(message, "\n"));
	ipset_session_report_reset(session);
	return -1;
}

static void fini(struct ipset **ipset)
{
	if (*ipset)
		ipset_fini(*ipset);
}

static struct ipset *init(struct talk *talk)
{
	static bool loaded;
	struct ipset *ipset;

	if (!loaded)
		ipset_load_types();
	loaded = true;
	ipset = ipset_init();
	if (ipset)
		ipset_custom_printf(ipset, take_error, take_report, take_text, talk);
	return ipset;
}

static int result_of(int result, const struct talk *talk)
{
	int err = pg_strbuf_error(talk->why);

	if (!err && talk->text)
		err = pg_strbuf_error(talk->text);
	if (err)
		return err;
	return result < 0 || talk->why->length ? -EIO : 0;
}

int pg_ipset_restore(const struct pg_strbuf *lines, struct pg_strbuf *why)
{
	struct talk talk = { .why = why };
	PG_CLEANUP(fini) struct ipset *ipset = NULL;
	_cleanup_fclose_ FILE *file = NULL;

	if (!lines->length)
		return pg_strbuf_error(lines);
	ipset = init(&talk);
	file = fmemopen(lines->text, lines->length, "r");
	if (!ipset || !file)
		return -ENOMEM;
	return result_of(ipset_parse_stream(ipset, file), &talk);
}

int pg_ipset_save(const char *const *names, size_t count, struct pg_strbuf *text,
		  struct pg_strbuf *why)
{
	struct talk talk = { text, why };
	PG_CLEANUP(fini) struct ipset *ipset = count ? init(&talk) : NULL;
	int result = 0;

	if (count && !ipset)
		return -ENOMEM;
	for (size_t i = 0; i < count && result >= 0; i++) {
		char line[PG_IPSET_NAME_MAX + 8];

		snprintf(line, sizeof(line), "save %s", names[i]);
		result = ipset_parse_line(ipset, line);
	}
	return result_of(result, &talk);
}
