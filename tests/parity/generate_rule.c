// SPDX-License-Identifier: GPL-2.0-only
/* Random rules in the whole language, as far as backends enforce it. */
#include "tests/parity/parity.h"

static const char *const sources[] = { "", "", "", "k8s:", "container:", "any:", NULL };

/* What selectors ask for: keys of the endpoints' labels, and values that mostly are theirs. */
static const struct {
	const char *key;
	const char *values[5];
} known[] = {
	{ "app", { "a", "a", "b", "c", NULL } },
	{ "tier", { "web", "web", "db", "", NULL } },
	{ "env", { "", "prod", "prod", "test", NULL } },
};

static const char *const operators[] = { "In", "NotIn", "Exists", "DoesNotExist", NULL };
static const char *const cidrs[] = { "0.0.0.0/0",
				     "8.0.0.0/8",
				     "8.8.0.0/16",
				     "8.8.8.8/32",
				     "8.8.8.8",
				     "10.0.0.0/8",
				     "10.0.192.0/20",
				     "10.0.192.77",
				     "1.1.1.1/32",
				     "1.1.1.0/30",
				     "192.168.0.0/16",
				     "::/0",
				     "2606::/16",
				     "2606:4700::/32",
				     "2606:4700::8:8/128",
				     "2606:4700::8:8",
				     "fd00::/8",
				     "fd00:10::/64",
				     "fd00:10::77",
				     "2a00::1/128",
				     "2a00::/126",
				     "2001:db8::/32",
				     NULL };
/* What may be left out of them. */
static const struct {
	const char *cidr;
	const char *except[4];
} cidr_sets[] = {
	{ "0.0.0.0/0", { "8.8.0.0/16", "10.0.0.0/8", "1.1.1.1/32", NULL } },
	{ "8.0.0.0/8", { "8.8.8.0/24", "8.8.8.8/32", "8.1.0.0/16", NULL } },
	{ "10.0.0.0/8", { "10.0.200.0/24", "10.0.192.0/20", "10.0.192.77/32", NULL } },
	{ "::/0", { "2606:4700::/32", "fd00::/8", "2a00::1/128", NULL } },
	{ "2606::/16", { "2606:4700::/112", "2606:4700::8:8/128", "2606:4701::/32", NULL } },
	{ "fd00::/8", { "fd00:10:0:5::/64", "fd00:10::/64", "fd00:10::77/128", NULL } },
};
static const char *const entities[] = { "all",	      "world", "world", "world-ipv4",
					"world-ipv6", "host",  "host",	"remote-node",
					"cluster",    "none",  NULL };
static const char *const protocols[] = { "TCP", "TCP", "tcp", "UDP", "SCTP", "ANY", NULL };
static const int ports[] = { 80, 80, 81, 443, 53, 1000, 1002, 0 };

enum section {
	INGRESS,
	EGRESS,
	INGRESS_DENY,
	EGRESS_DENY,
	SECTIONS,
};

static const char *const section_names[] = { "ingress", "egress", "ingressDeny", "egressDeny" };

static bool is_egress(enum section section)
{
	return section == EGRESS || section == EGRESS_DENY;
}

static bool is_deny(enum section section)
{
	return section >= INGRESS_DENY;
}

static json_t *make_key(struct rng *rng, size_t key)
{
	return json_sprintf("%s%s", rng_pick(rng, sources), known[key].key);
}

static json_t *make_expression(struct rng *rng, size_t key)
{
	const char *name = rng_pick(rng, operators);
	json_t *expression = json_pack("{s:o, s:s}", "key", make_key(rng, key), "operator", name);

	if (strstr(name, "In")) {
		json_t *list = json_array();

		for (unsigned int i = rng_below(rng, 2) + 1; i; i--)
			json_array_append_new(list, json_string(rng_pick(rng, known[key].values)));
		json_object_set_new(expression, "values", list);
	}
	return expression;
}

