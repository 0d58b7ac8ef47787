// SPDX-License-Identifier: GPL-2.0-only
/* Numbers for label sets and CIDRs, and from addresses to them. */
#include "policy/identity.h"

#include "policy/number.h"

static void info_done(struct pg_identity_info *info)
{
	pg_labels_done(&info->labels);
	free(info->endpoints.items);
}

void pg_identities_done(struct pg_identities *identities)
{
	pg_array_foreach(info, &identities->list)
		info_done(info);
	free(identities->list.items);
	free(identities->addresses.items);
	free(identities->endpoint_ids.items);
	*identities = (struct pg_identities){ 0 };
}

/* An endpoint's index with its labels, to be sorted by labels. */
struct member {
	const struct pg_labels *labels;
	uint32_t endpoint;
};

static int compare_members(const void *a, const void *b)
{
	const struct member *left = a, *right = b;
	int order = pg_labels_compare(left->labels, right->labels);

	return order ? order
		     : (left->endpoint > right->endpoint) - (left->endpoint < right->endpoint);
}

static struct member *sort_members(const struct pg_endpoints *endpoints)
{
	size_t count = endpoints->list.count;
	struct member *members = calloc(count + 1, sizeof(*members));

	if (!members)
		return NULL;
	for (size_t i = 0; i < count; i++)
		members[i] = (struct member){ &endpoints->list.items[i].labels, (uint32_t)i };
	qsort(members, count, sizeof(*members), compare_members);
	return members;
}

static struct pg_identity_info *add_info(struct pg_identities *identities, pg_identity id)
{
	struct pg_identity_info *info = pg_array_add(&identities->list);

	if (info)
		info->id = id;
	return info;
}

static int add_member(struct pg_identity_info *info, uint32_t endpoint)
{
	uint32_t *index = pg_array_add(&info->endpoints);

	if (!index)
		return -ENOMEM;
	*index = endpoint;
	return 0;
}

/* An identity, still without a number, for each distinct label set, in the order of the sets. */
static int add_label_sets(struct pg_identities *identities, const struct pg_endpoints *endpoints)
{
	_cleanup_free_ struct member *members = sort_members(endpoints);
	struct pg_identity_info *info = NULL;
	int err = members ? 0 : -ENOMEM;

	for (size_t i = 0; i < endpoints->list.count && !err; i++) {
		if (!i || pg_labels_compare(members[i - 1].labels, members[i].labels)) {
			info = add_info(identities, PG_IDENTITY_ANY);
			if (!info)
				return -ENOMEM;
			err = pg_labels_copy(members[i].labels, &info->labels);
		}
		err = err ?: add_member(info, members[i].endpoint);
	}
	return err;
}

/* Gives a number between `first` and `last` to each identity from the list's `start` on. */
static int number(struct pg_identities *identities, size_t start, uint32_t first, uint32_t last)
{
	size_t count = identities->list.count - start;
	uint32_t range = last - first + 1;
	_cleanup_free_ struct pg_number_slot *slots = calloc(count + 1, sizeof(*slots));
	_cleanup_free_ uint32_t *numbers = calloc(count + 1, sizeof(*numbers));
	int err;

	if (count > range)
		return -E2BIG;
	if (!slots || !numbers)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct pg_identity_info *info = &identities->list.items[start + i];
		uint64_t hash = info->cidr.addr.family ? pg_hash_prefix(&info->cidr)
						       : pg_hash_labels(&info->labels);

		slots[i] = (struct pg_number_slot){ pg_number_home(hash, range), (uint32_t)i };
	}
	err = pg_numbers_place(slots, count, range, numbers);
	for (size_t i = 0; i < count && !err; i++)
		identities->list.items[start + i].id.n = first + numbers[i];
	return err;
}

struct prefixes {
	struct pg_array(struct pg_prefix) list;
};

static void prefixes_done(struct prefixes *prefixes)
{
	free(prefixes->list.items);
}

static int add_prefix(struct prefixes *prefixes, const struct pg_prefix *prefix)
{
	struct pg_prefix *added = pg_array_add(&prefixes->list);

	if (!added)
		return -ENOMEM;
	*added = *prefix;
	return 0;
}

static int collect_entry_prefixes(const struct pg_entry *entry, struct prefixes *prefixes)
{
	int err = 0;

	pg_array_foreach(cidr, &entry->peers.cidrs) {
		err = err ?: add_prefix(prefixes, &cidr->prefix);
		pg_array_foreach(except, &cidr->except)
			err = err ?: add_prefix(prefixes, except);
	}
	return err;
}

