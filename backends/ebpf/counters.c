// SPDX-License-Identifier: GPL-2.0-only
/* What the programs counted, by rule. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "backends/ebpf/slots.h"

/* Outcomes that have a counter of their own, and how they are called. */
static const struct {
	enum pg_outcome outcome;
	enum pg_verdict verdict;
	const char *name;
} outcomes[] = {
	{ PG_OUTCOME_ESTABLISHED, PG_VERDICT_ALLOW, PG_COUNT_ESTABLISHED },
	{ PG_OUTCOME_SPOOFED, PG_VERDICT_DENY, PG_COUNT_SPOOFED },
	{ PG_OUTCOME_NOT_OWN, PG_VERDICT_DENY, PG_COUNT_NOT_OWN },
	{ PG_OUTCOME_MALFORMED, PG_VERDICT_DENY, PG_COUNT_MALFORMED },
	{ PG_OUTCOME_FRAGMENT, PG_VERDICT_DENY, "fragment" },
	{ PG_OUTCOME_IPV6, PG_VERDICT_DENY, "ipv6" },
	{ PG_OUTCOME_VLAN, PG_VERDICT_DENY, "vlan" },
	{ PG_OUTCOME_UNKNOWN, PG_VERDICT_DENY, "unknown-interface" },
	{ PG_OUTCOME_EVENT_LOST, PG_VERDICT_NONE, "event-lost" },
};

struct sum {
	const struct pg_slots *slots;
	struct pg_counters *counters;
	size_t cpus;
};

static struct pg_map_counter add_up(const struct pg_map_counter *values, size_t cpus)
{
	struct pg_map_counter sum = { 0 };

	for (size_t i = 0; i < cpus; i++) {
		sum.packets += values[i].packets;
		sum.bytes += values[i].bytes;
	}
	return sum;
}

static int add_rule(void *context, const void *key, void *value)
{
	const struct sum *sum = context;
	struct pg_map_counter total = add_up(value, sum->cpus);
	const struct pg_map_rule *rule;
	uint32_t slot;

	memcpy(&slot, key, sizeof(slot));
	rule = pg_slots_rule(sum->slots, slot);
	/* Half of a commit that was killed. */
	if (!rule)
		return 0;
	return pg_counters_add(sum->counters, rule->name, rule->direction, rule->verdict,
			       total.packets, total.bytes);
}

static int add_outcomes(const struct pg_pins *pins, struct sum *sum, struct pg_map_counter *values)
{
	for (size_t i = 0; i < PG_COUNT(outcomes); i++) {
		uint32_t key = outcomes[i].outcome;
		struct pg_map_counter total;
		int err = bpf_map_lookup_elem(pins->maps[PG_MAP_OUTCOMES], &key, values);

		if (err)
			return err;
		total = add_up(values, sum->cpus);
		err = pg_counters_add(sum->counters, outcomes[i].name, PG_EGRESS,
				      outcomes[i].verdict, total.packets, total.bytes);
		if (err)
			return err;
	}
	return 0;
}

static int read_counters(const struct pg_pins *pins, struct pg_counters *counters)
{
	_cleanup_slots_ struct pg_slots slots = { 0 };
	_cleanup_free_ struct pg_map_counter *values = NULL;
	struct sum sum = { .slots = &slots, .counters = counters };
	int cpus = libbpf_num_possible_cpus(), err;

	if (cpus < 0)
		return cpus;
	sum.cpus = (size_t)cpus;
	values = calloc(sum.cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	err = pg_slots_read(pins, &slots);
	if (!err)
		err = pg_map_each(pins->maps[PG_MAP_COUNTERS], values, add_rule, &sum);
	return err ? err : add_outcomes(pins, &sum, values);
}

int pg_ebpf_counters(struct pg_backend_handle *handle, struct pg_diags *diags,
		     struct pg_counters *ret_counters)
{
	_cleanup_counters_ struct pg_counters counters = { 0 };
	_cleanup_pins_ struct pg_pins pins;
	int err;

	pg_pins_init(&pins);
	err = pg_pins_open(handle, diags, &pins);
	if (err && err != -ENOENT)
		return err;
	if (!err)
		err = read_counters(&pins, &counters);
	if (err && err != -ENOENT)
		return pg_ebpf_error(diags, err, "cannot read the eBPF counters");
	pg_counters_sort(&counters);
	*ret_counters = counters;
	counters = (struct pg_counters){ 0 };
	return 0;
}
