// SPDX-License-Identifier: GPL-2.0-only
/* Whichever allocation fails: -ENOMEM, from then on for every call, and nothing is lost or freed twice. */
#include "tests/unit/policy/universe.h"

#include "policy/engine.h"
#include "tests/unit/failing_alloc.h"

#define WORLDS 2

/* Random things are made before memory runs out: that is about the engine alone. */
struct script {
	struct universe universe;
	struct pg_endpoints endpoints;
	struct pg_policy policy;
};

static void make_script(struct script *script, uint64_t seed)
{
	*script = (struct script){ 0 };
	universe_make_dense(&script->universe, seed);
	universe_add_endpoint(&script->universe, &script->endpoints, 20);
	pg_labels_sort(&script->endpoints.list.items[0].labels);
	universe_add_rule(&script->universe, &script->policy);
	universe_add_rule(&script->universe, &script->policy);
	build_requires(build_entry(&script->policy.rules.items[0], PG_INGRESS), "tier=x");
	build_cidr(build_entry(&script->policy.rules.items[1], PG_INGRESS), "0.0.0.0/0",
		   "10.1.0.0/16");
}

static void script_done(struct script *script)
{
	universe_done(&script->universe);
	pg_endpoints_done(&script->endpoints);
	pg_policy_done(&script->policy);
}

static int change(struct pg_engine *engine, struct script *script)
{
	_cleanup_delta_ struct pg_delta delta = { 0 }, back = { 0 };
	_cleanup_view_ struct pg_view view = { 0 };
	int err = pg_engine_add_rule(engine, 0, &script->policy.rules.items[0]);

	err = err ?: pg_engine_add_endpoint(engine, &script->endpoints.list.items[0]);
	err = err ?: pg_engine_add_rule(engine, 1, &script->policy.rules.items[1]);
	err = err ?: pg_engine_settle(engine, &delta);
	err = err ?: pg_engine_view(engine, &view);
	err = err ?: pg_engine_remove_rule(engine, 1);
	err = err ?: pg_engine_remove_endpoint(engine, "e20");
	err = err ?: pg_engine_remove_rule(engine, 0);
	return err ?: pg_engine_settle(engine, &back);
}

/* False: no allocation was left to fail. */
static bool run_with_failure(uint64_t seed, long n)
{
	struct pg_engine_options options = { 0 };
	struct pg_engine *engine = NULL;
	struct script script;
	bool failed;
	int err;

	make_script(&script, seed);
	failing_alloc_start(n);
	err = pg_engine_new(&options, &script.universe.endpoints, &script.universe.policy, &engine);
	err = err ?: change(engine, &script);
	failed = failing_alloc_stop();
	/* Memory that only speeds things up later is done without. */
	assert_true(err == -ENOMEM || !err);
	assert_true(failed || !err);
	pg_engine_free(engine);
	script_done(&script);
	return failed;
}

static void test_each_allocation(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		long n = 0;

		while (run_with_failure(seed, n))
			n++;
		assert_true(n > 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
