// SPDX-License-Identifier: GPL-2.0-only
/* The parts of the guard's table: sets of interfaces, chains, rules. */
#include "backends/iptables/vlan_nft.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>
#include <stddef.h>

/* "priority filter" of bridges. */
#define PRIORITY (-200)

static const struct side {
	const char *set, *chain, *word;
	uint32_t hook, key;
} sides[PG_DIRECTIONS] = {
	[PG_EGRESS] = { "egress", "prerouting", "iifname", NF_BR_PRE_ROUTING, NFT_META_IIFNAME },
	[PG_INGRESS] = { "ingress", "postrouting", "oifname", NF_BR_POST_ROUTING,
			 NFT_META_OIFNAME },
};

static const struct {
	uint16_t type;
	const char *word;
} tags[PG_VLAN_TAGS] = { { ETH_P_8021Q, "8021q" }, { ETH_P_8021AD, "8021ad" } };

/* So that nft reads names from their first byte: it keeps the byte order of a set's keys for itself. */
static bool add_byte_order(struct nftnl_set *set)
{
	enum { HOST_ENDIAN = 1 };
	struct nftnl_udata_buf *data = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	bool ok = data && nftnl_udata_put_u32(data, NFTNL_UDATA_SET_KEYBYTEORDER, HOST_ENDIAN) &&
		  !nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(data),
				      nftnl_udata_buf_len(data));

	if (data)
		nftnl_udata_buf_free(data);
	return ok;
}

static bool add_element(struct nftnl_set *set, const struct pg_vlan_name *name)
{
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();

	if (!element)
		return false;
	if (nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, name->text, sizeof(name->text)) < 0) {
		nftnl_set_elem_free(element);
		return false;
	}
	nftnl_set_elem_add(set, element);
	return true;
}

struct nftnl_set *pg_vlan_new_set(enum pg_direction direction, const struct pg_vlan_name *names,
				  size_t count)
{
	_cleanup_nftnl_set_ struct nftnl_set *set = nftnl_set_alloc();

	if (!set || nftnl_set_set_str(set, NFTNL_SET_TABLE, PG_VLAN_TABLE) < 0 ||
	    nftnl_set_set_str(set, NFTNL_SET_NAME, sides[direction].set) < 0)
		return NULL;
	/* A number that tells the sets of one batch apart. */
	nftnl_set_set_u32(set, NFTNL_SET_ID, (uint32_t)direction + 1);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, 0);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, PG_VLAN_TYPE_IFNAME);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, IFNAMSIZ);
	if (!add_byte_order(set))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (!add_element(set, &names[i]))
			return NULL;
	}
	return PG_TAKE(set);
}

struct nftnl_chain *pg_vlan_new_chain(enum pg_direction direction)
{
	_cleanup_nftnl_chain_ struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain || nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, PG_VLAN_TABLE) < 0 ||
	    nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, sides[direction].chain) < 0 ||
	    nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter") < 0)
		return NULL;
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, sides[direction].hook);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, PRIORITY);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	return PG_TAKE(chain);
}

static struct nftnl_expr *add_expression(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_expr *expression = nftnl_expr_alloc(name);

	if (expression)
		nftnl_rule_add_expr(rule, expression);
	return expression;
}

/* The outermost type of the frame: that of a tag, wherever the kernel keeps it. */
static bool add_type(struct nftnl_rule *rule, size_t tag)
{
	uint16_t type = htons(tags[tag].type);
	struct nftnl_expr *payload = add_expression(rule, "payload");
	struct nftnl_expr *compare = payload ? add_expression(rule, "cmp") : NULL;

	if (!compare)
		return false;
	nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_LL_HEADER);
	nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_OFFSET, offsetof(struct ethhdr, h_proto));
	nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_LEN, sizeof(type));
	nftnl_expr_set_u32(compare, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(compare, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
	return !nftnl_expr_set(compare, NFTNL_EXPR_CMP_DATA, &type, sizeof(type));
}

static bool add_interface(struct nftnl_rule *rule, enum pg_direction direction)
{
	struct nftnl_expr *meta = add_expression(rule, "meta");
	struct nftnl_expr *lookup = meta ? add_expression(rule, "lookup") : NULL;

	if (!lookup)
		return false;
	nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, sides[direction].key);
	nftnl_expr_set_u32(meta, NFTNL_EXPR_META_DREG, NFT_REG_1);
	nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_FLAGS, 0);
	nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SET_ID, (uint32_t)direction + 1);
	return !nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, sides[direction].set);
}

static bool add_drop(struct nftnl_rule *rule, const struct pg_nft_counter *counter)
{
	struct nftnl_expr *count = add_expression(rule, "counter");
	struct nftnl_expr *drop = count ? add_expression(rule, "immediate") : NULL;

	if (!drop)
		return false;
	nftnl_expr_set_u64(count, NFTNL_EXPR_CTR_PACKETS, counter->packets);
	nftnl_expr_set_u64(count, NFTNL_EXPR_CTR_BYTES, counter->bytes);
	nftnl_expr_set_u32(drop, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(drop, NFTNL_EXPR_IMM_VERDICT, NF_DROP);
	return true;
}

struct nftnl_rule *pg_vlan_new_rule(enum pg_direction direction, size_t tag,
				    const struct pg_nft_counter *counter)
{
	_cleanup_nftnl_rule_ struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule || nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, PG_VLAN_TABLE) < 0 ||
	    nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, sides[direction].chain) < 0)
		return NULL;
	if (!add_type(rule, tag) || !add_interface(rule, direction) || !add_drop(rule, counter))
		return NULL;
	return PG_TAKE(rule);
}

void pg_vlan_format_rule(enum pg_direction direction, size_t tag, struct pg_strbuf *buf)
{
	pg_strbuf_printf(buf, "ether type %s %s @%s counter drop", tags[tag].word,
			 sides[direction].word, sides[direction].set);
}

bool pg_vlan_parse_set(const char *name, enum pg_direction *ret_direction)
{
	for (int i = 0; i < PG_DIRECTIONS; i++) {
		if (strcmp(name, sides[i].set) != 0)
			continue;
		*ret_direction = (enum pg_direction)i;
		return true;
	}
	return false;
}
