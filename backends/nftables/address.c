// SPDX-License-Identifier: GPL-2.0-only
/* Who has which address: endpoints and hosts by themselves, all others in intervals. */
#include "backends/nftables/layout.h"

#include <linux/netfilter.h>

struct names {
	char subjects[PG_NFTABLES_NAME_MAX], peers[PG_NFTABLES_NAME_MAX],
		cidrs[PG_NFTABLES_NAME_MAX];
};

static struct names names_of(uint8_t family)
{
	struct names names;

	snprintf(names.subjects, sizeof(names.subjects), "subjects%d", family);
	snprintf(names.peers, sizeof(names.peers), "peers%d", family);
	snprintf(names.cidrs, sizeof(names.cidrs), "cidrs%d", family);
	return names;
}

static int add_address(struct pg_objects *objects, const char *map,
		       const struct pg_address *address, uint8_t kind)
{
	struct pg_nftables_value value = { .kind = kind, .id = address->id };
	struct pg_nftables_key key = { 0 };

	pg_nftables_key_add(&key, address->prefix.addr.bytes,
			    pg_addr_bits(&address->prefix.addr) / 8);
	return pg_nftables_add_element(objects, NFPROTO_INET, map, &key, &value, PG_ORIGIN_NONE);
}

static int plan_managed(const struct pg_intent *intent, const struct names *names, uint8_t family,
			struct pg_objects *objects)
{
	pg_array_foreach(address, &intent->identities->addresses) {
		int err;

		if (address->prefix.addr.family != family || pg_identity_is_world(address->id))
			continue;
		err = add_address(objects, names->peers, address, PG_TYPE_MARK);
		if (!err && address->endpoint)
			err = add_address(objects, names->subjects, address, PG_TYPE_CLASSID);
		if (err)
			return err;
	}
	return 0;
}

static int add_bound(struct pg_objects *objects, const char *map, const uint8_t *first,
		     size_t length, bool end, pg_identity id)
{
	struct pg_nftables_value value = { .kind = end ? PG_TYPE_NONE : PG_TYPE_MARK, .id = id };
	struct pg_nftables_key key = { 0 };
	uint8_t flag = !end;

	pg_nftables_key_add(&key, first, length);
	pg_nftables_key_add(&key, &flag, sizeof(flag));
	return pg_nftables_add_element(objects, NFPROTO_INET, map, &key, &value, PG_ORIGIN_NONE);
}

/* The last interval has no end: there is no address behind it. */
static int plan_others(const struct pg_intent *intent, const struct names *names, uint8_t family,
		       struct pg_objects *objects)
{
	_cleanup_intervals_ struct pg_nftables_intervals intervals = { 0 };
	size_t length = family == 4 ? 4 : 16;
	int err = pg_nftables_flatten(intent->identities, family, &intervals);

	for (size_t i = 0; i < intervals.list.count && !err; i++) {
		const struct pg_nftables_interval *one = &intervals.list.items[i];

		if (i)
			err = add_bound(objects, names->cidrs, one->first, length, true,
					PG_IDENTITY_ANY);
		if (!err)
			err = add_bound(objects, names->cidrs, one->first, length, false, one->id);
	}
	return err;
}

static int plan_family(const struct pg_intent *intent, uint8_t family, struct pg_objects *objects)
{
	uint8_t type = family == 4 ? PG_TYPE_IPV4 : PG_TYPE_IPV6;
	const struct pg_nftables_set subjects = { .key = { type }, .data = PG_TYPE_CLASSID };
	const struct pg_nftables_set peers = { .key = { type }, .data = PG_TYPE_MARK };
	const struct pg_nftables_set cidrs = { .key = { type },
					       .data = PG_TYPE_MARK,
					       .interval = true };
	struct names names = names_of(family);
	int err = pg_nftables_add_set(objects, NFPROTO_INET, names.subjects, &subjects);

	if (!err)
		err = pg_nftables_add_set(objects, NFPROTO_INET, names.peers, &peers);
	if (!err)
		err = pg_nftables_add_set(objects, NFPROTO_INET, names.cidrs, &cidrs);
	if (!err)
		err = plan_managed(intent, &names, family, objects);
	return err ?: plan_others(intent, &names, family, objects);
}

int pg_nftables_plan_addresses(const struct pg_intent *intent, struct pg_objects *objects)
{
	return plan_family(intent, 4, objects) ?: plan_family(intent, 6, objects);
}
