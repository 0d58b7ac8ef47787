// SPDX-License-Identifier: GPL-2.0-only
/*
 * A rule as nf_tables expressions: the list that iptables-nft 1.8.9 makes, in its order, with its
 * short forms. Expressions pass values through register 1.
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

#include "backends/iptables/nft.h"

/* An expression whose attributes are being put. */
struct expression {
	struct nlmsghdr *message;
	struct nlattr *element, *data;
};

static struct expression begin(struct nlmsghdr *message, const char *name)
{
	struct expression expression = { .message = message };

	expression.element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, name);
	expression.data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	return expression;
}

static void end(struct expression *expression)
{
	mnl_attr_nest_end(expression->message, expression->data);
	mnl_attr_nest_end(expression->message, expression->element);
}

static void put_number(struct expression *expression, uint16_t attribute, uint32_t value)
{
	mnl_attr_put_u32(expression->message, attribute, htonl(value));
}

static void put_data(struct expression *expression, uint16_t attribute, const void *bytes,
		     size_t length)
{
	struct nlattr *nest = mnl_attr_nest_start(expression->message, attribute);

	mnl_attr_put(expression->message, NFTA_DATA_VALUE, length, bytes);
	mnl_attr_nest_end(expression->message, nest);
}

static void put_compare(struct nlmsghdr *message, uint32_t operation, const void *bytes,
			size_t length)
{
	struct expression expression = begin(message, "cmp");

	put_number(&expression, NFTA_CMP_SREG, NFT_REG_1);
	put_number(&expression, NFTA_CMP_OP, operation);
	put_data(&expression, NFTA_CMP_DATA, bytes, length);
	end(&expression);
}

