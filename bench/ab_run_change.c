// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to install n policies, and then to change one of them: its port, and in the next round
 * back. What comes before a backend's part, from JSON to the verdict table, is bench/engine's.
 */
#include <time.h>

#include "backends/ebpf/pins.h"
#include "bench/ab_experiment.h"
#include "bench/ab_host.h"
#include "bench/ab_stream.h"
#include "frontend/report.h"

enum measure {
	COMMIT_ALL, /* the transaction that installs all */
	COMMIT_ONE, /* the transaction that changes one */
	APPLY_ONE,  /* the same with everything that a backend does before: plan, live, diff */
	LOST,	    /* packets of an allowed flow during such a change, and a little longer */
	MEMORY, /* of the kernel for all: eBPF by its maps, the rest by what is free before and after */
	MEASURES,
};

static const struct ab_measure_type measures[] = {
	[COMMIT_ALL] = { "commit-all", "ms" }, [COMMIT_ONE] = { "commit-one", "ms" },
	[APPLY_ONE] = { "apply-one", "ms" },   [LOST] = { "lost-packets", "packets" },
	[MEMORY] = { "kernel-memory", "MiB" },
};
_Static_assert(PG_COUNT(measures) == MEASURES, "a row for each");

/* The two policies between which a change leads. */
#define VARIANTS 2

struct state {
	struct ab_config config;
	struct ab_host host;
	struct ab_policy policy;
	struct pg_prepared prepared[VARIANTS];
	struct pg_diags diags;
	size_t variant; /* what is installed */
};

struct times {
	double commit, whole; /* ms */
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

/* The first rule's port moves to the next one, which no other rule has. */
static int prepare(struct state *state)
{
	struct pg_l4 *l4 = state->policy.policy.rules.items[0].entries.items[0].l4.items;
	struct pg_intent_options options = { .enforcement = PG_ENFORCEMENT_DEFAULT };

	for (size_t i = 0; i < VARIANTS; i++) {
		int err = pg_prepare(&state->policy.sources, &state->policy.policy,
				     &state->policy.endpoints, &options, &state->diags,
				     &state->prepared[i]);

		if (err)
			return err;
		l4->first++;
		l4->last++;
	}
	return 0;
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
	state->config = *config;
	err = ab_policy_make(config->policies, false, &state->diags, &state->policy);
	err = err ?: ab_host_enter(config, &state->policy, &state->diags, &state->host);
	err = err ?: ab_host_check(config, &state->host.path);
	err = err ?: prepare(state);
	pg_report(stderr, &state->policy.sources, &state->diags);
	*ret_state = state;
	return err;
}

static int commit(struct state *state, struct pg_backend_handle *handle, size_t variant,
		  double *ret_ms)
{
	const struct pg_backend *backend = state->config.form->backend;
	const struct pg_intent *intent = &state->prepared[variant].intent;
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };
	int err = backend->plan(handle, intent, &state->diags, &desired);
	double start;

	err = err ?: backend->live(handle, &state->diags, &live);
	err = err ?: pg_diff_make(&desired, &live, &diff);
	start = now_ms();
	err = err ?: backend->commit(handle, intent, &desired, &diff, &state->diags);
	*ret_ms = now_ms() - start;
	return err;
}

/* Installs the other policy, or, from nothing, the first one. */
static int change(struct state *state, bool from_nothing, struct times *ret_times)
{
	const struct pg_backend *backend = state->config.form->backend;
	size_t variant = from_nothing ? 0 : !state->variant;
	struct pg_backend_handle *handle;
	double start = now_ms();
	int err = backend->open(&state->config.form->options, true, &state->diags, &handle);

	if (err)
		return err;
	err = commit(state, handle, variant, &ret_times->commit);
	ret_times->whole = now_ms() - start;
	backend->close(handle);
	state->variant = variant;
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

static int measure_lost(struct state *state, double *ret_lost)
{
	struct ab_stream *stream;
	struct times times;
	size_t sent, lost;
	int err = ab_stream_start(&state->host.path, &stream);

	if (err)
		return err;
	usleep(50000);
	err = change(state, false, &times);
	usleep(50000);
	ab_stream_stop(stream, &sent, &lost);
	*ret_lost = (double)lost;
	return err ?: sent ? 0 : -EPROTO;
}

/*
 * What the kernel has in use beside pages that hold files or belong to processes. Of the whole
 * machine: what others do meanwhile counts, too.
 */
static double kernel_memory(void)
{
	static const char *const names[] = { "Slab:", "VmallocUsed:", "Percpu:" };
	_cleanup_fclose_ FILE *file = fopen("/proc/meminfo", "re");
	char name[64];
	unsigned long value;
	double sum = 0;

	while (file && fscanf(file, "%63s %lu%*[^\n]", name, &value) == 2) {
		for (size_t i = 0; i < PG_COUNT(names); i++)
			sum += strcmp(name, names[i]) ? 0 : (double)value / 1024;
	}
	return sum;
}

/* The kernel frees some of it a little later. */
static int measure_difference(struct state *state, double *ret_mib)
{
	struct times times;
	double before;
	int err = clear(state);

	usleep(300000);
	before = kernel_memory();
	err = err ?: change(state, true, &times);
	usleep(300000);
	*ret_mib = kernel_memory() - before;
	return err;
}

/* What the kernel accounts to a map: proc_pid_fdinfo(5). */
static double map_memory(int fd)
{
	char path[64], line[128];
	_cleanup_fclose_ FILE *file = NULL;
	unsigned long bytes = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "memlock: %lu", &bytes) == 1)
			break;
	}
	return (double)bytes / (1 << 20);
}

static int measure_maps(struct state *state, double *ret_mib)
{
	_cleanup_pins_ struct pg_pins pins;
	struct pg_backend_handle *handle;
	int err = pg_backend_ebpf.open(&state->config.form->options, true, &state->diags, &handle);

	pg_pins_init(&pins);
	if (err)
		return err;
	err = pg_pins_open(handle, &state->diags, &pins);
	pg_backend_ebpf.close(handle);
	*ret_mib = 0;
	for (size_t i = 0; i < PG_MAPS && !err; i++)
		*ret_mib += map_memory(pins.maps[i]);
	return err;
}

static int measure_memory(struct state *state, double *ret_mib)
{
	return state->config.form->backend == &pg_backend_ebpf ? measure_maps(state, ret_mib)
							       : measure_difference(state, ret_mib);
}

static int measure(void *context, size_t what, double *ret_value)
{
	struct state *state = context;
	struct times times = { 0 };
	int err = 0;

	if (what == LOST)
		return measure_lost(state, ret_value);
	if (what == MEMORY)
		return measure_memory(state, ret_value);
	if (what == COMMIT_ALL)
		err = clear(state);
	err = err ?: change(state, what == COMMIT_ALL, &times);
	*ret_value = what == APPLY_ONE ? times.whole : times.commit;
	return err;
}

const struct ab_experiment ab_change_experiment = {
	.name = "change",
	.bit = AB_IN_CHANGE,
	.every = 5,
	.sizes = sizes,
	.measures = measures,
	.measure_count = PG_COUNT(measures),
	.enter = enter,
	.measure = measure,
};
