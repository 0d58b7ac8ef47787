// SPDX-License-Identifier: GPL-2.0-only
/* What good test cases become. What is said of bad ones: tests/golden/decode. */
#include "tests/unit/unit.h"

#include "tests/unit/frontend/decoded.h"

static const char whole_case[] =
	"{\"flows\": [\n"
	"  {\"src\": \"b\", \"dst\": \"a\", \"proto\": \"TCP\", \"dport\": 80,\n"
	"   \"http\": {\"method\": \"GET\", \"path\": \"/x\", \"headers\": {\"X-Test\": \"1\"}},\n"
	"   \"expect\": \"http-403\"},\n"
	"  {\"src\": \"ip:8.8.8.8\", \"dst\": \"b\", \"proto\": \"icmp\", \"expect\": \"deny\"},\n"
	"  {\"src\": \"node\", \"dst\": \"ip:10.0.0.7\", \"proto\": \"udp\", \"dport\": 0,\n"
	"   \"expect\": \"allow\"},\n"
	"  {\"src\": \"a\", \"dst\": \"ip:10.0.2.15\", \"proto\": \"sctp\", \"dport\": 1,\n"
	"   \"expect\": \"allow\"}],\n"
	" \"endpoints\": {\"b\": [\"k8s:app=b\"], \"_ips\": {\"a\": \"10.0.0.7\"},\n"
	"  \"a\": [\"k8s:tier=web\", \"app=a\"], \"node\": [\"reserved:host=\"],\n"
	"  \"_host_ips\": [\"10.0.2.15\"]},\n"
	" \"id\": \"whole\", \"note\": \"all of it\", \"enforcement\": \"always\",\n"
	" \"host_policy\": \"allow\",\n"
	" \"policy\": [{\"endpointSelector\": {}}, {\"endpointSelector\": {}}]}\n";

