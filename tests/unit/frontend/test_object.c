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

#define NETWORK_POLICY                       \
	"apiVersion: networking.k8s.io/v1\n" \
	"kind: NetworkPolicy\n"

static void test_the_peers_of_a_network_policy(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_rule *rule;
	const struct pg_peers *peers;

	(void)state;
	assert_int_equal(
		decode_policy(
			&decoded, NETWORK_POLICY
			"metadata: {name: web, namespace: shop}\n"
			"spec:\n"
			"  podSelector: {}\n"
			"  ingress:\n"
			"  - {}\n"
			"  - from:\n"
			"    - podSelector: {matchLabels: {a: '1'}}\n"
			"    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: x}}\n"
			"      podSelector: {matchLabels: {a: '2'}}\n"
			"    - namespaceSelector: {matchLabels: {team: b}}\n"
			"    - namespaceSelector: {}\n"
			"    - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}\n"),
		0);
	assert_int_equal(decoded.diags.list.count, 0);
	rule = decoded.policy.rules.items;
	assert_selector(&rule->subject, "io.kubernetes.pod.namespace=shop");
	assert_labels(&rule->labels, "k8s:io.cilium.k8s.policy.derived-from=NetworkPolicy,"
				     "k8s:io.cilium.k8s.policy.name=web,"
				     "k8s:io.cilium.k8s.policy.namespace=shop");
	peers = &rule->entries.items[0].peers;
	assert_int_equal(peers->l3, PG_L3_PEERS);
	assert_selector(peers->endpoints.items, "{}");
	assert_false(rule->entries.items[0].has_l4);
	peers = &rule->entries.items[1].peers;
	assert_int_equal(peers->endpoints.count, 4);
	assert_selector(&peers->endpoints.items[0], "a=1,io.kubernetes.pod.namespace=shop");
	assert_selector(&peers->endpoints.items[1], "io.kubernetes.pod.namespace=x,a=2");
	assert_selector(&peers->endpoints.items[2], "io.cilium.k8s.namespace.labels.team=b");
	assert_selector(&peers->endpoints.items[3], "io.kubernetes.pod.namespace Exists");
	assert_int_equal(peers->cidrs.count, 1);
	assert_int_equal(peers->cidrs.items[0].except.count, 1);
}

static void assert_closes(const char *spec, bool ingress, bool egress, size_t entries)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	const struct pg_rule *rule;

	pg_strbuf_printf(&text, NETWORK_POLICY "spec: {podSelector: {}%s}\n", spec);
	assert_int_equal(decode_policy(&decoded, text.text), 0);
	rule = decoded.policy.rules.items;
	assert_int_equal(rule->default_deny[PG_INGRESS], ingress);
	assert_int_equal(rule->default_deny[PG_EGRESS], egress);
	assert_int_equal(rule->entries.count, entries);
}

static void test_the_directions_of_a_network_policy(void **state)
{
	(void)state;
	assert_closes("", true, false, 0);
	assert_closes(", policyTypes: []", true, false, 0);
	assert_closes(", egress: []", true, false, 0);
	assert_closes(", egress: [{}]", true, true, 1);
	assert_closes(", policyTypes: [Egress]", false, true, 0);
	assert_closes(", policyTypes: [Ingress, Egress]", true, true, 0);
	/* What is in a direction that isn't named opens nothing, either. */
	assert_closes(", policyTypes: [Egress], ingress: [{}], egress: [{}]", false, true, 1);
	assert_closes(", policyTypes: [Ingress], ingress: [{}], egress: [{}]", true, false, 1);
}

static void test_the_ports_of_a_network_policy(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_entry *entry;

	(void)state;
	assert_int_equal(
		decode_policy(&decoded, NETWORK_POLICY
			      "spec:\n"
			      "  podSelector: {}\n"
			      "  ingress:\n"
			      "  - ports: [{}, {protocol: UDP}, {port: domain, protocol: SCTP},\n"
			      "            {port: 80, endPort: 90}]\n"
			      "  - from: [{podSelector: {}}]\n"
			      "    ports: []\n"),
		0);
	entry = decoded.policy.rules.items[0].entries.items;
	assert_true(entry->has_l4);
	assert_int_equal(entry->l4.count, 4);
	assert_int_equal(entry->l4.items[0].proto.n, 6);
	assert_int_equal(entry->l4.items[0].first, 0);
	assert_int_equal(entry->l4.items[0].last, 65535);
	assert_int_equal(entry->l4.items[1].proto.n, 17);
	assert_int_equal(entry->l4.items[2].proto.n, 132);
	assert_int_equal(entry->l4.items[2].first, 53);
	assert_int_equal(entry->l4.items[2].last, 53);
	assert_int_equal(entry->l4.items[3].last, 90);
	assert_selector(entry->peers.endpoints.items, "{}");
	assert_false(entry[1].has_l4);
	assert_selector(entry[1].peers.endpoints.items, ONLY_ENDPOINTS);
}

static const char nulls[] = "apiVersion: networking.k8s.io/v1\n"
			    "kind: NetworkPolicy\n"
			    "metadata: {name: web, namespace: shop}\n"
			    "spec:\n"
			    "  podSelector:\n"
			    "  policyTypes:\n"
			    "  ingress:\n"
			    "  - from:\n"
			    "    ports: [{port: }]\n"
			    "  egress:\n";

/* The same as without them, and the subjects are those of {}; each is warned of. */
static void test_nulls_are_absent(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_rule *rule;

	(void)state;
	assert_int_equal(decode_policy(&decoded, nulls), 0);
	assert_int_equal(decoded.diags.warnings, 5);
	rule = decoded.policy.rules.items;
	assert_selector(&rule->subject, "io.kubernetes.pod.namespace=shop");
	assert_true(rule->default_deny[PG_INGRESS]);
	assert_false(rule->default_deny[PG_EGRESS]);
	assert_int_equal(rule->entries.count, 1);
	assert_int_equal(rule->entries.items[0].peers.endpoints.count, 1);
	assert_int_equal(rule->entries.items[0].peers.endpoints.items[0].requirements.count, 0);
	assert_int_equal(rule->entries.items[0].l4.count, 1);
	assert_int_equal(rule->entries.items[0].l4.items[0].proto.n, PG_PROTO_TCP.n);
	assert_int_equal(rule->entries.items[0].l4.items[0].last, UINT16_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_namespace_limits_subjects_and_peers),
		cmocka_unit_test(test_without_a_namespace_peers_are_endpoints),
		cmocka_unit_test(test_lists_and_documents),
		cmocka_unit_test(test_the_peers_of_a_network_policy),
		cmocka_unit_test(test_the_directions_of_a_network_policy),
		cmocka_unit_test(test_the_ports_of_a_network_policy),
		cmocka_unit_test(test_nulls_are_absent),
	};

	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
