// SPDX-License-Identifier: GPL-2.0-only
/* Random cases over a small universe, where everything meets everything. */
#include "tests/parity/parity.h"

const char *const universe_names[] = { "e0", "e1", "e2", "e3", "e4", NULL };
const char *const universe_addrs[] = { "10.0.192.2", "10.0.192.3", "10.0.192.200",
				       "10.0.193.1", "172.20.0.2", NULL };
const char *const universe_host[] = { "10.0.192.1", "192.0.2.1", NULL };
/* Alone, in nested prefixes, and among the endpoints' own addresses. */
const char *const universe_world[] = { "8.8.8.8",     "8.8.4.4",     "8.1.2.3",
				       "1.1.1.1",     "10.0.200.5",  "10.0.192.77",
				       "192.168.7.7", "203.0.113.9", NULL };

static const char *const labels[] = { "k8s:app=a",	    "k8s:app=b",   "container:app=a",
				      "k8s:tier=web",	    "k8s:tier=db", "container:env=",
				      "container:env=prod", NULL };
static const char *const sources[] = { "", "", "", "k8s:", "container:", "any:", NULL };

/* What selectors ask for: keys of those labels, and values that mostly are theirs. */
static const struct {
	const char *key;
	const char *values[5];
} known[] = {
	{ "app", { "a", "a", "b", "c", NULL } },
	{ "tier", { "web", "web", "db", "", NULL } },
	{ "env", { "", "prod", "prod", "test", NULL } },
};
static const char *const operators[] = { "In", "NotIn", "Exists", "DoesNotExist", NULL };
static const char *const cidrs[] = { "0.0.0.0/0",  "8.0.0.0/8",	 "8.8.0.0/16",	   "8.8.8.8/32",
				     "8.8.8.8",	   "10.0.0.0/8", "10.0.192.0/20",  "10.0.192.77",
				     "1.1.1.1/32", "1.1.1.0/30", "192.168.0.0/16", NULL };
static const char *const protocols[] = { "TCP", "TCP", "tcp", "UDP", "SCTP", "ANY", NULL };
static const char *const policy_ports[] = { "80", "80", "81", "443", "53", "0", NULL };
static const int flow_ports[] = { 80, 80, 81, 443, 53, 8080 };

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned int rng_below(struct rng *rng, unsigned int limit)
{
	return (unsigned int)(rng_next(rng) % limit);
}

bool rng_chance(struct rng *rng, unsigned int percent)
{
	return rng_below(rng, 100) < percent;
}

static const char *pick(struct rng *rng, const char *const *list)
{
	unsigned int count = 0;

	while (list[count])
		count++;
	return list[rng_below(rng, count)];
}

static json_t *make_strings(const char *const *list)
{
	json_t *array = json_array();

	for (; *list; list++)
		json_array_append_new(array, json_string(*list));
	return array;
}

static json_t *make_endpoints(struct rng *rng)
{
	json_t *endpoints = json_object(), *addrs = json_object();

	for (size_t i = 0; universe_names[i]; i++) {
		json_t *list = json_array();

		for (size_t label = 0; labels[label]; label++) {
			if (rng_chance(rng, 35))
				json_array_append_new(list, json_string(labels[label]));
		}
		json_object_set_new(endpoints, universe_names[i], list);
		json_object_set_new(addrs, universe_names[i], json_string(universe_addrs[i]));
	}
	json_object_set_new(endpoints, "host", json_pack("[s]", "reserved:host="));
	json_object_set_new(endpoints, "_ips", addrs);
	json_object_set_new(endpoints, "_host_ips", make_strings(universe_host));
	return endpoints;
}

static json_t *make_key(struct rng *rng, size_t key)
{
	return json_sprintf("%s%s", pick(rng, sources), known[key].key);
}

static json_t *make_expression(struct rng *rng, size_t key)
{
	const char *operator= pick(rng, operators);
	json_t *expression =
		json_pack("{s:o, s:s}", "key", make_key(rng, key), "operator", operator);

	if (strstr(operator, "In")) {
		json_t *list = json_array();

		for (unsigned int i = rng_below(rng, 2) + 1; i; i--)
			json_array_append_new(list, json_string(pick(rng, known[key].values)));
		json_object_set_new(expression, "values", list);
	}
	return expression;
}

static json_t *make_reserved(struct rng *rng)
{
	static const char *const reserved[] = { "reserved:host", "reserved:world", "$host", NULL };

	return json_pack("{s:{s:s}}", "matchLabels", pick(rng, reserved), "");
}

