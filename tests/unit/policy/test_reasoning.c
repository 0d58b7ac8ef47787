// SPDX-License-Identifier: GPL-2.0-only
/* The steps of a reasoning are such that the evaluator's verdict follows from them. */
#include "tests/unit/policy/universe.h"

#include "policy/reasoning.h"

#define SEED	  20261123
#define UNIVERSES 60

static size_t conclusions, reasons[PG_REASONS], peers[PG_PEER_MATCH_COUNT],
	ports[PG_PORT_MATCH_COUNT];

/* What an entry's verdict comes to for this flow: lists that allow the request are an allow. */
static enum pg_verdict settle(const struct pg_reason_step *step)
{
	if (step->http_asked)
		return step->http_allows ? PG_VERDICT_ALLOW : PG_VERDICT_REDIRECT;
	return step->answer.verdict;
}

/* An allow without HTTP rules comes before one whose lists allow the request. */
static unsigned int rank(const struct pg_reason_step *step)
{
	enum pg_verdict settled = settle(step);

	return pg_verdict_rank(settled) * 2 + (settled == PG_VERDICT_ALLOW && !step->http_asked);
}

/* The precedence of policy/types.h, over the steps alone. */
static struct pg_judgement conclude(const struct pg_reasoning_side *side, bool request,
				    enum pg_enforcement mode)
{
	struct pg_judgement open = { PG_VERDICT_ALLOW, PG_REASON_NOT_ENFORCED, PG_ORIGIN_NONE };
	struct pg_origin closed_by = PG_ORIGIN_NONE;
	const struct pg_reason_step *best = NULL;

	pg_array_foreach(step, &side->steps) {
		if (!step->origin.entry && step->closes && !closed_by.rule)
			closed_by = step->origin;
		if (step->origin.entry && rank(step) && (!best || rank(step) > rank(best)))
			best = step;
	}
	if (best && settle(best) == PG_VERDICT_REDIRECT && request)
		return (struct pg_judgement){ PG_VERDICT_DENY, PG_REASON_HTTP, best->origin };
	if (best)
		return (struct pg_judgement){ settle(best), PG_REASON_RULE, best->origin };
	if (closed_by.rule || mode == PG_ENFORCEMENT_ALWAYS)
		return (struct pg_judgement){ PG_VERDICT_DENY, PG_REASON_DEFAULT_DENY,
					      mode == PG_ENFORCEMENT_ALWAYS ? PG_ORIGIN_NONE
									    : closed_by };
	return open;
}

static void count_steps(const struct pg_reasoning_side *side)
{
	pg_array_foreach(step, &side->steps) {
		if (!step->origin.entry)
			continue;
		peers[step->answer.peer]++;
		ports[step->answer.port]++;
	}
}

static void check_side(const struct pg_reasoning *reasoning, enum pg_direction direction,
		       const struct pg_flow *flow, enum pg_enforcement mode)
{
	const struct pg_reasoning_side *side = &reasoning->side[direction];
	const struct pg_judgement *judgement = &reasoning->evaluation.side[direction];
	struct pg_judgement concluded;

	reasons[judgement->reason]++;
	if (side->exempt) {
		assert_int_equal(side->steps.count, 0);
		assert_int_equal(judgement->verdict, PG_VERDICT_ALLOW);
		return;
	}
	concluded = conclude(side, flow->http, mode);
	assert_int_equal(concluded.verdict, judgement->verdict);
	assert_int_equal(concluded.reason, judgement->reason);
	assert_int_equal(pg_origin_compare(concluded.origin, judgement->origin), 0);
	assert_int_equal(pg_reasoning_deciding(reasoning, direction) != NULL,
			 judgement->origin.rule != 0);
	count_steps(side);
	conclusions++;
}

static void check_flow(const struct universe *universe, const struct pg_flow *flow,
		       enum pg_host_policy host_policy)
{
	const struct pg_evaluation_options options = { universe->mode, host_policy };
	_cleanup_reasoning_ struct pg_reasoning reasoning = { 0 };
	struct pg_evaluation evaluation;

