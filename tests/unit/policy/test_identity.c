// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/policy/build.h"

#include "policy/labelindex.h"

static void make(const struct pg_endpoints *endpoints, const struct pg_policy *policy,
		 struct pg_identities *identities)
{
	assert_int_equal(pg_identities_make(endpoints, policy, identities), 0);
}

static void assert_info(const struct pg_identities *identities, pg_identity id, const char *wanted)
{
	const struct pg_identity_info *info = pg_identities_get(identities, id);
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	assert_non_null(info);
	pg_labels_format(&info->labels, &buf);
	assert_string_equal(buf.text, wanted);
}

static uint32_t id_of(const struct pg_identities *identities, const char *addr)
{
	struct pg_addr parsed = build_addr(addr);

	return pg_identities_of_addr(identities, &parsed).n;
}

static void test_equal_label_sets_share_a_number(void **state)
{
	struct pg_endpoints endpoints = { 0 };
	struct pg_policy policy = { 0 };
	struct pg_identities identities;
	const struct pg_identity_info *info;

	(void)state;
	build_endpoint(&endpoints, "c", "10.0.0.3", "k8s:app=web,k8s:tier=x");
	build_endpoint(&endpoints, "a", "10.0.0.1", "k8s:tier=x,k8s:app=web");
	build_endpoint(&endpoints, "b", "10.0.0.2", "k8s:app=web");
	build_finish(&endpoints);
	make(&endpoints, &policy, &identities);
	assert_int_equal(build_id(&endpoints, &identities, "a").n,
			 build_id(&endpoints, &identities, "c").n);
	assert_int_not_equal(build_id(&endpoints, &identities, "a").n,
			     build_id(&endpoints, &identities, "b").n);
	info = pg_identities_get(&identities, build_id(&endpoints, &identities, "a"));
	assert_int_equal(info->endpoints.count, 2);
	assert_int_equal(info->endpoints.items[0], 0);
	assert_int_equal(info->endpoints.items[1], 2);
	assert_info(&identities, info->id, "k8s:app=web,k8s:tier=x");
	assert_in_range(info->id.n, PG_IDENTITY_FIRST_CLUSTER, PG_IDENTITY_LAST_CLUSTER);
	assert_info(&identities, PG_IDENTITY_HOST, "reserved:host=");
	assert_info(&identities, PG_IDENTITY_WORLD, "reserved:world=");
	assert_info(&identities, PG_IDENTITY_REMOTE_NODE, "reserved:remote-node=");
	assert_null(pg_identities_get(&identities, (pg_identity){ 77 }));
	pg_identities_done(&identities);
	pg_endpoints_done(&endpoints);
}

/* The numbers themselves are a promise to whoever has pinned maps: they don't change. */
static void test_numbers_are_what_they_were(void **state)
{
	struct pg_endpoints endpoints = { 0 };
	struct pg_policy policy = { 0 };
	struct pg_identities identities;

	(void)state;
	build_endpoint(&endpoints, "a", "10.0.0.1", "container:app=web");
	build_endpoint(&endpoints, "b", "10.0.0.2", "");
	build_cidr(build_entry(build_rule(&policy, "", true), PG_INGRESS), "10.0.0.0/8", NULL);
	build_finish(&endpoints);
	make(&endpoints, &policy, &identities);
	assert_int_equal(build_id(&endpoints, &identities, "a").n, 498);
	assert_int_equal(build_id(&endpoints, &identities, "b").n, 55636);
	assert_int_equal(id_of(&identities, "10.1.1.1"), 20201481);
	pg_identities_done(&identities);
	pg_endpoints_done(&endpoints);
	pg_policy_done(&policy);
}

