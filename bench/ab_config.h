/* SPDX-License-Identifier: GPL-2.0-only */
/* What may stand between two containers. To measure one more, add a row to ab_forms. */
#ifndef PG_BENCH_AB_CONFIG_H
#define PG_BENCH_AB_CONFIG_H

#include "backends/backend.h"
#include "bench/ab_results.h"

enum ab_kind {
	AB_WIRE,   /* a veth pair between the two, and no host */
	AB_BRIDGE, /* the lab's bridge alone */
	AB_TOP,	   /* hand-written iptables rules: known flows pass by the first rule */
	AB_FLAT,   /* hand-written iptables rules without state, as the thesis had them */
	AB_POLGEN, /* a backend */
};

struct ab_form {
	const char *name;
	enum ab_kind kind;
	bool counted;	/* there is one for each number of policies */
	bool reference; /* the others are compared with it */
	const struct pg_backend *backend;
	struct pg_backend_options options;
};

/* The table ends with a row without name. */
extern const struct ab_form ab_forms[];

struct ab_config {
	const struct ab_form *form;
	size_t policies; /* 1 where the form doesn't count them */
	char name[AB_NAME_MAX];
};

struct ab_configs {
	struct pg_array(struct ab_config) list;
};

void ab_configs_done(struct ab_configs *configs);
#define _cleanup_configs_ PG_CLEANUP(ab_configs_done)

/*
 * Every form with every number of policies, whose names start with one of `only` (which are
 * separated by commas; NULL: all). -ENOMEM.
 */
int ab_configs_make(const size_t *policies, size_t count, const char *only,
		    struct ab_configs *ret_configs);

#endif
