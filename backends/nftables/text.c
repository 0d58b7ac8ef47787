// SPDX-License-Identifier: GPL-2.0-only
#include "backends/nftables/text.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <netinet/in.h>

static const char *family_word(uint8_t family)
{
	return family == NFPROTO_BRIDGE ? "bridge" : "inet";
}

static void format_head(const char *what, const struct pg_nftables_item *item,
			struct pg_strbuf *buf)
{
	pg_strbuf_printf(buf, "add %s %s %s", what, family_word(item->family),
			 pg_nftables_table(item->family));
	if (item->name[0])
		pg_strbuf_printf(buf, " %s", item->name);
}

static void format_chain(const struct pg_object *object, const struct pg_nftables_item *item,
			 struct pg_strbuf *buf)
{
	/* Both families number them alike. */
	static const char *const hooks[] = { "prerouting", "input", "forward", "output",
					     "postrouting" };
	struct pg_nftables_chain base;
	bool is_base;

	_Static_assert((int)NF_BR_POST_ROUTING == (int)NF_INET_POST_ROUTING, "same numbers");
	format_head("chain", item, buf);
	if (pg_nftables_read_chain(object, &is_base, &base) || !is_base)
		return;
	pg_strbuf_printf(buf, " { type filter hook %s priority %d; policy %s; }",
			 base.hook < PG_COUNT(hooks) ? hooks[base.hook] : "#hook", base.priority,
			 base.policy == NF_ACCEPT ? "accept" : "drop");
}

static void format_set(const struct pg_object *object, const struct pg_nftables_item *item,
		       struct pg_strbuf *buf)
{
	struct pg_nftables_set set;

	if (pg_nftables_read_set(object, &set))
		return;
	format_head(set.data ? "map" : "set", item, buf);
	pg_strbuf_puts(buf, " { type ");
	for (size_t i = 0; i < PG_NFTABLES_FIELDS_MAX && set.key[i]; i++)
		pg_strbuf_printf(buf, "%s%s", i ? " . " : "", pg_nftables_type_name(set.key[i]));
	if (set.data)
		pg_strbuf_printf(buf, " : %s", pg_nftables_type_name(set.data));
	pg_strbuf_printf(buf, ";%s%s }", set.interval ? " flags interval;" : "",
			 set.counter ? " counter;" : "");
}

static void format_address(const uint8_t *bytes, uint8_t family, struct pg_strbuf *buf)
{
	struct pg_addr addr = { .family = family };
	char text[PG_ADDR_TEXT_MAX];

	memcpy(addr.bytes, bytes, pg_addr_bits(&addr) / 8);
	pg_strbuf_puts(buf, pg_addr_format(&addr, text));
}

static void format_proto(uint8_t proto, struct pg_strbuf *buf)
{
	const char *name = pg_proto_name((pg_proto){ proto });

	if (proto == IPPROTO_ICMPV6)
		pg_strbuf_puts(buf, "ipv6-icmp");
	else if (name)
		pg_strbuf_puts(buf, name);
	else
		pg_strbuf_printf(buf, "%u", proto);
}

static void format_id(uint8_t type, pg_identity id, struct pg_strbuf *buf)
{
	if (type == PG_TYPE_CLASSID)
		pg_strbuf_printf(buf, "%x:%x", id.n >> 16, id.n & 0xffff);
	else
		pg_strbuf_printf(buf, "0x%08x", id.n);
}

static void format_field(uint8_t type, const uint8_t *bytes, struct pg_strbuf *buf)
{
	pg_identity id;

	switch (type) {
	case PG_TYPE_IPV4:
	case PG_TYPE_IPV6:
		format_address(bytes, type == PG_TYPE_IPV4 ? 4 : 6, buf);
		break;
	case PG_TYPE_CLASSID:
	case PG_TYPE_MARK:
		memcpy(&id.n, bytes, sizeof(id.n));
		format_id(type, id, buf);
		break;
	case PG_TYPE_PROTO:
		format_proto(bytes[0], buf);
		break;
	case PG_TYPE_SERVICE:
		pg_strbuf_printf(buf, "%u", bytes[0] << 8 | bytes[1]);
		break;
	case PG_TYPE_IFNAME:
		pg_strbuf_putc(buf, '"');
		pg_strbuf_add_escaped(buf, (const char *)bytes,
				      strnlen((const char *)bytes, IFNAMSIZ));
		pg_strbuf_putc(buf, '"');
		break;
	default:
		pg_strbuf_printf(buf, "%u", bytes[0]);
	}
}

/* The set's object stands before its elements. */
static int find_set(const struct pg_objects *objects, const struct pg_nftables_item *item,
		    struct pg_nftables_set *ret_set)
{
	uint8_t key[2 + PG_NFTABLES_NAME_MAX] = { PG_RANK_SET, item->family };
	size_t length = strlen(item->name);
	const struct pg_object *object;

	memcpy(key + 2, item->name, length);
	object = pg_objects_find(objects, key, 2 + length);
	return object ? pg_nftables_read_set(object, ret_set) : -ENOENT;
}

/* The address before `bytes`. */
static void step_back(const uint8_t *bytes, size_t length, uint8_t before[16])
{
	memcpy(before, bytes, length);
	for (size_t i = length; i-- && !before[i]--;)
		;
}