static int compare_prefixes(const void *a, const void *b)
{
	return pg_prefix_compare(a, b);
}

/* Each prefix that the policy names, `except` included, once and in order. */
static int collect_prefixes(const struct pg_policy *policy, struct prefixes *prefixes)
{
	struct pg_prefix *list;
	size_t kept = 0;
	int err = 0;

	pg_array_foreach(rule, &policy->rules) {
		pg_array_foreach(entry, &rule->entries)
			err = err ?: collect_entry_prefixes(entry, prefixes);
	}
	if (err || !prefixes->list.count)
		return err;
	list = prefixes->list.items;
	qsort(list, prefixes->list.count, sizeof(*list), compare_prefixes);
	for (size_t i = 1; i < prefixes->list.count; i++) {
		if (pg_prefix_compare(&list[kept], &list[i]))
			list[++kept] = list[i];
	}
	prefixes->list.count = kept + 1;
	return 0;
}

int pg_identity_cidr_labels(struct pg_labels *labels, const struct pg_prefix *const *covering,
			    size_t count)
{
	char text[PG_PREFIX_TEXT_MAX];
	int err = pg_labels_add(labels, "reserved", "world", "");

	for (size_t i = 0; i < count && !err; i++)
		err = pg_labels_add(labels, "cidr", pg_prefix_format(covering[i], text), "");
	pg_labels_sort(labels);
	return err;
}

/* In pg_prefix_compare()'s order a prefix comes after all that cover it: a stack holds those. */
static int add_cidrs(struct pg_identities *identities, const struct prefixes *prefixes)
{
	const struct pg_prefix *covering[129];
	size_t depth = 0;

	pg_array_foreach(prefix, &prefixes->list) {
		struct pg_identity_info *info = add_info(identities, PG_IDENTITY_ANY);
		int err;

		if (!info)
			return -ENOMEM;
		while (depth && !pg_prefix_covers(covering[depth - 1], prefix))
			depth--;
		covering[depth++] = prefix;
		info->cidr = *prefix;
		err = pg_identity_cidr_labels(&info->labels, covering, depth);
		if (err)
			return err;
	}
	return 0;
}

