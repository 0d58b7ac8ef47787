// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the verdict table to first-hit classes. Every port range is cut into aligned blocks, which
 * nest. The ports of a block that are in no smaller one are matched by exactly those entries that
 * have the block or one around it, so one answer holds for all of them. A block whose answer is what
 * a lookup would find without it becomes no class.
 */
#include "policy/classify.h"

void pg_classes_done(struct pg_classes *classes)
{
	free(classes->list.items);
	free(classes->uses.items);
	*classes = (struct pg_classes){ 0 };
}

/* Who decides so far; PG_VERDICT_NONE: nobody. */
struct answer {
	enum pg_verdict verdict;
	struct pg_origin origin;
};

static struct answer stronger(struct answer a, struct answer b)
{
	unsigned int a_rank = pg_verdict_rank(a.verdict), b_rank = pg_verdict_rank(b.verdict);

	if (a_rank != b_rank)
		return a_rank > b_rank ? a : b;
	return pg_origin_compare(a.origin, b.origin) <= 0 ? a : b;
}

static bool same(struct answer a, struct answer b)
{
	return a.verdict == b.verdict && !pg_origin_compare(a.origin, b.origin);
}

/* Ports first..last of one protocol, aligned: last - first + 1 is 1 << (16 - bits). */
struct block {
	uint16_t first, last;
	uint8_t bits;
	struct answer own; /* of the peer's entries that have this block */
	struct answer any; /* of anybody's entries */
};

/* Entries of one subject and direction that stand together in the table. */
struct slice {
	const struct pg_verdict_entry *first, *end;
};

struct classifier {
	size_t limit;
	struct pg_classes classes;
	struct pg_array(struct block) blocks; /* of the peer and protocol at hand */
};

static void classifier_done(struct classifier *classifier)
{
	pg_classes_done(&classifier->classes);
	free(classifier->blocks.items);
}

/* What is being classified: one peer's entries, with anybody's beside them. */
struct group {
	pg_identity subject, peer;
	enum pg_direction direction;
	struct slice own, any; /* PG_IDENTITY_ANY itself has no `any` */
	struct answer own_every, any_every;
	struct answer every; /* of the class with PG_PROTO_EVERY, if there is one */
};

/* The largest aligned block that begins at `first` and does not go beyond `last`. */
static struct block next_block(uint32_t first, uint32_t last)
{
	uint32_t size = 1;
	uint8_t bits = 16;

	while (bits && !(first & (2 * size - 1)) && first + 2 * size - 1 <= last) {
		size *= 2;
		bits--;
	}
	return (struct block){
		.first = (uint16_t)first,
		.last = (uint16_t)(first + size - 1),
		.bits = bits,
	};
}

static int add_blocks(struct classifier *classifier, const struct pg_verdict_entry *entry, bool own)
{
	struct answer answer = { entry->verdict, entry->origin };

	for (uint32_t at = entry->first; at <= entry->last;) {
		struct block *block = pg_array_add(&classifier->blocks);

		if (!block)
			return -ENOMEM;
		*block = next_block(at, entry->last);
		*(own ? &block->own : &block->any) = answer;
		at = (uint32_t)block->last + 1;
	}
	return 0;
}

/* Outer blocks come before those inside them. */
static int compare_blocks(const void *a, const void *b)
{
	const struct block *left = a, *right = b;

	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	return (left->bits > right->bits) - (left->bits < right->bits);
}

/* Sorts, and makes one of equal blocks. */
static void merge_blocks(struct classifier *classifier)
{
	struct block *list = classifier->blocks.items;
	size_t kept = 0;

	if (!classifier->blocks.count)
		return;
	qsort(list, classifier->blocks.count, sizeof(*list), compare_blocks);
	for (size_t i = 1; i < classifier->blocks.count; i++) {
		if (compare_blocks(&list[kept], &list[i])) {
			list[++kept] = list[i];
			continue;
		}
		list[kept].own = stronger(list[kept].own, list[i].own);
		list[kept].any = stronger(list[kept].any, list[i].any);
	}
	classifier->blocks.count = kept + 1;
}

static int add_class(struct classifier *classifier, const struct group *group, pg_proto proto,
		     const struct block *block, struct answer answer)
{
	struct pg_class *class;

	if (classifier->classes.list.count >= classifier->limit)
		return -E2BIG;
	class = pg_array_add(&classifier->classes.list);
	if (!class)
		return -ENOMEM;
	*class = (struct pg_class){
		.subject = group->subject,
		.direction = group->direction,
		.peer = group->peer,
		.proto = proto,
		.port = block->first,
		.port_bits = block->bits,
		.verdict = answer.verdict,
		.origin = answer.origin,
	};
	return 0;
}

