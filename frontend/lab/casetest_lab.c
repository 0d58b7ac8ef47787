// SPDX-License-Identifier: GPL-2.0-only
/* Cases judged by a backend: in a forked process, on a scratch host, with real packets. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "frontend/cli/enforce.h"
#include "frontend/lab/casetest_internal.h"
#include "frontend/report.h"

struct run {
	const struct pg_sources *sources;
	struct pg_case *test;
	const struct pg_casetest_options *options;
	FILE *log;
};

/* What the processes share. */
struct shared {
	int err;
	struct pg_case_outcome outcomes[];
};

static int enforce(const struct run *run, struct pg_diags *diags)
{
	_cleanup_prepared_ struct pg_prepared prepared = { 0 };
	_cleanup_diags_ struct pg_diags about_http = { 0 };
	struct pg_intent_options options = {
		.enforcement = run->test->enforcement,
		.host_policy = run->test->host_policy,
		.l4_only = true,
	};
	struct pg_enforce_result result;
	int err = pg_prepare(run->sources, &run->test->policy, &run->test->endpoints, &options,
			     &about_http, &prepared);

	/* That HTTP rules are left out is said at each flow that has a request. */
	if (err) {
		pg_report(run->log, run->sources, &about_http);
		return err;
	}
	return pg_enforce(run->options->backend, &run->options->backend_options, &prepared.intent,
			  diags, &result);
}

static int probe_flows(const struct run *run, const struct pg_lab *lab, struct pg_diags *diags,
		       struct pg_case_outcome *outcomes)
{
	const struct pg_case *test = run->test;
	size_t count = 0;
	_cleanup_free_ struct pg_probe *probes = calloc(test->flows.count + 1, sizeof(*probes));
	_cleanup_free_ int *endpoints = calloc(test->endpoints.list.count + 1, sizeof(int));
	struct pg_case_places places = { pg_lab_host_netns(lab), pg_lab_world_netns(lab),
					 endpoints };
	struct pg_probe_options options = { 0 };
	int err;

	if (!probes || !endpoints)
		return -ENOMEM;
	for (size_t i = 0; i < test->endpoints.list.count; i++)
		endpoints[i] = pg_lab_endpoint_netns(lab, i);
	pg_array_foreach(flow, &test->flows) {
		if (!pg_case_skipped(flow))
			probes[count++] = pg_case_probe(test, flow, &places);
	}
	err = pg_probe_run(probes, count, &options, diags);
	if (err)
		return err;
	count = 0;
	for (size_t i = 0; i < test->flows.count; i++) {
		enum pg_case_skip skip = pg_case_skipped(&test->flows.items[i]);

		outcomes[i] =
			skip ? (struct pg_case_outcome){ .kind = PG_OUTCOME_SKIPPED, .skip = skip }
			     : pg_case_found(&probes[count++]);
	}
	return 0;
}

static int run_in_lab(const struct run *run, struct pg_diags *diags,
		      struct pg_case_outcome *outcomes)
{
	_cleanup_case_addrs_ struct pg_case_addrs world = { 0 };
	struct pg_lab *lab = NULL;
	int err = pg_case_world(run->test, &world);

	if (!err)
		err = pg_lab_enter(&run->test->endpoints, world.list.items, world.list.count, diags,
				   &lab);
	if (!err)
		err = enforce(run, diags);
	if (!err)
		err = probe_flows(run, lab, diags, outcomes);
	pg_lab_free(lab);
	return err;
}

/* Doesn't return. What was printed or allocated before the fork is the parent's business. */
static void run_child(const struct run *run, struct shared *shared)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	shared->err = run_in_lab(run, &diags, shared->outcomes);
	pg_report(run->log, run->sources, &diags);
	pg_diags_done(&diags);
	fflush(run->log);
	_exit(0);
}

static int await(pid_t child, FILE *log)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFSIGNALED(status))
		fprintf(log, "polgen: error: the process of a test was killed by signal %d\n",
			WTERMSIG(status));
	else
		fprintf(log, "polgen: error: the process of a test ended with code %d\n",
			WEXITSTATUS(status));
	return -ECHILD;
}

static int run_forked(const struct run *run, struct shared *shared)
{
	pid_t child;
	int err;

	fflush(NULL);
	child = fork();
	if (child < 0)
		return -errno;
	if (!child)
		run_child(run, shared);
	err = await(child, run->log);
	return err ? err : shared->err;
}

int pg_case_run_backend(const struct pg_sources *sources, struct pg_case *test,
			const struct pg_casetest_options *options, FILE *log,
			struct pg_case_outcome *outcomes)
{
	size_t size = test->flows.count * sizeof(*outcomes);
	struct run run = { sources, test, options, log };
	struct shared *shared = mmap(NULL, sizeof(*shared) + size, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int err;

	if (shared == MAP_FAILED)
		return -errno;
	err = run_forked(&run, shared);
	memcpy(outcomes, shared->outcomes, size);
	munmap(shared, sizeof(*shared) + size);
	return err;
}
