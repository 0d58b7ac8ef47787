// SPDX-License-Identifier: GPL-2.0-only
/* Findings one by one, and those of random policies by trying them out. */
#include "tests/unit/policy/universe.h"

#include "policy/example.h"
#include "policy/lint.h"

#define SEED	  20241123
#define UNIVERSES 400

struct fixture {
	struct pg_endpoints endpoints;
	struct pg_policy policy;
	struct pg_identities identities;
	struct pg_evaluation_options options;
	struct pg_findings findings;
};

/* Endpoints a, a2 (its replica), b and c. */
static void fixture_make(struct fixture *fixture)
{
	*fixture = (struct fixture){ .options.host_policy = PG_HOST_POLICY_ENFORCE };
	build_endpoint(&fixture->endpoints, "a", "10.0.0.2", "k8s:app=a");
	build_endpoint(&fixture->endpoints, "a2", "10.0.0.3", "k8s:app=a");
	build_endpoint(&fixture->endpoints, "b", "10.0.0.4", "k8s:app=b");
	build_endpoint(&fixture->endpoints, "c", "10.0.0.5", "k8s:app=c");
	*pg_array_add(&fixture->endpoints.host_addrs) = build_addr("10.0.0.1");
	build_finish(&fixture->endpoints);
}

static void fixture_lint(struct fixture *fixture)
{
	assert_int_equal(
		pg_identities_make(&fixture->endpoints, &fixture->policy, &fixture->identities), 0);
	assert_int_equal(pg_lint(&fixture->policy, &fixture->endpoints, &fixture->identities,
				 &fixture->options, &fixture->findings),
			 0);
}

static void fixture_done(struct fixture *fixture)
{
	pg_endpoints_done(&fixture->endpoints);
	pg_policy_done(&fixture->policy);
	pg_identities_done(&fixture->identities);
	pg_findings_done(&fixture->findings);
}

/* "shadowed 1.2 by 1.1+, ..." with + for several; what rules close is left out. */
static void expect_findings(const struct fixture *fixture, const char *expected)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_array_foreach(finding, &fixture->findings.list) {
		if (finding->kind == PG_FINDING_CLOSES)
			continue;
		pg_strbuf_printf(&buf, "%s%s %u", buf.length ? ", " : "",
				 pg_finding_name(finding->kind), finding->origin.rule);
		if (finding->origin.entry)
			pg_strbuf_printf(&buf, ".%u", finding->origin.entry);
		if (finding->other.rule)
			pg_strbuf_printf(&buf, " by %u", finding->other.rule);
		if (finding->other.entry)
			pg_strbuf_printf(&buf, ".%u", finding->other.entry);
		if (finding->several)
			pg_strbuf_putc(&buf, '+');
	}
	assert_string_equal(buf.text ? buf.text : "", expected);
}

static void lint_and_expect(struct fixture *fixture, const char *expected)
{
	fixture_lint(fixture);
	expect_findings(fixture, expected);
	fixture_done(fixture);
}

/* A closing rule for a, with its entry for TCP ports first..last of the peer. */
static struct pg_entry *add_allow(struct pg_rule *rule, const char *peer, uint16_t first,
				  uint16_t last)
{
	struct pg_entry *entry = build_entry(rule, PG_INGRESS);

	if (peer)
		build_peer(entry, peer);
	build_ports(entry, PG_PROTO_TCP, first, last);
	return entry;
}

static void test_a_good_policy_has_no_findings(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	add_allow(rule, "app=b", 80, 80);
	add_allow(rule, "app=b", 443, 443);
	add_allow(rule, "app=c", 80, 80);
	build_cidr(add_allow(rule, NULL, 80, 80), "192.0.2.0/24", NULL);
	/* closes, and that is all it is for */
	build_entry(build_rule(&fixture.policy, "app=b", true), PG_INGRESS);
	lint_and_expect(&fixture, "");
}

