// SPDX-License-Identifier: GPL-2.0-only
/*
 * All flows of a wave are opened, then sent, then waited for together. Nothing is decided by the
 * clock but when to stop waiting: for what is expected to be open longer than for the rest.
 */
#include "frontend/lab/probe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <time.h>

#include "compat/errtext.h"
#include "compat/rtnl.h"
#include "frontend/lab/probe_internal.h"

#define SETTLE_MS 300
#define LIMIT_MS  3000
#define RESEND_MS 250

/* Flows of a wave where the table of neighbours is short: each takes two entries of the 1024. */
#define SMALL_WAVE 256
/*
 * Rounds without progress before that is an error, with a second between them. It may be somebody
 * else who fills the table, and be over soon.
 */
#define FUTILE_ROUNDS	30
#define FUTILE_PAUSE_MS 1000

/* Answers are taken in between, so that no socket's buffer has to hold a whole wave. */
#define SEND_BURST 32

static const char *const result_names[] = {
	[PG_PROBE_UNKNOWN] = "unknown",
	[PG_PROBE_OPEN] = "open",
	[PG_PROBE_CLOSED] = "closed",
	[PG_PROBE_REFUSED] = "refused",
};

_Static_assert(PG_COUNT(result_names) == PG_PROBE_RESULTS, "a result has no name");

const char *pg_probe_result_name(enum pg_probe_result result)
{
	return (size_t)result < PG_COUNT(result_names) ? result_names[result] : "?";
}

int64_t pg_probe_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pg_probe_settle(struct pg_probe_state *state, struct pg_probe_flow *flow,
		     enum pg_probe_result result)
{
	if (flow->done)
		return;
	flow->done = true;
	flow->probe->result = result;
	state->pending--;
	state->pending_open -= flow->probe->expect_open;
	state->last_event = pg_probe_now();
	if (flow->fd >= 0)
		close(PG_TAKE_FD(flow->fd));
}

/* What the kernel says of a packet that may have got away, or may do so the next time. */
static bool is_harmless(int err)
{
	switch (err) {
	case 0:
	case -EAGAIN:
	case -ENOBUFS:
	case -EPERM: /* dropped on the way out: netfilter's OUTPUT */
		return true;
	default:
		return false;
	}
}

/* At the first packet an error is the probe's own (no route); later it is the answer to the first. */
static void send_flow(struct pg_probe_state *state, struct pg_probe_flow *flow)
{
	int err = pg_probe_send(state, flow);
	bool answered = flow->sent || err == -ECONNREFUSED;

	flow->sent = true;
	if (is_harmless(err))
		return;
	flow->probe->error = answered ? 0 : -err;
	pg_probe_settle(state, flow, answered ? PG_PROBE_REFUSED : PG_PROBE_UNKNOWN);
}

static int send_all(struct pg_probe_state *state)
{
	for (size_t i = 0; i < state->flows.count; i++) {
		int err;

		send_flow(state, &state->flows.items[i]);
		err = i % SEND_BURST ? 0 : pg_probe_poll(state, 0);
		if (err)
			return err;
	}
	state->last_event = pg_probe_now();
	return 0;
}

/* TCP sends again by itself. */
static void resend(struct pg_probe_state *state)
{
	pg_array_foreach(flow, &state->flows) {
		if (!flow->done && flow->probe->expect_open &&
		    flow->probe->proto.n != PG_PROTO_TCP.n)
			send_flow(state, flow);
	}
}

static int await(struct pg_probe_state *state, const struct pg_probe_options *options)
{
	int64_t start = pg_probe_now(), resent = start;

	while (state->pending) {
		int64_t now = pg_probe_now();
		int64_t quiet = state->last_event + options->settle_ms;
		int64_t until = state->pending_open ? start + options->limit_ms : quiet;
		int err;

		until = PG_MAX(until, quiet);
		if (now >= until)
			return 0;
		if (state->pending_open && now >= resent + RESEND_MS) {
			resend(state);
			resent = now;
		}
		err = pg_probe_poll(state, (int)PG_MIN(until - now, (int64_t)RESEND_MS));
		if (err)
			return err;
	}
	return 0;
}

