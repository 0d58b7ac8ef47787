// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_stream.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "compat/netns.h"

#define PAUSE_US    200
#define BUFFER	    (16 << 20) /* room for a second in which nobody reads */
#define PATIENCE_US 300000

struct ab_stream {
	int client, server;
	atomic_bool stop, client_is_done;
	pthread_t sender, echo;
	size_t sent, returned;
	double last,
		pause; /* ms: when the last one came back, and the longest time before one did */
};

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void set_options(int fd)
{
	static const struct timeval patience = { .tv_usec = PATIENCE_US };
	static const int size = BUFFER;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

static bool take_one(struct ab_stream *stream, int flags)
{
	char bytes[18];
	double now;

	if (recv(stream->client, bytes, sizeof(bytes), flags) <= 0)
		return false;
	now = now_ms();
	if (stream->returned++)
		stream->pause = PG_MAX(stream->pause, now - stream->last);
	stream->last = now;
	return true;
}

static void *send_and_count(void *context)
{
	struct ab_stream *stream = context;
	char bytes[18] = { 0 };

	while (!stream->stop) {
		stream->sent += send(stream->client, bytes, sizeof(bytes), 0) > 0;
		usleep(PAUSE_US);
		while (take_one(stream, MSG_DONTWAIT))
			;
	}
	while (stream->returned < stream->sent && take_one(stream, 0))
		;
	stream->client_is_done = true;
	return NULL;
}

static void *send_back(void *context)
{
	struct ab_stream *stream = context;
	char bytes[18];

	while (!stream->client_is_done) {
		struct sockaddr_in from;
		socklen_t length = sizeof(from);

		if (recvfrom(stream->server, bytes, sizeof(bytes), 0, (struct sockaddr *)&from,
			     &length) > 0)
			sendto(stream->server, bytes, sizeof(bytes), 0, (struct sockaddr *)&from,
			       length);
	}
	return NULL;
}

static int open_socket(int netns, const struct sockaddr_in *address, bool is_server, int *ret_fd)
{
	_cleanup_netns_ int home = -1;
	_cleanup_close_ int fd = -1;
	int err = pg_netns_enter(netns, &home);

	if (err)
		return err;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	set_options(fd);
	if ((is_server ? bind : connect)(fd, (const struct sockaddr *)address, sizeof(*address)) <
	    0)
		return -errno;
	*ret_fd = PG_TAKE_FD(fd);
	return 0;
}

static void free_stream(struct ab_stream *stream)
{
	pg_close_cleanup(&stream->client);
	pg_close_cleanup(&stream->server);
	free(stream);
}

static int start(struct ab_stream *stream, const struct ab_path *path)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(AB_PORT) };
	int err;

	address.sin_addr = path->address;
	err = open_socket(path->server, &address, true, &stream->server);
	err = err ?: open_socket(path->client, &address, false, &stream->client);
	err = err ?: -pthread_create(&stream->echo, NULL, send_back, stream);
	if (err)
		return err;
	err = -pthread_create(&stream->sender, NULL, send_and_count, stream);
	if (err) {
		stream->client_is_done = true;
		pthread_join(stream->echo, NULL);
	}
	return err;
}

int ab_stream_start(const struct ab_path *path, struct ab_stream **ret_stream)
{
	struct ab_stream *stream = calloc(1, sizeof(*stream));
	int err;

	if (!stream)
		return -ENOMEM;
	stream->client = stream->server = -1;
	err = start(stream, path);
	if (err)
		free_stream(stream);
	else
		*ret_stream = stream;
	return err;
}

void ab_stream_stop(struct ab_stream *stream, struct ab_stream_report *ret_report)
{
	stream->stop = true;
	pthread_join(stream->sender, NULL);
	pthread_join(stream->echo, NULL);
	*ret_report = (struct ab_stream_report){
		.sent = stream->sent,
		.lost = stream->sent - stream->returned,
		.pause = stream->pause,
	};
	free_stream(stream);
}