static void test_subjects(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_rule(&fixture.policy, "app=zz", true);
	build_rule(&fixture.policy, "$host", true);
	build_rule(&fixture.policy, "app=b", true);
	build_rule(&fixture.policy, "app=c|b,app!=b|c", true);
	lint_and_expect(&fixture, "no-subject 1, no-subject 2, impossible 4");
}

static void test_rules_that_say_nothing(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_rule(&fixture.policy, "app=a", false);
	build_rule(&fixture.policy, "app=b", true);
	lint_and_expect(&fixture, "says-nothing 1");
}

static void test_duplicates(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	add_allow(build_rule(&fixture.policy, "app=a", true), "app=b", 80, 80);
	add_allow(build_rule(&fixture.policy, "app=a", true), "app=b", 80, 81);
	add_allow(build_rule(&fixture.policy, "app=a", true), "app=b", 80, 80);
	add_allow(build_rule(&fixture.policy, "app=a", false), "app=b", 80, 80);
	add_allow(build_rule(&fixture.policy, "app=a", true), "app=b", 80, 80);
	/* the third and fifth rule are duplicates; that their entries are needless goes without saying */
	lint_and_expect(&fixture, "shadowed 1.1 by 2.1, duplicate 3 by 1, shadowed 4.1 by 2.1, "
				  "duplicate 5 by 1");
}

static void build_two_http_rules(struct fixture *fixture, const char *first, const char *second)
{
	build_http(build_entry(build_rule(&fixture->policy, "app=a", true), PG_INGRESS),
		   PG_PROTO_TCP, 80, first);
	build_http(build_entry(build_rule(&fixture->policy, "app=a", true), PG_INGRESS),
		   PG_PROTO_TCP, 80, second);
}

static void test_http_rules_make_a_difference(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_two_http_rules(&fixture, "/x", "/y");
	lint_and_expect(&fixture, "");
	fixture_make(&fixture);
	build_two_http_rules(&fixture, "/x", "/x");
	lint_and_expect(&fixture, "duplicate 2 by 1");
}

static void test_an_allow_makes_http_rules_needless(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	build_http(build_entry(rule, PG_INGRESS), PG_PROTO_TCP, 80, "/x");
	add_allow(rule, "app=b", 80, 80); /* makes b's requests free; the others' are not */
	lint_and_expect(&fixture, "");
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	build_http(build_entry(rule, PG_INGRESS), PG_PROTO_TCP, 80, "/x");
	add_allow(rule, "", 0, 100);
	lint_and_expect(&fixture, "shadowed 1.1 by 1.2");
}

static void test_closers(void **state)
{
	struct fixture fixture;
	size_t found = 0;

	(void)state;
	fixture_make(&fixture);
	build_rule(&fixture.policy, "", true)->default_deny[PG_EGRESS] = false;
	build_rule(&fixture.policy, "app=a", true);
	fixture_lint(&fixture);
	pg_array_foreach(finding, &fixture.findings.list) {
		const struct pg_endpoint *list = fixture.endpoints.list.items;

		assert_int_equal(finding->kind, PG_FINDING_CLOSES);
		assert_false(pg_finding_is_mistake(finding, &fixture.policy));
		assert_int_equal(finding->endpoints.count, 2);
		if (found++ == 0) {
			assert_int_equal(finding->origin.rule, 1);
			assert_int_equal(finding->direction, PG_INGRESS);
			assert_string_equal(list[finding->endpoints.items[0]].name, "b");
			assert_string_equal(list[finding->endpoints.items[1]].name, "c");
		} else {
			assert_int_equal(finding->origin.rule, 2);
			assert_int_equal(finding->direction, PG_EGRESS);
			assert_string_equal(list[finding->endpoints.items[0]].name, "a");
			assert_string_equal(list[finding->endpoints.items[1]].name, "a2");
		}
	}
	assert_int_equal(found, 2);
	fixture_done(&fixture);
}

