// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flows that run while one policy follows another: those that the first one allows are opened, then the
 * second one is applied, then both ends say something. What arrives is held against the model.
 *
 * Of a flow that the second policy denies, when such flows are cut, nothing is left: what the client
 * says is a new flow's packet and denied like it; what the server says is one of a flow in the other
 * direction, from its port to the client's, and whatever the policy says of that.
 */
#include <netinet/tcp.h>
#include <poll.h>

#include "frontend/lab/casetest_internal.h"
#include "tests/parity/traffic.h"

#define FLOWS_MAX 256

/* As long as the prober waits: what is denied doesn't come, and what is a hole comes at once. */
#define SETTLE_MS  60
#define LIMIT_MS   5000
#define PAUSE_MS   2
#define PORT_TRIES 64

/* A flow of the case that was opened. */
struct running {
	size_t number; /* in the case */
	const struct pg_case_flow *flow;
	int client, server;
	uint16_t port; /* the client's */
	bool goes_on;  /* what the client says is to arrive */
	bool answers;  /* what the server says is */
};

struct runs {
	struct running list[FLOWS_MAX];
	size_t count;
};

static void runs_done(struct runs *runs)
{
	struct linger abort_at_close = { .l_onoff = 1 };

	for (size_t i = 0; i < runs->count; i++) {
		const int both[] = { runs->list[i].client, runs->list[i].server };

		for (size_t end = 0; end < PG_COUNT(both); end++) {
			setsockopt(both[end], SOL_SOCKET, SO_LINGER, &abort_at_close,
				   sizeof(abort_at_close));
			close(both[end]);
		}
	}
}

static bool is_stream(const struct running *running)
{
	return running->flow->proto.n == PG_PROTO_TCP.n;
}

static int netns_of(const struct arena *arena, const struct trial *trial,
		    const struct pg_case_party *party)
{
	switch (party->kind) {
	case PG_PARTY_ENDPOINT:
		return trial->netns[party->endpoint];
	case PG_PARTY_HOST:
		return pg_lab_host_netns(arena->lab);
	default:
		return pg_lab_world_netns(arena->lab);
	}
}

/* Both ends' addresses, and where they are. */
struct ends {
	int client_netns, server_netns;
	char client[PG_ADDR_TEXT_MAX], server[PG_ADDR_TEXT_MAX];
};

static struct ends find_ends(const struct arena *arena, const struct trial *trial,
			     const struct pg_case_flow *flow)
{
	struct pg_addr src = pg_case_party_addr(&trial->test, &flow->src, flow->family);
	struct pg_addr dst = pg_case_party_addr(&trial->test, &flow->dst, flow->family);
	struct ends ends = {
		.client_netns = netns_of(arena, trial, &flow->src),
		.server_netns = netns_of(arena, trial, &flow->dst),
	};

	pg_addr_format(&src, ends.client);
	pg_addr_format(&dst, ends.server);
	return ends;
}

