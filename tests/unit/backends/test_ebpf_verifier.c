// SPDX-License-Identifier: GPL-2.0-only
/* What the verifier says of each program, beside what a kernel allows and ARCHITECTURE.md promises. */
#include "tests/unit/unit.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <linux/bpf.h>

#include "backends/ebpf/log.h"
#include "backends/ebpf/polgen.bpf.skel.h"
#include "compat/util.h"
#include "tests/unit/backends/ebpf_world.h"

/* Limits of the kernel: linux/bpf_verifier.h, linux/filter.h. */
#define LOOKED_AT_MAX 1000000
#define STACK_MAX     512
#define STACK_STEP    32 /* what a frame is rounded up to, at most */
#define CALLS_MAX     8

#define PROGRAMS_MAX  8
#define FUNCTIONS_MAX 64
#define LOG_STATS     4 /* BPF_LOG_STATS: counts only */

struct size {
	unsigned long instructions; /* after inlining */
	unsigned long stack;	    /* of the deepest chain of calls */
	unsigned long looked_at;    /* paths through the program counted one by one */
};

static struct {
	struct pg_programs *skeleton;
	char log[PROGRAMS_MAX][16384];
} loaded;

/* The functions of a program as the verifier finds them, in order of their first instruction. */
struct functions {
	size_t start[FUNCTIONS_MAX];
	unsigned long frame[FUNCTIONS_MAX];
	size_t count;
};

static int compare_starts(const void *a, const void *b)
{
	const size_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL;
}

static size_t call_target(const struct bpf_insn *insns, size_t at)
{
	return (size_t)((ssize_t)at + insns[at].imm + 1);
}

static void add_start(struct functions *functions, size_t start)
{
	for (size_t i = 0; i < functions->count; i++) {
		if (functions->start[i] == start)
			return;
	}
	assert_true(functions->count < FUNCTIONS_MAX);
	functions->start[functions->count++] = start;
}

static size_t function_at(const struct functions *functions, size_t start)
{
	size_t i = 0;

	while (functions->start[i] != start)
		i++;
	return i;
}

static unsigned long number_after(const char *log, const char *words)
{
	const char *at = strstr(log, words);

	if (!at)
		fail_msg("the verifier doesn't say '%s': %s", words, log);
	return strtoul(at + strlen(words), NULL, 10);
}

/* "stack depth 216+32+24": a frame for each function. */
static void read_frames(const char *log, struct functions *functions)
{
	const char *at = strstr(log, "stack depth ");
	char *end;

	assert_non_null(at);
	at += strlen("stack depth ");
	for (size_t i = 0; i < functions->count; i++) {
		functions->frame[i] = strtoul(at, &end, 10);
		assert_true(end > at);
		assert_int_equal(*end, i + 1 < functions->count ? '+' : '\n');
		at = end + 1;
	}
}

static void find_functions(const struct bpf_insn *insns, size_t count, const char *log,
			   struct functions *functions)
{
	add_start(functions, 0);
	for (size_t i = 0; i < count; i++) {
		if (is_call(&insns[i]))
			add_start(functions, call_target(insns, i));
	}
	qsort(functions->start, functions->count, sizeof(functions->start[0]), compare_starts);
	read_frames(log, functions);
}

static unsigned long rounded(unsigned long frame)
{
	return (PG_MAX(frame, 1ul) + STACK_STEP - 1) / STACK_STEP * STACK_STEP;
}

/* NOLINTNEXTLINE(misc-no-recursion): a kernel allows no loop of calls */
static unsigned long deepest(const struct functions *functions, const struct bpf_insn *insns,
			     size_t count, size_t function, int calls)
{
	size_t last = function + 1 < functions->count ? functions->start[function + 1] : count;
	unsigned long below = 0;

	assert_true(calls <= CALLS_MAX);
	for (size_t i = functions->start[function]; i < last; i++) {
		size_t callee;

		if (!is_call(&insns[i]))
			continue;
		callee = function_at(functions, call_target(insns, i));
		below = PG_MAX(below, deepest(functions, insns, count, callee, calls + 1));
	}
	return rounded(functions->frame[function]) + below;
}

