// SPDX-License-Identifier: GPL-2.0-only
/* The entries of a commit that aren't endpoints. */
#include <bpf/bpf.h>

#include "backends/ebpf/commit.h"
#include "compat/errtext.h"

static size_t count_desired(const struct pg_commit *commit, enum pg_map_entry_kind kind)
{
	size_t count = 0;

	pg_array_foreach(object, &commit->desired->list)
		count += *(const char *)object->key == (char)kind;
	return count;
}

/* How many entries of a kind there are while both generations are in the map. */
static size_t count_both(const struct pg_commit *commit, enum pg_map_entry_kind kind)
{
	size_t count = count_desired(commit, kind);

	pg_array_foreach(change, &commit->diff->changes) {
		if (change->kind == PG_CHANGE_DELETE)
			count += *(const char *)change->live->key == (char)kind;
	}
	return count;
}

static int check_room(const struct pg_commit *commit, enum pg_map map, size_t count)
{
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info);
	int err = bpf_obj_get_info_by_fd(commit->pins.maps[map], &info, &length);

	if (err || count <= info.max_entries)
		return err;
	pg_error(commit->diags, PG_LOC_NONE,
		 "map '%s' was made for %u entries, the change needs %zu", pg_map_types[map].name,
		 info.max_entries, count);
	pg_note(commit->diags, PG_LOC_NONE,
		"after 'polgen clear' the maps are made anew, large enough");
	return -E2BIG;
}

int pg_commit_check_room(const struct pg_commit *commit)
{
	int err = check_room(commit, PG_MAP_ENDPOINTS, count_both(commit, PG_ENTRY_ENDPOINT));

	if (!err)
		err = check_room(commit, PG_MAP_SUBJECTS, count_both(commit, PG_ENTRY_SUBJECT));
	if (!err)
		err = check_room(commit, PG_MAP_POLICY, count_both(commit, PG_ENTRY_POLICY));
	return err;
}

static int report_entry(const struct pg_commit *commit, const struct pg_change *change, int err)
{
	const struct pg_object *object = change->desired ? change->desired : change->live;
	struct pg_loc loc = commit->intent->rule_loc(commit->intent->context, object->origin);
	char why[PG_ERRTEXT_MAX];

	if (err == -E2BIG || err == -ENOSPC)
		pg_error(commit->diags, loc, "an eBPF map is full");
	else
		pg_error(commit->diags, loc, "cannot write to an eBPF map: %s",
			 pg_errtext(err, why));
	return err;
}

static int stage_address(struct pg_commit *commit, const struct pg_change *change,
			 const struct pg_map_entry_address *address)
{
	const struct pg_object *source = change->desired;
	struct pg_map_address_half half = { .flags = PG_ABI_ADDRESS_ABSENT };
	union pg_map_key key;
	enum pg_map map = pg_map_address_key(&address->prefix, &key);
	struct pg_map_entry entry;

	if (source)
		half.flags = 0;
	else
		source = pg_map_entry_covering(commit->desired, &address->prefix);
	if (source && !pg_map_entry_read(source, &entry)) {
		half.identity = entry.address.id.n;
		half.flags |= entry.address.local ? PG_ABI_ADDRESS_LOCAL : 0;
	}
	return pg_stage_put(&commit->stage, map, &key, &half, change->live);
}

static int stage_subject(struct pg_commit *commit, const struct pg_change *change,
			 const struct pg_map_entry_subject *subject)
{
	union pg_map_key key = { .number = subject->id.n };
	struct pg_map_subject_half half = { .present = change->desired != NULL };

	for (int i = 0; i < PG_DIRECTIONS && change->desired; i++) {
		half.use[i] = subject->use[i];
		half.enforced |= (uint8_t)(subject->enforced[i] << i);
	}
	return pg_stage_put(&commit->stage, PG_MAP_SUBJECTS, &key, &half, change->live);
}

static struct pg_map_rule rule_of(const struct pg_map_entry_policy *policy)
{
	return pg_slots_rule_make(policy->rule, policy->rule_length, policy->direction,
				  policy->verdict);
}

static int stage_policy(struct pg_commit *commit, const struct pg_change *change,
			const struct pg_map_entry_policy *policy)
{
	struct pg_map_rule rule = rule_of(policy);
	struct pg_map_policy_half half = { 0 };
	union pg_map_key key = {
		.policy = {
			.subject = policy->subject.n,
			.peer = policy->peer.n,
			.port = policy->port,
			.port_bits = policy->port_bits,
			.proto = policy->proto.n,
			.direction = (uint8_t)policy->direction,
		},
	};
	int err = 0;

	if (change->desired) {
		half.verdict = (uint8_t)policy->verdict;
		err = pg_slots_use(&commit->pins, &commit->slots, &rule, &half.slot);
	}
	return err ? err : pg_stage_put(&commit->stage, PG_MAP_POLICY, &key, &half, change->live);
}

/* Finds or makes the slots of all rules of the policy, also of those that don't change. */
static int use_slots(struct pg_commit *commit)
{
	pg_array_foreach(object, &commit->desired->list) {
		struct pg_change change = { .kind = PG_CHANGE_ADD, .desired = object };
		struct pg_map_rule rule;
		struct pg_map_entry entry;
		uint32_t slot;
		int err = pg_map_entry_read(object, &entry);

		if (!err && entry.kind != PG_ENTRY_POLICY)
			continue;
		if (!err) {
			rule = rule_of(&entry.policy);
			err = pg_slots_use(&commit->pins, &commit->slots, &rule, &slot);
		}
		if (err)
			return report_entry(commit, &change, err);
	}
	return 0;
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
	case PG_ENTRY_UNFINISHED: /* seen to already */
		return 0;
	}
	return -EINVAL;
}

int pg_commit_stage_policy(struct pg_commit *commit)
{
	int err = use_slots(commit);

	if (err)
		return err;
	pg_array_foreach(change, &commit->diff->changes) {
		err = stage_change(commit, change);
		if (err)
			return report_entry(commit, change, err);
	}
	return 0;
}
