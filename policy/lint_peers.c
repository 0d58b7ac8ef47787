// SPDX-License-Identifier: GPL-2.0-only
/* Peers that nobody is, and entries that speak of nothing. */
#include "policy/example.h"
#include "policy/lint_part.h"
#include "policy/peers.h"

struct peer_checker {
	struct pg_linter *linter;
	struct pg_peer_finder finder;
	bool *inhabited; /* by index of the identity: somebody has it */
};

static void peer_checker_done(struct peer_checker *checker)
{
	pg_peer_finder_done(&checker->finder);
	free(checker->inhabited);
}

/* The host is always there. */
static bool is_inhabited(const struct pg_linter *linter, const struct pg_identity_info *info)
{
	struct pg_addr addr;

	if (info->endpoints.count || info->id.n == PG_IDENTITY_HOST.n)
		return true;
	if (info->id.n == PG_IDENTITY_REMOTE_NODE.n)
		return linter->endpoints->remote_node_addrs.count;
	return !pg_example_address(linter->identities, info->id, 4, &addr) ||
	       !pg_example_address(linter->identities, info->id, 6, &addr);
}

static int prepare(struct peer_checker *checker)
{
	const struct pg_identities *identities = checker->linter->identities;

	checker->inhabited = calloc(identities->list.count + 1, sizeof(bool));
	if (!checker->inhabited)
		return -ENOMEM;
	for (size_t i = 0; i < identities->list.count; i++)
		checker->inhabited[i] = is_inhabited(checker->linter, &identities->list.items[i]);
	return pg_peer_finder_make(identities, &checker->finder);
}

static bool has_inhabited(const struct peer_checker *checker, const struct pg_peer_set *set)
{
	pg_array_foreach(identity, &set->list.list) {
		if (checker->inhabited[*identity])
			return true;
	}
	return set->everybody;
}

static int find_somebody(const struct peer_checker *checker, const struct pg_peers *peers,
			 bool *ret_found)
{
	_cleanup_peer_sets_ struct pg_peer_sets sets = { 0 };
	int err = pg_peers_find(&checker->finder, peers, &sets);

	if (err)
		return err;
	*ret_found =
		has_inhabited(checker, &sets.endpoints) || has_inhabited(checker, &sets.others);
	return 0;
}

static int report(struct peer_checker *checker, enum pg_finding_kind kind, struct pg_loc loc,
		  struct pg_origin origin, const struct pg_selector *selector,
		  const struct pg_cidr *cidr)
{
	struct pg_finding *finding = pg_lint_add(checker->linter, kind, loc, origin);

	if (!finding)
		return -ENOMEM;
	finding->selector = selector;
	finding->cidr = cidr;
	return 0;
}

static int check_selector(struct peer_checker *checker, struct pg_origin origin,
			  struct pg_selector *selector, bool *all_found)
{
	const struct pg_peers peers = { .l3 = PG_L3_PEERS, .endpoints = { selector, 1, 1 } };
	bool impossible = pg_lint_is_impossible(selector), found;
	int err = find_somebody(checker, &peers, &found);

	if (err || found)
		return err;
	*all_found = false;
	return report(checker, impossible ? PG_FINDING_IMPOSSIBLE : PG_FINDING_NO_PEER,
		      selector->loc, origin, selector, NULL);
}

static int check_cidr(struct peer_checker *checker, struct pg_origin origin, struct pg_cidr *cidr,
		      bool *all_found)
{
	const struct pg_peers peers = { .l3 = PG_L3_PEERS, .cidrs = { cidr, 1, 1 } };
	bool found;
	int err = find_somebody(checker, &peers, &found);

	if (err || found)
		return err;
	*all_found = false;
	return report(checker, PG_FINDING_NO_PEER, cidr->loc, origin, NULL, cidr);
}

/* Each peer is somebody, and yet all of them together may not be. */
static int check_union(struct peer_checker *checker, struct pg_origin origin,
		       const struct pg_entry *entry)
{
	const struct pg_peers *peers = &entry->peers;
	enum pg_finding_kind kind = PG_FINDING_NO_PEER;
	bool found;
	int err = find_somebody(checker, peers, &found);

	/* Whoever writes the entity `none` means it. */
	if (err || found || peers->entities == PG_ENTITY_NONE)
		return err;
	if (peers->requires.count)
		kind = PG_FINDING_UNMET;
	else if (!peers->endpoints.count && !peers->cidrs.count && !peers->entities)
		kind = PG_FINDING_EMPTY_PEERS;
	return report(checker, kind, entry->loc, origin, NULL, NULL);
}

static int check_entry(struct peer_checker *checker, struct pg_origin origin,
		       const struct pg_entry *entry)
{
	bool all_found = true;
	int err = 0;

	pg_array_foreach(selector, &entry->peers.endpoints)
		err = err ?: check_selector(checker, origin, selector, &all_found);
	pg_array_foreach(cidr, &entry->peers.cidrs)
		err = err ?: check_cidr(checker, origin, cidr, &all_found);
	if (all_found)
		err = err ?: check_union(checker, origin, entry);
	if (entry->has_l4 && !entry->l4.count)
		err = err
			      ?: report(checker, PG_FINDING_EMPTY_PORTS, entry->loc, origin, NULL,
					NULL);
	return err;
}

int pg_lint_peers(struct pg_linter *linter)
{
	PG_CLEANUP(peer_checker_done) struct peer_checker checker = { .linter = linter };
	int err = prepare(&checker);

	for (uint32_t r = 1; r <= linter->policy->rules.count; r++) {
		const struct pg_rule *rule = &linter->policy->rules.items[r - 1];

		for (uint32_t e = 1; e <= rule->entries.count && !err; e++)
			err = check_entry(&checker, (struct pg_origin){ r, e },
					  &rule->entries.items[e - 1]);
	}
	return err;
}
