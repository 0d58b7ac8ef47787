// SPDX-License-Identifier: GPL-2.0-only
/* The verdict table and its first-hit form, entry by entry. */
#include "tests/unit/policy/build.h"

#include "policy/classify.h"

struct fixture {
	struct pg_endpoints endpoints;
	struct pg_policy policy;
	struct pg_identities identities;
	struct pg_verdict_table table;
	struct pg_classes classes;
};

/* Endpoints a, a2 (its replica), b, c and s. */
static void fixture_make(struct fixture *fixture)
{
	*fixture = (struct fixture){ 0 };
	build_endpoint(&fixture->endpoints, "a", "10.0.0.1", "k8s:app=a");
	build_endpoint(&fixture->endpoints, "a2", "10.0.0.2", "k8s:app=a");
	build_endpoint(&fixture->endpoints, "b", "10.0.0.3", "k8s:app=b");
	build_endpoint(&fixture->endpoints, "c", "10.0.0.4", "k8s:app=c");
	build_endpoint(&fixture->endpoints, "s", "10.0.0.5", "k8s:app=s");
	build_finish(&fixture->endpoints);
}

static void fixture_resolve(struct fixture *fixture, enum pg_enforcement mode)
{
	assert_int_equal(
		pg_identities_make(&fixture->endpoints, &fixture->policy, &fixture->identities), 0);
	assert_int_equal(pg_resolve(&fixture->policy, &fixture->identities, mode, &fixture->table),
			 0);
	assert_int_equal(pg_classify(&fixture->table, 1000, &fixture->classes), 0);
}

static void fixture_done(struct fixture *fixture)
{
	pg_endpoints_done(&fixture->endpoints);
	pg_policy_done(&fixture->policy);
	pg_identities_done(&fixture->identities);
	pg_verdict_table_done(&fixture->table);
	pg_classes_done(&fixture->classes);
}

static pg_identity id(const struct fixture *fixture, const char *name)
{
	return build_id(&fixture->endpoints, &fixture->identities, name);
}

/* The name of an identity: an endpoint's, or what it is. */
static const char *name_of(const struct fixture *fixture, pg_identity peer)
{
	const struct pg_identity_info *info = pg_identities_get(&fixture->identities, peer);

	if (peer.n == PG_IDENTITY_ANY.n)
		return "*";
	assert_non_null(info);
	return info->endpoints.count ? fixture->endpoints.list.items[info->endpoints.items[0]].name
				     : info->labels.list.items[0].key;
}

/* Entries of s's ingress as lines of "peer protocol first-last verdict rule/entry". */
static void assert_entries(const struct fixture *fixture, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t count;
	const struct pg_verdict_entry *list =
		pg_verdict_table_slice(&fixture->table, id(fixture, "s"), PG_INGRESS, &count);

	for (size_t i = 0; i < count; i++)
		pg_strbuf_printf(&buf, "%s %u %u-%u %s %u/%u\n", name_of(fixture, list[i].peer),
				 list[i].proto.n, list[i].first, list[i].last,
				 pg_verdict_name(list[i].verdict), list[i].origin.rule,
				 list[i].origin.entry);
	text = pg_strbuf_take(&buf);
	assert_string_equal(text, wanted);
}

static void assert_classes(const struct fixture *fixture, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	_cleanup_free_ char *text = NULL;

	pg_array_foreach(class, &fixture->classes.list)
		pg_strbuf_printf(&buf, "%s %u %u/%u %s %u/%u\n", name_of(fixture, class->peer),
				 class->proto.n, class->port, class->port_bits,
				 pg_verdict_name(class->verdict), class->origin.rule,
				 class->origin.entry);
	text = pg_strbuf_take(&buf);
	assert_string_equal(text, wanted);
}

static struct pg_entry *allow_to_s(struct fixture *fixture)
{
	return build_entry(build_rule(&fixture->policy, "app=s", true), PG_INGRESS);
}

static struct pg_entry *deny_to_s(struct fixture *fixture)
{
	return build_deny(build_rule(&fixture->policy, "app=s", true), PG_INGRESS);
}

static void test_equal_entries_are_one_of_the_first_rule(void **state)
{
	struct fixture fixture;
	struct pg_entry *entry;

	(void)state;
	fixture_make(&fixture);
	build_ports(allow_to_s(&fixture), PG_PROTO_TCP, 80, 80);
	entry = allow_to_s(&fixture);
	build_ports(entry, PG_PROTO_TCP, 80, 80);
	build_ports(entry, PG_PROTO_TCP, 80, 80);
	build_ports(deny_to_s(&fixture), PG_PROTO_TCP, 80, 80);
	fixture_resolve(&fixture, PG_ENFORCEMENT_DEFAULT);
	assert_entries(&fixture, "* 6 80-80 allow 1/1\n* 6 80-80 deny 3/1\n");
	assert_classes(&fixture, "* 6 80/16 deny 3/1\n");
	fixture_done(&fixture);
}

