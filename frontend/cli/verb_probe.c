// SPDX-License-Identifier: GPL-2.0-only
/* polgen probe: who reaches whom, found out with real packets. */
#include <sys/ioctl.h>

#include "frontend/cli/enforce.h"
#include "frontend/lab/matrix.h"
#include "frontend/source/source.h"

#define TITLE_MAX 64

/* What is in force while it is probed: "iptables (nft, linear)", "nothing enforced". */
static void make_title(char title[TITLE_MAX])
{
	struct pg_backend_options options = { 0 };

	snprintf(title, TITLE_MAX, "nothing enforced");
	for (size_t i = 0; pg_backends[i] && !geteuid(); i++) {
		_cleanup_diags_ struct pg_diags ignored = { 0 };
		struct pg_backend_status status = { 0 };
		struct pg_backend_handle *handle;

		if (pg_backends[i]->open(&options, true, &ignored, &handle))
			continue;
		if (!pg_backends[i]->status(handle, &ignored, &status) && status.enforcing)
			snprintf(title, TITLE_MAX, "%s (%.16s, %.16s)", pg_backends[i]->name,
				 status.flavour, status.layout);
		pg_backends[i]->close(handle);
	}
}

static struct pg_matrix_style style_for(const struct pg_options *options)
{
	struct winsize size = { 0 };

	if (isatty(STDOUT_FILENO))
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return (struct pg_matrix_style){
		.ascii = options->ascii,
		.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
		.width = size.ws_col,
	};
}

static int probe(const struct pg_options *options, struct pg_input *input,
		 struct pg_matrix *ret_matrix)
{
	_cleanup_matrix_ports_ struct pg_matrix_ports ports = { 0 };
	char title[TITLE_MAX];
	struct pg_matrix_options matrix_options = {
		.title = title,
		.from_host = true,
		.to_host = true,
	};
	int err = pg_matrix_ports_parse(options->ports, &input->diags, &ports);

	if (!err)
		err = pg_input_endpoints(input, options, true);
	if (err)
		return err;
	make_title(title);
	return pg_matrix_probe(&input->endpoints, &ports, &matrix_options, &input->diags,
			       ret_matrix);
}

static int read_earlier(const struct pg_options *options, struct pg_input *input,
			struct pg_matrix *ret_matrix)
{
	uint32_t source;
	int err = pg_source_read(options->against, &input->sources, &input->diags, &source);

	return err ? -EINVAL
		   : pg_matrix_from_json(&input->sources, source, &input->diags, ret_matrix);
}

static int print_one(const struct pg_options *options, struct pg_matrix *matrix)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	struct pg_matrix_style style = style_for(options);

	if (options->json) {
		pg_matrix_to_json(matrix, &text);
	} else {
		pg_matrix_fold(&matrix, 1);
		pg_matrix_format(matrix, &style, &text);
	}
	if (text.text)
		fputs(text.text, stdout);
	return pg_strbuf_error(&text);
}

/* Yields whether the two differ, or -errno. */
static int print_both(const struct pg_options *options, struct pg_matrix *earlier,
		      struct pg_matrix *now)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	struct pg_matrix_style style = style_for(options);
	struct pg_matrix *const both[] = { earlier, now };
	int err = pg_matrix_align(earlier, now);

	if (err)
		return err;
	pg_matrix_fold(both, PG_COUNT(both));
	pg_matrix_format_both(earlier, now, &style, &text);
	if (text.text)
		fputs(text.text, stdout);
	return pg_strbuf_error(&text) ?: pg_matrix_differences(earlier, now) > 0;
}

static int run(const struct pg_options *options, struct pg_input *input)
{
	_cleanup_matrix_ struct pg_matrix earlier = { 0 }, now = { 0 };
	int err = options->against ? read_earlier(options, input, &earlier) : 0;

	if (!err)
		err = probe(options, input, &now);
	if (err)
		return err;
	return options->against ? print_both(options, &earlier, &now) : print_one(options, &now);
}

int pg_verb_probe(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };
	int result;

	if (options->file_count)
		return pg_usage_error("'probe' takes no files");
	if (!options->endpoints || !options->ports)
		return pg_usage_error("'probe' needs --endpoints and --ports");
	if (options->against && options->json)
		return pg_usage_error("'--against' and '--json' exclude each other");
	if (geteuid())
		return pg_needs_root("probe");
	result = run(options, &input);
	if (result > 0)
		return pg_finish(&input, 0) ?: PG_EXIT_DIFFERENCE;
	return pg_finish(&input, result);
}
