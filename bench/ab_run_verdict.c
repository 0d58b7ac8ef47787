// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a verdict of the eBPF programs costs, without anything of the network: the kernel runs them on
 * frames that are made here (BPF_PROG_TEST_RUN) and says how long that took. An empty program beside
 * them shows what of it is the running itself.
 *
 * A first packet is run once, since the second one is of a known flow; so it pays for cold caches and
 * for reading the clock, as the empty program then does.
 */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/if.h>

#include "backends/ebpf/pins.h"
#include "bench/ab_experiment.h"
#include "bench/ab_frame.h"
#include "bench/ab_host.h"
#include "frontend/report.h"

enum kind {
	FIRST, /* of a new flow that one policy allows, always the same */
	ANY,   /* of a new flow that any of them allows: what is looked up is in no cache */
	KNOWN, /* of a flow that has gone both ways */
};

struct task {
	enum kind kind;
	uint8_t family;
};

static const struct ab_measure_type measures[] = {
	{ "verdict-first-ipv4", "ns", .less = true }, { "verdict-first-ipv6", "ns", .less = true },
	{ "verdict-any-ipv4", "ns", .less = true },   { "verdict-any-ipv6", "ns", .less = true },
	{ "verdict-known-ipv4", "ns", .less = true }, { "verdict-known-ipv6", "ns", .less = true },
};

static const struct task tasks[] = {
	{ FIRST, 4 }, { FIRST, 6 }, { ANY, 4 }, { ANY, 6 }, { KNOWN, 4 }, { KNOWN, 6 },
};
_Static_assert(PG_COUNT(measures) == PG_COUNT(tasks), "a row for each");

/* Of so many runs the median counts, lest an interrupt does. */
#define FIRST_RUNS 2001
#define KNOWN_RUNS 51
#define REPEAT	   2000

struct state {
	struct ab_host host;
	size_t policies;
	int programs[PG_DIRECTIONS];
	uint32_t ifindex; /* the server's */
	struct ab_random random;
	uint16_t sport;
};

static const struct ab_sizes *sizes(const struct ab_options *options)
{
	return &options->entries;
}

static int load_empty(struct state *state)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "empty", "GPL", pass, PG_COUNT(pass), NULL);

	state->programs[PG_EGRESS] = state->programs[PG_INGRESS] = fd;
	return fd < 0 ? fd : 0;
}

static int open_programs(struct state *state, struct pg_diags *diags)
{
	static const struct pg_backend_options options;
	_cleanup_pins_ struct pg_pins pins;
	struct pg_backend_handle *handle;
	int err = pg_backend_ebpf.open(&options, true, diags, &handle);

	pg_pins_init(&pins);
	if (err)
		return err;
	err = pg_pins_open(handle, diags, &pins);
	pg_backend_ebpf.close(handle);
	for (int i = 0; i < PG_DIRECTIONS && !err; i++)
		state->programs[i] = PG_TAKE_FD(pins.programs[i]);
	return err;
}

static int enter(const struct ab_config *config, const struct ab_options *options, void **ret_state)
{
	_cleanup_ab_policy_ struct ab_policy policy = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_free_ struct state *state = calloc(1, sizeof(*state));
	int err = state ? ab_policy_make(config->policies, true, &diags, &policy) : -ENOMEM;

	err = err ?: ab_host_enter(config, &policy, &diags, &state->host);
	if (!err && config->form->kind == AB_EMPTY)
		err = load_empty(state);
	else if (!err)
		err = open_programs(state, &diags);
	pg_report(stderr, &policy.sources, &diags);
	if (err)
		return err;
	state->policies = PG_MAX(config->policies, (size_t)1);
	state->random.state = options->seed;
	state->ifindex = policy.endpoints.list.items[AB_SERVER].ifindex;
	*ret_state = PG_TAKE(state);
	return 0;
}

/* -EPROTO: it was not let through. */
static int run(const struct state *state, enum pg_direction direction, const struct ab_frame *frame,
	       int repeat, double *ret_ns)
{
	uint8_t bytes[AB_FRAME_MAX];
	struct __sk_buff context = { .ifindex = state->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bytes, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = repeat);
	int err;

	options.data_size_in = (uint32_t)ab_frame_write(frame, bytes);
	err = bpf_prog_test_run_opts(state->programs[direction], &options);
	if (err)
		return err;
	*ret_ns = options.duration;
	return (int)options.retval == 2 ? -EPROTO : 0; /* TC_ACT_SHOT */
}

/* By the i-th policy, from a source port that was not used lately. */
static struct ab_frame make_first(struct state *state, uint8_t family, size_t i)
{
	bool others = i + 1 < state->policies;

	state->sport = state->sport < 1024 ? 1024 : (uint16_t)(state->sport + 1);
	return (struct ab_frame){
		.family = family,
		.udp = others && ab_policy_is_udp(i),
		.from = (uint8_t)(others ? 4 + i % AB_OTHERS : 2),
		.to = 3,
		.sport = state->sport,
		.dport = others ? ab_policy_port(i) : AB_PORT,
		.flags = AB_TCP_SYN,
	};
}

static int measure_first(struct state *state, const struct task *task, double *ret_ns)
{
	double times[FIRST_RUNS];

	for (size_t i = 0; i < FIRST_RUNS; i++) {
		size_t policy = task->kind == ANY ? ab_random_below(&state->random, state->policies)
						  : state->policies - 1;
		struct ab_frame frame = make_first(state, task->family, policy);
		int err = run(state, PG_INGRESS, &frame, 1, &times[i]);

		if (err)
			return err;
	}
	*ret_ns = ab_median(times, FIRST_RUNS);
	return 0;
}

/* One packet each way, and then the client's again. */
static int measure_known(struct state *state, uint8_t family, double *ret_ns)
{
	struct ab_frame there = { family, false, 2, 3, 999, AB_PORT, AB_TCP_SYN };
	struct ab_frame back = { family, false, 3, 2, AB_PORT, 999, AB_TCP_SYN | AB_TCP_ACK };
	double times[KNOWN_RUNS];
	int err = run(state, PG_INGRESS, &there, 1, &times[0]);

	err = err ?: run(state, PG_EGRESS, &back, 1, &times[0]);
	there.flags = AB_TCP_ACK;
	for (size_t i = 0; i < KNOWN_RUNS && !err; i++)
		err = run(state, PG_INGRESS, &there, REPEAT, &times[i]);
	*ret_ns = err ? 0 : ab_median(times, KNOWN_RUNS);
	return err;
}

static int measure(void *context, size_t what, double *ret_value)
{
	struct state *state = context;
	const struct task *task = &tasks[what];

	return task->kind == KNOWN ? measure_known(state, task->family, ret_value)
				   : measure_first(state, task, ret_value);
}

const struct ab_experiment ab_verdict_experiment = {
	.name = "verdict",
	.bit = AB_IN_VERDICT,
	.sizes = sizes,
	.measures = measures,
	.measure_count = PG_COUNT(measures),
	.enter = enter,
	.measure = measure,
};