static json_t *make_reserved(struct rng *rng)
{
	static const char *const reserved[] = { "reserved:host", "reserved:world", "$host", NULL };

	return json_pack("{s:{s:s}}", "matchLabels", rng_pick(rng, reserved), "");
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
						      rng_pick(rng, known[key].values)));
		else
			json_object_set_new(selector, "matchExpressions",
					    json_pack("[o]", make_expression(rng, key)));
	}
	return selector;
}

static json_t *make_peer_selector(struct rng *rng)
{
	return rng_chance(rng, 8) ? make_reserved(rng) : make_selector(rng, 10);
}

static json_t *make_cidr(struct rng *rng)
{
	return json_string(rng_pick(rng, cidrs));
}

static json_t *make_cidr_set(struct rng *rng)
{
	size_t which = rng_below(rng, PG_COUNT(cidr_sets));
	json_t *set = json_pack("{s:s}", "cidr", cidr_sets[which].cidr);
	json_t *except = json_array();

	for (unsigned int i = rng_below(rng, 3); i; i--)
		json_array_append_new(except, json_string(rng_pick(rng, cidr_sets[which].except)));
	if (json_array_size(except))
		json_object_set(set, "except", except);
	json_decref(except);
	return set;
}

static json_t *make_entity(struct rng *rng)
{
	return json_string(rng_pick(rng, entities));
}

/* Peer fields, and how often each is taken in 100. What remains has none. */
static const struct {
	const char *name;
	json_t *(*make)(struct rng *rng);
	unsigned int percent;
} peer_fields[] = {
	{ "Endpoints", make_peer_selector, 45 },
	{ "CIDR", make_cidr, 15 },
	{ "CIDRSet", make_cidr_set, 10 },
	{ "Entities", make_entity, 12 },
};

static void set_peers(json_t *entry, bool egress, const char *name, json_t *list)
{
	char field[32];

	snprintf(field, sizeof(field), "%s%s", egress ? "to" : "from", name);
	json_object_set_new(entry, field, list);
}

static void add_peers(struct rng *rng, json_t *entry, bool egress)
{
	unsigned int chosen = rng_below(rng, 100);

	for (size_t i = 0; i < PG_COUNT(peer_fields); i++) {
		json_t *list;

		if (chosen >= peer_fields[i].percent) {
			chosen -= peer_fields[i].percent;
			continue;
		}
		list = json_array();
		/* Now and then an empty list: nobody. */
		for (unsigned int n = rng_below(rng, 10) ? rng_below(rng, 2) + 1 : 0; n; n--)
			json_array_append_new(list, peer_fields[i].make(rng));
		set_peers(entry, egress, peer_fields[i].name, list);
		break;
	}
	if (rng_chance(rng, 5))
		set_peers(entry, egress, "Requires", json_pack("[o]", make_selector(rng, 5)));
}

static json_t *make_port(struct rng *rng, bool http)
{
	/* The last one is every port, which HTTP rules can't have. */
	int number = ports[rng_below(rng, PG_COUNT(ports) - http)];
	json_t *port = json_object();

	if (rng_chance(rng, 50))
		json_object_set_new(port, "port", json_integer(number));
	else
		json_object_set_new(port, "port", json_sprintf("%d", number));
	if (number && rng_chance(rng, 20))
		json_object_set_new(port, "endPort",
				    json_integer(number + (int)rng_below(rng, 12) - 1));
	if (http)
		json_object_set_new(port, "protocol", json_string("TCP"));
	else if (rng_chance(rng, 85))
		json_object_set_new(port, "protocol", json_string(rng_pick(rng, protocols)));
	return port;
}

/* A type of message in the place of a port. 0 is every one. */
static json_t *make_icmp_port(struct rng *rng)
{
	static const int types[FAMILIES][3] = { { 8, 8, 0 }, { 128, 128, 0 } };
	enum family family = rng_chance(rng, 50) ? V6 : V4;

	return json_pack("{s:i, s:s}", "port", types[family][rng_below(rng, 3)], "protocol",
			 family == V6 ? "ICMPv6" : "ICMP");
}

