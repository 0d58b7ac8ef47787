/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The runner behind `polgen test`: cases (frontend/decode/case.h) are judged by the model, or by a backend
 * with real packets, each case on a scratch host of its own (frontend/lab/lab.h). TAP, one line a flow.
 */
#ifndef PG_FRONTEND_CASETEST_H
#define PG_FRONTEND_CASETEST_H

#include "backends/backend.h"

struct pg_casetest_options {
	const struct pg_backend *backend; /* NULL: the model */
	struct pg_backend_options backend_options;
	const char *backend_name; /* as it was asked for, for messages: "iptables-nft" */
	bool lenient;		  /* of the decoder */
};

struct pg_casetest_counts {
	size_t passed, failed, skipped; /* flows */
	size_t undecodable;		/* files; their diagnostics are on the log */
	size_t unrunnable; /* cases that no host could be made for, or no backend took */
};

/*
 * Decodes all files, prints TAP to `out` and diagnostics to `log`. Must be called while the process
 * has one thread: with a backend each case is run by a forked process. 0 whatever the tests say.
 * -EPERM: a backend needs root, and nothing was run; -ENOMEM.
 */
int pg_casetest_run(const char *const *paths, size_t count,
		    const struct pg_casetest_options *options, FILE *out, FILE *log,
		    struct pg_casetest_counts *ret_counts);

#endif
