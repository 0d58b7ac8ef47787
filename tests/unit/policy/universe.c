// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/policy/universe.h"

/*
 * In what order the arguments of a call are worked out is the compiler's choice: no call here has two
 * that are random.
 */
uint32_t universe_random(struct universe *universe, uint32_t limit)
{
	uint64_t z = universe->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) % limit);
}

static const char *const prefixes[] = {
	"0.0.0.0/0",	  "10.0.0.0/8",	   "10.1.0.0/16",   "10.1.2.0/24",
	"10.1.2.3/32",	  "10.1.2.0/30",   "192.0.2.0/24",  "192.0.2.128/25",
	"203.0.113.7/32", "fd00::/8",	   "::/0",	    "fd00:1::/32",
	"10.200.0.0/24",  "10.200.0.1/32", "2001:db8::/32", "2001:db8:8000::/33",
};

static const char *const world[] = {
	"8.8.8.8",   "10.1.2.3",    "10.1.2.4",	   "10.1.9.9",	       "10.9.9.9",
	"192.0.2.1", "192.0.2.200", "203.0.113.7", "203.0.113.8",      "fd00::1",
	"fd00:1::1", "2001:db8::1", "10.200.0.77", "2001:db8:8000::1",
};

/* The first SELECTORS_DENSE select often. */
enum { SELECTORS_DENSE = 5 };

static const char *const selectors[] = {
	"",
	"app=a",
	"app=b",
	"app=c|a",
	"app!=a",
	"k8s:app=a",
	"tier",
	"!tier",
	"tier=x",
	"app=a,tier=x",
	"app=b,tier!=y|z",
	"any:app",
	"tier=",
	"container:app=a",
	"$host",
	"$world",
	"cidr:10.0.0.0/8",
	"!cidr:10.1.0.0/16",
	"nobody",
	"app=a|b,!tier",
	"app=zz",
};

#define PICK(universe, array) ((array)[universe_random(universe, PG_COUNT(array))])

static bool one_in(struct universe *universe, uint32_t n)
{
	return !universe_random(universe, n);
}

static const char *pick_selector(struct universe *universe)
{
	return selectors[universe_random(universe,
					 universe->dense ? SELECTORS_DENSE : PG_COUNT(selectors))];
}

void universe_add_endpoint(struct universe *universe, struct pg_endpoints *endpoints, uint32_t i)
{
	static const char *const sources[] = { "k8s", "container" };
	static const char *const apps[] = { "app=a", "app=b", "app=c", "role=a" };
	static const char *const tiers[] = { "tier=x", "tier=y", "tier=" };
	const char *format = one_in(universe, 6) ? "fd00::%u" : "10.200.0.%u";
	const char *source = PICK(universe, sources), *app = PICK(universe, apps);
	char name[16], addr[32], labels[64];
	struct pg_endpoint *endpoint;
	int length;

	snprintf(name, sizeof(name), "e%u", i);
	snprintf(addr, sizeof(addr), format, i + 2);
	length = snprintf(labels, sizeof(labels), "%s:%s", source, app);
	source = PICK(universe, sources);
	if (one_in(universe, 2))
		snprintf(labels + length, sizeof(labels) - (size_t)length, ",%s:%s", source,
			 PICK(universe, tiers));
	endpoint = build_endpoint(endpoints, name, addr, labels);
	snprintf(addr, sizeof(addr), "fd00::%u", i + 2);
	if (one_in(universe, 2))
		endpoint->ipv6 = build_addr(addr);
}

static void make_endpoints(struct universe *universe)
{
	uint32_t count = 2 + universe_random(universe, 5);

	for (uint32_t i = 0; i < count; i++)
		universe_add_endpoint(universe, &universe->endpoints, i);
	*pg_array_add(&universe->endpoints.host_addrs) = build_addr("10.200.0.1");
	*pg_array_add(&universe->endpoints.host_addrs) = build_addr("fd00::ffff");
	*pg_array_add(&universe->endpoints.remote_node_addrs) = build_addr("192.0.2.1");
	build_finish(&universe->endpoints);
}

static void make_cidr(struct universe *universe, struct pg_entry *entry)
{
	const char *prefix = PICK(universe, prefixes), *except = PICK(universe, prefixes);
	struct pg_prefix outer = build_prefix(prefix), inner = build_prefix(except);

	build_cidr(entry, prefix,
		   outer.length < inner.length && pg_prefix_covers(&outer, &inner) ? except : NULL);
}

