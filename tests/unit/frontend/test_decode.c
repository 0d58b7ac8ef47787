// SPDX-License-Identifier: GPL-2.0-only
/* What good policies and endpoints become. What is said of bad ones: tests/golden/decode. */
#include "tests/unit/unit.h"

#include "tests/unit/frontend/decoded.h"

static void assert_selector(const struct pg_selector *selector, const char *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_selector_format(selector, &buf);
	assert_string_equal(buf.text, wanted);
}

static void assert_l4(const struct pg_l4 *l4, pg_proto proto, uint16_t first, uint16_t last,
		      uint32_t http)
{
	assert_int_equal(l4->proto.n, proto.n);
	assert_int_equal(l4->first, first);
	assert_int_equal(l4->last, last);
	assert_int_equal(l4->http, http);
}

/* The policy of the thesis's Figure 5.4, in a few more words. */
static const char whole_policy[] =
	"[{\n"
	"  \"labels\": [{\"key\": \"name\", \"value\": \"l7-rule\"}, \"k8s:a=b=c\", \"plain\"],\n"
	"  \"description\": \"app2 may read\",\n"
	"  \"endpointSelector\": {\"matchLabels\": {\"id\": \"app1\"}},\n"
	"  \"ingress\": [{\n"
	"    \"fromEndpoints\": [{\"matchLabels\": {\"container:id\": \"app2\"}}, {}],\n"
	"    \"toPorts\": [{\n"
	"      \"ports\": [{\"port\": \"80\", \"protocol\": \"tcp\"}],\n"
	"      \"rules\": {\"HTTP\": [{\"method\": \"GET\", \"path\": \"/public\", \"host\": \"\",\n"
	"        \"headers\": [\"X-Test: True\", \"X-Other\"]}, {}]}\n"
	"    }, {\"ports\": [{\"port\": 53}], \"rules\": {}}]\n"
	"  }],\n"
	"  \"egress\": [{\"toCIDR\": [\"192.168.254.111/20\", \"10.0.0.1\"]}, {}]\n"
	"}]\n";

static void test_a_whole_rule(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_rule *rule;
	const struct pg_label *labels;

	(void)state;
	assert_int_equal(decode_policy(&decoded, whole_policy), 0);
	assert_int_equal(decoded.diags.list.count, 0);
	assert_int_equal(decoded.policy.rules.count, 1);
	rule = decoded.policy.rules.items;
	assert_selector(&rule->subject, "id=app1");
	assert_marks(&decoded, rule->subject.loc, "{\"matchLabels\": {\"id\": \"app1\"}}");
	assert_marks(&decoded, rule->subject.requirements.items[0].loc, "\"id\": \"app1\"");
	assert_string_equal(rule->description, "app2 may read");
	assert_true(rule->default_deny[PG_INGRESS]);
	assert_true(rule->default_deny[PG_EGRESS]);
	assert_int_equal(rule->loc.offset, 1);
	assert_int_equal(rule->loc.length, strlen(whole_policy) - 3);
	/* Sorted by source and key. */
	assert_int_equal(rule->labels.list.count, 3);
	labels = rule->labels.list.items;
	assert_string_equal(labels[0].source, "k8s");
	assert_string_equal(labels[0].value, "b=c");
	assert_string_equal(labels[1].key, "name");
	assert_string_equal(labels[1].value, "l7-rule");
	assert_string_equal(labels[2].source, "unspec");
	assert_string_equal(labels[2].key, "plain");
	assert_string_equal(labels[2].value, "");
}

