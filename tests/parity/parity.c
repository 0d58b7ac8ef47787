// SPDX-License-Identifier: GPL-2.0-only
/*
 * parity [--mode=verdicts|revocation] [--backend=NAME] [--soak] [--seed=N] [--first=N] [--cases=N]
 *        [--flows=N]
 *
 * Tries random cases in each mode and on each backend (or those that are named): case number N of a
 * seed is the same one always. With --soak there are many more, 100,000 flows of verdicts, and the seed
 * is a new one unless it is given. A case that fails is made small and written to MODE-BACKEND-SEED-N.json; one
 * of verdicts is for `polgen test --backend=BACKEND`, with --layout=tree or set if its name ends so. TAP, one
 * line a mode and backend.
 */
#include <getopt.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
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
	const char *flavour, *layout;
};

static const struct contender contenders[] = {
	{ "iptables-legacy", &pg_backend_iptables, "legacy", "linear" },
	{ "iptables-nft", &pg_backend_iptables, "nft", "linear" },
	{ "iptables-nft-tree", &pg_backend_iptables, "nft", "tree" },
	{ "iptables-legacy-set", &pg_backend_iptables, "legacy", "set" },
	{ "iptables-nft-set", &pg_backend_iptables, "nft", "set" },
	{ "nftables", &pg_backend_nftables, NULL, NULL },
	{ "ebpf", &pg_backend_ebpf, NULL, NULL },
};

static const struct mode {
	const char *name;
	json_t *(*make)(struct rng *rng, unsigned int flows);
	try_fn *try;
	const char *claim, *passed;
	unsigned int cases, soak_cases, flows; /* unless said otherwise */
} modes[] = {
	{ "verdicts", generate_case, arena_try, "decides as the model does", "allowed", 100, 834,
	  120 },
	{ "revocation", generate_revocation, arena_revoke, "lets flows run as the model does",
	  "stopped", 20, 250, 60 },
};

struct options {
	const char *mode, *backend; /* NULL: all */
	bool soak;
	uint64_t seed;
	unsigned int first, cases, flows; /* cases, flows: 0: the mode's */
};

struct match {
	const struct mode *mode;
	const struct contender *contender;
	uint64_t seed;
	unsigned int first, cases, flows;
	struct tally *tally; /* shared with the processes that play */
};

static json_t *make_case(const struct match *match, unsigned int number)
{
	struct rng rng = { .state = match->seed * 1000003 + number };

	return match->mode->make(&rng, match->flows);
}

