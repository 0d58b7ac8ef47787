// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets are sent on by their subject's address, then by their peer's, to the rules for just these
 * two. Peers of whom the policy says the same share a chain. In the layout "set", endpoints and hosts are
 * found in the sets of their identities; the world's addresses are told apart by rules in both.
 */
#include "backends/iptables/dispatch.h"
#include "backends/iptables/sets.h"

/* The names of one direction's chains. */
struct names {
	const char *judges, *managed, *world;
	const char *head; /* of what those lead to */
};

static const struct names names[PG_DIRECTIONS] = {
	[PG_EGRESS] = { PG_CHAIN_EGRESS, PG_CHAIN_EGRESS_EP, PG_CHAIN_EGRESS_W,
			PG_CHAIN_EGRESS_TREE },
	[PG_INGRESS] = { PG_CHAIN_INGRESS, PG_CHAIN_INGRESS_EP, PG_CHAIN_INGRESS_W,
			 PG_CHAIN_INGRESS_TREE },
};

/* The entries of a subject that are about one peer; nobody's: none. */
struct peer {
	pg_identity id;
	const struct pg_verdict_entry *entries;
	size_t count;
	pg_identity leader; /* the first peer with the same entries; NOBODY if there are none */
};

#define NOBODY        \
	(pg_identity) \
	{             \
		0     \
	}

/* One subject's part of a section. */
struct subject {
	struct pg_ipt_builder *builder;
	const struct pg_ipt_section *section;
	pg_identity id;
	bool enforced;
	const struct pg_verdict_entry *any; /* the entries about anybody */
	size_t any_count;
	struct pg_array(struct peer) peers; /* by number; those of the section with addresses */
	char stem[PG_IPT_STEM_MAX];
};

static void subject_done(struct subject *subject)
{
	free(subject->peers.items);
}

/* Whether rules can meet the peer in this section and family. */
static bool is_met(const struct subject *subject, pg_identity peer)
{
	size_t count;

	if (!pg_ipt_belongs(subject->section, peer))
		return false;
	if (pg_identity_is_world(peer))
		return pg_ipt_peers_is_world(&subject->builder->peers, peer);
	pg_ipt_peers_addresses(&subject->builder->peers, peer, &count);
	return count;
}

static int add_peer(struct subject *subject, const struct pg_verdict_entry *entries, size_t count)
{
	struct peer *added;

	if (entries->peer.n == PG_IDENTITY_ANY.n) {
		subject->any = entries;
		subject->any_count = count;
		return 0;
	}
	if (!is_met(subject, entries->peer))
		return 0;
	added = pg_array_add(&subject->peers);
	if (!added)
		return -ENOMEM;
	*added = (struct peer){ entries->peer, entries, count, entries->peer };
	return 0;
}

static int add_peers(struct subject *subject)
{
	size_t count, next;
	const struct pg_verdict_entry *slice = pg_verdict_table_slice(
		subject->builder->intent->table, subject->id, subject->section->direction, &count);

	for (size_t i = 0; i < count; i = next) {
		int err;

		for (next = i + 1; next < count && slice[next].peer.n == slice[i].peer.n; next++)
			;
		err = add_peer(subject, &slice[i], next - i);
		if (err)
			return err;
	}
	return 0;
}

static int compare_entries(const struct pg_verdict_entry *a, const struct pg_verdict_entry *b)
{
	int order = (a->proto.n > b->proto.n) - (a->proto.n < b->proto.n);

	if (!order)
		order = (a->first > b->first) - (a->first < b->first);
	if (!order)
		order = (a->last > b->last) - (a->last < b->last);
	if (!order)
		order = (a->verdict > b->verdict) - (a->verdict < b->verdict);
	return order ? order : pg_origin_compare(a->origin, b->origin);
}

static int compare_rows(const struct peer *a, const struct peer *b)
{
	int order = (a->count > b->count) - (a->count < b->count);

	for (size_t i = 0; i < a->count && !order; i++)
		order = compare_entries(&a->entries[i], &b->entries[i]);
	return order;
}

static int compare_peers(const void *a, const void *b)
{
	struct peer *const *left = a, *const *right = b;
	int order = compare_rows(*left, *right);

	return order ? order : ((*left)->id.n > (*right)->id.n) - ((*left)->id.n < (*right)->id.n);
}