static struct size size_of(struct bpf_program *program, const char *log)
{
	const struct bpf_insn *insns = bpf_program__insns(program);
	size_t count = bpf_program__insn_cnt(program);
	struct bpf_prog_info info = { 0 };
	uint32_t length = sizeof(info);
	struct functions functions = { 0 };
	struct size size;

	assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &length), 0);
	find_functions(insns, count, log, &functions);
	size.instructions = info.xlated_prog_len / sizeof(struct bpf_insn);
	size.stack = deepest(&functions, insns, count, 0, 1);
	size.looked_at = number_after(log, "processed ");
	return size;
}

/* "3,000" in a cell of a table. */
static unsigned long read_number(char **at)
{
	unsigned long number = 0;

	*at = strchr(*at, '|');
	assert_non_null(*at);
	for (*at += 1; **at && **at != '|'; *at += 1) {
		if (isdigit((unsigned char)**at))
			number = number * 10 + (unsigned long)(**at - '0');
	}
	return number;
}

/* What ARCHITECTURE.md says a program has at most: | `name` | instructions | stack | looked at | */
static bool read_promise(const char *name, struct size *ret_size)
{
	const char *source = getenv("top_srcdir");
	char path[4096], line[4096], wanted[128];
	bool is_there = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/ARCHITECTURE.md", source ? source : ".");
	snprintf(wanted, sizeof(wanted), "| `%s` ", name);
	file = fopen(path, "re");
	assert_non_null(file);
	while (!is_there && fgets(line, sizeof(line), file)) {
		char *at = line + 1;

		if (strncmp(line, wanted, strlen(wanted)) != 0)
			continue;
		ret_size->instructions = read_number(&at);
		ret_size->stack = read_number(&at);
		ret_size->looked_at = read_number(&at);
		is_there = true;
	}
	fclose(file);
	return is_there;
}

static void assert_at_most(const char *program, const char *what, unsigned long is,
			   unsigned long promised)
{
	if (is > promised)
		fail_msg("%s: %s: %lu, and ARCHITECTURE.md says %lu", program, what, is, promised);
}

static void check(struct bpf_program *program, const char *log)
{
	const char *name = bpf_program__name(program);
	struct size size = size_of(program, log), promise;

	printf("# %s: %lu instructions, %lu bytes of stack, %lu instructions looked at\n", name,
	       size.instructions, size.stack, size.looked_at);
	if (!read_promise(name, &promise))
		fail_msg("ARCHITECTURE.md says nothing of the size of '%s'", name);
	assert_at_most(name, "instructions", size.instructions, promise.instructions);
	assert_at_most(name, "stack", size.stack, promise.stack);
	assert_at_most(name, "instructions looked at", size.looked_at, promise.looked_at);
	assert_true(promise.stack <= STACK_MAX);
	/* Another kernel, or another compiler, may need twice as much, and twice that. */
	assert_true(promise.looked_at <= LOOKED_AT_MAX / 4);
}

static void test_sizes(void **state)
{
	struct bpf_program *program;
	size_t i = 0;

	(void)state;
	if (!loaded.skeleton)
		skip();
	bpf_object__for_each_program(program, loaded.skeleton->obj) check(program, loaded.log[i++]);
	assert_true(i >= PG_DIRECTIONS);
}

/* Sizes of maps are user space's to choose, and no matter here. */
static int load(void **state)
{
	struct bpf_program *program;
	struct bpf_map *map;
	size_t i = 0;

	(void)state;
	if (!world_enter())
		return 0;
	pg_bpf_log_init();
	loaded.skeleton = pg_programs__open();
	if (!loaded.skeleton)
		return -1;
	bpf_object__for_each_map(map, loaded.skeleton->obj)
	{
		if (!bpf_map__max_entries(map))
			bpf_map__set_max_entries(map, 1024);
	}
	bpf_object__for_each_program(program, loaded.skeleton->obj)
	{
		assert_true(i < PROGRAMS_MAX);
		bpf_program__set_log_level(program, LOG_STATS);
		bpf_program__set_log_buf(program, loaded.log[i], sizeof(loaded.log[i]));
		i++;
	}
	return pg_programs__load(loaded.skeleton);
}

static int unload(void **state)
{
	(void)state;
	pg_programs__destroy(loaded.skeleton);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests_name("ebpf verifier", tests, load, unload);
}
