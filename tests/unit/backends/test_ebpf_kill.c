// SPDX-License-Identifier: GPL-2.0-only
/*
 * A commit killed before each of its system calls that change something: what is enforced then is the
 * old policy or the new one, and the next commit leaves nothing of the killed one.
 */
#include "tests/unit/backends/ebpf_abc.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "backends/ebpf/stage.h"

/*
 * Two policies that differ in every kind of entry: c leaves and d comes, b changes its identity, rules
 * and prefixes come, go and change, and so does the uplink. Addresses are 10.0.0.2 (a) to 10.0.0.5 (d).
 */
static const char *const uplinks[] = { "va-c", "vb-c" };

static void make_old(struct world *world)
{
	world_init(world);
	world_endpoint(world, "a", "va", A_IP, A_ID);
	world_endpoint(world, "b", "vb", B_IP, B_ID);
	world_endpoint(world, "c", "vc", C_IP, C_ID);
	world_address(world, HOST_IP, HOST_ID);
	world_address(world, "10.1.0.0/16", CIDR_ID);
	world_address(world, "10.1.2.0/24", CIDR_ID + 1);
	world_address(world, "10.3.0.0/16", CIDR_ID + 3);
	world_subject(world, A_ID, true, true);
	world_subject(world, B_ID, true, true);
	world_subject(world, C_ID, true, false);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 1);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID + 1, IPPROTO_TCP, 81, 81, PG_VERDICT_ALLOW, 2);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID + 3, IPPROTO_TCP, 82, 82, PG_VERDICT_ALLOW, 3);
	world_rule(world, A_ID, PG_EGRESS, B_ID, EVERY, PG_VERDICT_ALLOW, 4);
	world_rule(world, B_ID, PG_INGRESS, ANY_ID, IPPROTO_TCP, 83, 83, PG_VERDICT_ALLOW, 5);
	world->intent.uplink = uplinks[0];
	world_finish(world);
}

static void make_new(struct world *world)
{
	world_init(world);
	world_endpoint(world, "a", "va", A_IP, A_ID);
	world_endpoint(world, "b", "vb", B_IP, B_ID + 10);
	world_endpoint(world, "d", "vd", "10.0.0.5", A_ID);
	world_address(world, HOST_IP, HOST_ID);
	world_address(world, "10.1.0.0/16", CIDR_ID + 4);
	world_address(world, "10.1.2.128/25", CIDR_ID + 2);
	world_address(world, "10.3.0.0/16", CIDR_ID + 3);
	world_address(world, "10.3.3.0/24", CIDR_ID + 5);
	world_subject(world, A_ID, true, false);
	world_subject(world, B_ID + 10, false, true);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID + 4, IPPROTO_TCP, 90, 90, PG_VERDICT_ALLOW, 6);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID + 2, IPPROTO_TCP, 91, 91, PG_VERDICT_ALLOW, 2);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID + 3, IPPROTO_TCP, 82, 82, PG_VERDICT_ALLOW, 7);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID + 5, IPPROTO_TCP, 92, 92, PG_VERDICT_ALLOW, 8);
	world_rule(world, B_ID + 10, PG_INGRESS, ANY_ID, IPPROTO_TCP, 93, 93, PG_VERDICT_ALLOW, 9);
	world->intent.host_policy = PG_HOST_POLICY_ALLOW;
	world->intent.uplink = uplinks[1];
	world_finish(world);
}

/* Who sends to whom; each to every port that a rule speaks of. */
static const struct probe {
	enum pg_direction direction;
	const char *interface, *src, *dst;
} probes[] = {
	{ PG_EGRESS, "va", A_IP, "10.1.1.1" },	   { PG_EGRESS, "va", A_IP, "10.1.2.1" },
	{ PG_EGRESS, "va", A_IP, "10.1.2.129" },   { PG_EGRESS, "va", A_IP, "10.3.1.1" },
	{ PG_EGRESS, "va", A_IP, "10.3.3.1" },	   { PG_EGRESS, "va", A_IP, B_IP },
	{ PG_EGRESS, "va", A_IP, WORLD_IP },	   { PG_INGRESS, "va", WORLD_IP, A_IP },
	{ PG_INGRESS, "vb", WORLD_IP, B_IP },	   { PG_INGRESS, "vb", A_IP, B_IP },
	{ PG_INGRESS, "vb", HOST_IP, B_IP },	   { PG_EGRESS, "vb", B_IP, WORLD_IP },
	{ PG_EGRESS, "vc", C_IP, WORLD_IP },	   { PG_EGRESS, "vc", A_IP, WORLD_IP },
	{ PG_INGRESS, "vc", WORLD_IP, C_IP },	   { PG_EGRESS, "vd", "10.0.0.5", "10.1.1.1" },
	{ PG_EGRESS, "vd", "10.0.0.5", WORLD_IP },
};