static void test_peers_of_entries(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_entry *entries;
	char text[PG_PREFIX_TEXT_MAX];

	(void)state;
	assert_int_equal(decode_policy(&decoded, whole_policy), 0);
	assert_int_equal(decoded.policy.rules.items[0].entries.count, 3);
	entries = decoded.policy.rules.items[0].entries.items;
	assert_int_equal(entries[0].direction, PG_INGRESS);
	assert_int_equal(entries[0].peers.l3, PG_L3_PEERS);
	assert_int_equal(entries[0].peers.endpoints.count, 2);
	assert_selector(&entries[0].peers.endpoints.items[0], "container:id=app2");
	assert_selector(&entries[0].peers.endpoints.items[1], "{}");
	assert_int_equal(entries[1].direction, PG_EGRESS);
	assert_int_equal(entries[1].peers.l3, PG_L3_PEERS);
	assert_int_equal(entries[1].peers.cidrs.count, 2);
	assert_string_equal(pg_prefix_format(&entries[1].peers.cidrs.items[0].prefix, text),
			    "192.168.240.0/20");
	assert_marks(&decoded, entries[1].peers.cidrs.items[0].loc, "\"192.168.254.111/20\"");
	assert_string_equal(pg_prefix_format(&entries[1].peers.cidrs.items[1].prefix, text),
			    "10.0.0.1/32");
	assert_false(entries[1].has_l4);
	assert_int_equal(entries[2].direction, PG_EGRESS);
	assert_int_equal(entries[2].peers.l3, PG_L3_ANY);
	assert_false(entries[2].has_l4);
	assert_marks(&decoded, entries[2].loc, "{}");
}

static void test_ports_of_entries(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_entry *entry;
	const struct pg_http_rule *http;

	(void)state;
	assert_int_equal(decode_policy(&decoded, whole_policy), 0);
	entry = decoded.policy.rules.items[0].entries.items;
	assert_true(entry->has_l4);
	assert_int_equal(entry->l4.count, 4);
	assert_l4(&entry->l4.items[0], PG_PROTO_TCP, 80, 80, 1);
	assert_marks(&decoded, entry->l4.items[0].loc, "{\"port\": \"80\", \"protocol\": \"tcp\"}");
	assert_l4(&entry->l4.items[1], PG_PROTO_TCP, 53, 53, 0);
	assert_l4(&entry->l4.items[2], PG_PROTO_UDP, 53, 53, 0);
	assert_l4(&entry->l4.items[3], PG_PROTO_SCTP, 53, 53, 0);
	assert_int_equal(entry->http_lists.count, 1);
	assert_int_equal(entry->http_lists.items[0].rules.count, 2);
	http = entry->http_lists.items[0].rules.items;
	assert_string_equal(http[0].method, "GET");
	assert_string_equal(http[0].path, "/public");
	assert_null(http[0].host);
	assert_int_equal(http[0].headers.count, 2);
	assert_string_equal(http[0].headers.items[1], "X-Other");
	assert_null(http[1].path);
	assert_marks(&decoded, http[1].loc, "{}");
}

static void test_port_zero_is_every_port_and_any_three_protocols(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_l4 *l4;

	(void)state;
	assert_int_equal(
		decode_policy(
			&decoded,
			"{\"endpointSelector\": {}, \"ingress\": [{\"toPorts\": [{\"ports\": ["
			"{\"port\": \"0\", \"protocol\": \"ANY\"},"
			"{\"port\": 0, \"protocol\": \"SCTP\"},"
			"{\"port\": \"65535\", \"protocol\": \"Udp\"}]}]}]}"),
		0);
	assert_int_equal(decoded.policy.rules.items[0].entries.items[0].l4.count, 5);
	l4 = decoded.policy.rules.items[0].entries.items[0].l4.items;
	assert_l4(&l4[0], PG_PROTO_TCP, 0, 65535, 0);
	assert_l4(&l4[1], PG_PROTO_UDP, 0, 65535, 0);
	assert_l4(&l4[2], PG_PROTO_SCTP, 0, 65535, 0);
	assert_l4(&l4[3], PG_PROTO_SCTP, 0, 65535, 0);
	assert_l4(&l4[4], PG_PROTO_UDP, 65535, 65535, 0);
}

