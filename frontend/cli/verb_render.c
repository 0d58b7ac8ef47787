// SPDX-License-Identifier: GPL-2.0-only
/* polgen render: what would be enforced, as the kernel's own tools read it. */
#include "frontend/cli/enforce.h"
#include "frontend/cli/verbs.h"
#include "frontend/progress.h"

/*
 * Which chain iptables' rules are called from is the host's matter: as root it is asked, so that apply
 * installs just what is shown. Nothing else that is rendered depends on the host.
 */
static bool asks_host(const struct pg_backend *backend, const struct pg_options *options)
{
	return backend == &pg_backend_iptables && !options->parent_chain && !geteuid();
}

static int render(const struct pg_options *options, struct pg_input *input)
{
	_cleanup_prepared_ struct pg_prepared prepared = { 0 };
	_cleanup_objects_ struct pg_objects objects = { 0 };
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	struct pg_backend_options backend_options;
	const struct pg_backend *backend = pg_choose_backend(options, &backend_options);
	struct pg_backend_handle *handle;
	int err = pg_enforce_prepare(options, false, input, &prepared);

	if (err)
		return err;
	err = backend->open(&backend_options, asks_host(backend, options), &input->diags, &handle);
	if (err)
		return err;
	pg_progress("planning");
	err = backend->plan(handle, &prepared.intent, &input->diags, &objects);
	if (!err)
		err = backend->render(handle, &objects,
				      options->json ? PG_RENDER_JSON : PG_RENDER_NATIVE, &text);
	backend->close(handle);
	if (!err)
		err = pg_strbuf_error(&text);
	pg_progress_end();
	if (!err && text.text)
		fputs(text.text, stdout);
	return err;
}

int pg_verb_render(const struct pg_options *options)
{
	_cleanup_input_ struct pg_input input = { 0 };
	int code = pg_enforce_usage("render", options);

	return code ? code : pg_finish(&input, render(options, &input));
}