static void make_peers(struct universe *universe, struct pg_entry *entry)
{
	uint32_t kind = universe_random(universe, 8);
	uint32_t count = 1 + universe_random(universe, 3);

	if (kind < 3) {
		for (uint32_t i = 0; i < count; i++)
			build_peer(entry, pick_selector(universe));
	} else if (kind < 5) {
		for (uint32_t i = 0; i < count; i++)
			make_cidr(universe, entry);
	} else if (kind == 5) {
		build_entities(entry, 1u << universe_random(universe, 6));
	} else if (kind == 6 && one_in(universe, 3)) {
		entry->peers.l3 = PG_L3_PEERS;
	}
	if (one_in(universe, universe->dense ? 50 : 10))
		build_requires(entry, pick_selector(universe));
}

static void add_port(struct universe *universe, uint32_t port)
{
	uint16_t *added = pg_array_add(&universe->ports);

	assert_non_null(added);
	*added = (uint16_t)port;
}

/* Often among the first few ports, where ranges meet and nest in every way. */
static void make_range(struct universe *universe, uint16_t *ret_first, uint16_t *ret_last)
{
	static const uint16_t firsts[] = { 0, 80, 80, 443, 1000, 1024, 65530, 65535 };
	static const uint16_t spans[] = { 0, 0, 0, 5, 100, 1024 };
	uint32_t first = PICK(universe, firsts), span = PICK(universe, spans);

	if (universe->dense || !one_in(universe, 3)) {
		first = universe_random(universe, 10);
		span = one_in(universe, 2) ? 0 : universe_random(universe, 7);
	}
	if (one_in(universe, 10)) {
		first = 0;
		span = 65535;
	}
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)PG_MIN(first + span, 65535u);
}

static const char *const paths[] = { "/x", "/y", "/x|/y" };

static void make_port(struct universe *universe, struct pg_entry *entry)
{
	static const pg_proto protos[] = { PG_PROTO_TCP, PG_PROTO_TCP, PG_PROTO_UDP,
					   PG_PROTO_SCTP };
	uint16_t first, last;

	make_range(universe, &first, &last);
	if (one_in(universe, 8)) {
		build_ports(entry, PG_PROTO_ICMP, 8, 8);
		build_ports(entry, PG_PROTO_ICMPV6, 128, 128);
	} else if (one_in(universe, 6)) {
		build_ports(entry, PG_PROTO_TCP, first, last);
		build_ports(entry, PG_PROTO_UDP, first, last);
		build_ports(entry, PG_PROTO_SCTP, first, last);
	} else if (!entry->deny && one_in(universe, 3)) {
		build_http(entry, PG_PROTO_TCP, first, PICK(universe, paths));
		entry->l4.items[entry->l4.count - 1].last = last;
	} else {
		build_ports(entry, PICK(universe, protos), first, last);
	}
	add_port(universe, first);
	add_port(universe, (uint32_t)first + 65535);
	add_port(universe, last);
	add_port(universe, (uint32_t)last + 1);
}

static void make_entry(struct universe *universe, struct pg_rule *rule)
{
	enum pg_direction direction = one_in(universe, 3) ? PG_EGRESS : PG_INGRESS;
	struct pg_entry *entry =
		one_in(universe, 4) ? build_deny(rule, direction) : build_entry(rule, direction);
	uint32_t ports = universe_random(universe, 4);

	make_peers(universe, entry);
	for (uint32_t i = 0; i < ports; i++)
		make_port(universe, entry);
	if (!ports && one_in(universe, 8))
		entry->has_l4 = true;
}

void universe_add_rule(struct universe *universe, struct pg_policy *policy)
{
	const char *subject = pick_selector(universe);
	struct pg_rule *rule = build_rule(policy, subject, !one_in(universe, 4));
	uint32_t entries = universe_random(universe, 4);

	rule->default_deny[PG_EGRESS] &= one_in(universe, 2);
	for (uint32_t e = 0; e < entries; e++)
		make_entry(universe, rule);
}

static void make_policy(struct universe *universe, struct pg_policy *policy)
{
	uint32_t rules = universe_random(universe, 8) + (universe->dense ? 3 : 0);

	for (uint32_t i = 0; i < rules; i++)
		universe_add_rule(universe, policy);
	add_port(universe, 0);
	add_port(universe, 8);
	add_port(universe, 80);
	add_port(universe, 128);
	add_port(universe, 65535);
}

static void add_party(struct universe *universe, const struct pg_addr *addr)
{
	struct pg_party *party = pg_array_add(&universe->parties);

	assert_non_null(party);
	party->addr = *addr;
	party->id = pg_identities_of_addr(&universe->identities, addr);
}

