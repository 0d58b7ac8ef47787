// SPDX-License-Identifier: GPL-2.0-only
#include "tests/fuzz/fuzz.h"

#include "compat/strbuf.h"
#include "frontend/report.h"

void fuzz_input_done(struct fuzz_input *input)
{
	pg_diags_done(&input->diags);
	pg_sources_done(&input->sources);
}

void fuzz_input_init(struct fuzz_input *input, const char *before, const uint8_t *data, size_t size,
		     const char *after)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	pg_strbuf_puts(&text, before);
	pg_strbuf_add(&text, (const char *)data, size);
	pg_strbuf_puts(&text, after);
	*input = (struct fuzz_input){ 0 };
	FUZZ_CHECK(pg_sources_add(&input->sources, "fuzz", text.text, text.length,
				  &input->source) == 0);
}

void fuzz_check_loc(const struct fuzz_input *input, struct pg_loc loc)
{
	const struct pg_source *source = pg_sources_get(&input->sources, loc);

	FUZZ_CHECK(loc.source == input->source);
	FUZZ_CHECK(loc.offset <= source->length);
	FUZZ_CHECK(loc.length <= source->length - loc.offset);
}

/* No byte of a report steers a terminal. */
static void check_printable(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		FUZZ_CHECK(c == '\n' || (c >= 0x20 && c != 0x7f));
	}
	for (size_t i = 0, step; i < length; i += step) {
		step = pg_utf8_length(text + i, length - i);
		FUZZ_CHECK(step);
	}
}

void fuzz_check_result(const struct fuzz_input *input, int result)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	FUZZ_CHECK(out);
	FUZZ_CHECK(result == 0 || result == -EINVAL);
	FUZZ_CHECK((result == 0) == (input->diags.errors == 0));
	pg_array_foreach(diag, &input->diags.list)
		fuzz_check_loc(input, diag->loc);
	pg_report(out, &input->sources, &input->diags);
	FUZZ_CHECK(fclose(out) == 0);
	check_printable(text, length);
	free(text);
}