static void test_port_ranges(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_l4 *l4;

	(void)state;
	assert_int_equal(
		decode_policy(
			&decoded,
			"{\"endpointSelector\": {}, \"ingress\": [{\"toPorts\": [{\"ports\": ["
			"{\"port\": \"1000\", \"endPort\": 1005, \"protocol\": \"TCP\"},"
			"{\"port\": 1000, \"endPort\": 999, \"protocol\": \"TCP\"},"
			"{\"port\": 1000, \"endPort\": 0, \"protocol\": \"TCP\"},"
			"{\"port\": 0, \"endPort\": 10, \"protocol\": \"TCP\"}]}]}]}"),
		0);
	l4 = decoded.policy.rules.items[0].entries.items[0].l4.items;
	assert_l4(&l4[0], PG_PROTO_TCP, 1000, 1005, 0);
	assert_l4(&l4[1], PG_PROTO_TCP, 1000, 1000, 0);
	assert_l4(&l4[2], PG_PROTO_TCP, 1000, 1000, 0);
	assert_l4(&l4[3], PG_PROTO_TCP, 0, 65535, 0);
}

static void test_icmp_types(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_entry *entries;

	(void)state;
	assert_int_equal(
		decode_policy(&decoded,
			      "{\"endpointSelector\": {}, \"ingress\": [{\"icmps\": [{\"fields\": ["
			      "{\"type\": 8}, {\"type\": 255, \"family\": \"IPv4\"}]},"
			      "{\"fields\": [{\"type\": \"TimeExceeded\"}]}]},"
			      "{\"icmps\": []}, {\"icmps\": [{}]}]}"),
		0);
	entries = decoded.policy.rules.items[0].entries.items;
	assert_true(entries[0].has_l4);
	assert_int_equal(entries[0].l4.count, 3);
	assert_l4(&entries[0].l4.items[0], PG_PROTO_ICMP, 8, 8, 0);
	assert_l4(&entries[0].l4.items[1], PG_PROTO_ICMP, 255, 255, 0);
	assert_l4(&entries[0].l4.items[2], PG_PROTO_ICMP, 11, 11, 0);
	assert_marks(&decoded, entries[0].l4.items[0].loc, "{\"type\": 8}");
	assert_false(entries[1].has_l4);
	assert_true(entries[2].has_l4);
	assert_int_equal(entries[2].l4.count, 0);
}

static void test_types_of_icmpv6(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_entry *entry;

	(void)state;
	assert_int_equal(
		decode_policy(&decoded,
			      "{\"endpointSelector\": {}, \"ingress\": [{\"icmps\": [{\"fields\": ["
			      "{\"type\": 128, \"family\": \"IPv6\"},"
			      "{\"family\": \"IPv6\", \"type\": \"TimeExceeded\"},"
			      "{\"type\": \"TimeExceeded\"}, {\"type\": \"40\"}]}]}]}"),
		0);
	entry = &decoded.policy.rules.items[0].entries.items[0];
	assert_int_equal(entry->l4.count, 4);
	assert_l4(&entry->l4.items[0], PG_PROTO_ICMPV6, 128, 128, 0);
	assert_l4(&entry->l4.items[1], PG_PROTO_ICMPV6, 3, 3, 0);
	assert_l4(&entry->l4.items[2], PG_PROTO_ICMP, 11, 11, 0);
	assert_l4(&entry->l4.items[3], PG_PROTO_ICMP, 40, 40, 0);
}

