// SPDX-License-Identifier: GPL-2.0-only
/* What Kubernetes objects become. What is said of bad ones: tests/golden/decode. */
#include "tests/unit/unit.h"

#include "tests/unit/frontend/decoded.h"

#define ONLY_ENDPOINTS                                                  \
	"reserved:host DoesNotExist,reserved:remote-node DoesNotExist," \
	"reserved:world DoesNotExist"

static void assert_selector(const struct pg_selector *selector, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_selector_format(selector, &buf);
	assert_string_equal(buf.text, wanted);
}

static void assert_labels(const struct pg_labels *labels, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_labels_format(labels, &buf);
	assert_string_equal(buf.text, wanted);
}

static const char namespaced[] =
	"apiVersion: cilium.io/v2\n"
	"kind: CiliumNetworkPolicy\n"
	"metadata: {name: web, namespace: shop}\n"
	"specs:\n"
	"- endpointSelector: {matchLabels: {app: web}}\n"
	"  labels: ['k8s:team=a']\n"
	"  ingress:\n"
	"  - fromEndpoints:\n"
	"    - {}\n"
	"    - matchLabels: {k8s:io.kubernetes.pod.namespace: ops}\n"
	"    - matchLabels: {k8s:io.cilium.k8s.namespace.labels.team: a}\n"
	"    - matchLabels: {reserved:host: ''}\n"
	"  - fromRequires: [{matchLabels: {zone: a}}]\n"
	"- endpointSelector: {matchLabels: {k8s:io.kubernetes.pod.namespace: shop}}\n";

static void test_a_namespace_limits_subjects_and_peers(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_rule *rule;
	const struct pg_selector *peers;

	(void)state;
	assert_int_equal(decode_policy(&decoded, namespaced), 0);
	assert_int_equal(decoded.diags.list.count, 0);
	assert_int_equal(decoded.policy.rules.count, 2);
	rule = decoded.policy.rules.items;
	assert_selector(&rule->subject, "app=web,io.kubernetes.pod.namespace=shop");
	assert_marks(&decoded, rule->subject.requirements.items[1].loc, "shop");
	assert_labels(&rule->labels, "k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy,"
				     "k8s:io.cilium.k8s.policy.name=web,"
				     "k8s:io.cilium.k8s.policy.namespace=shop,k8s:team=a");
	peers = rule->entries.items[0].peers.endpoints.items;
	assert_selector(&peers[0], "io.kubernetes.pod.namespace=shop");
	assert_selector(&peers[1], "k8s:io.kubernetes.pod.namespace=ops");
	assert_selector(&peers[2], "k8s:io.cilium.k8s.namespace.labels.team=a");
	assert_selector(&peers[3], "reserved:host=");
	assert_selector(rule->entries.items[1].peers.requires.items,
			"zone=a,io.kubernetes.pod.namespace=shop");
	assert_selector(&rule[1].subject, "k8s:io.kubernetes.pod.namespace=shop,"
					  "k8s:io.kubernetes.pod.namespace=shop");
}

static void test_without_a_namespace_peers_are_endpoints(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_rule *rule;

	(void)state;
	assert_int_equal(decode_policy(&decoded, "[{\"apiVersion\": \"cilium.io/v2\","
						 " \"kind\": \"CiliumClusterwideNetworkPolicy\","
						 " \"spec\": {\"endpointSelector\": {},"
						 " \"egress\": [{\"toEndpoints\": [{}]}]}},"
						 " {\"endpointSelector\": {},"
						 " \"egress\": [{\"toEndpoints\": [{}]}]}]"),
			 0);
	rule = decoded.policy.rules.items;
	assert_selector(&rule->subject, "{}");
	assert_selector(rule->entries.items[0].peers.endpoints.items, ONLY_ENDPOINTS);
	assert_labels(&rule->labels,
		      "k8s:io.cilium.k8s.policy.derived-from=CiliumClusterwideNetworkPolicy");
	/* A rule beside it is none of its business. */
	assert_selector(rule[1].entries.items[0].peers.endpoints.items, "{}");
	assert_int_equal(rule[1].labels.list.count, 0);
}

static void test_lists_and_documents(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };

	(void)state;
	assert_int_equal(decode_policy(&decoded,
				       "apiVersion: v1\n"
				       "kind: List\n"
				       "items:\n"
				       "- apiVersion: cilium.io/v2\n"
				       "  kind: CiliumNetworkPolicy\n"
				       "  spec: {endpointSelector: {matchLabels: {n: '1'}}}\n"
				       "  specs:\n"
				       "  - endpointSelector: {matchLabels: {n: '2'}}\n"
				       "- endpointSelector: {matchLabels: {n: '3'}}\n"
				       "---\n"
				       "- endpointSelector: {matchLabels: {n: '4'}}\n"
				       "---\n"),
			 0);
	assert_int_equal(decoded.policy.rules.count, 4);
	for (uint32_t i = 0; i < 4; i++) {
		char wanted[] = "n=0";

		wanted[2] += (char)(i + 1);
		assert_selector(&decoded.policy.rules.items[i].subject, wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_namespace_limits_subjects_and_peers),
		cmocka_unit_test(test_without_a_namespace_peers_are_endpoints),
		cmocka_unit_test(test_lists_and_documents),
	};

	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