static void test_modes_that_need_no_rule_to_close(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	fixture.options.enforcement = PG_ENFORCEMENT_ALWAYS;
	build_rule(&fixture.policy, "", true);
	fixture_lint(&fixture);
	assert_int_equal(fixture.findings.list.count, 0);
	fixture_done(&fixture);
	fixture_make(&fixture);
	fixture.options.enforcement = PG_ENFORCEMENT_NEVER;
	add_allow(build_rule(&fixture.policy, "", true), "app=b", 80, 80);
	fixture_lint(&fixture);
	assert_int_equal(fixture.findings.list.count, 0);
	fixture_done(&fixture);
}

static void test_peers_that_nobody_is(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;
	struct pg_entry *entry;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	entry = build_entry(rule, PG_INGRESS);
	build_peer(entry, "app=b");
	build_peer(entry, "app=zz");
	build_peer(entry, "app!=x|y,k8s:app=x");
	entry = build_entry(rule, PG_EGRESS);
	build_cidr(entry, "10.0.0.4/32", NULL);
	build_cidr(entry, "10.0.0.0/30", "10.0.0.0/32");
	build_cidr(entry, "10.0.0.0/29", NULL);
	build_entities(build_entry(rule, PG_EGRESS), PG_ENTITY_REMOTE_NODE);
	build_entities(build_entry(rule, PG_EGRESS), PG_ENTITY_NONE);
	build_entities(build_entry(rule, PG_EGRESS), PG_ENTITY_HOST);
	lint_and_expect(&fixture,
			"impossible 1.1, no-peer 1.1, no-peer 1.2, no-peer 1.2, no-peer 1.3");
}

static void test_entries_that_say_nothing(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;
	struct pg_entry *entry;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	build_entry(rule, PG_INGRESS)->peers.l3 = PG_L3_PEERS;
	build_entry(rule, PG_INGRESS)->has_l4 = true;
	entry = build_entry(rule, PG_INGRESS);
	build_peer(entry, "app=b");
	build_requires(entry, "app=c");
	build_entry(rule, PG_INGRESS);
	lint_and_expect(&fixture, "empty-peers 1.1, empty-ports 1.2, unmet 1.3");
}

static void test_shadowed_by_one(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	add_allow(rule, "app=b", 80, 80);
	add_allow(rule, "app=b", 81, 81);
	build_peer(build_entry(rule, PG_INGRESS), "app=c");
	add_allow(build_rule(&fixture.policy, "", true), "app=b", 1, 80);
	add_allow(rule, "app=c", 80, 80);
	add_allow(rule, "app=b", 80, 80);
	lint_and_expect(&fixture, "shadowed 1.1 by 2.1, shadowed 1.4 by 1.3, shadowed 1.5 by 2.1");
}

static void test_the_first_of_equals_stays(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	add_allow(rule, "app=b", 80, 90);
	add_allow(rule, "app=b", 80, 90);
	lint_and_expect(&fixture, "shadowed 1.2 by 1.1");
}

static void test_shadowed_by_several(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	add_allow(rule, "app=b", 10, 28);
	add_allow(rule, "app=b", 0, 19);
	add_allow(rule, "app=b", 20, 49);
	lint_and_expect(&fixture, "shadowed 1.1 by 1.2+");
}

static void test_one_subject_is_enough_to_be_needed(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	add_allow(build_rule(&fixture.policy, "app=a", true), "app=b", 0, 100);
	add_allow(build_rule(&fixture.policy, "app=c", true), "app=b", 0, 100);
	add_allow(build_rule(&fixture.policy, "app=a|b", true), "app=b", 80, 80);
	lint_and_expect(&fixture, "");
	fixture_make(&fixture);
	add_allow(build_rule(&fixture.policy, "app=a", true), "app=b", 0, 100);
	add_allow(build_rule(&fixture.policy, "app=c", true), "app=b", 0, 100);
	add_allow(build_rule(&fixture.policy, "app=a|c", true), "app=b", 80, 80);
	lint_and_expect(&fixture, "shadowed 3.1 by 1.1+");
}

