// SPDX-License-Identifier: GPL-2.0-only
/* Verdict maps: from classes to elements. */
#include "backends/nftables/layout.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

static bool has_types(pg_proto proto)
{
	return proto.n == PG_PROTO_ICMP.n || proto.n == PG_PROTO_ICMPV6.n;
}

static struct pg_nftables_place place_of(const struct pg_class *class)
{
	if (class->proto.n == PG_PROTO_EVERY.n)
		return (struct pg_nftables_place){ .form = PG_FORM_EVERY };
	if (has_types(class->proto) && class->port > 255)
		return (struct pg_nftables_place){ .form = PG_FORM_NONE };
	if (!class->port_bits || (has_types(class->proto) && class->port_bits <= 8))
		return (struct pg_nftables_place){ .form = PG_FORM_PROTO };
	if (!has_types(class->proto))
		return (struct pg_nftables_place){ .form = PG_FORM_PORTS,
						   .bits = class->port_bits };
	return (struct pg_nftables_place){
		.form = class->proto.n == PG_PROTO_ICMP.n ? PG_FORM_ICMP : PG_FORM_ICMPV6,
		.bits = class->port_bits - 8,
	};
}

static bool is_any(const struct pg_class *class)
{
	return class->peer.n == PG_IDENTITY_ANY.n;
}

static void note_use(struct pg_nftables_use *use, struct pg_nftables_place place)
{
	switch (place.form) {
	case PG_FORM_PORTS:
		use->ports |= 1u << place.bits;
		break;
	case PG_FORM_ICMP:
		use->icmp |= 1u << place.bits;
		break;
	case PG_FORM_ICMPV6:
		use->icmpv6 |= 1u << place.bits;
		break;
	case PG_FORM_PROTO:
		use->proto = true;
		break;
	case PG_FORM_EVERY:
		use->every = true;
		break;
	case PG_FORM_NONE:
		break;
	}
}

static struct pg_nftables_name name_of(enum pg_direction direction, bool any,
				       struct pg_nftables_place place)
{
	static const char *const words[] = {
		[PG_FORM_PORTS] = "",	   [PG_FORM_ICMP] = "icmp-",  [PG_FORM_ICMPV6] = "icmpv6-",
		[PG_FORM_PROTO] = "proto", [PG_FORM_EVERY] = "every",
	};
	struct pg_nftables_name name;
	int length = snprintf(name.text, sizeof(name.text), "%s-%s%s", pg_direction_name(direction),
			      any ? "any-" : "", words[place.form]);

	if (place.bits)
		snprintf(name.text + length, sizeof(name.text) - (size_t)length, "%u", place.bits);
	return name;
}

static struct pg_nftables_set set_of(bool any, enum pg_nftables_form form)
{
	struct pg_nftables_set set = { .key = { PG_TYPE_CLASSID },
				       .data = PG_TYPE_VERDICT,
				       .counter = true };
	size_t count = 1;

	if (!any)
		set.key[count++] = PG_TYPE_MARK;
	if (form == PG_FORM_PORTS || form == PG_FORM_PROTO)
		set.key[count++] = PG_TYPE_PROTO;
	if (form == PG_FORM_PORTS)
		set.key[count] = PG_TYPE_SERVICE;
	else if (form == PG_FORM_ICMP)
		set.key[count] = PG_TYPE_ICMP;
	else if (form == PG_FORM_ICMPV6)
		set.key[count] = PG_TYPE_ICMPV6;
	return set;
}

struct pg_nftables_key pg_nftables_class_key(const struct pg_class *class,
					     const struct pg_nftables_place *place)
{
	enum pg_nftables_form form = place->form;
	uint16_t port = htons(class->port);
	uint8_t type = (uint8_t) class->port;
	struct pg_nftables_key key = { 0 };

	pg_nftables_key_add_id(&key, class->subject);
	if (!is_any(class))
		pg_nftables_key_add_id(&key, class->peer);
	if (form == PG_FORM_PORTS || form == PG_FORM_PROTO)
		pg_nftables_key_add(&key, &class->proto.n, sizeof(class->proto.n));
	if (form == PG_FORM_PORTS)
		pg_nftables_key_add(&key, &port, sizeof(port));
	else if (form == PG_FORM_ICMP || form == PG_FORM_ICMPV6)
		pg_nftables_key_add(&key, &type, sizeof(type));
	/* Parts of a key with others are as long as registers. */
	key.length = form == PG_FORM_EVERY ? key.length : (key.length + 3) / 4 * 4;
	return key;
}

/* Of an ICMP protocol's blocks that have every type, the smallest hits first: it comes last. */
static bool is_hidden(const struct pg_class *class, const struct pg_class *end)
{
	const struct pg_class *next = class + 1;

	return next < end && has_types(class->proto) && place_of(class).form == PG_FORM_PROTO &&
	       next->subject.n == class->subject.n && next->direction == class->direction &&
	       next->peer.n == class->peer.n && next->proto.n == class->proto.n &&
	       place_of(next).form == PG_FORM_PROTO;
}

