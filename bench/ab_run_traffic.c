// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_run.h"
#include "compat/errtext.h"

struct sites {
	struct ab_configs configs;
	struct pg_array(struct ab_site) list; /* of each configuration, as far as they are up */
};

static void sites_done(struct sites *sites)
{
	pg_array_foreach(site, &sites->list)
		ab_site_stop(site);
	free(sites->list.items);
	ab_configs_done(&sites->configs);
}

static int complain(const struct ab_config *config, const char *what, int err)
{
	fprintf(stderr, "ab: error: '%s': %s: %s\n", config->name, what, PG_ERRTEXT(-err));
	return err;
}

static int start(const struct ab_options *options, struct sites *sites)
{
	pg_array_foreach(config, &sites->configs.list) {
		struct ab_site *site, started;
		int err;

		if (options->progress)
			fprintf(stderr, "\rsetting up %-30s", config->name);
		err = ab_site_start(config, options->cpus, &started);
		if (err)
			return complain(config, "cannot set it up", err);
		site = pg_array_add(&sites->list);
		if (!site) {
			ab_site_stop(&started);
			return -ENOMEM;
		}
		*site = started;
	}
	return 0;
}

static int add_series(const struct sites *sites, struct ab_results *results)
{
	int err = 0;

	for (size_t i = 0; i < AB_MEASURES; i++) {
		pg_array_foreach(config, &sites->configs.list)
			err = err
				      ?: ab_results_add(results, ab_measure_types[i].name,
							config->name, ab_measure_types[i].unit,
							config->form->reference);
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
static int measure(const struct ab_options *options, const struct sites *sites, size_t task,
		   struct ab_series *series)
{
	size_t site = task % sites->list.count;
	enum ab_measure what = (enum ab_measure)(task / sites->list.count);
	double value;
	int err = ab_site_measure(&sites->list.items[site], what, options->seconds, &value);

	if (err)
		return complain(&sites->configs.list.items[site], ab_measure_types[what].name, err);
	return ab_series_add(&series[task], value);
}

static int run_round(const struct ab_options *options, const struct sites *sites,
		     struct ab_random *random, struct ab_series *series)
{
	size_t count = sites->list.count * AB_MEASURES;
	_cleanup_free_ size_t *order = calloc(count + 1, sizeof(*order));
	int err = order ? 0 : -ENOMEM;

	if (err)
		return err;
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	shuffle(order, count, random);
	for (size_t i = 0; i < count && !err; i++)
		err = measure(options, sites, order[i], series);
	return err;
}

static int run(const struct ab_options *options, struct sites *sites, struct ab_results *results)
{
	struct ab_random random = { options->seed };
	size_t first = results->list.count;
	int err = start(options, sites);

	err = err ?: add_series(sites, results);
	for (size_t i = 0; i < options->rounds && !err; i++) {
		if (options->progress)
			fprintf(stderr, "\rround %zu of %zu of traffic %-20s", i + 1,
				options->rounds, "");
		err = run_round(options, sites, &random, results->list.items + first);
	}
	if (options->progress)
		fprintf(stderr, "\r%50s\r", "");
	return err;
}

int ab_run_traffic(const struct ab_options *options, struct ab_results *results)
{
	struct sites sites = { 0 };
	int err = ab_configs_make(options->policies, options->policy_counts, options->only,
				  &sites.configs);

	err = err ?: run(options, &sites, results);
	sites_done(&sites);
	return err;
}
