// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries held against each other. All that the rules say of one subject and direction is a stack of
 * layers, in one order for the whole policy: denies on top, then allows; among these, entries that say
 * more in all are above those that say less, and of equal ones the first of the file is above. An entry
 * is needed if it is seen from above anywhere: it is on top in some layer's ports, of its own peer and of
 * anybody. What is never seen can go, all of it at once, since whatever is on top of it stays.
 *
 * HTTP rules lie below the allows and side by side: they are needed wherever nothing is above them.
 */
#include "policy/cover.h"
#include "policy/lint_part.h"
#include "policy/resolve.h"

/* What became known of an entry. */
struct known {
	struct pg_origin origin;
	uint64_t volume; /* ports of all peers of all subjects */
	uint32_t place;	 /* in the order of volumes; 0 is on top */
	bool speaks;	 /* of flows that are judged */
	bool needed, several, open, host;
	struct pg_origin allowed_by, denied_by, partly_denied_by;
};

struct layers {
	struct pg_array(struct pg_layer) list;
};

/* Denies of one subject and direction, in the table's order. */
struct denies {
	struct pg_array(uint32_t) list; /* indexes into the table's entries */
};

enum { PROTO_SLOTS = 6 };

struct entry_linter {
	struct pg_linter *linter;
	struct pg_verdict_table table;
	struct known *known;
	size_t known_count;
	size_t *first_known; /* by rule: where its entries are in `known` */
	/* Of the subject and direction at hand: */
	struct pg_cover any[PROTO_SLOTS],
		own; /* of anybody, and of the peer and protocol at hand */
	struct layers layers;
	struct denies denies;
	bool closed; /* or some HTTP rules: an allow there is not for nothing */
};

static void entry_linter_done(struct entry_linter *linter)
{
	for (size_t i = 0; i < PROTO_SLOTS; i++)
		pg_cover_done(&linter->any[i]);
	pg_cover_done(&linter->own);
	pg_verdict_table_done(&linter->table);
	free(linter->layers.list.items);
	free(linter->denies.list.items);
	free(linter->first_known);
	free(linter->known);
}

/* Entries that stand together in the table. */
struct slice {
	const struct pg_verdict_entry *first, *end;
};

static size_t slot_of(pg_proto proto)
{
	static const pg_proto protos[PROTO_SLOTS] = {
		PG_PROTO_EVERY, PG_PROTO_ICMP, PG_PROTO_TCP,
		PG_PROTO_UDP,	PG_PROTO_SCTP, PG_PROTO_ICMPV6
	};
	size_t slot = 0;

	while (slot + 1 < PROTO_SLOTS && protos[slot].n != proto.n)
		slot++;
	return slot;
}

static struct known *known_of(const struct entry_linter *linter, struct pg_origin origin)
{
	return &linter->known[linter->first_known[origin.rule - 1] + origin.entry - 1];
}

static const struct pg_entry *entry_of(const struct entry_linter *linter, struct pg_origin origin)
{
	return &linter->linter->policy->rules.items[origin.rule - 1]
			.entries.items[origin.entry - 1];
}

static uint64_t order_of(const struct entry_linter *linter, const struct pg_verdict_entry *entry)
{
	uint64_t below = PG_VERDICTS - pg_verdict_rank(entry->verdict);

	return below << 32 | known_of(linter, entry->origin)->place;
}

/* What an entry of the host's own flows says is asked by nobody while the host always gets in. */
static bool is_idle(const struct entry_linter *linter, const struct pg_verdict_entry *entry)
{
	return entry->direction == PG_INGRESS && entry->peer.n == PG_IDENTITY_HOST.n &&
	       linter->linter->options->host_policy == PG_HOST_POLICY_ALLOW;
}

static int prepare(struct entry_linter *linter)
{
	const struct pg_policy *policy = linter->linter->policy;
	struct known *known;

	linter->first_known = calloc(policy->rules.count + 1, sizeof(size_t));
	if (!linter->first_known)
		return -ENOMEM;
	for (size_t i = 0; i < policy->rules.count; i++) {
		linter->first_known[i] = linter->known_count;
		linter->known_count += policy->rules.items[i].entries.count;
	}
	known = linter->known = calloc(linter->known_count + 1, sizeof(*known));
	if (!known)
		return -ENOMEM;
	for (uint32_t r = 1; r <= policy->rules.count; r++) {
		for (uint32_t e = 1; e <= policy->rules.items[r - 1].entries.count; e++)
			(known++)->origin = (struct pg_origin){ r, e };
	}
	return pg_resolve_origins(policy, linter->linter->identities,
				  linter->linter->options->enforcement, &linter->table);
}

