// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "tests/unit/frontend/fake_docker.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "compat/strbuf.h"

#define RULES_MAX 8

struct fake_docker {
	char folder[512], dir[64], host[128];
	struct sockaddr_un addr;
	int listener;
	pthread_t thread;
	const struct fake_rule *rules;
	int used[RULES_MAX]; /* how often each rule was */
	struct pg_strbuf asked;
};

static void send_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		bytes += sent;
		length -= (size_t)sent;
	}
}

static void send_head(int fd, int status, size_t length)
{
	char head[256];
	int n = snprintf(head, sizeof(head),
			 "HTTP/1.1 %d Whatever\r\nApi-Version: 1.41\r\n"
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
			 status, length);

	send_all(fd, head, (size_t)n);
}

static void answer(int fd, int status, const char *body, size_t length)
{
	send_head(fd, status, length);
	send_all(fd, body, length);
}

static void wait_for_end(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) > 0)
		;
}

static void send_endless(int fd)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[";
	static char blanks[1 << 20];

	memset(blanks, ' ', sizeof(blanks));
	send_all(fd, head, strlen(head));
	while (send(fd, blanks, sizeof(blanks), MSG_NOSIGNAL) > 0)
		;
}

/* False: the connection is at its end. */
static bool misbehave(int fd, const struct fake_rule *rule)
{
	switch (rule->behaviour) {
	case FAKE_ANSWER:
		answer(fd, rule->status, rule->body, strlen(rule->body));
		return true;
	case FAKE_SILENT:
		wait_for_end(fd);
		return false;
	case FAKE_CUT:
		send_head(fd, 200, 1000);
		send_all(fd, "[{\"Id\": ", 8);
		return false;
	case FAKE_ENDLESS:
		send_endless(fd);
		return false;
	case FAKE_GARBAGE:
		send_all(fd, "\x16\x03\x01 go away\r\n\r\n", 16);
		return false;
	}
	return false;
}

static bool ends_with(const char *text, const char *tail)
{
	size_t length = strlen(text), tail_length = strlen(tail);

	return tail_length <= length && !strcmp(text + length - tail_length, tail);
}

static const struct fake_rule *find_rule(struct fake_docker *fake, const char *path)
{
	for (int i = 0; i < RULES_MAX && fake->rules && fake->rules[i].suffix; i++) {
		const struct fake_rule *rule = &fake->rules[i];

		if (ends_with(path, rule->suffix) &&
		    (!rule->times || fake->used[i] < rule->times)) {
			fake->used[i]++;
			return rule;
		}
	}
	return NULL;
}

static void name_file(const struct fake_docker *fake, const char *path, char name[1024])
{
	const char *rest = strncmp(path, "/v1.", 4) ? path : strchr(path + 1, '/');
	char id[13];

	if (rest && sscanf(rest, "/containers/%12[0-9a-f]", id) == 1 && strlen(id) == 12)
		snprintf(name, 1024, "%s/container-%s.json", fake->folder, id);
	else if (rest && !strcmp(rest, "/containers/json"))
		snprintf(name, 1024, "%s/containers.json", fake->folder);
	else
		snprintf(name, 1024, "%s%.100s.json", fake->folder, rest ? rest : "/none");
}

static void answer_from_file(const struct fake_docker *fake, int fd, const char *path)
{
	static const char missing[] = "{\"message\": \"No such container: it\"}";
	static char body[1 << 20];
	_cleanup_fclose_ FILE *file = NULL;
	char name[1024];

	name_file(fake, path, name);
	file = fopen(name, "r");
	if (file)
		answer(fd, 200, body, fread(body, 1, sizeof(body), file));
	else
		answer(fd, 404, missing, strlen(missing));
}

/* One request, up to its empty line; none of them has a body. */
static bool read_request(int fd, char *path, size_t size)
{
	char request[4096];
	size_t used = 0;

	while (used < sizeof(request) - 1) {
		ssize_t length = recv(fd, request + used, sizeof(request) - 1 - used, 0);

		if (length <= 0)
			return false;
		used += (size_t)length;
		request[used] = '\0';
		if (strstr(request, "\r\n\r\n"))
			break;
	}
	request[strcspn(request, "\r")] = '\0';
	if (strncmp(request, "GET ", 4))
		return false;
	request[4 + strcspn(request + 4, " ")] = '\0';
	snprintf(path, size, "%.512s", request + 4);
	return true;
}

static void serve(struct fake_docker *fake, int fd)
{
	char path[1024];

	while (read_request(fd, path, sizeof(path))) {
		const struct fake_rule *rule = find_rule(fake, path);

		pg_strbuf_printf(&fake->asked, "%s\n", path);
		if (!rule)
			answer_from_file(fake, fd, path);
		else if (!misbehave(fd, rule))
			return;
	}
}

static void *run(void *context)
{
	struct fake_docker *fake = context;

	for (;;) {
		_cleanup_close_ int fd = accept(fake->listener, NULL, NULL);

		if (fd < 0)
			return NULL;
		serve(fake, fd);
	}
}

struct fake_docker *fake_docker_start(const char *folder, const struct fake_rule *rules)
{
	struct fake_docker *fake = calloc(1, sizeof(*fake));
	const char *top = getenv("top_srcdir");

	assert_non_null(fake);
	snprintf(fake->folder, sizeof(fake->folder), "%s/tests/unit/frontend/docker/%s",
		 top ? top : ".", folder);
	snprintf(fake->dir, sizeof(fake->dir), "/tmp/polgen-fake.XXXXXX");
	assert_non_null(mkdtemp(fake->dir));
	fake->addr.sun_family = AF_UNIX;
	snprintf(fake->addr.sun_path, sizeof(fake->addr.sun_path), "%s/docker.sock", fake->dir);
	snprintf(fake->host, sizeof(fake->host), "unix://%s/docker.sock", fake->dir);
	fake->rules = rules;
	fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fake->listener >= 0);
	assert_int_equal(bind(fake->listener, (struct sockaddr *)&fake->addr, sizeof(fake->addr)),
			 0);
	assert_int_equal(listen(fake->listener, 8), 0);
	assert_int_equal(pthread_create(&fake->thread, NULL, run, fake), 0);
	return fake;
}

void fake_docker_stop(struct fake_docker **fake)
{
	if (!*fake)
		return;
	/* Wakes the thread out of accept(2). */
	shutdown((*fake)->listener, SHUT_RDWR);
	pthread_join((*fake)->thread, NULL);
	close((*fake)->listener);
	unlink((*fake)->addr.sun_path);
	rmdir((*fake)->dir);
	pg_strbuf_done(&(*fake)->asked);
	free(*fake);
	*fake = NULL;
}

const char *fake_docker_host(const struct fake_docker *fake)
{
	return fake->host;
}

const char *fake_docker_asked(const struct fake_docker *fake)
{
	return fake->asked.text ? fake->asked.text : "";
}
