// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_site.h"
#include "compat/errtext.h"

struct run {
	const struct ab_experiment *experiment;
	const struct ab_options *options;
	struct ab_configs configs;
	struct pg_array(struct ab_site) sites; /* of each configuration, as far as they are up */
};

static void run_done(struct run *run)
{
	pg_array_foreach(site, &run->sites)
		ab_site_stop(site);
	free(run->sites.items);
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

static int add_series(const struct run *run, struct ab_results *results)
{
	int err = 0;

	for (size_t i = 0; i < run->experiment->measure_count; i++) {
		const struct ab_measure_type *type = &run->experiment->measures[i];

		pg_array_foreach(config, &run->configs.list)
			err = err
				      ?: ab_results_add(results, type->name, config->name,
							type->unit, config->reference);
	}
	return err;
}

static void shuffle(size_t *order, size_t count, struct ab_random *random)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = ab_random_below(random, i), swapped = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swapped;
	}
}

/* `series`: the first of this experiment; they lie by measurement, then by configuration. */
static int measure(const struct run *run, size_t task, struct ab_series *series)
{
	size_t site = task % run->sites.count, what = task / run->sites.count;
	double value;
	int err = ab_site_measure(&run->sites.items[site], what, &value);

	if (err)
		return complain(&run->configs.list.items[site],
				run->experiment->measures[what].name, err);
	return ab_series_add(&series[task], value);
}

static int run_round(const struct run *run, struct ab_random *random, struct ab_series *series)
{
	size_t count = run->sites.count * run->experiment->measure_count;
	_cleanup_free_ size_t *order = calloc(count + 1, sizeof(*order));
	int err = order ? 0 : -ENOMEM;

	if (err)
		return err;
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	shuffle(order, count, random);
	for (size_t i = 0; i < count && !err; i++)
		err = measure(run, order[i], series);
	return err;
}

static int run_rounds(struct run *run, struct ab_results *results)
{
	struct ab_random random = { run->options->seed };
	size_t first = results->list.count;
	size_t rounds = PG_MAX(run->options->rounds / run->experiment->every, (size_t)1);
	int err = start(run);

	err = err ?: add_series(run, results);
	for (size_t i = 0; i < rounds && !err; i++) {
		if (run->options->progress)
			fprintf(stderr, "\r%s: round %zu of %zu %30s", run->experiment->name, i + 1,
				rounds, "");
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
