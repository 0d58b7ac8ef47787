// SPDX-License-Identifier: GPL-2.0-only
/* What the programs counted, by rule. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "backends/ebpf/batch.h"
#include "backends/ebpf/outcome.h"
#include "backends/ebpf/slots.h"

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

/* Those of which no packet made a counter have one too. */
static int add_uncounted(struct sum *sum)
{
	pg_array_foreach(slot, &sum->slots->list) {
		const struct pg_map_rule *rule = &slot->rule;
		int err = slot->taken ? pg_counters_add(sum->counters, rule->name, rule->direction,
							rule->verdict, 0, 0)
				      : 0;

		if (err)
			return err;
	}
	return 0;
}

/* What was counted without a rule. */
static int add_outcomes(const struct pg_pins *pins, struct sum *sum, struct pg_map_counter *values)
{
	for (uint32_t i = 0; i < PG_OUTCOMES; i++) {
		struct pg_map_counter total;
		int err;

		if (i == PG_OUTCOME_PASS || i == PG_OUTCOME_POLICY)
			continue;
		err = bpf_map_lookup_elem(pins->maps[PG_MAP_OUTCOMES], &i, values);
		if (err)
			return err;
		total = add_up(values, sum->cpus);
		/* The rest says something only when it happens. */
		if (i > PG_OUTCOME_MALFORMED && !total.packets)
			continue;
		err = pg_counters_add(sum->counters, pg_outcome_name(i), PG_EGRESS,
				      pg_outcome_verdict(i), total.packets, total.bytes);
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
		err = add_uncounted(&sum);
	if (!err)
		err = pg_batch_each(pins->maps[PG_MAP_COUNTERS], values, add_rule, &sum);
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
