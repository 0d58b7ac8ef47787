// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_targets.h"

const struct ab_target ab_targets[] = {
	{ "TCP throughput, of a bare veth", "tcp-stream", "ebpf", AB_LARGEST, "wire", AB_LARGEST,
	  AB_RATIO_LEAST, 0.97 },
	{ "... on one CPU", "tcp-stream-1cpu", "ebpf", AB_LARGEST, "wire", AB_LARGEST,
	  AB_RATIO_LEAST, 0.97 },
	{ "TCP_RR, of a bare veth", "tcp-rr", "ebpf", AB_LARGEST, "wire", AB_LARGEST,
	  AB_RATIO_LEAST, 0.97 },
	{ "... on one CPU", "tcp-rr-1cpu", "ebpf", AB_LARGEST, "wire", AB_LARGEST, AB_RATIO_LEAST,
	  0.97 },
	{ "TCP_RR, of an unfiltered bridge", "tcp-rr", "ebpf", AB_LARGEST, "bridge", AB_LARGEST,
	  AB_RATIO_LEAST, 1.10 },
	{ "... on one CPU", "tcp-rr-1cpu", "ebpf", AB_LARGEST, "bridge", AB_LARGEST, AB_RATIO_LEAST,
	  1.10 },
	{ "TCP_RR, of iptables with ESTABLISHED on top", "tcp-rr", "ebpf", AB_LARGEST,
	  "iptables-top", AB_LARGEST, AB_RATIO_LEAST, 1.25 },
	{ "... on one CPU", "tcp-rr-1cpu", "ebpf", AB_LARGEST, "iptables-top", AB_LARGEST,
	  AB_RATIO_LEAST, 1.25 },
	{ "two hosts, TCP throughput, of iptables with ESTABLISHED on top", "hosts-stream",
	  "ebpf-uplink", AB_LARGEST, "iptables-top", AB_LARGEST, AB_RATIO_LEAST, 1.05 },
	{ "... on one CPU", "hosts-stream-1cpu", "ebpf-uplink", AB_LARGEST, "iptables-top",
	  AB_LARGEST, AB_RATIO_LEAST, 1.05 },
	{ "two hosts, TCP_RR, of iptables with ESTABLISHED on top", "hosts-rr", "ebpf-uplink",
	  AB_LARGEST, "iptables-top", AB_LARGEST, AB_RATIO_LEAST, 1.05 },
	{ "... on one CPU", "hosts-rr-1cpu", "ebpf-uplink", AB_LARGEST, "iptables-top", AB_LARGEST,
	  AB_RATIO_LEAST, 1.05 },
	{ "verdict on an established flow, of that with 1 entry", "verdict-known-ipv4", "ebpf",
	  AB_LARGEST, "ebpf", AB_SMALLEST, AB_RATIO_MOST, 1.15 },
	{ "verdict on a first packet, of that with 1 entry", "verdict-first-ipv4", "ebpf",
	  AB_LARGEST, "ebpf", AB_SMALLEST, AB_RATIO_MOST, 1.15 },
	{ "verdict on a first packet by any of the entries, of that with 1", "verdict-any-ipv4",
	  "ebpf", AB_LARGEST, "ebpf", AB_SMALLEST, AB_RATIO_MOST, 1.15 },
	{ "verdict on an established flow, above an empty program", "verdict-known-ipv4", "ebpf",
	  AB_LARGEST, "empty", AB_LARGEST, AB_ABOVE_MOST, 40 },
	{ "verdict on a first packet, above an empty program", "verdict-first-ipv4", "ebpf",
	  AB_LARGEST, "empty", AB_LARGEST, AB_ABOVE_MOST, 200 },
	{ "set layout, TCP throughput, of that with 1 policy", "tcp-stream", "legacy-set", 20000,
	  "legacy-set", 1, AB_RATIO_LEAST, 0.9 },
	{ "set layout, TCP_RR, of that with 1 policy", "tcp-rr", "legacy-set", 20000, "legacy-set",
	  1, AB_RATIO_LEAST, 0.9 },
	{ "set layout, TCP_CRR, of that with 1 policy", "tcp-crr", "legacy-set", 20000,
	  "legacy-set", 1, AB_RATIO_LEAST, 0.9 },
	{ "set layout, small datagrams, of that with 1 policy", "udp-small", "legacy-set", 20000,
	  "legacy-set", 1, AB_RATIO_LEAST, 0.9 },
	{ "change of 1 of 100,000, until it counts", "flip-one", "ebpf", 100000, NULL, 0,
	  AB_VALUE_MOST, 1 },
	{ "change of 1 of 100,000, the transaction", "commit-one", "nftables", 100000, NULL, 0,
	  AB_VALUE_MOST, 20 },
	{ "change of 1 of 100,000, the transaction", "commit-one", "legacy-set", 100000, NULL, 0,
	  AB_VALUE_MOST, 20 },
	{ "100,000 rules installed, of iptables-restore's time", "commit-all", "legacy-linear",
	  100000, "iptables-restore", 100000, AB_RATIO_MOST, 1 },
	{ "... and so with plan, live and diff", "apply-all", "legacy-linear", 100000,
	  "iptables-restore", 100000, AB_RATIO_MOST, 1 },
	{ "packets lost in a change", "lost-packets", "ebpf", AB_LARGEST, NULL, 0, AB_VALUE_MOST,
	  0 },
	{ "packets lost in a change", "lost-packets", "nftables", AB_LARGEST, NULL, 0,
	  AB_VALUE_MOST, 0 },
	{ 0 },
};

