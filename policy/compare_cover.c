// SPDX-License-Identifier: GPL-2.0-only
/* What the entries of one side say, port by port. */
#include "policy/compare_part.h"

/* The first entry of a slice whose peer isn't less. */
static size_t find_peer(const struct pg_verdict_entry *slice, size_t count, uint64_t peer)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slice[middle].peer.n < peer)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct pg_entry_group pg_compare_group(const struct pg_comparer *comparer, enum pg_version version,
				       size_t subject, enum pg_direction direction,
				       pg_identity peer)
{
	size_t count, first;
	const struct pg_verdict_entry *slice = pg_verdict_table_slice(
		&comparer->versions[version].table, comparer->parties.items[subject].id[version],
		direction, &count);

	if (!count)
		return (struct pg_entry_group){ slice, slice };
	first = find_peer(slice, count, peer.n);
	return (struct pg_entry_group){ slice + first,
					slice + find_peer(slice, count, (uint64_t)peer.n + 1) };
}

/* Precedence, then the order of the file: no source is so long that these bits would not do. */
static uint64_t order_of(const struct pg_verdict_entry *entry)
{
	uint64_t below = PG_VERDICTS - 1 - pg_verdict_rank(entry->verdict);

	return below << 62 | (uint64_t)entry->origin.rule << 31 | entry->origin.entry;
}

static int add_layer(struct pg_comparer *comparer, struct pg_layer added)
{
	struct pg_layer *layer = pg_array_add(&comparer->layers);

	if (!layer)
		return -ENOMEM;
	*layer = added;
	return 0;
}

/* The entries of a group that are about the protocol, those about every one included. */
static int add_group(struct pg_comparer *comparer, enum pg_version version,
		     struct pg_entry_group group, pg_proto proto)
{
	const struct pg_verdict_entry *table = comparer->versions[version].table.entries.items;
	int err = 0;

	for (; group.first < group.end && !err; group.first++) {
		struct pg_layer layer = {
			.first = group.first->first,
			.last = group.first->last,
			.tag = (uint32_t)(group.first - table),
			.order = order_of(group.first),
		};

		if (group.first->proto.n == PG_PROTO_EVERY.n || group.first->proto.n == proto.n)
			err = add_layer(comparer, layer);
	}
	return err;
}

static int make_cover(struct pg_comparer *comparer, enum pg_version version,
		      struct pg_entry_group group, enum pg_flow_proto proto, struct pg_cover *cover)
{
	int err;

	comparer->layers.count = 0;
	err = add_group(comparer, version, group, pg_flow_proto_number(proto));
	return err ?: pg_cover_make(cover, comparer->layers.items, comparer->layers.count);
}

int pg_compare_own(struct pg_comparer *comparer, enum pg_version version,
		   struct pg_compare_side side, enum pg_flow_proto proto, struct pg_cover *cover)
{
	pg_identity peer = comparer->parties.items[side.peer].id[version];

	return make_cover(comparer, version,
			  pg_compare_group(comparer, version, side.subject, side.direction, peer),
			  proto, cover);
}

struct pg_judgement pg_compare_judge(const struct pg_comparer *comparer, enum pg_version version,
				     struct pg_compare_side side, const struct pg_layer *layer)
{
	const struct pg_verdict_table *table = &comparer->versions[version].table;
	const struct pg_subject *who =
		pg_verdict_table_subject(table, comparer->parties.items[side.subject].id[version]);

	if (layer)
		return (struct pg_judgement){ table->entries.items[layer->tag].verdict,
					      PG_REASON_RULE,
					      table->entries.items[layer->tag].origin };
	if (who->enforced[side.direction])
		return (struct pg_judgement){ PG_VERDICT_DENY, PG_REASON_DEFAULT_DENY,
					      who->closed_by[side.direction] };
	return (struct pg_judgement){ PG_VERDICT_ALLOW, PG_REASON_NOT_ENFORCED, PG_ORIGIN_NONE };
}

