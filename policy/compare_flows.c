// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two parties: each protocol's ports from 0 up, in steps within which all four sides (egress and
 * ingress, before and after) have one answer each. Steps with one change become one range; equal ranges
 * of several protocols become one change.
 */
#include "policy/compare_part.h"

#define PORTS 65536u

struct changes {
	struct pg_array(struct pg_flow_change) list;
};

/* The flows from one party to another. */
struct pair {
	struct pg_comparer *comparer;
	const struct pg_compare_party *src, *dst;
	struct pg_compare_side sides[PG_DIRECTIONS];
	unsigned int families;				 /* in which both have an address */
	unsigned int protos;				 /* that they can speak, as bits */
	struct pg_cover own[PG_VERSIONS][PG_DIRECTIONS]; /* of the protocol at hand */
	struct changes found;
};

static void pair_done(struct pair *pair)
{
	for (size_t i = 0; i < PG_VERSIONS; i++) {
		for (size_t d = 0; d < PG_DIRECTIONS; d++)
			pg_cover_done(&pair->own[i][d]);
	}
	free(pair->found.list.items);
}

/* An endpoint doesn't meet itself on the wire. */
static bool has_two(const struct pg_comparer *comparer, const struct pg_compare_party *party,
		    uint8_t family)
{
	uint32_t first = pg_compare_endpoint(comparer, party, family, 0);

	return first && pg_compare_endpoint(comparer, party, family, first);
}

static unsigned int common_families(const struct pair *pair)
{
	unsigned int families = pair->src->families & pair->dst->families;

	if (!pg_compare_is_subject(pair->src) && !pg_compare_is_subject(pair->dst))
		return 0;
	if (pair->src != pair->dst)
		return families;
	return (has_two(pair->comparer, pair->src, 4) ? PG_FAMILY_4 : 0u) |
	       (has_two(pair->comparer, pair->src, 6) ? PG_FAMILY_6 : 0u);
}

static unsigned int common_protos(unsigned int families)
{
	unsigned int protos = (1u << PG_FLOW_PROTOS) - 1;

	if (!(families & PG_FAMILY_4))
		protos &= ~(1u << PG_FLOW_ICMP);
	if (!(families & PG_FAMILY_6))
		protos &= ~(1u << PG_FLOW_ICMPV6);
	return protos;
}

/* The judgement of a side that no rule is asked about. False: rules are asked. */
static bool is_open(const struct pair *pair, enum pg_direction direction,
		    struct pg_judgement *ret_judgement)
{
	const struct pg_compare_party *subject = direction == PG_EGRESS ? pair->src : pair->dst;
	const struct pg_compare_party *peer = direction == PG_EGRESS ? pair->dst : pair->src;
	struct pg_judgement open = { .verdict = PG_VERDICT_ALLOW };

	if (!pg_compare_is_subject(subject))
		open.reason = PG_REASON_NOT_MANAGED;
	else if (direction == PG_INGRESS && peer->info->id.n == PG_IDENTITY_HOST.n &&
		 pair->comparer->options->host_policy == PG_HOST_POLICY_ALLOW)
		open.reason = PG_REASON_HOST_POLICY;
	else
		return false;
	*ret_judgement = open;
	return true;
}

/* The answer of both sides for the ports from this one on; lowers `last` to where it may change. */
static struct pg_evaluation evaluate(const struct pair *pair, enum pg_version version,
				     enum pg_flow_proto proto, uint32_t port, uint32_t *last)
{
	struct pg_evaluation evaluation = { 0 };

	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		struct pg_compare_side side = pair->sides[i];
		const struct pg_any_view *view =
			pg_compare_any(pair->comparer, side.subject, side.direction);
		const struct pg_layer *layer;

		if (is_open(pair, side.direction, &evaluation.side[i]))
			continue;
		layer = pg_compare_see(&pair->own[version][i], &view->covers[version][proto], port,
				       last);
		evaluation.side[i] = pg_compare_judge(pair->comparer, version, side, layer);
	}
	evaluation.verdict =
		PG_MAX(evaluation.side[PG_EGRESS].verdict, evaluation.side[PG_INGRESS].verdict);
	return evaluation;
}

