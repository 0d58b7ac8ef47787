// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>

#include "backends/ebpf/log.h"

/* A verifier's log has thousands of lines; why it refused a program stands at the end. */
#define KEPT_BYTES  4096
#define SHOWN_LINES 12

/* The last bytes, as a ring. */
static _Thread_local struct {
	char bytes[KEPT_BYTES];
	size_t written; /* in all */
} log_ring;

static int keep(enum libbpf_print_level level, const char *format, va_list args)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	if (level == LIBBPF_DEBUG)
		return 0;
	pg_strbuf_vprintf(&text, format, args);
	for (size_t i = 0; !pg_strbuf_error(&text) && i < text.length; i++)
		log_ring.bytes[log_ring.written++ % KEPT_BYTES] = text.text[i];
	return 0;
}

void pg_bpf_log_init(void)
{
	libbpf_set_print(keep);
	pg_bpf_log_clear();
}

void pg_bpf_log_clear(void)
{
	log_ring.written = 0;
}

/* Where the last lines begin, as a count of all bytes written. */
static size_t last_lines(size_t first)
{
	size_t at = log_ring.written;
	int lines = 0;

	while (at > first) {
		if (log_ring.bytes[(at - 1) % KEPT_BYTES] == '\n' && lines++ == SHOWN_LINES)
			break;
		at--;
	}
	return at;
}

void pg_bpf_log_report(struct pg_diags *diags)
{
	size_t end = log_ring.written, first = end > KEPT_BYTES ? end - KEPT_BYTES : 0;
	_cleanup_strbuf_ struct pg_strbuf line = { 0 };

	for (size_t at = last_lines(first); at < end; at++) {
		char byte = log_ring.bytes[at % KEPT_BYTES];

		if (byte != '\n')
			pg_strbuf_add_escaped(&line, &byte, 1);
		if ((byte != '\n' && at + 1 < end) || !line.length)
			continue;
		pg_note(diags, PG_LOC_NONE, "%s", line.text);
		line.length = 0;
	}
	pg_bpf_log_clear();
}
