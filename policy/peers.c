// SPDX-License-Identifier: GPL-2.0-only
/* From selectors, CIDRs and entities to identities. */
#include "policy/peers.h"

void pg_peer_finder_done(struct pg_peer_finder *finder)
{
	pg_label_index_done(&finder->labels);
	free(finder->cidrs.items);
	*finder = (struct pg_peer_finder){ 0 };
}

void pg_peer_sets_done(struct pg_peer_sets *sets)
{
	pg_selection_done(&sets->endpoints.list);
	pg_selection_done(&sets->others.list);
	*sets = (struct pg_peer_sets){ 0 };
}

static int compare_places(const void *a, const void *b)
{
	const struct pg_cidr_place *left = a, *right = b;

	return pg_prefix_compare(&left->prefix, &right->prefix);
}

static int collect_cidrs(struct pg_peer_finder *finder)
{
	for (uint32_t i = 0; i < finder->identities->list.count; i++) {
		const struct pg_identity_info *info = &finder->identities->list.items[i];
		struct pg_cidr_place *place;

		if (!info->cidr.addr.family)
			continue;
		place = pg_array_add(&finder->cidrs);
		if (!place)
			return -ENOMEM;
		*place = (struct pg_cidr_place){ info->cidr, i };
	}
	if (finder->cidrs.count)
		qsort(finder->cidrs.items, finder->cidrs.count, sizeof(struct pg_cidr_place),
		      compare_places);
	return 0;
}

int pg_peer_finder_make(const struct pg_identities *identities, struct pg_peer_finder *ret_finder)
{
	_cleanup_peer_finder_ struct pg_peer_finder finder = { .identities = identities };
	int err = pg_label_index_make(identities, &finder.labels);

	err = err ?: collect_cidrs(&finder);
	if (err)
		return err;
	*ret_finder = finder;
	finder = (struct pg_peer_finder){ 0 };
	return 0;
}

static const struct pg_identity_info *info_of(const struct pg_peer_finder *finder,
					      uint32_t identity)
{
	return &finder->identities->list.items[identity];
}

static int add_all(const struct pg_peer_finder *finder, struct pg_selection *list)
{
	int err = 0;

	for (uint32_t i = 0; i < finder->identities->list.count && !err; i++)
		err = pg_selection_add(list, i);
	return err;
}

static bool is_entity(const struct pg_identity_info *info, unsigned int entities)
{
	bool node = info->id.n == PG_IDENTITY_HOST.n || info->id.n == PG_IDENTITY_REMOTE_NODE.n;

	if (info->id.n == PG_IDENTITY_HOST.n && (entities & PG_ENTITY_HOST))
		return true;
	if (info->id.n == PG_IDENTITY_REMOTE_NODE.n && (entities & PG_ENTITY_REMOTE_NODE))
		return true;
	if (pg_identity_is_world(info->id))
		return entities & PG_ENTITY_WORLD;
	return (entities & PG_ENTITY_CLUSTER) && (node || pg_identity_is_cluster(info->id));
}

static int add_entities(const struct pg_peer_finder *finder, unsigned int entities,
			struct pg_peer_set *set)
{
	int err = 0;

	if (entities & PG_ENTITY_ALL)
		set->everybody = true;
	if (!(entities &
	      (PG_ENTITY_WORLD | PG_ENTITY_HOST | PG_ENTITY_REMOTE_NODE | PG_ENTITY_CLUSTER)))
		return 0;
	for (uint32_t i = 0; i < finder->identities->list.count && !err; i++) {
		if (is_entity(info_of(finder, i), entities))
			err = pg_selection_add(&set->list, i);
	}
	return err;
}

