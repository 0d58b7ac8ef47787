// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <time.h>

#include "bench/ab_site.h"
#include "compat/errtext.h"

/* Seconds of a look at what the machine does by itself, once a round. */
#define LOOK 0.1

/* One measurement under one configuration. */
struct task {
	size_t site, measure;
	double spent; /* seconds, in all rounds so far */
};

struct run {
	const struct ab_experiment *experiment;
	const struct ab_options *options;
	struct ab_configs configs;
	struct pg_array(struct ab_site) sites; /* of each configuration, as far as they are up */
	struct pg_array(struct task) tasks;
};

static void run_done(struct run *run)
{
	pg_array_foreach(site, &run->sites)
		ab_site_stop(site);
	free(run->sites.items);
	free(run->tasks.items);
	ab_configs_done(&run->configs);
}

static int complain(const struct ab_config *config, const char *what, int err)
{
	fprintf(stderr, "ab: error: '%s': %s: %s\n", config->name, what, PG_ERRTEXT(-err));
	return err;
}

static int start(struct run *run)
{
	pg_array_foreach(config, &run->configs.list) {
		struct ab_site *site, started;
		int err;

		if (run->options->progress)
			fprintf(stderr, "\rsetting up %-40s", config->name);
		err = ab_site_start(run->experiment, config, run->options, &started);
		if (err)
			return complain(config, "cannot set it up", err);
		site = pg_array_add(&run->sites);
		if (!site) {
			ab_site_stop(&started);
			return -ENOMEM;
		}
		*site = started;
	}
	return 0;
}

static int add_series(const struct run *run, const struct ab_measure_type *type,
		      const struct ab_config *config, struct ab_results *results)
{
	struct ab_series series = {
		.experiment = run->experiment->name,
		.measure = type->name,
		.unit = type->unit,
		.form = config->form->name,
		.policies = config->policies,
		.counted = config->form->counted,
		.less = type->less,
		.reference = config->reference,
	};

	snprintf(series.config, sizeof(series.config), "%s", config->name);
	return ab_results_add(results, &series);
}

static int add_all_series(const struct run *run, struct ab_results *results)
{
	int err = 0;

	for (size_t i = 0; i < run->experiment->measure_count; i++) {
		const struct ab_measure_type *type = &run->experiment->measures[i];

		pg_array_foreach(config, &run->configs.list)
			err = err ?: add_series(run, type, config, results);
	}
	return err;
}

static void shuffle(struct task *tasks, size_t count, struct ab_random *random)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = ab_random_below(random, i);
		struct task swapped = tasks[i - 1];

		tasks[i - 1] = tasks[j];
		tasks[j] = swapped;
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The values of one measurement, and of those beside it. */
static int add_values(const struct run *run, const struct task *task, const double *values,
		      struct ab_series *series)
{
	const struct ab_measure_type *types = run->experiment->measures;
	size_t what = task->measure;
	int err = 0;

	do {
		struct ab_series *one = &series[what * run->sites.count + task->site];

		if (!isnan(values[what - task->measure]))
			err = ab_series_add(one, values[what - task->measure]);
		what++;
	} while (!err && what < run->experiment->measure_count && types[what].beside);
	return err;
}

/* `series`: the first of this experiment; they lie by measurement, then by configuration. */
static int measure(const struct run *run, struct task *task, struct ab_series *series)
{
	double values[AB_VALUES_A_MEASUREMENT], start = now();
	int err = ab_site_measure(&run->sites.items[task->site], task->measure, values);

	if (err)
		return complain(&run->configs.list.items[task->site],
				run->experiment->measures[task->measure].name, err);
	task->spent += now() - start;
	return add_values(run, task, values, series);
}

static int add_tasks(struct run *run)
{
	for (size_t i = 0; i < run->experiment->measure_count; i++) {
		for (size_t j = 0; j < run->sites.count; j++) {
			struct task *task;

			if (run->experiment->measures[i].beside)
				continue;
			task = pg_array_add(&run->tasks);
			if (!task)
				return -ENOMEM;
			task->site = j;
			task->measure = i;
		}
	}
	return 0;
}

static int run_round(struct run *run, struct ab_random *random, struct ab_series *series)
{
	int err = 0;

	shuffle(run->tasks.items, run->tasks.count, random);
	pg_array_foreach(task, &run->tasks) {
		if (task->spent < run->options->patience)
			err = err ?: measure(run, task, series);
	}
	return err;
}

static int run_rounds(struct run *run, struct ab_results *results)
{
	struct ab_random random = { run->options->seed };
	size_t first = results->list.count, rounds = run->options->rounds;
	int err = start(run);

	err = err ?: add_tasks(run);
	err = err ?: add_all_series(run, results);
	for (size_t i = 0; i < rounds && !err; i++) {
		if (run->options->progress)
			fprintf(stderr, "\r%s: round %zu of %zu %30s", run->experiment->name, i + 1,
				rounds, "");
		ab_quiet_look(&results->quiet, LOOK);
		err = run_round(run, &random, results->list.items + first);
	}
	if (run->options->progress)
		fprintf(stderr, "\r%60s\r", "");
	return err;
}

int ab_run(const struct ab_experiment *experiment, const struct ab_options *options,
	   struct ab_results *results)
{
	struct run run = { .experiment = experiment, .options = options };
	int err = ab_configs_make(experiment->bit, experiment->sizes(options), options->only,
				  &run.configs);

	err = err ?: run_rounds(&run, results);
	run_done(&run);
	return err;
}
