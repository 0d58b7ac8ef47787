// SPDX-License-Identifier: GPL-2.0-only
/* The semantics, sentence by sentence. Every deny has a neighbour that passes. */
#include "tests/unit/policy/build.h"

#include "policy/evaluate.h"

/* Endpoints a, a2 (its replica), b and s, a host, and a policy. */
struct town {
	struct pg_endpoints endpoints;
	struct pg_policy policy;
	struct pg_evaluation_options options;
};

static void town_make(struct town *town)
{
	*town = (struct town){ .options.host_policy = PG_HOST_POLICY_ENFORCE };
	build_endpoint(&town->endpoints, "a", "10.0.0.1", "k8s:app=a,k8s:env=prod");
	build_endpoint(&town->endpoints, "a2", "10.0.0.2", "k8s:app=a,k8s:env=prod");
	build_endpoint(&town->endpoints, "b", "10.0.0.3", "k8s:app=b");
	build_endpoint(&town->endpoints, "s", "10.0.0.4", "k8s:app=s");
	*pg_array_add(&town->endpoints.host_addrs) = build_addr("10.0.0.254");
	*pg_array_add(&town->endpoints.remote_node_addrs) = build_addr("10.0.1.254");
	build_finish(&town->endpoints);
}

static void town_done(struct town *town)
{
	pg_endpoints_done(&town->endpoints);
	pg_policy_done(&town->policy);
}

/* A rule that selects app=s, closed in ingress. */
static struct pg_rule *close_s(struct town *town)
{
	struct pg_rule *rule = build_rule(&town->policy, "app=s", false);

	rule->default_deny[PG_INGRESS] = true;
	return rule;
}

static struct pg_party find_party(const struct town *town, const struct pg_identities *identities,
				  const char *name)
{
	const struct pg_endpoint *endpoint = pg_endpoints_find(&town->endpoints, name);
	struct pg_party party;

	if (!strcmp(name, "host"))
		party.addr = build_addr("10.0.0.254");
	else if (!strcmp(name, "node"))
		party.addr = build_addr("10.0.1.254");
	else
		party.addr = endpoint ? endpoint->ipv4 : build_addr(name);
	party.id = pg_identities_of_addr(identities, &party.addr);
	return party;
}

static struct pg_evaluation ask_http(const struct town *town, const char *src, const char *dst,
				     pg_proto proto, uint16_t port, const char *path)
{
	const struct pg_http_request request = { .method = "GET", .path = path };
	struct pg_evaluation evaluation;
	struct pg_identities identities;
	struct pg_flow flow = { .proto = proto, .dport = port, .http = path ? &request : NULL };

	assert_int_equal(pg_identities_make(&town->endpoints, &town->policy, &identities), 0);
	flow.src = find_party(town, &identities, src);
	flow.dst = find_party(town, &identities, dst);
	assert_int_equal(
		pg_evaluate(&town->policy, &identities, &flow, &town->options, &evaluation), 0);
	pg_identities_done(&identities);
	return evaluation;
}

static enum pg_verdict ask(const struct town *town, const char *src, const char *dst,
			   pg_proto proto, uint16_t port)
{
	return ask_http(town, src, dst, proto, port, NULL).verdict;
}

