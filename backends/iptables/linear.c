// SPDX-License-Identifier: GPL-2.0-only
/* Every pair of addresses its own rule. */
#include "backends/iptables/builder.h"

static int add_pairs(struct pg_ipt_builder *builder, size_t chain,
		     const struct pg_verdict_entry *entry, const struct pg_prefix *subject,
		     const struct pg_ipt_prefixes *blocks)
{
	pg_array_foreach(block, &blocks->list) {
		struct pg_tree_rule pattern = { 0 };
		int err;

		*pg_ipt_subject_of(&pattern, entry->direction) = *subject;
		*pg_ipt_peer_of(&pattern, entry->direction) = *block;
		err = pg_ipt_add_entry(builder, chain, &pattern, entry);
		if (err)
			return err;
	}
	return 0;
}

/* While counting, one address stands for all of the subject's: a product of addresses may be huge. */
static int add_entry(struct pg_ipt_builder *builder, size_t chain,
		     const struct pg_verdict_entry *entry)
{
	_cleanup_prefixes_ struct pg_ipt_prefixes blocks = { 0 };
	const struct pg_ipt_address *subjects;
	size_t count;
	int err = pg_ipt_peers_blocks(&builder->peers, builder->intent->table, entry, &blocks);

	if (err)
		return err;
	subjects = pg_ipt_peers_addresses(&builder->peers, entry->subject, &count);
	if (builder->counting && count)
		pg_ipt_count_rules(builder, count - 1,
				   blocks.list.count * pg_ipt_count_types(builder, entry));
	if (builder->counting)
		count = PG_MIN(count, (size_t)1);
	for (size_t i = 0; i < count && !err; i++)
		err = add_pairs(builder, chain, entry, &subjects[i].prefix, &blocks);
	return err;
}

static int add_entries(struct pg_ipt_builder *builder, const struct pg_ipt_section *section,
		       size_t chain, const struct pg_subject *subject)
{
	size_t count;
	const struct pg_verdict_entry *slice = pg_verdict_table_slice(
		builder->intent->table, subject->id, section->direction, &count);
	_cleanup_free_ const struct pg_verdict_entry **sorted = NULL;

	if (!count)
		return 0;
	sorted = reallocarray(NULL, count, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &slice[i];
	qsort(sorted, count, sizeof(*sorted), pg_ipt_compare_entries);
	for (size_t i = 0; i < count; i++) {
		int err = 0;

		if (pg_ipt_belongs(section, sorted[i]->peer))
			err = add_entry(builder, chain, sorted[i]);
		if (err)
			return err;
	}
	return 0;
}

static int add_default_deny(struct pg_ipt_builder *builder, const struct pg_ipt_section *section,
			    size_t chain, const struct pg_subject *subject)
{
	const struct pg_ipt_address *addresses;
	size_t count;

	if (!subject->enforced[section->direction])
		return 0;
	addresses = pg_ipt_peers_addresses(&builder->peers, subject->id, &count);
	for (size_t i = 0; i < count; i++) {
		struct pg_tree_rule pattern = { 0 };
		int err;

		*pg_ipt_subject_of(&pattern, section->direction) = addresses[i].prefix;
		err = pg_ipt_add_default_deny(builder, chain, &pattern);
		if (err)
			return err;
	}
	return 0;
}

static int fill(struct pg_ipt_builder *builder, const struct pg_ipt_section *section, size_t chain)
{
	pg_array_foreach(subject, &builder->intent->table->subjects) {
		int err = add_entries(builder, section, chain, subject);

		if (!err)
			err = add_default_deny(builder, section, chain, subject);
		if (err)
			return err;
	}
	return 0;
}

/* Sends packets whose peer is an endpoint or a host to the chain of those. */
static int dispatch(struct pg_ipt_builder *builder, enum pg_direction direction, size_t chain,
		    const char *to)
{
	struct pg_tree_rule rule = { .target = PG_TARGET_GOTO };

	snprintf(rule.chain, sizeof(rule.chain), "%s", to);
	pg_array_foreach(address, &builder->peers.managed) {
		int err;

		*pg_ipt_peer_of(&rule, direction) = address->prefix;
		err = pg_ipt_add_rule(builder, chain, &rule);
		if (err)
			return err;
	}
	return 0;
}

static int fill_direction(struct pg_ipt_builder *builder, enum pg_direction direction,
			  const char *name, const char *managed_name)
{
	struct pg_ipt_section section = { direction, .world = true, .managed = true };
	const struct pg_ipt_section managed = { direction, .managed = true };
	size_t chain, managed_chain;
	int err = pg_ipt_add_chain(builder, name, &chain);

	if (err || !builder->split[direction])
		return err ? err : fill(builder, &section, chain);
	section.managed = false;
	err = pg_ipt_add_chain(builder, managed_name, &managed_chain);
	if (!err)
		err = dispatch(builder, direction, chain, managed_name);
	if (!err)
		err = fill(builder, &managed, managed_chain);
	return err ? err : fill(builder, &section, chain);
}

int pg_linear_judge(struct pg_ipt_builder *builder)
{
	int err = fill_direction(builder, PG_EGRESS, PG_CHAIN_EGRESS, PG_CHAIN_EGRESS_EP);

	return err ? err
		   : fill_direction(builder, PG_INGRESS, PG_CHAIN_INGRESS, PG_CHAIN_INGRESS_EP);
}