static void test_peers_become_identities(void **state)
{
	struct fixture fixture;
	struct pg_entry *entry;

	(void)state;
	fixture_make(&fixture);
	build_entities(allow_to_s(&fixture), PG_ENTITY_HOST);
	build_peer(allow_to_s(&fixture), "app=a");
	entry = allow_to_s(&fixture);
	build_cidr(entry, "192.0.2.0/24", "192.0.2.128/25");
	build_ports(entry, PG_PROTO_UDP, 53, 53);
	build_peer(allow_to_s(&fixture), "");
	allow_to_s(&fixture)->peers.l3 = PG_L3_PEERS;
	allow_to_s(&fixture);
	fixture_resolve(&fixture, PG_ENFORCEMENT_DEFAULT);
	assert_entries(&fixture, "* 0 0-65535 allow 4/1\n"
				 "host 0 0-65535 allow 1/1\n"
				 "a 0 0-65535 allow 2/1\n"
				 "192.0.2.0/24 17 53-53 allow 3/1\n");
	fixture_done(&fixture);
}

static void test_subjects_and_who_closed_them(void **state)
{
	struct fixture fixture;
	const struct pg_subject *subject;

	(void)state;
	fixture_make(&fixture);
	build_rule(&fixture.policy, "app=s", false);
	build_rule(&fixture.policy, "app=s", true)->default_deny[PG_EGRESS] = false;
	build_rule(&fixture.policy, "app=s|a", true)->default_deny[PG_INGRESS] = false;
	fixture_resolve(&fixture, PG_ENFORCEMENT_DEFAULT);
	assert_int_equal(fixture.table.subjects.count, 4);
	subject = pg_verdict_table_subject(&fixture.table, id(&fixture, "s"));
	assert_true(subject->enforced[PG_INGRESS] && subject->enforced[PG_EGRESS]);
	assert_int_equal(subject->closed_by[PG_INGRESS].rule, 2);
	assert_int_equal(subject->closed_by[PG_EGRESS].rule, 3);
	subject = pg_verdict_table_subject(&fixture.table, id(&fixture, "a2"));
	assert_true(!subject->enforced[PG_INGRESS] && subject->enforced[PG_EGRESS]);
	subject = pg_verdict_table_subject(&fixture.table, id(&fixture, "b"));
	assert_true(!subject->enforced[PG_INGRESS] && !subject->enforced[PG_EGRESS]);
	assert_null(pg_verdict_table_subject(&fixture.table, PG_IDENTITY_HOST));
	fixture_done(&fixture);
}

static void test_modes(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_peer(allow_to_s(&fixture), "app=a");
	fixture_resolve(&fixture, PG_ENFORCEMENT_NEVER);
	assert_int_equal(fixture.table.entries.count, 0);
	assert_false(fixture.table.subjects.items[0].enforced[PG_INGRESS]);
	pg_verdict_table_done(&fixture.table);
	pg_identities_done(&fixture.identities);
	fixture_resolve(&fixture, PG_ENFORCEMENT_ALWAYS);
	assert_int_equal(fixture.table.entries.count, 1);
	pg_array_foreach(subject, &fixture.table.subjects) {
		assert_true(subject->enforced[PG_INGRESS] && subject->enforced[PG_EGRESS]);
		assert_int_equal(subject->closed_by[PG_INGRESS].rule, 0);
	}
	fixture_done(&fixture);
}

/* 1,000 replicas cost no more than one. */
static void test_replicas_are_free(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	for (uint32_t i = 0; i < 1000; i++) {
		char name[16], addr[32];

		snprintf(name, sizeof(name), "r%u", i);
		snprintf(addr, sizeof(addr), "10.1.%u.%u", i / 256, i % 256);
		build_endpoint(&fixture.endpoints, name, addr, "k8s:app=a");
	}
	build_finish(&fixture.endpoints);
	build_peer(allow_to_s(&fixture), "app=a");
	fixture_resolve(&fixture, PG_ENFORCEMENT_DEFAULT);
	assert_entries(&fixture, "a 0 0-65535 allow 1/1\n");
	fixture_done(&fixture);
}

