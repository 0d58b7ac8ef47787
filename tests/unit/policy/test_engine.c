// SPDX-License-Identifier: GPL-2.0-only
/*
 * After any changes the engine holds what is made from scratch, and what it says that changed is
 * just that.
 */
#include "tests/unit/policy/universe.h"

#include "policy/engine.h"

#define SEED   20261123
#define WORLDS 60
#define STEPS  15
#define NAMES  12 /* endpoints that may be there */

/* A world in words: a line for each thing. */
struct lines {
	struct pg_array(char *) list;
};

static void lines_done(struct lines *lines)
{
	pg_array_foreach(line, &lines->list)
		free(*line);
	free(lines->list.items);
	*lines = (struct lines){ 0 };
}

static void add_line(struct lines *lines, const char *format, ...) PG_PRINTF(2, 3);

static void add_line(struct lines *lines, const char *format, ...)
{
	char **line = pg_array_add(&lines->list);
	va_list args;

	assert_non_null(line);
	va_start(args, format);
	assert_true(vasprintf(line, format, args) >= 0);
	va_end(args);
}

/* Rules are told apart by their descriptions. */
static const char *rule_name(const struct pg_policy *policy, uint32_t number)
{
	return number ? policy->rules.items[number - 1].description : "-";
}

static void describe_table(const struct pg_policy *policy, const struct pg_verdict_table *table,
			   struct lines *lines)
{
	pg_array_foreach(subject, &table->subjects) {
		add_line(lines, "subject %u: %d %s %u, %d %s %u", subject->id.n,
			 subject->enforced[0], rule_name(policy, subject->closed_by[0].rule),
			 subject->closed_by[0].entry, subject->enforced[1],
			 rule_name(policy, subject->closed_by[1].rule),
			 subject->closed_by[1].entry);
	}
	pg_array_foreach(entry, &table->entries) {
		add_line(lines, "%u %s %u: %u %u-%u %s by %s/%u", entry->subject.n,
			 pg_direction_name(entry->direction), entry->peer.n, entry->proto.n,
			 entry->first, entry->last, pg_verdict_name(entry->verdict),
			 rule_name(policy, entry->origin.rule), entry->origin.entry);
	}
}

static void describe_addresses(const struct pg_endpoints *endpoints,
			       const struct pg_identities *identities, struct lines *lines)
{
	for (size_t i = 0; i < endpoints->list.count; i++)
		add_line(lines, "endpoint %s: %u", endpoints->list.items[i].name,
			 identities->endpoint_ids.items[i].n);
	pg_array_foreach(address, &identities->addresses) {
		char text[PG_PREFIX_TEXT_MAX];

		add_line(lines, "address %s: %u %s", pg_prefix_format(&address->prefix, text),
			 address->id.n,
			 address->endpoint ? endpoints->list.items[address->endpoint - 1].name
					   : "-");
	}
}

static void describe_identities(const struct pg_identities *identities, struct lines *lines)
{
	pg_array_foreach(info, &identities->list) {
		_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
		char text[PG_PREFIX_TEXT_MAX];

		pg_labels_format(&info->labels, &buf);
		pg_array_foreach(endpoint, &info->endpoints)
			pg_strbuf_printf(&buf, " %u", *endpoint);
		add_line(lines, "identity %u: %s %s", info->id.n,
			 info->cidr.addr.family ? pg_prefix_format(&info->cidr, text) : "-",
			 buf.text ?: "");
	}
}

static void describe(const struct pg_view *view, struct lines *lines)
{
	describe_table(&view->policy, &view->table, lines);
	describe_addresses(&view->endpoints, &view->identities, lines);
}

static void print_lines(const char *what, const struct lines *lines)
{
	print_message("%s:\n", what);
	pg_array_foreach(line, &lines->list)
		print_message("    %s\n", *line);
}

static void assert_same(const struct lines *wanted, const struct lines *got)
{
	size_t common = PG_MIN(wanted->list.count, got->list.count);

	for (size_t i = 0; i < common; i++) {
		if (!strcmp(wanted->list.items[i], got->list.items[i]))
			continue;
		print_lines("wanted", wanted);
		print_lines("got", got);
		assert_string_equal(got->list.items[i], wanted->list.items[i]);
	}
	assert_int_equal(got->list.count, wanted->list.count);
}