static int is_changed(const struct pair *pair, uint16_t port, uint32_t *last,
		      const struct pg_evaluation evaluations[PG_VERSIONS], bool *ret_changed)
{
	enum pg_verdict before = evaluations[PG_BEFORE].verdict;

	*ret_changed = before != evaluations[PG_AFTER].verdict;
	if (*ret_changed || before != PG_VERDICT_REDIRECT)
		return 0;
	return pg_compare_http(pair->comparer, pair->sides, port, last, evaluations, ret_changed);
}

/* Makes the last range longer, or begins one. `first` is where the new ports begin. */
static int add_ports(struct pair *pair, enum pg_flow_proto proto, uint32_t first, uint32_t last,
		     const struct pg_evaluation evaluations[PG_VERSIONS])
{
	struct changes *found = &pair->found;
	struct pg_flow_change *change =
		found->list.count ? &found->list.items[found->list.count - 1] : NULL;
	bool icmp = proto == PG_FLOW_ICMP || proto == PG_FLOW_ICMPV6;
	uint16_t echo = proto == PG_FLOW_ICMP ? 8 : 128;

	if (change && change->proto == proto && (uint32_t)change->last + 1 == first &&
	    change->before.verdict == evaluations[PG_BEFORE].verdict &&
	    change->after.verdict == evaluations[PG_AFTER].verdict) {
		change->last = (uint16_t)last;
		return 0;
	}
	change = pg_array_add(&found->list);
	if (!change)
		return -ENOMEM;
	*change = (struct pg_flow_change){
		.protos = 1u << proto,
		.first = (uint16_t)first,
		.last = (uint16_t)last,
		.proto = proto,
		.port = (uint16_t)(first || !last ? first : 1),
		.before = evaluations[PG_BEFORE],
		.after = evaluations[PG_AFTER],
	};
	if (icmp && first <= echo && echo <= last)
		change->port = echo;
	return 0;
}

static int make_own(struct pair *pair, enum pg_flow_proto proto)
{
	int err = 0;

	for (size_t i = 0; i < PG_VERSIONS; i++) {
		for (size_t d = 0; d < PG_DIRECTIONS && !err; d++) {
			struct pg_judgement unused;

			if (!is_open(pair, (enum pg_direction)d, &unused))
				err = pg_compare_own(pair->comparer, (enum pg_version)i,
						     pair->sides[d], proto, &pair->own[i][d]);
		}
	}
	return err;
}

static void look_for_next(const struct pg_cover *cover, uint32_t port, uint32_t *next)
{
	const struct pg_layer *layer = pg_cover_next(cover, (uint16_t)port);

	if (layer)
		*next = PG_MIN(*next, PG_MAX((uint32_t)layer->first, port));
}

/*
 * The next port, this one included, where something can have changed: what is said of anybody differs
 * there, or there is an entry about the peer. PORTS: none.
 */
static uint32_t find_next(const struct pair *pair, enum pg_flow_proto proto, uint32_t port)
{
	uint32_t next = PORTS;

	for (size_t d = 0; d < PG_DIRECTIONS && port < PORTS; d++) {
		struct pg_judgement unused;

		if (is_open(pair, (enum pg_direction)d, &unused))
			continue;
		look_for_next(&pair->own[PG_BEFORE][d], port, &next);
		look_for_next(&pair->own[PG_AFTER][d], port, &next);
		look_for_next(&pg_compare_any(pair->comparer, pair->sides[d].subject,
					      (enum pg_direction)d)
				       ->differs[proto],
			      port, &next);
	}
	return next;
}