static int compare_ports(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void sort_ports(struct universe *universe)
{
	uint16_t *list = universe->ports.items;
	size_t kept = 0;

	qsort(list, universe->ports.count, sizeof(*list), compare_ports);
	for (size_t i = 1; i < universe->ports.count; i++) {
		if (list[kept] != list[i])
			list[++kept] = list[i];
	}
	universe->ports.count = kept + 1;
}

static void make_parties(struct universe *universe)
{
	pg_array_foreach(endpoint, &universe->endpoints.list) {
		if (endpoint->ipv4.family)
			add_party(universe, &endpoint->ipv4);
		if (endpoint->ipv6.family)
			add_party(universe, &endpoint->ipv6);
	}
	pg_array_foreach(addr, &universe->endpoints.host_addrs)
		add_party(universe, addr);
	add_party(universe, &universe->endpoints.remote_node_addrs.items[0]);
	for (size_t i = 0; i < PG_COUNT(world); i++) {
		struct pg_addr addr = build_addr(world[i]);

		add_party(universe, &addr);
	}
}

static void make(struct universe *universe)
{
	universe->mode = one_in(universe, 4)
				 ? (enum pg_enforcement)universe_random(universe, PG_ENFORCEMENTS)
				 : PG_ENFORCEMENT_DEFAULT;
	make_endpoints(universe);
	universe->before_policy = universe->random;
	make_policy(universe, &universe->policy);
	sort_ports(universe);
	assert_int_equal(
		pg_identities_make(&universe->endpoints, &universe->policy, &universe->identities),
		0);
	make_parties(universe);
	assert_int_equal(pg_resolve(&universe->policy, &universe->identities, universe->mode,
				    &universe->table),
			 0);
	assert_int_equal(pg_classify(&universe->table, SIZE_MAX, &universe->classes), 0);
}

void universe_make(struct universe *universe, uint64_t seed)
{
	*universe = (struct universe){ .seed = seed, .random = seed };
	make(universe);
}

void universe_make_dense(struct universe *universe, uint64_t seed)
{
	*universe = (struct universe){ .seed = seed, .random = seed, .dense = true };
	make(universe);
}

static void remove_entry(struct pg_rule *rule, uint32_t entry)
{
	pg_entry_done(&rule->entries.items[entry]);
	rule->entries.items[entry] = rule->entries.items[--rule->entries.count];
}

/* Asks for another path in the first of each entry's HTTP rules. */
static void change_paths(struct universe *universe, struct pg_rule *rule)
{
	pg_array_foreach(entry, &rule->entries) {
		char **path;

		if (!entry->http_lists.count)
			continue;
		path = &entry->http_lists.items[0].rules.items[0].path;
		free(*path);
		*path = strdup(PICK(universe, paths));
		assert_non_null(*path);
	}
}

/* One of: another entry, one less, other ports for one, opened or closed in one direction. */
static void change_rule(struct universe *universe, struct pg_rule *rule)
{
	uint32_t kind = universe_random(universe, 4);
	uint32_t entry = universe_random(universe, (uint32_t)rule->entries.count + 1);
	bool *closes = &rule->default_deny[universe_random(universe, PG_DIRECTIONS)];

	change_paths(universe, rule);
	if (kind == 0 || entry == rule->entries.count)
		make_entry(universe, rule);
	else if (kind == 1)
		remove_entry(rule, entry);
	else if (kind == 2)
		make_port(universe, &rule->entries.items[entry]);
	else
		*closes = !*closes;
}

void universe_make_other(struct universe *universe)
{
	uint32_t changes = 1 + universe_random(universe, 3);
	uint64_t random = universe->random;

	if (universe->seed % 3)
		universe->random = universe->before_policy;
	make_policy(universe, &universe->other);
	universe->random = random;
	for (uint32_t i = 0; i < changes && universe->other.rules.count; i++) {
		uint32_t rule = universe_random(universe, (uint32_t)universe->other.rules.count);

		change_rule(universe, &universe->other.rules.items[rule]);
	}
	sort_ports(universe);
}

void universe_done(struct universe *universe)
{
	pg_endpoints_done(&universe->endpoints);
	pg_policy_done(&universe->policy);
	pg_policy_done(&universe->other);
	pg_identities_done(&universe->identities);
	pg_verdict_table_done(&universe->table);
	pg_classes_done(&universe->classes);
	free(universe->parties.items);
	free(universe->ports.items);
}