static void put_payload(struct nlmsghdr *message, uint32_t base, size_t offset, size_t length)
{
	struct expression expression = begin(message, "payload");

	put_number(&expression, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_number(&expression, NFTA_PAYLOAD_BASE, base);
	put_number(&expression, NFTA_PAYLOAD_OFFSET, (uint32_t)offset);
	put_number(&expression, NFTA_PAYLOAD_LEN, (uint32_t)length);
	end(&expression);
}

static void put_mask(struct nlmsghdr *message, const uint8_t *mask, size_t length)
{
	static const uint8_t zero[16];
	struct expression expression = begin(message, "bitwise");

	put_number(&expression, NFTA_BITWISE_SREG, NFT_REG_1);
	put_number(&expression, NFTA_BITWISE_DREG, NFT_REG_1);
	put_number(&expression, NFTA_BITWISE_LEN, (uint32_t)length);
	put_data(&expression, NFTA_BITWISE_MASK, mask, length);
	put_data(&expression, NFTA_BITWISE_XOR, zero, length);
	end(&expression);
}

static void put_protocol(struct nlmsghdr *message, pg_proto proto)
{
	struct expression expression = begin(message, "meta");

	put_number(&expression, NFTA_META_KEY, NFT_META_L4PROTO);
	put_number(&expression, NFTA_META_DREG, NFT_REG_1);
	end(&expression);
	put_compare(message, NFT_CMP_EQ, &proto.n, sizeof(proto.n));
}

/* A prefix of whole bytes needs no mask: only these bytes are loaded. */
static void put_prefix(struct nlmsghdr *message, const struct pg_prefix *prefix, bool inverted,
		       size_t offset)
{
	size_t length = prefix->length / 8;
	uint8_t mask[16] = { 0 };

	if (prefix->length % 8) {
		memset(mask, 0xff, length);
		mask[length] = (uint8_t)(0xff00 >> (prefix->length % 8));
		length = pg_addr_bits(&prefix->addr) / 8;
	}
	put_payload(message, NFT_PAYLOAD_NETWORK_HEADER, offset, length);
	if (prefix->length % 8)
		put_mask(message, mask, length);
	put_compare(message, inverted ? NFT_CMP_NEQ : NFT_CMP_EQ, prefix->addr.bytes, length);
}

static bool any(const struct pg_prefix *prefix, bool inverted)
{
	return !prefix->addr.family || (!prefix->length && !inverted);
}

static void put_addresses(struct nlmsghdr *message, const struct pg_tree_rule *rule, uint8_t family)
{
	bool v4 = family == 4;

	if (!any(&rule->src, rule->src_not))
		put_prefix(message, &rule->src, rule->src_not,
			   v4 ? offsetof(struct iphdr, saddr) : offsetof(struct ip6_hdr, ip6_src));
	if (!any(&rule->dst, rule->dst_not))
		put_prefix(message, &rule->dst, rule->dst_not,
			   v4 ? offsetof(struct iphdr, daddr) : offsetof(struct ip6_hdr, ip6_dst));
}

static void put_range(struct nlmsghdr *message, uint16_t first, uint16_t last)
{
	struct expression expression = begin(message, "range");

	put_number(&expression, NFTA_RANGE_SREG, NFT_REG_1);
	put_number(&expression, NFTA_RANGE_OP, NFT_RANGE_EQ);
	put_data(&expression, NFTA_RANGE_FROM_DATA, &first, sizeof(first));
	put_data(&expression, NFTA_RANGE_TO_DATA, &last, sizeof(last));
	end(&expression);
}

/* The destination port is at the same place in TCP and UDP. */
static void put_ports(struct nlmsghdr *message, const struct pg_tree_rule *rule)
{
	uint16_t first = htons(rule->dport_first), last = htons(rule->dport_last);

	put_payload(message, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	if (first == last)
		put_compare(message, NFT_CMP_EQ, &first, sizeof(first));
	else if (!first)
		put_compare(message, NFT_CMP_LTE, &last, sizeof(last));
	else
		put_range(message, first, last);
}

static void put_match(struct nlmsghdr *message, const struct pg_nft_match *match)
{
	struct expression expression = begin(message, "match");

	mnl_attr_put_strz(message, NFTA_MATCH_NAME, match->name);
	put_number(&expression, NFTA_MATCH_REV, match->revision);
	mnl_attr_put(message, NFTA_MATCH_INFO, match->length, match->info);
	end(&expression);
}

/* In the order of the text. */
static void put_matches(struct nlmsghdr *message, const struct pg_tree_rule *rule)
{
	struct pg_nft_match match;

	if (pg_nft_match_physdev(rule, &match))
		put_match(message, &match);
	if (pg_nft_match_conntrack(rule, &match))
		put_match(message, &match);
	if (rule->has_dport && pg_nft_ports_are_native(rule))
		put_ports(message, rule);
	else if (pg_nft_match_proto(rule, &match))
		put_match(message, &match);
	if (pg_nft_match_set(rule, &match))
		put_match(message, &match);
	if (pg_nft_match_comment(rule, &match))
		put_match(message, &match);
}

static void put_counter(struct nlmsghdr *message, const struct pg_nft_counter *counter)
{
	struct expression expression = begin(message, "counter");

	mnl_attr_put_u64(message, NFTA_COUNTER_BYTES, htobe64(counter->bytes));
	mnl_attr_put_u64(message, NFTA_COUNTER_PACKETS, htobe64(counter->packets));
	end(&expression);
}

static const int verdicts[] = {
	[PG_TARGET_NONE] = 0,	     [PG_TARGET_RETURN] = NFT_RETURN,
	[PG_TARGET_DROP] = NF_DROP,  [PG_TARGET_ACCEPT] = NF_ACCEPT,
	[PG_TARGET_JUMP] = NFT_JUMP, [PG_TARGET_GOTO] = NFT_GOTO,
};
_Static_assert(PG_COUNT(verdicts) == PG_TARGETS, "each target has a verdict");

static void put_target(struct nlmsghdr *message, const struct pg_tree_rule *rule)
{
	struct expression expression;
	struct nlattr *data, *verdict;

	if (rule->target == PG_TARGET_NONE)
		return;
	expression = begin(message, "immediate");
	put_number(&expression, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(message, NFTA_IMMEDIATE_DATA);
	verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
	put_number(&expression, NFTA_VERDICT_CODE, (uint32_t)verdicts[rule->target]);
	if (rule->target == PG_TARGET_JUMP || rule->target == PG_TARGET_GOTO)
		mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, rule->chain);
	mnl_attr_nest_end(message, verdict);
	mnl_attr_nest_end(message, data);
	end(&expression);
}

/* What matches of x_tables ask of the rule as a whole: its protocol. */
static void put_compat(struct nlmsghdr *message, pg_proto proto)
{
	struct nlattr *compat = mnl_attr_nest_start(message, NFTA_RULE_COMPAT);

	mnl_attr_put_u32(message, NFTA_RULE_COMPAT_PROTO, htonl(proto.n));
	mnl_attr_put_u32(message, NFTA_RULE_COMPAT_FLAGS, 0);
	mnl_attr_nest_end(message, compat);
}

bool pg_nft_can_encode(const struct pg_tree_rule *rule)
{
	if (rule->foreign || !rule->has_dport)
		return !rule->foreign;
	if (rule->proto.n == PG_PROTO_ICMP.n || rule->proto.n == PG_PROTO_ICMPV6.n)
		return rule->dport_first == rule->dport_last && rule->dport_first <= 255;
	return rule->dport_first <= rule->dport_last &&
	       (rule->proto.n == PG_PROTO_TCP.n || rule->proto.n == PG_PROTO_UDP.n ||
		rule->proto.n == PG_PROTO_SCTP.n);
}

int pg_nft_encode(struct nlmsghdr *message, const struct pg_tree_rule *rule,
		  const struct pg_nft_counter *counter, uint8_t family)
{
	struct nlattr *list;

	if (!pg_nft_can_encode(rule))
		return -EINVAL;
	list = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	if (rule->proto.n != PG_PROTO_EVERY.n)
		put_protocol(message, rule->proto);
	put_addresses(message, rule, family);
	put_matches(message, rule);
	put_counter(message, counter);
	put_target(message, rule);
	mnl_attr_nest_end(message, list);
	put_compat(message, rule->proto);
	return 0;
}
