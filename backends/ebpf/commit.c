// SPDX-License-Identifier: GPL-2.0-only
/* The transaction: the protocol at the top of bpf/abi.h. */
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <time.h>

#include "backends/ebpf/commit.h"

static void commit_done(struct pg_commit *commit)
{
	pg_stage_done(&commit->stage);
	pg_slots_done(&commit->slots);
	free(commit->by_interface.items);
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
		.valid_since = valid_since(commit),
	};

	memcpy(half.digest, commit->intent->digest, sizeof(half.digest));
	commit->pins.meta->half[next & 1] = half;
}

static void flip(const struct pg_commit *commit)
{
	wait_for_programs();
	__atomic_store_n(&commit->pins.meta->generation, commit->stage.now + 1, __ATOMIC_SEQ_CST);
	wait_for_programs();
}

/* Marks the slots of the policy that counts, by what is in the map. */
static int mark_used(void *context, const void *key, void *value)
{
	struct pg_commit *commit = context;
	const struct pg_map_policy_half *half =
		pg_halves_counting(&pg_map_types[PG_MAP_POLICY].halves, value, commit->stage.now);

	(void)key;
	if (half->slot < commit->slots.number.count && commit->slots.number.items[half->slot])
		commit->slots.number.items[half->slot]->used = true;
	return 0;
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

		err = pg_slots_use(&commit->pins, &commit->slots, &rule, &number);
		if (!err && number != i)
			err = -EPROTO;
	}
	return err;
}

/* Back to what counts, after a commit of ours that failed or another's that was killed. */
static int roll_back(struct pg_commit *commit)
{
	union pg_map_value value;
	int err = pg_stage_settle(&commit->stage, commit->stage.now);

	pg_array_foreach(slot, &commit->slots.number) {
		if (*slot)
			(*slot)->used = (*slot)->number < PG_ABI_SLOTS_FIXED;
	}
	if (!err)
		err = pg_map_each(commit->pins.maps[PG_MAP_POLICY], &value, mark_used, commit);
	if (!err)
		err = pg_slots_free_unused(&commit->pins, &commit->slots);
	if (!err)
		write_pending(commit, 0);
	return err;
}

static int recover(struct pg_commit *commit)
{
	int err;

	if (!commit->pins.meta->pending)
		return pg_slots_read(&commit->pins, &commit->slots);
	err = pg_slots_read(&commit->pins, &commit->slots);
	if (!err)
		err = pg_stage_find(&commit->stage);
	if (!err)
		err = roll_back(commit);
	pg_stage_done(&commit->stage);
	pg_slots_done(&commit->slots);
	return err ? err : pg_slots_read(&commit->pins, &commit->slots);
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

/* Opens what is there, or makes it; then nothing of an earlier commit is left. */
static int begin(struct pg_commit *commit)
{
	int err = pg_pins_open(commit->handle, commit->diags, &commit->pins);

	if (err && err != -ENOENT)
		return err;
	commit->stage.now = err ? 0 : pg_pins_generation(&commit->pins);
	if (commit->stage.now != commit->handle->seen) {
		pg_error(commit->diags, PG_LOC_NONE,
			 "eBPF state was changed by another process meanwhile");
		return -EBUSY;
	}
	if (!commit->stage.now)
		err = create(commit);
	if (err)
		return err;
	err = recover(commit);
	return err ? pg_ebpf_error(commit->diags, err, "cannot finish an earlier commit") : 0;
}

static int stage_all(struct pg_commit *commit)
{
	int err;

	write_pending(commit, commit->stage.now + 1);
	err = use_fixed_slots(commit);
	if (err)
		return pg_ebpf_error(commit->diags, err, "cannot write to an eBPF map");
	err = pg_commit_stage_policy(commit);
	if (!err)
		err = pg_commit_stage_endpoints(commit);
	if (!err)
		err = pg_commit_attach(commit);
	return err;
}

/* The new policy counts already: what goes wrong now is left for the next commit to finish. */
static void tidy_up(struct pg_commit *commit)
{
	int err = pg_stage_settle(&commit->stage, commit->stage.now + 1);

	if (!err)
		err = pg_slots_free_unused(&commit->pins, &commit->slots);
	if (!err)
		write_pending(commit, 0);
	else
		pg_warning(commit->diags, PG_LOC_NONE,
			   "entries of the policy before are left in the eBPF maps: %s",
			   strerror(-err));
}

static void undo(struct pg_commit *commit)
{
	int err = 0;

	if (!commit->stage.now)
		pg_pins_destroy(commit->handle, commit->diags);
	else
		err = roll_back(commit);
	if (err)
		pg_ebpf_error(commit->diags, err, "cannot undo the change of the eBPF maps");
}

static int run(struct pg_commit *commit)
{
	int err = pg_commit_check_interfaces(commit);

	if (!err)
		err = begin(commit);
	if (err)
		return err;
	err = pg_commit_check_room(commit);
	if (!err)
		err = stage_all(commit);
	if (err) {
		undo(commit);
		return err;
	}
	write_meta(commit);
	flip(commit);
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
	err = run(&commit);
	if (!err)
		handle->seen++;
	return err;
}
