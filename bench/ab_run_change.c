// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to install n policies, and then to change one of them: its port, and in the next round
 * back. What comes before a backend's part, from JSON to the verdict table, is bench/engine's.
 */
#include <math.h>
#include <time.h>

#include "backends/ebpf/ebpf.h"
#include "bench/ab_experiment.h"
#include "bench/ab_host.h"
#include "bench/ab_memory.h"
#include "bench/ab_restore.h"
#include "bench/ab_stream.h"
#include "frontend/report.h"

enum measure {
	COMMIT_ALL,   /* the transaction that installs all */
	APPLY_ALL,    /* the same with everything that a backend does before: plan, live, diff */
	MEMORY,	      /* of the kernel for all: eBPF by its maps, the rest by what is in use */
	MEMORY_FIXED, /* the same with one policy */
	MEMORY_ENTRY, /* what each one more takes */
	COMMIT_ONE,   /* the transaction that changes one */
	FLIP_ONE,     /* of it, until the new policy counts; the rest is tidied up after that */
	APPLY_ONE,    /* the same with plan, live and diff */
	LOST,	      /* packets of an allowed flow during such a change, and a little longer */
	PAUSE,	      /* the longest time in which none came back */
	MEASURES,
};

static const struct ab_measure_type measures[] = {
	[COMMIT_ALL] = { "commit-all", "ms", .less = true },
	[APPLY_ALL] = { "apply-all", "ms", .less = true, .beside = true },
	[MEMORY] = { "kernel-memory", "MiB", .less = true, .beside = true },
	[MEMORY_FIXED] = { "kernel-memory-fixed", "MiB", .less = true, .beside = true },
	[MEMORY_ENTRY] = { "kernel-memory-entry", "bytes", .less = true, .beside = true },
	[COMMIT_ONE] = { "commit-one", "ms", .less = true },
	[FLIP_ONE] = { "flip-one", "ms", .less = true, .beside = true },
	[APPLY_ONE] = { "apply-one", "ms", .less = true, .beside = true },
	[LOST] = { "lost-packets", "packets", .less = true },
	[PAUSE] = { "longest-pause", "ms", .less = true, .beside = true },
};
_Static_assert(PG_COUNT(measures) == MEASURES, "a row for each");

/* The two policies between which a change leads. */
#define VARIANTS 2
/* Memory is asked for so often: it doesn't vary, and the kernel takes its time to give some back. */
#define MEMORY_ROUNDS 3
#define SETTLE_US     300000
/* With less policies, what one takes is lost among what the rest of the machine does. */
#define ENTRIES_LEAST 999

struct state {
	struct ab_config config;
	struct ab_host host;
	struct ab_policy policy, one;
	struct pg_prepared prepared[VARIANTS], only_one;
	struct pg_diags diags;
	size_t variant; /* what is installed */
	size_t memory_rounds;
	double fixed; /* MiB that one policy takes */
};

struct times {
	double commit, flip, whole; /* ms */
};

static const struct ab_sizes *sizes(const struct ab_options *options)
{
	return &options->changes;
}

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int prepare_one(struct state *state, const struct ab_policy *policy,
		       struct pg_prepared *ret_prepared)
{
	struct pg_intent_options options = { .enforcement = PG_ENFORCEMENT_DEFAULT };

	return pg_prepare(&policy->sources, &policy->policy, &state->policy.endpoints, &options,
			  &state->diags, ret_prepared);
}

/* The first rule's port moves to the next one, which no other rule has. */
static int prepare(struct state *state)
{
	struct pg_l4 *l4 = state->policy.policy.rules.items[0].entries.items[0].l4.items;
	int err = ab_policy_make(1, false, &state->diags, &state->one);

	err = err ?: prepare_one(state, &state->one, &state->only_one);
	for (size_t i = 0; i < VARIANTS && !err; i++) {
		err = prepare_one(state, &state->policy, &state->prepared[i]);
		l4->first++;
		l4->last++;
	}
	return err;
}

static int enter(const struct ab_config *config, const struct ab_options *options, void **ret_state)
{
	struct state *state = calloc(1, sizeof(*state));
	int err = state ? 0 : -ENOMEM;

	(void)options;
	if (!err && config->policies < 2)
		err = -EINVAL;
	if (err)
		return err;
	ab_memory_apart();
	state->config = *config;
	err = ab_policy_make(config->policies, false, &state->diags, &state->policy);
	err = err ?: ab_host_enter(config, &state->policy, &state->diags, &state->host);
	err = err ?: ab_host_check(config, &state->host.path);
	err = err ?: prepare(state);
	pg_report(stderr, &state->policy.sources, &state->diags);
	*ret_state = state;
	return err;
}

static bool has_maps(const struct state *state)
{
	return state->config.form->backend == &pg_backend_ebpf;
}