static void test_ports_of_icmp_are_types(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_l4 *l4;

	(void)state;
	assert_int_equal(
		decode_policy(
			&decoded,
			"{\"endpointSelector\": {}, \"ingress\": [{\"toPorts\": [{\"ports\": ["
			"{\"port\": \"0\", \"protocol\": \"ICMP\"},"
			"{\"port\": \"8\", \"protocol\": \"icmp\"},"
			"{\"port\": 0, \"protocol\": \"ICMPv6\"},"
			"{\"port\": 1, \"endPort\": 4, \"protocol\": \"ICMPV6\"}]}]}]}"),
		0);
	assert_int_equal(decoded.policy.rules.items[0].entries.items[0].l4.count, 4);
	l4 = decoded.policy.rules.items[0].entries.items[0].l4.items;
	assert_l4(&l4[0], PG_PROTO_ICMP, 0, 255, 0);
	assert_l4(&l4[1], PG_PROTO_ICMP, 8, 8, 0);
	assert_l4(&l4[2], PG_PROTO_ICMPV6, 0, 255, 0);
	assert_l4(&l4[3], PG_PROTO_ICMPV6, 1, 4, 0);
}

/* SEMANTICS: nobody, anybody, and ports that are there but empty. */
static void test_what_is_empty(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_rule *rules;
	const struct pg_entry *entries;

	(void)state;
	assert_int_equal(
		decode_policy(&decoded,
			      "[{\"endpointSelector\": {\"matchLabels\": {}}, \"ingress\": ["
			      "{\"fromEndpoints\": []}, {\"fromCIDR\": []},"
			      "{\"toPorts\": []}, {\"toPorts\": [{}]},"
			      "{\"toPorts\": [{\"ports\": []}]},"
			      "{\"toPorts\": [{\"ports\": [{\"port\": 1, \"protocol\": "
			      "\"TCP\"}], \"rules\": {\"http\": []}}]}]},"
			      "{\"endpointSelector\": {}, \"ingress\": []},"
			      "{\"endpointSelector\": {}}]"),
		0);
	rules = decoded.policy.rules.items;
	assert_true(pg_selector_is_wildcard(&rules[0].subject));
	entries = rules[0].entries.items;
	assert_int_equal(entries[0].peers.l3, PG_L3_PEERS);
	assert_int_equal(entries[0].peers.endpoints.count, 0);
	assert_int_equal(entries[1].peers.l3, PG_L3_PEERS);
	assert_int_equal(entries[2].peers.l3, PG_L3_ANY);
	assert_false(entries[2].has_l4);
	assert_true(entries[3].has_l4);
	assert_int_equal(entries[3].l4.count, 0);
	assert_true(entries[4].has_l4);
	assert_int_equal(entries[4].l4.count, 0);
	assert_int_equal(entries[5].l4.items[0].http, 0);
	assert_true(rules[0].default_deny[PG_INGRESS]);
	assert_false(rules[0].default_deny[PG_EGRESS]);
	assert_false(rules[1].default_deny[PG_INGRESS]);
	assert_false(rules[2].default_deny[PG_INGRESS]);
	assert_int_equal(decoded.diags.warnings, 1);
}

static void test_deny_sections(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_rule *rule;

	(void)state;
	assert_int_equal(
		decode_policy(
			&decoded,
			"{\"endpointSelector\": {}, \"egressDeny\": [{\"toCIDR\": [\"10.0.0.1\"]}],"
			"\"egress\": [{}], \"ingressDeny\": [{\"toPorts\": [{\"ports\": [{\"port\": 1}]}]}]}"),
		0);
	rule = decoded.policy.rules.items;
	assert_int_equal(rule->entries.count, 3);
	assert_true(rule->entries.items[0].deny);
	assert_int_equal(rule->entries.items[0].direction, PG_EGRESS);
	assert_int_equal(rule->entries.items[0].peers.cidrs.count, 1);
	assert_false(rule->entries.items[1].deny);
	assert_true(rule->entries.items[2].deny);
	assert_int_equal(rule->entries.items[2].direction, PG_INGRESS);
	assert_int_equal(rule->entries.items[2].l4.count, 3);
	assert_true(rule->default_deny[PG_INGRESS]);
	assert_true(rule->default_deny[PG_EGRESS]);
}

