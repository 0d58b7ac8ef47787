// SPDX-License-Identifier: GPL-2.0-only
/* TCP and UDP between containers of two hosts (ab_traffic.h, frontend/lab/hosts.h). */
#include "bench/ab_experiment.h"
#include "bench/ab_host.h"
#include "bench/ab_pair.h"
#include "frontend/report.h"

struct state {
	struct ab_pair pair;
	double seconds;
};

static const struct ab_measure_type measures[] = {
	[AB_STREAM] = { .name = "hosts-stream", .unit = "Gbit/s" },
	[AB_RR] = { .name = "hosts-rr", .unit = "1/s" },
	[AB_CRR] = { .name = "hosts-crr", .unit = "1/s" },
	[AB_UDP] = { .name = "hosts-udp", .unit = "1/s" },
	[AB_STREAM_1CPU] = { .name = "hosts-stream-1cpu", .unit = "Gbit/s" },
	[AB_RR_1CPU] = { .name = "hosts-rr-1cpu", .unit = "1/s" },
	[AB_CRR_1CPU] = { .name = "hosts-crr-1cpu", .unit = "1/s" },
};
_Static_assert(PG_COUNT(measures) == AB_TRAFFIC_MEASURES, "a row for each");

/* What policies cost is a matter of one host. */
static const struct ab_sizes *sizes(const struct ab_options *options)
{
	static const struct ab_sizes one = { { 1 }, 1 };

	(void)options;
	return &one;
}

static int enter(const struct ab_config *config, const struct ab_options *options, void **ret_state)
{
	_cleanup_ab_policy_ struct ab_policy policy = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_free_ struct state *state = calloc(1, sizeof(*state));
	int err = state ? ab_policy_make(1, false, &diags, &policy) : -ENOMEM;

	err = err ?: ab_pair_enter(config, &policy, &diags, &state->pair);
	pg_report(stderr, &policy.sources, &diags);
	if (err)
		return err;
	state->seconds = options->seconds;
	state->pair.path.client_cpu = options->cpus.client;
	state->pair.path.server_cpu = options->cpus.server;
	err = ab_host_check(config, &state->pair.path);
	*ret_state = PG_TAKE(state);
	return err;
}

static int measure(void *context, size_t what, double *ret_value)
{
	const struct state *state = context;

	return ab_traffic_measure(&state->pair.path, (enum ab_measure)what, state->seconds,
				  ret_value);
}

const struct ab_experiment ab_hosts_experiment = {
	.name = "hosts",
	.bit = AB_IN_HOSTS,
	.sizes = sizes,
	.measures = measures,
	.measure_count = PG_COUNT(measures),
	.enter = enter,
	.measure = measure,
};