static void test_cidrs_and_their_labels(void **state)
{
	struct pg_endpoints endpoints = { 0 };
	struct pg_policy policy = { 0 };
	struct pg_identities identities;
	struct pg_entry *entry;

	(void)state;
	entry = build_entry(build_rule(&policy, "", true), PG_EGRESS);
	build_cidr(entry, "10.0.0.0/8", "10.1.0.0/16,10.2.0.0/16");
	build_cidr(entry, "10.1.2.0/24", NULL);
	build_cidr(entry, "10.1.2.0/24", NULL);
	build_cidr(entry, "fd00::/8", NULL);
	build_cidr(entry, "11.0.0.0/8", NULL);
	make(&endpoints, &policy, &identities);
	assert_int_equal(identities.list.count, 3 + 6);
	assert_info(&identities, (pg_identity){ id_of(&identities, "10.1.2.3") },
		    "cidr:10.0.0.0/8=,cidr:10.1.0.0/16=,cidr:10.1.2.0/24=,reserved:world=");
	assert_info(&identities, (pg_identity){ id_of(&identities, "10.2.2.3") },
		    "cidr:10.0.0.0/8=,cidr:10.2.0.0/16=,reserved:world=");
	assert_info(&identities, (pg_identity){ id_of(&identities, "11.2.2.3") },
		    "cidr:11.0.0.0/8=,reserved:world=");
	assert_info(&identities, (pg_identity){ id_of(&identities, "fd01::1") },
		    "cidr:fd00::/8=,reserved:world=");
	assert_int_equal(id_of(&identities, "12.0.0.1"), PG_IDENTITY_WORLD.n);
	assert_int_equal(id_of(&identities, "fe00::1"), PG_IDENTITY_WORLD.n);
	pg_array_foreach(info, &identities.list)
		assert_int_equal(pg_identity_is_cidr(info->id), info->cidr.addr.family != 0);
	pg_identities_done(&identities);
	pg_policy_done(&policy);
}

static void test_whose_an_address_is(void **state)
{
	struct pg_endpoints endpoints = { 0 };
	struct pg_policy policy = { 0 };
	struct pg_identities identities;
	struct pg_entry *entry = build_entry(build_rule(&policy, "", true), PG_EGRESS);
	const struct pg_addr unknown = { 0 };

	(void)state;
	build_cidr(entry, "10.0.0.2/32", NULL);
	build_cidr(entry, "10.0.0.1", NULL);
	build_cidr(entry, "10.0.0.3", NULL);
	build_endpoint(&endpoints, "a", "10.0.0.2", "app=a")->ipv6 = build_addr("fd00::2");
	*pg_array_add(&endpoints.host_addrs) = build_addr("10.0.0.1");
	*pg_array_add(&endpoints.remote_node_addrs) = build_addr("10.9.0.1");
	*pg_array_add(&endpoints.remote_node_addrs) = build_addr("10.0.0.1");
	build_finish(&endpoints);
	make(&endpoints, &policy, &identities);
	assert_int_equal(id_of(&identities, "10.0.0.2"), build_id(&endpoints, &identities, "a").n);
	assert_int_equal(id_of(&identities, "fd00::2"), build_id(&endpoints, &identities, "a").n);
	assert_int_equal(id_of(&identities, "10.0.0.1"), PG_IDENTITY_HOST.n);
	assert_int_equal(id_of(&identities, "10.9.0.1"), PG_IDENTITY_REMOTE_NODE.n);
	assert_true(id_of(&identities, "10.0.0.3") & PG_IDENTITY_CIDR_FLAG);
	assert_int_equal(pg_identities_of_addr(&identities, &unknown).n, PG_IDENTITY_WORLD.n);
	for (size_t i = 0; i + 1 < identities.addresses.count; i++)
		assert_true(pg_prefix_compare(&identities.addresses.items[i].prefix,
					      &identities.addresses.items[i + 1].prefix) < 0);
	pg_identities_done(&identities);
	pg_endpoints_done(&endpoints);
	pg_policy_done(&policy);
}

static void build_one(struct pg_endpoints *endpoints, uint32_t i)
{
	char name[16], addr[32], labels[32];

	snprintf(name, sizeof(name), "e%05u", i);
	snprintf(addr, sizeof(addr), "10.%u.%u.%u", i >> 16, i >> 8 & 0xff, i & 0xff);
	snprintf(labels, sizeof(labels), "k8s:app=a%u", i);
	build_endpoint(endpoints, name, addr, labels);
}

static void build_many(struct pg_endpoints *endpoints, uint32_t count, uint32_t without)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i != without)
			build_one(endpoints, i);
	}
	build_finish(endpoints);
}

/* One label set more moves a handful of others at most, those that it collides with. */
static void test_numbers_are_stable(void **state)
{
	struct pg_endpoints all = { 0 }, most = { 0 };
	struct pg_identities of_all, of_most;
	struct pg_policy policy = { 0 };
	size_t moved = 0;

	(void)state;
	build_many(&all, 5000, UINT32_MAX);
	make(&all, &policy, &of_all);
	for (uint32_t without = 0; without < 5000; without += 499) {
		build_many(&most, 5000, without);
		make(&most, &policy, &of_most);
		pg_array_foreach(endpoint, &most.list)
			moved += build_id(&all, &of_all, endpoint->name).n !=
				 build_id(&most, &of_most, endpoint->name).n;
		pg_identities_done(&of_most);
		pg_endpoints_done(&most);
	}
	assert_in_range(moved, 0, 10);
	pg_identities_done(&of_all);
	pg_endpoints_done(&all);
}

