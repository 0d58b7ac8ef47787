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

/* "e3", "host", "ip:8.8.8.8". `managed`: an endpoint, so that the flow is judged at all. */
static json_t *make_party(struct rng *rng, bool managed)
{
	unsigned int kind = managed ? 0 : rng_below(rng, 100);

	if (kind < 60)
		return json_string(rng_pick(rng, universe_names));
	if (kind < 72)
		return json_string("host");
	return json_sprintf("ip:%s", kind < 76 ? universe_host[1] : rng_pick(rng, universe_world));
}

static json_t *make_flow(struct rng *rng)
{
	static const char *const protos[] = { "tcp", "tcp",  "tcp",  "udp",
					      "udp", "sctp", "icmp", NULL };
	bool src_managed = rng_chance(rng, 50);
	const char *proto = rng_pick(rng, protos);
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
		json_array_append_new(policy, generate_rule(rng));
	for (unsigned int i = 0; i < flows; i++)
		json_array_append_new(list, make_flow(rng));
	json_object_set_new(test, "policy", policy);
	json_object_set_new(test, "flows", list);
	return test;
}
