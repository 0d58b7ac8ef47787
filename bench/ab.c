// SPDX-License-Identifier: GPL-2.0-only
/*
 * The A/B experiments: what is compared is up at the same time and measured in turns, in one run, in
 * which a busy or a quiet minute of the machine meets everything alike.
 */
#include <getopt.h>
#include <sys/resource.h>

#include "bench/ab_experiment.h"
#include "bench/ab_policy.h"
#include "bench/ab_report.h"
#include "compat/errtext.h"

/* With less than so many values the bootstrap's limits are too narrow (ab_stats.h). */
#define ROUNDS_FOR_LIMITS 6

struct request {
	struct ab_options options;
	const char *csv, *json; /* NULL: not wanted */
	struct pg_array(const struct ab_experiment *) experiments;
};

static const struct option option_table[] = {
	{ "changes", required_argument, NULL, 'g' },  { "cpus", required_argument, NULL, 'c' },
	{ "csv", required_argument, NULL, 'v' },      { "entries", required_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },	      { "json", required_argument, NULL, 'j' },
	{ "only", required_argument, NULL, 'o' },     { "patience", required_argument, NULL, 'w' },
	{ "policies", required_argument, NULL, 'p' }, { "quick", no_argument, NULL, 'q' },
	{ "rounds", required_argument, NULL, 'r' },   { "seconds", required_argument, NULL, 's' },
	{ "seed", required_argument, NULL, 'e' },     { 0 },
};

static void help(FILE *out)
{
	fputs("usage: bench/ab [OPTION...] [EXPERIMENT...]\n"
	      "\n"
	      "Compares what may stand between two containers. As root; takes some minutes.\n"
	      "\n"
	      "  traffic            TCP and UDP between two containers\n"
	      "  verdict            the eBPF programs on single packets\n"
	      "  hosts              TCP and UDP between containers of two hosts\n"
	      "  change             installing policies, changing one, and what that takes\n"
	      "\n"
	      "  --changes=N,...    numbers of policies for changes; default 100,10000,100000,1000000\n"
	      "  --cpus=C,S         where the client and the server run; default 0,1\n"
	      "  --csv=FILE         write every value\n"
	      "  --entries=N,...    numbers of policies for verdicts; default 1,100,10000,1000000\n"
	      "  --json=FILE        write conditions, medians, ratios and values\n"
	      "  --only=NAME,...    only configurations whose names start so\n"
	      "  --patience=S       a measurement of one configuration that took so long isn't repeated;\n"
	      "                     default 3\n"
	      "  --policies=N,...   numbers of policies for traffic; default 0,1,200,2000,20000\n"
	      "  --quick            a few seconds, to see that it works; no figures to quote\n"
	      "  --rounds=N         how often everything is measured; default 7\n"
	      "  --seconds=S        how long a measurement of traffic takes; default 0.2\n"
	      "  --seed=N           of the order within each round; default 1\n",
	      out);
}

/* False: not numbers of policies. */
static bool set_sizes(struct ab_sizes *sizes, unsigned long least, const char *text)
{
	sizes->count = 0;
	do {
		char *end;
		unsigned long count = strtoul(text, &end, 10);

		if (end == text || count < least || count > AB_POLICIES_MAX ||
		    sizes->count == PG_COUNT(sizes->list) || (*end && *end != ','))
			return false;
		sizes->list[sizes->count++] = count;
		text = end + (*end == ',');
	} while (*text);
	return true;
}

static bool set_quick(struct ab_options *options)
{
	options->seconds = 0.05;
	options->rounds = 1;
	return set_sizes(&options->policies, 0, "0,200") &&
	       set_sizes(&options->entries, 1, "1,1000") && set_sizes(&options->changes, 2, "1000");
}

/* False: no value that the option takes. */
static bool set_option(struct request *request, int option, const char *value)
{
	struct ab_options *options = &request->options;

	switch (option) {
	case 'c':
		return sscanf(value, "%d,%d", &options->cpus.client, &options->cpus.server) == 2;
	case 'g':
		return set_sizes(&options->changes, 2, value);
	case 'n':
		return set_sizes(&options->entries, 1, value);
	case 'v':
		request->csv = value;
		return true;
	case 'j':
		request->json = value;
		return true;
	case 'o':
		options->only = value;
		return true;
	case 'p':
		return set_sizes(&options->policies, 0, value);
	case 'q':
		return set_quick(options);
	case 'r':
		return sscanf(value, "%zu", &options->rounds) == 1 && options->rounds &&
		       options->rounds <= AB_VALUES_MAX;
	case 's':
		return sscanf(value, "%lf", &options->seconds) == 1 && options->seconds > 0;
	case 'w':
		return sscanf(value, "%lf", &options->patience) == 1 && options->patience > 0;
	case 'e':
		return sscanf(value, "%lu", &options->seed) == 1;
	default:
		return false;
	}
}

