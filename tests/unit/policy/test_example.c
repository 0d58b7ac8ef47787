// SPDX-License-Identifier: GPL-2.0-only
/* Addresses to show for the world and for CIDRs. */
#include "tests/unit/policy/build.h"

#include "policy/example.h"

struct fixture {
	struct pg_endpoints endpoints;
	struct pg_policy policy;
	struct pg_identities identities;
};

/* The policy names these CIDRs, between spaces. */
static void fixture_make(struct fixture *fixture, const char *cidrs)
{
	struct pg_rule *rule = build_rule(&fixture->policy, "", true);
	char copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", cidrs);
	for (char *cidr = strtok_r(copy, " ", &save); cidr; cidr = strtok_r(NULL, " ", &save))
		build_cidr(build_entry(rule, PG_INGRESS), cidr, NULL);
	build_finish(&fixture->endpoints);
	assert_int_equal(
		pg_identities_make(&fixture->endpoints, &fixture->policy, &fixture->identities), 0);
}

static void fixture_done(struct fixture *fixture)
{
	pg_endpoints_done(&fixture->endpoints);
	pg_policy_done(&fixture->policy);
	pg_identities_done(&fixture->identities);
}

/* "": the world. */
static pg_identity find(const struct fixture *fixture, const char *cidr)
{
	struct pg_prefix prefix;

	if (!*cidr)
		return PG_IDENTITY_WORLD;
	prefix = build_prefix(cidr);
	pg_array_foreach(info, &fixture->identities.list) {
		if (info->cidr.addr.family && !pg_prefix_compare(&info->cidr, &prefix))
			return info->id;
	}
	fail_msg("no identity for %s", cidr);
	return PG_IDENTITY_ANY;
}

/* `expected` NULL: there is none. */
static void expect(const struct fixture *fixture, const char *cidr, uint8_t family,
		   const char *expected)
{
	pg_identity id = find(fixture, cidr);
	char text[PG_ADDR_TEXT_MAX];
	struct pg_addr addr;
	int err = pg_example_address(&fixture->identities, id, family, &addr);

	assert_int_equal(err, expected ? 0 : -ENOENT);
	if (!expected)
		return;
	assert_string_equal(pg_addr_format(&addr, text), expected);
	assert_int_equal(pg_identities_of_addr(&fixture->identities, &addr).n, id.n);
}

static void test_documentation_comes_first(void **state)
{
	struct fixture fixture = { 0 };

	(void)state;
	fixture_make(&fixture, "198.51.0.0/16 192.0.2.0/25 2001:db8::/32");
	expect(&fixture, "", 4, "203.0.113.1");
	expect(&fixture, "198.51.0.0/16", 4, "198.51.100.1");
	expect(&fixture, "192.0.2.0/25", 4, "192.0.2.1");
	expect(&fixture, "2001:db8::/32", 6, "2001:db8::1");
	expect(&fixture, "", 6, "2000::1");
	fixture_done(&fixture);
}

static void test_a_family_has_its_own(void **state)
{
	struct fixture fixture = { 0 };

	(void)state;
	fixture_make(&fixture, "10.0.0.0/8 fd00::/8");
	expect(&fixture, "10.0.0.0/8", 4, "10.0.0.1");
	expect(&fixture, "10.0.0.0/8", 6, NULL);
	expect(&fixture, "fd00::/8", 6, "fd00::1");
	expect(&fixture, "fd00::/8", 4, NULL);
	fixture_done(&fixture);
}

static void test_others_addresses_are_jumped_over(void **state)
{
	struct fixture fixture = { 0 };

	(void)state;
	build_endpoint(&fixture.endpoints, "a", "10.0.0.1", "k8s:app=a");
	build_endpoint(&fixture.endpoints, "b", "10.0.1.0", "k8s:app=b");
	*pg_array_add(&fixture.endpoints.host_addrs) = build_addr("10.0.0.255");
	fixture_make(&fixture, "10.0.0.0/8 10.0.0.2/31 10.0.0.4/30 10.0.0.8/29 10.0.0.16/28 "
			       "10.0.0.32/27 10.0.0.64/26 10.0.0.128/25");
	expect(&fixture, "10.0.0.0/8", 4, "10.0.1.1");
	expect(&fixture, "10.0.0.128/25", 4, "10.0.0.129");
	fixture_done(&fixture);
}

static void test_the_first_address_is_the_last_resort(void **state)
{
	struct fixture fixture = { 0 };

	(void)state;
	build_endpoint(&fixture.endpoints, "a", "10.0.0.1", "k8s:app=a");
	build_endpoint(&fixture.endpoints, "b", "255.255.255.255", "k8s:app=b");
	fixture_make(&fixture, "10.0.0.0/31 255.255.255.254/31");
	expect(&fixture, "10.0.0.0/31", 4, "10.0.0.0");
	expect(&fixture, "255.255.255.254/31", 4, "255.255.255.254");
	fixture_done(&fixture);
}

static void test_what_others_have_all_of(void **state)
{
	struct fixture fixture = { 0 };

	(void)state;
	build_endpoint(&fixture.endpoints, "a", "10.0.0.0", "k8s:app=a");
	build_endpoint(&fixture.endpoints, "b", "10.0.0.1", "k8s:app=b");
	*pg_array_add(&fixture.endpoints.remote_node_addrs) = build_addr("10.0.0.2");
	fixture_make(&fixture, "0.0.0.0/0 10.0.0.0/30 10.0.0.0/32 10.0.0.3/32 ::/0 ::/1 8000::/1");
	expect(&fixture, "", 4, NULL);
	expect(&fixture, "0.0.0.0/0", 4, "192.0.2.1");
	expect(&fixture, "10.0.0.0/30", 4, NULL);
	expect(&fixture, "10.0.0.3/32", 4, "10.0.0.3");
	expect(&fixture, "", 6, NULL);
	expect(&fixture, "::/0", 6, NULL);
	expect(&fixture, "8000::/1", 6, "8000::1");
	fixture_done(&fixture);
}

static void test_only_the_world_has_examples(void **state)
{
	struct fixture fixture = { 0 };
	struct pg_addr addr;

	(void)state;
	build_endpoint(&fixture.endpoints, "a", "10.0.0.1", "k8s:app=a");
	fixture_make(&fixture, "10.0.0.0/8");
	assert_int_equal(pg_example_address(&fixture.identities, PG_IDENTITY_HOST, 4, &addr),
			 -ENOENT);
	assert_int_equal(pg_example_address(&fixture.identities,
					    build_id(&fixture.endpoints, &fixture.identities, "a"),
					    4, &addr),
			 -ENOENT);
	fixture_done(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documentation_comes_first),
		cmocka_unit_test(test_a_family_has_its_own),
		cmocka_unit_test(test_others_addresses_are_jumped_over),
		cmocka_unit_test(test_the_first_address_is_the_last_resort),
		cmocka_unit_test(test_what_others_have_all_of),
		cmocka_unit_test(test_only_the_world_has_examples),
	};

	return cmocka_run_group_tests_name("example", tests, NULL, NULL);
}