static void test_entities(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_entry *entries;

	(void)state;
	assert_int_equal(
		decode_policy(
			&decoded,
			"{\"endpointSelector\": {}, \"egress\": [{\"toEntities\": [\"world\", \"host\"]},"
			"{\"toEntities\": []}], \"ingress\": [{\"fromEntities\": [\"none\"]}]}"),
		0);
	entries = decoded.policy.rules.items[0].entries.items;
	assert_int_equal(entries[0].peers.l3, PG_L3_PEERS);
	assert_int_equal(entries[0].peers.entities, PG_ENTITY_WORLD | PG_ENTITY_HOST);
	assert_int_equal(entries[1].peers.l3, PG_L3_PEERS);
	assert_int_equal(entries[1].peers.entities, 0);
	assert_int_equal(entries[2].peers.entities, PG_ENTITY_NONE);
}

/* The world of one family is that family's CIDR. */
static void test_entities_of_one_family(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_peers *peers;
	char text[PG_PREFIX_TEXT_MAX];

	(void)state;
	assert_int_equal(
		decode_policy(&decoded,
			      "{\"endpointSelector\": {}, \"ingress\": [{\"fromEntities\": ["
			      "\"world-ipv6\", \"host\", \"world-ipv4\"]}]}"),
		0);
	peers = &decoded.policy.rules.items[0].entries.items[0].peers;
	assert_int_equal(peers->entities, PG_ENTITY_HOST);
	assert_int_equal(peers->cidrs.count, 2);
	assert_string_equal(pg_prefix_format(&peers->cidrs.items[0].prefix, text), "::/0");
	assert_string_equal(pg_prefix_format(&peers->cidrs.items[1].prefix, text), "0.0.0.0/0");
	assert_marks(&decoded, peers->cidrs.items[0].loc, "\"world-ipv6\"");
}

static void test_requires(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_entry *entries;

	(void)state;
	assert_int_equal(
		decode_policy(&decoded,
			      "{\"endpointSelector\": {}, \"ingress\": [{\"fromRequires\": ["
			      "{\"matchLabels\": {\"env\": \"prod\"}}, {}]},"
			      "{\"fromCIDR\": [\"10.0.0.1\"], \"fromRequires\": [{}]}]}"),
		0);
	entries = decoded.policy.rules.items[0].entries.items;
	assert_int_equal(entries[0].peers.l3, PG_L3_ANY);
	assert_int_equal(entries[0].peers.requires.count, 2);
	assert_selector(&entries[0].peers.requires.items[0], "env=prod");
	assert_int_equal(entries[1].peers.cidrs.count, 1);
	assert_int_equal(entries[1].peers.requires.count, 1);
}

static void test_cidr_sets(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_cidr *cidrs;
	char text[PG_PREFIX_TEXT_MAX];

	(void)state;
	assert_int_equal(
		decode_policy(
			&decoded,
			"{\"endpointSelector\": {}, \"egress\": [{\"toCIDRSet\": ["
			"{\"cidr\": \"10.0.0.9/8\", \"except\": [\"10.1.0.0/16\", \"10.2.0.1\"]},"
			"{\"cidr\": \"2001:DB8::9/32\", \"except\": [\"2001:db8:0:1::7\"]}]},"
			"{\"toCIDRSet\": []}]}"),
		0);
	assert_int_equal(decoded.policy.rules.items[0].entries.items[0].peers.cidrs.count, 2);
	cidrs = decoded.policy.rules.items[0].entries.items[0].peers.cidrs.items;
	assert_string_equal(pg_prefix_format(&cidrs[0].prefix, text), "10.0.0.0/8");
	assert_int_equal(cidrs[0].except.count, 2);
	assert_string_equal(pg_prefix_format(&cidrs[0].except.items[1], text), "10.2.0.1/32");
	assert_marks(&decoded, cidrs[0].loc, "\"10.0.0.9/8\"");
	assert_string_equal(pg_prefix_format(&cidrs[1].prefix, text), "2001:db8::/32");
	assert_int_equal(cidrs[1].except.count, 1);
	assert_string_equal(pg_prefix_format(&cidrs[1].except.items[0], text),
			    "2001:db8:0:1::7/128");
	assert_int_equal(decoded.policy.rules.items[0].entries.items[1].peers.l3, PG_L3_PEERS);
}