static int commit(struct state *state, struct pg_backend_handle *handle,
		  const struct pg_intent *intent, struct times *ret_times)
{
	const struct pg_backend *backend = state->config.form->backend;
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };
	int err = backend->plan(handle, intent, &state->diags, &desired);
	double start;

	err = err ?: backend->live(handle, &state->diags, &live);
	err = err ?: pg_diff_make(&desired, &live, &diff);
	start = now_ms();
	err = err ?: backend->commit(handle, intent, &desired, &diff, &state->diags);
	ret_times->commit = ret_times->flip = now_ms() - start;
	/* With the others it is about the last that a commit does. */
	if (has_maps(state))
		ret_times->flip = (double)handle->flipped / 1e6 - start;
	return err;
}

/* All of it is its transaction: what it reads first is text. */
static int restore(struct state *state, const struct pg_prepared *prepared, struct times *ret_times)
{
	int err = ab_restore(&state->config.form->options, &prepared->intent, &state->diags,
			     &ret_times->commit);

	ret_times->whole = ret_times->flip = ret_times->commit;
	return err;
}

static int install(struct state *state, const struct pg_prepared *prepared, struct times *ret_times)
{
	const struct pg_backend *backend = state->config.form->backend;
	struct pg_backend_handle *handle;
	double start = now_ms();
	int err;

	if (state->config.form->kind == AB_RESTORE)
		return restore(state, prepared, ret_times);
	err = backend->open(&state->config.form->options, true, &state->diags, &handle);
	if (err)
		return err;
	err = commit(state, handle, &prepared->intent, ret_times);
	ret_times->whole = now_ms() - start;
	backend->close(handle);
	pg_report(stderr, &state->policy.sources, &state->diags);
	return err;
}

static int clear(struct state *state)
{
	const struct pg_backend *backend = state->config.form->backend;
	struct pg_backend_handle *handle;
	int err = backend->open(&state->config.form->options, true, &state->diags, &handle);

	if (err)
		return err;
	err = backend->clear(handle, &state->diags);
	backend->close(handle);
	return err;
}

/* From nothing, and what that takes of the kernel's memory. */
static int install_and_weigh(struct state *state, const struct pg_prepared *prepared,
			     struct times *ret_times, double *ret_mib)
{
	double before;
	int err;

	if (has_maps(state)) {
		err = install(state, prepared, ret_times);
		return err ?: ab_memory_maps(&state->config.form->options, &state->diags, ret_mib);
	}
	usleep(SETTLE_US);
	before = ab_memory_kernel();
	err = install(state, prepared, ret_times);
	usleep(SETTLE_US);
	*ret_mib = ab_memory_kernel() - before;
	return err;
}

static int weigh_one(struct state *state)
{
	struct times times;
	int err = clear(state);

	return err ?: install_and_weigh(state, &state->only_one, &times, &state->fixed);
}

static int measure_all(struct state *state, double values[])
{
	double mib = NAN, entries = (double)state->config.policies - 1;
	bool weigh = state->memory_rounds < MEMORY_ROUNDS && entries >= ENTRIES_LEAST;
	struct times times = { 0 };
	int err = weigh && !state->memory_rounds ? weigh_one(state) : 0;

	err = err ?: clear(state);
	if (!err)
		err = weigh ? install_and_weigh(state, &state->prepared[0], &times, &mib)
			    : install(state, &state->prepared[0], &times);
	state->memory_rounds += weigh;
	state->variant = 0;
	values[0] = times.commit;
	values[APPLY_ALL - COMMIT_ALL] = times.whole;
	values[MEMORY - COMMIT_ALL] = mib;
	values[MEMORY_FIXED - COMMIT_ALL] = weigh ? state->fixed : NAN;
	values[MEMORY_ENTRY - COMMIT_ALL] = (mib - state->fixed) * (1 << 20) / entries;
	return err;
}

/* Installs the other policy. */
static int change(struct state *state, struct times *ret_times)
{
	int err = install(state, &state->prepared[!state->variant], ret_times);

	state->variant = !state->variant;
	return err;
}

static int measure_one(struct state *state, double values[])
{
	struct times times = { 0 };
	int err = change(state, &times);

	values[0] = times.commit;
	values[FLIP_ONE - COMMIT_ONE] = times.flip;
	values[APPLY_ONE - COMMIT_ONE] = times.whole;
	return err;
}

static int measure_lost(struct state *state, double values[])
{
	struct ab_stream_report report;
	struct ab_stream *stream;
	struct times times;
	int err = ab_stream_start(&state->host.path, &stream);

	if (err)
		return err;
	usleep(50000);
	err = change(state, &times);
	usleep(50000);
	ab_stream_stop(stream, &report);
	values[0] = (double)report.lost;
	values[PAUSE - LOST] = report.pause;
	return err ?: report.sent ? 0 : -EPROTO;
}

static int measure(void *state, size_t what, double *ret_values)
{
	switch (what) {
	case COMMIT_ALL:
		return measure_all(state, ret_values);
	case COMMIT_ONE:
		return measure_one(state, ret_values);
	case LOST:
		return measure_lost(state, ret_values);
	default:
		return -EINVAL;
	}
}

const struct ab_experiment ab_change_experiment = {
	.name = "change",
	.bit = AB_IN_CHANGE,
	.sizes = sizes,
	.measures = measures,
	.measure_count = PG_COUNT(measures),
	.enter = enter,
	.measure = measure,
};