	assert_int_equal(pg_reasoning_make(&universe->policy, &universe->identities, flow, &options,
					   &reasoning),
			 0);
	assert_int_equal(
		pg_evaluate(&universe->policy, &universe->identities, flow, &options, &evaluation),
		0);
	assert_int_equal(evaluation.verdict, reasoning.evaluation.verdict);
	assert_int_equal(evaluation.http_403, reasoning.evaluation.http_403);
	check_side(&reasoning, PG_EGRESS, flow, universe->mode);
	check_side(&reasoning, PG_INGRESS, flow, universe->mode);
}

static void check_pair(const struct universe *universe, const struct pg_party *src,
		       const struct pg_party *dst)
{
	static const struct pg_http_request requests[] = { { .path = "/a" },
							   { .path = "/nobody" } };
	static const pg_proto protos[] = { PG_PROTO_TCP, PG_PROTO_UDP, PG_PROTO_ICMP };

	for (size_t p = 0; p < PG_COUNT(protos); p++) {
		pg_array_foreach(port, &universe->ports) {
			struct pg_flow flow = { *src, *dst, protos[p], *port, NULL };

			check_flow(universe, &flow, PG_HOST_POLICY_ENFORCE);
			for (size_t i = 0; i < PG_COUNT(requests) && !p; i++) {
				flow.http = &requests[i];
				check_flow(universe, &flow, PG_HOST_POLICY_ALLOW);
			}
		}
	}
}

static void check_universe(const struct universe *universe)
{
	pg_array_foreach(src, &universe->parties) {
		pg_array_foreach(dst, &universe->parties)
			check_pair(universe, src, dst);
	}
}

static void test_verdicts_follow_from_the_steps(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < UNIVERSES; i++) {
		struct universe universe;

		if (i % 2)
			universe_make_dense(&universe, SEED + i);
		else
			universe_make(&universe, SEED + i);
		check_universe(&universe);
		universe_done(&universe);
	}
	print_message("# %zu conclusions\n", conclusions);
	for (size_t i = 0; i < PG_REASONS; i++)
		assert_true(reasons[i] > 100);
	for (size_t i = 0; i < PG_PEER_MATCH_COUNT; i++)
		assert_true(peers[i] > 100);
	for (size_t i = 0; i < PG_PORT_MATCH_COUNT; i++)
		assert_true(ports[i] > 100);
}

/* A world of three, and the reasoning about one flow in it. */
struct small {
	struct pg_endpoints endpoints;
	struct pg_policy policy;
	struct pg_identities identities;
	struct pg_reasoning reasoning;
};

static void small_begin(struct small *small)
{
	*small = (struct small){ 0 };
	build_endpoint(&small->endpoints, "web", "10.0.0.2", "k8s:app=web,k8s:env=prod");
	build_endpoint(&small->endpoints, "db", "10.0.0.3", "k8s:app=db");
	build_finish(&small->endpoints);
}

static void small_done(struct small *small)
{
	pg_reasoning_done(&small->reasoning);
	pg_identities_done(&small->identities);
	pg_policy_done(&small->policy);
	pg_endpoints_done(&small->endpoints);
}

/* web -> db */
static const struct pg_reasoning_side *small_reason(struct small *small, pg_proto proto,
						    uint16_t dport)
{
	const struct pg_evaluation_options options = { PG_ENFORCEMENT_DEFAULT,
						       PG_HOST_POLICY_ENFORCE };
	struct pg_flow flow = { .proto = proto, .dport = dport };

	assert_int_equal(pg_identities_make(&small->endpoints, &small->policy, &small->identities),
			 0);
	flow.src = (struct pg_party){ build_id(&small->endpoints, &small->identities, "web"),
				      build_addr("10.0.0.2") };
	flow.dst = (struct pg_party){ build_id(&small->endpoints, &small->identities, "db"),
				      build_addr("10.0.0.3") };
	assert_int_equal(pg_reasoning_make(&small->policy, &small->identities, &flow, &options,
					   &small->reasoning),
			 0);
	return &small->reasoning.side[PG_INGRESS];
}