static void test_ports_of_one_protocol_are_not_all(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	add_allow(rule, "app=b", 0, 65535);
	build_peer(build_entry(rule, PG_INGRESS), "app=b");
	lint_and_expect(&fixture, "shadowed 1.1 by 1.2");
}

static void test_denied(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;
	struct pg_entry *deny;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	add_allow(rule, "app=b", 80, 80);
	add_allow(rule, "app=b", 80, 81);
	add_allow(rule, "app=c", 80, 80);
	deny = build_deny(rule, PG_INGRESS);
	build_peer(deny, "app=b");
	build_ports(deny, PG_PROTO_TCP, 80, 80);
	lint_and_expect(&fixture, "denied 1.1 by 1.4, partly-denied 1.2 by 1.4");
}

static void test_an_exception_to_what_anybody_may(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	add_allow(rule, NULL, 80, 80);
	add_allow(rule, NULL, 81, 81);
	build_peer(build_deny(rule, PG_INGRESS), "app=b");
	build_peer(build_deny(rule, PG_EGRESS), "app=b");
	fixture_lint(&fixture);
	expect_findings(&fixture, "partly-denied 1.1 by 1.3, partly-denied 1.2 by 1.3");
	pg_array_foreach(finding, &fixture.findings.list)
		assert_false(pg_finding_is_mistake(finding, &fixture.policy));
	fixture_done(&fixture);
}

static void test_denies_shadow_each_other_only(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;
	struct pg_entry *deny;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	deny = build_deny(rule, PG_INGRESS);
	build_peer(deny, "app=b");
	build_ports(deny, PG_PROTO_TCP, 80, 80);
	build_peer(build_deny(rule, PG_INGRESS), "app=b");
	build_peer(build_deny(rule, PG_INGRESS), "app=c");
	lint_and_expect(&fixture, "shadowed 1.1 by 1.2");
}

static void test_what_is_open_needs_no_allow(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", false);
	add_allow(rule, "app=b", 80, 80);
	fixture_lint(&fixture);
	expect_findings(&fixture, "open 1.1");
	assert_false(pg_finding_is_mistake(&fixture.findings.list.items[0], &fixture.policy));
	fixture_done(&fixture);
	/* but where it takes requests out of HTTP rules it does something */
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", false);
	add_allow(rule, "app=b", 80, 80);
	build_http(build_entry(rule, PG_INGRESS), PG_PROTO_TCP, 80, "/x");
	lint_and_expect(&fixture, "");
}

static void build_host_entries(struct fixture *fixture)
{
	struct pg_rule *rule = build_rule(&fixture->policy, "app=a", true);

	build_entities(build_entry(rule, PG_INGRESS), PG_ENTITY_HOST);
	build_entities(build_deny(rule, PG_INGRESS), PG_ENTITY_HOST);
	build_entities(build_entry(rule, PG_EGRESS), PG_ENTITY_HOST);
}

static void test_the_host_that_always_gets_in(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	fixture.options.host_policy = PG_HOST_POLICY_ALLOW;
	build_host_entries(&fixture);
	fixture_lint(&fixture);
	expect_findings(&fixture, "host 1.1, host 1.2");
	/* the allow says what is so; the deny what isn't */
	pg_array_foreach(finding, &fixture.findings.list) {
		if (finding->kind == PG_FINDING_HOST)
			assert_int_equal(pg_finding_is_mistake(finding, &fixture.policy),
					 finding->origin.entry == 2);
	}
	fixture_done(&fixture);
	fixture_make(&fixture);
	build_host_entries(&fixture);
	lint_and_expect(&fixture, "denied 1.1 by 1.2");
}