static json_t *make_named_port(struct rng *rng)
{
	static const char *const names[] = { "http", "https", "domain", NULL };

	return json_pack("{s:s}", "port", rng_pick(rng, names));
}

static json_t *make_any_port(struct rng *rng, bool http)
{
	unsigned int kind = http ? 100 : rng_below(rng, 100);

	if (kind < 6)
		return make_icmp_port(rng);
	return kind < 12 ? make_named_port(rng) : make_port(rng, http);
}

static json_t *make_ports(struct rng *rng, bool deny)
{
	json_t *element = json_object(), *list = json_array();
	bool http = !deny && rng_chance(rng, 6);

	for (unsigned int i = http || rng_below(rng, 12) ? rng_below(rng, 3) + 1 : 0; i; i--)
		json_array_append_new(list, make_any_port(rng, http));
	json_object_set_new(element, "ports", list);
	if (http)
		json_object_set_new(element, "rules",
				    json_pack("{s:[{s:s}]}", "http", "method", "GET"));
	return element;
}

static json_t *make_icmp_field(struct rng *rng)
{
	static const int types[FAMILIES][4] = { { 8, 8, 0, 13 }, { 128, 128, 129, 135 } };
	enum family family = rng_chance(rng, 50) ? V6 : V4;
	int type = types[family][rng_below(rng, 4)];
	json_t *field = json_object();

	if (type == types[family][0] && rng_chance(rng, 30))
		json_object_set_new(field, "type", json_string("EchoRequest"));
	else
		json_object_set_new(field, "type", json_integer(type));
	/* IPv4 is what an absent family means. */
	if (family == V6 || rng_chance(rng, 50))
		json_object_set_new(field, "family", json_string(family == V6 ? "IPv6" : "IPv4"));
	return field;
}

static json_t *make_icmps(struct rng *rng)
{
	json_t *fields = json_array();

	for (unsigned int i = rng_below(rng, 2) + 1; i; i--)
		json_array_append_new(fields, make_icmp_field(rng));
	return json_pack("[{s:o}]", "fields", fields);
}

static json_t *make_entry(struct rng *rng, enum section section)
{
	json_t *entry = json_object();
	unsigned int kind = rng_below(rng, 100);

	add_peers(rng, entry, is_egress(section));
	if (kind < 50) {
		json_t *list = json_array();

		for (unsigned int i = rng_below(rng, 2) + 1; i; i--)
			json_array_append_new(list, make_ports(rng, is_deny(section)));
		json_object_set_new(entry, "toPorts", list);
	} else if (kind < 60) {
		json_object_set_new(entry, "icmps", make_icmps(rng));
	}
	return entry;
}

static void add_section(struct rng *rng, json_t *rule, enum section section)
{
	json_t *list = json_array();

	for (unsigned int i = rng_below(rng, is_deny(section) ? 3 : 4); i; i--)
		json_array_append_new(list, make_entry(rng, section));
	json_object_set_new(rule, section_names[section], list);
}

json_t *generate_rule(struct rng *rng)
{
	static const unsigned int percents[SECTIONS] = { 65, 45, 12, 12 };
	json_t *rule = json_pack("{s:o}", "endpointSelector", make_selector(rng, 25));
	bool any = false;

	for (unsigned int section = 0; section < SECTIONS; section++) {
		if (!rng_chance(rng, percents[section]))
			continue;
		add_section(rng, rule, (enum section)section);
		any = true;
	}
	if (!any)
		add_section(rng, rule, INGRESS);
	if (rng_chance(rng, 10)) {
		bool egress = rng_chance(rng, 50), closes = rng_chance(rng, 30);

		json_object_set_new(rule, "enableDefaultDeny",
				    json_pack("{s:b}", egress ? "egress" : "ingress", closes));
	}
	return rule;
}