/* From a port that no flow had before: the kernel may remember it. */
static int open_client(struct arena *arena, const struct ends *ends, int type, uint16_t *ret_port)
{
	for (int i = 0; i < PORT_TRIES; i++) {
		int fd;

		*ret_port = (uint16_t)(32768 + arena->sequence++ % 32768);
		fd = traffic_bind(ends->client_netns, type, ends->client, *ret_port);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

static bool says(int from)
{
	return send(from, "x", 1, MSG_NOSIGNAL) == 1;
}

static bool carries(int from, int to)
{
	return says(from) && traffic_receive(to) == 1;
}

/* A socket at the server's port for each flow: connected ones take their own clients' packets. */
static bool open_datagrams(const struct ends *ends, struct running *running)
{
	struct traffic_addr from = traffic_addr(ends->client, running->port);
	struct traffic_addr to = traffic_addr(ends->server, running->flow->dport);

	running->server =
		traffic_bind(ends->server_netns, SOCK_DGRAM, ends->server, running->flow->dport);
	return running->server >= 0 && !connect(running->server, &from.any, from.length) &&
	       !connect(running->client, &to.any, to.length);
}

static bool open_stream(const struct ends *ends, struct running *running)
{
	_cleanup_close_ int listener =
		traffic_socket(ends->server_netns, SOCK_STREAM, ends->server, running->flow->dport);
	struct traffic_addr to = traffic_addr(ends->server, running->flow->dport);

	if (listener < 0 ||
	    (connect(running->client, &to.any, to.length) < 0 && errno != EINPROGRESS) ||
	    traffic_await(running->client))
		return false;
	running->server = traffic_accept(listener, NULL);
	return running->server >= 0;
}

static bool open_flow(struct arena *arena, const struct trial *trial, struct running *running)
{
	struct ends ends = find_ends(arena, trial, running->flow);
	bool stream = is_stream(running);

	running->client =
		open_client(arena, &ends, stream ? SOCK_STREAM : SOCK_DGRAM, &running->port);
	return running->client >= 0 &&
	       (stream ? open_stream(&ends, running) : open_datagrams(&ends, running)) &&
	       carries(running->client, running->server) &&
	       carries(running->server, running->client);
}

static int evaluate(const struct trial *trial, const struct pg_case_flow *flow, bool *ret_allowed)
{
	struct pg_evaluation evaluation;
	int err = pg_case_evaluate(&trial->test, flow, &trial->prepared.identities, &evaluation);

	if (!err)
		*ret_allowed = pg_case_verdict(&evaluation) == PG_EXPECT_ALLOW;
	return err;
}

/* Opens what the case allows. 1: one that it allows doesn't come to stand. */
static int open_all(struct arena *arena, const struct trial *trial, struct runs *runs,
		    struct difference *ret_difference)
{
	for (size_t i = 0; i < trial->test.flows.count && runs->count < FLOWS_MAX; i++) {
		struct running *running = &runs->list[runs->count];
		bool allowed;
		int err = evaluate(trial, &trial->test.flows.items[i], &allowed);

		if (err)
			return err;
		if (!allowed)
			continue;
		*running = (struct running){
			.number = i,
			.flow = &trial->test.flows.items[i],
			.client = -1,
			.server = -1,
		};
		runs->count++;
		if (!open_flow(arena, trial, running)) {
			*ret_difference = (struct difference){ i, "allow", "not opened" };
			return 1;
		}
	}
	return 0;
}

static bool is_acknowledged(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	return !getsockopt(fd, SOL_TCP, TCP_INFO, &info, &length) && !info.tcpi_unacked;
}

/* Late acknowledgements would be judged as packets of their own under the next policy. */
static int await_silence(const struct runs *runs)
{
	for (int waited = 0; waited < LIMIT_MS; waited += PAUSE_MS) {
		bool silent = true;

		for (size_t i = 0; i < runs->count; i++) {
			const struct running *running = &runs->list[i];

			if (is_stream(running))
				silent &= is_acknowledged(running->client) &&
					  is_acknowledged(running->server);
		}
		if (silent)
			return 0;
		poll(NULL, 0, PAUSE_MS);
	}
	return -ETIMEDOUT;
}

/* What the second policy says of what runs. */
static int foresee(const struct trial *then, enum pg_on_revoke on_revoke, struct runs *runs)
{
	int err = 0;

	for (size_t i = 0; !err && i < runs->count; i++) {
		struct running *running = &runs->list[i];
		const struct pg_case_flow *flow = &then->test.flows.items[running->number];
		struct pg_case_flow back = *flow;

		back.src = flow->dst;
		back.dst = flow->src;
		back.dport = running->port;
		err = evaluate(then, flow, &running->goes_on);
		if (!err)
			err = evaluate(then, &back, &running->answers);
		running->goes_on |= on_revoke == PG_ON_REVOKE_KEEP;
		running->answers |= running->goes_on;
	}
	return err;
}

/* One of the two ends speaks in each flow. Yields which flows' words arrive, once no more do. */
static void converse(struct runs *runs, bool server_speaks, bool *arrived)
{
	size_t missing = 0;
	int quiet = 0;

	memset(arrived, 0, runs->count * sizeof(*arrived));
	for (size_t i = 0; i < runs->count; i++) {
		struct running *running = &runs->list[i];

		says(server_speaks ? running->server : running->client);
		missing += server_speaks ? running->answers : running->goes_on;
	}
	for (int waited = 0; waited < LIMIT_MS && (missing || quiet < SETTLE_MS);
	     waited += PAUSE_MS, quiet += PAUSE_MS) {
		for (size_t i = 0; i < runs->count; i++) {
			struct running *running = &runs->list[i];
			bool expected = server_speaks ? running->answers : running->goes_on;
			char byte;

			if (arrived[i] || recv(server_speaks ? running->client : running->server,
					       &byte, 1, 0) != 1)
				continue;
			arrived[i] = true;
			missing -= expected;
			quiet = 0;
		}
		poll(NULL, 0, PAUSE_MS);
	}
}

static const char *const client_says[] = { "the client's words are dropped",
					   "the client's words arrive" };
static const char *const server_says[] = { "the server's words are dropped",
					   "the server's words arrive" };

static int compare(struct runs *runs, bool server_speaks, struct difference *ret_difference)
{
	const char *const *words = server_speaks ? server_says : client_says;
	bool arrived[FLOWS_MAX];

	converse(runs, server_speaks, arrived);
	for (size_t i = 0; i < runs->count; i++) {
		const struct running *running = &runs->list[i];
		bool expected = server_speaks ? running->answers : running->goes_on;

		if (arrived[i] == expected)
			continue;
		*ret_difference =
			(struct difference){ running->number, words[expected], words[arrived[i]] };
		return 1;
	}
	return 0;
}

static void count(const struct arena *arena, const struct runs *runs)
{
	for (size_t i = 0; arena->tally && i < runs->count; i++) {
		arena->tally->flows++;
		arena->tally->passed += !runs->list[i].goes_on;
	}
}

/* The case with what comes after it in the place of what was first. */
static json_t *make_second(const json_t *test)
{
	json_t *second = json_copy((json_t *)test);

	json_object_set(second, "policy", json_object_get(test, "then"));
	json_object_del(second, "then");
	json_object_del(second, "on_revoke");
	return second;
}

static json_t *make_first(const json_t *test)
{
	json_t *first = json_copy((json_t *)test);

	json_object_del(first, "then");
	json_object_del(first, "on_revoke");
	return first;
}

static int run(struct arena *arena, const json_t *test, struct runs *runs,
	       struct difference *ret_difference)
{
	_cleanup_json_value_ json_t *first = make_first(test), *second = make_second(test);
	const char *word = json_string_value(json_object_get(test, "on_revoke"));
	_cleanup_trial_ struct trial before = { 0 }, after = { 0 };
	enum pg_on_revoke on_revoke;
	int err = pg_on_revoke_parse(word ? word : "", &on_revoke);

	if (!err)
		err = trial_begin(arena, first, PG_ON_REVOKE_CUT, &before);
	if (!err)
		err = open_all(arena, &before, runs, ret_difference);
	if (!err)
		err = await_silence(runs);
	if (!err)
		err = trial_begin(arena, second, on_revoke, &after);
	if (!err)
		err = foresee(&after, on_revoke, runs);
	if (err)
		return err;
	count(arena, runs);
	err = compare(runs, false, ret_difference);
	return err ? err : compare(runs, true, ret_difference);
}

int arena_revoke(struct arena *arena, json_t *test, struct difference *ret_difference)
{
	struct runs runs = { .count = 0 };
	int result = run(arena, test, &runs, ret_difference);

	runs_done(&runs);
	return result;
}