static void test_the_first_of_equally_strong_rules_is_named(void **state)
{
	struct fixture fixture;
	struct pg_origin origin;

	(void)state;
	fixture_make(&fixture);
	build_ports(allow_to_s(&fixture), PG_PROTO_TCP, 0, 65535);
	build_peer(allow_to_s(&fixture), "app=a");
	build_ports(allow_to_s(&fixture), PG_PROTO_TCP, 80, 80);
	fixture_resolve(&fixture, PG_ENFORCEMENT_DEFAULT);
	assert_int_equal(pg_verdict_table_judge(&fixture.table, id(&fixture, "s"), PG_INGRESS,
						id(&fixture, "a"), PG_PROTO_TCP, 80, &origin),
			 PG_VERDICT_ALLOW);
	assert_int_equal(origin.rule, 1);
	assert_int_equal(pg_verdict_table_judge(&fixture.table, id(&fixture, "s"), PG_INGRESS,
						id(&fixture, "a"), PG_PROTO_UDP, 80, &origin),
			 PG_VERDICT_ALLOW);
	assert_int_equal(origin.rule, 2);
	assert_int_equal(pg_verdict_table_judge(&fixture.table, id(&fixture, "s"), PG_INGRESS,
						id(&fixture, "b"), PG_PROTO_UDP, 80, &origin),
			 PG_VERDICT_DENY);
	assert_int_equal(origin.rule, 0);
	fixture_done(&fixture);
}

static void test_ranges_become_aligned_blocks(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_ports(allow_to_s(&fixture), PG_PROTO_TCP, 1000, 1005);
	build_ports(allow_to_s(&fixture), PG_PROTO_UDP, 0, 65535);
	build_ports(allow_to_s(&fixture), PG_PROTO_SCTP, 65535, 65535);
	fixture_resolve(&fixture, PG_ENFORCEMENT_DEFAULT);
	assert_classes(&fixture, "* 6 1000/14 allow 1/1\n* 6 1004/15 allow 1/1\n"
				 "* 17 0/0 allow 2/1\n* 132 65535/16 allow 3/1\n");
	assert_int_equal(fixture.classes.uses.count, 1);
	assert_int_equal(fixture.classes.uses.items[0].port_bits,
			 1u << 14 | 1u << 15 | 1u << 0 | 1u << 16);
	assert_false(fixture.classes.uses.items[0].every);
	fixture_done(&fixture);
}

static void test_a_hole_in_a_range_is_one_class(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_ports(allow_to_s(&fixture), PG_PROTO_TCP, 0, 65535);
	build_ports(deny_to_s(&fixture), PG_PROTO_TCP, 80, 80);
	build_ports(allow_to_s(&fixture), PG_PROTO_TCP, 443, 443);
	fixture_resolve(&fixture, PG_ENFORCEMENT_DEFAULT);
	assert_classes(&fixture, "* 6 0/0 allow 1/1\n* 6 80/16 deny 2/1\n");
	fixture_done(&fixture);
}

/* A peer's class for every protocol hides anybody's port classes: what they change is repeated. */
static void test_what_a_peer_would_hide_is_repeated(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_peer(allow_to_s(&fixture), "app=a");
	build_ports(deny_to_s(&fixture), PG_PROTO_TCP, 80, 80);
	build_ports(allow_to_s(&fixture), PG_PROTO_TCP, 81, 81);
	build_http(allow_to_s(&fixture), PG_PROTO_TCP, 82, "/x");
	fixture_resolve(&fixture, PG_ENFORCEMENT_DEFAULT);
	assert_classes(&fixture, "* 6 80/16 deny 2/1\n* 6 81/16 allow 3/1\n"
				 "* 6 82/16 redirect 4/1\n"
				 "a 0 0/0 allow 1/1\na 6 80/16 deny 2/1\n");
	assert_true(fixture.classes.uses.items[0].every);
	fixture_done(&fixture);
}

static void test_what_anybody_says_already_is_left_out(void **state)
{
	struct fixture fixture;
	struct pg_entry *entry;

	(void)state;
	fixture_make(&fixture);
	build_ports(deny_to_s(&fixture), PG_PROTO_TCP, 80, 83);
	entry = allow_to_s(&fixture);
	build_peer(entry, "app=a");
	build_ports(entry, PG_PROTO_TCP, 81, 81);
	build_ports(entry, PG_PROTO_TCP, 84, 84);
	fixture_resolve(&fixture, PG_ENFORCEMENT_DEFAULT);
	assert_classes(&fixture, "* 6 80/14 deny 1/1\na 6 84/16 allow 2/1\n");
	fixture_done(&fixture);
}

static void test_what_anybody_may_a_peer_may(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_peer(allow_to_s(&fixture), "");
	build_peer(allow_to_s(&fixture), "app=a");
	build_peer(deny_to_s(&fixture), "app=b");
	fixture_resolve(&fixture, PG_ENFORCEMENT_DEFAULT);
	assert_int_equal(fixture.classes.list.count, 2);
	assert_int_equal(fixture.classes.list.items[0].verdict, PG_VERDICT_ALLOW);
	assert_int_equal(fixture.classes.list.items[1].peer.n, id(&fixture, "b").n);
	fixture_done(&fixture);
}

