// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_site.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

struct answer {
	int err;
	double values[AB_VALUES_A_MEASUREMENT];
};

static bool put(int fd, const struct answer *answer)
{
	return send(fd, answer, sizeof(*answer), MSG_NOSIGNAL) == sizeof(*answer);
}

static void serve(const struct ab_experiment *experiment, const struct ab_config *config,
		  const struct ab_options *options, int fd)
{
	void *state = NULL;
	struct answer answer = { .err = experiment->enter(config, options, &state) };
	size_t measure;

	while (put(fd, &answer) && !answer.err &&
	       recv(fd, &measure, sizeof(measure), 0) == sizeof(measure))
		answer.err = experiment->measure(state, measure, answer.values);
}

static int get(int fd, struct answer *ret_answer)
{
	ssize_t got = recv(fd, ret_answer, sizeof(*ret_answer), 0);

	return got == sizeof(*ret_answer) ? ret_answer->err : -EPIPE;
}

int ab_site_start(const struct ab_experiment *experiment, const struct ab_config *config,
		  const struct ab_options *options, struct ab_site *ret_site)
{
	struct ab_site site = { 0 };
	struct answer answer;
	int ends[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	fflush(NULL);
	site.process = fork();
	if (!site.process) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		serve(experiment, config, options, ends[1]);
		_exit(0);
	}
	err = site.process < 0 ? -errno : 0;
	close(ends[1]);
	site.socket = ends[0];
	err = err ?: get(site.socket, &answer);
	if (err) {
		ab_site_stop(&site);
		return err;
	}
	*ret_site = site;
	return 0;
}

int ab_site_measure(const struct ab_site *site, size_t measure,
		    double ret_values[AB_VALUES_A_MEASUREMENT])
{
	struct answer answer;
	int err;

	if (send(site->socket, &measure, sizeof(measure), MSG_NOSIGNAL) != sizeof(measure))
		return -EPIPE;
	err = get(site->socket, &answer);
	if (err)
		return err;
	memcpy(ret_values, answer.values, sizeof(answer.values));
	return 0;
}

void ab_site_stop(struct ab_site *site)
{
	/* Processes that were forked later have this end open, too. */
	shutdown(site->socket, SHUT_RDWR);
	close(site->socket);
	if (site->process > 0)
		waitpid(site->process, NULL, 0);
	*site = (struct ab_site){ 0 };
}
