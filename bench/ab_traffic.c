// SPDX-License-Identifier: GPL-2.0-only
/*
 * A server thread, and a client in the calling one, each on a CPU of its own: the client does as much as
 * it can, one thing after the other. Both sockets are made in their namespaces and stay there.
 */
#include "bench/ab_traffic.h"

#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

#include "compat/netns.h"

#define WRITE_SIZE     (128 << 10)
#define REQUEST_SIZE   100
#define RESPONSE_SIZE  200
#define DATAGRAM_SIZE  18
#define DATAGRAM_BATCH 64
/* On a busy machine the other side may not run for a while: seconds, after which nothing comes through. */
#define PATIENCE 2
/* Of a measurement's time, before it: connections find their window, caches fill. */
#define WARM_UP 0.1

struct run {
	const struct ab_path *path;
	int listener, server, client; /* sockets; -1: none */
	atomic_ulong done;	      /* bits, transactions, datagrams */
	atomic_bool stop;
	char buffer[WRITE_SIZE]; /* the client's */
};

/* What one measurement consists of. */
struct method {
	int type; /* SOCK_STREAM, SOCK_DGRAM */
	bool connected;
	bool one_cpu;
	double unit; /* of what is counted */
	void *(*serve)(void *run);
	int (*step)(struct run *run);
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

static int fail_of(ssize_t result)
{
	if (result >= 0)
		return -ECONNRESET;
	return errno == EAGAIN || errno == EINPROGRESS ? -ETIMEDOUT : -errno;
}

static int send_all(int fd, const char *buffer, size_t size)
{
	ssize_t sent = send(fd, buffer, size, MSG_NOSIGNAL);

	return sent == (ssize_t)size ? 0 : fail_of(sent);
}

static int receive_all(int fd, char *buffer, size_t size)
{
	ssize_t got = recv(fd, buffer, size, MSG_WAITALL);

	return got == (ssize_t)size ? 0 : fail_of(got);
}

static void set_timeouts(int fd, long microseconds)
{
	struct timeval time = { microseconds / 1000000, microseconds % 1000000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

static void set_options(int fd, int type)
{
	static const int on = 1;

	set_timeouts(fd, 2000000);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int open_server(const struct ab_path *path, int type, uint16_t port, int *ret_fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	_cleanup_netns_ int home = -1;
	_cleanup_close_ int fd = -1;
	int err = pg_netns_enter(path->server, &home);

	if (err)
		return err;
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	set_options(fd, type);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 128) < 0))
		return -errno;
	*ret_fd = PG_TAKE_FD(fd);
	return 0;
}

/* In the client's namespace, in which the caller is. */
static int open_client(const struct ab_path *path, int type, uint16_t port, long timeout,
		       int *ret_fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	_cleanup_close_ int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	address.sin_addr = path->address;
	set_options(fd, type);
	set_timeouts(fd, timeout);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail_of(-1);
	*ret_fd = PG_TAKE_FD(fd);
	return 0;
}

static void *serve_stream(void *context)
{
	struct run *run = context;
	char *buffer = malloc(WRITE_SIZE);
	ssize_t got;

	pin(run->path->server_cpu);
	while (buffer && (got = recv(run->server, buffer, WRITE_SIZE, 0)) > 0)
		atomic_fetch_add(&run->done, 8 * (unsigned long)got);
	free(buffer);
	return NULL;
}

static int step_stream(struct run *run)
{
	return send_all(run->client, run->buffer, WRITE_SIZE);
}

static void *serve_rr(void *context)
{
	struct run *run = context;
	char buffer[RESPONSE_SIZE] = { 0 };

	pin(run->path->server_cpu);
	while (!receive_all(run->server, buffer, REQUEST_SIZE) &&
	       !send_all(run->server, buffer, RESPONSE_SIZE))
		;
	return NULL;
}

static int transact(int fd, char *buffer)
{
	return send_all(fd, buffer, REQUEST_SIZE) ?: receive_all(fd, buffer, RESPONSE_SIZE);
}

static int step_rr(struct run *run)
{
	int err = transact(run->client, run->buffer);

	run->done += !err;
	return err;
}

/* The server ends each connection first, so that it is the server's address that waits (TIME_WAIT). */
static void *serve_crr(void *context)
{
	struct run *run = context;
	char buffer[RESPONSE_SIZE] = { 0 };

	pin(run->path->server_cpu);
	while (!run->stop) {
		_cleanup_close_ int fd = accept4(run->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0 && !receive_all(fd, buffer, REQUEST_SIZE))
			send_all(fd, buffer, RESPONSE_SIZE);
	}
	return NULL;
}

static int step_crr(struct run *run)
{
	_cleanup_close_ int fd = -1;
	int err = open_client(run->path, SOCK_STREAM, AB_PORT, 2000000, &fd);

	if (!err)
		err = transact(fd, run->buffer);
	if (!err && recv(fd, run->buffer, 1, 0) != 0)
		err = -EPROTO;
	run->done += !err;
	return err;
}

static void *serve_udp(void *context)
{
	struct run *run = context;
	char bytes[DATAGRAM_BATCH][DATAGRAM_SIZE];
	struct iovec places[DATAGRAM_BATCH];
	struct mmsghdr messages[DATAGRAM_BATCH] = { 0 };

	for (size_t i = 0; i < DATAGRAM_BATCH; i++) {
		places[i] = (struct iovec){ bytes[i], DATAGRAM_SIZE };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &places[i], .msg_iovlen = 1 };
	}
	pin(run->path->server_cpu);
	while (!run->stop) {
		int got = recvmmsg(run->listener, messages, DATAGRAM_BATCH, MSG_WAITFORONE, NULL);

		if (got > 0)
			run->done += (unsigned long)got;
	}
	return NULL;
}