static void test_requirements_are_never_for_nothing(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	build_peer(build_entry(rule, PG_INGRESS), "app=b");
	build_requires(add_allow(rule, "app=b", 80, 80), "app=b");
	lint_and_expect(&fixture, "");
}

static void test_findings_come_in_the_order_of_the_file(void **state)
{
	struct fixture fixture;
	struct pg_rule *rule;

	(void)state;
	fixture_make(&fixture);
	rule = build_rule(&fixture.policy, "app=a", true);
	rule->loc = (struct pg_loc){ 1, 10, 100 };
	build_peer(build_entry(rule, PG_INGRESS), "app=zz");
	rule->entries.items[0].peers.endpoints.items[0].loc = (struct pg_loc){ 1, 30, 5 };
	build_entry(rule, PG_INGRESS)->has_l4 = true;
	rule->entries.items[1].loc = (struct pg_loc){ 1, 20, 5 };
	lint_and_expect(&fixture, "empty-ports 1.2, no-peer 1.1");
}

/* Whether pg_lint() says so of a peer that nobody is. */
static bool is_impossible(const char *selector)
{
	struct fixture fixture;
	bool impossible;

	fixture_make(&fixture);
	build_rule(&fixture.policy, selector, true);
	fixture_lint(&fixture);
	assert_int_equal(fixture.findings.list.count, 1);
	impossible = fixture.findings.list.items[0].kind == PG_FINDING_IMPOSSIBLE;
	fixture_done(&fixture);
	return impossible;
}

static void test_selectors_that_nothing_can_meet(void **state)
{
	static const char *const impossible[] = {
		"app=x,app!=x",
		"k8s:app=x,!app",
		"app=x|y,k8s:app=y,k8s:app=x",
		"k8s:app=x|y,app!=x,k8s:app!=y",
		"k8s:app,k8s:app=x,any:app!=x",
		"$x,!$x",
		"app,!app",
		"k8s:app,!app",
		"k8s:a=x|y,k8s:a=y|z,k8s:a=x|z",
		"k8s:a=1,k8s:a=2",
		"!a,a=1",
		"a=1|2,a!=2|1|3",
	};
	static const char *const possible[] = {
		"app=x,k8s:app=y",
		"app=x,!k8s:app",
		"app=x,k8s:app!=x",
		"app=x,app=y",
		"k8s:app=x,container:app=y,!tier",
		"app=x|y,app!=x",
		"app,app!=a|b|c",
		"!app,tier",
		"k8s:a=x|y,k8s:a=y|z",
	};

	(void)state;
	for (size_t i = 0; i < PG_COUNT(impossible); i++) {
		if (!is_impossible(impossible[i]))
			fail_msg("'%s' is not found to be impossible", impossible[i]);
	}
	for (size_t i = 0; i < PG_COUNT(possible); i++) {
		if (is_impossible(possible[i]))
			fail_msg("'%s' is found to be impossible", possible[i]);
	}
}

/* It selects nobody all the same, and is reported as that. */
static void test_a_selector_of_many_values_is_not_searched(void **state)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	(void)state;
	pg_strbuf_puts(&text, "k8s:a,!a");
	assert_true(is_impossible(text.text));
	pg_strbuf_puts(&text, ",k8s:a=v");
	for (size_t i = 0; i < 10000; i++)
		pg_strbuf_printf(&text, "|%zu", i);
	assert_false(is_impossible(text.text));
}

/* Of random policies. */

struct trial {
	struct universe universe;
	struct pg_evaluation_options options;
	struct pg_findings findings;
	struct pg_array(struct pg_party) parties; /* one of each identity that somebody has */
};

static size_t kinds[PG_FINDINGS];

static void add_party(struct trial *trial, pg_identity id, const struct pg_addr *addr)
{
	struct pg_party *party = pg_array_add(&trial->parties);

	assert_non_null(party);
	*party = (struct pg_party){ id, *addr };
}