static void test_default_deny(void **state)
{
	static const bool wanted[][PG_DIRECTIONS] = {
		{ [PG_EGRESS] = false, [PG_INGRESS] = false },
		{ [PG_EGRESS] = true, [PG_INGRESS] = false },
		{ [PG_EGRESS] = true, [PG_INGRESS] = true },
		{ [PG_EGRESS] = true, [PG_INGRESS] = true },
	};
	_cleanup_decoded_ struct decoded decoded = { 0 };

	(void)state;
	assert_int_equal(
		decode_policy(
			&decoded,
			"[{\"enableDefaultDeny\": {\"ingress\": false}, \"endpointSelector\": {},"
			" \"ingress\": [{}]},"
			"{\"endpointSelector\": {}, \"ingressDeny\": [{}], \"egress\": [{}],"
			" \"enableDefaultDeny\": {\"ingress\": false}},"
			"{\"endpointSelector\": {}, \"ingress\": [{}], \"egress\": [{}],"
			" \"enableDefaultDeny\": {}},"
			"{\"endpointSelector\": {}, \"ingress\": [{}],"
			" \"enableDefaultDeny\": {\"egress\": true}}]"),
		0);
	for (size_t i = 0; i < PG_COUNT(wanted); i++)
		assert_memory_equal(decoded.policy.rules.items[i].default_deny, wanted[i],
				    sizeof(wanted[i]));
}

static void test_selectors(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };

	(void)state;
	assert_int_equal(
		decode_policy(
			&decoded,
			"[{\"endpointSelector\": {\"matchLabels\": {\"k8s.app\": \"\", \"$host\": \"\"},"
			"\"matchExpressions\": ["
			"{\"key\": \"tier\", \"operator\": \"In\", \"values\": [\"db\", \"web\"]},"
			"{\"key\": \"any:zone\", \"operator\": \"NotIn\", \"values\": [\"\"]},"
			"{\"key\": \"k8s:x\", \"operator\": \"Exists\"},"
			"{\"key\": \"y\", \"operator\": \"DoesNotExist\", \"values\": []}]}}]"),
		0);
	assert_selector(&decoded.policy.rules.items[0].subject,
			"k8s.app=,reserved:host=,tier In (db,web),zone NotIn (),k8s:x Exists,"
			"y DoesNotExist");
}

static void test_files_are_one_list(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };

	(void)state;
	assert_int_equal(decode_policy(&decoded, "{\"endpointSelector\": {}}"), 0);
	assert_int_equal(decode_policy(&decoded, "[]"), 0);
	assert_int_equal(decode_policy(&decoded, " [{\"endpointSelector\": {}}]"), 0);
	assert_int_equal(decoded.policy.rules.count, 2);
	assert_int_equal(decoded.policy.rules.items[0].loc.source, 1);
	assert_int_equal(decoded.policy.rules.items[1].loc.source, 3);
	assert_int_equal(decoded.policy.rules.items[1].loc.offset, 2);
}

static void test_an_error_of_an_earlier_file_is_not_this_one_s(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };

	(void)state;
	assert_int_equal(decode_policy(&decoded, "7"), -EINVAL);
	assert_int_equal(decode_policy(&decoded, "[]"), 0);
	assert_int_equal(decode_policy(&decoded, "["), -EINVAL);
	assert_int_equal(decoded.diags.errors, 2);
}

