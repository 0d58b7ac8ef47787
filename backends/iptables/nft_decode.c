// SPDX-License-Identifier: GPL-2.0-only
/*
 * A rule read back from nf_tables. Any expression list that means what a tree's rule can say is
 * understood, whatever the order of its parts; every other one becomes `foreign`.
 */
#include <stdio.h> /* libnftnl's headers need it */

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

#include "backends/iptables/nft.h"

/* What register 1 holds. */
enum loaded { NOTHING, PROTOCOL, SOURCE, DESTINATION, PORT };

struct decoder {
	struct pg_tree_rule *rule;
	uint8_t family;
	enum loaded loaded;
	uint32_t length;	/* of what is loaded, in bytes */
	uint8_t prefix_bits;	/* of an address: how many bits count */
	bool counted, finished; /* the counter was there; the verdict was */
};

static uint32_t number(const struct nftnl_expr *expression, uint16_t attribute)
{
	return nftnl_expr_get_u32(expression, attribute);
}

/* The bytes of an attribute if there are exactly so many; else NULL. */
static const void *bytes(const struct nftnl_expr *expression, uint16_t attribute, uint32_t length)
{
	uint32_t there = 0;
	const void *data = nftnl_expr_get(expression, attribute, &there);

	return there == length ? data : NULL;
}

static bool take_meta(struct decoder *decoder, const struct nftnl_expr *expression)
{
	if (number(expression, NFTNL_EXPR_META_KEY) != NFT_META_L4PROTO ||
	    number(expression, NFTNL_EXPR_META_DREG) != NFT_REG_1)
		return false;
	decoder->loaded = PROTOCOL;
	decoder->length = 1;
	return true;
}

static bool load_address(struct decoder *decoder, uint32_t offset)
{
	bool v4 = decoder->family == 4;

	if (offset == (v4 ? offsetof(struct iphdr, saddr) : offsetof(struct ip6_hdr, ip6_src)))
		decoder->loaded = SOURCE;
	else if (offset == (v4 ? offsetof(struct iphdr, daddr) : offsetof(struct ip6_hdr, ip6_dst)))
		decoder->loaded = DESTINATION;
	else
		return false;
	if (decoder->length > (v4 ? 4 : 16))
		return false;
	decoder->prefix_bits = (uint8_t)(decoder->length * 8);
	return true;
}

static bool has_ports(const struct pg_tree_rule *rule)
{
	return rule->proto.n == PG_PROTO_TCP.n || rule->proto.n == PG_PROTO_UDP.n;
}

static bool take_payload(struct decoder *decoder, const struct nftnl_expr *expression)
{
	uint32_t base = number(expression, NFTNL_EXPR_PAYLOAD_BASE);
	uint32_t offset = number(expression, NFTNL_EXPR_PAYLOAD_OFFSET);

	if (number(expression, NFTNL_EXPR_PAYLOAD_DREG) != NFT_REG_1)
		return false;
	decoder->length = number(expression, NFTNL_EXPR_PAYLOAD_LEN);
	if (base == NFT_PAYLOAD_NETWORK_HEADER)
		return load_address(decoder, offset);
	decoder->loaded = PORT;
	return base == NFT_PAYLOAD_TRANSPORT_HEADER && offset == 2 && decoder->length == 2 &&
	       has_ports(decoder->rule);
}

/* How many bits a mask has set, if they are the first ones; else -1. */
static int mask_bits(const uint8_t *mask, uint32_t length)
{
	uint32_t bits = 0;

	while (bits < length * 8 && mask[bits / 8] & (0x80 >> (bits % 8)))
		bits++;
	for (uint32_t i = bits; i < length * 8; i++) {
		if (mask[i / 8] & (0x80 >> (i % 8)))
			return -1;
	}
	return (int)bits;
}

static bool take_bitwise(struct decoder *decoder, const struct nftnl_expr *expression)
{
	static const uint8_t zero[16];
	const void *mask = bytes(expression, NFTNL_EXPR_BITWISE_MASK, decoder->length);
	const void * xor = bytes(expression, NFTNL_EXPR_BITWISE_XOR, decoder->length);
	int bits;

	if ((decoder->loaded != SOURCE && decoder->loaded != DESTINATION) || !mask || !xor ||
	    number(expression, NFTNL_EXPR_BITWISE_SREG) != NFT_REG_1 ||
	    number(expression, NFTNL_EXPR_BITWISE_DREG) != NFT_REG_1 ||
	    number(expression, NFTNL_EXPR_BITWISE_OP) != NFT_BITWISE_BOOL ||
	    memcmp(xor, zero, decoder->length))
		return false;
	bits = mask_bits(mask, decoder->length);
	decoder->prefix_bits = (uint8_t)bits;
	return bits >= 0;
}