static const struct ab_experiment *const experiments[] = {
	&ab_traffic_experiment,
	&ab_hosts_experiment,
	&ab_verdict_experiment,
	&ab_change_experiment,
};

static const struct ab_experiment *find_experiment(const char *name)
{
	for (size_t i = 0; i < PG_COUNT(experiments); i++) {
		if (!strcmp(experiments[i]->name, name))
			return experiments[i];
	}
	return NULL;
}

/* False: there is no such experiment. */
static bool set_experiments(struct request *request, char **names, int count)
{
	for (int i = 0; i < count; i++) {
		const struct ab_experiment **slot = pg_array_add(&request->experiments);

		if (!slot)
			return false;
		*slot = find_experiment(names[i]);
		if (!*slot)
			return false;
	}
	for (size_t i = 0; i < PG_COUNT(experiments) && !count; i++) {
		const struct ab_experiment **slot = pg_array_add(&request->experiments);

		if (!slot)
			return false;
		*slot = experiments[i];
	}
	return true;
}

static bool parse(int argc, char **argv, struct request *request)
{
	int option;

	while ((option = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
		if (option == 'h') {
			help(stdout);
			exit(0);
		}
		if (!set_option(request, option, optarg))
			return false;
	}
	return set_experiments(request, argv + optind, argc - optind);
}

static int write_file(const char *path, const struct ab_conditions *conditions,
		      const struct ab_results *results, bool json)
{
	FILE *file = fopen(path, "we");
	int err = file ? 0 : -errno;

	if (file && json)
		err = ab_report_json(file, conditions, results);
	else if (file)
		ab_report_csv(file, results);
	if (file && fclose(file))
		err = -errno;
	if (err)
		fprintf(stderr, "ab: error: cannot write '%s': %s\n", path, PG_ERRTEXT(-err));
	return err;
}

static int write_files(const struct request *request, const struct ab_conditions *conditions,
		       const struct ab_results *results)
{
	int err = 0;

	if (request->csv)
		err = write_file(request->csv, conditions, results, false);
	if (request->json)
		err = write_file(request->json, conditions, results, true) ?: err;
	return err;
}

static void describe(const struct ab_options *options, struct ab_conditions *conditions)
{
	char text[AB_CONDITION_MAX];

	ab_conditions_read(conditions);
	snprintf(
		text, sizeof(text),
		"up to %zu rounds, %g s of traffic each, seed %lu, client on CPU %d, server on CPU %d; ratios by round",
		options->rounds, options->seconds, options->seed, options->cpus.client,
		options->cpus.server);
	ab_conditions_add(conditions, "method", text);
	if (options->cpus.client == options->cpus.server)
		ab_conditions_warn(conditions, "client and server share one CPU");
	if (options->rounds < ROUNDS_FOR_LIMITS)
		ab_conditions_warn(conditions, "%zu rounds: limits beside medians say nothing",
				   options->rounds);
}

/* After each experiment, and if something went wrong, what was measured so far is written. */
static int measure(const struct request *request)
{
	_cleanup_results_ struct ab_results results = { 0 };
	struct ab_conditions before, conditions;
	int err = 0;

	describe(&request->options, &before);
	conditions = before;
	for (size_t i = 0; i < request->experiments.count && !err; i++) {
		err = ab_run(request->experiments.items[i], &request->options, &results);
		conditions = before;
		ab_conditions_judge(&conditions, &results.quiet);
		err = write_files(request, &conditions, &results) ?: err;
	}
	ab_report_text(stdout, &conditions, &results);
	return err;
}

int main(int argc, char **argv)
{
	struct request request = {
		.options = {
			.seconds = 0.2,
			.rounds = 7,
			.patience = 3,
			.seed = 1,
			.cpus = { 0, 1 },
			.policies = { { 0, 1, 200, 2000, 20000 }, 5 },
			.entries = { { 1, 100, 10000, 1000000 }, 4 },
			.changes = { { 100, 10000, 100000, 1000000 }, 4 },
		},
	};
	int code = 2;

	if (!parse(argc, argv, &request)) {
		fputs("ab: error: bad arguments; see --help\n", stderr);
	} else if (geteuid()) {
		fputs("ab: error: not root; it makes network namespaces\n", stderr);
		code = 4;
	} else {
		request.options.progress = isatty(STDERR_FILENO);
		code = measure(&request) ? 4 : 0;
	}
	free(request.experiments.items);
	return code;
}