/* A block that is around the one at hand: what its entries say, and those further out. */
struct level {
	uint16_t last;
	struct answer own, any;
	struct answer class; /* of the innermost block so far that became a class */
};

/* Decides for each block whether it is a class. Blocks are sorted and unique. */
static int classify_blocks(struct classifier *classifier, const struct group *group, pg_proto proto)
{
	struct level levels[18] = { { UINT16_MAX, group->own_every, group->any_every,
				      group->every } };
	size_t depth = 1;
	int err = 0;

	pg_array_foreach(block, &classifier->blocks) {
		struct level *level;
		struct answer answer, without;

		while (depth > 1 && levels[depth - 1].last < block->first)
			depth--;
		levels[depth] = levels[depth - 1];
		level = &levels[depth++];
		level->last = block->last;
		level->own = stronger(level->own, block->own);
		level->any = stronger(level->any, block->any);
		answer = stronger(level->own, level->any);
		without = level->class.verdict ? level->class : level->any;
		if (same(answer, without))
			continue;
		err = add_class(classifier, group, proto, block, answer);
		if (err)
			return err;
		level->class = answer;
	}
	return 0;
}

static struct slice skip_every(struct slice slice, struct answer *answer)
{
	for (; slice.first < slice.end && slice.first->proto.n == PG_PROTO_EVERY.n; slice.first++)
		*answer = stronger(*answer,
				   (struct answer){ slice.first->verdict, slice.first->origin });
	return slice;
}

/* The first entries of a slice, those of one protocol; moves the slice behind them. */
static struct slice take_proto(struct slice *slice, pg_proto proto)
{
	struct slice taken = { slice->first, slice->first };

	while (taken.end < slice->end && taken.end->proto.n == proto.n)
		taken.end++;
	slice->first = taken.end;
	return taken;
}

/*
 * One protocol of a group. Unless a class for every protocol would hide them, anybody's entries count
 * only where the peer has some of its own: elsewhere the lookup finds anybody's classes.
 */
static int classify_proto(struct classifier *classifier, const struct group *group, pg_proto proto,
			  struct slice own, struct slice any)
{
	uint16_t first = UINT16_MAX, last = 0;
	int err = 0;

	classifier->blocks.count = 0;
	if (group->every.verdict) {
		first = 0;
		last = UINT16_MAX;
	}
	for (; own.first < own.end && !err; own.first++) {
		first = PG_MIN(first, own.first->first);
		last = PG_MAX(last, own.first->last);
		err = add_blocks(classifier, own.first, true);
	}
	for (; any.first < any.end && !err; any.first++) {
		if (any.first->first <= last && first <= any.first->last)
			err = add_blocks(classifier, any.first, false);
	}
	if (err)
		return err;
	merge_blocks(classifier);
	return classify_blocks(classifier, group, proto);
}

static int classify_group(struct classifier *classifier, struct group *group)
{
	static const struct block all = { .last = UINT16_MAX };
	struct slice own = skip_every(group->own, &group->own_every);
	struct slice any = skip_every(group->any, &group->any_every);
	struct answer every = stronger(group->own_every, group->any_every);
	int err = 0;

	if (!same(every, group->any_every)) {
		group->every = every;
		err = add_class(classifier, group, PG_PROTO_EVERY, &all, every);
	}
	while (!err && (own.first < own.end || any.first < any.end)) {
		pg_proto proto = { UINT8_MAX };
		struct slice own_proto, any_proto;

		if (own.first < own.end)
			proto = own.first->proto;
		if (any.first < any.end && any.first->proto.n < proto.n)
			proto = any.first->proto;
		own_proto = take_proto(&own, proto);
		any_proto = take_proto(&any, proto);
		err = classify_proto(classifier, group, proto, own_proto, any_proto);
	}
	return err;
}

/* Which keys the classes from `first` on, which are one subject's and direction's, have. */
static int add_use(struct pg_classes *classes, size_t first)
{
	const struct pg_class *list = classes->list.items;
	struct pg_class_use *use;

	if (first == classes->list.count)
		return 0;
	use = pg_array_add(&classes->uses);
	if (!use)
		return -ENOMEM;
	use->subject = list[first].subject;
	use->direction = list[first].direction;
	for (size_t i = first; i < classes->list.count; i++) {
		if (list[i].proto.n == PG_PROTO_EVERY.n)
			use->every = true;
		else
			use->port_bits |= 1u << list[i].port_bits;
	}
	return 0;
}

static struct slice take_peer(struct slice *slice)
{
	struct slice taken = { slice->first, slice->first };

