// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread writes the line: what takes long is a library that doesn't print, or the kernel, and a timer's
 * signal would interrupt system calls that expect none.
 */
#include "frontend/progress.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "compat/util.h"

#define ERASE "\r\033[K" /* ECMA-48: to the first column, erase to the end of the line */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	pthread_t thread;
	bool running, ending, shown;
	const char *what;
	struct timespec start;
} progress = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.ended = PTHREAD_COND_INITIALIZER,
};

/* In one piece. A line that can't be written isn't missed. */
static void write_text(const char *text, int length)
{
	ssize_t written = write(STDERR_FILENO, text, (size_t)length);

	(void)written;
}

static void show(void)
{
	struct timespec now;
	char line[80];
	int length;

	clock_gettime(CLOCK_REALTIME, &now);
	length = snprintf(line, sizeof(line), ERASE "polgen: %s, %lld s", progress.what,
			  (long long)(now.tv_sec - progress.start.tv_sec));
	write_text(line, PG_MIN(length, (int)sizeof(line) - 1));
	progress.shown = true;
}

static void *show_each_second(void *unused)
{
	struct timespec until = progress.start;

	pthread_mutex_lock(&progress.lock);
	while (!progress.ending) {
		until.tv_sec++;
		while (!progress.ending &&
		       !pthread_cond_timedwait(&progress.ended, &progress.lock, &until))
			;
		if (!progress.ending)
			show();
	}
	pthread_mutex_unlock(&progress.lock);
	return unused;
}

/* Signals are for the thread that works. */
static bool start_thread(void)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = !pthread_create(&progress.thread, NULL, show_each_second, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

void pg_progress(const char *what)
{
	if (!isatty(STDERR_FILENO))
		return;
	pthread_mutex_lock(&progress.lock);
	progress.what = what;
	if (progress.shown)
		show();
	if (!progress.running) {
		clock_gettime(CLOCK_REALTIME, &progress.start);
		progress.ending = false;
		progress.running = start_thread();
	}
	pthread_mutex_unlock(&progress.lock);
}

void pg_progress_end(void)
{
	if (!progress.running)
		return;
	pthread_mutex_lock(&progress.lock);
	progress.ending = true;
	pthread_cond_signal(&progress.ended);
	pthread_mutex_unlock(&progress.lock);
	pthread_join(progress.thread, NULL);
	if (progress.shown)
		write_text(ERASE, sizeof(ERASE) - 1);
	progress.running = progress.shown = false;
}
