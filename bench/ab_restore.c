// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_restore.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "compat/strbuf.h"

#define RESTORE "iptables-legacy-restore"

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int render(const struct pg_backend_options *options, const struct pg_intent *intent,
		  struct pg_diags *diags, bool *ret_is_there, struct pg_strbuf *text)
{
	const struct pg_backend *backend = &pg_backend_iptables;
	_cleanup_objects_ struct pg_objects desired = { 0 };
	struct pg_backend_status status = { 0 };
	struct pg_backend_handle *handle;
	int err = backend->open(options, true, diags, &handle);

	if (err)
		return err;
	err = backend->status(handle, diags, &status);
	err = err ?: backend->plan(handle, intent, diags, &desired);
	err = err ?: backend->render(handle, &desired, PG_RENDER_NATIVE, text);
	backend->close(handle);
	*ret_is_there = status.enforcing;
	return err ?: pg_strbuf_error(text);
}

/* The table of IPv4 as a file, without the rules that jump to our chains if these are there. */
static int write_table(char *text, bool is_there, int *ret_fd)
{
	_cleanup_close_ int fd = memfd_create("rules", MFD_CLOEXEC);
	_cleanup_fclose_ FILE *file = fd < 0 ? NULL : fdopen(dup(fd), "w");
	char *line;

	if (!file)
		return -errno;
	while ((line = strsep(&text, "\n"))) {
		if (strncmp(line, "-I ", 3) || !is_there)
			fprintf(file, "%s\n", line);
		if (!strcmp(line, "COMMIT"))
			break;
	}
	if (fflush(file) || lseek(fd, 0, SEEK_SET))
		return -errno;
	*ret_fd = PG_TAKE_FD(fd);
	return 0;
}

static int run(int input)
{
	char *arguments[] = { (char[]){ RESTORE }, (char[]){ "--noflush" }, NULL };
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t child;
	int err = -posix_spawn_file_actions_init(&actions);

	if (err)
		return err;
	err = -posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	err = err ?: -posix_spawnp(&child, RESTORE, &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (!err && (waitpid(child, &status, 0) != child || status))
		err = -EIO;
	return err;
}

int ab_restore(const struct pg_backend_options *options, const struct pg_intent *intent,
	       struct pg_diags *diags, double *ret_ms)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	_cleanup_close_ int fd = -1;
	bool is_there;
	double start;
	int err = render(options, intent, diags, &is_there, &text);

	err = err ?: write_table(text.text, is_there, &fd);
	start = now_ms();
	err = err ?: run(fd);
	*ret_ms = now_ms() - start;
	return err;
}