static void test_a_whole_case(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_case *test = &decoded.test;
	char text[PG_ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(decode_case(&decoded, whole_case), 0);
	assert_string_equal(test->id, "whole");
	assert_string_equal(test->note, "all of it");
	assert_int_equal(test->enforcement, PG_ENFORCEMENT_ALWAYS);
	assert_int_equal(test->host_policy, PG_HOST_POLICY_ALLOW);
	assert_int_equal(test->policy.rules.count, 2);
	assert_null(test->policy_file);
	assert_marks(&decoded, test->policy.rules.items[0].loc, "{\"endpointSelector\": {}}");
	assert_true(test->has_host);
	assert_string_equal(test->host_name, "node");
	assert_int_equal(test->endpoints.list.count, 2);
	assert_string_equal(test->endpoints.list.items[0].name, "a");
	assert_string_equal(pg_addr_format(&test->endpoints.list.items[0].ipv4, text), "10.0.0.7");
	assert_int_equal(test->endpoints.list.items[0].labels.list.count, 2);
	assert_marks(&decoded, test->endpoints.list.items[1].loc, "\"b\"");
	assert_int_equal(test->endpoints.host_addrs.count, 1);
}

static void test_flows(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_case_flow *flows;
	char text[PG_ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(decode_case(&decoded, whole_case), 0);
	assert_int_equal(decoded.test.flows.count, 4);
	flows = decoded.test.flows.items;
	assert_int_equal(flows[0].src.kind, PG_PARTY_ENDPOINT);
	assert_int_equal(flows[0].src.endpoint, 1);
	assert_int_equal(flows[0].dst.endpoint, 0);
	assert_int_equal(flows[0].proto.n, PG_PROTO_TCP.n);
	assert_int_equal(flows[0].dport, 80);
	assert_true(flows[0].has_http);
	assert_string_equal(flows[0].http.method, "GET");
	assert_string_equal(flows[0].http.path, "/x");
	assert_null(flows[0].http.host);
	assert_string_equal(flows[0].http.headers.items[0].name, "X-Test");
	assert_string_equal(flows[0].http.headers.items[0].value, "1");
	assert_int_equal(flows[0].expect, PG_EXPECT_HTTP_403);
	assert_int_equal(flows[1].src.kind, PG_PARTY_ADDRESS);
	assert_string_equal(flows[1].src.text, "ip:8.8.8.8");
	assert_string_equal(pg_addr_format(&flows[1].src.addr, text), "8.8.8.8");
	assert_int_equal(flows[1].proto.n, PG_PROTO_ICMP.n);
	assert_int_equal(flows[1].dport, 8);
	assert_int_equal(flows[1].expect, PG_EXPECT_DENY);
	assert_false(flows[1].has_http);
}

/* An address that is an endpoint's, or the host's, is nobody else's. */
static void test_addresses_of_somebody_are_that_somebody(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_case_flow *flows;

	(void)state;
	assert_int_equal(decode_case(&decoded, whole_case), 0);
	flows = decoded.test.flows.items;
	assert_int_equal(flows[2].src.kind, PG_PARTY_HOST);
	assert_int_equal(flows[2].dst.kind, PG_PARTY_ENDPOINT);
	assert_int_equal(flows[2].dst.endpoint, 0);
	assert_int_equal(flows[3].dst.kind, PG_PARTY_HOST);
}

static void test_what_is_absent(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_case *test = &decoded.test;

	(void)state;
	assert_int_equal(decode_case(&decoded, "{\"id\": \"\", \"policy\": \"web.json\", "
					       "\"endpoints\": {}, \"flows\": []}"),
			 0);
	assert_null(test->note);
	assert_int_equal(test->enforcement, PG_ENFORCEMENT_DEFAULT);
	assert_int_equal(test->host_policy, PG_HOST_POLICY_ENFORCE);
	assert_false(test->has_host);
	assert_string_equal(test->policy_file, "web.json");
	assert_marks(&decoded, test->policy_loc, "\"web.json\"");
}

static void test_addresses_are_given_around_those_named(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_endpoints *endpoints = &decoded.test.endpoints;
	char text[PG_ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(decode_case(&decoded,
				     "{\"id\": \"\", \"policy\": [], \"endpoints\": {"
				     "\"d\": [], \"c\": [], \"b\": [], \"a\": [],"
				     "\"_ips\": {\"b\": \"10.0.192.2\", \"c\": \"172.16.0.1\"}},"
				     "\"flows\": [{\"src\": \"ip:10.0.192.4\", \"dst\": \"a\","
				     " \"proto\": \"icmp\", \"expect\": \"allow\"}]}"),
			 0);
	assert_int_equal(pg_case_assign(&decoded.test, &decoded.diags), 0);
	assert_string_equal(pg_addr_format(&endpoints->host_addrs.items[0], text), "10.0.192.1");
	assert_string_equal(pg_addr_format(&endpoints->list.items[0].ipv4, text), "10.0.192.3");
	assert_string_equal(pg_addr_format(&endpoints->list.items[1].ipv4, text), "10.0.192.2");
	assert_string_equal(pg_addr_format(&endpoints->list.items[2].ipv4, text), "172.16.0.1");
	assert_string_equal(pg_addr_format(&endpoints->list.items[3].ipv4, text), "10.0.192.5");
	assert_string_equal(endpoints->list.items[decoded.test.flows.items[0].dst.endpoint].name,
			    "a");
}

static void assert_addr(const struct pg_addr *addr, const char *wanted)
{
	char text[PG_ADDR_TEXT_MAX];

	assert_string_equal(addr->family ? pg_addr_format(addr, text) : "", wanted);
}

static const char families_case[] =
	"{\"id\": \"\", \"policy\": [], \"endpoints\": {"
	"\"a\": [], \"b\": [], \"c\": [], \"d\": [], \"e\": [], \"h\": [\"reserved:host=\"],"
	"\"_ips\": {\"b\": [\"10.0.0.2\", \"fd00:10:192::2\"], \"c\": \"2001:db8::3\"},"
	"\"_host_ips\": [\"192.0.2.1\"]}, \"flows\": ["
	"{\"src\": \"a\", \"dst\": \"b\", \"proto\": \"icmp\", \"expect\": \"allow\"},"
	"{\"src\": \"a\", \"dst\": \"b\", \"family\": 6, \"proto\": \"icmp\", \"expect\": \"allow\"},"
	"{\"src\": \"h\", \"dst\": \"c\", \"proto\": \"icmp\", \"dport\": 128, \"expect\": \"deny\"},"
	"{\"src\": \"ip:2001:db8::7\", \"dst\": \"d\", \"proto\": \"udp\", \"dport\": 1, \"expect\": \"deny\"},"
	"{\"src\": \"ip:fd00:10:192::2\", \"dst\": \"d\", \"proto\": \"tcp\", \"dport\": 1, \"expect\": \"deny\"},"
	"{\"src\": \"d\", \"dst\": \"e\", \"proto\": \"icmpv6\", \"expect\": \"deny\"},"
	"{\"src\": \"ip:192.0.2.1\", \"dst\": \"c\", \"proto\": \"tcp\", \"dport\": 1, \"expect\": \"deny\"}"
	"]}";

static void assert_flow(const struct pg_case *test, size_t number, uint8_t family, pg_proto proto,
			uint16_t dport, const char *src, const char *dst)
{
	const struct pg_case_flow *flow = &test->flows.items[number];
	struct pg_addr from = pg_case_party_addr(test, &flow->src, family);
	struct pg_addr to = pg_case_party_addr(test, &flow->dst, family);

	assert_int_equal(flow->family, family);
	assert_int_equal(flow->proto.n, proto.n);
	assert_int_equal(flow->dport, dport);
	assert_addr(&from, src);
	assert_addr(&to, dst);
}

static void test_families_of_flows(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_case *test = &decoded.test;
	const struct pg_case_flow *flows;

	(void)state;
	assert_int_equal(decode_case(&decoded, families_case), 0);
	assert_int_equal(pg_case_assign(&decoded.test, &decoded.diags), 0);
	assert_flow(test, 0, 4, PG_PROTO_ICMP, 8, "10.0.192.1", "10.0.0.2");
	assert_flow(test, 1, 6, PG_PROTO_ICMPV6, 128, "fd00:10:192::1", "fd00:10:192::2");
	assert_flow(test, 2, 6, PG_PROTO_ICMPV6, 128, "fd00:10:192::3", "2001:db8::3");
	assert_flow(test, 3, 6, PG_PROTO_UDP, 1, "2001:db8::7", "fd00:10:192::4");
	assert_flow(test, 4, 6, PG_PROTO_TCP, 1, "fd00:10:192::2", "fd00:10:192::4");
	assert_flow(test, 5, 6, PG_PROTO_ICMPV6, 128, "fd00:10:192::4", "fd00:10:192::5");
	assert_flow(test, 6, 4, PG_PROTO_TCP, 1, "192.0.2.1", "10.0.192.4");
	flows = test->flows.items;
	assert_int_equal(flows[3].src.kind, PG_PARTY_ADDRESS);
	assert_int_equal(flows[4].src.kind, PG_PARTY_ENDPOINT);
	assert_int_equal(flows[6].src.kind, PG_PARTY_HOST);
}

/* Nobody gets an address of a family that no flow of his has. */
static void test_addresses_are_given_where_flows_need_them(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_endpoint *list;

	(void)state;
	assert_int_equal(decode_case(&decoded, families_case), 0);
	assert_int_equal(pg_case_assign(&decoded.test, &decoded.diags), 0);
	list = decoded.test.endpoints.list.items;
	assert_addr(&list[0].ipv6, "fd00:10:192::1");
	assert_addr(&list[1].ipv4, "10.0.0.2");
	assert_addr(&list[2].ipv4, "10.0.192.4");
	assert_addr(&list[4].ipv4, "10.0.192.3");
	assert_int_equal(decoded.test.endpoints.host_addrs.count, 2);
}

static const char outsiders_case[] =
	"{\"id\": \"\", \"policy\": [], \"endpoints\": {"
	"\"a\": [\"k8s:app=a\"], \"n1\": [\"reserved:remote-node=\"], \"n2\": [\"reserved:remote-node\"],"
	"\"w1\": [\"reserved:world=\"], \"w2\": [\"reserved:world=\"], \"i\": [\"reserved:init=\"],"
	"\"n3\": [\"reserved:remote-node=\"],"
	"\"_ips\": {\"n2\": \"2001:db8::2\", \"n3\": [\"10.0.0.3\", \"2001:db8::3\"]}}, \"flows\": ["
	"{\"src\": \"n1\", \"dst\": \"a\", \"proto\": \"icmp\", \"expect\": \"allow\"},"
	"{\"src\": \"a\", \"dst\": \"n2\", \"proto\": \"icmp\", \"expect\": \"allow\"},"
	"{\"src\": \"a\", \"dst\": \"w1\", \"family\": 6, \"proto\": \"icmp\", \"expect\": \"allow\"},"
	"{\"src\": \"w2\", \"dst\": \"a\", \"proto\": \"icmp\", \"expect\": \"allow\"},"
	"{\"src\": \"w1\", \"dst\": \"a\", \"proto\": \"icmp\", \"expect\": \"allow\"},"
	"{\"src\": \"ip:10.0.0.3\", \"dst\": \"a\", \"proto\": \"icmp\", \"expect\": \"allow\"},"
	"{\"src\": \"ip:198.51.100.1\", \"dst\": \"i\", \"proto\": \"icmp\", \"expect\": \"allow\"}"
	"]}";

/* Other nodes and the world are no endpoints, and have addresses of their own. */
static void test_outsiders(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_case *test = &decoded.test;

	(void)state;
	assert_int_equal(decode_case(&decoded, outsiders_case), 0);
	assert_int_equal(test->flows.items[0].src.kind, PG_PARTY_OUTSIDER);
	assert_int_equal(test->flows.items[5].src.kind, PG_PARTY_OUTSIDER);
	assert_int_equal(pg_case_assign(&decoded.test, &decoded.diags), 0);
	assert_int_equal(test->endpoints.list.count, 2);
	assert_int_equal(test->flows.items[0].src.kind, PG_PARTY_ADDRESS);
	assert_flow(test, 0, 4, PG_PROTO_ICMP, 8, "192.0.2.1", "10.0.192.2");
	assert_flow(test, 1, 6, PG_PROTO_ICMPV6, 128, "fd00:10:192::1", "2001:db8::2");
	assert_flow(test, 2, 6, PG_PROTO_ICMPV6, 128, "fd00:10:192::1", "2001:db8:198::1");
	assert_flow(test, 3, 4, PG_PROTO_ICMP, 8, "198.51.100.2", "10.0.192.2");
	assert_flow(test, 4, 4, PG_PROTO_ICMP, 8, "198.51.100.3", "10.0.192.2");
	assert_flow(test, 5, 4, PG_PROTO_ICMP, 8, "10.0.0.3", "10.0.192.2");
	assert_int_equal(test->flows.items[6].dst.kind, PG_PARTY_ENDPOINT);
}

static void test_addresses_of_other_nodes(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_endpoints *endpoints = &decoded.test.endpoints;

	(void)state;
	assert_int_equal(decode_case(&decoded, outsiders_case), 0);
	assert_int_equal(pg_case_assign(&decoded.test, &decoded.diags), 0);
	assert_int_equal(endpoints->remote_node_addrs.count, 4);
	assert_addr(&endpoints->remote_node_addrs.items[0], "192.0.2.1");
	assert_addr(&endpoints->remote_node_addrs.items[1], "2001:db8::2");
	assert_addr(&endpoints->remote_node_addrs.items[2], "10.0.0.3");
	assert_addr(&endpoints->remote_node_addrs.items[3], "2001:db8::3");
}

static void decode_crowd(struct decoded *decoded, size_t count)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	pg_strbuf_puts(&text, "{\"id\": \"\", \"policy\": [], \"flows\": [], \"endpoints\": {");
	for (size_t i = 0; i < count; i++)
		pg_strbuf_printf(&text, "%s\"e%zu\": []", i ? "," : "", i);
	pg_strbuf_puts(&text, "}}");
	assert_int_equal(decode_case(decoded, text.text), 0);
}

static void test_addresses_come_to_an_end(void **state)
{
	_cleanup_decoded_ struct decoded most = { 0 }, more = { 0 };

	(void)state;
	/* 4094, and one of them the host's. */
	decode_crowd(&most, 4093);
	assert_int_equal(pg_case_assign(&most.test, &most.diags), 0);
	decode_crowd(&more, 4094);
	assert_int_equal(pg_case_assign(&more.test, &more.diags), -ENOSPC);
	assert_string_equal(more.diags.list.items[0].text,
			    "more endpoints than addresses in 10.0.192.0/20");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_case),
		cmocka_unit_test(test_flows),
		cmocka_unit_test(test_addresses_of_somebody_are_that_somebody),
		cmocka_unit_test(test_what_is_absent),
		cmocka_unit_test(test_addresses_are_given_around_those_named),
		cmocka_unit_test(test_families_of_flows),
		cmocka_unit_test(test_addresses_are_given_where_flows_need_them),
		cmocka_unit_test(test_outsiders),
		cmocka_unit_test(test_addresses_of_other_nodes),
		cmocka_unit_test(test_addresses_come_to_an_end),
	};

	return cmocka_run_group_tests_name("case", tests, NULL, NULL);
}