static void test_limits(void **state)
{
	struct fixture fixture;
	struct pg_classes classes;

	(void)state;
	fixture_make(&fixture);
	build_ports(allow_to_s(&fixture), PG_PROTO_TCP, 1, 65534);
	fixture_resolve(&fixture, PG_ENFORCEMENT_DEFAULT);
	assert_int_equal(fixture.classes.list.count, 30);
	assert_int_equal(pg_classify(&fixture.table, 29, &classes), -E2BIG);
	assert_int_equal(pg_classify(&fixture.table, 30, &classes), 0);
	pg_classes_done(&classes);
	fixture_done(&fixture);
}

/* Rules that cross are refused before they eat the memory: here 4 x 200 x 60 x 400 entries. */
static void test_a_table_that_grows_too_large(void **state)
{
	struct fixture fixture;
	struct pg_verdict_table table;

	(void)state;
	fixture_make(&fixture);
	for (int i = 0; i < 200; i++) {
		struct pg_entry *entry =
			build_entry(build_rule(&fixture.policy, "", true), PG_INGRESS);

		for (int k = 0; k < 60; k++) {
			char prefix[32];

			snprintf(prefix, sizeof(prefix), "10.1.%d.0/24", k);
			build_cidr(entry, prefix, NULL);
		}
		for (uint16_t port = 1; port <= 400; port++)
			build_ports(entry, PG_PROTO_TCP, port, port);
	}
	assert_int_equal(
		pg_identities_make(&fixture.endpoints, &fixture.policy, &fixture.identities), 0);
	assert_int_equal(
		pg_resolve(&fixture.policy, &fixture.identities, PG_ENFORCEMENT_DEFAULT, &table),
		-E2BIG);
	fixture_done(&fixture);
}

static void test_nothing_in_nothing_out(void **state)
{
	struct fixture fixture = { 0 };
	struct pg_origin origin;
	size_t count;

	(void)state;
	fixture_resolve(&fixture, PG_ENFORCEMENT_ALWAYS);
	assert_int_equal(fixture.table.subjects.count, 0);
	pg_verdict_table_slice(&fixture.table, PG_IDENTITY_WORLD, PG_INGRESS, &count);
	assert_int_equal(count, 0);
	assert_int_equal(pg_classes_judge(&fixture.classes, &fixture.table, PG_IDENTITY_WORLD,
					  PG_EGRESS, PG_IDENTITY_HOST, PG_PROTO_TCP, 1, &origin),
			 PG_VERDICT_ALLOW);
	fixture_done(&fixture);
}

static void test_places_of_origins(void **state)
{
	struct pg_policy policy = { 0 };
	struct pg_rule *rule = build_rule(&policy, "", true);
	const struct pg_origin entry = { 1, 2 }, whole = { 1, 0 }, beyond = { 2, 1 };

	(void)state;
	assert_null(pg_policy_first_http(&policy));
	rule->loc.offset = 10;
	build_entry(rule, PG_INGRESS)->loc.offset = 11;
	build_entry(rule, PG_INGRESS)->loc.offset = 12;
	build_http(&rule->entries.items[1], PG_PROTO_TCP, 80, "/");
	assert_int_equal(pg_policy_loc(&policy, entry).offset, 12);
	assert_int_equal(pg_policy_loc(&policy, whole).offset, 10);
	assert_int_equal(pg_policy_loc(&policy, beyond).source, 0);
	assert_int_equal(pg_policy_loc(&policy, PG_ORIGIN_NONE).source, 0);
	assert_ptr_equal(pg_policy_first_http(&policy), rule->entries.items[1].http_lists.items);
	assert_true(pg_origin_compare(whole, entry) < 0);
	assert_true(pg_origin_compare(beyond, entry) > 0);
	assert_int_equal(pg_origin_compare(entry, entry), 0);
	pg_policy_done(&policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_entries_are_one_of_the_first_rule),
		cmocka_unit_test(test_peers_become_identities),
		cmocka_unit_test(test_subjects_and_who_closed_them),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_replicas_are_free),
		cmocka_unit_test(test_the_first_of_equally_strong_rules_is_named),
		cmocka_unit_test(test_ranges_become_aligned_blocks),
		cmocka_unit_test(test_a_hole_in_a_range_is_one_class),
		cmocka_unit_test(test_what_a_peer_would_hide_is_repeated),
		cmocka_unit_test(test_what_anybody_says_already_is_left_out),
		cmocka_unit_test(test_what_anybody_may_a_peer_may),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_a_table_that_grows_too_large),
		cmocka_unit_test(test_nothing_in_nothing_out),
		cmocka_unit_test(test_places_of_origins),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
