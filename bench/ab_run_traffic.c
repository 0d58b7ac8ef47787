// SPDX-License-Identifier: GPL-2.0-only
/* TCP and UDP between two containers (ab_traffic.h). */
#include "bench/ab_experiment.h"
#include "bench/ab_host.h"
#include "frontend/report.h"

struct state {
	struct ab_host host;
	double seconds;
};

static const struct ab_measure_type measures[] = {
	[AB_STREAM] = { .name = "tcp-stream", .unit = "Gbit/s" },
	[AB_RR] = { .name = "tcp-rr", .unit = "1/s" },
	[AB_CRR] = { .name = "tcp-crr", .unit = "1/s" },
	[AB_UDP] = { .name = "udp-small", .unit = "1/s" },
	[AB_STREAM_1CPU] = { .name = "tcp-stream-1cpu", .unit = "Gbit/s" },
	[AB_RR_1CPU] = { .name = "tcp-rr-1cpu", .unit = "1/s" },
	[AB_CRR_1CPU] = { .name = "tcp-crr-1cpu", .unit = "1/s" },
};
_Static_assert(PG_COUNT(measures) == AB_TRAFFIC_MEASURES, "a row for each");

static const struct ab_sizes *sizes(const struct ab_options *options)
{
	return &options->policies;
}

static int enter(const struct ab_config *config, const struct ab_options *options, void **ret_state)
{
	_cleanup_ab_policy_ struct ab_policy policy = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_free_ struct state *state = calloc(1, sizeof(*state));
	int err = state ? ab_policy_make(config->policies, false, &diags, &policy) : -ENOMEM;

	err = err ?: ab_host_enter(config, &policy, &diags, &state->host);
	pg_report(stderr, &policy.sources, &diags);
	if (err)
		return err;
	state->seconds = options->seconds;
	state->host.path.client_cpu = options->cpus.client;
	state->host.path.server_cpu = options->cpus.server;
	err = ab_host_check(config, &state->host.path);
	*ret_state = PG_TAKE(state);
	return err;
}

static int measure(void *context, size_t what, double *ret_value)
{
	const struct state *state = context;

	return ab_traffic_measure(&state->host.path, (enum ab_measure)what, state->seconds,
				  ret_value);
}

const struct ab_experiment ab_traffic_experiment = {
	.name = "traffic",
	.bit = AB_IN_TRAFFIC,
	.sizes = sizes,
	.measures = measures,
	.measure_count = PG_COUNT(measures),
	.enter = enter,
	.measure = measure,
};