struct pg_nftables_name pg_nftables_class_map(const struct pg_class *class,
					      const struct pg_nftables_place *place)
{
	return name_of(class->direction, is_any(class), *place);
}

struct pg_nftables_place pg_nftables_place_first(pg_proto proto)
{
	if (proto.n == PG_PROTO_ICMP.n)
		return (struct pg_nftables_place){ .form = PG_FORM_ICMP, .bits = 8 };
	if (proto.n == PG_PROTO_ICMPV6.n)
		return (struct pg_nftables_place){ .form = PG_FORM_ICMPV6, .bits = 8 };
	return (struct pg_nftables_place){ .form = PG_FORM_PORTS, .bits = 16 };
}

uint16_t pg_nftables_place_mask(const struct pg_nftables_place *place)
{
	if (place->form == PG_FORM_PORTS)
		return (uint16_t)(0xffff0000u >> place->bits);
	return place->form == PG_FORM_ICMP || place->form == PG_FORM_ICMPV6
		       ? (uint8_t)(0xff00 >> place->bits)
		       : 0;
}

static struct pg_nftables_value verdict(enum pg_verdict verdict)
{
	return (struct pg_nftables_value){
		.kind = PG_TYPE_VERDICT,
		.code = verdict == PG_VERDICT_ALLOW ? NFT_RETURN : NF_DROP,
	};
}

static int plan_class(const struct pg_intent *intent, const struct pg_class *class,
		      struct pg_nftables_place place, struct pg_objects *objects)
{
	struct pg_nftables_name name = pg_nftables_class_map(class, &place);
	struct pg_nftables_key key = pg_nftables_class_key(class, &place);
	struct pg_nftables_value value = verdict(class->verdict);

	intent->rule_name(intent->context, class->origin, value.comment);
	return pg_nftables_add_element(objects, NFPROTO_INET, name.text, &key, &value,
				       class->origin);
}

static int plan_classes(const struct pg_intent *intent, const struct pg_classes *classes,
			struct pg_objects *objects, struct pg_nftables_uses *uses)
{
	const struct pg_class *end = classes->list.items + classes->list.count;

	pg_array_foreach(class, &classes->list) {
		struct pg_nftables_place place = place_of(class);
		int err;

		if (place.form == PG_FORM_NONE || is_hidden(class, end))
			continue;
		note_use(&uses->use[class->direction][is_any(class)], place);
		err = plan_class(intent, class, place, objects);
		if (err)
			return err;
	}
	return 0;
}

static int plan_map(struct pg_objects *objects, enum pg_direction direction, bool any,
		    struct pg_nftables_place place)
{
	struct pg_nftables_name name = name_of(direction, any, place);
	struct pg_nftables_set set = set_of(any, place.form);

	return pg_nftables_add_set(objects, NFPROTO_INET, name.text, &set);
}

static int plan_blocks(struct pg_objects *objects, enum pg_direction direction, bool any,
		       enum pg_nftables_form form, uint32_t blocks)
{
	for (unsigned int bits = 1; bits <= 16; bits++) {
		int err =
			blocks & 1u << bits
				? plan_map(objects, direction, any,
					   (struct pg_nftables_place){ .form = form, .bits = bits })
				: 0;

		if (err)
			return err;
	}
	return 0;
}

static int plan_maps(struct pg_objects *objects, enum pg_direction direction, bool any,
		     const struct pg_nftables_use *use)
{
	int err = plan_blocks(objects, direction, any, PG_FORM_PORTS, use->ports);

	if (!err)
		err = plan_blocks(objects, direction, any, PG_FORM_ICMP, use->icmp);
	if (!err)
		err = plan_blocks(objects, direction, any, PG_FORM_ICMPV6, use->icmpv6);
	if (!err && use->proto)
		err = plan_map(objects, direction, any,
			       (struct pg_nftables_place){ .form = PG_FORM_PROTO });
	if (!err && use->every)
		err = plan_map(objects, direction, any,
			       (struct pg_nftables_place){ .form = PG_FORM_EVERY });
	return err;
}

/* A map with the subject alone as its key: "egress-closed", "egress-subjects". */
static struct pg_nftables_name name_special(enum pg_direction direction, const char *what)
{
	struct pg_nftables_name name;

	snprintf(name.text, sizeof(name.text), "%s-%s", pg_direction_name(direction), what);
	return name;
}

static int plan_closed(const struct pg_intent *intent, const struct pg_subject *subject,
		       enum pg_direction direction, struct pg_objects *objects)
{
	struct pg_nftables_name map = name_special(direction, "closed");
	struct pg_nftables_value value = verdict(PG_VERDICT_DENY);
	struct pg_nftables_key key = { 0 };

