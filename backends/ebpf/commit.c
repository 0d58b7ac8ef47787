// SPDX-License-Identifier: GPL-2.0-only
/* The transaction: the protocol at the top of bpf/abi.h. */
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <time.h>

#include "backends/ebpf/commit.h"
#include "backends/ebpf/handover.h"

static void commit_done(struct pg_commit *commit)
{
	pg_stage_done(&commit->stage);
	free(commit->coming.items);
	free(commit->going.items);
	pg_rtnl_free(commit->rtnl);
	pg_pins_done(&commit->pins);
}

/* Waits until every program that runs now has ended: they run within RCU read-side sections. */
static void wait_for_programs(void)
{
	struct timespec pause = { .tv_nsec = 50000000 };

	/* Not on kernels with nohz_full; there a pause, ample for some microseconds of program. */
	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		nanosleep(&pause, NULL);
}

static void write_pending(const struct pg_commit *commit, uint32_t generation)
{
	__atomic_store_n(&commit->pins.meta->pending, generation, __ATOMIC_SEQ_CST);
}

/*
 * What an earlier commit cut stays cut, though none of its packets came since and this one keeps: such a
 * flow is judged by the policy that counts when one comes.
 */
static uint32_t valid_since(const struct pg_commit *commit)
{
	uint32_t now = commit->stage.now;

	if (commit->intent->on_revoke == PG_ON_REVOKE_CUT)
		return now + 1;
	return commit->pins.meta->half[now & 1].valid_since;
}

/* Nobody looks at the half of a generation to come. */
static void write_meta(const struct pg_commit *commit)
{
	uint32_t next = commit->stage.now + 1;
	struct pg_map_meta_half half = {
		.objects = (uint32_t)commit->desired->list.count,
		.host_policy = (uint8_t)commit->intent->host_policy,
		.on_revoke = (uint8_t)commit->intent->on_revoke,
		.same_host = (uint8_t)commit->intent->same_host,
		.valid_since = valid_since(commit),
	};

	memcpy(half.digest, commit->intent->digest, sizeof(half.digest));
	pg_commit_name_uplink(commit, &half);
	commit->pins.meta->half[next & 1] = half;
}

/*
 * A program that reads the generation to come has to see all that was written before. Where neither
 * stores nor loads pass one another, it does. Elsewhere none may be under way that could have read an
 * entry early.
 */