/* Opens as many as go into one wave. `ret_count`: how many of the probes that is. */
static int open_wave(struct pg_probe_state *state, struct pg_probe **probes, size_t count,
		     size_t *ret_count)
{
	size_t i;

	state->spare = fcntl(state->home, F_DUPFD_CLOEXEC, 0);
	for (i = 0; i < PG_MIN(count, state->wave); i++) {
		int err = pg_probe_open(state, probes[i]);

		if ((err == -EMFILE || err == -ENFILE) && state->flows.count)
			break;
		if (err == -EMFILE || err == -ENFILE || err == -EPERM || err == -ENOMEM)
			return err;
		if (err)
			probes[i]->error = -err;
	}
	if (state->spare >= 0)
		close(PG_TAKE_FD(state->spare));
	*ret_count = i;
	return 0;
}

static int run_wave(struct pg_probe_state *state, struct pg_probe **probes, size_t count,
		    const struct pg_probe_options *options, size_t *ret_count)
{
	int err = open_wave(state, probes, count, ret_count);

	if (!err)
		err = send_all(state);
	if (!err)
		err = await(state, options);
	if (err)
		return err;
	pg_array_foreach(flow, &state->flows)
		pg_probe_settle(state, flow, PG_PROBE_CLOSED);
	return 0;
}

static void free_state(struct pg_probe_state **state)
{
	if (!*state)
		return;
	pg_probe_close(*state);
	pg_array_foreach(space, &(*state)->spaces) {
		for (size_t i = 0; i < PG_PROBE_RAWS; i++) {
			if (space->raw[i] >= 0)
				close(space->raw[i]);
		}
	}
	free((*state)->spaces.items);
	free((*state)->listeners.items);
	free((*state)->flows.items);
	if ((*state)->epoll >= 0)
		close((*state)->epoll);
	if ((*state)->spare >= 0)
		close((*state)->spare);
	pg_rtnl_free((*state)->rtnl);
	pg_netns_leave(&(*state)->home);
	free(*state);
}

static int count_overflows(struct pg_probe_state *state, uint64_t *ret_count)
{
	uint64_t v4 = 0, v6 = 0;
	int err = pg_rtnl_neighbour_overflows(state->rtnl, AF_INET, &v4);

	err = err ?: pg_rtnl_neighbour_overflows(state->rtnl, AF_INET6, &v6);
	if (!err)
		*ret_count = v4 + v6;
	return err;
}

static int new_state(struct pg_probe_state **ret_state)
{
	PG_CLEANUP(free_state) struct pg_probe_state *state = calloc(1, sizeof(*state));
	int err;

	if (!state)
		return -ENOMEM;
	state->home = state->epoll = state->spare = -1;
	state->here = SIZE_MAX;
	state->wave = PG_PROBE_WAVE;
	state->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (state->epoll < 0 || getrandom(&state->nonce, sizeof(state->nonce), 0) < 0)
		return -errno;
	state->sequence = (uint32_t)state->nonce;
	err = pg_netns_self(&state->home);
	if (!err)
		err = pg_rtnl_new(&state->rtnl);
	if (!err)
		err = count_overflows(state, &state->overflows);
	if (err)
		return err;
	*ret_state = PG_TAKE(state);
	return 0;
}

static int forget_neighbours(struct pg_probe_state *state)
{
	for (size_t i = 0; i < state->spaces.count; i++) {
		_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
		int err = pg_probe_enter(state, i);

		if (!err)
			err = pg_rtnl_new(&rtnl);
		if (!err)
			err = pg_rtnl_forget_neighbours(rtnl, AF_INET)
				      ?: pg_rtnl_forget_neighbours(rtnl, AF_INET6);
		if (err)
			return err;
		/* One that is gone already is as good as forgotten. */
		pg_rtnl_commit(rtnl);
	}
	return 0;
}

