// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commits of a little and of much: what they cost, and what becomes of them when a map is full, when the
 * kernel can't do batches, and under the eyes of packets.
 */
#include "tests/unit/backends/ebpf_abc.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "backends/ebpf/batch.h"

/* More than one batch. */
#define MANY 20000

/* Rules 1 to count, of a port each: that of rule n is n. */
static void allow_ports(struct world *world, uint32_t count)
{
	world->table.entries.count = 0;
	for (uint32_t n = 1; n <= count; n++)
		world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_TCP, (uint16_t)n, (uint16_t)n,
			   PG_VERDICT_ALLOW, n);
}

static int sent_to(uint16_t port)
{
	return sent(A, tcp(A_IP, 1, WORLD_IP, port, TCP_SYN));
}

/* What is between plan and commit, and the commit. */
struct job {
	struct pg_backend_handle *handle;
	const struct world *world;
	struct pg_objects desired, live;
	struct pg_diff diff;
	struct pg_diags diags;
};

static void job_begin(struct job *job, const struct world *world)
{
	*job = (struct job){ .handle = world_open(NULL), .world = world };
	assert_int_equal(
		pg_backend_ebpf.plan(job->handle, &world->intent, &job->diags, &job->desired), 0);
	assert_int_equal(pg_backend_ebpf.live(job->handle, &job->diags, &job->live), 0);
	assert_int_equal(pg_diff_make(&job->desired, &job->live, &job->diff), 0);
}

static int job_do(struct job *job)
{
	return pg_backend_ebpf.commit(job->handle, &job->world->intent, &job->desired, &job->diff,
				      &job->diags);
}

static void job_end(struct job *job)
{
	pg_diff_done(&job->diff);
	pg_objects_done(&job->desired);
	pg_objects_done(&job->live);
	pg_diags_done(&job->diags);
	pg_backend_ebpf.close(job->handle);
}

static void test_many(void **state)
{
	struct world *world = abc_begin(state);

	allow_ports(world, MANY);
	abc_apply(world);
	assert_passes(sent_to(MANY));
	assert_drops(sent_to(MANY + 1));
	assert_int_equal(world_counter("rule-20000", PG_EGRESS, PG_VERDICT_ALLOW), 1);
	assert_int_equal(world_counter("rule-7", PG_EGRESS, PG_VERDICT_ALLOW), 0);
	allow_ports(world, 1);
	abc_apply(world);
	assert_passes(sent_to(1));
	assert_drops(sent_to(MANY));
	allow_ports(world, MANY);
	abc_apply(world);
	assert_passes(sent_to(MANY));
	/* Its counter went with it. */
	assert_int_equal(world_counter("rule-20000", PG_EGRESS, PG_VERDICT_ALLOW), 1);
}

/* Each entry stays, and none has the rule that it had. */
static void test_all_rules_move(void **state)
{
	struct world *world = abc_begin(state);

	allow_ports(world, MANY);
	abc_apply(world);
	pg_array_foreach(entry, &world->table.entries)
		entry->origin.rule++;
	abc_apply(world);
	assert_passes(sent_to(1));
	assert_int_equal(world_counter("rule-2", PG_EGRESS, PG_VERDICT_ALLOW), 1);
}

/* The system calls of a child's commit. */
static size_t count_calls(struct job *job)
{
	pid_t child = fork();
	size_t stops = 0;
	int status;

	assert_true(child >= 0);
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
			_exit(255);
		_exit(-job_do(job));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	for (;; stops++) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFSTOPPED(status))
			break;
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return stops / 2;
}

/* How many it takes to change one rule of so many: to drop it, and to have it again. */
static size_t calls_of_a_change(struct world *world, uint32_t count)
{
	size_t calls = 0;

	allow_ports(world, count);
	abc_apply(world);
	for (uint32_t i = 1; i <= 2; i++) {
		struct job job;

		allow_ports(world, count - i % 2);
		world_finish(world);
		job_begin(&job, world);
		/* the class and the digest */
		assert_int_equal(job.diff.changes.count, 2);
		calls += count_calls(&job);
		job_end(&job);
	}
	return calls;
}

