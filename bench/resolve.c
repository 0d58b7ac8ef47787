// SPDX-License-Identifier: GPL-2.0-only
/*
 * What identities, the verdict table and its first-hit form cost, without decoding and without a
 * backend: bench/resolve IDENTITIES RULES [SHARED]. Each rule has one subject and one peer, or, with
 * SHARED, as many of both as identities share a value of their second label.
 */
#include <sys/resource.h>
#include <time.h>

#include "policy/classify.h"

struct world {
	struct pg_endpoints endpoints;
	struct pg_policy policy;
	struct pg_diags diags;
};

/* The process's own time: other work on the machine doesn't count. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void die(const char *what)
{
	fprintf(stderr, "resolve: %s\n", what);
	exit(5);
}

static void *must(void *pointer)
{
	if (!pointer)
		die("out of memory");
	return pointer;
}

static void add_label(struct pg_endpoint *endpoint, const char *key, uint32_t number)
{
	char value[16];

	snprintf(value, sizeof(value), "%u", number);
	if (pg_labels_add(&endpoint->labels, "container", key, value))
		die("out of memory");
}

static void add_endpoint(struct pg_endpoints *endpoints, uint32_t i, uint32_t shared)
{
	struct pg_endpoint *endpoint = must(pg_array_add(&endpoints->list));
	char name[16];

	snprintf(name, sizeof(name), "e%07u", i);
	endpoint->name = must(strdup(name));
	endpoint->ipv4 = (struct pg_addr){
		.family = 4,
		.bytes = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i },
	};
	add_label(endpoint, "app", i);
	add_label(endpoint, "team", i / shared);
	add_label(endpoint, "tier", i % 7);
}

static void select_one(struct pg_selector *selector, const char *key, uint32_t number)
{
	struct pg_requirement *requirement = must(pg_array_add(&selector->requirements));
	char **value = must(pg_array_add(&requirement->values));
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	requirement->key = must(strdup(key));
	requirement->op = PG_OP_IN;
	*value = must(strdup(text));
}

static void add_rule(struct pg_policy *policy, uint32_t i, uint32_t identities, uint32_t shared)
{
	struct pg_rule *rule = must(pg_array_add(&policy->rules));
	struct pg_entry *entry = must(pg_array_add(&rule->entries));
	struct pg_selector *peer = must(pg_array_add(&entry->peers.endpoints));
	struct pg_l4 *l4 = must(pg_array_add(&entry->l4));
	uint32_t from = (uint32_t)(((uint64_t)i * 7919 + 1) % identities);

	rule->default_deny[PG_INGRESS] = true;
	select_one(&rule->subject, shared > 1 ? "team" : "app", i % identities / shared);
	select_one(peer, shared > 1 ? "team" : "app", from / shared);
	entry->direction = PG_INGRESS;
	entry->peers.l3 = PG_L3_PEERS;
	entry->has_l4 = true;
	*l4 = (struct pg_l4){ PG_PROTO_TCP, (uint16_t)(1024 + i % 1000),
			      (uint16_t)(1024 + i % 1000), 0, PG_LOC_NONE };
}

static void make(struct world *world, uint32_t identities, uint32_t rules, uint32_t shared)
{
	for (uint32_t i = 0; i < identities; i++)
		add_endpoint(&world->endpoints, i, shared);
	for (uint32_t i = 0; i < rules; i++)
		add_rule(&world->policy, i, identities, shared);
}

static double report(const char *what, double since, size_t count)
{
	double now = seconds();

	printf("%-12s %9.1f ms  %9zu\n", what, (now - since) * 1e3, count);
	return now;
}

static void measure(struct world *world)
{
	_cleanup_identities_ struct pg_identities identities = { 0 };
	_cleanup_verdict_table_ struct pg_verdict_table table = { 0 };
	_cleanup_classes_ struct pg_classes classes = { 0 };
	double at = seconds();

	if (pg_endpoints_finish(&world->endpoints, &world->diags))
		die("endpoints");
	at = report("endpoints", at, world->endpoints.list.count);
	if (pg_identities_make(&world->endpoints, &world->policy, &identities))
		die("identities");
	at = report("identities", at, identities.list.count);
	if (pg_resolve(&world->policy, &identities, PG_ENFORCEMENT_DEFAULT, &table))
		die("resolve");
	at = report("resolve", at, table.entries.count);
	if (pg_classify(&table, SIZE_MAX, &classes))
		die("classify");
	report("classify", at, classes.list.count);
}

int main(int argc, char **argv)
{
	struct world world = { 0 };
	struct rusage usage;
	uint32_t numbers[3] = { 0, 0, 1 };

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: resolve IDENTITIES RULES [SHARED]\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		numbers[i - 1] = (uint32_t)strtoul(argv[i], NULL, 10);
	if (!numbers[0] || !numbers[2])
		die("there must be identities");
	make(&world, numbers[0], numbers[1], numbers[2]);
	measure(&world);
	getrusage(RUSAGE_SELF, &usage);
	printf("%-12s %9ld MiB\n", "memory", usage.ru_maxrss / 1024);
	pg_endpoints_done(&world.endpoints);
	pg_policy_done(&world.policy);
	pg_diags_done(&world.diags);
	return 0;
}
