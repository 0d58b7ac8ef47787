// SPDX-License-Identifier: GPL-2.0-only
/* The entries of a commit that aren't endpoints. */
#include <bpf/bpf.h>

#include "backends/ebpf/commit.h"
#include "compat/errtext.h"

/* 0: the kernel doesn't say. */
static uint32_t room_of(const struct pg_commit *commit, enum pg_map map)
{
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info);

	return bpf_obj_get_info_by_fd(commit->pins.maps[map], &info, &length) ? 0
									      : info.max_entries;
}

static int check_room(const struct pg_commit *commit, enum pg_map map, size_t count)
{
	uint32_t room = room_of(commit, map);

	if (!room || count <= room)
		return 0;
	pg_error(commit->diags, PG_LOC_NONE,
		 "map '%s' was made for %u entries, the change needs %zu", pg_map_types[map].name,
		 room, count);
	pg_note(commit->diags, PG_LOC_NONE,
		"applied by another backend and then by this one again, the policy gets maps that are "
		"made anew, large enough, and is enforced meanwhile");
	return -E2BIG;
}

int pg_commit_check_room(const struct pg_commit *commit)
{
	const struct pg_slots *slots = &commit->known->slots;
	int err = check_room(commit, PG_MAP_RULES, slots->list.count - slots->free.count);

	for (int i = 0; i < PG_MAPS_WITH_HALVES && !err; i++)
		err = check_room(commit, i,
				 commit->known->entries[i] + pg_stage_added(&commit->stage, i));
	return err;
}

/* The change that an entry on the policy's list is from. */
static const struct pg_object *policy_object(const struct pg_commit *commit, size_t at)
{
	pg_array_foreach(change, &commit->diff->changes) {
		const struct pg_object *object = change->desired ? change->desired : change->live;

		if (*(const char *)object->key == PG_ENTRY_POLICY && !at--)
			return object;
	}
	return NULL;
}

static int report_write(const struct pg_commit *commit, enum pg_map map, struct pg_loc loc, int err)
{
	char why[PG_ERRTEXT_MAX];

	if (err == -E2BIG || err == -ENOSPC)
		pg_error(commit->diags, loc, "map '%s' is full: it has room for %u entries",
			 pg_map_types[map].name, room_of(commit, map));
	else if (err == -ENOMEM)
		pg_error(commit->diags, loc, "the kernel has no memory for more of map '%s'",
			 pg_map_types[map].name);
	else
		pg_error(commit->diags, loc, "cannot write to map '%s': %s", pg_map_types[map].name,
			 pg_errtext(err, why));
	return err;
}

static int write_map(struct pg_commit *commit, enum pg_map map)
{
	int err = pg_stage_write(&commit->stage, map);
	const struct pg_object *object = NULL;
	struct pg_loc loc = PG_LOC_NONE;

	if (!err)
		return 0;
	if (map == PG_MAP_POLICY)
		object = policy_object(commit, commit->stage.lists[map].written);
	if (object)
		loc = commit->intent->rule_loc(commit->intent->context, object->origin);
	return report_write(commit, map, loc, err);
}

int pg_commit_write(struct pg_commit *commit)
{
	int err = pg_slots_write(&commit->pins, &commit->known->slots);

	if (err)
		return report_write(commit, PG_MAP_RULES, PG_LOC_NONE, err);
	for (int i = 0; i < PG_MAPS_WITH_HALVES && !err; i++) {
		if (i != PG_MAP_ENDPOINTS)
			err = write_map(commit, i);
	}
	return err ? err : write_map(commit, PG_MAP_ENDPOINTS);
}

static int stage_address(struct pg_commit *commit, const struct pg_change *change,
			 const struct pg_map_entry_address *address)
{
	const struct pg_object *source = change->desired;
	struct pg_map_address_half half = { .flags = PG_ABI_ADDRESS_ABSENT }, old;
	union pg_map_key key;
	enum pg_map map = pg_map_address_key(&address->prefix, &key);
	struct pg_map_entry entry;
	int err = pg_stage_read(&commit->stage, map, &key, change->live, &old);

	if (source)
		half.flags = 0;
	else
		source = pg_map_entry_covering(commit->desired, &address->prefix);
	if (source && !pg_map_entry_read(source, &entry)) {
		half.identity = entry.address.id.n;
		half.flags |= entry.address.local ? PG_ABI_ADDRESS_LOCAL : 0;
	}
	return err ? err : pg_stage_put(&commit->stage, map, &key, &half, &old);
}

