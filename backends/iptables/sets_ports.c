// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports in sets. Packets meet denies first and then allows, each in the order of the policy's rules, so
 * that ports may be taken together only as far as nothing stands between that the same packets match.
 */
#include "backends/iptables/sets.h"

#include "compat/hash.h"

static const pg_proto protos[] = { PG_PROTO_TCP, PG_PROTO_UDP, PG_PROTO_SCTP };

/* What is still to be written into one chain: single ports, by protocol, and of one verdict. */
struct ports {
	struct pg_ipt_builder *builder;
	size_t chain;
	enum pg_verdict verdict;
	unsigned int sets; /* of this chain so far */
	struct pg_array(const struct pg_verdict_entry *) waiting[PG_COUNT(protos)];
};

static void ports_done(struct ports *ports)
{
	for (size_t i = 0; i < PG_COUNT(protos); i++)
		free(ports->waiting[i].items);
}

static const struct pg_tree_rule everything = { 0 };

static int add_rules(struct ports *ports, size_t proto)
{
	pg_array_foreach(entry, &ports->waiting[proto]) {
		int err = pg_ipt_add_entry(ports->builder, ports->chain, &everything, *entry);

		if (err)
			return err;
	}
	return 0;
}

/* The one that counts comes first. */
static int compare_ports(const void *a, const void *b)
{
	const struct pg_verdict_entry *const *left = a, *const *right = b;
	int order = ((*left)->first > (*right)->first) - ((*left)->first < (*right)->first);

	return order ? order : pg_ipt_compare_entries(a, b);
}

static int fill_set(const struct ports *ports, size_t proto, struct pg_set *set)
{
	const struct pg_intent *intent = ports->builder->intent;
	const struct pg_verdict_entry *before = NULL;

	pg_array_foreach(entry, &ports->waiting[proto]) {
		char name[PG_RULE_NAME_MAX];
		int err;

		if (before && before->first == (*entry)->first)
			continue;
		before = *entry;
		intent->rule_name(intent->context, before->origin, name);
		err = pg_set_add_port(set, before->first, name, before->origin);
		if (err)
			return err;
	}
	set->first = set->elements.items[0].port;
	set->last = before->first;
	return 0;
}

static void name_set(struct ports *ports, struct pg_set *set)
{
	const char *chain = ports->builder->tree.chains.items[ports->chain].name;
	uint64_t hash = pg_hash_bytes(PG_HASH_START, chain, strlen(chain) + 1);

	hash = pg_hash_bytes(hash, &(uint8_t){ (uint8_t)ports->sets++ }, 1);
	snprintf(set->name, sizeof(set->name), "polgen-%u-p%08x-%08x",
		 ports->builder->options->family, (uint32_t)hash, (uint32_t)pg_set_hash(set));
}

static int add_set(struct ports *ports, size_t proto, struct pg_tree_rule *rule)
{
	struct pg_sets *sets = &ports->builder->tree.sets;
	struct pg_set *set = pg_sets_add(sets, "", PG_SET_PORTS);
	int err;

	if (!set)
		return -ENOMEM;
	qsort(ports->waiting[proto].items, ports->waiting[proto].count,
	      sizeof(*ports->waiting[proto].items), compare_ports);
	err = fill_set(ports, proto, set);
	if (err)
		return err;
	name_set(ports, set);
	memcpy(rule->set, set->name, sizeof(rule->set));
	return 0;
}

static int add_lookup(struct ports *ports, size_t proto)
{
	struct pg_tree_rule rule = {
		.proto = protos[proto],
		.has_set = true,
		.set_dst = true,
		.target = ports->verdict == PG_VERDICT_DENY ? PG_TARGET_DROP : PG_TARGET_RETURN,
	};
	int err = ports->builder->counting ? 0 : add_set(ports, proto, &rule);

	return err ? err : pg_ipt_add_rule(ports->builder, ports->chain, &rule);
}

static int flush(struct ports *ports, size_t proto)
{
	bool many = ports->waiting[proto].count >= PG_IPT_SET_PORTS;
	int err = many ? add_lookup(ports, proto) : add_rules(ports, proto);

	ports->waiting[proto].count = 0;
	return err;
}

static int flush_all(struct ports *ports)
{
	int err = 0;

	for (size_t i = 0; i < PG_COUNT(protos) && !err; i++)
		err = flush(ports, i);
	return err;
}

/* PG_COUNT(protos): none of those that have ports. */
static size_t find_proto(pg_proto proto)
{
	size_t i = 0;

	while (i < PG_COUNT(protos) && protos[i].n != proto.n)
		i++;
	return i;
}

static int add_one(struct ports *ports, const struct pg_verdict_entry *entry)
{
	size_t proto = find_proto(entry->proto);
	const struct pg_verdict_entry **waits;
	int err = 0;

	if (entry->verdict != ports->verdict)
		err = flush_all(ports);
	ports->verdict = entry->verdict;
	if (!err && proto < PG_COUNT(protos) && entry->first == entry->last) {
		waits = pg_array_add(&ports->waiting[proto]);
		if (waits)
			*waits = entry;
		return waits ? 0 : -ENOMEM;
	}
	/* Ports don't overlap with ICMP, and with a range only if it is of the same protocol. */
	if (!err && proto < PG_COUNT(protos))
		err = flush(ports, proto);
	else if (!err && entry->proto.n == PG_PROTO_EVERY.n)
		err = flush_all(ports);
	return err ? err : pg_ipt_add_entry(ports->builder, ports->chain, &everything, entry);
}

int pg_ipt_add_entries(struct pg_ipt_builder *builder, size_t chain,
		       const struct pg_verdict_entry *const *entries, size_t count)
{
	PG_CLEANUP(ports_done) struct ports ports = { .builder = builder, .chain = chain };
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = builder->sets ? add_one(&ports, entries[i])
				    : pg_ipt_add_entry(builder, chain, &everything, entries[i]);
	return err ? err : flush_all(&ports);
}
