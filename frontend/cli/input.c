// SPDX-License-Identifier: GPL-2.0-only
/* What the verbs share: loading input, choosing a backend, turning errors into exit codes. */
#include <stdarg.h>

#include "compat/errtext.h"
#include "frontend/cli/verbs.h"
#include "frontend/decode/decode.h"
#include "frontend/progress.h"
#include "frontend/report.h"
#include "frontend/source/folder.h"
#include "frontend/source/source.h"

void pg_input_done(struct pg_input *input)
{
	pg_endpoints_done(&input->endpoints);
	pg_policy_done(&input->policy);
	pg_diags_done(&input->diags);
	pg_sources_done(&input->sources);
}

/* A file that isn't there or can't be read is bad input too, not the system's failure. */
static int input_error(int err)
{
	return err && err != -ENOMEM ? -EINVAL : err;
}

static int load_policy(struct pg_input *input, const char *path,
		       const struct pg_decode_options *options)
{
	uint32_t source;
	int err = pg_source_read(path, &input->sources, &input->diags, &source);

	input->policy_files++;
	if (err)
		return err;
	return pg_decode_policy(&input->sources, source, options, &input->diags, &input->policy);
}

/* Goes on after an error, so that the errors of all files are found. */
static int load_folder(struct pg_input *input, const char *path,
		       const struct pg_decode_options *options)
{
	_cleanup_folder_ struct pg_folder folder = { 0 };
	int result = pg_folder_list(path, &input->diags, &folder);

	pg_array_foreach(file, &folder.paths) {
		int err = load_policy(input, *file, options);

		if (err == -ENOMEM)
			return err;
		result = result ? result : err;
	}
	return result;
}

int pg_input_policy(struct pg_input *input, const struct pg_options *options)
{
	struct pg_decode_options decode = { .lenient = options->lenient };
	int result = 0;

	for (size_t i = 0; i < options->file_count; i++) {
		const char *path = options->files[i];
		int err = pg_is_folder(path) ? load_folder(input, path, &decode)
					     : load_policy(input, path, &decode);

		if (err == -ENOMEM)
			return err;
		result = result ? result : input_error(err);
	}
	return result;
}

int pg_input_endpoints(struct pg_input *input, const struct pg_options *options, bool interfaces)
{
	struct pg_source_options source = {
		.lenient = options->lenient,
		.ignored_labels = options->ignored_labels.items,
		.kernel = true,
		.interfaces = interfaces,
	};
	int err;

	err = pg_source_load(options->endpoints, &source, &input->sources, &input->diags,
			     &input->endpoints);
	return strcmp(options->endpoints, "docker") ? input_error(err) : err;
}

static int exit_code(int err, bool bad_input)
{
	switch (err) {
	case 0:
		return PG_EXIT_DONE;
	case -EINVAL:
		return PG_EXIT_INPUT;
	case -ENOMEM:
		return PG_EXIT_INTERNAL;
	default:
		return bad_input ? PG_EXIT_INPUT : PG_EXIT_SYSTEM;
	}
}

/* Whether some error stands at a place of the operator's files. */
static bool has_located_error(const struct pg_diags *diags)
{
	pg_array_foreach(diag, &diags->list) {
		if (diag->severity == PG_ERROR && diag->loc.source)
			return true;
	}
	return false;
}

int pg_finish(struct pg_input *input, int err)
{
	if (err && !input->diags.errors)
		pg_error(&input->diags, PG_LOC_NONE, "%s", PG_ERRTEXT(-err));
	pg_progress_end();
	pg_report(stderr, &input->sources, &input->diags);
	if (input->diags.errors > 1)
		fprintf(stderr, "polgen: %zu errors\n", input->diags.errors);
	return exit_code(err, has_located_error(&input->diags));
}

const struct pg_backend *pg_choose_backend(const struct pg_options *options,
					   struct pg_backend_options *ret_options)
{
	*ret_options = (struct pg_backend_options){
		.parent_chain = options->parent_chain,
		.layout = options->layout,
		.bpffs = options->bpffs,
		.attach = options->attach,
		.flows = options->flows,
	};
	switch (options->backend) {
	case PG_CHOICE_IPTABLES:
		return &pg_backend_iptables;
	case PG_CHOICE_IPTABLES_LEGACY:
		ret_options->flavour = "legacy";
		return &pg_backend_iptables;
	case PG_CHOICE_IPTABLES_NFT:
		ret_options->flavour = "nft";
		return &pg_backend_iptables;
	case PG_CHOICE_NFTABLES:
		return &pg_backend_nftables;
	case PG_CHOICE_EBPF:
		return &pg_backend_ebpf;
	default:
		return NULL;
	}
}

int pg_usage_error(const char *format, ...)
{
	va_list args;

	fputs("polgen: error: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return PG_EXIT_USAGE;
}

int pg_needs_root(const char *verb)
{
	fprintf(stderr, "polgen: error: '%s' needs root\n", verb);
	return PG_EXIT_SYSTEM;
}