/* With one requirement over 65536 values: too much, and with as many: fine. */
static void test_values_of_an_expression_have_a_limit(void **state)
{
	(void)state;
	for (size_t count = 65536; count <= 65537; count++) {
		_cleanup_decoded_ struct decoded decoded = { 0 };
		_cleanup_strbuf_ struct pg_strbuf text = { 0 };

		pg_strbuf_puts(&text, "{\"endpointSelector\": {\"matchExpressions\": [{\"key\": "
				      "\"a\", \"operator\": \"In\", \"values\": [\"x\"");
		for (size_t i = 1; i < count; i++)
			pg_strbuf_puts(&text, ",\"x\"");
		pg_strbuf_puts(&text, "]}]}}");
		assert_int_equal(decode_policy(&decoded, text.text), count > 65536 ? -EINVAL : 0);
		if (count > 65536)
			assert_string_equal(decoded.diags.list.items[0].text,
					    "more than 65536 values");
	}
}

static void test_ten_thousand_errors_are_all_reported(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	(void)state;
	pg_strbuf_putc(&text, '[');
	for (size_t i = 0; i < 10000; i++)
		pg_strbuf_printf(&text, "%s{\"endpointSelector\": {}, \"ingres\": %zu}",
				 i ? "," : "", i);
	pg_strbuf_putc(&text, ']');
	assert_int_equal(decode_policy(&decoded, text.text), -EINVAL);
	assert_int_equal(decoded.diags.errors, 10000);
	assert_int_equal(decoded.diags.list.count, 10000);
}

static void test_endpoints(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_endpoint *endpoint;
	char text[PG_ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(
		decode_endpoints(
			&decoded,
			"{\"endpoints\": ["
			"{\"name\": \"app1\", \"labels\": [\"container:id=app1\", \"plain\"],"
			" \"ipv4\": \"10.0.192.2\", \"ipv6\": \"fd00::2\", \"interface\": \"veth1\","
			" \"network\": \"flip0\", \"netns\": \"/run/netns/app1\","
			" \"container\": \"4f2a\"},"
			"{\"name\": \"app2\", \"labels\": []}],"
			"\"host\": {\"addresses\": [\"10.0.192.1\", \"fd00::1\"]},"
			"\"remoteNodes\": {\"addresses\": [\"10.0.0.2\"]}}"),
		0);
	assert_int_equal(decoded.endpoints.list.count, 2);
	endpoint = decoded.endpoints.list.items;
	assert_string_equal(endpoint->name, "app1");
	assert_string_equal(endpoint->interface, "veth1");
	assert_string_equal(endpoint->network, "flip0");
	assert_string_equal(endpoint->netns, "/run/netns/app1");
	assert_string_equal(endpoint->container, "4f2a");
	assert_string_equal(pg_addr_format(&endpoint->ipv4, text), "10.0.192.2");
	assert_string_equal(pg_addr_format(&endpoint->ipv6, text), "fd00::2");
	assert_int_equal(endpoint->labels.list.count, 2);
	assert_string_equal(endpoint->labels.list.items[1].source, "unspec");
	assert_marks(&decoded, endpoint[1].loc, "{\"name\": \"app2\", \"labels\": []}");
	assert_int_equal(endpoint[1].ipv4.family, 0);
	assert_null(endpoint[1].interface);
	assert_int_equal(decoded.endpoints.host_addrs.count, 2);
	assert_string_equal(pg_addr_format(&decoded.endpoints.remote_node_addrs.items[0], text),
			    "10.0.0.2");
}

static void assert_left_out(const struct pg_entry *entry)
{
	assert_int_equal(entry->peers.l3, PG_L3_PEERS);
	assert_int_equal(entry->peers.entities, 0);
	assert_int_equal(entry->peers.endpoints.count, 0);
	assert_int_equal(entry->peers.cidrs.count, 0);
	assert_int_equal(entry->l4.count, 0);
}

static int decode_leniently(struct decoded *decoded, const char *text)
{
	struct pg_decode_options options = { .lenient = true };

	add_text(decoded, text);
	return pg_decode_policy(&decoded->sources, decoded->source, &options, &decoded->diags,
				&decoded->policy);
}

static void test_entries_left_out_allow_nothing(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_entry *entry;

	(void)state;
	assert_int_equal(
		decode_leniently(
			&decoded,
			"[{\"endpointSelector\": {}, \"egress\": [{\"toFQDNs\": [],"
			" \"toRequires\": [{\"matchLabels\": {\"a\": \"b\"}}],"
			" \"toPorts\": [{\"ports\": [{\"port\": \"53\"}]}]},"
			" {\"toEntities\": [\"host\", \"init\"]},"
			" {\"toEndpoint\": [], \"toPorts\": [{\"ports\": [{\"port\": \"53\"}]}]},"
			" {\"toEndpoints\": [{\"matchLabel\": {\"a\": \"b\"}}]},"
			" {\"toCIDR\": [\"10.0.0.0/8\"]}]}]"),
		0);
	assert_int_equal(decoded.diags.warnings, 4);
	assert_true(decoded.policy.rules.items[0].default_deny[PG_EGRESS]);
	entry = decoded.policy.rules.items[0].entries.items;
	for (size_t i = 0; i < 4; i++)
		assert_left_out(&entry[i]);
	assert_int_equal(entry[0].peers.requires.count, 1);
	assert_int_equal(entry[4].peers.cidrs.count, 1);
}

static void test_entries_of_network_policies_are_left_out(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };
	const struct pg_rule *rule;

	(void)state;
	assert_int_equal(
		decode_leniently(
			&decoded,
			"{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\","
			" \"spec\": {\"podSelector\": {}, \"ingress\": ["
			" {\"form\": [{\"podSelector\": {}}]}, {\"port\": [{\"port\": 80}]},"
			" {\"ports\": [{\"port\": 80}]}]}}"),
		0);
	rule = &decoded.policy.rules.items[0];
	assert_int_equal(decoded.diags.warnings, 2);
	assert_true(rule->default_deny[PG_INGRESS]);
	assert_left_out(&rule->entries.items[0]);
	assert_left_out(&rule->entries.items[1]);
	assert_int_equal(rule->entries.items[2].l4.count, 1);
}