/* What is made from scratch of all that a view shows, in the order in which it is made. */
static void describe_scratch(const struct pg_view *view, enum pg_enforcement mode,
			     struct lines *lines)
{
	_cleanup_identities_ struct pg_identities identities = { 0 };
	_cleanup_verdict_table_ struct pg_verdict_table table = { 0 };

	assert_int_equal(pg_identities_make(&view->endpoints, &view->policy, &identities), 0);
	assert_int_equal(pg_resolve(&view->policy, &identities, mode, &table), 0);
	describe_table(&view->policy, &table, lines);
	describe_addresses(&view->endpoints, &identities, lines);
	describe_identities(&identities, lines);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_lines(struct lines *lines)
{
	if (lines->list.count)
		qsort(lines->list.items, lines->list.count, sizeof(char *), compare_lines);
}

/* Takes lines out of sorted ones, each of which must be there. */
static void take_lines(struct lines *lines, const struct lines *gone)
{
	pg_array_foreach(line, &gone->list) {
		char **found = lines->list.count
				       ? bsearch(line, lines->list.items, lines->list.count,
						 sizeof(char *), compare_lines)
				       : NULL;

		if (!found)
			print_lines("among", lines);
		if (!found)
			fail_msg("'%s' wasn't there before", *line);
		free(*found);
		memmove(found, found + 1,
			(size_t)(lines->list.items + --lines->list.count - found) * sizeof(char *));
	}
}

struct world {
	struct universe universe; /* for its random rules and endpoints */
	struct pg_engine *engine;
	enum pg_enforcement mode;
	uint32_t rules_made;
	struct lines order;  /* the rules' names as they must stand */
	struct lines before; /* what there was when all was settled last, sorted */
	bool there[NAMES];
};

/* What the view shows is what was put in. */
static void check_content(const struct world *world, const struct pg_view *view)
{
	size_t endpoints = 0;

	assert_int_equal(view->policy.rules.count, world->order.list.count);
	for (size_t i = 0; i < view->policy.rules.count; i++)
		assert_string_equal(view->policy.rules.items[i].description,
				    world->order.list.items[i]);
	for (size_t i = 0; i < NAMES; i++)
		endpoints += world->there[i];
	assert_int_equal(view->endpoints.list.count, endpoints);
}

static void check_all(struct world *world, struct lines *now)
{
	PG_CLEANUP(lines_done) struct lines wanted = { 0 }, got = { 0 };
	_cleanup_view_ struct pg_view view = { 0 };

	assert_int_equal(pg_engine_view(world->engine, &view), 0);
	check_content(world, &view);
	describe(&view, now);
	describe(&view, &got);
	describe_identities(&view.identities, &got);
	describe_scratch(&view, world->mode, &wanted);
	assert_same(&wanted, &got);
	sort_lines(now);
}

/* Takes what was before out of what there was and puts what is after into it. */
static void check_change(struct world *world)
{
	PG_CLEANUP(lines_done) struct lines gone = { 0 }, come = { 0 }, now = { 0 };
	_cleanup_delta_ struct pg_delta delta = { 0 };

	assert_int_equal(pg_engine_settle(world->engine, &delta), 0);
	describe(&delta.before, &gone);
	describe(&delta.after, &come);
	check_all(world, &now);
	take_lines(&world->before, &gone);
	pg_array_foreach(line, &come.list)
		add_line(&world->before, "%s", *line);
	sort_lines(&world->before);
	assert_same(&now, &world->before);
}

static void name_rule(struct world *world, struct pg_rule *rule, size_t at)
{
	char **list;

	assert_true(asprintf(&rule->description, "r%u", world->rules_made++) > 0);
	add_line(&world->order, "%s", rule->description);
	list = world->order.list.items;
	for (size_t i = world->order.list.count - 1; i > at; i--) {
		char *moved = list[i];

		list[i] = list[i - 1];
		list[i - 1] = moved;
	}
}

static void add_rule(struct world *world)
{
	size_t rules = pg_engine_rules(world->engine);
	size_t at = universe_random(&world->universe, (uint32_t)rules + 1);
	struct pg_policy policy = { 0 };

	universe_add_rule(&world->universe, &policy);
	name_rule(world, &policy.rules.items[0], at);
	assert_int_equal(pg_engine_add_rule(world->engine, at, &policy.rules.items[0]), 0);
	pg_policy_done(&policy);
}

static void remove_rule(struct world *world)
{
	size_t rules = pg_engine_rules(world->engine);
	size_t at = universe_random(&world->universe, (uint32_t)rules + 1);
	char **list = world->order.list.items;

	assert_int_equal(pg_engine_remove_rule(world->engine, at), at == rules ? -EINVAL : 0);
	if (at == rules)
		return;
	free(list[at]);
	memmove(&list[at], &list[at + 1], (--world->order.list.count - at) * sizeof(char *));
}

static void change_endpoint(struct world *world)
{
	uint32_t i = universe_random(&world->universe, NAMES);
	struct pg_endpoints endpoints = { 0 };
	char name[16];

	snprintf(name, sizeof(name), "e%u", i);
	if (world->there[i] && universe_random(&world->universe, 8)) {
		assert_int_equal(pg_engine_remove_endpoint(world->engine, name), 0);
		assert_int_equal(pg_engine_remove_endpoint(world->engine, name), -ENOENT);
		world->there[i] = false;
		return;
	}
	universe_add_endpoint(&world->universe, &endpoints, i);
	pg_labels_sort(&endpoints.list.items[0].labels);
	assert_int_equal(pg_engine_add_endpoint(world->engine, &endpoints.list.items[0]),
			 world->there[i] ? -EEXIST : 0);
	world->there[i] = true;
	pg_endpoints_done(&endpoints);
}

static void change(struct world *world)
{
	uint32_t kind = universe_random(&world->universe, 8);

	if (kind < 3)
		change_endpoint(world);
	else if (kind < 5)
		remove_rule(world);
	else
		add_rule(world);
}

static void make_world(struct world *world, uint64_t seed)
{
	struct pg_engine_options options = { 0 };
	struct universe *universe = &world->universe;

	if (seed % 3)
		universe_make(universe, seed);
	else
		universe_make_dense(universe, seed);
	for (size_t i = 0; i < universe->endpoints.list.count; i++)
		world->there[i] = true;
	for (size_t i = 0; i < universe->policy.rules.count; i++)
		name_rule(world, &universe->policy.rules.items[i], i);
	options.mode = world->mode = universe->mode;
	assert_int_equal(
		pg_engine_new(&options, &universe->endpoints, &universe->policy, &world->engine),
		0);
	check_all(world, &world->before);
}

static void test_changes_give_what_scratch_gives(void **state)
{
	(void)state;
	for (uint64_t seed = SEED; seed < SEED + WORLDS; seed++) {
		struct world world = { 0 };

		make_world(&world, seed);
		for (size_t step = 0; step < STEPS; step++) {
			uint32_t changes = 1 + universe_random(&world.universe, 3);

			for (uint32_t i = 0; i < changes; i++)
				change(&world);
			check_change(&world);
		}
		pg_engine_free(world.engine);
		universe_done(&world.universe);
		lines_done(&world.order);
		lines_done(&world.before);
	}
}

/* What everybody gets is spelt out where another rule requires something, for whoever comes and goes. */
static void test_everybody_who_meets_requirements(void **state)
{
	struct world world = { .mode = PG_ENFORCEMENT_DEFAULT };
	struct pg_engine_options options = { 0 };
	struct pg_endpoints endpoints = { 0 };
	struct pg_policy policy = { 0 };

	(void)state;
	build_endpoint(&endpoints, "e0", "10.0.0.1", "k8s:app=a");
	build_finish(&endpoints);
	build_peer(build_entry(build_rule(&policy, "app=a", true), PG_INGRESS), "");
	build_requires(build_entry(build_rule(&policy, "app=a", true), PG_INGRESS), "tier=x");
	for (size_t i = 0; i < policy.rules.count; i++)
		name_rule(&world, &policy.rules.items[i], i);
	world.there[0] = true;
	assert_int_equal(pg_engine_new(&options, &endpoints, &policy, &world.engine), 0);
	check_all(&world, &world.before);
	build_endpoint(&endpoints, "e1", "10.0.0.2", "k8s:tier=x");
	world.there[1] = true;
	assert_int_equal(pg_engine_add_endpoint(world.engine, &endpoints.list.items[0]), 0);
	check_change(&world);
	world.there[1] = false;
	assert_int_equal(pg_engine_remove_endpoint(world.engine, "e1"), 0);
	check_change(&world);
	pg_engine_free(world.engine);
	pg_endpoints_done(&endpoints);
	pg_policy_done(&policy);
	lines_done(&world.order);
	lines_done(&world.before);
}

static struct pg_endpoint make_one(uint32_t i)
{
	struct pg_endpoints endpoints = { 0 };
	struct pg_endpoint endpoint;
	char name[16], addr[32], label[32];