/* "-10.255.255.255": the last address of an interval that begins with `object`. */
static void format_last(const struct pg_objects *objects, const struct pg_object *object,
			const struct pg_nftables_item *item, uint8_t family, struct pg_strbuf *buf)
{
	const struct pg_object *end = objects->list.items + objects->list.count;
	size_t length = item->key_length - 1;
	uint8_t last[16];

	memset(last, 0xff, sizeof(last));
	if (object < objects->list.items || object >= end)
		return;
	for (const struct pg_object *next = object + 1; next < end; next++) {
		struct pg_nftables_item other;

		if (pg_nftables_item(next, &other) || strcmp(other.name, item->name) ||
		    other.family != item->family || other.key_length != item->key_length)
			break;
		if (other.key[length])
			continue;
		step_back(other.key, length, last);
		break;
	}
	if (!memcmp(last, item->key, length))
		return;
	pg_strbuf_putc(buf, '-');
	format_address(last, family, buf);
}

static void format_key(const struct pg_objects *objects, const struct pg_object *object,
		       const struct pg_nftables_item *item, const struct pg_nftables_set *set,
		       struct pg_strbuf *buf)
{
	size_t offset = 0;

	for (size_t i = 0; i < PG_NFTABLES_FIELDS_MAX && set->key[i]; i++) {
		size_t length = pg_nftables_type_length(set->key[i]);

		if (offset + length > item->key_length)
			return;
		if (i)
			pg_strbuf_puts(buf, " . ");
		format_field(set->key[i], item->key + offset, buf);
		offset += (length + 3) / 4 * 4;
	}
	if (set->interval)
		format_last(objects, object, item, set->key[0] == PG_TYPE_IPV4 ? 4 : 6, buf);
}

static bool is_end(const struct pg_nftables_item *item, const struct pg_nftables_set *set)
{
	return set->interval && !item->key[item->key_length - 1];
}

static void format_pair(const struct pg_objects *objects, const struct pg_object *object,
			const struct pg_nftables_item *item, const struct pg_nftables_set *set,
			struct pg_strbuf *buf)
{
	struct pg_nftables_value value;

	if (pg_nftables_read_element(object, &value))
		return;
	format_key(objects, object, item, set, buf);
	if (value.comment[0]) {
		pg_strbuf_puts(buf, " comment \"");
		pg_strbuf_add_escaped(buf, value.comment, strlen(value.comment));
		pg_strbuf_putc(buf, '"');
	}
	if (value.kind != PG_TYPE_NONE)
		pg_strbuf_puts(buf, " : ");
	if (value.kind == PG_TYPE_VERDICT)
		pg_nftables_format_verdict(value.code, value.chain, buf);
	else if (value.kind != PG_TYPE_NONE)
		format_id(value.kind, value.id, buf);
}

void pg_nftables_format_content(const struct pg_objects *objects, const struct pg_object *element,
				struct pg_strbuf *buf)
{
	struct pg_nftables_item item;
	struct pg_nftables_set set;

	if (!pg_nftables_item(element, &item) && !find_set(objects, &item, &set))
		format_pair(objects, element, &item, &set, buf);
}

static void format_element(const struct pg_objects *objects, const struct pg_object *object,
			   const struct pg_nftables_item *item, struct pg_strbuf *buf)
{
	struct pg_nftables_set set;

	if (find_set(objects, item, &set) || is_end(item, &set))
		return;
	format_head("element", item, buf);
	pg_strbuf_puts(buf, " { ");
	format_pair(objects, object, item, &set, buf);
	pg_strbuf_puts(buf, " }");
}

static void format_rule(const struct pg_object *object, const struct pg_nftables_item *item,
			struct pg_strbuf *buf)
{
	struct nftnl_rule *rule = pg_nftables_read_rule(object);

	format_head("rule", item, buf);
	pg_strbuf_putc(buf, ' ');
	if (!rule)
		return;
	pg_nftables_format_rule(rule, buf);
	nftnl_rule_free(rule);
}

void pg_nftables_format(const struct pg_objects *objects, const struct pg_object *object,
			struct pg_strbuf *buf)
{
	struct pg_nftables_item item;

	if (pg_nftables_item(object, &item))
		return;
	switch (item.rank) {
	case PG_RANK_TABLE:
		format_head("table", &item, buf);
		break;
	case PG_RANK_COUNTER:
		format_head("counter", &item, buf);
		break;
	case PG_RANK_CHAIN:
		format_chain(object, &item, buf);
		break;
	case PG_RANK_SET:
		format_set(object, &item, buf);
		break;
	case PG_RANK_ELEMENT:
		format_element(objects, object, &item, buf);
		break;
	case PG_RANK_RULE:
		format_rule(object, &item, buf);
		break;
	case PG_RANK_FOREIGN:
		format_head("#foreign", &item, buf);
		break;
	}
}

static void render_line(enum pg_render_form form, const char *line, bool first,
			struct pg_strbuf *buf)
{
	if (form == PG_RENDER_NATIVE) {
		pg_strbuf_printf(buf, "%s\n", line);
		return;
	}
	pg_strbuf_puts(buf, first ? "" : ",");
	pg_strbuf_add_json(buf, line, strlen(line));
}

int pg_nftables_render(const struct pg_objects *objects, enum pg_render_form form,
		       struct pg_strbuf *buf)
{
	bool first = true;

	pg_strbuf_puts(buf,
		       form == PG_RENDER_NATIVE
			       ? "# nft -f; rules loaded so leave identities in priority and mark\n"
			       : "{\"nftables\":[");
	pg_array_foreach(object, &objects->list) {
		_cleanup_strbuf_ struct pg_strbuf line = { 0 };

		pg_nftables_format(objects, object, &line);
		if (pg_strbuf_error(&line))
			return -ENOMEM;
		if (!line.length)
			continue;
		render_line(form, line.text, first, buf);
		first = false;
	}
	if (form == PG_RENDER_JSON)
		pg_strbuf_puts(buf, "]}\n");
	return pg_strbuf_error(buf);
}