/* Anybody is more than all that there are, and every protocol more than those with a name. */
static uint64_t volume_of(const struct entry_linter *linter, const struct pg_verdict_entry *entry)
{
	uint64_t peers =
		entry->peer.n == PG_IDENTITY_ANY.n ? linter->linter->identities->list.count + 1 : 1;
	uint64_t protos = entry->proto.n == PG_PROTO_EVERY.n ? 256 : 1;

	return peers * protos * ((uint64_t)entry->last - entry->first + 1);
}

static int compare_known(const void *a, const void *b)
{
	const struct known *left = *(const struct known *const *)a;
	const struct known *right = *(const struct known *const *)b;

	if (left->volume != right->volume)
		return left->volume > right->volume ? -1 : 1;
	return pg_origin_compare(left->origin, right->origin);
}

static int put_in_order(struct entry_linter *linter)
{
	_cleanup_free_ struct known **sorted =
		calloc(linter->known_count + 1, sizeof(struct known *));

	if (!sorted)
		return -ENOMEM;
	pg_array_foreach(entry, &linter->table.entries) {
		struct known *known = known_of(linter, entry->origin);

		if (__builtin_add_overflow(known->volume, volume_of(linter, entry), &known->volume))
			known->volume = UINT64_MAX;
	}
	for (size_t i = 0; i < linter->known_count; i++)
		sorted[i] = &linter->known[i];
	qsort(sorted, linter->known_count, sizeof(*sorted), compare_known);
	for (size_t i = 0; i < linter->known_count; i++)
		sorted[i]->place = (uint32_t)i;
	return 0;
}

static int add_layer(struct entry_linter *linter, const struct pg_verdict_entry *entry)
{
	struct pg_layer *layer;

	if (entry->verdict == PG_VERDICT_REDIRECT || is_idle(linter, entry))
		return 0;
	layer = pg_array_add(&linter->layers.list);
	if (!layer)
		return -ENOMEM;
	*layer = (struct pg_layer){
		.first = entry->first,
		.last = entry->last,
		.tag = (uint32_t)(entry - linter->table.entries.items),
		.order = order_of(linter, entry),
	};
	return 0;
}

/* Takes the entries of the first peer, or of the first protocol of it, off the slice. */
static struct slice take_group(struct slice *slice, bool of_proto)
{
	struct slice group = { slice->first, slice->first };

	while (group.end < slice->end && group.end->peer.n == group.first->peer.n &&
	       (!of_proto || group.end->proto.n == group.first->proto.n))
		group.end++;
	slice->first = group.end;
	return group;
}

/* What is on top of some ports of the peer's: entries of every protocol, and of this one. */
static int make_cover(struct entry_linter *linter, struct slice every, struct slice proto,
		      struct pg_cover *cover)
{
	int err = 0;

	linter->layers.list.count = 0;
	for (; every.first < every.end && !err; every.first++)
		err = add_layer(linter, every.first);
	for (; proto.first < proto.end && !err; proto.first++)
		err = add_layer(linter, proto.first);
	return err ?: pg_cover_make(cover, linter->layers.list.items, linter->layers.list.count);
}

/* What is above an entry at one port; NULL: nothing. */
static const struct pg_layer *find_above(const struct entry_linter *linter,
					 const struct pg_cover *any, uint64_t order, uint16_t port)
{
	const struct pg_layer *layer = pg_cover_at(&linter->own, port);

	if (layer && layer->order < order)
		return layer;
	layer = pg_cover_at(any, port);
	return layer && layer->order < order ? layer : NULL;
}

static void note_above(const struct entry_linter *linter, struct known *known,
		       const struct pg_layer *layer)
{
	const struct pg_verdict_entry *above = &linter->table.entries.items[layer->tag];
	struct pg_origin *by =
		above->verdict == PG_VERDICT_DENY ? &known->denied_by : &known->allowed_by;

	if (!pg_origin_compare(above->origin, known->origin))
		return;
	if (by->rule && pg_origin_compare(above->origin, *by))
		known->several = true;
	if (!by->rule || pg_origin_compare(above->origin, *by) < 0)
		*by = above->origin;
}