	pg_nftables_key_add_id(&key, subject->id);
	intent->rule_name(intent->context, PG_ORIGIN_NONE, value.comment);
	return pg_nftables_add_element(objects, NFPROTO_INET, map.text, &key, &value,
				       subject->closed_by[direction]);
}

static int plan_judged(const struct pg_subject *subject, enum pg_direction direction,
		       struct pg_objects *objects)
{
	struct pg_nftables_name map = name_special(direction, "subjects");
	struct pg_nftables_value value = { .kind = PG_TYPE_VERDICT, .code = NFT_GOTO };
	struct pg_nftables_key key = { 0 };

	snprintf(value.chain, sizeof(value.chain), "%s-judge", pg_direction_name(direction));
	pg_nftables_key_add_id(&key, subject->id);
	return pg_nftables_add_element(objects, NFPROTO_INET, map.text, &key, &value,
				       PG_ORIGIN_NONE);
}

/* Both lists are sorted by identity. */
static int plan_subjects(const struct pg_intent *intent, const struct pg_classes *classes,
			 enum pg_direction direction, struct pg_objects *objects)
{
	size_t used = 0;

	pg_array_foreach(subject, &intent->table->subjects) {
		bool judged = subject->enforced[direction];
		int err = 0;

		for (; used < classes->uses.count &&
		       classes->uses.items[used].subject.n <= subject->id.n;
		     used++) {
			const struct pg_class_use *use = &classes->uses.items[used];

			judged |= use->subject.n == subject->id.n && use->direction == direction;
		}
		if (subject->enforced[direction])
			err = plan_closed(intent, subject, direction, objects);
		if (!err && judged)
			err = plan_judged(subject, direction, objects);
		if (err)
			return err;
	}
	return 0;
}

static int plan_direction(const struct pg_intent *intent, const struct pg_classes *classes,
			  enum pg_direction direction, const struct pg_nftables_uses *uses,
			  struct pg_objects *objects)
{
	const struct pg_nftables_set set = { .key = { PG_TYPE_CLASSID }, .data = PG_TYPE_VERDICT };
	struct pg_nftables_name closed = name_special(direction, "closed");
	struct pg_nftables_name subjects = name_special(direction, "subjects");
	struct pg_nftables_set counting = set;
	int err = pg_nftables_add_set(objects, NFPROTO_INET, subjects.text, &set);

	counting.counter = true;
	if (!err)
		err = pg_nftables_add_set(objects, NFPROTO_INET, closed.text, &counting);
	for (int any = 0; any < 2 && !err; any++)
		err = plan_maps(objects, direction, any, &uses->use[direction][any]);
	return err ?: plan_subjects(intent, classes, direction, objects);
}

int pg_nftables_plan_policy(const struct pg_intent *intent, const struct pg_classes *classes,
			    struct pg_objects *objects, struct pg_nftables_uses *ret_uses)
{
	struct pg_nftables_uses uses = { 0 };
	int err = plan_classes(intent, classes, objects, &uses);

	for (int i = 0; i < PG_DIRECTIONS && !err; i++)
		err = plan_direction(intent, classes, (enum pg_direction)i, &uses, objects);
	if (err)
		return err;
	*ret_uses = uses;
	return 0;
}

static bool has_map(const struct pg_objects *objects, enum pg_direction direction, bool any,
		    struct pg_nftables_place place)
{
	struct pg_nftables_name name = name_of(direction, any, place);
	uint8_t key[2 + PG_NFTABLES_NAME_MAX] = { PG_RANK_SET, NFPROTO_INET };
	size_t length = strlen(name.text);

	memcpy(key + 2, name.text, length);
	return pg_objects_find(objects, key, 2 + length);
}

struct pg_nftables_uses pg_nftables_find_uses(const struct pg_objects *objects)
{
	static const unsigned int most[PG_FORM_NONE] = {
		[PG_FORM_PORTS] = 16, [PG_FORM_ICMP] = 8, [PG_FORM_ICMPV6] = 8
	};
	struct pg_nftables_uses uses = { 0 };

	for (unsigned int i = 0; i < 2 * PG_DIRECTIONS * PG_FORM_NONE; i++) {
		enum pg_direction direction = i % PG_DIRECTIONS;
		bool any = i / PG_DIRECTIONS % 2;
		struct pg_nftables_place place = { .form = i / PG_DIRECTIONS / 2 };

		/* Maps of whole protocols have no blocks. */
		for (place.bits = most[place.form] ? 1 : 0; place.bits <= most[place.form];
		     place.bits++) {
			if (has_map(objects, direction, any, place))
				note_use(&uses.use[direction][any], place);
		}
	}
	return uses;
}