/* One or two requirements of different keys, so that a selector doesn't contradict itself. */
static json_t *make_selector(struct rng *rng, unsigned int wildcard_percent)
{
	json_t *selector = json_object();
	size_t first = rng_below(rng, PG_COUNT(known));
	size_t count = rng_chance(rng, 25) ? 2 : 1;

	if (rng_chance(rng, wildcard_percent))
		return selector;
	for (size_t i = 0; i < count; i++) {
		size_t key = (first + i) % PG_COUNT(known);
		_cleanup_json_value_ json_t *text = make_key(rng, key);

		if (i == 0 && rng_chance(rng, 60))
			json_object_set_new(selector, "matchLabels",
					    json_pack("{s:s}", json_string_value(text),
						      pick(rng, known[key].values)));
		else
			json_object_set_new(selector, "matchExpressions",
					    json_pack("[o]", make_expression(rng, key)));
	}
	return selector;
}

static void add_peers(struct rng *rng, json_t *entry, bool egress)
{
	unsigned int kind = rng_below(rng, 100);
	json_t *list = json_array();

	if (kind < 50) {
		for (unsigned int i = rng_below(rng, 8) ? rng_below(rng, 2) + 1 : 0; i; i--)
			json_array_append_new(list, rng_chance(rng, 8) ? make_reserved(rng)
								       : make_selector(rng, 10));
		json_object_set(entry, egress ? "toEndpoints" : "fromEndpoints", list);
	} else if (kind < 80) {
		for (unsigned int i = rng_below(rng, 3) + 1; i; i--)
			json_array_append_new(list, json_string(pick(rng, cidrs)));
		json_object_set(entry, egress ? "toCIDR" : "fromCIDR", list);
	}
	json_decref(list);
}

static json_t *make_ports(struct rng *rng)
{
	json_t *element = json_object(), *list = json_array();

	for (unsigned int i = rng_below(rng, 12) ? rng_below(rng, 3) + 1 : 0; i; i--) {
		json_t *port = json_pack("{s:s}", "port", pick(rng, policy_ports));

		if (rng_chance(rng, 85))
			json_object_set_new(port, "protocol", json_string(pick(rng, protocols)));
		json_array_append_new(list, port);
	}
	json_object_set_new(element, "ports", list);
	return element;
}

static json_t *make_entry(struct rng *rng, bool egress)
{
	json_t *entry = json_object();

	add_peers(rng, entry, egress);
	if (rng_chance(rng, 60)) {
		json_t *list = json_array();

		for (unsigned int i = rng_below(rng, 2) + 1; i; i--)
			json_array_append_new(list, make_ports(rng));
		json_object_set_new(entry, "toPorts", list);
	}
	return entry;
}

static json_t *make_rule(struct rng *rng)
{
	json_t *rule = json_pack("{s:o}", "endpointSelector", make_selector(rng, 25));
	unsigned int sections = rng_below(rng, 3) + 1;

	for (unsigned int egress = 0; egress < 2; egress++) {
		json_t *list = json_array();

		for (unsigned int i = rng_below(rng, 4); i && sections & 1u << egress; i--)
			json_array_append_new(list, make_entry(rng, egress));
		if (sections & 1u << egress)
			json_object_set(rule, egress ? "egress" : "ingress", list);
		json_decref(list);
	}
	return rule;
}

/* "e3", "host", "ip:8.8.8.8". `managed`: an endpoint, so that the flow is judged at all. */
static json_t *make_party(struct rng *rng, bool managed)
{
	unsigned int kind = managed ? 0 : rng_below(rng, 100);

	if (kind < 60)
		return json_string(pick(rng, universe_names));
	if (kind < 72)
		return json_string("host");
	return json_sprintf("ip:%s", kind < 76 ? universe_host[1] : pick(rng, universe_world));
}

static json_t *make_flow(struct rng *rng)
{
	static const char *const protos[] = { "tcp", "tcp",  "tcp",  "udp",
					      "udp", "sctp", "icmp", NULL };
	bool src_managed = rng_chance(rng, 50);
	const char *proto = pick(rng, protos);
	json_t *src = make_party(rng, src_managed), *dst = make_party(rng, !src_managed);
	json_t *flow = json_pack("{s:o, s:o, s:s, s:s}", "src", src, "dst", dst, "proto", proto,
				 "expect", "allow");

	if (strcmp(proto, "icmp") != 0)
		json_object_set_new(flow, "dport",
				    json_integer(flow_ports[rng_below(rng, PG_COUNT(flow_ports))]));
	return flow;
}

json_t *generate_case(struct rng *rng, unsigned int flows)
{
	unsigned int mode = rng_below(rng, 100);
	json_t *policy = json_array(), *list = json_array();
	json_t *test = json_pack("{s:s, s:s, s:s, s:o}", "id", "parity", "enforcement",
				 mode < 80   ? "default"
				 : mode < 95 ? "always"
					     : "never",
				 "host_policy", rng_chance(rng, 70) ? "enforce" : "allow",
				 "endpoints", make_endpoints(rng));

	for (unsigned int i = rng_below(rng, 9); i; i--)
		json_array_append_new(policy, make_rule(rng));
	for (unsigned int i = 0; i < flows; i++)
		json_array_append_new(list, make_flow(rng));
	json_object_set_new(test, "policy", policy);
	json_object_set_new(test, "flows", list);
	return test;
}