static void add_parties(struct trial *trial)
{
	const struct pg_endpoints *endpoints = &trial->universe.endpoints;

	pg_array_foreach(info, &trial->universe.identities.list) {
		struct pg_addr addr;

		for (uint8_t family = 4; family <= 6; family += 2) {
			if (!pg_example_address(&trial->universe.identities, info->id, family,
						&addr))
				add_party(trial, info->id, &addr);
		}
		if (info->endpoints.count) {
			const struct pg_endpoint *endpoint =
				&endpoints->list.items[info->endpoints.items[0]];

			add_party(trial, info->id,
				  endpoint->ipv4.family ? &endpoint->ipv4 : &endpoint->ipv6);
		}
	}
	add_party(trial, PG_IDENTITY_HOST, &endpoints->host_addrs.items[0]);
	add_party(trial, PG_IDENTITY_REMOTE_NODE, &endpoints->remote_node_addrs.items[0]);
}

static void trial_make(struct trial *trial, uint64_t seed)
{
	*trial = (struct trial){ 0 };
	if (seed % 4)
		universe_make_dense(&trial->universe, seed);
	else
		universe_make(&trial->universe, seed);
	trial->options.enforcement = trial->universe.mode;
	trial->options.host_policy = (enum pg_host_policy)(seed / 4 % PG_HOST_POLICIES);
	assert_int_equal(pg_lint(&trial->universe.policy, &trial->universe.endpoints,
				 &trial->universe.identities, &trial->options, &trial->findings),
			 0);
	add_parties(trial);
	pg_array_foreach(finding, &trial->findings.list)
		kinds[finding->kind]++;
}

static void trial_done(struct trial *trial)
{
	universe_done(&trial->universe);
	pg_findings_done(&trial->findings);
	free(trial->parties.items);
}

static const struct pg_finding *find(const struct trial *trial, enum pg_finding_kind kind,
				     struct pg_origin origin)
{
	pg_array_foreach(finding, &trial->findings.list) {
		if (finding->kind == kind && !pg_origin_compare(finding->origin, origin))
			return finding;
	}
	return NULL;
}

static bool is_needless(const struct trial *trial, struct pg_origin origin)
{
	return find(trial, PG_FINDING_SHADOWED, origin) || find(trial, PG_FINDING_DENIED, origin) ||
	       find(trial, PG_FINDING_OPEN, origin) || find(trial, PG_FINDING_HOST, origin);
}

/* The policy without all that is needless. Borrows from the whole one; freed by reduced_done(). */
static struct pg_policy reduce(const struct trial *trial)
{
	struct pg_policy reduced = { 0 };

	for (uint32_t r = 1; r <= trial->universe.policy.rules.count; r++) {
		const struct pg_rule *rule = &trial->universe.policy.rules.items[r - 1];
		struct pg_rule *copy;

		if (find(trial, PG_FINDING_DUPLICATE, (struct pg_origin){ r, 0 }))
			continue;
		copy = pg_array_add(&reduced.rules);
		*copy = *rule;
		memset(&copy->entries, 0, sizeof(copy->entries));
		for (uint32_t e = 1; e <= rule->entries.count; e++) {
			if (!is_needless(trial, (struct pg_origin){ r, e }))
				*pg_array_add(&copy->entries) = rule->entries.items[e - 1];
		}
	}
	return reduced;
}

static void reduced_done(struct pg_policy *reduced)
{
	pg_array_foreach(rule, &reduced->rules)
		free(rule->entries.items);
	free(reduced->rules.items);
}

static struct pg_evaluation evaluate(const struct trial *trial, const struct pg_policy *policy,
				     const struct pg_flow *flow)
{
	struct pg_evaluation evaluation;

	assert_int_equal(pg_evaluate(policy, &trial->universe.identities, flow, &trial->options,
				     &evaluation),
			 0);
	return evaluation;
}

