// SPDX-License-Identifier: GPL-2.0-only
/* Random cases over a small universe, where everything meets everything. */
#include "tests/parity/parity.h"

const char *const universe_names[] = { "e0", "e1", "e2", "e3", "e4", "e5", NULL };
const char *const universe_addrs[][FAMILIES] = {
	{ "10.0.192.2", "fd00:10::2" },	    { "10.0.192.3", "fd00:10::3" },
	{ "10.0.192.200", "fd00:10::200" }, { "10.0.193.1", NULL },
	{ "172.20.0.2", "2001:db8:20::2" }, { NULL, "fd00:10::1:1" },
};
const char *const universe_host[FAMILIES][3] = { { "10.0.192.1", "192.0.2.1" },
						 { "fd00:10::1", "2001:db8:2::1" } };
/* Alone, in nested prefixes, and among the endpoints' own addresses. */
const char *const universe_world[FAMILIES][9] = {
	{ "8.8.8.8", "8.8.4.4", "8.1.2.3", "1.1.1.1", "10.0.200.5", "10.0.192.77", "192.168.7.7",
	  "203.0.113.9" },
	{ "2606:4700::8:8", "2606:4700::8:4", "2606:4701::1", "2a00::1", "fd00:10:0:5::5",
	  "fd00:10::77", "2001:db8:1::1", "2001:db8::9" },
};

static const char *const labels[] = { "k8s:app=a",	    "k8s:app=b",   "container:app=a",
				      "k8s:tier=web",	    "k8s:tier=db", "container:env=",
				      "container:env=prod", NULL };
static const int flow_ports[] = { 80, 80, 81, 443, 53, 1000, 1003, 1010, 8080 };

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

const char *rng_pick(struct rng *rng, const char *const *list)
{
	unsigned int count = 0;

	while (list[count])
		count++;
	return list[rng_below(rng, count)];
}

/* One address, or a list of both families'. */
static json_t *make_ips(const char *const addrs[FAMILIES])
{
	if (addrs[V4] && addrs[V6])
		return json_pack("[s, s]", addrs[V4], addrs[V6]);
	return json_string(addrs[addrs[V4] ? V4 : V6]);
}

json_t *universe_ips(void)
{
	json_t *ips = json_object();

	for (size_t i = 0; universe_names[i]; i++)
		json_object_set_new(ips, universe_names[i], make_ips(universe_addrs[i]));
	return ips;
}

json_t *universe_host_ips(void)
{
	json_t *ips = json_array();

	for (int family = 0; family < FAMILIES; family++) {
		for (const char *const *addr = universe_host[family]; *addr; addr++)
			json_array_append_new(ips, json_string(*addr));
	}
	return ips;
}

static json_t *make_endpoints(struct rng *rng)
{
	json_t *endpoints = json_object();

	for (size_t i = 0; universe_names[i]; i++) {
		json_t *list = json_array();

		for (size_t label = 0; labels[label]; label++) {
			if (rng_chance(rng, 35))
				json_array_append_new(list, json_string(labels[label]));
		}
		json_object_set_new(endpoints, universe_names[i], list);
	}
	json_object_set_new(endpoints, "host", json_pack("[s]", "reserved:host="));
	json_object_set_new(endpoints, "_ips", universe_ips());
	json_object_set_new(endpoints, "_host_ips", universe_host_ips());
	return endpoints;
}

/* An endpoint that has an address of the family. */
static json_t *make_endpoint_party(struct rng *rng, enum family family)
{
	unsigned int count = 0, chosen;

	while (universe_names[count])
		count++;
	do {
		chosen = rng_below(rng, count);
	} while (!universe_addrs[chosen][family]);
	return json_string(universe_names[chosen]);
}

/* "e3", "host", "ip:8.8.8.8". `managed`: an endpoint, so that the flow is judged at all. */
static json_t *make_party(struct rng *rng, enum family family, bool managed)
{
	unsigned int kind = managed ? 0 : rng_below(rng, 100);

	if (kind < 60)
		return make_endpoint_party(rng, family);
	if (kind < 72)
		return json_string("host");
	return json_sprintf("ip:%s", kind < 76 ? universe_host[family][1]
					       : rng_pick(rng, universe_world[family]));
}

static const char *const all_protos[] = { "tcp", "tcp", "tcp", "udp", "udp", "sctp", "icmp", NULL };
/* Of flows that go on. */
static const char *const lasting_protos[] = { "tcp", "udp", NULL };

static json_t *make_flow(struct rng *rng, const char *const *protos)
{
	enum family family = rng_chance(rng, 50) ? V6 : V4;
	bool src_managed = rng_chance(rng, 50);
	const char *proto = rng_pick(rng, protos);
	json_t *src = make_party(rng, family, src_managed);
	json_t *dst = make_party(rng, family, !src_managed);
	json_t *flow = json_pack("{s:o, s:o, s:i, s:s, s:s}", "src", src, "dst", dst, "family",
				 family == V4 ? 4 : 6, "proto", proto, "expect", "allow");

	if (strcmp(proto, "icmp") != 0)
		json_object_set_new(flow, "dport",
				    json_integer(flow_ports[rng_below(rng, PG_COUNT(flow_ports))]));
	return flow;
}

static json_t *make_rules(struct rng *rng)
{
	json_t *rules = json_array();

	for (unsigned int i = rng_below(rng, 9); i; i--)
		json_array_append_new(rules, generate_rule(rng));
	return rules;
}

static json_t *make_case(struct rng *rng, unsigned int flows, const char *const *protos)
{
	/* One after the other: in which order arguments are evaluated is the compiler's choice. */
	unsigned int mode = rng_below(rng, 100);
	bool enforce_host = rng_chance(rng, 70);
	json_t *endpoints = make_endpoints(rng), *policy = make_rules(rng), *list = json_array();
	json_t *test = json_pack("{s:s, s:s, s:s, s:o}", "id", "parity", "enforcement",
				 mode < 80   ? "default"
				 : mode < 95 ? "always"
					     : "never",
				 "host_policy", enforce_host ? "enforce" : "allow", "endpoints",
				 endpoints);

	for (unsigned int i = 0; i < flows; i++)
		json_array_append_new(list, make_flow(rng, protos));
	json_object_set_new(test, "policy", policy);
	json_object_set_new(test, "flows", list);
	return test;
}

json_t *generate_case(struct rng *rng, unsigned int flows)
{
	return make_case(rng, flows, all_protos);
}

/* Others, or the same with one less and one more. */
static json_t *change_rules(struct rng *rng, const json_t *rules)
{
	json_t *changed;

	if (rng_chance(rng, 60))
		return make_rules(rng);
	changed = json_deep_copy(rules);
	if (json_array_size(changed))
		json_array_remove(changed, rng_below(rng, (unsigned int)json_array_size(changed)));
	json_array_append_new(changed, generate_rule(rng));
	return changed;
}

json_t *generate_revocation(struct rng *rng, unsigned int flows)
{
	json_t *test = make_case(rng, flows, lasting_protos);
	json_t *then = change_rules(rng, json_object_get(test, "policy"));

	json_object_set_new(test, "then", then);
	json_object_set_new(test, "on_revoke", json_string(rng_chance(rng, 75) ? "cut" : "keep"));
	return test;
}
