// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <sched.h>

#include "compat/errtext.h"
#include "frontend/cli/options.h"
#include "frontend/cli/record.h"
#include "frontend/cli/verbs.h"
#include "frontend/suggest.h"

#define NETNS_DIR "/run/netns/"

static int complain_verb(const char *name)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	const char *names[32];
	size_t count = 0;
	const char *near;

	for (const struct pg_verb *verb = pg_verbs; verb->name && count < PG_COUNT(names); verb++)
		names[count++] = verb->name;
	near = pg_suggest(name, names, count);
	pg_strbuf_add_escaped(&text, name, strlen(name));
	fprintf(stderr, "polgen: error: unknown verb '%s'", text.text ? text.text : "");
	fprintf(stderr, near ? "; did you mean '%s'?\n" : "\n", near);
	fputs("polgen: note: 'polgen --help' lists the verbs\n", stderr);
	return PG_EXIT_USAGE;
}

/*
 * Whether a command line without a verb is the main job: `polgen --backend=B POLICY.json ...`. What
 * is neither an option nor a file in the place of the verb is a verb misspelt.
 */
static bool is_main_job(int argc, char **argv)
{
	if (argv[1][0] != '-' && access(argv[1], F_OK))
		return false;
	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--backend", 9))
			return true;
	}
	return false;
}

static int enter_netns(const char *name)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;

	if (asprintf(&path, "%s%s", strchr(name, '/') ? "" : NETNS_DIR, name) < 0)
		return PG_EXIT_INTERNAL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET)) {
		fprintf(stderr, "polgen: error: cannot enter network namespace '%s': %s\n", name,
			PG_ERRTEXT(errno));
		return PG_EXIT_SYSTEM;
	}
	return PG_EXIT_DONE;
}

/* An eBPF enforcement is found again where the last apply was told to pin it. */
static void recall_bpffs(struct pg_options *options)
{
	if (options->bpffs)
		return;
	options->recalled_bpffs = pg_record_bpffs();
	options->bpffs = options->recalled_bpffs;
}

static int run_verb(const struct pg_verb *verb, int argc, char **argv)
{
	_cleanup_options_ struct pg_options options = { 0 };
	int code = pg_options_parse(verb, argc, argv, &options);

	if (code)
		return code;
	if (options.help) {
		pg_help_verb(stdout, verb);
		return PG_EXIT_DONE;
	}
	if (options.netns)
		code = enter_netns(options.netns);
	if (code)
		return code;
	recall_bpffs(&options);
	return verb->run(&options);
}

static int run(int argc, char **argv)
{
	const struct pg_verb *verb;

	if (argc < 2) {
		pg_help(stderr);
		return PG_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		pg_help(stdout);
		return PG_EXIT_DONE;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("polgen " POLGEN_VERSION);
		return PG_EXIT_DONE;
	}
	verb = pg_verb_find(argv[1]);
	if (verb)
		return run_verb(verb, argc - 1, argv + 1);
	if (is_main_job(argc, argv))
		return run_verb(pg_verb_find("render"), argc, argv);
	return complain_verb(argv[1]);
}

/*
 * A standard stream that is closed would become whatever is opened next: a lock's file, a socket to
 * the kernel, with our messages in it. What stands in for it refuses to be read or written, as the
 * closed one did.
 */
static bool hold_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	int code = hold_standard_streams() ? run(argc, argv) : PG_EXIT_SYSTEM;

	/* A result that could not be written (full disk, closed pipe) is no result. */
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "polgen: error: cannot write the result: %s\n", PG_ERRTEXT(errno));
		return PG_EXIT_SYSTEM;
	}
	return code;
}