static int step_udp(struct run *run)
{
	return send_all(run->client, run->buffer, DATAGRAM_SIZE);
}

static const struct method methods[AB_TRAFFIC_MEASURES] = {
	[AB_STREAM] = { SOCK_STREAM, true, false, 1e9, serve_stream, step_stream },
	[AB_RR] = { SOCK_STREAM, true, false, 1, serve_rr, step_rr },
	[AB_CRR] = { SOCK_STREAM, false, false, 1, serve_crr, step_crr },
	[AB_UDP] = { SOCK_DGRAM, true, false, 1, serve_udp, step_udp },
	[AB_STREAM_1CPU] = { SOCK_STREAM, true, true, 1e9, serve_stream, step_stream },
	[AB_RR_1CPU] = { SOCK_STREAM, true, true, 1, serve_rr, step_rr },
	[AB_CRR_1CPU] = { SOCK_STREAM, false, true, 1, serve_crr, step_crr },
};

static int repeat(struct run *run, const struct method *method, double seconds)
{
	double end = now() + seconds;
	int err = 0;

	while (!err && now() < end)
		err = method->step(run);
	return err;
}

static int count(struct run *run, const struct method *method, double seconds, double *ret_rate)
{
	int err = repeat(run, method, seconds * WARM_UP);
	double start = now();
	unsigned long done = run->done;

	if (!err)
		err = repeat(run, method, seconds);
	while (!err && run->done == done && now() < start + seconds + PATIENCE)
		err = repeat(run, method, seconds);
	*ret_rate = (double)(run->done - done) / (now() - start);
	return err ?: *ret_rate > 0 ? 0 : -ETIMEDOUT;
}

static int open_sockets(struct run *run, const struct method *method)
{
	int err = open_server(run->path, method->type, AB_PORT, &run->listener);

	if (!err && method->connected)
		err = open_client(run->path, method->type, AB_PORT, 2000000, &run->client);
	if (!err && method->connected && method->type == SOCK_STREAM) {
		run->server = accept4(run->listener, NULL, NULL, SOCK_CLOEXEC);
		err = run->server < 0 ? -errno : 0;
	}
	if (!err && run->server >= 0)
		set_options(run->server, method->type);
	return err;
}

/* The server sees the end of the connection, or looks whether it shall stop after each time-out. */
static void stop(struct run *run)
{
	run->stop = true;
	if (run->client >= 0)
		shutdown(run->client, SHUT_RDWR);
	shutdown(run->listener, SHUT_RDWR);
}

static void close_sockets(struct run *run)
{
	pg_close_cleanup(&run->client);
	pg_close_cleanup(&run->server);
	pg_close_cleanup(&run->listener);
}

static int serve_and_count(struct run *run, const struct method *method, double seconds,
			   double *ret_rate)
{
	pthread_t server;
	int err = pin(run->path->client_cpu);

	err = err ?: -pthread_create(&server, NULL, method->serve, run);
	if (err)
		return err;
	err = count(run, method, seconds, ret_rate);
	stop(run);
	pthread_join(server, NULL);
	return err;
}

int ab_traffic_measure(const struct ab_path *path, enum ab_measure measure, double seconds,
		       double *ret_value)
{
	const struct method *method = &methods[measure];
	_cleanup_free_ struct run *run = calloc(1, sizeof(*run));
	struct ab_path placed = *path;
	_cleanup_netns_ int home = -1;
	double rate = 0;
	int err;

	if (!run)
		return -ENOMEM;
	if (method->one_cpu)
		placed.server_cpu = placed.client_cpu;
	run->path = &placed;
	run->listener = run->server = run->client = -1;
	err = pg_netns_enter(path->client, &home);
	err = err ?: open_sockets(run, method);
	err = err ?: serve_and_count(run, method, seconds, &rate);
	close_sockets(run);
	if (err)
		return err;
	*ret_value = rate / method->unit;
	return 0;
}

int ab_traffic_connect(const struct ab_path *path, uint16_t port, double timeout)
{
	_cleanup_close_ int listener = -1, client = -1;
	_cleanup_netns_ int home = -1;
	int err = open_server(path, SOCK_STREAM, port, &listener);

	err = err ?: pg_netns_enter(path->client, &home);
	return err ?: open_client(path, SOCK_STREAM, port, (long)(timeout * 1e6), &client);
}