static void write_case(const struct match *match, unsigned int number, const json_t *test)
{
	_cleanup_free_ char *name = NULL, *text = json_dumps(test, JSON_INDENT(1));
	char *rest;

	if (asprintf(&name, "%s-%s-%llu-%u.json", match->mode->name, match->contender->name,
		     (unsigned long long)match->seed, number) < 0 ||
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

/* How to have the case again. */
static void print_how(const struct match *match, unsigned int number)
{
	printf("# --mode=%s --backend=%s --seed=%llu --first=%u --cases=1 --flows=%u: ",
	       match->mode->name, match->contender->name, (unsigned long long)match->seed, number,
	       match->flows);
}

static void print_difference(const struct match *match, unsigned int number, const json_t *test,
			     const struct difference *difference)
{
	json_t *flow = json_array_get(json_object_get(test, "flows"), difference->flow);
	_cleanup_free_ char *text = json_dumps(flow, 0);

	print_how(match, number);
	printf("flow %zu, %s: model %s, %s %s\n", difference->flow, text ? text : "",
	       difference->model, match->contender->name, difference->backend);
}

/* Fails the case alone, or only after what was enforced before it? */
static void explain(const struct match *match, struct arena *arena, unsigned int number,
		    const struct difference *difference)
{
	_cleanup_json_value_ json_t *test = make_case(match, number);
	struct difference again;

	print_difference(match, number, test, difference);
	if (arena_clear(arena) || match->mode->try(arena, test, &again) != 1) {
		printf("# it passes alone: what was enforced before matters, case %u\n",
		       number - 1);
		write_case(match, number, test);
		return;
	}
	shrink_case(arena, match->mode->try, test, again.flow, SHRINK_ATTEMPTS);
	write_case(match, number, test);
}

/* 0: the backend agrees with the model in all cases. */
static int run_batch(const struct match *match, unsigned int first, unsigned int count)
{
	struct arena arena = {
		.backend = match->contender->backend,
		.options = { .flavour = match->contender->flavour,
			     .layout = match->contender->layout },
		.tally = match->tally,
	};
	int result = arena_enter(&arena);

	for (unsigned int i = first; !result && i < first + count; i++) {
		_cleanup_json_value_ json_t *test = make_case(match, i);
		struct difference difference;

		result = match->mode->try(&arena, test, &difference);
		if (result == 1) {
			explain(match, &arena, i, &difference);
		} else if (result) {
			print_how(match, i);
			printf("could not be tried: %s\n", strerror(-result));
		}
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
	unsigned int batch = PG_MAX(BATCH_FLOWS / match->flows, 1u);
	unsigned int end = match->first + match->cases;

	for (unsigned int i = match->first; i < end; i += batch) {
		if (!run_forked(match, i, PG_MIN(batch, end - i)))
			return false;
	}
	return true;
}

static struct match make_match(const struct options *options, const struct mode *mode,
			       const struct contender *contender, struct tally *tally)
{
	unsigned int flows = options->flows ?: mode->flows;
	unsigned int cases = options->soak ? mode->soak_cases : mode->cases;

	*tally = (struct tally){ 0 };
	return (struct match){
		.mode = mode,
		.contender = contender,
		.seed = options->seed,
		.first = options->first,
		.cases = options->cases ?: cases,
		.flows = flows,
		.tally = tally,
	};
}

static void print_match(const struct match *match, size_t number, bool ok)
{
	printf("%s %zu - %s %s: %u cases of %u flows, seed %llu\n", ok ? "ok" : "not ok", number,
	       match->contender->name, match->mode->claim, match->cases, match->flows,
	       (unsigned long long)match->seed);
	printf("# %zu flows tried, %zu of them %s\n", match->tally->flows, match->tally->passed,
	       match->mode->passed);
}

/* Yields whether it failed. */
static bool play(const struct match *match, size_t number)
{
	bool ok = run_match(match);

	print_match(match, number, ok);
	return !ok;
}

static bool is_wanted(const char *asked, const char *name)
{
	return !asked || !strcmp(asked, name);
}

static int run_all(const struct options *options, struct tally *tally)
{
	size_t number = 0, failed = 0;

	for (size_t i = 0; i < PG_COUNT(modes) * PG_COUNT(contenders); i++) {
		const struct mode *mode = &modes[i / PG_COUNT(contenders)];
		const struct contender *contender = &contenders[i % PG_COUNT(contenders)];
		struct match match = make_match(options, mode, contender, tally);

		if (is_wanted(options->mode, mode->name) &&
		    is_wanted(options->backend, contender->name))
			failed += play(&match, ++number);
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

static uint64_t new_seed(void)
{
	uint32_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) < 0)
		abort();
	return seed;
}

static bool set_number(struct options *options, int option, const char *text)
{
	uint64_t number;

	if (!text || !parse_number(text, &number))
		return false;
	if (option == 's')
		options->seed = number;
	else if (option == 'f')
		options->first = (unsigned int)number;
	else if (option == 'c')
		options->cases = (unsigned int)number;
	else if (option == 'n')
		options->flows = (unsigned int)number;
	else
		return false;
	return true;
}

static bool parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = { { "mode", required_argument, NULL, 'm' },
					       { "backend", required_argument, NULL, 'b' },
					       { "soak", no_argument, NULL, 'o' },
					       { "seed", required_argument, NULL, 's' },
					       { "first", required_argument, NULL, 'f' },
					       { "cases", required_argument, NULL, 'c' },
					       { "flows", required_argument, NULL, 'n' },
					       { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'm')
			options->mode = optarg;
		else if (option == 'b')
			options->backend = optarg;
		else if (option == 'o')
			options->soak = true;
		else if (!set_number(options, option, optarg))
			return false;
	}
	if (options->soak && !options->seed)
		options->seed = new_seed();
	options->seed = options->seed ?: 1;
	return optind == argc;
}

int main(int argc, char **argv)
{
	struct tally *tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct options options = { 0 };

	if (!parse(argc, argv, &options)) {
		fputs("usage: parity [--mode=verdicts|revocation] [--backend=NAME] [--soak] "
		      "[--seed=N] [--first=N] [--cases=N] [--flows=N]\n",
		      stderr);
		return 2;
	}
	if (geteuid()) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	if (tally == MAP_FAILED)
		return 1;
	return run_all(&options, tally);
}