static void test_the_order_of_the_input_does_not_count(void **state)
{
	struct pg_endpoints forth = { 0 }, back = { 0 };
	struct pg_identities of_forth, of_back;
	struct pg_policy policy = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		build_one(&forth, i);
		build_one(&back, 2999 - i);
	}
	build_finish(&forth);
	build_finish(&back);
	make(&forth, &policy, &of_forth);
	make(&back, &policy, &of_back);
	pg_array_foreach(endpoint, &forth.list)
		assert_int_equal(build_id(&forth, &of_forth, endpoint->name).n,
				 build_id(&back, &of_back, endpoint->name).n);
	pg_identities_done(&of_forth);
	pg_identities_done(&of_back);
	pg_endpoints_done(&forth);
	pg_endpoints_done(&back);
}

static void test_every_number_is_given_out_once(void **state)
{
	const uint32_t range = PG_IDENTITY_LAST_CLUSTER - PG_IDENTITY_FIRST_CLUSTER + 1;
	struct pg_endpoints endpoints = { 0 };
	struct pg_policy policy = { 0 };
	struct pg_identities identities;

	(void)state;
	build_many(&endpoints, range, UINT32_MAX);
	make(&endpoints, &policy, &identities);
	for (uint32_t i = 0; i < range; i++)
		assert_int_equal(identities.list.items[3 + i].id.n, PG_IDENTITY_FIRST_CLUSTER + i);
	pg_identities_done(&identities);
	build_endpoint(&endpoints, "one-more", "10.200.0.1", "k8s:app=more");
	build_finish(&endpoints);
	assert_int_equal(pg_identities_make(&endpoints, &policy, &identities), -E2BIG);
	pg_endpoints_done(&endpoints);
}

static void assert_selected(const struct pg_identities *identities, const char *text)
{
	_cleanup_label_index_ struct pg_label_index index = { 0 };
	_cleanup_selection_ struct pg_selection selection = { 0 };
	struct pg_selector selector = { 0 };
	size_t next = 0;

	build_selector(&selector, text);
	assert_int_equal(pg_label_index_make(identities, &index), 0);
	assert_int_equal(pg_label_index_select(&index, &selector, &selection), 0);
	for (uint32_t i = 0; i < identities->list.count; i++) {
		if (!pg_selector_matches(&selector, &identities->list.items[i].labels))
			continue;
		assert_true(next < selection.list.count);
		assert_int_equal(selection.list.items[next++], i);
	}
	assert_int_equal(next, selection.list.count);
	pg_selector_done(&selector);
}

static void test_the_index_selects_what_matches(void **state)
{
	static const char *const selectors[] = {
		"",
		"app=a",
		"app=a|b|a",
		"app",
		"!app",
		"k8s:app=a|b",
		"app=a,tier",
		"tier,app=a",
		"app!=a",
		"tier=x|y,app",
		"zzz",
		"aaa=1",
		"app=zzz|a,!tier",
		"$host",
		"app=a,app",
		"any:app",
	};
	struct pg_endpoints endpoints = { 0 };
	struct pg_policy policy = { 0 };
	struct pg_identities identities;

	(void)state;
	build_endpoint(&endpoints, "1", "10.0.0.1", "k8s:app=a,container:app=a");
	build_endpoint(&endpoints, "2", "10.0.0.2", "k8s:app=a,container:app=b,k8s:tier=x");
	build_endpoint(&endpoints, "3", "10.0.0.3", "k8s:app=b");
	build_endpoint(&endpoints, "4", "10.0.0.4", "k8s:tier=y,k8s:app=b");
	build_endpoint(&endpoints, "5", "10.0.0.5", "k8s:tier=y");
	build_endpoint(&endpoints, "6", "10.0.0.6", "");
	build_finish(&endpoints);
	make(&endpoints, &policy, &identities);
	for (size_t i = 0; i < PG_COUNT(selectors); i++)
		assert_selected(&identities, selectors[i]);
	pg_identities_done(&identities);
	pg_endpoints_done(&endpoints);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_label_sets_share_a_number),
		cmocka_unit_test(test_numbers_are_what_they_were),
		cmocka_unit_test(test_cidrs_and_their_labels),
		cmocka_unit_test(test_whose_an_address_is),
		cmocka_unit_test(test_numbers_are_stable),
		cmocka_unit_test(test_the_order_of_the_input_does_not_count),
		cmocka_unit_test(test_every_number_is_given_out_once),
		cmocka_unit_test(test_the_index_selects_what_matches),
	};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