static void test_why_entries_do_not_match(void **state)
{
	static const struct {
		enum pg_peer_match peer;
		enum pg_port_match port;
	} expected[] = {
		{ PG_PEER_ANYBODY, PG_PORT_NOTHING }, { PG_PEER_OTHER, PG_PORT_EVERY },
		{ PG_PEER_NOBODY, PG_PORT_EVERY },    { PG_PEER_MATCHES, PG_PORT_OTHER },
		{ PG_PEER_MATCHES, PG_PORT_PROTO },   { PG_PEER_ANYBODY, PG_PORT_NONE },
		{ PG_PEER_LACKS, PG_PORT_EVERY },     { PG_PEER_ANYBODY, PG_PORT_MATCHES },
	};
	const struct pg_reasoning_side *side;
	struct pg_rule *rule;
	struct pg_entry *entry;
	struct small small;

	(void)state;
	small_begin(&small);
	rule = build_rule(&small.policy, "app=web", true);
	build_peer(build_entry(rule, PG_EGRESS), "app=db");
	rule = build_rule(&small.policy, "app=db", true);
	build_entry(rule, PG_INGRESS);
	build_peer(build_entry(rule, PG_INGRESS), "app=api");
	build_entry(rule, PG_INGRESS)->peers.l3 = PG_L3_PEERS;
	entry = build_entry(rule, PG_INGRESS);
	build_peer(entry, "app=web");
	build_ports(entry, PG_PROTO_TCP, 81, 89);
	entry = build_entry(rule, PG_INGRESS);
	build_peer(entry, "env=prod");
	build_ports(entry, PG_PROTO_UDP, 80, 80);
	build_entry(rule, PG_INGRESS)->has_l4 = true;
	entry = build_deny(rule, PG_INGRESS);
	build_peer(entry, "app=web");
	build_requires(entry, "env=test");
	build_entry(rule, PG_EGRESS);
	build_ports(build_entry(rule, PG_INGRESS), PG_PROTO_TCP, 80, 80);

	side = small_reason(&small, PG_PROTO_TCP, 80);
	assert_int_equal(side->steps.count, 1 + PG_COUNT(expected));
	assert_true(side->steps.items[0].closes);
	assert_int_equal(side->steps.items[0].entries, PG_COUNT(expected));
	for (size_t i = 0; i < PG_COUNT(expected); i++) {
		const struct pg_answer *answer = &side->steps.items[i + 1].answer;

		assert_string_equal(pg_peer_match_name(answer->peer),
				    pg_peer_match_name(expected[i].peer));
		assert_string_equal(pg_port_match_name(answer->port),
				    pg_port_match_name(expected[i].port));
	}
	assert_ptr_equal(pg_reasoning_deciding(&small.reasoning, PG_INGRESS),
			 &side->steps.items[PG_COUNT(expected)]);
	small_done(&small);
}

/* An entry's requirement limits the others' selectors; whose it is, is said. */
static void test_the_requirement_of_another_entry(void **state)
{
	const struct pg_reason_step *step;
	struct pg_entry *entry;
	struct pg_rule *rule;
	struct small small;

	(void)state;
	small_begin(&small);
	rule = build_rule(&small.policy, "app=db", true);
	build_peer(build_entry(rule, PG_INGRESS), "app=web");
	rule = build_rule(&small.policy, "", false);
	entry = build_entry(rule, PG_INGRESS);
	build_requires(entry, "env=test");

	step = &small_reason(&small, PG_PROTO_TCP, 80)->steps.items[1];
	assert_int_equal(step->answer.peer, PG_PEER_UNMET);
	assert_int_equal(step->unmet.rule, 2);
	assert_int_equal(step->unmet.entry, 1);
	assert_int_equal(small.reasoning.evaluation.verdict, PG_VERDICT_DENY);
	small_done(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts_follow_from_the_steps),
		cmocka_unit_test(test_why_entries_do_not_match),
		cmocka_unit_test(test_the_requirement_of_another_entry),
	};

	return cmocka_run_group_tests_name("reasoning", tests, NULL, NULL);
}