static void test_rules_for_hosts_are_left_out(void **state)
{
	_cleanup_decoded_ struct decoded decoded = { 0 };

	(void)state;
	assert_int_equal(decode_leniently(&decoded, "[{\"nodeSelector\": {}, \"ingress\": [{}]},"
						    " {\"endpointSelector\": {}, \"log\": {}}]"),
			 0);
	assert_int_equal(decoded.diags.warnings, 2);
	assert_int_equal(decoded.policy.rules.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_rule),
		cmocka_unit_test(test_peers_of_entries),
		cmocka_unit_test(test_ports_of_entries),
		cmocka_unit_test(test_port_zero_is_every_port_and_any_three_protocols),
		cmocka_unit_test(test_port_ranges),
		cmocka_unit_test(test_icmp_types),
		cmocka_unit_test(test_types_of_icmpv6),
		cmocka_unit_test(test_ports_of_icmp_are_types),
		cmocka_unit_test(test_what_is_empty),
		cmocka_unit_test(test_deny_sections),
		cmocka_unit_test(test_entities),
		cmocka_unit_test(test_entities_of_one_family),
		cmocka_unit_test(test_requires),
		cmocka_unit_test(test_cidr_sets),
		cmocka_unit_test(test_default_deny),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_files_are_one_list),
		cmocka_unit_test(test_an_error_of_an_earlier_file_is_not_this_one_s),
		cmocka_unit_test(test_values_of_an_expression_have_a_limit),
		cmocka_unit_test(test_ten_thousand_errors_are_all_reported),
		cmocka_unit_test(test_entries_left_out_allow_nothing),
		cmocka_unit_test(test_entries_of_network_policies_are_left_out),
		cmocka_unit_test(test_rules_for_hosts_are_left_out),
		cmocka_unit_test(test_endpoints),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