static void order_writes(void)
{
#if defined(__x86_64__) || defined(__i386__) || defined(__s390x__)
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#else
	wait_for_programs();
#endif
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void flip(const struct pg_commit *commit)
{
	order_writes();
	__atomic_store_n(&commit->pins.meta->generation, commit->stage.now + 1, __ATOMIC_SEQ_CST);
	commit->handle->flipped = now_ns();
	wait_for_programs();
}

/* Flows whose packets go through the stack from now on have to be known there. */
static void flip_and_hand_over(const struct pg_commit *commit)
{
	_cleanup_handover_ struct pg_handover handover = { .idle = true };

	if (commit->back_to_stack)
		handover.err = pg_handover_begin(&commit->pins, &handover);
	pg_handover_pass(&handover);
	flip(commit);
	pg_handover_pass(&handover);
	pg_handover_report(&handover, commit->diags);
}

/* The default denies, which programs know by number. */
static int use_fixed_slots(struct pg_commit *commit)
{
	char name[PG_RULE_NAME_MAX];
	int err = 0;

	commit->intent->rule_name(commit->intent->context, PG_ORIGIN_NONE, name);
	for (uint32_t i = 0; i < PG_ABI_SLOTS_FIXED && !err; i++) {
		struct pg_map_rule rule =
			pg_slots_rule_make(name, strlen(name), i, PG_VERDICT_DENY);
		uint32_t number;

		err = pg_slots_use(&commit->known->slots, &rule, &number);
		if (!err && number != i)
			err = -EPROTO;
	}
	return err;
}

/* What an earlier commit has left that was killed: what counts is all that stays. */
static int recover(struct pg_commit *commit)
{
	int err = pg_stage_find(&commit->stage);

	/* It may have ended before it waited. */
	wait_for_programs();
	if (!err)
		err = pg_stage_settle(&commit->stage, commit->stage.now);
	if (!err)
		err = pg_slots_free_unused(&commit->pins, &commit->known->slots);
	if (!err)
		err = pg_commit_settle_uplink(commit, commit->stage.now);
	if (!err)
		write_pending(commit, 0);
	pg_stage_done(&commit->stage);
	return err;
}

static size_t count_kind(const struct pg_objects *objects, enum pg_map_entry_kind kind)
{
	size_t count = 0;

	pg_array_foreach(object, &objects->list)
		count += *(const char *)object->key == (char)kind;
	return count;
}

static int create(struct pg_commit *commit)
{
	struct pg_pins_sizes sizes = {
		.endpoints = count_kind(commit->desired, PG_ENTRY_ENDPOINT),
		.subjects = count_kind(commit->desired, PG_ENTRY_SUBJECT),
		.policy = count_kind(commit->desired, PG_ENTRY_POLICY),
	};
	int err = pg_pins_destroy(commit->handle, commit->diags);

	/* Each policy entry may be of a rule of its own. */
	sizes.rules = sizes.policy + PG_ABI_SLOTS_FIXED;
	pg_pins_done(&commit->pins);
	return err ? err : pg_pins_create(commit->handle, &sizes, commit->diags, &commit->pins);
}

/* Whether the maps are as live() has read them. */
static bool is_as_known(const struct pg_commit *commit)
{
	const struct pg_known *known = commit->known;

	if (!known || commit->stage.now != known->generation)
		return false;
	return !commit->stage.now || commit->pins.meta->pending == known->pending;
}

/* Opens what is there, or makes it; then nothing of an earlier commit is left. */
static int begin(struct pg_commit *commit)
{
	int err = pg_pins_open(commit->handle, commit->diags, &commit->pins);

	if (err && err != -ENOENT)
		return err;
	commit->stage.now = err ? 0 : pg_pins_generation(&commit->pins);
	if (!is_as_known(commit)) {
		pg_error(commit->diags, PG_LOC_NONE,
			 "eBPF state was changed by another process meanwhile");
		return -EBUSY;
	}
	if (!commit->stage.now)
		return create(commit);
	err = commit->known->pending ? recover(commit) : 0;
	return err ? pg_ebpf_error(commit->diags, err, "cannot finish an earlier commit") : 0;
}

static int stage_all(struct pg_commit *commit)
{
	int err = use_fixed_slots(commit);

	if (err)
		return pg_ebpf_error(commit->diags, err, "cannot number the rules");
	err = pg_commit_stage_policy(commit);
	if (!err)
		err = pg_commit_stage_endpoints(commit);
	return err ? err : pg_commit_check_room(commit);
}

static int write_all(struct pg_commit *commit)
{
	int err;

	write_pending(commit, commit->stage.now + 1);
	err = pg_commit_write(commit);
	if (!err)
		err = pg_commit_attach(commit);
	return err ? err : pg_commit_attach_uplink(commit);
}

/* Ends uses of slots, and takes away those that nobody uses then. */
static int give_up(struct pg_commit *commit, const uint32_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pg_slots_release(&commit->known->slots, numbers[i]);
	return pg_slots_free(&commit->pins, &commit->known->slots, numbers, count);
}

/* Knows what the maps hold then. */
static int know(struct pg_commit *commit)
{
	struct pg_known *known = commit->known;

	for (int i = 0; i < PG_MAPS_WITH_HALVES; i++)
		known->entries[i] += (size_t)pg_stage_growth(&commit->stage, i);
	known->generation = known->pending = commit->stage.now + 1;
	return pg_commit_know_endpoints(commit);
}

/* The new policy counts already: what goes wrong now is left for the next commit to finish. */
static void tidy_up(struct pg_commit *commit)
{
	int err = know(commit);

	if (!err)
		err = pg_stage_settle(&commit->stage, commit->stage.now + 1);
	if (!err)
		err = give_up(commit, commit->going.items, commit->going.count);
	if (!err)
		err = pg_commit_settle_uplink(commit, commit->stage.now + 1);
	if (err) {
		pg_warning(commit->diags, PG_LOC_NONE,
			   "entries of the policy before are left in the eBPF maps: %s",
			   strerror(-err));
		return;
	}
	write_pending(commit, 0);
	commit->known->pending = 0;
}

/* Back to what counts, after an error. */
static int roll_back(struct pg_commit *commit)
{
	int err = pg_stage_settle(&commit->stage, commit->stage.now);

	if (!err)
		err = give_up(commit, commit->coming.items, commit->coming.count);
	if (!err)
		err = pg_commit_settle_uplink(commit, commit->stage.now);
	if (!err)
		write_pending(commit, 0);
	return err;
}

/* What is known counts for nothing after an error: live() has to read it again. */
static void undo(struct pg_commit *commit)
{
	int err = 0;

	if (!commit->stage.now)
		pg_pins_destroy(commit->handle, commit->diags);
	else
		err = roll_back(commit);
	if (err)
		pg_ebpf_error(commit->diags, err, "cannot undo the change of the eBPF maps");
	pg_known_free(commit->known);
	commit->known = commit->handle->known = NULL;
}

static int run(struct pg_commit *commit)
{
	int err = pg_commit_check_interfaces(commit);

	if (!err)
		err = pg_commit_check_uplink(commit);
	if (!err)
		err = begin(commit);
	if (err)
		return err;
	err = stage_all(commit);
	if (!err)
		err = write_all(commit);
	if (err) {
		undo(commit);
		return err;
	}
	write_meta(commit);
	flip_and_hand_over(commit);
	tidy_up(commit);
	return 0;
}

int pg_ebpf_commit(struct pg_backend_handle *handle, const struct pg_intent *intent,
		   const struct pg_objects *desired, const struct pg_diff *diff,
		   struct pg_diags *diags)
{
	PG_CLEANUP(commit_done)
	struct pg_commit commit = {
		.handle = handle,
		.known = handle->known,
		.intent = intent,
		.desired = desired,
		.diff = diff,
		.diags = diags,
	};
	_cleanup_close_ int lock = -1;
	int err = pg_bpffs_lock(handle->bpffs, &lock);

	pg_pins_init(&commit.pins);
	if (err)
		return pg_ebpf_error(diags, err, "cannot lock '%s'", handle->bpffs);
	commit.stage.handle = handle;
	commit.stage.pins = &commit.pins;
	return run(&commit);
}