static bool compare_address(struct decoder *decoder, const uint8_t *value, bool inverted)
{
	bool source = decoder->loaded == SOURCE;
	struct pg_prefix *prefix = source ? &decoder->rule->src : &decoder->rule->dst;
	struct pg_addr addr = { .family = decoder->family };

	if (prefix->addr.family || !decoder->prefix_bits)
		return false;
	memcpy(addr.bytes, value, decoder->length);
	*prefix = pg_prefix_of(&addr, decoder->prefix_bits);
	if (source)
		decoder->rule->src_not = inverted;
	else
		decoder->rule->dst_not = inverted;
	/* With bits set where the mask has none, the rule never matches. */
	return !memcmp(prefix->addr.bytes, addr.bytes, sizeof(addr.bytes));
}

static bool set_ports(struct pg_tree_rule *rule, uint16_t first, uint16_t last)
{
	if (rule->has_dport)
		return false;
	rule->has_dport = true;
	rule->dport_first = first;
	rule->dport_last = last;
	return first <= last;
}

static bool compare_port(struct decoder *decoder, const void *value, uint32_t operation)
{
	uint16_t port;

	memcpy(&port, value, sizeof(port));
	port = ntohs(port);
	if (operation == NFT_CMP_LTE)
		return set_ports(decoder->rule, 0, port);
	return operation == NFT_CMP_EQ && set_ports(decoder->rule, port, port);
}

static bool take_compare(struct decoder *decoder, const struct nftnl_expr *expression)
{
	const void *value = bytes(expression, NFTNL_EXPR_CMP_DATA, decoder->length);
	uint32_t operation = number(expression, NFTNL_EXPR_CMP_OP);

	if (!value || number(expression, NFTNL_EXPR_CMP_SREG) != NFT_REG_1)
		return false;
	switch (decoder->loaded) {
	case PROTOCOL:
		if (operation != NFT_CMP_EQ || decoder->rule->proto.n != PG_PROTO_EVERY.n)
			return false;
		decoder->rule->proto.n = *(const uint8_t *)value;
		return decoder->rule->proto.n != PG_PROTO_EVERY.n;
	case SOURCE:
	case DESTINATION:
		return (operation == NFT_CMP_EQ || operation == NFT_CMP_NEQ) &&
		       compare_address(decoder, value, operation == NFT_CMP_NEQ);
	case PORT:
		return compare_port(decoder, value, operation);
	case NOTHING:
		break;
	}
	return false;
}

static bool take_range(struct decoder *decoder, const struct nftnl_expr *expression)
{
	const void *from = bytes(expression, NFTNL_EXPR_RANGE_FROM_DATA, 2);
	const void *to = bytes(expression, NFTNL_EXPR_RANGE_TO_DATA, 2);
	uint16_t first, last;

	if (decoder->loaded != PORT || !from || !to ||
	    number(expression, NFTNL_EXPR_RANGE_SREG) != NFT_REG_1 ||
	    number(expression, NFTNL_EXPR_RANGE_OP) != NFT_RANGE_EQ)
		return false;
	memcpy(&first, from, sizeof(first));
	memcpy(&last, to, sizeof(last));
	return set_ports(decoder->rule, ntohs(first), ntohs(last));
}

static bool take_match(struct decoder *decoder, const struct nftnl_expr *expression)
{
	uint32_t length = 0;
	const void *info = nftnl_expr_get(expression, NFTNL_EXPR_MT_INFO, &length);

	return info && pg_nft_match_parse(nftnl_expr_get_str(expression, NFTNL_EXPR_MT_NAME),
					  number(expression, NFTNL_EXPR_MT_REV), info, length,
					  decoder->rule);
}

static bool take_counter(struct decoder *decoder, const struct nftnl_expr *expression)
{
	if (decoder->counted)
		return false;
	decoder->counted = true;
	decoder->rule->packets = nftnl_expr_get_u64(expression, NFTNL_EXPR_CTR_PACKETS);
	decoder->rule->bytes = nftnl_expr_get_u64(expression, NFTNL_EXPR_CTR_BYTES);
	return true;
}

