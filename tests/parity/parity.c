// SPDX-License-Identifier: GPL-2.0-only
/*
 * parity [--backend=NAME] [--seed=N] [--first=N] [--cases=N] [--flows=N]
 *
 * Tries random cases on each backend (or the one that is named): case number N of a seed is the same
 * one always. A case that fails is made small and written to parity-BACKEND-SEED-N.json, for
 * `polgen test --backend=BACKEND`. TAP, one line a backend.
 */
#include <getopt.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/parity/parity.h"

/*
 * Cases that one process tries, in one lab. Not more than source ports last for, so that no flow
 * meets what the kernel remembers of an earlier one.
 */
#define BATCH_FLOWS 30000u

#define SHRINK_ATTEMPTS 300

struct contender {
	const char *name;
	const struct pg_backend *backend;
	const char *flavour;
};

static const struct contender contenders[] = {
	{ "iptables-legacy", &pg_backend_iptables, "legacy" },
	{ "iptables-nft", &pg_backend_iptables, "nft" },
	{ "ebpf", &pg_backend_ebpf, NULL },
};

struct options {
	const char *backend; /* NULL: all */
	uint64_t seed;
	unsigned int first, cases, flows;
};

struct match {
	const struct contender *contender;
	const struct options *options;
};

static json_t *make_case(const struct options *options, unsigned int number)
{
	struct rng rng = { .state = options->seed * 1000003 + number };

	return generate_case(&rng, options->flows);
}

static void write_case(const struct match *match, unsigned int number, const json_t *test)
{
	_cleanup_free_ char *name = NULL, *text = json_dumps(test, JSON_INDENT(1));
	char *rest;

	if (asprintf(&name, "parity-%s-%llu-%u.json", match->contender->name,
		     (unsigned long long)match->options->seed, number) < 0 ||
	    !text)
		return;
	if (json_dump_file(test, name, JSON_INDENT(1)))
		printf("# cannot write %s\n", name);
	else
		printf("# written to %s:\n", name);
	for (const char *line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		printf("# %s\n", line);
}

static void print_difference(const struct match *match, unsigned int number, const json_t *test,
			     const struct difference *difference)
{
	json_t *flow = json_array_get(json_object_get(test, "flows"), difference->flow);
	_cleanup_free_ char *text = json_dumps(flow, 0);

	printf("# --seed=%llu --first=%u --cases=1: flow %zu, %s: model %s, %s %s\n",
	       (unsigned long long)match->options->seed, number, difference->flow, text ? text : "",
	       pg_expectation_name(difference->model), match->contender->name,
	       pg_probe_result_name(difference->backend));
}

/* Fails the case alone, or only after what was enforced before it? */
static void explain(const struct match *match, struct arena *arena, unsigned int number,
		    const struct difference *difference)
{
	_cleanup_json_value_ json_t *test = make_case(match->options, number);
	struct difference again;

	print_difference(match, number, test, difference);
	if (arena_clear(arena) || arena_try(arena, test, &again) != 1) {
		printf("# it passes alone: what was enforced before matters, case %u\n",
		       number - 1);
		write_case(match, number, test);
		return;
	}
	shrink_case(arena, test, again.flow, SHRINK_ATTEMPTS);
	write_case(match, number, test);
}

/* 0: the backend agrees with the model in all cases. */
static int run_batch(const struct match *match, unsigned int first, unsigned int count)
{
	struct arena arena = {
		.backend = match->contender->backend,
		.options = { .flavour = match->contender->flavour },
	};
	int result = arena_enter(&arena);

	for (unsigned int i = first; !result && i < first + count; i++) {
		_cleanup_json_value_ json_t *test = make_case(match->options, i);
		struct difference difference;

		result = arena_try(&arena, test, &difference);
		if (result == 1)
			explain(match, &arena, i, &difference);
		else if (result)
			printf("# --seed=%llu --first=%u --cases=1: could not be tried: %s\n",
			       (unsigned long long)match->options->seed, i, strerror(-result));
	}
	arena_done(&arena);
	return result;
}

static bool run_forked(const struct match *match, unsigned int first, unsigned int count)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		status = run_batch(match, first, count);
		fflush(NULL);
		_exit(status ? 1 : 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	if (WIFSIGNALED(status))
		printf("# killed by signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static bool run_match(const struct match *match)
{
	const struct options *options = match->options;
	unsigned int batch = PG_MAX(BATCH_FLOWS / options->flows, 1u);
	unsigned int end = options->first + options->cases;

	for (unsigned int i = options->first; i < end; i += batch) {
		if (!run_forked(match, i, PG_MIN(batch, end - i)))
			return false;
	}
	return true;
}

static int run_all(const struct options *options)
{
	size_t number = 0, failed = 0;

	for (size_t i = 0; i < PG_COUNT(contenders); i++) {
		struct match match = { &contenders[i], options };
		bool ok;

		if (options->backend && strcmp(options->backend, contenders[i].name) != 0)
			continue;
		ok = run_match(&match);
		failed += !ok;
		printf("%s %zu - %s decides as the model does: %u cases of %u flows, seed %llu\n",
		       ok ? "ok" : "not ok", ++number, contenders[i].name, options->cases,
		       options->flows, (unsigned long long)options->seed);
	}
	printf("1..%zu\n", number);
	return failed ? 1 : 0;
}

static bool parse_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 0);
	return !errno && end != text && !*end;
}

static bool parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = { { "backend", required_argument, NULL, 'b' },
					       { "seed", required_argument, NULL, 's' },
					       { "first", required_argument, NULL, 'f' },
					       { "cases", required_argument, NULL, 'c' },
					       { "flows", required_argument, NULL, 'n' },
					       { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		uint64_t number = 0;

		if (option != 'b' && (!optarg || !parse_number(optarg, &number)))
			return false;
		if (option == 'b')
			options->backend = optarg;
		else if (option == 's')
			options->seed = number;
		else if (option == 'f')
			options->first = (unsigned int)number;
		else if (option == 'c')
			options->cases = (unsigned int)number;
		else if (option == 'n' && number)
			options->flows = (unsigned int)number;
		else
			return false;
	}
	return optind == argc;
}

int main(int argc, char **argv)
{
	struct options options = { .seed = 1, .cases = 100, .flows = 120 };

	if (!parse(argc, argv, &options)) {
		fputs("usage: parity [--backend=NAME] [--seed=N] [--first=N] [--cases=N] "
		      "[--flows=N]\n",
		      stderr);
		return 2;
	}
	if (geteuid()) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	return run_all(&options);
}