static int stage_subject(struct pg_commit *commit, const struct pg_change *change,
			 const struct pg_map_entry_subject *subject)
{
	union pg_map_key key = { .number = subject->id.n };
	struct pg_map_subject_half half = { .present = change->desired != NULL }, old;
	int err = pg_stage_read(&commit->stage, PG_MAP_SUBJECTS, &key, change->live, &old);

	for (int i = 0; i < PG_DIRECTIONS && change->desired; i++) {
		half.use[i] = subject->use[i];
		half.enforced |= (uint8_t)(subject->enforced[i] << i);
	}
	return err ? err : pg_stage_put(&commit->stage, PG_MAP_SUBJECTS, &key, &half, &old);
}

static struct pg_map_rule rule_of(const struct pg_map_entry_policy *policy)
{
	return pg_slots_rule_make(policy->rule, policy->rule_length, policy->direction,
				  policy->verdict);
}

static struct pg_map_policy_key policy_key(const struct pg_map_entry_policy *policy)
{
	return (struct pg_map_policy_key){
		.subject = policy->subject.n,
		.peer = policy->peer.n,
		.port = policy->port,
		.port_bits = policy->port_bits,
		.proto = policy->proto.n,
		.direction = (uint8_t)policy->direction,
	};
}

/* Finds or makes a rule's slot, in use from now on. */
static int come(struct pg_commit *commit, const struct pg_map_entry_policy *policy,
		uint32_t *ret_slot)
{
	struct pg_map_rule rule = rule_of(policy);
	uint32_t *coming = pg_array_add(&commit->coming);
	int err = coming ? pg_slots_use(&commit->known->slots, &rule, coming) : -ENOMEM;

	if (err) {
		commit->coming.count -= coming != NULL;
		return err;
	}
	*ret_slot = *coming;
	return 0;
}

static int go(struct pg_commit *commit, uint32_t slot)
{
	uint32_t *going = pg_array_add(&commit->going);

	if (!going)
		return -ENOMEM;
	*going = slot;
	return 0;
}

static int stage_policy(struct pg_commit *commit, const struct pg_change *change,
			const struct pg_map_entry_policy *policy)
{
	struct pg_map_policy_half half = { 0 }, old;
	union pg_map_key key = { .policy = policy_key(policy) };
	int err = pg_stage_read(&commit->stage, PG_MAP_POLICY, &key, change->live, &old);

	if (!err && change->live)
		err = go(commit, old.slot);
	if (!err && change->desired) {
		half.verdict = (uint8_t)policy->verdict;
		err = come(commit, policy, &half.slot);
	}
	return err ? err : pg_stage_put(&commit->stage, PG_MAP_POLICY, &key, &half, &old);
}

static int stage_change(struct pg_commit *commit, const struct pg_change *change)
{
	struct pg_map_entry entry;
	int err = pg_map_entry_read(change->desired ? change->desired : change->live, &entry);

	if (err)
		return err;
	switch (entry.kind) {
	case PG_ENTRY_ADDRESS:
		return stage_address(commit, change, &entry.address);
	case PG_ENTRY_SUBJECT:
		return stage_subject(commit, change, &entry.subject);
	case PG_ENTRY_POLICY:
		return stage_policy(commit, change, &entry.policy);
	case PG_ENTRY_ENDPOINT:	  /* pg_commit_stage_endpoints() */
	case PG_ENTRY_META:	  /* written last */
	case PG_ENTRY_UPLINK:	  /* with it */
	case PG_ENTRY_UNFINISHED: /* seen to already */
		return 0;
	}
	return -EINVAL;
}

int pg_commit_stage_policy(struct pg_commit *commit)
{
	pg_array_foreach(change, &commit->diff->changes) {
		int err = stage_change(commit, change);

		if (err)
			return pg_ebpf_error(commit->diags, err, "cannot prepare the eBPF maps");
	}
	return 0;
}