static const uint16_t ports[] = { 80, 81, 82, 83, 90, 91, 92, 93 };

/* A bit for each packet: it passes. */
struct verdicts {
	uint8_t passes[PG_COUNT(probes)][PG_COUNT(ports)];
};

static bool passes(const struct pg_pins *pins, const struct probe *probe, uint16_t port)
{
	uint32_t ifindex = if_nametoindex(probe->interface);
	struct packet packet = tcp(probe->src, 1000, probe->dst, port, TCP_SYN);
	struct frame frame = frame_of(&packet);

	return run_frame_on(pins, probe->direction, ifindex, &frame) == PASS;
}

static struct verdicts what_is_enforced(void)
{
	struct pg_backend_handle *handle = world_open(NULL);
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_pins_ struct pg_pins pins;
	struct verdicts verdicts;

	pg_pins_init(&pins);
	pg_pins_open(handle, &diags, &pins);
	pg_backend_ebpf.close(handle);
	for (size_t i = 0; i < PG_COUNT(probes); i++) {
		uint32_t ifindex = if_nametoindex(probes[i].interface);
		bool attached = world_is_attached(ifindex, probes[i].direction);

		for (size_t j = 0; j < PG_COUNT(ports); j++)
			verdicts.passes[i][j] = !attached || passes(&pins, &probes[i], ports[j]);
	}
	return verdicts;
}

static bool same(const struct verdicts *a, const struct verdicts *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void assert_uplink(const char *wanted)
{
	for (size_t i = 0; i < PG_COUNT(uplinks); i++) {
		uint32_t ifindex = if_nametoindex(uplinks[i]);
		bool is_uplink = wanted && !strcmp(wanted, uplinks[i]);

		assert_int_equal(world_is_attached(ifindex, PG_EGRESS), is_uplink);
		assert_int_equal(world_is_attached(ifindex, PG_INGRESS), is_uplink);
	}
}

/*
 * No entry is on its way anywhere, there is no rule but those of the policy, and no uplink but the
 * policy's.
 */
static void assert_settled(const struct world *world)
{
	_cleanup_pins_ struct pg_pins pins;
	_cleanup_stage_ struct pg_stage stage = { .pins = &pins };
	struct pg_map_rule rule;
	size_t rules = 0;
	uint32_t key, *last = NULL;

	world_pins(&pins);
	stage.now = pg_pins_generation(&pins);
	assert_int_equal(pg_stage_find(&stage), 0);
	for (size_t i = 0; i < PG_MAPS_WITH_HALVES; i++)
		assert_int_equal(stage.lists[i].count, 0);
	assert_int_equal(pins.meta->pending, 0);
	for (; !bpf_map_get_next_key(pins.maps[PG_MAP_RULES], last, &key); last = &key, rules++)
		assert_int_equal(bpf_map_lookup_elem(pins.maps[PG_MAP_RULES], &key, &rule), 0);
	/* Each rule of these policies has one direction and one verdict. */
	assert_int_equal(rules, world->table.entries.count + PG_ABI_SLOTS_FIXED);
	assert_uplink(world->intent.uplink);
}

/* What the killed process does. */
struct job {
	struct pg_backend_handle *handle;
	const struct world *world; /* NULL: clear */
	bool one_by_one;	   /* without batches */
	struct pg_objects desired, live;
	struct pg_diff diff;
	struct pg_diags diags;
};

static void job_begin(struct job *job, const struct world *world, const char *attach)
{
	*job = (struct job){ .handle = world_open(attach), .world = world };
	if (!world)
		return;
	assert_int_equal(
		pg_backend_ebpf.plan(job->handle, &world->intent, &job->diags, &job->desired), 0);
	assert_int_equal(pg_backend_ebpf.live(job->handle, &job->diags, &job->live), 0);
	assert_int_equal(pg_diff_make(&job->desired, &job->live, &job->diff), 0);
}

static int job_do(struct job *job)
{
	if (!job->world)
		return pg_backend_ebpf.clear(job->handle, &job->diags);
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

static bool changes_something(const struct __ptrace_syscall_info *info)
{
	switch (info->entry.nr) {
	case __NR_bpf:
		switch (info->entry.args[0]) {
		case BPF_MAP_UPDATE_ELEM:
		case BPF_MAP_DELETE_ELEM:
		case BPF_MAP_UPDATE_BATCH:
		case BPF_MAP_DELETE_BATCH:
		case BPF_PROG_LOAD:
		case BPF_OBJ_PIN:
		case BPF_LINK_CREATE:
		case BPF_LINK_DETACH:
			return true;
		}
		return false;
	case __NR_membarrier:
	case __NR_renameat:
	case __NR_renameat2:
	case __NR_unlinkat:
	case __NR_mkdirat:
#ifdef __NR_rename
	case __NR_rename:
	case __NR_unlink:
	case __NR_rmdir:
	case __NR_mkdir:
#endif
	case __NR_sendto:
	case __NR_sendmsg:
		return true;
	}
	return false;
}

/* Lets the child run to its next system call that changes something. False: it has ended well. */
static bool run_to_next(pid_t child)
{
	struct __ptrace_syscall_info info;
	int status;

	for (;;) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		assert_true(WIFSTOPPED(status));
		assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) > 0);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY && changes_something(&info))
			return true;
	}
}