/* What is seen at a port; lowers `last` to where something else may be. */
static const struct pg_layer *see(const struct pg_cover *cover, uint32_t port, uint32_t *last)
{
	const struct pg_layer *layer = pg_cover_next(cover, (uint16_t)port);

	if (!layer)
		return NULL;
	if (layer->first > port) {
		*last = PG_MIN(*last, (uint32_t)layer->first - 1);
		return NULL;
	}
	*last = PG_MIN(*last, (uint32_t)layer->last);
	return layer;
}

const struct pg_layer *pg_compare_see(const struct pg_cover *own, const struct pg_cover *any,
				      uint32_t port, uint32_t *last)
{
	const struct pg_layer *a = see(own, port, last), *b = see(any, port, last);

	if (!a || !b)
		return a ? a : b;
	return a->order <= b->order ? a : b;
}

/* What both versions have at a port, and where that ends. */
struct step {
	const struct pg_layer *layers[PG_VERSIONS];
	enum pg_verdict verdicts[PG_VERSIONS];
	uint32_t last;
};

static struct step take_step(const struct pg_comparer *comparer, struct pg_compare_side side,
			     enum pg_flow_proto proto, const struct pg_any_view *view,
			     uint32_t port)
{
	struct step step = { .last = UINT16_MAX };

	for (size_t i = 0; i < PG_VERSIONS; i++) {
		step.layers[i] = see(&view->covers[i][proto], port, &step.last);
		step.verdicts[i] =
			pg_compare_judge(comparer, (enum pg_version)i, side, step.layers[i])
				.verdict;
	}
	return step;
}

/* Where the versions say different things of anybody, or things with HTTP rules. */
static int find_differences(struct pg_comparer *comparer, struct pg_compare_side side,
			    enum pg_flow_proto proto, struct pg_any_view *view)
{
	struct step step;
	int err = 0;

	comparer->layers.count = 0;
	for (uint32_t port = 0; port <= UINT16_MAX && !err; port = step.last + 1) {
		step = take_step(comparer, side, proto, view, port);
		if (!step.layers[PG_BEFORE] != !step.layers[PG_AFTER])
			view->differs_by_rules = true;
		if (step.verdicts[PG_BEFORE] == step.verdicts[PG_AFTER] &&
		    step.verdicts[PG_BEFORE] != PG_VERDICT_REDIRECT)
			continue;
		err = add_layer(comparer, (struct pg_layer){ .first = (uint16_t)port,
							     .last = (uint16_t)step.last });
	}
	if (comparer->layers.count)
		view->differs_somewhere = view->differs_by_rules = true;
	return err
		       ?: pg_cover_make(&view->differs[proto], comparer->layers.items,
					comparer->layers.count);
}

static int make_view(struct pg_comparer *comparer, struct pg_compare_side side)
{
	struct pg_any_view *view = pg_compare_any(comparer, side.subject, side.direction);
	int err = 0;

	for (size_t proto = 0; proto < PG_FLOW_PROTOS && !err; proto++) {
		for (size_t i = 0; i < PG_VERSIONS && !err; i++) {
			struct pg_cover *cover = &view->covers[i][proto];

			err = make_cover(comparer, (enum pg_version)i,
					 pg_compare_group(comparer, (enum pg_version)i,
							  side.subject, side.direction,
							  PG_IDENTITY_ANY),
					 (enum pg_flow_proto)proto, cover);
			pg_cover_trim(cover);
		}
		err = err ?: find_differences(comparer, side, (enum pg_flow_proto)proto, view);
		pg_cover_trim(&view->differs[proto]);
	}
	return err;
}

int pg_compare_views(struct pg_comparer *comparer)
{
	int err = 0;

	comparer->any =
		calloc(comparer->parties.count * PG_DIRECTIONS + 1, sizeof(struct pg_any_view));
	if (!comparer->any)
		return -ENOMEM;
	for (size_t i = 0; i < comparer->parties.count && !err; i++) {
		if (!pg_compare_is_subject(&comparer->parties.items[i]))
			continue;
		err = make_view(comparer, (struct pg_compare_side){ PG_EGRESS, i, 0 });
		err = err ?: make_view(comparer, (struct pg_compare_side){ PG_INGRESS, i, 0 });
	}
	return err;
}
