/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The differential test: random policies, and the evaluator against a backend with real packets.
 * Cases are JSON from the start, in the format of `polgen test`, so that they go through the
 * decoder like any other and a failing one can be written down as it is.
 */
#ifndef PG_TESTS_PARITY_PARITY_H
#define PG_TESTS_PARITY_PARITY_H

#include <jansson.h>

#include "frontend/decode/case.h"
#include "frontend/intent.h"
#include "frontend/lab/lab.h"
#include "frontend/lab/probe.h"

static inline void pg_json_decref_cleanup(json_t **value)
{
	json_decref(*value);
}

#define _cleanup_json_value_ PG_CLEANUP(pg_json_decref_cleanup)

/* SplitMix64 (Steele, Lea, Flood 2014). */
struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
/* Below `limit`, which is small: the bias doesn't matter. */
unsigned int rng_below(struct rng *rng, unsigned int limit);
/* True in `percent` of 100 cases. */
bool rng_chance(struct rng *rng, unsigned int percent);

/* One of a NULL-terminated list. */
const char *rng_pick(struct rng *rng, const char *const *list);

enum family {
	V4,
	V6,
	FAMILIES,
};

/* Who there is: the same for all cases, but for their labels. NULL-terminated. */
extern const char *const universe_names[];
/* Of the endpoints, in the order of their names; NULL where one has none of that family. */
extern const char *const universe_addrs[][FAMILIES];
extern const char *const universe_host[FAMILIES][3]; /* the first is the bridge's */
extern const char *const universe_world[FAMILIES][9];

/* "_ips" and "_host_ips" of a case in this universe. */
json_t *universe_ips(void);
json_t *universe_host_ips(void);

/* A random case with so many flows. `expect` is "allow" everywhere: nobody knows yet. */
json_t *generate_case(struct rng *rng, unsigned int flows);

/*
 * The same, with TCP and UDP only, and beside "policy" what comes after it: "then", the rules, and
 * "on_revoke", how they are applied.
 */
json_t *generate_revocation(struct rng *rng, unsigned int flows);

json_t *generate_rule(struct rng *rng);

/* What was tried, so that a test that tries nothing is seen. */
struct tally {
	size_t flows, passed;
};

/* Where cases are tried: a lab with the universe in it, and one backend. One a process. */
struct arena {
	const struct pg_backend *backend;
	struct pg_backend_options options;
	struct pg_endpoints endpoints;
	struct pg_lab *lab;
	uint32_t sequence;     /* of source ports */
	unsigned int limit_ms; /* to wait for what is to be open; 0: the prober's default */
	struct tally *tally;   /* NULL: nobody counts */
};

/* 0, or -errno with the reason on stderr. */
int arena_enter(struct arena *arena);
void arena_done(struct arena *arena);
/* Takes down what the last case left. */
int arena_clear(struct arena *arena);

/* A case as it is tried. */
struct trial {
	struct pg_sources sources;
	struct pg_diags diags;
	struct pg_case test;
	struct pg_prepared prepared;
	int netns[16]; /* of its endpoints */
};

void trial_done(struct trial *trial);
#define _cleanup_trial_ PG_CLEANUP(trial_done)
/* Decodes a case and enforces it, on top of whatever is. -errno: stderr says why. */
int trial_begin(const struct arena *arena, const json_t *json, enum pg_on_revoke on_revoke,
		struct trial *trial);

/* A flow of which the model says one thing and the backend does another. */
struct difference {
	size_t flow;
	const char *model, *backend;
};

/*
 * Tries a case. 0: no difference; 1: `ret_difference` is the first; -errno: the case could not be
 * tried, and stderr says why.
 */
typedef int try_fn(struct arena *arena, json_t *test, struct difference *ret_difference);

/*
 * Enforces the case and probes its flows. Writes what the model says into each flow's `expect`.
 */
try_fn arena_try;

/*
 * Enforces the case, opens those of its flows that it allows, enforces "then" as "on_revoke" says, and
 * looks at what becomes of them.
 */
try_fn arena_revoke;

/*
 * Makes a case that fails by itself as small as it gets, one flow included, by leaving out what it
 * fails without. Gives up after `attempts`.
 */
void shrink_case(struct arena *arena, try_fn *fails, json_t *test, size_t flow,
		 unsigned int attempts);

#endif