/* The errno of a job that failed is its process's exit code. Yields it stopped before it begins. */
static pid_t start(struct job *job)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		if (job->one_by_one && !world_lose_batches())
			_exit(255);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
			_exit(255);
		_exit(-job_do(job));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(
		ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD),
		0);
	return child;
}

/* Does the job in a child that is killed before the n-th such call. False: there are fewer. */
static bool kill_before(struct job *job, unsigned int n)
{
	pid_t child = start(job);
	int status;

	while (n--) {
		if (!run_to_next(child))
			return false;
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return true;
}

static bool killed_commit(const struct world *world, const char *attach, bool one_by_one,
			  unsigned int n)
{
	struct job job;
	bool killed;

	job_begin(&job, world, attach);
	job.one_by_one = one_by_one;
	killed = kill_before(&job, n);
	job_end(&job);
	return killed;
}

static void assert_enforced(const struct verdicts *wanted)
{
	struct verdicts now = what_is_enforced();

	assert_true(same(&now, wanted));
}

/*
 * From one policy to the other, by one way of attaching; killed before each `step`-th call. (Attaching
 * and detaching wait for the kernel some ten milliseconds each: all calls of all tests take a minute.)
 */
static void change_and_kill(const char *attach, bool one_by_one, unsigned int step)
{
	_cleanup_world_ struct world old, new;
	struct verdicts old_verdicts, new_verdicts, now;
	unsigned int n, flipped_at = 0;

	make_old(&old);
	make_new(&new);
	world_apply_by(&new, attach);
	new_verdicts = what_is_enforced();
	world_apply_by(&old, attach);
	old_verdicts = what_is_enforced();
	assert_false(same(&old_verdicts, &new_verdicts));
	for (n = 1; killed_commit(&new, attach, one_by_one, n); n += step) {
		now = what_is_enforced();
		if (!flipped_at && same(&now, &new_verdicts))
			flipped_at = n;
		assert_true(same(&now, flipped_at ? &new_verdicts : &old_verdicts));
		if (n % 8 == 0) {
			world_apply_by(&new, attach);
			assert_enforced(&new_verdicts);
			assert_settled(&new);
		}
		world_apply_by(&old, attach);
		assert_enforced(&old_verdicts);
		assert_settled(&old);
	}
	/* Both before and after the flip there was something to kill. */
	assert_true(flipped_at > 10 && flipped_at < n);
	assert_enforced(&new_verdicts);
	assert_settled(&new);
}

/* The new endpoint's interface goes before the n-th call. What the commit then ends with. */
static int commit_without_interface(const struct world *world, unsigned int n)
{
	struct job job;
	pid_t child;
	int status;

	job_begin(&job, world, NULL);
	child = start(&job);
	while (n--)
		assert_true(run_to_next(child));
	world_delete_link(if_nametoindex("vd"));
	assert_int_equal(ptrace(PTRACE_DETACH, child, NULL, NULL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	job_end(&job);
	return -WEXITSTATUS(status);
}

static void test_interface_goes_meanwhile(void **state)
{
	_cleanup_world_ struct world old, new;
	struct verdicts verdicts;
	unsigned int n;
	int err;

	abc_begin(state);
	make_old(&old);
	make_new(&new);
	world_apply_by(&old, NULL);
	verdicts = what_is_enforced();
	/* Until it was attached to; after that it goes as any interface may at any time. */
	for (n = 1; (err = commit_without_interface(&new, n)); n += 3) {
		assert_int_equal(err, -ENODEV);
		assert_enforced(&verdicts);
		assert_settled(&old);
		world_veth("vd", 0);
	}
	assert_true(n > 10);
	world_veth("vd", 0);
}

static void test_change_killed_tcx(void **state)
{
	abc_begin(state);
	if (!world_has_tcx())
		skip();
	change_and_kill("tcx", false, 1);
}

/* More calls to be killed between, as on kernels that know no batches. */
static void test_change_killed_one_by_one(void **state)
{
	abc_begin(state);
	change_and_kill(NULL, true, 2);
}

static void test_change_killed_clsact(void **state)
{
	abc_begin(state);
	change_and_kill("clsact", false, 3);
}

/* From nothing: either everything passes, or the policy is enforced on all. */
static void test_first_commit_killed(void **state)
{
	_cleanup_world_ struct world new;
	struct verdicts none, verdicts, now;
	unsigned int n, flipped_at = 0;

	abc_begin(state);
	make_new(&new);
	world_apply_by(&new, NULL);
	verdicts = what_is_enforced();
	world_clear();
	none = what_is_enforced();
	for (n = 1; killed_commit(&new, NULL, false, n); n += 3) {
		now = what_is_enforced();
		if (!flipped_at && same(&now, &verdicts))
			flipped_at = n;
		assert_true(same(&now, flipped_at ? &verdicts : &none));
		if (n % 2) {
			world_apply_by(&new, NULL);
			assert_enforced(&verdicts);
			assert_settled(&new);
		}
		world_clear();
		assert_int_equal(access(WORLD_BPFFS "/polgen", F_OK), -1);
		assert_enforced(&none);
		assert_uplink(NULL);
	}
	assert_true(n > 30);
	assert_enforced(&verdicts);
	assert_settled(&new);
}

/* Killed while it is taken down, all of the policy is enforced or none of it. */
static void clear_and_kill(const char *attach)
{
	_cleanup_world_ struct world new;
	struct verdicts none, verdicts, now;
	bool ended = false;
	unsigned int n;

	make_new(&new);
	none = what_is_enforced();
	world_apply_by(&new, attach);
	verdicts = what_is_enforced();
	for (n = 1; killed_commit(NULL, attach, false, n); n += 3) {
		now = what_is_enforced();
		/* Running flows are handed over first. */
		ended |= same(&now, &none);
		assert_true(same(&now, ended ? &none : &verdicts));
		if (n % 2) {
			world_clear();
			assert_int_equal(access(WORLD_BPFFS "/polgen", F_OK), -1);
			assert_enforced(&none);
		}
		world_apply_by(&new, attach);
		assert_enforced(&verdicts);
		assert_settled(&new);
	}
	assert_true(n > 10 && ended);
	assert_int_equal(access(WORLD_BPFFS "/polgen", F_OK), -1);
}

static void test_clear_killed_tcx(void **state)
{
	abc_begin(state);
	if (!world_has_tcx())
		skip();
	clear_and_kill("tcx");
}

static void test_clear_killed_clsact(void **state)
{
	abc_begin(state);
	clear_and_kill("clsact");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_change_killed_tcx),    abc_test(test_change_killed_one_by_one),
		abc_test(test_change_killed_clsact), abc_test(test_interface_goes_meanwhile),
		abc_test(test_first_commit_killed),  abc_test(test_clear_killed_tcx),
		abc_test(test_clear_killed_clsact),
	};

	abc_enter();
	if (abc_ifindex(A))
		world_veth("vd", 0);
	return cmocka_run_group_tests_name("ebpf kill", tests, NULL, NULL);
}