static int find_leaders(struct subject *subject)
{
	size_t count = subject->peers.count;
	_cleanup_free_ struct peer **sorted = calloc(count + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &subject->peers.items[i];
	qsort(sorted, count, sizeof(struct peer *), compare_peers);
	for (size_t i = 1; i < count; i++) {
		if (!compare_rows(sorted[i - 1], sorted[i]))
			sorted[i]->leader = sorted[i - 1]->leader;
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct peer *left = a, *right = b;

	return (left->id.n > right->id.n) - (left->id.n < right->id.n);
}

static const struct peer *find_peer(const struct subject *subject, pg_identity id)
{
	static const struct peer nobody = { .leader = NOBODY };
	const struct peer wanted = { .id = id }, *found;

	if (!subject->peers.count)
		return &nobody;
	found = bsearch(&wanted, subject->peers.items, subject->peers.count, sizeof(wanted),
			compare_ids);
	return found ? found : &nobody;
}

static void name_chain(const struct subject *subject, pg_identity leader,
		       char name[PG_CHAIN_NAME_MAX])
{
	snprintf(name, PG_CHAIN_NAME_MAX, "%s-%u", subject->stem, leader.n);
}

static uint64_t count_entries(const struct subject *subject, const struct pg_verdict_entry *entries,
			      size_t count)
{
	uint64_t rules = 0;

	for (size_t i = 0; i < count; i++)
		rules += pg_ipt_count_types(subject->builder, &entries[i]);
	return rules;
}

/* What is said of a peer and of anybody, in the order in which it counts. */
static int add_rules(const struct subject *subject, const struct peer *peer, size_t chain)
{
	static const struct pg_tree_rule everything = { 0 };
	size_t count = subject->any_count + peer->count;
	_cleanup_free_ const struct pg_verdict_entry **sorted = calloc(count + 1, sizeof(*sorted));
	int err;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < subject->any_count; i++)
		sorted[i] = &subject->any[i];
	for (size_t i = 0; i < peer->count; i++)
		sorted[subject->any_count + i] = &peer->entries[i];
	qsort(sorted, count, sizeof(*sorted), pg_ipt_compare_entries);
	err = pg_ipt_add_entries(subject->builder, chain, sorted, count);
	if (!err && subject->enforced)
		err = pg_ipt_add_default_deny(subject->builder, chain, &everything);
	return err;
}

static int add_judge(const struct subject *subject, const struct peer *peer, uint64_t any_rules)
{
	char name[PG_CHAIN_NAME_MAX];
	size_t chain;
	int err;

	if (subject->builder->counting) {
		pg_ipt_count_rules(subject->builder, any_rules, 1);
		pg_ipt_count_rules(subject->builder,
				   count_entries(subject, peer->entries, peer->count), 1);
		return 0;
	}
	name_chain(subject, peer->leader, name);
	err = pg_ipt_add_chain(subject->builder, name, &chain);
	return err ? err : add_rules(subject, peer, chain);
}

/* The chains of rules: of each leader, and of nobody if packets are sent there. */
static int add_judges(const struct subject *subject, bool nobody_is_met)
{
	static const struct peer nobody = { .leader = NOBODY };
	uint64_t any_rules =
		count_entries(subject, subject->any, subject->any_count) + subject->enforced;
	int err = nobody_is_met ? add_judge(subject, &nobody, any_rules) : 0;

	pg_array_foreach(peer, &subject->peers) {
		if (!err && peer->leader.n == peer->id.n)
			err = add_judge(subject, peer, any_rules);
	}
	return err;
}

static int add_route(const struct subject *subject, struct pg_ipt_routes *routes,
		     const struct pg_prefix *prefix, pg_identity leader)
{
	char name[PG_CHAIN_NAME_MAX];

	name_chain(subject, leader, name);
	return pg_ipt_routes_add(routes, prefix, name);
}

static int add_managed_routes(const struct subject *subject, struct pg_ipt_routes *routes)
{
	pg_array_foreach(peer, &subject->peers) {
		size_t count;
		const struct pg_ipt_address *addresses =
			pg_ipt_peers_addresses(&subject->builder->peers, peer->id, &count);

		for (size_t i = 0; i < count; i++) {
			int err = add_route(subject, routes, &addresses[i].prefix, peer->leader);

			if (err)
				return err;
		}
	}
	return 0;
}

/*
 * CIDRs in tree order, without those that go where the next one around them does: `around` holds those
 * that the current one is inside of.
 */
static int add_world_routes(const struct subject *subject, struct pg_ipt_routes *routes)
{
	const struct pg_ipt_peers *peers = &subject->builder->peers;
	struct {
		const struct pg_prefix *prefix;
		pg_identity leader;
	} around[129];
	size_t depth = 0;

	pg_array_foreach(cidr, &peers->cidrs) {
		pg_identity leader = find_peer(subject, cidr->id)->leader, outer;
		int err = 0;

		while (depth && !pg_prefix_covers(around[depth - 1].prefix, &cidr->prefix))
			depth--;
		outer = depth ? around[depth - 1].leader
			      : find_peer(subject, PG_IDENTITY_WORLD)->leader;
		if (leader.n != outer.n)
			err = add_route(subject, routes, &cidr->prefix, leader);
		if (err)
			return err;
		around[depth].prefix = &cidr->prefix;
		around[depth++].leader = leader;
	}
	return 0;
}

static bool leads_to(const struct pg_ipt_routes *routes, const struct subject *subject,
		     pg_identity leader)
{
	char name[PG_CHAIN_NAME_MAX];

	name_chain(subject, leader, name);
	pg_array_foreach(route, &routes->list) {
		if (!strcmp(route->chain, name))
			return true;
	}
	return false;
}

static int add_set_routes(const struct subject *subject, struct pg_ipt_set_routes *routes)
{
	pg_array_foreach(peer, &subject->peers) {
		char name[PG_CHAIN_NAME_MAX];
		int err;

		name_chain(subject, peer->leader, name);
		err = pg_ipt_set_routes_add(routes, peer->id, name);
		if (err)
			return err;
	}
	return 0;
}

static int fill_by_sets(const struct subject *subject)
{
	static const struct peer nobody = { .leader = NOBODY };
	_cleanup_ipt_set_routes_ struct pg_ipt_set_routes routes = { 0 };
	char fallback[PG_CHAIN_NAME_MAX];
	size_t chain;
	int err = add_set_routes(subject, &routes);

	if (!err)
		err = pg_ipt_add_chain(subject->builder, subject->stem, &chain);
	if (err)
		return err;
	if (!routes.list.count && !subject->builder->counting)
		return add_rules(subject, &nobody, chain);
	name_chain(subject, NOBODY, fallback);
	err = pg_ipt_dispatch_sets(subject->builder, &routes,
				   subject->section->direction == PG_INGRESS, subject->stem, chain,
				   fallback);
	return err ? err : add_judges(subject, true);
}

/* `rest` is where nobody in particular goes; in the world's section that is the world. */
static int fill_by_addresses(const struct subject *subject)
{
	bool world = subject->section->world;
	const struct peer *rest = find_peer(subject, world ? PG_IDENTITY_WORLD : NOBODY);
	_cleanup_ipt_routes_ struct pg_ipt_routes routes = { 0 };
	char fallback[PG_CHAIN_NAME_MAX];
	size_t chain;
	int err = subject->section->managed ? add_managed_routes(subject, &routes) : 0;

	if (!err && world)
		err = add_world_routes(subject, &routes);
	if (!err)
		err = pg_ipt_add_chain(subject->builder, subject->stem, &chain);
	if (err)
		return err;
	if (!routes.list.count && !subject->builder->counting)
		return add_rules(subject, rest, chain);
	name_chain(subject, rest->leader, fallback);
	err = pg_ipt_dispatch(subject->builder, &routes, subject->section->direction == PG_INGRESS,
			      subject->stem, chain, fallback);
	return err ? err
		   : add_judges(subject, !rest->leader.n || leads_to(&routes, subject, NOBODY));
}

/* The way to the subjects of a section. */
struct ways {
	struct pg_ipt_routes addresses;
	struct pg_ipt_set_routes identities; /* with sets; else none */
};

static void ways_done(struct ways *ways)
{
	pg_ipt_routes_done(&ways->addresses);
	pg_ipt_set_routes_done(&ways->identities);
}

static int add_way(const struct subject *subject, const struct pg_ipt_address *addresses,
		   size_t count, struct ways *ways)
{
	int err = 0;

	if (subject->builder->sets)
		return pg_ipt_set_routes_add(&ways->identities, subject->id, subject->stem);
	for (size_t i = 0; i < count && !err; i++)
		err = pg_ipt_routes_add(&ways->addresses, &addresses[i].prefix, subject->stem);
	return err;
}

static int fill_subject(struct subject *subject, struct ways *ways)
{
	size_t count;
	const struct pg_ipt_address *addresses =
		pg_ipt_peers_addresses(&subject->builder->peers, subject->id, &count);
	int err;

	/* Without an address of the family no packet gets to the chain. */
	if (!count)
		return 0;
	err = add_way(subject, addresses, count, ways);
	if (!err)
		err = find_leaders(subject);
	if (err)
		return err;
	return subject->builder->sets && subject->section->managed ? fill_by_sets(subject)
								   : fill_by_addresses(subject);
}

static int add_subject(struct pg_ipt_builder *builder, const struct pg_ipt_section *section,
		       const struct pg_subject *from, struct ways *ways)
{
	PG_CLEANUP(subject_done)
	struct subject subject = {
		.builder = builder,
		.section = section,
		.id = from->id,
		.enforced = from->enforced[section->direction],
	};
	int err = add_peers(&subject);

	if (err || !(subject.peers.count || subject.any_count || subject.enforced))
		return err;
	snprintf(subject.stem, sizeof(subject.stem), "%s%u%s", names[section->direction].head,
		 from->id.n, section->managed ? "" : "-W");
	return fill_subject(&subject, ways);
}

static int send_on(struct pg_ipt_builder *builder, enum pg_direction direction, struct ways *ways,
		   const char *stem, size_t chain)
{
	bool by_source = direction == PG_EGRESS;

	return builder->sets
		       ? pg_ipt_dispatch_sets(builder, &ways->identities, by_source, stem, chain,
					      NULL)
		       : pg_ipt_dispatch(builder, &ways->addresses, by_source, stem, chain, NULL);
}

static int fill_section(struct pg_ipt_builder *builder, const struct pg_ipt_section *section,
			const char *name)
{
	PG_CLEANUP(ways_done) struct ways ways = { 0 };
	char stem[PG_IPT_STEM_MAX];
	size_t chain;
	int err = pg_ipt_add_chain(builder, name, &chain);

	pg_array_foreach(subject, &builder->intent->table->subjects) {
		if (!err)
			err = add_subject(builder, section, subject, &ways);
	}
	if (err)
		return err;
	snprintf(stem, sizeof(stem), "%s%s", names[section->direction].head,
		 section->managed ? "S" : "W");
	return send_on(builder, section->direction, &ways, stem, chain);
}

static int add_all_managed(struct pg_ipt_builder *builder, enum pg_direction direction,
			   size_t chain)
{
	static const struct pg_ipt_group all = { 0 };
	struct pg_tree_rule rule = {
		.target = PG_TARGET_GOTO,
		.set_dst = direction == PG_EGRESS,
	};
	int err = builder->peers.managed.count ? pg_ipt_match_group(builder, &all, &rule) : 0;

	snprintf(rule.chain, sizeof(rule.chain), "%s", names[direction].managed);
	if (!err && rule.has_set)
		err = pg_ipt_add_rule(builder, chain, &rule);
	return err;
}

static int add_managed_addresses(struct pg_ipt_builder *builder, enum pg_direction direction,
				 struct pg_ipt_routes *routes)
{
	pg_array_foreach(address, &builder->peers.managed) {
		int err = pg_ipt_routes_add(routes, &address->prefix, names[direction].managed);

		if (err)
			return err;
	}
	return 0;
}

/* Tells endpoints and hosts from the world by the peer's address. */
static int tell_apart(struct pg_ipt_builder *builder, enum pg_direction direction)
{
	_cleanup_ipt_routes_ struct pg_ipt_routes routes = { 0 };
	char stem[PG_IPT_STEM_MAX];
	size_t chain;
	int err = pg_ipt_add_chain(builder, names[direction].judges, &chain);

	if (!err)
		err = builder->sets ? add_all_managed(builder, direction, chain)
				    : add_managed_addresses(builder, direction, &routes);
	if (err)
		return err;
	snprintf(stem, sizeof(stem), "%sM", names[direction].head);
	return pg_ipt_dispatch(builder, &routes, direction == PG_INGRESS, stem, chain,
			       names[direction].world);
}

static int fill_direction(struct pg_ipt_builder *builder, enum pg_direction direction)
{
	const struct pg_ipt_section managed = { direction, .managed = true };
	const struct pg_ipt_section world = { direction, .world = true };
	int err;

	if (!builder->split[direction])
		return fill_section(builder, &managed, names[direction].judges);
	err = tell_apart(builder, direction);
	if (!err)
		err = fill_section(builder, &managed, names[direction].managed);
	return err ? err : fill_section(builder, &world, names[direction].world);
}

int pg_tree_judge(struct pg_ipt_builder *builder)
{
	int err = fill_direction(builder, PG_EGRESS);

	return err ? err : fill_direction(builder, PG_INGRESS);
}