static void test_a_change_costs_the_same(void **state)
{
	struct world *world = abc_begin(state);
	size_t few = calls_of_a_change(world, 10), many = calls_of_a_change(world, MANY);

	/* That of memory, which is the allocator's affair, aside. */
	assert_true(few > 20);
	assert_true(many < few + 20);
}

/* The policy map has no room left, which nobody knew when the commit began. */
static void fill_policy(const struct pg_pins *pins, size_t leave)
{
	struct pg_map_policy_key *keys;
	struct pg_map_policy *values;
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info);
	struct pg_batch batch = {
		.map = pins->maps[PG_MAP_POLICY],
		.key_size = sizeof(*keys),
		.value_size = sizeof(*values),
	};
	size_t done;

	assert_int_equal(bpf_obj_get_info_by_fd(batch.map, &info, &length), 0);
	keys = calloc(info.max_entries, sizeof(*keys));
	values = calloc(info.max_entries, sizeof(*values));
	assert_non_null(keys);
	assert_non_null(values);
	batch.keys = keys;
	batch.values = values;
	batch.count = info.max_entries - leave;
	for (uint32_t i = 0; i < batch.count; i++) {
		keys[i].subject = 1u << 31 | i;
		values[i].generation = 1;
		values[i].new.verdict = values[i].old.verdict = PG_ABI_ALLOW;
	}
	assert_int_equal(pg_batch_update(&batch, &done), 0);
	assert_int_equal(done, batch.count);
	free(keys);
	free(values);
}

static size_t count_rules(const struct pg_pins *pins)
{
	uint32_t key, *last = NULL;
	size_t rules = 0;

	for (; !bpf_map_get_next_key(pins->maps[PG_MAP_RULES], last, &key); last = &key)
		rules++;
	return rules;
}

static void test_a_map_that_is_full(void **state)
{
	struct world *world = abc_begin(state);
	_cleanup_pins_ struct pg_pins pins;
	struct job job;

	allow_ports(world, 1);
	abc_apply(world);
	world_pins(&pins);
	allow_ports(world, 300);
	world_finish(world);
	job_begin(&job, world);
	fill_policy(&pins, 101);
	assert_int_equal(job_do(&job), -E2BIG);
	world_says(&job.diags, "map 'pg_policy' is full: it has room for ");
	/* What was known isn't to be trusted any more. */
	assert_int_equal(job_do(&job), -EBUSY);
	job_end(&job);
	assert_int_equal(pg_pins_generation(&pins), 1);
	assert_int_equal(pins.meta->pending, 0);
	assert_int_equal(count_rules(&pins), 1 + PG_ABI_SLOTS_FIXED);
	assert_passes(sent_to(1));
	assert_drops(sent_to(2));
	/* What somebody has put there is taken away: there is room again, once it is gone. */
	allow_ports(world, 1);
	abc_apply(world);
	allow_ports(world, 300);
	abc_apply(world);
	assert_passes(sent_to(300));
}

/* In a child without batches. */
static void apply_one_by_one(const struct world *world)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		struct pg_backend_handle *handle = world_open(NULL);
		struct pg_diags diags = { 0 };

		if (!world_lose_batches())
			_exit(255);
		status = world_apply(handle, world, &diags);
		_exit(status || world_changes(handle, world));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_without_batches(void **state)
{
	struct world *world = abc_begin(state);

	allow_ports(world, 500);
	world_finish(world);
	apply_one_by_one(world);
	assert_int_equal(world_left(world), 0);
	assert_passes(sent_to(500));
	assert_drops(sent_to(501));
	allow_ports(world, 300);
	pg_array_foreach(entry, &world->table.entries)
		entry->origin.rule++;
	world_finish(world);
	apply_one_by_one(world);
	assert_int_equal(world_left(world), 0);
	assert_passes(sent_to(300));
	assert_drops(sent_to(301));
}