/* Whether the entry is seen at some port of its range. */
static bool is_seen(const struct entry_linter *linter, const struct pg_cover *any,
		    const struct pg_verdict_entry *entry, struct known *known)
{
	uint64_t order = order_of(linter, entry);

	for (uint32_t port = entry->first; port <= entry->last;) {
		const struct pg_layer *above = find_above(linter, any, order, (uint16_t)port);

		if (!above)
			return true;
		note_above(linter, known, above);
		port = (uint32_t)above->last + 1;
	}
	return false;
}

static void look_at(struct entry_linter *linter, const struct pg_cover *any,
		    const struct pg_verdict_entry *entry)
{
	struct known *known = known_of(linter, entry->origin);

	if (known->needed)
		return;
	if (is_idle(linter, entry)) {
		known->host = true;
		return;
	}
	known->speaks = true;
	if (!is_seen(linter, any, entry, known))
		return;
	if (entry->verdict == PG_VERDICT_ALLOW && !linter->closed)
		known->open = true;
	else
		known->needed = true;
}

static bool overlaps(const struct pg_verdict_entry *a, const struct pg_verdict_entry *b)
{
	if (a->proto.n == PG_PROTO_EVERY.n || b->proto.n == PG_PROTO_EVERY.n)
		return true;
	return a->proto.n == b->proto.n && a->first <= b->last && b->first <= a->last;
}

