// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation of the decoders fails once: the answer is -ENOMEM, nothing leaks (the sanitizers
 * see to that) and nothing is touched that isn't there.
 */
#include "tests/unit/unit.h"

#include "tests/unit/failing_alloc.h"
#include "tests/unit/frontend/decoded.h"

static const char policy[] =
	"[{\"labels\": [\"a=b\", {\"key\": \"k\"}], \"description\": \"d\","
	"\"endpointSelector\": {\"matchLabels\": {\"k8s:a\": \"1\"},"
	" \"matchExpressions\": [{\"key\": \"b\", \"operator\": \"In\", \"values\": [\"\\u00e9\"]}]},"
	"\"ingress\": [{\"fromEndpoints\": [{}], \"toPorts\": [{\"ports\": [{\"port\": 80,"
	" \"protocol\": \"TCP\"}], \"rules\": {\"http\": [{\"path\": \"/\", \"headers\": [\"X\"]}]}}]},"
	"{\"fromCIDR\": [\"10.0.0.0/8\"]}]}]";

static const char object[] =
	"{\"apiVersion\": \"cilium.io/v2\", \"kind\": \"CiliumNetworkPolicy\","
	" \"metadata\": {\"name\": \"n\", \"namespace\": \"s\"}, \"spec\":"
	" {\"endpointSelector\": {\"matchLabels\": {\"k8s:io.kubernetes.pod.namespace\": \"s\"}},"
	" \"ingress\": [{\"fromEndpoints\": [{}], \"fromRequires\": [{}]}]}}";

static const char network_policy[] =
	"{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\","
	" \"metadata\": {\"name\": \"n\", \"namespace\": \"s\"}, \"spec\": {\"podSelector\": {},"
	" \"policyTypes\": [\"Ingress\"], \"ingress\": [{\"ports\": [{\"port\": 80}],"
	" \"from\": [{\"podSelector\": {\"matchLabels\": {\"a\": \"b\"}},"
	" \"namespaceSelector\": {\"matchExpressions\": [{\"key\": \"a\", \"operator\": \"NotIn\","
	" \"values\": [\"b\"]}]}}, {\"ipBlock\": {\"cidr\": \"10.0.0.0/8\"}}]}]}}";

static const char endpoints[] =
	"{\"endpoints\": [{\"name\": \"a\", \"labels\": [\"b=c\"], \"ipv4\": \"10.0.0.1\","
	" \"interface\": \"v\"}], \"host\": {\"addresses\": [\"10.0.0.2\"]},"
	" \"remoteNodes\": {\"addresses\": [\"10.0.0.3\"]}}";

static const char test_case[] =
	"{\"id\": \"i\", \"note\": \"n\", \"policy\": [{\"endpointSelector\": {}}],"
	"\"endpoints\": {\"a\": [\"b=c\"], \"h\": [\"reserved:host=\"],"
	" \"_ips\": {\"a\": \"10.0.0.1\"}},"
	"\"flows\": [{\"src\": \"a\", \"dst\": \"ip:10.0.0.9\", \"proto\": \"tcp\", \"dport\": 1,"
	" \"http\": {\"path\": \"/\", \"headers\": {\"X\": \"1\"}}, \"expect\": \"allow\"}]}";

typedef int decode_fn(struct decoded *decoded, const char *text);

static int decode_case_and_assign(struct decoded *decoded, const char *text)
{
	int r = decode_case(decoded, text);

	return r < 0 ? r : pg_case_assign(&decoded->test, &decoded->diags);
}

/* One run, with allocation number `n` of the decoding failing. True: there was one. */
static bool run_with_failure(decode_fn *decode, const char *text, long n)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	bool failed;
	int r;

	/* Adding the source isn't under test: three texts, two tables and a place in the list. */
	failing_alloc_start(n + 5);
	r = decode(&decoded, text);
	failed = failing_alloc_stop();
	if (failed)
		assert_int_equal(r, -ENOMEM);
	else
		assert_int_equal(r, 0);
	return failed;
}

static void fail_each(decode_fn *decode, const char *text, long at_least)
{
	long n = 0;

	while (run_with_failure(decode, text, n))
		n++;
	assert_true(n >= at_least);
}

static void test_policies(void **state)
{
	(void)state;
	fail_each(decode_policy, policy, 30);
	fail_each(decode_policy, object, 30);
	fail_each(decode_policy, network_policy, 30);
}

static void test_endpoints(void **state)
{
	(void)state;
	fail_each(decode_endpoints, endpoints, 10);
}

static void test_cases(void **state)
{
	(void)state;
	fail_each(decode_case_and_assign, test_case, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests_name("oom", tests, NULL, NULL);
}