/* The next one's difference is worked out from plans: live() isn't asked again. */
static void commit_next(struct pg_backend_handle *handle, const struct world *world,
			struct pg_objects *last)
{
	struct pg_objects desired = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };

	assert_int_equal(pg_backend_ebpf.plan(handle, &world->intent, &diags, &desired), 0);
	assert_int_equal(pg_diff_make(&desired, last, &diff), 0);
	assert_int_equal(pg_backend_ebpf.commit(handle, &world->intent, &desired, &diff, &diags),
			 0);
	assert_int_equal(world_changes(handle, world), 0);
	pg_objects_done(last);
	*last = desired;
}

static void test_commits_one_after_the_other(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_handle *handle = world_open(NULL);
	struct pg_objects last = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(pg_backend_ebpf.live(handle, &diags, &last), 0);
	for (uint32_t count = 1; count < 6; count++) {
		allow_ports(world, count * 100 % 350);
		world_finish(world);
		commit_next(handle, world, &last);
		assert_passes(sent_to((uint16_t)(count * 100 % 350)));
		assert_drops(sent_to((uint16_t)(count * 100 % 350 + 1)));
	}
	pg_objects_done(&last);
	pg_backend_ebpf.close(handle);
}

/* What a child counts while it sends the same packets over and over. */
struct seen {
	size_t sent, wrong;
	bool stop;
};

static void look(struct seen *seen)
{
	_cleanup_pins_ struct pg_pins pins;
	uint32_t ifindex = abc_ifindex(A);
	uint16_t from = 1024;

	world_pins(&pins);
	while (!__atomic_load_n(&seen->stop, __ATOMIC_ACQUIRE)) {
		struct packet good = tcp(A_IP, from, WORLD_IP, 1, TCP_SYN);
		struct packet bad = tcp(A_IP, from, WORLD_IP, MANY + 1, TCP_SYN);
		struct packet old = tcp(A_IP, 1, WORLD_IP, 1, TCP_ACK);
		struct frame frames[] = { frame_of(&good), frame_of(&bad), frame_of(&old) };

		seen->wrong += run_frame_on(&pins, PG_EGRESS, ifindex, &frames[0]) != PASS;
		seen->wrong += run_frame_on(&pins, PG_EGRESS, ifindex, &frames[1]) != DROP;
		seen->wrong += run_frame_on(&pins, PG_EGRESS, ifindex, &frames[2]) != PASS;
		from = from == 65535 ? 1024 : from + 1;
		__atomic_fetch_add(&seen->sent, 3, __ATOMIC_RELEASE);
	}
}

/*
 * Packets of flows that no change concerns, while all other rules come and go: first packets that are
 * allowed, first packets that aren't, and those of a flow that goes on.
 */
static void test_nobody_else_sees_it(void **state)
{
	struct world *world = abc_begin(state);
	struct seen *seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t before = 0;
	pid_t child;
	int status;

	assert_true(seen != MAP_FAILED);
	allow_ports(world, MANY);
	abc_apply(world);
	assert_passes(sent_to(1));
	assert_passes(received(A, tcp(WORLD_IP, 1, A_IP, 1, TCP_SYN | TCP_ACK)));
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		look(seen);
		_exit(0);
	}
	for (uint32_t i = 0; i < 12; i++) {
		size_t sent;

		/* Something was sent under each policy. */
		while ((sent = __atomic_load_n(&seen->sent, __ATOMIC_ACQUIRE)) < before + 30)
			usleep(1000);
		before = sent;
		allow_ports(world, i % 3 ? MANY - i : 1 + i);
		pg_array_foreach(entry, &world->table.entries)
			entry->origin.rule += i % 2;
		abc_apply(world);
	}
	__atomic_store_n(&seen->stop, true, __ATOMIC_RELEASE);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(seen->wrong, 0);
	munmap(seen, sizeof(*seen));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_many),
		abc_test(test_all_rules_move),
		abc_test(test_a_change_costs_the_same),
		abc_test(test_a_map_that_is_full),
		abc_test(test_without_batches),
		abc_test(test_commits_one_after_the_other),
		abc_test(test_nobody_else_sees_it),
	};

	abc_enter();
	return cmocka_run_group_tests_name("ebpf size", tests, NULL, NULL);
}