const char *ab_reached_text(enum ab_reached reached)
{
	static const char *const texts[] = {
		[AB_REACHED] = "reached",
		[AB_MISSED] = "missed",
		[AB_UNDECIDED] = "undecided",
	};

	return texts[reached];
}

/* Whether the series is to be taken rather than the one that was found so far. */
static bool fits(const struct ab_series *series, size_t policies, const struct ab_series *found)
{
	if (!series->counted || !found)
		return !series->counted || policies == AB_LARGEST || policies == AB_SMALLEST ||
		       series->policies == policies;
	if (policies == AB_LARGEST)
		return series->policies > found->policies;
	return policies == AB_SMALLEST && series->policies < found->policies;
}

static const struct ab_series *find(const struct ab_results *results, const char *measure,
				    const char *form, size_t policies)
{
	const struct ab_series *found = NULL;

	pg_array_foreach(series, &results->list) {
		if (series->values.count && !strcmp(series->measure, measure) &&
		    !strcmp(series->form, form) && fits(series, policies, found))
			found = series;
	}
	return found;
}

static enum ab_reached judge(enum ab_target_kind kind, double limit,
			     const struct ab_estimate *estimate)
{
	bool low = kind == AB_RATIO_LEAST ? estimate->low >= limit : estimate->low <= limit;
	bool high = kind == AB_RATIO_LEAST ? estimate->high >= limit : estimate->high <= limit;

	return low && high ? AB_REACHED : low || high ? AB_UNDECIDED : AB_MISSED;
}

static bool estimate(const struct ab_target *target, struct ab_outcome *outcome)
{
	if (target->kind == AB_VALUE_MOST) {
		outcome->estimate =
			ab_estimate(outcome->series->values.items, outcome->series->values.count);
		return true;
	}
	if (!outcome->other || outcome->other == outcome->series)
		return false;
	if (target->kind == AB_ABOVE_MOST)
		return ab_difference(outcome->series, outcome->other, &outcome->estimate);
	return ab_ratio(outcome->series, outcome->other, &outcome->estimate);
}

bool ab_target_judge(const struct ab_target *target, const struct ab_results *results,
		     struct ab_outcome *ret_outcome)
{
	struct ab_outcome outcome = {
		.target = target,
		.series = find(results, target->measure, target->form, target->policies),
	};

	if (target->other)
		outcome.other =
			find(results, target->measure, target->other, target->other_policies);
	if (!outcome.series || !estimate(target, &outcome))
		return false;
	outcome.reached = judge(target->kind, target->limit, &outcome.estimate);
	*ret_outcome = outcome;
	return true;
}
