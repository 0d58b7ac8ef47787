// SPDX-License-Identifier: GPL-2.0-only
/*
 * What eBPF plans from the two sides of a change of the engine's is what changes between the plans of
 * everything: the objects are worked out subject by subject and address by address, and no other counts.
 */
#include "tests/unit/policy/universe.h"

#include "backends/backend.h"
#include "policy/engine.h"

#define SEED   20261124
#define WORLDS 100
#define STEPS  8

struct world {
	struct universe universe; /* for its random rules and endpoints */
	struct pg_engine *engine;
	struct pg_backend_handle *handle;
	uint32_t made; /* rules and endpoints, for their names */
};

static void rule_name(const void *context, struct pg_origin origin, char name[PG_RULE_NAME_MAX])
{
	const struct pg_policy *policy = context;

	snprintf(name, PG_RULE_NAME_MAX, "%s/%u",
		 origin.rule ? policy->rules.items[origin.rule - 1].description : "-",
		 origin.entry);
}

static void plan(const struct world *world, const struct pg_view *view, struct pg_objects *objects)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	const struct pg_intent intent = {
		.endpoints = &view->endpoints,
		.identities = &view->identities,
		.table = &view->table,
		.rule_name = rule_name,
		.context = &view->policy,
	};

	assert_int_equal(pg_backend_ebpf.plan(world->handle, &intent, &diags, objects), 0);
}

static void plan_all(const struct world *world, struct pg_objects *objects)
{
	_cleanup_view_ struct pg_view view = { 0 };

	assert_int_equal(pg_engine_view(world->engine, &view), 0);
	plan(world, &view, objects);
}

static void assert_same_object(const struct pg_object *wanted, const struct pg_object *got)
{
	assert_int_equal(!wanted, !got);
	if (!wanted)
		return;
	assert_int_equal(wanted->key_length, got->key_length);
	assert_memory_equal(wanted->key, got->key, got->key_length);
	assert_int_equal(wanted->value_length, got->value_length);
	assert_memory_equal(wanted->value, got->value, got->value_length);
}

static void assert_same_diff(const struct pg_diff *wanted, const struct pg_diff *got)
{
	assert_int_equal(wanted->changes.count, got->changes.count);
	for (size_t i = 0; i < wanted->changes.count; i++) {
		assert_int_equal(wanted->changes.items[i].kind, got->changes.items[i].kind);
		assert_same_object(wanted->changes.items[i].desired, got->changes.items[i].desired);
		assert_same_object(wanted->changes.items[i].live, got->changes.items[i].live);
	}
}

static void name_rule(struct world *world, struct pg_rule *rule)
{
	assert_true(asprintf(&rule->description, "r%u", world->made++) > 0);
}

static void add_rule(struct world *world)
{
	uint32_t rules = (uint32_t)pg_engine_rules(world->engine);
	struct pg_policy policy = { 0 };

	universe_add_rule(&world->universe, &policy);
	name_rule(world, &policy.rules.items[0]);
	assert_int_equal(pg_engine_add_rule(world->engine,
					    universe_random(&world->universe, rules + 1),
					    &policy.rules.items[0]),
			 0);
	pg_policy_done(&policy);
}

static void remove_rule(struct world *world)
{
	uint32_t rules = (uint32_t)pg_engine_rules(world->engine);

	if (rules)
		assert_int_equal(pg_engine_remove_rule(world->engine,
						       universe_random(&world->universe, rules)),
				 0);
}

/* Whoever has the name goes; then somebody else has it, on an interface or elsewhere. */
static void change_endpoint(struct world *world)
{
	uint32_t i = universe_random(&world->universe, 8);
	struct pg_endpoints endpoints = { 0 };
	struct pg_endpoint *endpoint;
	char name[16];
	int err;

	snprintf(name, sizeof(name), "e%u", i);
	err = pg_engine_remove_endpoint(world->engine, name);
	assert_true(!err || err == -ENOENT);
	if (!universe_random(&world->universe, 3))
		return;
	universe_add_endpoint(&world->universe, &endpoints, i);
	endpoint = &endpoints.list.items[0];
	pg_labels_sort(&endpoint->labels);
	if (universe_random(&world->universe, 2))
		assert_true(asprintf(&endpoint->interface, "veth%u", i) > 0);
	assert_int_equal(pg_engine_add_endpoint(world->engine, endpoint), 0);
	pg_endpoints_done(&endpoints);
}

static void change(struct world *world)
{
	switch (universe_random(&world->universe, 4)) {
	case 0:
		change_endpoint(world);
		break;
	case 1:
		remove_rule(world);
		break;
	default:
		add_rule(world);
	}
}

static size_t check_change(struct world *world)
{
	_cleanup_objects_ struct pg_objects before = { 0 }, after = { 0 }, gone = { 0 },
					    come = { 0 };
	_cleanup_diff_ struct pg_diff wanted = { 0 }, got = { 0 };
	_cleanup_delta_ struct pg_delta delta = { 0 };

	plan_all(world, &before);
	change(world);
	plan_all(world, &after);
	assert_int_equal(pg_engine_settle(world->engine, &delta), 0);
	plan(world, &delta.before, &gone);
	plan(world, &delta.after, &come);
	assert_int_equal(pg_diff_make(&after, &before, &wanted), 0);
	assert_int_equal(pg_diff_make(&come, &gone, &got), 0);
	assert_same_diff(&wanted, &got);
	return got.changes.count;
}

static void make_world(struct world *world, uint64_t seed)
{
	const struct pg_engine_options options = { .l4_only = true };
	const struct pg_backend_options backend_options = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct universe *universe = &world->universe;

	universe_make(universe, seed);
	pg_array_foreach(rule, &universe->policy.rules)
		name_rule(world, rule);
	assert_int_equal(
		pg_engine_new(&options, &universe->endpoints, &universe->policy, &world->engine),
		0);
	assert_int_equal(pg_backend_ebpf.open(&backend_options, false, &diags, &world->handle), 0);
}

static void test_a_change_is_planned_alone(void **state)
{
	size_t changes = 0;

	(void)state;
	for (uint64_t seed = SEED; seed < SEED + WORLDS; seed++) {
		struct world world = { .made = 0 };

		make_world(&world, seed);
		for (size_t step = 0; step < STEPS; step++)
			changes += check_change(&world);
		pg_backend_ebpf.close(world.handle);
		pg_engine_free(world.engine);
		universe_done(&world.universe);
	}
	assert_true(changes > WORLDS * STEPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_change_is_planned_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
