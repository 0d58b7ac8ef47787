// SPDX-License-Identifier: GPL-2.0-only
/* polgen clear: take all enforcement down. */
#include "frontend/cli/enforce.h"
#include "frontend/cli/record.h"

static int clear(const struct pg_options *options, struct pg_diags *diags)
{
	struct pg_backend_options backend_options = { .bpffs = options->bpffs };
	_cleanup_close_ int lock = -1;
	bool any = false;
	int err = pg_record_lock(diags, &lock);

	if (!err)
		err = pg_enforce_clear(&backend_options, diags, &any);
	if (err)
		return err;
	pg_record_remove();
	puts(any ? "enforcement was taken down" : "nothing was enforced");
	return 0;
}

int pg_verb_clear(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };

	if (options->file_count)
		return pg_usage_error("'clear' takes no files");
	if (geteuid())
		return pg_needs_root("clear");
	return pg_finish(&input, clear(options, &input.diags));
}
