// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a verdict of the eBPF programs costs, without anything of the network: the kernel runs them on
 * frames that are made here (BPF_PROG_TEST_RUN) and says how long that took. An empty program beside
 * them shows what of it is the running itself.
 *
 * A second packet is of a known flow, so a first one is run once; it pays for cold caches and for reading
 * the clock, as the empty program then does. The median of many such runs leaves out what a table of
 * flows does now and then, when it makes room; so there are also first packets in a row, of which the mean
 * counts: a program of a few lines gives each run another source port and goes on to the one that is
 * measured.
 */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

#include "backends/ebpf/pins.h"
#include "bench/ab_experiment.h"
#include "bench/ab_frame.h"
#include "bench/ab_host.h"
#include "frontend/report.h"

enum kind {
	ROW,   /* of new flows that one policy allows, one after the other */
	FIRST, /* of a new flow that one policy allows, always the same */
	ANY,   /* of a new flow that any of them allows: what is looked up is in no cache */
	KNOWN, /* of a flow that has gone both ways */
};

struct task {
	enum kind kind;
	uint8_t family;
};

static const struct ab_measure_type measures[] = {
	{ "verdict-row-ipv4", "ns", .less = true },   { "verdict-row-ipv6", "ns", .less = true },
	{ "verdict-first-ipv4", "ns", .less = true }, { "verdict-first-ipv6", "ns", .less = true },
	{ "verdict-any-ipv4", "ns", .less = true },   { "verdict-any-ipv6", "ns", .less = true },
	{ "verdict-known-ipv4", "ns", .less = true }, { "verdict-known-ipv6", "ns", .less = true },
};

static const struct task tasks[] = {
	{ ROW, 4 }, { ROW, 6 }, { FIRST, 4 }, { FIRST, 6 },
	{ ANY, 4 }, { ANY, 6 }, { KNOWN, 4 }, { KNOWN, 6 },
};
_Static_assert(PG_COUNT(measures) == PG_COUNT(tasks), "a row for each");

/* Of so many runs the median counts, lest an interrupt does. */
#define ROW_RUNS   5
#define FIRST_RUNS 2001
#define KNOWN_RUNS 51
/* First packets in a row: so few that ports don't come again while their flows are known. */
#define ROW_REPEAT 500
#define REPEAT	   2000

#define FAMILIES 2

struct state {
	struct ab_host host;
	size_t policies;
	int programs[PG_DIRECTIONS];
	int renewing[FAMILIES]; /* goes on to the one of ingress, each time from another port */
	uint32_t ifindex;	/* the server's */
	struct ab_random random;
	uint16_t sport; /* of the next first packet, as it lies in a header */
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

/* Adds 1 to the source port, as this machine reads it, and calls the map's program. */
static int load_renewing(int map, size_t port)
{
	const int16_t at = (int16_t)port;
	const struct bpf_insn code[] = {
		{ BPF_LDX | BPF_MEM | BPF_W, 2, 1, offsetof(struct __sk_buff, data), 0 },
		{ BPF_LDX | BPF_MEM | BPF_W, 3, 1, offsetof(struct __sk_buff, data_end), 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, 4, 2, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, at + 2 },
		{ BPF_JMP | BPF_JGT | BPF_X, 4, 3, 7, 0 },
		{ BPF_LDX | BPF_MEM | BPF_H, 5, 2, at, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, 5, 0, 0, 1 },
		{ BPF_STX | BPF_MEM | BPF_H, 2, 5, at, 0 },
		{ BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_MAP_FD, 0, map },
		{ 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 2 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "renewing", "GPL", code, PG_COUNT(code),
			       NULL);

	return fd < 0 ? -errno : fd;
}

static int open_renewing(struct state *state)
{
	static const size_t ports[FAMILIES] = {
		sizeof(struct ether_header) + sizeof(struct iphdr),
		sizeof(struct ether_header) + sizeof(struct ip6_hdr),
	};
	uint32_t key = 0;
	int map = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "measured", sizeof(key), sizeof(int), 1,
				 NULL);

	if (map < 0)
		return map;
	for (size_t i = 0; i < FAMILIES; i++) {
		state->renewing[i] = load_renewing(map, ports[i]);
		if (state->renewing[i] < 0)
			return state->renewing[i];
	}
	return bpf_map_update_elem(map, &key, &state->programs[PG_INGRESS], BPF_ANY);
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
	err = err ?: open_renewing(state);
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
static int run(const struct state *state, int program, const struct ab_frame *frame, int repeat,
	       double *ret_ns)
{
	uint8_t bytes[AB_FRAME_MAX];
	struct __sk_buff context = { .ifindex = state->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bytes, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = repeat);
	int err;

	options.data_size_in = (uint32_t)ab_frame_write(frame, bytes);
	err = bpf_prog_test_run_opts(program, &options);
	if (err)
		return err;
	*ret_ns = options.duration;
	return (int)options.retval == 2 ? -EPROTO : 0; /* TC_ACT_SHOT */
}

/* By the i-th policy, from a source port that was not used lately. */
static struct ab_frame make_first(struct state *state, uint8_t family, size_t i)
{
	bool others = i + 1 < state->policies;

	return (struct ab_frame){
		.family = family,
		.udp = others && ab_policy_is_udp(i),
		.from = (uint8_t)(others ? 4 + i % AB_OTHERS : 2),
		.to = 3,
		.sport = ntohs(state->sport++),
		.dport = others ? ab_policy_port(i) : AB_PORT,
		.flags = AB_TCP_SYN,
	};
}

static int measure_row(struct state *state, uint8_t family, double *ret_ns)
{
	double times[ROW_RUNS];

	for (size_t i = 0; i < ROW_RUNS; i++) {
		struct ab_frame frame = make_first(state, family, state->policies - 1);
		int err = run(state, state->renewing[family == 6], &frame, ROW_REPEAT, &times[i]);

		if (err)
			return err;
		state->sport = (uint16_t)(state->sport + ROW_REPEAT);
	}
	*ret_ns = ab_median(times, ROW_RUNS);
	return 0;
}

static int measure_first(struct state *state, const struct task *task, double *ret_ns)
{
	double times[FIRST_RUNS];

	for (size_t i = 0; i < FIRST_RUNS; i++) {
		size_t policy = task->kind == ANY ? ab_random_below(&state->random, state->policies)
						  : state->policies - 1;
		struct ab_frame frame = make_first(state, task->family, policy);
		int err = run(state, state->programs[PG_INGRESS], &frame, 1, &times[i]);

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
	int err = run(state, state->programs[PG_INGRESS], &there, 1, &times[0]);

	err = err ?: run(state, state->programs[PG_EGRESS], &back, 1, &times[0]);
	there.flags = AB_TCP_ACK;
	for (size_t i = 0; i < KNOWN_RUNS && !err; i++)
		err = run(state, state->programs[PG_INGRESS], &there, REPEAT, &times[i]);
	*ret_ns = err ? 0 : ab_median(times, KNOWN_RUNS);
	return err;
}

static int measure(void *context, size_t what, double *ret_value)
{
	struct state *state = context;
	const struct task *task = &tasks[what];

	switch (task->kind) {
	case ROW:
		return measure_row(state, task->family, ret_value);
	case FIRST:
	case ANY:
		return measure_first(state, task, ret_value);
	case KNOWN:
		return measure_known(state, task->family, ret_value);
	}
	return -EINVAL;
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
