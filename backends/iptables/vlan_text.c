// SPDX-License-Identifier: GPL-2.0-only
/* The guard's parts, ours or not, as commands of nft. */
#include "backends/iptables/vlan_nft.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/socket.h>

#define KEY_MAX (2 + 2 * NFT_NAME_MAXLEN)

/* In the order in which nft must read them. */
enum rank {
	TABLE,
	SET,
	ELEMENT,
	CHAIN,
	RULE,
};

static int add_line(struct pg_objects *objects, enum rank rank, const char *name, const void *rest,
		    size_t rest_length, const struct pg_strbuf *line)
{
	char key[KEY_MAX] = { AF_BRIDGE, (char)rank };
	size_t length = strnlen(name, NFT_NAME_MAXLEN - 1);
	int err = pg_strbuf_error(line);

	if (err)
		return err;
	memcpy(key + 2, name, length);
	length += 3;
	memcpy(key + length, rest, rest_length);
	return pg_objects_add(objects, key, length + rest_length, line->text, line->length,
			      PG_ORIGIN_NONE);
}

static void start_line(struct pg_strbuf *line, const char *what, const char *name)
{
	pg_strbuf_printf(line, "add %s bridge " PG_VLAN_TABLE " ", what);
	pg_strbuf_add_escaped(line, name, strlen(name));
}

int pg_vlan_describe_table(uint32_t flags, struct pg_objects *objects)
{
	_cleanup_strbuf_ struct pg_strbuf line = { 0 };

	pg_strbuf_puts(&line, "add table bridge " PG_VLAN_TABLE);
	if (flags)
		pg_strbuf_printf(&line, " { flags %#x; }", flags);
	return add_line(objects, TABLE, PG_VLAN_TABLE, "", 0, &line);
}

static int describe_element(struct nftnl_set_elem *element, const char *set,
			    struct pg_objects *objects)
{
	_cleanup_strbuf_ struct pg_strbuf line = { 0 };
	uint32_t length = 0;
	const char *text = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &length);

	if (!text || length != IFNAMSIZ)
		return -EBADMSG;
	start_line(&line, "element", set);
	pg_strbuf_puts(&line, " { \"");
	pg_strbuf_add_escaped(&line, text, strnlen(text, length));
	pg_strbuf_puts(&line, "\" }");
	return add_line(objects, ELEMENT, set, text, length, &line);
}

struct elements {
	const char *set;
	struct pg_objects *objects;
	int err;
};

static int take_element(struct nftnl_set_elem *element, void *data)
{
	struct elements *elements = data;

	elements->err = describe_element(element, elements->set, elements->objects);
	return elements->err ? -1 : 0;
}

int pg_vlan_describe_set(const struct nftnl_set *set, struct pg_objects *objects)
{
	struct elements elements = { nftnl_set_get_str(set, NFTNL_SET_NAME), objects, 0 };
	_cleanup_strbuf_ struct pg_strbuf line = { 0 };
	uint32_t type = nftnl_set_get_u32(set, NFTNL_SET_KEY_TYPE);
	uint32_t flags = nftnl_set_get_u32(set, NFTNL_SET_FLAGS);
	bool names = type == PG_VLAN_TYPE_IFNAME &&
		     nftnl_set_get_u32(set, NFTNL_SET_KEY_LEN) == IFNAMSIZ;
	int err;

	start_line(&line, "set", elements.set);
	if (names)
		pg_strbuf_puts(&line, " { type ifname;");
	else
		pg_strbuf_printf(&line, " { type %u;", type);
	if (flags)
		pg_strbuf_printf(&line, " flags %#x;", flags);
	pg_strbuf_puts(&line, " }");
	err = add_line(objects, SET, elements.set, "", 0, &line);
	/* Those of others could be anything, also twice the same; the set alone says that it is wrong. */
	if (!err && names && !flags)
		nftnl_set_elem_foreach((struct nftnl_set *)set, take_element, &elements);
	return err ? err : elements.err;
}

static const char *hook_name(uint32_t hook)
{
	static const char *const names[] = { "prerouting", "input", "forward", "output",
					     "postrouting" };

	return hook < PG_COUNT(names) ? names[hook] : "other";
}

int pg_vlan_describe_chain(const struct nftnl_chain *chain, struct pg_objects *objects)
{
	_cleanup_strbuf_ struct pg_strbuf line = { 0 };
	const char *name = nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);

	start_line(&line, "chain", name);
	if (nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM))
		pg_strbuf_printf(&line, " { type %s hook %s priority %d; policy %s; }",
				 nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE),
				 hook_name(nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM)),
				 nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO),
				 nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) == NF_ACCEPT
					 ? "accept"
					 : "drop");
	return add_line(objects, CHAIN, name, "", 0, &line);
}

/* One expression, in the words of libnftnl; a counter without what it counted. */
static int format_expression(struct nftnl_expr *expression, void *data)
{
	const char *name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
	char text[512] = "";

	if (strcmp(name, "counter") != 0)
		nftnl_expr_snprintf(text, sizeof(text), expression, NFTNL_OUTPUT_DEFAULT, 0);
	pg_strbuf_printf(data, " [ %s %s]", name, text);
	return 0;
}

/* Where the rule is and what it does, the same for the same rules. */
static void format_raw(struct nftnl_rule *rule, struct pg_strbuf *buf)
{
	start_line(buf, "rule", nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN));
	nftnl_expr_foreach(rule, format_expression, buf);
}

/* -ENOMEM; 0: another rule; 1. */
static int is_rule(const struct pg_strbuf *raw, enum pg_direction direction, size_t tag)
{
	static const struct pg_nft_counter zero;
	_cleanup_nftnl_rule_ struct nftnl_rule *ours = pg_vlan_new_rule(direction, tag, &zero);
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	if (!ours)
		return -ENOMEM;
	format_raw(ours, &text);
	if (pg_strbuf_error(&text) || pg_strbuf_error(raw))
		return -ENOMEM;
	return !strcmp(text.text, raw->text);
}

int pg_vlan_identify(struct nftnl_rule *rule, enum pg_direction *ret_direction, size_t *ret_tag)
{
	_cleanup_strbuf_ struct pg_strbuf raw = { 0 };

	format_raw(rule, &raw);
	for (int i = 0; i < PG_DIRECTIONS; i++) {
		for (size_t tag = 0; tag < PG_VLAN_TAGS; tag++) {
			int r = is_rule(&raw, (enum pg_direction)i, tag);

			if (!r)
				continue;
			*ret_direction = (enum pg_direction)i;
			*ret_tag = tag;
			return r;
		}
	}
	return 0;
}

int pg_vlan_describe_rule(struct nftnl_rule *rule, uint32_t position, struct pg_objects *objects)
{
	const char *chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
	uint32_t big_endian = htonl(position);
	_cleanup_strbuf_ struct pg_strbuf line = { 0 };
	enum pg_direction direction;
	size_t tag;
	int r = pg_vlan_identify(rule, &direction, &tag);

	if (r < 0)
		return r;
	if (r) {
		start_line(&line, "rule", chain);
		pg_strbuf_putc(&line, ' ');
		pg_vlan_format_rule(direction, tag, &line);
	} else {
		format_raw(rule, &line);
	}
	return add_line(objects, RULE, chain, &big_endian, sizeof(big_endian), &line);
}