	snprintf(name, sizeof(name), "e%u", i);
	snprintf(addr, sizeof(addr), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
	snprintf(label, sizeof(label), "app=%u", i);
	build_endpoint(&endpoints, name, addr, label);
	endpoint = endpoints.list.items[0];
	free(endpoints.list.items);
	return endpoint;
}

static int add_one(struct pg_engine *engine, uint32_t i)
{
	struct pg_endpoint endpoint = make_one(i);
	int err = pg_engine_add_endpoint(engine, &endpoint);

	pg_endpoint_done(&endpoint);
	return err;
}

static void remove_one(struct pg_engine *engine, uint32_t i)
{
	char name[16];

	snprintf(name, sizeof(name), "e%u", i);
	assert_int_equal(pg_engine_remove_endpoint(engine, name), 0);
}

static void assert_numbers(struct pg_engine *engine)
{
	_cleanup_identities_ struct pg_identities wanted = { 0 };
	_cleanup_view_ struct pg_view view = { 0 };

	assert_int_equal(pg_engine_view(engine, &view), 0);
	assert_int_equal(pg_identities_make(&view.endpoints, &view.policy, &wanted), 0);
	assert_int_equal(view.identities.endpoint_ids.count, wanted.endpoint_ids.count);
	for (size_t i = 0; i < wanted.endpoint_ids.count; i++)
		assert_int_equal(view.identities.endpoint_ids.items[i].n,
				 wanted.endpoint_ids.items[i].n);
}

/* Those with one home stand in a row, in an order that doesn't depend on who came first. */
static void test_numbers_depend_on_no_history(void **state)
{
	struct pg_engine_options options = { 0 };
	struct pg_endpoints endpoints = { 0 };
	struct pg_policy policy = { 0 };
	struct pg_engine *engine;

	(void)state;
	assert_int_equal(pg_engine_new(&options, &endpoints, &policy, &engine), 0);
	for (uint32_t i = 0; i < 4000; i++)
		assert_int_equal(add_one(engine, i * 1663 % 4000), 0);
	assert_numbers(engine);
	for (uint32_t i = 0; i < 2000; i++)
		remove_one(engine, i * 1663 % 4000);
	assert_numbers(engine);
	pg_engine_free(engine);
}

/* The engine has as many numbers as there are, and one more label set breaks it for good. */
static void test_all_numbers_taken(void **state)
{
	enum { NUMBERS = PG_IDENTITY_LAST_CLUSTER - PG_IDENTITY_FIRST_CLUSTER + 1 };
	struct pg_engine_options options = { 0 };
	struct pg_endpoints endpoints = { 0 };
	struct pg_policy policy = { 0 };
	struct pg_engine *engine;
	struct pg_delta delta;

	(void)state;
	for (uint32_t i = 0; i < NUMBERS; i++)
		*pg_array_add(&endpoints.list) = make_one(i);
	build_finish(&endpoints);
	assert_int_equal(pg_engine_new(&options, &endpoints, &policy, &engine), 0);
	assert_numbers(engine);
	for (uint32_t i = 0; i < 3; i++) {
		remove_one(engine, i * 7919);
		assert_int_equal(add_one(engine, NUMBERS + i), 0);
	}
	assert_numbers(engine);
	assert_int_equal(add_one(engine, NUMBERS + 3), -E2BIG);
	assert_int_equal(pg_engine_remove_endpoint(engine, "e1"), -E2BIG);
	assert_int_equal(pg_engine_settle(engine, &delta), -E2BIG);
	pg_engine_free(engine);
	pg_endpoints_done(&endpoints);
}

static int add_at(struct pg_engine *engine, const char *name, const char *addr)
{
	struct pg_endpoints endpoints = { 0 };
	int err;

	build_endpoint(&endpoints, name, addr, "app=a");
	err = pg_engine_add_endpoint(engine, &endpoints.list.items[0]);
	pg_endpoints_done(&endpoints);
	return err;
}

static void test_what_is_refused_changes_nothing(void **state)
{
	struct pg_engine_options options = { 0 };
	struct pg_endpoints endpoints = { 0 };
	struct pg_endpoint nowhere = { .name = (char *)"nowhere" };
	struct pg_policy policy = { 0 };
	struct pg_rule rule = { 0 };
	struct pg_engine *engine;
	_cleanup_delta_ struct pg_delta delta = { 0 };

	(void)state;
	*pg_array_add(&endpoints.host_addrs) = build_addr("10.0.0.1");
	*pg_array_add(&endpoints.remote_node_addrs) = build_addr("10.0.0.2");
	build_endpoint(&endpoints, "a", "10.0.0.3", "app=a");
	build_finish(&endpoints);
	assert_int_equal(pg_engine_new(&options, &endpoints, &policy, &engine), 0);
	assert_int_equal(add_at(engine, "a", "10.0.0.4"), -EEXIST);
	assert_int_equal(add_at(engine, "b", "10.0.0.1"), -EEXIST);
	assert_int_equal(add_at(engine, "b", "10.0.0.2"), -EEXIST);
	assert_int_equal(add_at(engine, "b", "10.0.0.3"), -EEXIST);
	assert_int_equal(pg_engine_add_endpoint(engine, &nowhere), -EINVAL);
	assert_int_equal(pg_engine_remove_endpoint(engine, "b"), -ENOENT);
	assert_int_equal(pg_engine_add_rule(engine, 1, &rule), -EINVAL);
	assert_int_equal(pg_engine_remove_rule(engine, 0), -EINVAL);
	assert_int_equal(pg_engine_settle(engine, &delta), 0);
	assert_int_equal(delta.before.endpoints.list.count, 0);
	assert_int_equal(delta.after.endpoints.list.count, 0);
	assert_int_equal(add_at(engine, "b", "10.0.0.4"), 0);
	pg_engine_free(engine);
	pg_endpoints_done(&endpoints);
}

/* As pg_resolve() and then --l7=l4-only: what asked for a path allows its port. */
static void test_without_http(void **state)
{
	struct pg_engine_options options = { .l4_only = true };
	struct pg_endpoints endpoints = { 0 };
	struct pg_policy policy = { 0 };
	struct pg_engine *engine;
	_cleanup_view_ struct pg_view view = { 0 };

	(void)state;
	build_endpoint(&endpoints, "a", "10.0.0.3", "app=a");
	build_finish(&endpoints);
	build_http(build_entry(build_rule(&policy, "app=a", true), PG_INGRESS), PG_PROTO_TCP, 80,
		   "/x");
	build_ports(build_entry(build_rule(&policy, "app=a", true), PG_INGRESS), PG_PROTO_TCP, 80,
		    80);
	assert_int_equal(pg_engine_new(&options, &endpoints, &policy, &engine), 0);
	assert_int_equal(pg_engine_view(engine, &view), 0);
	assert_int_equal(view.table.entries.count, 1);
	assert_int_equal(view.table.entries.items[0].verdict, PG_VERDICT_ALLOW);
	assert_int_equal(view.table.entries.items[0].origin.rule, 1);
	pg_engine_free(engine);
	pg_endpoints_done(&endpoints);
	pg_policy_done(&policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_give_what_scratch_gives),
		cmocka_unit_test(test_everybody_who_meets_requirements),
		cmocka_unit_test(test_numbers_depend_on_no_history),
		cmocka_unit_test(test_all_numbers_taken),
		cmocka_unit_test(test_what_is_refused_changes_nothing),
		cmocka_unit_test(test_without_http),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