static void compare_flow(const struct trial *trial, const struct pg_policy *reduced,
			 struct pg_flow flow)
{
	static const struct pg_http_request request = { .method = "GET", .path = "/x" };
	struct pg_evaluation whole, rest;

	for (int http = 0; http < 2; http++) {
		flow.http = http ? &request : NULL;
		whole = evaluate(trial, &trial->universe.policy, &flow);
		rest = evaluate(trial, reduced, &flow);
		if (whole.verdict != rest.verdict || whole.http_403 != rest.http_403)
			fail_msg("seed %llu: without what is needless %u -> %u %u/%u differs",
				 (unsigned long long)trial->universe.seed, flow.src.id.n,
				 flow.dst.id.n, flow.proto.n, flow.dport);
	}
}

static void compare_all_flows(const struct trial *trial, const struct pg_policy *reduced)
{
	static const pg_proto protos[] = { PG_PROTO_TCP, PG_PROTO_UDP, PG_PROTO_ICMP };

	pg_array_foreach(src, &trial->parties) {
		pg_array_foreach(dst, &trial->parties) {
			for (size_t i = 0; i < PG_COUNT(protos) && src != dst; i++) {
				pg_array_foreach(port, &trial->universe.ports)
					compare_flow(trial, reduced,
						     (struct pg_flow){ *src, *dst, protos[i], *port,
								       NULL });
			}
		}
	}
}

static void test_what_is_needless_can_go(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < UNIVERSES; i++) {
		struct pg_policy reduced;
		struct trial trial;

		trial_make(&trial, SEED + i);
		reduced = reduce(&trial);
		/* Where nothing goes there is nothing to compare. */
		if (reduced.rules.count)
			compare_all_flows(&trial, &reduced);
		reduced_done(&reduced);
		trial_done(&trial);
	}
	for (size_t i = 0; i < PG_FINDINGS; i++)
		print_message("# %s: %zu\n", pg_finding_name((enum pg_finding_kind)i), kinds[i]);
	assert_true(kinds[PG_FINDING_SHADOWED] > 100);
	assert_true(kinds[PG_FINDING_DENIED] > 10);
	assert_true(kinds[PG_FINDING_OPEN] > 10);
	assert_true(kinds[PG_FINDING_HOST] > 2);
}

static bool selects_endpoint(const struct trial *trial, const struct pg_selector *selector)
{
	pg_array_foreach(endpoint, &trial->universe.endpoints.list) {
		if (pg_selector_matches(selector, &endpoint->labels))
			return true;
	}
	return false;
}

static bool selects_party(const struct trial *trial, const struct pg_selector *selector)
{
	pg_array_foreach(party, &trial->parties) {
		const struct pg_identity_info *info =
			pg_identities_get(&trial->universe.identities, party->id);

		if (pg_selector_matches(selector, &info->labels))
			return true;
	}
	return false;
}

static bool has_world_party(const struct trial *trial, const struct pg_cidr *cidr)
{
	pg_array_foreach(party, &trial->parties) {
		if (pg_identity_is_world(party->id) &&
		    pg_prefix_contains(&cidr->prefix, &party->addr))
			return true;
	}
	return false;
}

static bool has_selector(const struct trial *trial, enum pg_finding_kind kind,
			 const struct pg_selector *selector)
{
	pg_array_foreach(finding, &trial->findings.list) {
		if (finding->kind == kind && finding->selector == selector)
			return true;
	}
	return false;
}

static void check_selectors(const struct trial *trial)
{
	pg_array_foreach(rule, &trial->universe.policy.rules) {
		assert_int_equal(has_selector(trial, PG_FINDING_NO_SUBJECT, &rule->subject),
				 !selects_endpoint(trial, &rule->subject));
		pg_array_foreach(entry, &rule->entries) {
			pg_array_foreach(peer, &entry->peers.endpoints)
				assert_int_equal(has_selector(trial, PG_FINDING_NO_PEER, peer),
						 !selects_party(trial, peer));
		}
	}
	pg_array_foreach(finding, &trial->findings.list) {
		assert_int_not_equal(finding->kind, PG_FINDING_IMPOSSIBLE);
		assert_true(!finding->cidr || !has_world_party(trial, finding->cidr));
	}
}

