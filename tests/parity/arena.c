// SPDX-License-Identifier: GPL-2.0-only
/* One lab and one backend, and case after case on them. */
#include "frontend/cli/enforce.h"
#include "frontend/lab/casetest_internal.h"
#include "frontend/report.h"
#include "tests/parity/parity.h"

/* What is denied makes no answer at all; a hole answers at once, without a machine being idle. */
#define SETTLE_MS 60

void trial_done(struct trial *trial)
{
	pg_prepared_done(&trial->prepared);
	pg_case_done(&trial->test);
	pg_diags_done(&trial->diags);
	pg_sources_done(&trial->sources);
}

static int add_addr(const char *text, struct pg_addr *addr)
{
	return addr ? pg_addr_parse(text, addr) : -ENOMEM;
}

static int add_endpoint(struct pg_endpoints *endpoints, size_t number)
{
	struct pg_endpoint *endpoint = pg_array_add(&endpoints->list);
	const char *const *addrs = universe_addrs[number];
	int err = endpoint ? 0 : -ENOMEM;

	if (!err && addrs[V4])
		err = pg_addr_parse(addrs[V4], &endpoint->ipv4);
	if (!err && addrs[V6])
		err = pg_addr_parse(addrs[V6], &endpoint->ipv6);
	if (!err)
		endpoint->name = strdup(universe_names[number]);
	return err;
}

static int fill_universe(struct pg_endpoints *endpoints, struct pg_case_addrs *world)
{
	int err = 0;

	for (size_t i = 0; !err && universe_names[i]; i++)
		err = add_endpoint(endpoints, i);
	for (int family = 0; family < FAMILIES; family++) {
		for (size_t i = 0; !err && universe_host[family][i]; i++)
			err = add_addr(universe_host[family][i],
				       pg_array_add(&endpoints->host_addrs));
		for (size_t i = 0; !err && universe_world[family][i]; i++)
			err = add_addr(universe_world[family][i], pg_array_add(&world->list));
	}
	return err;
}

int arena_enter(struct arena *arena)
{
	_cleanup_case_addrs_ struct pg_case_addrs world = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	int err = fill_universe(&arena->endpoints, &world);

	if (!err)
		err = pg_lab_enter(&arena->endpoints, world.list.items, world.list.count, &diags,
				   &arena->lab);
	pg_report(stderr, NULL, &diags);
	return err;
}

void arena_done(struct arena *arena)
{
	pg_lab_free(arena->lab);
	pg_endpoints_done(&arena->endpoints);
}

int arena_clear(struct arena *arena)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_handle *handle = NULL;
	int err = arena->backend->open(&arena->options, true, &diags, &handle);

	if (!err) {
		err = arena->backend->clear(handle, &diags);
		arena->backend->close(handle);
	}
	pg_report(stderr, NULL, &diags);
	return err;
}

static int decode(struct trial *trial, const json_t *json)
{
	_cleanup_free_ char *text = json_dumps(json, JSON_INDENT(1));
	struct pg_decode_options options = { 0 };
	uint32_t source;
	int err = text ? pg_sources_add(&trial->sources, "parity.json", text, strlen(text), &source)
		       : -ENOMEM;

	if (!err)
		err = pg_case_decode(&trial->sources, source, &options, &trial->diags,
				     &trial->test);
	return err ? err : pg_case_assign(&trial->test, &trial->diags);
}

/* Where the lab has a case's endpoints. A case that was made smaller may lack some of the lab's. */
static int locate(const struct arena *arena, struct pg_endpoints *endpoints, int *netns)
{
	for (size_t i = 0; i < endpoints->list.count; i++) {
		struct pg_endpoint *endpoint = &endpoints->list.items[i];
		const struct pg_endpoint *known =
			pg_endpoints_find(&arena->endpoints, endpoint->name);

		if (!known)
			return -ENOENT;
		netns[i] = pg_lab_endpoint_netns(arena->lab,
						 (size_t)(known - arena->endpoints.list.items));
		endpoint->ifindex = known->ifindex;
		endpoint->interface = strdup(known->interface);
		if (!endpoint->interface)
			return -ENOMEM;
	}
	return 0;
}