static int compare_proto(struct pair *pair, enum pg_flow_proto proto)
{
	int err = make_own(pair, proto);
	uint32_t port = find_next(pair, proto, 0), last;

	for (; port < PORTS && !err; port = find_next(pair, proto, last + 1)) {
		struct pg_evaluation evaluations[PG_VERSIONS];
		bool changed;

		last = PORTS - 1;
		for (size_t i = 0; i < PG_VERSIONS; i++)
			evaluations[i] = evaluate(pair, (enum pg_version)i, proto, port, &last);
		err = is_changed(pair, (uint16_t)port, &last, evaluations, &changed);
		if (!err && changed)
			err = add_ports(pair, proto, port, last, evaluations);
		pair->comparer->steps++;
	}
	return err;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/*
 * Changes of one kind can be one, whatever their protocols. Types of ICMP messages are no ports: they
 * only go with these where all of them change.
 */
static uint32_t kind_of(const struct pg_flow_change *change)
{
	bool whole = !change->first && change->last == UINT16_MAX;

	return whole || change->proto <= PG_FLOW_SCTP ? 0 : change->proto;
}

static int compare_ranges(const struct pg_flow_change *a, const struct pg_flow_change *b)
{
	int order = compare_numbers(a->first, b->first);

	order = order ?: compare_numbers(a->last, b->last);
	order = order ?: compare_numbers(a->before.verdict, b->before.verdict);
	order = order ?: compare_numbers(a->after.verdict, b->after.verdict);
	return order ?: compare_numbers(kind_of(a), kind_of(b));
}

static int compare_for_merge(const void *a, const void *b)
{
	const struct pg_flow_change *left = a, *right = b;

	return compare_ranges(left, right) ?: compare_numbers(left->proto, right->proto);
}

static int compare_for_list(const void *a, const void *b)
{
	const struct pg_flow_change *left = a, *right = b;

	return compare_numbers(left->proto, right->proto)
		       ?: compare_numbers(left->first, right->first);
}

/* What several protocols have in common is shown at the first of them, which has the example. */
static void merge_protos(struct pair *pair)
{
	struct pg_flow_change *list = pair->found.list.items;
	size_t count = pair->found.list.count, kept = 0;

	if (!count)
		return;
	qsort(list, count, sizeof(*list), compare_for_merge);
	for (size_t i = 1; i < count; i++) {
		if (compare_ranges(&list[kept], &list[i]))
			list[++kept] = list[i];
		else
			list[kept].protos |= list[i].protos;
	}
	pair->found.list.count = kept + 1;
	qsort(list, kept + 1, sizeof(*list), compare_for_list);
}

static struct pg_flow_end make_end(const struct pg_comparer *comparer,
				   const struct pg_compare_party *party, uint8_t family,
				   uint32_t but)
{
	struct pg_flow_end end = { .id = party->info->id };
	const struct pg_endpoint *endpoint;

	if (!pg_compare_is_subject(party)) {
		end.addr = party->addrs[family == 4 ? 0 : 1];
		return end;
	}
	end.endpoint = pg_compare_endpoint(comparer, party, family, but);
	endpoint = &comparer->endpoints->list.items[end.endpoint - 1];
	end.addr = family == 4 ? endpoint->ipv4 : endpoint->ipv6;
	return end;
}

static void add_example(const struct pair *pair, struct pg_flow_change *change)
{
	bool v6 = change->proto == PG_FLOW_ICMPV6 || !(pair->families & PG_FAMILY_4);
	uint8_t family = v6 ? 6 : 4;

	change->every =
		change->protos == pair->protos && !change->first && change->last == UINT16_MAX;
	change->src = make_end(pair->comparer, pair->src, family, 0);
	change->dst = make_end(pair->comparer, pair->dst, family,
			       pair->src == pair->dst ? change->src.endpoint : 0);
}

static int hand_over(struct pair *pair)
{
	struct pg_comparer *comparer = pair->comparer;

	pg_array_foreach(change, &pair->found.list) {
		struct pg_flow_change *added;

		if (comparer->changes.list.count >= comparer->limits->changes) {
			comparer->changes.more++;
			continue;
		}
		add_example(pair, change);
		added = pg_array_add(&comparer->changes.list);
		if (!added)
			return -ENOMEM;
		*added = *change;
	}
	return 0;
}

int pg_compare_pair(struct pg_comparer *comparer, size_t src, size_t dst)
{
	PG_CLEANUP(pair_done)
	struct pair pair = {
		.comparer = comparer,
		.src = &comparer->parties.items[src],
		.dst = &comparer->parties.items[dst],
		.sides = {
			[PG_EGRESS] = { PG_EGRESS, src, dst },
			[PG_INGRESS] = { PG_INGRESS, dst, src },
		},
	};
	int err = 0;

	pair.families = common_families(&pair);
	comparer->steps++;
	if (!pair.families)
		return 0;
	pair.protos = common_protos(pair.families);
	for (size_t i = 0; i < PG_FLOW_PROTOS && !err; i++) {
		if (pair.protos & 1u << i)
			err = compare_proto(&pair, (enum pg_flow_proto)i);
	}
	if (err)
		return err;
	merge_protos(&pair);
	return hand_over(&pair);
}