/* The place in finder->cidrs of the first prefix that is not before this one. */
static size_t find_cidr(const struct pg_peer_finder *finder, const struct pg_prefix *prefix)
{
	size_t low = 0, high = finder->cidrs.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pg_prefix_compare(&finder->cidrs.items[middle].prefix, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_excepted(const struct pg_cidr *cidr, const struct pg_prefix *prefix)
{
	pg_array_foreach(except, &cidr->except) {
		if (pg_prefix_covers(except, prefix))
			return true;
	}
	return false;
}

/*
 * Each prefix that the policy names is an identity, so those inside a CIDR and outside its exceptions
 * make up exactly its addresses. In order they follow the CIDR itself without a gap.
 */
static int add_cidr(const struct pg_peer_finder *finder, const struct pg_cidr *cidr,
		    struct pg_peer_set *set)
{
	for (size_t i = find_cidr(finder, &cidr->prefix); i < finder->cidrs.count; i++) {
		const struct pg_cidr_place *place = &finder->cidrs.items[i];

		if (!pg_prefix_covers(&cidr->prefix, &place->prefix))
			break;
		if (!is_excepted(cidr, &place->prefix) &&
		    pg_selection_add(&set->list, place->identity))
			return -ENOMEM;
	}
	return 0;
}

static int add_selector(const struct pg_peer_finder *finder, const struct pg_selector *selector,
			struct pg_peer_set *set)
{
	_cleanup_selection_ struct pg_selection selection = { 0 };
	int err;

	if (pg_selector_is_wildcard(selector)) {
		set->everybody = true;
		return 0;
	}
	err = pg_label_index_select(&finder->labels, selector, &selection);
	pg_array_foreach(identity, &selection.list)
		err = err ?: pg_selection_add(&set->list, *identity);
	return err;
}

static bool meets(const struct pg_identity_info *info, const struct pg_peers *peers)
{
	pg_array_foreach(selector, &peers->requires) {
		if (!pg_selector_matches(selector, &info->labels))
			return false;
	}
	return true;
}

static bool has_wildcard(const struct pg_peers *peers)
{
	pg_array_foreach(selector, &peers->endpoints) {
		if (pg_selector_is_wildcard(selector))
			return true;
	}
	return false;
}

static bool is_anybody(const struct pg_peers *peers)
{
	return peers->l3 == PG_L3_ANY || (peers->entities & PG_ENTITY_ALL);
}

bool pg_peers_endpoints_everybody(const struct pg_peers *peers)
{
	return !peers->requires.count && has_wildcard(peers);
}

bool pg_peers_others_everybody(const struct pg_peers *peers)
{
	return !peers->requires.count && is_anybody(peers);
}

static bool is_selected(const struct pg_peers *peers, const struct pg_identity_info *info)
{
	pg_array_foreach(selector, &peers->endpoints) {
		if (pg_selector_matches(selector, &info->labels))
			return true;
	}
	return false;
}

static bool is_other(const struct pg_peers *peers, const struct pg_identity_info *info)
{
	if (is_anybody(peers) || is_entity(info, peers->entities))
		return true;
	pg_array_foreach(cidr, &peers->cidrs) {
		if (info->cidr.addr.family && pg_prefix_covers(&cidr->prefix, &info->cidr) &&
		    !is_excepted(cidr, &info->cidr))
			return true;
	}
	return false;
}

bool pg_peers_endpoints_list(const struct pg_peers *peers, const struct pg_identity_info *info)
{
	return !pg_peers_endpoints_everybody(peers) && is_selected(peers, info) &&
	       meets(info, peers);
}

bool pg_peers_others_list(const struct pg_peers *peers, const struct pg_identity_info *info)
{
	return !pg_peers_others_everybody(peers) && is_other(peers, info) && meets(info, peers);
}

/* Leaves in a set who meets the entry's own requirements, each once. */
static int finish_set(const struct pg_peer_finder *finder, const struct pg_peers *peers,
		      struct pg_peer_set *set)
{
	size_t kept = 0;

	if (set->everybody && !peers->requires.count) {
		set->list.list.count = 0;
		return 0;
	}
	if (set->everybody && add_all(finder, &set->list))
		return -ENOMEM;
	set->everybody = false;
	pg_selection_sort(&set->list);
	pg_array_foreach(identity, &set->list.list) {
		if (meets(info_of(finder, *identity), peers))
			set->list.list.items[kept++] = *identity;
	}
	set->list.list.count = kept;
	return 0;
}

int pg_peers_find(const struct pg_peer_finder *finder, const struct pg_peers *peers,
		  struct pg_peer_sets *ret_sets)
{
	_cleanup_peer_sets_ struct pg_peer_sets sets = { 0 };
	int err = 0;

	sets.others.everybody = peers->l3 == PG_L3_ANY;
	pg_array_foreach(selector, &peers->endpoints)
		err = err ?: add_selector(finder, selector, &sets.endpoints);
	pg_array_foreach(cidr, &peers->cidrs)
		err = err ?: add_cidr(finder, cidr, &sets.others);
	err = err ?: add_entities(finder, peers->entities, &sets.others);
	err = err ?: finish_set(finder, peers, &sets.endpoints);
	err = err ?: finish_set(finder, peers, &sets.others);
	if (err)
		return err;
	*ret_sets = sets;
	sets = (struct pg_peer_sets){ 0 };
	return 0;
}
