// SPDX-License-Identifier: GPL-2.0-only
/* The connectivity matrix of a lab, with rules of iptables made by hand. */
#include "tests/unit/unit.h"

#include "frontend/lab/lab.h"
#include "frontend/lab/matrix.h"

static void add_endpoint(struct pg_endpoints *endpoints, const char *name, const char *addr,
			 const char *ipv6)
{
	struct pg_endpoint *endpoint = pg_array_add(&endpoints->list);

	assert_non_null(endpoint);
	endpoint->name = strdup(name);
	assert_int_equal(pg_addr_parse(addr, &endpoint->ipv4), 0);
	if (ipv6)
		assert_int_equal(pg_addr_parse(ipv6, &endpoint->ipv6), 0);
}

static struct pg_lab *enter(struct pg_endpoints *endpoints)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	static const char *const host_addrs[] = { "10.0.192.1", "fd00:10::1" };
	struct pg_lab *lab = NULL;

	for (size_t i = 0; i < PG_COUNT(host_addrs); i++) {
		struct pg_addr *host = pg_array_add(&endpoints->host_addrs);

		assert_non_null(host);
		assert_int_equal(pg_addr_parse(host_addrs[i], host), 0);
	}
	add_endpoint(endpoints, "app1", "10.0.192.2", "fd00:10::2");
	add_endpoint(endpoints, "app2", "10.0.192.3", "fd00:10::3");
	add_endpoint(endpoints, "host", "10.0.192.4", NULL);
	if (pg_lab_enter(endpoints, NULL, 0, &diags, &lab))
		fail_msg("%s", diags.list.items[0].text);
	return lab;
}

static void assert_matrix(const struct pg_endpoints *endpoints,
			  const struct pg_matrix_options *options, const char *wanted)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_matrix_ports_ struct pg_matrix_ports ports = { 0 };
	_cleanup_matrix_ struct pg_matrix matrix = { 0 };
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	struct pg_matrix_style style = { .ascii = true };
	struct pg_matrix *const folded = &matrix;

	assert_int_equal(pg_matrix_ports_parse("tcp/80,icmp", &diags, &ports), 0);
	assert_int_equal(pg_matrix_probe(endpoints, &ports, options, &diags, &matrix), 0);
	assert_int_equal(diags.list.count, 0);
	pg_matrix_fold(&folded, 1);
	pg_matrix_format(&matrix, &style, &buf);
	assert_string_equal(buf.text, wanted);
}

static void test_who_reaches_whom(void **state)
{
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };
	struct pg_lab *lab = enter(&endpoints);
	struct pg_matrix_options options = { .title = "by hand", .from_host = true };

	(void)state;
	assert_int_equal(
		system("iptables-legacy -A FORWARD -p tcp -d 10.0.192.3 --dport 80 -j DROP && "
		       "ip6tables-legacy -A FORWARD -p tcp -d fd00:10::3 --dport 80 -j DROP"),
		0);
	assert_int_equal(system("iptables-legacy -A FORWARD -s 10.0.192.2 -p icmp "
				"--icmp-type echo-request -j REJECT"),
			 0);
	assert_matrix(
		&endpoints, &options,
		"            | tcp/80             | icmp               | icmp6\n"
		"  from \\ to |  app1  app2  host  |  app1  app2  host  |  app1  app2  host\n"
		" -----------+--------------------+--------------------+--------------------\n"
		"  app1      |   -     .     #    |   -     x     x    |   -     #     -\n"
		"  app2      |   #     -     #    |   #     -     #    |   #     -     -\n"
		"  host      |   #     .     -    |   #     #     -    |   -     -     -\n"
		"  (host)    |   #     #     #    |   #     #     #    |   #     #     -\n"
		"\n"
		"  # 18 open   . 2 closed   x 2 refused   by hand\n");
	pg_lab_free(lab);
}

static void test_endpoints_without_a_namespace_are_named(void **state)
{
	_cleanup_endpoints_ struct pg_endpoints endpoints = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_matrix_ports_ struct pg_matrix_ports ports = { 0 };
	struct pg_matrix matrix = { 0 };
	struct pg_matrix_options options = { 0 };

	(void)state;
	add_endpoint(&endpoints, "a", "10.0.192.2", NULL);
	add_endpoint(&endpoints, "b", "10.0.192.3", NULL);
	add_endpoint(&endpoints, "c", "10.0.192.4", NULL);
	endpoints.list.items[1].netns = strdup("/nowhere");
	endpoints.list.items[2].netns = strdup("/dev/null");
	assert_int_equal(pg_matrix_ports_parse("icmp", &diags, &ports), 0);
	assert_int_equal(pg_matrix_probe(&endpoints, &ports, &options, &diags, &matrix), -EINVAL);
	assert_int_equal(diags.errors, 3);
	assert_string_equal(diags.list.items[0].text,
			    "endpoint 'a' has no network namespace to probe from");
	assert_string_equal(
		diags.list.items[1].text,
		"cannot open network namespace '/nowhere' of 'b': no such file or directory");
	assert_string_equal(diags.list.items[2].text,
			    "cannot open network namespace '/dev/null' of 'c': it is none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoints_without_a_namespace_are_named),
		cmocka_unit_test(test_who_reaches_whom),
	};

	if (geteuid()) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	return cmocka_run_group_tests_name("matrix", tests, NULL, NULL);
}
