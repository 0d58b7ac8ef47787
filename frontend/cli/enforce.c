// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/cli/enforce.h"

#include "compat/errtext.h"
#include "frontend/progress.h"

const struct pg_backend *const pg_backends[] = { &pg_backend_iptables, &pg_backend_nftables,
						 &pg_backend_ebpf, NULL };

int pg_enforce_usage(const char *verb, const struct pg_options *options)
{
	struct pg_backend_options unused;

	if (!pg_choose_backend(options, &unused))
		return pg_usage_error(
			"'%s' needs --backend=iptables, --backend=nftables or --backend=ebpf",
			verb);
	if (!options->file_count)
		return pg_usage_error("'%s' needs a policy file", verb);
	if (options->uplink && options->same_host != PG_SAME_HOST_REDIRECT)
		return pg_usage_error("'--uplink' needs --same-host=redirect");
	if (!options->endpoints)
		return pg_usage_error("'%s' needs --endpoints=docker or --endpoints=FILE", verb);
	return PG_EXIT_DONE;
}

int pg_enforce_prepare(const struct pg_options *options, bool here, struct pg_input *input,
		       struct pg_prepared *prepared)
{
	struct pg_intent_options intent = {
		.enforcement = options->enforcement,
		.host_policy = options->host_policy,
		.on_revoke = options->on_revoke,
		.same_host = options->same_host,
		.uplink = options->uplink,
		.l4_only = options->l4_only,
	};
	int policy_err, err;

	pg_progress("reading policies");
	policy_err = pg_input_policy(input, options);
	pg_progress("reading endpoints");
	err = pg_input_endpoints(input, options, here);
	if (policy_err || err)
		return policy_err ? policy_err : err;
	pg_progress("resolving");
	return pg_prepare(&input->sources, &input->policy, &input->endpoints, &intent,
			  &input->diags, prepared);
}

static void count_changes(const struct pg_diff *diff, struct pg_enforce_result *result)
{
	result->kept = diff->kept;
	pg_array_foreach(change, &diff->changes) {
		result->added += change->kind == PG_CHANGE_ADD;
		result->replaced += change->kind == PG_CHANGE_REPLACE;
		result->deleted += change->kind == PG_CHANGE_DELETE;
	}
}

static int bring_up(const struct pg_backend *backend, struct pg_backend_handle *handle,
		    const struct pg_intent *intent, struct pg_diags *diags,
		    struct pg_enforce_result *result)
{
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };
	int err = backend->check(handle, intent, diags);

	pg_progress("planning");
	if (!err)
		err = backend->plan(handle, intent, diags, &desired);
	pg_progress("reading what is enforced");
	if (!err)
		err = backend->live(handle, diags, &live);
	if (!err)
		err = pg_diff_make(&desired, &live, &diff);
	pg_progress("committing");
	if (!err && diff.changes.count)
		err = backend->commit(handle, intent, &desired, &diff, diags);
	if (!err)
		err = backend->status(handle, diags, &result->status);
	if (!err)
		count_changes(&diff, result);
	return err;
}

/* The policy stands: an error here is no reason to leave the rest undone. */
static int cut_flows(const struct pg_backend *backend, struct pg_backend_handle *handle,
		     const struct pg_intent *intent, struct pg_diags *diags,
		     struct pg_enforce_result *result)
{
	if (!backend->revoke || intent->on_revoke != PG_ON_REVOKE_CUT)
		return 0;
	result->revokes = true;
	return backend->revoke(handle, intent, diags, &result->revoked);
}

/*
 * Opens a backend that wasn't asked for. One that this kernel lacks enforces nothing: then the handle
 * is NULL. Its complaints are not the operator's business: they go to a sink that nobody reads.
 */
static int open_other(const struct pg_backend *backend, const struct pg_backend_options *options,
		      struct pg_diags *diags, struct pg_backend_handle **ret_handle)
{
	_cleanup_diags_ struct pg_diags ignored = { 0 };
	struct pg_backend_options own = { .bpffs = options->bpffs };
	struct pg_backend_handle *handle = NULL;
	int err = backend->open(&own, true, &ignored, &handle);

	if (err && err != -EOPNOTSUPP) {
		pg_error(diags, PG_LOC_NONE, "cannot look for what backend '%s' enforces: %s",
			 backend->name, PG_ERRTEXT(-err));
		return err;
	}
	*ret_handle = err ? NULL : handle;
	return 0;
}

static int clear_one(const struct pg_backend *backend, const struct pg_backend_options *options,
		     struct pg_diags *diags, bool *any)
{
	_cleanup_diags_ struct pg_diags ignored = { 0 };
	struct pg_backend_status status = { 0 };
	struct pg_backend_handle *handle;
	int err = open_other(backend, options, diags, &handle);

	if (err || !handle)
		return err;
	err = backend->status(handle, &ignored, &status);
	*any |= err || status.enforcing;
	/* A status that can't be read is a leftover too. */
	err = backend->clear(handle, diags);
	backend->close(handle);
	return err;
}

int pg_enforce_clear(const struct pg_backend_options *options, struct pg_diags *diags,
		     bool *ret_any)
{
	bool any = false;
	int result = 0;

	for (size_t i = 0; pg_backends[i]; i++) {
		int err = clear_one(pg_backends[i], options, diags, &any);

		result = result ? result : err;
	}
	*ret_any = any;
	return result;
}

/* What can't be taken down afterwards has to be known before anything changes. */
static int check_others(const struct pg_backend *backend, const struct pg_backend_options *options,
			struct pg_diags *diags)
{
	for (size_t i = 0; pg_backends[i]; i++) {
		struct pg_backend_handle *handle = NULL;
		int err = pg_backends[i] == backend
				  ? 0
				  : open_other(pg_backends[i], options, diags, &handle);

		if (err)
			return err;
		if (handle)
			pg_backends[i]->close(handle);
	}
	return 0;
}

static int clear_others(const struct pg_backend *backend, const struct pg_backend_options *options,
			struct pg_diags *diags, bool *any)
{
	for (size_t i = 0; pg_backends[i]; i++) {
		int err = pg_backends[i] == backend
				  ? 0
				  : clear_one(pg_backends[i], options, diags, any);

		if (err)
			return err;
	}
	return 0;
}

int pg_enforce(const struct pg_backend *backend, const struct pg_backend_options *options,
	       const struct pg_intent *intent, struct pg_diags *diags,
	       struct pg_enforce_result *ret_result)
{
	struct pg_enforce_result result = { 0 };
	struct pg_backend_handle *handle;
	int err = backend->open(options, true, diags, &handle), revoke_err = 0;

	if (err)
		return err;
	err = check_others(backend, options, diags);
	if (!err)
		err = bring_up(backend, handle, intent, diags, &result);
	/* Those that are cleared may hand running flows over. */
	if (!err) {
		err = clear_others(backend, options, diags, &result.other_cleared);
		revoke_err = cut_flows(backend, handle, intent, diags, &result);
	}
	backend->close(handle);
	if (err)
		return err;
	*ret_result = result;
	return revoke_err;
}
