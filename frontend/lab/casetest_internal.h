/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the test runner share, and the differential test uses. */
#ifndef PG_FRONTEND_CASETEST_INTERNAL_H
#define PG_FRONTEND_CASETEST_INTERNAL_H

#include "frontend/decode/case.h"
#include "frontend/lab/casetest.h"
#include "frontend/lab/lab.h"
#include "frontend/lab/probe.h"

enum pg_case_skip {
	PG_CASE_SKIP_NONE,
	PG_CASE_SKIP_HTTP,
	PG_CASE_SKIP_PORT_0,
	PG_CASE_SKIPS,
};

/* What came of one flow. Lies in memory that processes share, so it has no pointers. */
struct pg_case_outcome {
	enum {
		PG_OUTCOME_NONE,   /* the case was not run */
		PG_OUTCOME_JUDGED, /* `verdict`, and `probed` by a backend */
		PG_OUTCOME_SKIPPED,
		PG_OUTCOME_ERROR, /* it could not be judged or probed: `error` */
	} kind;
	enum pg_expectation verdict;
	enum pg_probe_result probed;
	enum pg_case_skip skip;
	int error; /* an errno */
};

/* One file, and all that it points to. */
struct pg_case_file {
	const char *path;
	struct pg_sources sources;
	struct pg_case test;
	struct pg_identities identities;
	struct pg_case_outcome *outcomes; /* one for each flow */
	int err;			  /* it is no case, or it could not be run */
};

/* The start of a line of TAP, up to what it is about. */
void pg_case_put_line(FILE *out, const struct pg_case_file *file, size_t number, bool ok);
/* The rest of the line of one flow, and why it failed, if it did. */
void pg_case_put_flow(FILE *out, const struct pg_case_file *file, size_t number, bool passed);

/* The model's answer for one flow. Errors as of pg_evaluate(). */
int pg_case_evaluate(const struct pg_case *test, const struct pg_case_flow *flow,
		     const struct pg_identities *identities, struct pg_evaluation *ret_evaluation);
/* The answer as a case's author writes it: a redirect without a request is a connection that opens. */
enum pg_expectation pg_case_verdict(const struct pg_evaluation *evaluation);

/* Judges all flows by the model. -ENOMEM. */
int pg_case_run_model(const struct pg_case *test, const struct pg_identities *identities,
		      struct pg_case_outcome *outcomes);

/*
 * Judges all flows by a backend, in a process of its own, which reports to `log` what goes wrong.
 * -EPERM and the like: the case could not be run.
 */
int pg_case_run_backend(const struct pg_sources *sources, struct pg_case *test,
			const struct pg_casetest_options *options, FILE *log,
			struct pg_case_outcome *outcomes);

struct pg_case_addrs {
	struct pg_array(struct pg_addr) list;
};

void pg_case_addrs_done(struct pg_case_addrs *addrs);
#define _cleanup_case_addrs_ PG_CLEANUP(pg_case_addrs_done)
/* The addresses that the flows name and that are neither an endpoint's nor the host's. -ENOMEM. */
int pg_case_world(const struct pg_case *test, struct pg_case_addrs *ret_addrs);

/* The namespaces that a case's parties are in; `endpoints` by index into the case's list. */
struct pg_case_places {
	int host, world;
	const int *endpoints;
};

/* Why a flow can't be probed. */
enum pg_case_skip pg_case_skipped(const struct pg_case_flow *flow);
/* The probe for a flow that isn't skipped. */
struct pg_probe pg_case_probe(const struct pg_case *test, const struct pg_case_flow *flow,
			      const struct pg_case_places *places);
/* What a probe found, as an outcome. A refusal is a denial. */
struct pg_case_outcome pg_case_found(const struct pg_probe *probe);

#endif