#define assert_allow(town, src, dst, proto, port) \
	assert_int_equal(ask(town, src, dst, PG_PROTO_##proto, port), PG_VERDICT_ALLOW)
#define assert_deny(town, src, dst, proto, port) \
	assert_int_equal(ask(town, src, dst, PG_PROTO_##proto, port), PG_VERDICT_DENY)

static void test_open_until_a_rule_closes(void **state)
{
	struct town town;
	struct pg_evaluation evaluation;

	(void)state;
	town_make(&town);
	assert_allow(&town, "a", "s", TCP, 80);
	build_rule(&town.policy, "app=b", true);
	build_entry(close_s(&town), PG_INGRESS);
	assert_deny(&town, "a", "s", TCP, 80);
	assert_deny(&town, "a", "s", ICMP, 8);
	assert_deny(&town, "8.8.8.8", "s", TCP, 80);
	assert_allow(&town, "s", "a", TCP, 80);
	evaluation = ask_http(&town, "a", "s", PG_PROTO_TCP, 80, NULL);
	assert_int_equal(evaluation.side[PG_EGRESS].reason, PG_REASON_NOT_ENFORCED);
	assert_int_equal(evaluation.side[PG_INGRESS].reason, PG_REASON_DEFAULT_DENY);
	assert_int_equal(evaluation.side[PG_INGRESS].origin.rule, 2);
	assert_int_equal(evaluation.side[PG_INGRESS].origin.entry, 0);
	town_done(&town);
}

static void test_modes(void **state)
{
	struct town town;
	struct pg_entry *entry;

	(void)state;
	town_make(&town);
	entry = build_entry(close_s(&town), PG_INGRESS);
	build_peer(entry, "app=a");
	assert_allow(&town, "a", "s", TCP, 80);
	assert_deny(&town, "b", "s", TCP, 80);
	town.options.enforcement = PG_ENFORCEMENT_NEVER;
	assert_allow(&town, "b", "s", TCP, 80);
	town.options.enforcement = PG_ENFORCEMENT_ALWAYS;
	assert_deny(&town, "a", "s", TCP, 80);
	assert_allow(&town, "8.8.8.8", "10.0.0.254", TCP, 80);
	build_peer(build_entry(build_rule(&town.policy, "app=a", false), PG_EGRESS), "app=s");
	assert_allow(&town, "a", "s", TCP, 80);
	assert_deny(&town, "s", "a", TCP, 80);
	assert_int_equal(ask_http(&town, "b", "s", PG_PROTO_TCP, 1, NULL).side[0].reason,
			 PG_REASON_DEFAULT_DENY);
	assert_int_equal(ask_http(&town, "b", "s", PG_PROTO_TCP, 1, NULL).side[0].origin.rule, 0);
	town_done(&town);
}

/* Section 4, line by line. */
static void test_no_ports_and_no_peers_is_nothing(void **state)
{
	struct town town;

	(void)state;
	town_make(&town);
	build_entry(close_s(&town), PG_INGRESS);
	assert_deny(&town, "a", "s", TCP, 80);
	build_deny(build_rule(&town.policy, "app=b", false), PG_INGRESS);
	assert_allow(&town, "a", "b", TCP, 80);
	town_done(&town);
}

static void test_peers_without_ports_are_every_protocol(void **state)
{
	struct town town;

	(void)state;
	town_make(&town);
	build_peer(build_entry(close_s(&town), PG_INGRESS), "app=a");
	assert_allow(&town, "a", "s", TCP, 80);
	assert_allow(&town, "a2", "s", ICMP, 8);
	assert_int_equal(ask(&town, "a", "s", (pg_proto){ 47 }, 0), PG_VERDICT_ALLOW);
	assert_deny(&town, "b", "s", TCP, 80);
	town_done(&town);
}

static void test_ports_without_peers_are_for_anybody(void **state)
{
	struct town town;

	(void)state;
	town_make(&town);
	build_ports(build_entry(close_s(&town), PG_INGRESS), PG_PROTO_TCP, 80, 81);
	assert_allow(&town, "a", "s", TCP, 80);
	assert_allow(&town, "8.8.8.8", "s", TCP, 81);
	assert_allow(&town, "host", "s", TCP, 80);
	assert_deny(&town, "a", "s", TCP, 79);
	assert_deny(&town, "a", "s", TCP, 82);
	assert_deny(&town, "a", "s", UDP, 80);
	assert_deny(&town, "a", "s", ICMP, 80);
	town_done(&town);
}

static void test_an_empty_peer_list_is_nobody(void **state)
{
	struct town town;
	struct pg_entry *entry;

	(void)state;
	town_make(&town);
	entry = build_entry(close_s(&town), PG_INGRESS);
	entry->peers.l3 = PG_L3_PEERS;
	build_ports(entry, PG_PROTO_TCP, 80, 80);
	assert_deny(&town, "a", "s", TCP, 80);
	build_peer(entry, "");
	assert_allow(&town, "a", "s", TCP, 80);
	assert_allow(&town, "8.8.8.8", "s", TCP, 80);
	assert_deny(&town, "8.8.8.8", "s", TCP, 81);
	town_done(&town);
}

static void test_an_empty_port_list_allows_nothing(void **state)
{
	struct town town;
	struct pg_entry *entry;

	(void)state;
	town_make(&town);
	entry = build_entry(close_s(&town), PG_INGRESS);
	build_peer(entry, "app=a");
	entry->has_l4 = true;
	assert_deny(&town, "a", "s", TCP, 80);
	entry->has_l4 = false;
	assert_allow(&town, "a", "s", TCP, 80);
	town_done(&town);
}

static void test_entities(void **state)
{
	static const struct {
		unsigned int entities;
		const char *members;
	} cases[] = {
		{ PG_ENTITY_ALL, "a host node 8.8.8.8 9.9.9.9" },
		{ PG_ENTITY_WORLD, "8.8.8.8 9.9.9.9" },
		{ PG_ENTITY_HOST, "host" },
		{ PG_ENTITY_REMOTE_NODE, "node" },
		{ PG_ENTITY_CLUSTER, "a host node" },
		{ PG_ENTITY_NONE, "" },
		{ PG_ENTITY_HOST | PG_ENTITY_WORLD, "host 8.8.8.8 9.9.9.9" },
	};
	static const char *const all[] = { "a", "host", "node", "8.8.8.8", "9.9.9.9" };

	(void)state;
	for (size_t i = 0; i < PG_COUNT(cases); i++) {
		struct town town;

		town_make(&town);
		build_entities(build_entry(close_s(&town), PG_INGRESS), cases[i].entities);
		build_cidr(build_entry(build_rule(&town.policy, "app=b", false), PG_INGRESS),
			   "9.0.0.0/8", NULL);
		for (size_t k = 0; k < PG_COUNT(all); k++)
			assert_int_equal(ask(&town, all[k], "s", PG_PROTO_TCP, 1) ==
						 PG_VERDICT_ALLOW,
					 strstr(cases[i].members, all[k]) != NULL);
		town_done(&town);
	}
}

static void test_cidrs_are_never_endpoints_or_hosts(void **state)
{
	struct town town;
	struct pg_entry *entry;

	(void)state;
	town_make(&town);
	entry = build_entry(close_s(&town), PG_INGRESS);
	build_cidr(entry, "10.0.0.0/8", "10.9.0.0/16,10.8.0.0/16");
	build_cidr(entry, "10.9.9.0/24", NULL);
	assert_allow(&town, "10.7.0.1", "s", TCP, 80);
	assert_deny(&town, "10.9.0.1", "s", TCP, 80);
	assert_allow(&town, "10.9.9.1", "s", TCP, 80);
	assert_deny(&town, "10.8.9.1", "s", TCP, 80);
	assert_deny(&town, "11.0.0.1", "s", TCP, 80);
	assert_deny(&town, "a", "s", TCP, 80);
	assert_deny(&town, "host", "s", TCP, 80);
	assert_deny(&town, "node", "s", TCP, 80);
	town_done(&town);
}

static void test_cidrs_of_ipv6(void **state)
{
	struct town town;
	struct pg_entry *entry;

	(void)state;
	town_make(&town);
	build_endpoint(&town.endpoints, "six", "2001:db8::6", "k8s:app=six");
	*pg_array_add(&town.endpoints.host_addrs) = build_addr("2001:db8::1");
	build_finish(&town.endpoints);
	entry = build_entry(close_s(&town), PG_INGRESS);
	build_cidr(entry, "2001:db8::/32", "2001:db8:9::/48,2001:db8:8::/48");
	build_cidr(entry, "2001:db8:9:9::/64", NULL);
	assert_allow(&town, "2001:db8:1::1", "s", TCP, 80);
	assert_deny(&town, "2001:db9::1", "s", TCP, 80);
	assert_deny(&town, "2001:db8:8::1", "s", TCP, 80);
	assert_deny(&town, "2001:db8:9::1", "s", TCP, 80);
	assert_allow(&town, "2001:db8:9:9::1", "s", TCP, 80);
	assert_deny(&town, "six", "s", TCP, 80);
	assert_deny(&town, "2001:db8::1", "s", TCP, 80);
	assert_deny(&town, "32.1.13.184", "s", TCP, 80);
	build_cidr(build_entry(close_s(&town), PG_INGRESS), "0.0.0.0/0", NULL);
	assert_allow(&town, "32.1.13.184", "s", TCP, 80);
	assert_deny(&town, "2001:db9::1", "s", TCP, 80);
	build_cidr(build_entry(close_s(&town), PG_INGRESS), "::/0", NULL);
	assert_allow(&town, "2001:db9::1", "s", TCP, 80);
	assert_deny(&town, "six", "s", TCP, 80);
	town_done(&town);
}

static void test_icmp_of_either_family_is_not_the_other_s(void **state)
{
	struct town town;

	(void)state;
	town_make(&town);
	build_ports(build_entry(close_s(&town), PG_INGRESS), PG_PROTO_ICMPV6, 128, 128);
	assert_allow(&town, "a", "s", ICMPV6, 128);
	assert_deny(&town, "a", "s", ICMPV6, 129);
	assert_deny(&town, "a", "s", ICMP, 128);
	assert_deny(&town, "a", "s", TCP, 128);
	build_ports(build_entry(close_s(&town), PG_INGRESS), PG_PROTO_ICMP, 0, 255);
	assert_allow(&town, "a", "s", ICMP, 128);
	assert_deny(&town, "a", "s", ICMPV6, 129);
	build_peer(build_entry(close_s(&town), PG_INGRESS), "app=b");
	assert_allow(&town, "b", "s", ICMPV6, 129);
	assert_deny(&town, "a", "s", ICMPV6, 129);
	town_done(&town);
}

static void test_an_unknown_address_is_in_no_cidr(void **state)
{
	struct town town;
	struct pg_identities identities;
	struct pg_evaluation evaluation;
	struct pg_flow flow = { .src.id = PG_IDENTITY_WORLD, .proto = PG_PROTO_TCP };

	(void)state;
	town_make(&town);
	build_cidr(build_entry(close_s(&town), PG_INGRESS), "0.0.0.0/0", NULL);
	assert_int_equal(pg_identities_make(&town.endpoints, &town.policy, &identities), 0);
	flow.dst = find_party(&town, &identities, "s");
	assert_int_equal(pg_evaluate(&town.policy, &identities, &flow, &town.options, &evaluation),
			 0);
	assert_int_equal(evaluation.verdict, PG_VERDICT_DENY);
	flow.src = find_party(&town, &identities, "8.8.8.8");
	assert_int_equal(pg_evaluate(&town.policy, &identities, &flow, &town.options, &evaluation),
			 0);
	assert_int_equal(evaluation.verdict, PG_VERDICT_ALLOW);
	flow.src.id.n = 99;
	assert_int_equal(pg_evaluate(&town.policy, &identities, &flow, &town.options, &evaluation),
			 -EINVAL);
	pg_identities_done(&identities);
	town_done(&town);
}

static void test_deny_beats_allow(void **state)
{
	struct town town;

	(void)state;
	town_make(&town);
	build_peer(build_entry(close_s(&town), PG_INGRESS), "app=a");
	build_ports(build_deny(close_s(&town), PG_INGRESS), PG_PROTO_TCP, 80, 80);
	assert_deny(&town, "a", "s", TCP, 80);
	assert_allow(&town, "a", "s", TCP, 81);
	assert_allow(&town, "a", "s", ICMP, 8);
	assert_int_equal(ask_http(&town, "a", "s", PG_PROTO_TCP, 80, NULL).side[1].origin.rule, 2);
	town_done(&town);
}

static void test_without_default_deny_the_rest_passes(void **state)
{
	struct town town;

	(void)state;
	town_make(&town);
	build_peer(build_deny(build_rule(&town.policy, "app=s", false), PG_INGRESS), "app=b");
	assert_deny(&town, "b", "s", TCP, 80);
	assert_allow(&town, "a", "s", TCP, 80);
	build_peer(build_entry(close_s(&town), PG_INGRESS), "app=a");
	assert_deny(&town, "b", "s", TCP, 80);
	assert_allow(&town, "a", "s", TCP, 80);
	assert_deny(&town, "host", "s", TCP, 80);
	town_done(&town);
}

static void test_both_sides_must_allow(void **state)
{
	struct town town;
	struct pg_rule *rule;

	(void)state;
	town_make(&town);
	build_peer(build_entry(close_s(&town), PG_INGRESS), "app=a");
	rule = build_rule(&town.policy, "app=a", false);
	rule->default_deny[PG_EGRESS] = true;
	build_peer(build_entry(rule, PG_EGRESS), "app=b");
	assert_deny(&town, "a", "s", TCP, 80);
	assert_allow(&town, "a", "b", TCP, 80);
	build_peer(build_entry(rule, PG_EGRESS), "app=s");
	assert_allow(&town, "a", "s", TCP, 80);
	town_done(&town);
}

/* What an entry requires limits its own peers, and the endpoints of all that select the subject. */
static void test_requires(void **state)
{
	struct town town;
	struct pg_entry *entry;

	(void)state;
	town_make(&town);
	build_peer(build_entry(close_s(&town), PG_INGRESS), "app");
	build_entities(build_entry(close_s(&town), PG_INGRESS), PG_ENTITY_HOST);
	assert_allow(&town, "b", "s", TCP, 80);
	build_requires(build_entry(close_s(&town), PG_INGRESS), "env=prod");
	assert_deny(&town, "b", "s", TCP, 80);
	assert_allow(&town, "a", "s", TCP, 80);
	assert_allow(&town, "host", "s", TCP, 80);
	assert_deny(&town, "8.8.8.8", "s", TCP, 80);
	entry = build_entry(close_s(&town), PG_INGRESS);
	build_ports(entry, PG_PROTO_TCP, 443, 443);
	build_requires(entry, "app");
	assert_allow(&town, "b", "s", TCP, 443);
	assert_deny(&town, "8.8.8.8", "s", TCP, 443);
	town_done(&town);
}

static void test_requires_of_denies_are_their_own(void **state)
{
	struct town town;
	struct pg_rule *rule;

	(void)state;
	town_make(&town);
	build_peer(build_entry(close_s(&town), PG_INGRESS), "app");
	rule = build_rule(&town.policy, "app=s", false);
	build_requires(build_deny(rule, PG_INGRESS), "env=prod");
	build_peer(build_deny(rule, PG_INGRESS), "app");
	assert_deny(&town, "a", "s", TCP, 80);
	assert_allow(&town, "b", "s", TCP, 80);
	town_done(&town);
}

static void test_host_policy(void **state)
{
	struct town town;

	(void)state;
	town_make(&town);
	build_entities(build_deny(close_s(&town), PG_INGRESS), PG_ENTITY_HOST);
	assert_deny(&town, "host", "s", TCP, 80);
	town.options.host_policy = PG_HOST_POLICY_ALLOW;
	assert_allow(&town, "host", "s", TCP, 80);
	assert_deny(&town, "node", "s", TCP, 80);
	assert_int_equal(ask_http(&town, "host", "s", PG_PROTO_TCP, 1, NULL).side[1].reason,
			 PG_REASON_HOST_POLICY);
	assert_int_equal(ask_http(&town, "host", "s", PG_PROTO_TCP, 1, NULL).side[0].reason,
			 PG_REASON_NOT_MANAGED);
	town.options.enforcement = PG_ENFORCEMENT_ALWAYS;
	assert_allow(&town, "host", "s", TCP, 80);
	assert_deny(&town, "s", "host", TCP, 80);
	town_done(&town);
}

static void test_an_endpoint_reaches_itself_but_not_its_replica(void **state)
{
	struct town town;

	(void)state;
	town_make(&town);
	town.options.enforcement = PG_ENFORCEMENT_ALWAYS;
	assert_allow(&town, "a", "a", TCP, 80);
	assert_deny(&town, "a", "a2", TCP, 80);
	town_done(&town);
}

/* HTTP. */

static void assert_http(const struct town *town, const char *src, const char *dst, const char *path,
			enum pg_verdict verdict, bool http_403)
{
	struct pg_evaluation evaluation = ask_http(town, src, dst, PG_PROTO_TCP, 80, path);

	assert_int_equal(evaluation.verdict, verdict);
	assert_int_equal(evaluation.http_403, http_403);
}

static void test_http_rules_decide_the_request(void **state)
{
	struct town town;
	struct pg_entry *entry;

	(void)state;
	town_make(&town);
	entry = build_entry(close_s(&town), PG_INGRESS);
	build_peer(entry, "app=a");
	build_http(entry, PG_PROTO_TCP, 80, "/public");
	assert_http(&town, "a", "s", NULL, PG_VERDICT_REDIRECT, false);
	assert_http(&town, "a", "s", "/public", PG_VERDICT_ALLOW, false);
	assert_http(&town, "a", "s", "/private", PG_VERDICT_DENY, true);
	assert_http(&town, "b", "s", "/public", PG_VERDICT_DENY, false);
	entry = build_entry(close_s(&town), PG_INGRESS);
	build_http(entry, PG_PROTO_TCP, 80, "/private");
	assert_http(&town, "a", "s", "/private", PG_VERDICT_ALLOW, false);
	assert_http(&town, "b", "s", "/private", PG_VERDICT_ALLOW, false);
	assert_http(&town, "b", "s", "/public", PG_VERDICT_DENY, true);
	assert_int_equal(
		ask_http(&town, "a", "s", PG_PROTO_TCP, 80, "/private").side[1].origin.rule, 2);
	town_done(&town);
}

/* An allow without HTTP rules that covers the flow takes it out of the lists, wherever it stands. */
static void test_a_plain_allow_beats_http_rules(void **state)
{
	struct town town;
	struct pg_entry *entry;

	(void)state;
	town_make(&town);
	build_http(build_entry(close_s(&town), PG_INGRESS), PG_PROTO_TCP, 80, "/public");
	assert_http(&town, "a", "s", "/private", PG_VERDICT_DENY, true);
	build_peer(build_entry(close_s(&town), PG_INGRESS), "app=a");
	assert_http(&town, "a", "s", "/private", PG_VERDICT_ALLOW, false);
	assert_http(&town, "a", "s", NULL, PG_VERDICT_ALLOW, false);
	assert_http(&town, "b", "s", "/private", PG_VERDICT_DENY, true);
	entry = build_entry(close_s(&town), PG_INGRESS);
	build_peer(entry, "app=b");
	build_ports(entry, PG_PROTO_TCP, 80, 80);
	assert_http(&town, "b", "s", "/private", PG_VERDICT_ALLOW, false);
	assert_http(&town, "8.8.8.8", "s", "/private", PG_VERDICT_DENY, true);
	build_ports(build_deny(close_s(&town), PG_INGRESS), PG_PROTO_TCP, 80, 80);
	assert_http(&town, "a", "s", "/public", PG_VERDICT_DENY, false);
	town_done(&town);
}

/* One side's list denies the request, the other side the connection: there is no connection. */
static void test_a_closed_connection_is_no_403(void **state)
{
	struct town town;
	struct pg_rule *rule;

	(void)state;
	town_make(&town);
	rule = build_rule(&town.policy, "app=b", false);
	rule->default_deny[PG_EGRESS] = true;
	build_http(build_entry(rule, PG_EGRESS), PG_PROTO_TCP, 80, "/public");
	assert_http(&town, "b", "s", "/private", PG_VERDICT_DENY, true);
	assert_http(&town, "b", "s", NULL, PG_VERDICT_REDIRECT, false);
	build_peer(build_entry(close_s(&town), PG_INGRESS), "app=a");
	assert_http(&town, "b", "s", "/private", PG_VERDICT_DENY, false);
	assert_http(&town, "b", "s", "/public", PG_VERDICT_DENY, false);
	town_done(&town);
}

static void test_reasons_have_names(void **state)
{
	(void)state;
	assert_string_equal(pg_reason_name(PG_REASON_DEFAULT_DENY), "default deny");
	assert_string_equal(pg_reason_name((enum pg_reason)99), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_until_a_rule_closes),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_no_ports_and_no_peers_is_nothing),
		cmocka_unit_test(test_peers_without_ports_are_every_protocol),
		cmocka_unit_test(test_ports_without_peers_are_for_anybody),
		cmocka_unit_test(test_an_empty_peer_list_is_nobody),
		cmocka_unit_test(test_an_empty_port_list_allows_nothing),
		cmocka_unit_test(test_entities),
		cmocka_unit_test(test_cidrs_are_never_endpoints_or_hosts),
		cmocka_unit_test(test_cidrs_of_ipv6),
		cmocka_unit_test(test_icmp_of_either_family_is_not_the_other_s),
		cmocka_unit_test(test_an_unknown_address_is_in_no_cidr),
		cmocka_unit_test(test_deny_beats_allow),
		cmocka_unit_test(test_without_default_deny_the_rest_passes),
		cmocka_unit_test(test_both_sides_must_allow),
		cmocka_unit_test(test_requires),
		cmocka_unit_test(test_requires_of_denies_are_their_own),
		cmocka_unit_test(test_host_policy),
		cmocka_unit_test(test_an_endpoint_reaches_itself_but_not_its_replica),
		cmocka_unit_test(test_http_rules_decide_the_request),
		cmocka_unit_test(test_a_plain_allow_beats_http_rules),
		cmocka_unit_test(test_a_closed_connection_is_no_403),
		cmocka_unit_test(test_reasons_have_names),
	};

	return cmocka_run_group_tests_name("evaluate", tests, NULL, NULL);
}