static int add_reserved(struct pg_identities *identities)
{
	static const struct {
		pg_identity id;
		const char *key;
	} reserved[] = {
		{ PG_IDENTITY_HOST, "host" },
		{ PG_IDENTITY_WORLD, "world" },
		{ PG_IDENTITY_REMOTE_NODE, "remote-node" },
	};

	for (size_t i = 0; i < PG_COUNT(reserved); i++) {
		struct pg_identity_info *info = add_info(identities, reserved[i].id);
		int err = info ? pg_labels_add(&info->labels, "reserved", reserved[i].key, "")
			       : -ENOMEM;

		if (err)
			return err;
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct pg_identity_info *left = a, *right = b;

	return (left->id.n > right->id.n) - (left->id.n < right->id.n);
}

static int add_identities(struct pg_identities *identities, const struct pg_endpoints *endpoints,
			  const struct pg_policy *policy)
{
	PG_CLEANUP(prefixes_done) struct prefixes prefixes = { 0 };
	size_t sets, cidrs;
	int err = add_reserved(identities);

	sets = identities->list.count;
	err = err ?: add_label_sets(identities, endpoints);
	err = err ?: number(identities, sets, PG_IDENTITY_FIRST_CLUSTER, PG_IDENTITY_LAST_CLUSTER);
	if (err)
		return err;
	cidrs = identities->list.count;
	err = collect_prefixes(policy, &prefixes);
	err = err ?: add_cidrs(identities, &prefixes);
	err = err
		      ?: number(identities, cidrs, PG_IDENTITY_CIDR_FLAG | 1,
				PG_IDENTITY_CIDR_FLAG | (PG_IDENTITY_CIDR_FLAG - 1));
	if (!err)
		qsort(identities->list.items, identities->list.count,
		      sizeof(struct pg_identity_info), compare_ids);
	return err;
}

static int add_endpoint_ids(struct pg_identities *identities, size_t endpoints)
{
	for (size_t i = 0; i < endpoints; i++) {
		pg_identity *id = pg_array_add(&identities->endpoint_ids);

		if (!id)
			return -ENOMEM;
	}
	pg_array_foreach(info, &identities->list) {
		pg_array_foreach(endpoint, &info->endpoints)
			identities->endpoint_ids.items[*endpoint] = info->id;
	}
	return 0;
}

static int add_address(struct pg_identities *identities, const struct pg_prefix *prefix,
		       pg_identity id, uint32_t endpoint)
{
	struct pg_address *address;

	if (!prefix->addr.family)
		return 0;
	address = pg_array_add(&identities->addresses);
	if (!address)
		return -ENOMEM;
	*address = (struct pg_address){ .prefix = *prefix, .id = id, .endpoint = endpoint };
	return 0;
}

static int add_host_address(struct pg_identities *identities, const struct pg_addr *addr,
			    pg_identity id, uint32_t endpoint)
{
	struct pg_prefix prefix = pg_prefix_of(addr, pg_addr_bits(addr));

	return add_address(identities, &prefix, id, endpoint);
}

/* Who has a prefix that several could claim: an endpoint, the host, a remote node, a CIDR. */
static int address_rank(const struct pg_address *address)
{
	if (address->endpoint)
		return 0;
	return address->id.n == PG_IDENTITY_HOST.n ? 1 : pg_identity_is_cidr(address->id) ? 3 : 2;
}

static int compare_addresses(const void *a, const void *b)
{
	const struct pg_address *left = a, *right = b;
	int order = pg_prefix_compare(&left->prefix, &right->prefix);

	return order ? order : address_rank(left) - address_rank(right);
}

static void sort_addresses(struct pg_identities *identities)
{
	struct pg_address *list = identities->addresses.items;
	size_t kept = 0;

	if (!identities->addresses.count)
		return;
	qsort(list, identities->addresses.count, sizeof(*list), compare_addresses);
	for (size_t i = 1; i < identities->addresses.count; i++) {
		if (pg_prefix_compare(&list[kept].prefix, &list[i].prefix))
			list[++kept] = list[i];
	}
	identities->addresses.count = kept + 1;
}

static int add_addresses(struct pg_identities *identities, const struct pg_endpoints *endpoints)
{
	int err = 0;

	for (uint32_t i = 0; i < endpoints->list.count && !err; i++) {
		const struct pg_endpoint *endpoint = &endpoints->list.items[i];
		pg_identity id = identities->endpoint_ids.items[i];

		err = add_host_address(identities, &endpoint->ipv4, id, i + 1);
		err = err ?: add_host_address(identities, &endpoint->ipv6, id, i + 1);
	}
	pg_array_foreach(addr, &endpoints->host_addrs)
		err = err ?: add_host_address(identities, addr, PG_IDENTITY_HOST, 0);
	pg_array_foreach(addr, &endpoints->remote_node_addrs)
		err = err ?: add_host_address(identities, addr, PG_IDENTITY_REMOTE_NODE, 0);
	pg_array_foreach(info, &identities->list) {
		if (info->cidr.addr.family)
			err = err ?: add_address(identities, &info->cidr, info->id, 0);
	}
	if (!err)
		sort_addresses(identities);
	return err;
}

int pg_identities_make(const struct pg_endpoints *endpoints, const struct pg_policy *policy,
		       struct pg_identities *ret_identities)
{
	_cleanup_identities_ struct pg_identities identities = { 0 };
	int err = add_identities(&identities, endpoints, policy);

	err = err ?: add_endpoint_ids(&identities, endpoints->list.count);
	err = err ?: add_addresses(&identities, endpoints);
	if (err)
		return err;
	*ret_identities = identities;
	identities = (struct pg_identities){ 0 };
	return 0;
}

const struct pg_identity_info *pg_identities_get(const struct pg_identities *identities,
						 pg_identity id)
{
	const struct pg_identity_info wanted = { .id = id };

	if (!identities->list.count)
		return NULL;
	return bsearch(&wanted, identities->list.items, identities->list.count, sizeof(wanted),
		       compare_ids);
}

static int compare_address_prefix(const void *prefix, const void *address)
{
	return pg_prefix_compare(prefix, &((const struct pg_address *)address)->prefix);
}

const struct pg_address *pg_identities_find_addr(const struct pg_identities *identities,
						 const struct pg_addr *addr)
{
	const struct pg_address *list = identities->addresses.items;

	if (!addr->family || !identities->addresses.count)
		return NULL;
	for (int length = pg_addr_bits(addr); length >= 0; length--) {
		struct pg_prefix prefix = pg_prefix_of(addr, (uint8_t)length);
		const struct pg_address *found = bsearch(&prefix, list, identities->addresses.count,
							 sizeof(*list), compare_address_prefix);

		if (found)
			return found;
	}
	return NULL;
}

pg_identity pg_identities_of_addr(const struct pg_identities *identities,
				  const struct pg_addr *addr)
{
	const struct pg_address *found = pg_identities_find_addr(identities, addr);

	return found ? found->id : PG_IDENTITY_WORLD;
}
