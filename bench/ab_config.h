/* SPDX-License-Identifier: GPL-2.0-only */
/* What may stand between two containers. To measure one more, add a row to ab_forms. */
#ifndef PG_BENCH_AB_CONFIG_H
#define PG_BENCH_AB_CONFIG_H

#include "backends/backend.h"
#include "bench/ab_results.h"

enum ab_kind {
	AB_WIRE,    /* a veth pair between the two, and no host */
	AB_BRIDGE,  /* the lab's bridge alone */
	AB_TOP,	    /* hand-written iptables rules: known flows pass by the first rule */
	AB_FLAT,    /* hand-written iptables rules without state, as the thesis had them */
	AB_EMPTY,   /* nothing but an eBPF program that lets pass */
	AB_POLGEN,  /* a backend */
	AB_RESTORE, /* the rules of legacy-linear, which iptables-restore installs */
};

/* Where a form takes part: bits. */
enum {
	AB_IN_TRAFFIC = 1,
	AB_IN_VERDICT = 2,
	AB_IN_CHANGE = 4,
	AB_IN_HOSTS = 8,
};

struct ab_form {
	const char *name;
	enum ab_kind kind;
	unsigned experiments;
	bool counted;	/* there is one for each number of policies */
	size_t most;	/* policies, in changes: with more, one change takes minutes; 0: no limit */
	bool reference; /* the others are compared with it */
	const struct pg_backend *backend;
	struct pg_backend_options options;
	const char *uplink; /* ebpf: flows to the other host pass the stack by; NULL: they don't */
};

/* The table ends with a row without name. */
extern const struct ab_form ab_forms[];

struct ab_config {
	const struct ab_form *form;
	size_t policies; /* 0 where the form doesn't count them */
	bool reference;
	char name[AB_NAME_MAX];
};

/* Whether it closes anything; without policies nothing does. */
static inline bool ab_config_filters(const struct ab_config *config)
{
	enum ab_kind kind = config->form->kind;

	return kind != AB_WIRE && kind != AB_BRIDGE && kind != AB_EMPTY &&
	       (config->policies || !config->form->counted);
}

struct ab_configs {
	struct pg_array(struct ab_config) list;
};

void ab_configs_done(struct ab_configs *configs);
#define _cleanup_configs_ PG_CLEANUP(ab_configs_done)

/* Numbers of policies. */
struct ab_sizes {
	size_t list[16], count;
};

/*
 * Every form that takes part in the experiment with every number of policies, whose names start with
 * one of `only` (which are separated by commas; NULL: all). -ENOMEM.
 */
int ab_configs_make(unsigned experiment, const struct ab_sizes *sizes, const char *only,
		    struct ab_configs *ret_configs);

#endif
