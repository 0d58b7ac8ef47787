// SPDX-License-Identifier: GPL-2.0-only
#include "backends/nftables/stray.h"

void pg_nftables_strays_done(struct pg_nftables_strays *strays)
{
	pg_diff_done(&strays->diff);
	pg_objects_done(&strays->wanted);
	pg_objects_done(&strays->live);
}

/* The comment of a rule: type, length, text. */
static int read_meta(struct nftnl_rule *rule, struct pg_nftables_meta *ret_meta)
{
	uint32_t length = 0;
	const char *bytes = nftnl_rule_get_data(rule, NFTNL_RULE_USERDATA, &length);
	char text[PG_NFTABLES_META_MAX];

	if (!bytes || length < 3)
		return -ENOENT;
	snprintf(text, sizeof(text), "%.*s", (int)length - 2, bytes + 2);
	return pg_nftables_meta_parse(text, ret_meta) ? -ENOENT : 0;
}

int pg_nftables_find_meta(const struct pg_objects *objects, struct pg_nftables_meta *ret_meta)
{
	int err = -ENOENT;

	pg_array_foreach(object, &objects->list) {
		struct pg_nftables_item item;
		struct nftnl_rule *rule;

		if (pg_nftables_item(object, &item) || item.rank != PG_RANK_RULE ||
		    strcmp(item.name, PG_NFTABLES_META) != 0)
			continue;
		rule = pg_nftables_read_rule(object);
		if (!rule)
			return -ENOMEM;
		err = read_meta(rule, ret_meta);
		nftnl_rule_free(rule);
	}
	return err;
}

static bool is_kind(const struct pg_object *object)
{
	enum pg_nftables_rank rank = *(const uint8_t *)object->key;

	return rank == PG_RANK_CHAIN || rank == PG_RANK_RULE || rank == PG_RANK_FOREIGN;
}

static int copy(const struct pg_objects *from, struct pg_objects *to)
{
	pg_array_foreach(object, &from->list) {
		int err = is_kind(object) ? pg_objects_add(to, object->key, object->key_length,
							   object->value, object->value_length,
							   object->origin)
					  : 0;

		if (err)
			return err;
	}
	return pg_objects_sort(to);
}

static int make_wanted(const struct pg_objects *live, const struct pg_nftables_meta *meta,
		       struct pg_objects *wanted)
{
	static const struct pg_endpoints no_endpoints;
	_cleanup_objects_ struct pg_objects all = { 0 };
	struct pg_intent intent = { .endpoints = &no_endpoints,
				    .host_policy = meta->host_policy,
				    .on_revoke = meta->on_revoke };
	struct pg_nftables_uses uses = pg_nftables_find_uses(live);
	int err;

	memcpy(intent.digest, meta->digest, sizeof(intent.digest));
	err = pg_nftables_plan_chains(&intent, &uses, &all);
	if (!err)
		err = pg_nftables_plan_guard(&intent, &all);
	return err ?: copy(&all, wanted);
}

int pg_nftables_find_strays(const struct pg_objects *live, struct pg_nftables_strays *ret_strays)
{
	_cleanup_strays_ struct pg_nftables_strays strays = { 0 };
	struct pg_nftables_meta meta;
	int err = pg_nftables_find_meta(live, &meta);

	if (!err)
		err = make_wanted(live, &meta, &strays.wanted);
	if (!err)
		err = copy(live, &strays.live);
	if (!err)
		err = pg_diff_make(&strays.wanted, &strays.live, &strays.diff);
	if (err)
		return err;
	*ret_strays = strays;
	strays = (struct pg_nftables_strays){ 0 };
	return 0;
}