/*
 * The kernel drops packets to neighbours that its table has no room for, and tells nobody but a
 * counter. What ARP and ND have found stays there for half a minute, also where room is short: so it
 * is made to forget it, but only once that has happened.
 */
static int make_room(struct pg_probe_state *state)
{
	uint64_t before = state->overflows;
	int err = count_overflows(state, &state->overflows);

	if (err)
		return err;
	if (state->overflows != before) {
		state->crowded = true;
		state->wave = SMALL_WAVE;
	}
	return state->wave == SMALL_WAVE ? forget_neighbours(state) : 0;
}

static int run_waves(struct pg_probe_state *state, struct pg_probe **probes, size_t count,
		     const struct pg_probe_options *options)
{
	size_t done = 0;

	while (done < count) {
		size_t wave = 0;
		int err = run_wave(state, probes + done, count - done, options, &wave);

		pg_probe_close(state);
		if (!err)
			err = make_room(state);
		if (err)
			return err;
		done += wave;
	}
	return 0;
}

/* Keeps those that may be closed, or unreachable, only because the kernel couldn't ask for the way. */
static size_t keep_doubtful(struct pg_probe **probes, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (probes[i]->result == PG_PROBE_CLOSED || probes[i]->result == PG_PROBE_REFUSED)
			probes[kept++] = probes[i];
	}
	return kept;
}

static int give_up(struct pg_diags *diags)
{
	pg_error(diags, PG_LOC_NONE,
		 "the kernel's table of neighbours is full, so what is closed can't be told from "
		 "what it has no room for; raise net.ipv4.neigh.default.gc_thresh3, and "
		 "net.ipv6's");
	return -ENOBUFS;
}

static int run(struct pg_probe_state *state, struct pg_probe **probes, size_t count,
	       const struct pg_probe_options *options, struct pg_diags *diags)
{
	int futile = 0, err = 0;

	while (!err) {
		size_t doubtful;

		state->crowded = false;
		err = run_waves(state, probes, count, options);
		doubtful = keep_doubtful(probes, count);
		if (err || !doubtful || !state->crowded)
			return err;
		futile = doubtful < count ? 0 : futile + 1;
		if (futile == FUTILE_ROUNDS)
			return give_up(diags);
		if (futile)
			poll(NULL, 0, FUTILE_PAUSE_MS);
		count = doubtful;
	}
	return err;
}

static int run_all(struct pg_probe_state *state, struct pg_probe *probes, size_t count,
		   const struct pg_probe_options *options, struct pg_diags *diags)
{
	_cleanup_free_ struct pg_probe **list = calloc(count + 1, sizeof(struct pg_probe *));
	int err;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		probes[i].result = PG_PROBE_UNKNOWN;
		probes[i].error = 0;
		list[i] = &probes[i];
	}
	pg_raise_fd_limit();
	if (options->sequence)
		state->sequence = *options->sequence;
	err = run(state, list, count, options, diags);
	if (options->sequence)
		*options->sequence = state->sequence;
	return err;
}

int pg_probe_run(struct pg_probe *probes, size_t count, const struct pg_probe_options *options,
		 struct pg_diags *diags)
{
	PG_CLEANUP(free_state) struct pg_probe_state *state = NULL;
	struct pg_probe_options used = *options;
	char text[PG_ERRTEXT_MAX];
	int err = new_state(&state);

	if (!used.settle_ms)
		used.settle_ms = SETTLE_MS;
	if (!used.limit_ms)
		used.limit_ms = LIMIT_MS;
	if (!err)
		err = run_all(state, probes, count, &used, diags);
	if (err && err != -ENOBUFS)
		pg_error(diags, PG_LOC_NONE, "cannot probe: %s", pg_errtext(err, text));
	return err;
}