/* The first deny of this peer or a later one. */
static size_t find_denies(const struct entry_linter *linter, pg_identity peer)
{
	size_t low = 0, high = linter->denies.list.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t entry = linter->denies.list.items[middle];

		if (linter->table.entries.items[entry].peer.n < peer.n)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether one of the peer's denies takes some ports from an allow. An allow of anybody: all denies. */
static bool look_for_deny(const struct entry_linter *linter, const struct pg_verdict_entry *allow,
			  pg_identity peer, struct known *known)
{
	bool any = allow->peer.n == PG_IDENTITY_ANY.n;

	for (size_t i = any ? 0 : find_denies(linter, peer); i < linter->denies.list.count; i++) {
		const struct pg_verdict_entry *deny =
			&linter->table.entries.items[linter->denies.list.items[i]];

		if (!any && deny->peer.n != peer.n)
			return false;
		if (!overlaps(allow, deny))
			continue;
		known->partly_denied_by = deny->origin;
		return true;
	}
	return false;
}

static void look_for_denies(const struct entry_linter *linter, struct slice slice)
{
	for (const struct pg_verdict_entry *entry = slice.first; entry < slice.end; entry++) {
		struct known *known = known_of(linter, entry->origin);

		if (entry->verdict == PG_VERDICT_DENY || known->partly_denied_by.rule ||
		    is_idle(linter, entry))
			continue;
		if (!look_for_deny(linter, entry, PG_IDENTITY_ANY, known))
			look_for_deny(linter, entry, entry->peer, known);
	}
}

static int collect_denies(struct entry_linter *linter, struct slice slice)
{
	linter->denies.list.count = 0;
	for (const struct pg_verdict_entry *entry = slice.first; entry < slice.end; entry++) {
		uint32_t *added;

		if (entry->verdict != PG_VERDICT_DENY || is_idle(linter, entry))
			continue;
		added = pg_array_add(&linter->denies.list);
		if (!added)
			return -ENOMEM;
		*added = (uint32_t)(entry - linter->table.entries.items);
	}
	return 0;
}

/* All entries of one peer. Those of every protocol come first. */
static int look_at_peer(struct entry_linter *linter, struct slice peer)
{
	struct slice every = { peer.first, peer.first };
	const struct slice nothing = every;
	int err;

	if (peer.first->proto.n == PG_PROTO_EVERY.n)
		every = take_group(&peer, true);
	err = make_cover(linter, every, nothing, &linter->own);
	for (const struct pg_verdict_entry *entry = every.first; entry < every.end && !err; entry++)
		look_at(linter, &linter->any[slot_of(PG_PROTO_EVERY)], entry);
	while (peer.first < peer.end && !err) {
		struct slice proto = take_group(&peer, true);

		err = make_cover(linter, every, proto, &linter->own);
		for (; proto.first < proto.end && !err; proto.first++)
			look_at(linter, &linter->any[slot_of(proto.first->proto)], proto.first);
	}
	return err;
}

/* What is on top for anybody, by protocol; without entries of a protocol, that of every protocol. */
static int cover_any(struct entry_linter *linter, struct slice any)
{
	const struct slice nothing = { any.end, any.end };
	struct slice every = nothing;
	int err = 0;

	if (any.first < any.end && any.first->proto.n == PG_PROTO_EVERY.n)
		every = take_group(&any, true);
	for (size_t i = 0; i < PROTO_SLOTS && !err; i++)
		err = make_cover(linter, every, nothing, &linter->any[i]);
	while (any.first < any.end && !err) {
		struct slice proto = take_group(&any, true);

		err = make_cover(linter, every, proto, &linter->any[slot_of(proto.first->proto)]);
	}
	return err;
}

static bool has_redirects(struct slice slice)
{
	for (; slice.first < slice.end; slice.first++) {
		if (slice.first->verdict == PG_VERDICT_REDIRECT)
			return true;
	}
	return false;
}

static int look_at_slice(struct entry_linter *linter, const struct pg_subject *subject,
			 enum pg_direction direction)
{
	size_t count;
	const struct pg_verdict_entry *first =
		pg_verdict_table_slice(&linter->table, subject->id, direction, &count);
	struct slice slice = { first, first + count }, any = { first, first };
	int err;

	if (!count)
		return 0;
	linter->closed = subject->enforced[direction] || has_redirects(slice);
	err = collect_denies(linter, slice);
	if (!err && linter->denies.list.count)
		look_for_denies(linter, slice);
	if (first->peer.n == PG_IDENTITY_ANY.n)
		any = take_group(&(struct slice){ first, slice.end }, false);
	err = err ?: cover_any(linter, any);
	while (slice.first < slice.end && !err)
		err = look_at_peer(linter, take_group(&slice, false));
	return err;
}

/* PG_FINDINGS: there is nothing to say of it. */
static enum pg_finding_kind judge(const struct entry_linter *linter, const struct known *known)
{
	const struct pg_entry *entry = entry_of(linter, known->origin);

	/* What it requires of others' peers is not for nothing either. */
	if (known->needed || entry->peers.requires.count)
		return known->partly_denied_by.rule ? PG_FINDING_PARTLY_DENIED : PG_FINDINGS;
	if (!known->speaks)
		return known->host ? PG_FINDING_HOST : PG_FINDINGS;
	if (entry->deny)
		return PG_FINDING_SHADOWED;
	if (known->allowed_by.rule)
		return PG_FINDING_SHADOWED;
	return known->open ? PG_FINDING_OPEN : PG_FINDING_DENIED;
}

static int report(struct entry_linter *linter, const struct known *known)
{
	enum pg_finding_kind kind = judge(linter, known);
	struct pg_finding *finding;

	if (kind == PG_FINDINGS || linter->linter->duplicate_of[known->origin.rule - 1])
		return 0;
	finding = pg_lint_add(linter->linter, kind, entry_of(linter, known->origin)->loc,
			      known->origin);
	if (!finding)
		return -ENOMEM;
	if (kind == PG_FINDING_PARTLY_DENIED)
		finding->other = known->partly_denied_by;
	else if (kind == PG_FINDING_SHADOWED && known->allowed_by.rule)
		finding->other = known->allowed_by;
	else if (kind == PG_FINDING_SHADOWED || kind == PG_FINDING_DENIED)
		finding->other = known->denied_by;
	finding->several = kind != PG_FINDING_PARTLY_DENIED &&
			   (known->several || (known->allowed_by.rule && known->denied_by.rule));
	return 0;
}

int pg_lint_entries(struct pg_linter *common)
{
	PG_CLEANUP(entry_linter_done) struct entry_linter linter = { .linter = common };
	int err = prepare(&linter);

	err = err ?: put_in_order(&linter);
	pg_array_foreach(subject, &linter.table.subjects) {
		for (size_t i = 0; i < PG_DIRECTIONS && !err; i++)
			err = look_at_slice(&linter, subject, (enum pg_direction)i);
	}
	for (size_t i = 0; i < linter.known_count && !err; i++)
		err = report(&linter, &linter.known[i]);
	return err;
}