	while (taken.end < slice->end && taken.end->peer.n == taken.first->peer.n)
		taken.end++;
	slice->first = taken.end;
	return taken;
}

/* All entries of one subject and direction. Anybody's are the first of them. */
static int classify_slice(struct classifier *classifier, struct slice slice)
{
	size_t before = classifier->classes.list.count;
	struct slice any = { NULL, NULL };
	int err = 0;

	while (slice.first < slice.end && !err) {
		struct slice own = take_peer(&slice);
		struct group group = {
			.subject = own.first->subject,
			.peer = own.first->peer,
			.direction = own.first->direction,
			.own = own,
			.any = any,
		};

		err = classify_group(classifier, &group);
		if (group.peer.n == PG_IDENTITY_ANY.n)
			any = own;
	}
	return err ?: add_use(&classifier->classes, before);
}

int pg_classify(const struct pg_verdict_table *table, size_t limit, struct pg_classes *ret_classes)
{
	PG_CLEANUP(classifier_done) struct classifier classifier = { .limit = limit };
	int err = 0;

	pg_array_foreach(subject, &table->subjects) {
		for (int i = 0; i < PG_DIRECTIONS && !err; i++) {
			size_t count;
			const struct pg_verdict_entry *first = pg_verdict_table_slice(
				table, subject->id, (enum pg_direction)i, &count);

			err = classify_slice(&classifier, (struct slice){ first, first + count });
		}
	}
	if (err)
		return err;
	*ret_classes = classifier.classes;
	classifier.classes = (struct pg_classes){ 0 };
	return 0;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_classes(const void *a, const void *b)
{
	const struct pg_class *left = a, *right = b;
	int order = compare_numbers(left->subject.n, right->subject.n);

	order = order ?: compare_numbers(left->direction, right->direction);
	order = order ?: compare_numbers(left->peer.n, right->peer.n);
	order = order ?: compare_numbers(left->proto.n, right->proto.n);
	order = order ?: compare_numbers(left->port, right->port);
	return order ?: compare_numbers(left->port_bits, right->port_bits);
}

static int compare_uses(const void *a, const void *b)
{
	const struct pg_class_use *left = a, *right = b;
	int order = compare_numbers(left->subject.n, right->subject.n);

	return order ?: compare_numbers(left->direction, right->direction);
}

static const struct pg_class_use *find_use(const struct pg_classes *classes, pg_identity subject,
					   enum pg_direction direction)
{
	const struct pg_class_use wanted = { .subject = subject, .direction = direction };

	if (!classes->uses.count)
		return NULL;
	return bsearch(&wanted, classes->uses.items, classes->uses.count, sizeof(wanted),
		       compare_uses);
}

/* `wanted` has all of the key but the ports' and the protocol's. NULL: no hit with this peer. */
static const struct pg_class *find_class(const struct pg_classes *classes,
					 const struct pg_class_use *use, struct pg_class wanted,
					 pg_proto proto, uint16_t port)
{
	const struct pg_class *found = NULL;

	wanted.proto = proto;
	for (int bits = 16; bits >= 0 && !found; bits--) {
		if (!(use->port_bits & 1u << bits))
			continue;
		wanted.port = (uint16_t)(port & 0xffff0000u >> bits);
		wanted.port_bits = (uint8_t)bits;
		found = bsearch(&wanted, classes->list.items, classes->list.count, sizeof(wanted),
				compare_classes);
	}
	if (found || !use->every)
		return found;
	wanted.proto = PG_PROTO_EVERY;
	wanted.port = wanted.port_bits = 0;
	return bsearch(&wanted, classes->list.items, classes->list.count, sizeof(wanted),
		       compare_classes);
}

enum pg_verdict pg_classes_judge(const struct pg_classes *classes,
				 const struct pg_verdict_table *table, pg_identity subject,
				 enum pg_direction direction, pg_identity peer, pg_proto proto,
				 uint16_t port, struct pg_origin *ret_origin)
{
	const struct pg_class_use *use = find_use(classes, subject, direction);
	const struct pg_subject *who = pg_verdict_table_subject(table, subject);
	struct pg_class wanted = { .subject = subject, .direction = direction, .peer = peer };
	const struct pg_class *found = use ? find_class(classes, use, wanted, proto, port) : NULL;

	if (use && !found) {
		wanted.peer = PG_IDENTITY_ANY;
		found = find_class(classes, use, wanted, proto, port);
	}
	*ret_origin = found ? found->origin : PG_ORIGIN_NONE;
	if (found)
		return found->verdict;
	return who && who->enforced[direction] ? PG_VERDICT_DENY : PG_VERDICT_ALLOW;
}