static bool take_chain(struct pg_tree_rule *rule, const struct nftnl_expr *expression)
{
	const char *chain = nftnl_expr_get_str(expression, NFTNL_EXPR_IMM_CHAIN);

	if (!chain || strlen(chain) >= sizeof(rule->chain))
		return false;
	memcpy(rule->chain, chain, strlen(chain) + 1);
	return true;
}

static bool take_immediate(struct decoder *decoder, const struct nftnl_expr *expression)
{
	static const struct {
		int verdict;
		enum pg_target target;
	} targets[] = {
		{ NFT_RETURN, PG_TARGET_RETURN }, { NF_DROP, PG_TARGET_DROP },
		{ NF_ACCEPT, PG_TARGET_ACCEPT },  { NFT_JUMP, PG_TARGET_JUMP },
		{ NFT_GOTO, PG_TARGET_GOTO },
	};
	struct pg_tree_rule *rule = decoder->rule;

	if (number(expression, NFTNL_EXPR_IMM_DREG) != NFT_REG_VERDICT || !decoder->counted)
		return false;
	decoder->finished = true;
	for (size_t i = 0; i < PG_COUNT(targets); i++) {
		if ((int)number(expression, NFTNL_EXPR_IMM_VERDICT) == targets[i].verdict)
			rule->target = targets[i].target;
	}
	if (rule->target == PG_TARGET_JUMP || rule->target == PG_TARGET_GOTO)
		return take_chain(rule, expression);
	return rule->target != PG_TARGET_NONE;
}

static const struct {
	const char *name;
	bool (*take)(struct decoder *decoder, const struct nftnl_expr *expression);
} known[] = {
	{ "match", take_match },     { "cmp", take_compare },	  { "payload", take_payload },
	{ "meta", take_meta },	     { "counter", take_counter }, { "immediate", take_immediate },
	{ "bitwise", take_bitwise }, { "range", take_range },
};

static int take(struct nftnl_expr *expression, void *data)
{
	const char *name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
	struct decoder *decoder = data;

	for (size_t i = 0; i < PG_COUNT(known); i++) {
		if (!strcmp(known[i].name, name))
			return !decoder->finished && known[i].take(decoder, expression) ? 0 : -1;
	}
	return -1;
}

static int describe_one(struct nftnl_expr *expression, void *data)
{
	const char *name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
	char text[1024] = "";

	/* The text is to stay the same while packets pass. */
	if (!strcmp(name, "counter"))
		return 0;
	nftnl_expr_snprintf(text, sizeof(text), expression, NFTNL_OUTPUT_DEFAULT, 0);
	pg_strbuf_printf(data, " [ %s %s]", name, text);
	return 0;
}

/* A text of its own kind, in one line, that no rule of a tree has: "nft [ cmp eq reg 1 0x01 ]". */
static char *describe(struct nftnl_rule *from)
{
	_cleanup_strbuf_ struct pg_strbuf raw = { 0 }, buf = { 0 };

	pg_strbuf_puts(&raw, "nft");
	nftnl_expr_foreach(from, describe_one, &raw);
	if (!raw.failed)
		pg_strbuf_add_escaped(&buf, raw.text, raw.length);
	return raw.failed ? NULL : pg_strbuf_take(&buf);
}

/* What other tools put into a name or a comment may steer a terminal, or be two lines. */
static bool is_printable(const char *text)
{
	for (; *text; text++) {
		if (*text < 0x20 || *text >= 0x7f)
			return false;
	}
	return true;
}

static bool has_plain_texts(const struct pg_tree_rule *rule)
{
	return is_printable(rule->physdev_in) && is_printable(rule->physdev_out) &&
	       is_printable(rule->comment) && is_printable(rule->chain);
}

int pg_nft_decode(struct nftnl_rule *from, uint8_t family, struct pg_tree_rule *ret_rule)
{
	struct pg_tree_rule rule = { 0 };
	struct decoder decoder = { .rule = &rule, .family = family };

	if (nftnl_expr_foreach(from, take, &decoder) || !decoder.counted ||
	    !has_plain_texts(&rule) || !pg_nft_can_encode(&rule)) {
		rule = (struct pg_tree_rule){ .packets = rule.packets, .bytes = rule.bytes };
		rule.foreign = describe(from);
		if (!rule.foreign)
			return -ENOMEM;
	}
	*ret_rule = rule;
	return 0;
}