static int enforce(const struct arena *arena, enum pg_on_revoke on_revoke, struct trial *trial)
{
	struct pg_intent_options options = {
		.on_revoke = on_revoke,
		.enforcement = trial->test.enforcement,
		.host_policy = trial->test.host_policy,
		.l4_only = true,
	};
	struct pg_enforce_result result;
	int err = pg_prepare(&trial->sources, &trial->test.policy, &trial->test.endpoints, &options,
			     &trial->diags, &trial->prepared);

	return err ? err
		   : pg_enforce(arena->backend, &arena->options, &trial->prepared.intent,
				&trial->diags, &result);
}

/* The model's word on every flow, into the flow and into the text. */
static int ask_model(struct trial *trial, json_t *json)
{
	for (size_t i = 0; i < trial->test.flows.count; i++) {
		struct pg_case_flow *flow = &trial->test.flows.items[i];
		json_t *written = json_array_get(json_object_get(json, "flows"), i);
		struct pg_evaluation evaluation;
		int err = pg_case_evaluate(&trial->test, flow, &trial->prepared.identities,
					   &evaluation);

		if (err)
			return err;
		flow->expect = pg_case_verdict(&evaluation);
		json_object_set_new(written, "expect",
				    json_string(pg_expectation_name(flow->expect)));
	}
	return 0;
}

static int probe(struct arena *arena, struct trial *trial, struct difference *ret_difference)
{
	const struct pg_case *test = &trial->test;
	size_t count = test->flows.count;
	_cleanup_free_ struct pg_probe *probes = calloc(count + 1, sizeof(*probes));
	struct pg_case_places places = { pg_lab_host_netns(arena->lab),
					 pg_lab_world_netns(arena->lab), trial->netns };
	struct pg_probe_options options = {
		.settle_ms = SETTLE_MS,
		.limit_ms = arena->limit_ms,
		.sequence = &arena->sequence,
	};
	int err;

	if (!probes)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		probes[i] = pg_case_probe(test, &test->flows.items[i], &places);
	err = pg_probe_run(probes, count, &options, &trial->diags);
	for (size_t i = 0; arena->tally && i < count; i++) {
		arena->tally->flows++;
		arena->tally->passed += test->flows.items[i].expect != PG_EXPECT_DENY;
	}
	for (size_t i = 0; !err && i < count; i++) {
		struct pg_case_outcome outcome = pg_case_found(&probes[i]);

		if (outcome.kind != PG_OUTCOME_JUDGED)
			return -outcome.error;
		if (outcome.verdict == test->flows.items[i].expect)
			continue;
		*ret_difference = (struct difference){
			i,
			pg_expectation_name(test->flows.items[i].expect),
			pg_probe_result_name(probes[i].result),
		};
		return 1;
	}
	return err;
}

int trial_begin(const struct arena *arena, const json_t *json, enum pg_on_revoke on_revoke,
		struct trial *trial)
{
	int err = decode(trial, json);

	if (!err)
		err = locate(arena, &trial->test.endpoints, trial->netns);
	if (!err)
		err = enforce(arena, on_revoke, trial);
	if (err)
		pg_report(stderr, &trial->sources, &trial->diags);
	return err;
}

int arena_try(struct arena *arena, json_t *json, struct difference *ret_difference)
{
	_cleanup_trial_ struct trial trial = { 0 };
	int err = trial_begin(arena, json, PG_ON_REVOKE_CUT, &trial);

	if (err)
		return err;
	err = ask_model(&trial, json);
	if (!err)
		err = probe(arena, &trial, ret_difference);
	if (err < 0)
		pg_report(stderr, &trial.sources, &trial.diags);
	return err;
}