/* Whether the endpoint is closed by the rules without one of them. */
static bool is_closed_without(const struct universe *universe, uint32_t left_out,
			      const struct pg_endpoint *endpoint, enum pg_direction direction)
{
	for (uint32_t r = 1; r <= universe->policy.rules.count; r++) {
		const struct pg_rule *rule = &universe->policy.rules.items[r - 1];

		if (r != left_out && rule->default_deny[direction] &&
		    pg_selector_matches(&rule->subject, &endpoint->labels))
			return true;
	}
	return false;
}

static bool is_listed(const struct pg_finding *finding, size_t endpoint)
{
	pg_array_foreach(listed, &finding->endpoints) {
		if (*listed == endpoint)
			return true;
	}
	return false;
}

static void check_closer(const struct trial *trial, uint32_t number, enum pg_direction direction)
{
	const struct universe *universe = &trial->universe;
	const struct pg_finding *found = NULL;

	pg_array_foreach(finding, &trial->findings.list) {
		if (finding->kind == PG_FINDING_CLOSES && finding->origin.rule == number &&
		    finding->direction == direction)
			found = finding;
	}
	for (size_t i = 0; i < universe->endpoints.list.count; i++) {
		const struct pg_endpoint *endpoint = &universe->endpoints.list.items[i];
		bool closes = universe->mode == PG_ENFORCEMENT_DEFAULT &&
			      is_closed_without(universe, 0, endpoint, direction) &&
			      !is_closed_without(universe, number, endpoint, direction);

		assert_int_equal(found && is_listed(found, i), closes);
	}
}

static void test_selectors_and_closers_hold(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < UNIVERSES; i++) {
		struct trial trial;

		trial_make(&trial, SEED + i);
		check_selectors(&trial);
		for (uint32_t r = 1; r <= trial.universe.policy.rules.count; r++) {
			check_closer(&trial, r, PG_EGRESS);
			check_closer(&trial, r, PG_INGRESS);
		}
		trial_done(&trial);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_good_policy_has_no_findings),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_rules_that_say_nothing),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_http_rules_make_a_difference),
		cmocka_unit_test(test_an_allow_makes_http_rules_needless),
		cmocka_unit_test(test_closers),
		cmocka_unit_test(test_modes_that_need_no_rule_to_close),
		cmocka_unit_test(test_peers_that_nobody_is),
		cmocka_unit_test(test_entries_that_say_nothing),
		cmocka_unit_test(test_shadowed_by_one),
		cmocka_unit_test(test_the_first_of_equals_stays),
		cmocka_unit_test(test_shadowed_by_several),
		cmocka_unit_test(test_one_subject_is_enough_to_be_needed),
		cmocka_unit_test(test_ports_of_one_protocol_are_not_all),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_an_exception_to_what_anybody_may),
		cmocka_unit_test(test_denies_shadow_each_other_only),
		cmocka_unit_test(test_what_is_open_needs_no_allow),
		cmocka_unit_test(test_the_host_that_always_gets_in),
		cmocka_unit_test(test_requirements_are_never_for_nothing),
		cmocka_unit_test(test_findings_come_in_the_order_of_the_file),
		cmocka_unit_test(test_selectors_that_nothing_can_meet),
		cmocka_unit_test(test_a_selector_of_many_values_is_not_searched),
		cmocka_unit_test(test_what_is_needless_can_go),
		cmocka_unit_test(test_selectors_and_closers_hold),
	};

	return cmocka_run_group_tests_name("lint", tests, NULL, NULL);
}
