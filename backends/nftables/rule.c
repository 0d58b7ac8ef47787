// SPDX-License-Identifier: GPL-2.0-only
#include "backends/nftables/rule.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

struct pg_nftables_rule pg_nftables_rule(uint8_t family, const char *chain)
{
	struct pg_nftables_rule rule = { .rule = nftnl_rule_alloc(), .family = family };

	rule.failed = !rule.rule ||
		      nftnl_rule_set_str(rule.rule, NFTNL_RULE_TABLE, pg_nftables_table(family)) ||
		      nftnl_rule_set_str(rule.rule, NFTNL_RULE_CHAIN, chain);
	return rule;
}

/* NULL: the rule has failed. */
static struct nftnl_expr *add(struct pg_nftables_rule *rule, const char *name)
{
	struct nftnl_expr *expression = rule->failed ? NULL : nftnl_expr_alloc(name);

	if (expression)
		nftnl_rule_add_expr(rule->rule, expression);
	else
		rule->failed = true;
	return expression;
}

static void set_bytes(struct pg_nftables_rule *rule, struct nftnl_expr *expression,
		      uint16_t attribute, const void *bytes, uint32_t length)
{
	if (expression && nftnl_expr_set(expression, attribute, bytes, length) < 0)
		rule->failed = true;
}

static void set_text(struct pg_nftables_rule *rule, struct nftnl_expr *expression,
		     uint16_t attribute, const char *text)
{
	if (expression && nftnl_expr_set_str(expression, attribute, text) < 0)
		rule->failed = true;
}

static void set_number(struct nftnl_expr *expression, uint16_t attribute, uint32_t number)
{
	if (expression)
		nftnl_expr_set_u32(expression, attribute, number);
}

void pg_nftables_load(struct pg_nftables_rule *rule, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *meta = add(rule, "meta");

	set_number(meta, NFTNL_EXPR_META_KEY, key);
	set_number(meta, NFTNL_EXPR_META_DREG, reg);
}

void pg_nftables_store(struct pg_nftables_rule *rule, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *meta = add(rule, "meta");

	set_number(meta, NFTNL_EXPR_META_KEY, key);
	set_number(meta, NFTNL_EXPR_META_SREG, reg);
}

void pg_nftables_payload(struct pg_nftables_rule *rule, uint32_t base, uint32_t offset,
			 uint32_t length, uint32_t reg)
{
	struct nftnl_expr *payload = add(rule, "payload");

	set_number(payload, NFTNL_EXPR_PAYLOAD_BASE, base);
	set_number(payload, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	set_number(payload, NFTNL_EXPR_PAYLOAD_LEN, length);
	set_number(payload, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

void pg_nftables_compare(struct pg_nftables_rule *rule, uint32_t operation, uint32_t reg,
			 const void *bytes, uint32_t length)
{
	struct nftnl_expr *compare = add(rule, "cmp");

	set_number(compare, NFTNL_EXPR_CMP_SREG, reg);
	set_number(compare, NFTNL_EXPR_CMP_OP, operation);
	set_bytes(rule, compare, NFTNL_EXPR_CMP_DATA, bytes, length);
}

void pg_nftables_mask(struct pg_nftables_rule *rule, uint32_t reg, const void *mask,
		      uint32_t length)
{
	static const uint8_t zero[16];
	struct nftnl_expr *bitwise = add(rule, "bitwise");

	set_number(bitwise, NFTNL_EXPR_BITWISE_SREG, reg);
	set_number(bitwise, NFTNL_EXPR_BITWISE_DREG, reg);
	set_number(bitwise, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	set_number(bitwise, NFTNL_EXPR_BITWISE_LEN, length);
	set_bytes(rule, bitwise, NFTNL_EXPR_BITWISE_MASK, mask, length);
	set_bytes(rule, bitwise, NFTNL_EXPR_BITWISE_XOR, zero, length);
}

void pg_nftables_look_up(struct pg_nftables_rule *rule, const char *set, uint32_t reg)
{
	struct nftnl_expr *lookup = add(rule, "lookup");

	set_text(rule, lookup, NFTNL_EXPR_LOOKUP_SET, set);
	set_number(lookup, NFTNL_EXPR_LOOKUP_SREG, reg);
	set_number(lookup, NFTNL_EXPR_LOOKUP_FLAGS, 0);
}

void pg_nftables_map(struct pg_nftables_rule *rule, const char *map, uint32_t reg, uint32_t to)
{
	struct nftnl_expr *lookup = add(rule, "lookup");

	set_text(rule, lookup, NFTNL_EXPR_LOOKUP_SET, map);
	set_number(lookup, NFTNL_EXPR_LOOKUP_SREG, reg);
	set_number(lookup, NFTNL_EXPR_LOOKUP_DREG, to);
	set_number(lookup, NFTNL_EXPR_LOOKUP_FLAGS, 0);
}

void pg_nftables_state(struct pg_nftables_rule *rule, uint32_t bits)
{
	const uint32_t zero = 0;
	struct nftnl_expr *ct = add(rule, "ct");

	set_number(ct, NFTNL_EXPR_CT_KEY, NFT_CT_STATE);
	set_number(ct, NFTNL_EXPR_CT_DREG, PG_REG_0);
	pg_nftables_mask(rule, PG_REG_0, &bits, sizeof(bits));
	pg_nftables_compare(rule, NFT_CMP_NEQ, PG_REG_0, &zero, sizeof(zero));
}

void pg_nftables_count(struct pg_nftables_rule *rule, const char *what)
{
	struct nftnl_expr *reference = add(rule, "objref");
	char counter[PG_NFTABLES_NAME_MAX];

	snprintf(counter, sizeof(counter), PG_NFTABLES_COUNTER "%s", what);

	set_number(reference, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	set_text(rule, reference, NFTNL_EXPR_OBJREF_IMM_NAME, counter);
}

void pg_nftables_count_here(struct pg_nftables_rule *rule)
{
	struct nftnl_expr *counter = add(rule, "counter");

	if (!counter)
		return;
	nftnl_expr_set_u64(counter, NFTNL_EXPR_CTR_BYTES, 0);
	nftnl_expr_set_u64(counter, NFTNL_EXPR_CTR_PACKETS, 0);
}

void pg_nftables_verdict(struct pg_nftables_rule *rule, int code, const char *chain)
{
	struct nftnl_expr *immediate = add(rule, "immediate");

	set_number(immediate, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	set_number(immediate, NFTNL_EXPR_IMM_VERDICT, (uint32_t)code);
	if (chain)
		set_text(rule, immediate, NFTNL_EXPR_IMM_CHAIN, chain);
}

void pg_nftables_comment(struct pg_nftables_rule *rule, const char *text)
{
	struct nftnl_udata_buf *data = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);

	if (!data || rule->failed || !nftnl_udata_put_strz(data, NFTNL_UDATA_RULE_COMMENT, text) ||
	    nftnl_rule_set_data(rule->rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(data),
				nftnl_udata_buf_len(data)) < 0)
		rule->failed = true;
	if (data)
		nftnl_udata_buf_free(data);
}

void pg_nftables_rules_add(struct pg_nftables_rules *rules, struct pg_nftables_rule *rule)
{
	if (!rules->err && rule->failed)
		rules->err = -ENOMEM;
	if (!rules->err)
		rules->err = pg_nftables_add_rule(rules->objects, rules->family, rule->rule,
						  ++rules->count);
	if (rule->rule)
		nftnl_rule_free(rule->rule);
	*rule = (struct pg_nftables_rule){ .failed = true };
}

void pg_nftables_is_ethertype(struct pg_nftables_rule *rule, uint16_t type)
{
	uint16_t bytes = htons(type);

	pg_nftables_payload(rule, NFT_PAYLOAD_LL_HEADER, offsetof(struct ethhdr, h_proto),
			    sizeof(bytes), PG_REG_0);
	pg_nftables_compare(rule, NFT_CMP_EQ, PG_REG_0, &bytes, sizeof(bytes));
}

void pg_nftables_is_nfproto(struct pg_nftables_rule *rule, uint8_t proto)
{
	pg_nftables_load(rule, NFT_META_NFPROTO, PG_REG_0);
	pg_nftables_compare(rule, NFT_CMP_EQ, PG_REG_0, &proto, sizeof(proto));
}

void pg_nftables_is_l4proto(struct pg_nftables_rule *rule, uint8_t proto)
{
	pg_nftables_load(rule, NFT_META_L4PROTO, PG_REG_0);
	pg_nftables_compare(rule, NFT_CMP_EQ, PG_REG_0, &proto, sizeof(proto));
}

void pg_nftables_address(struct pg_nftables_rule *rule, uint8_t family, bool source, uint32_t reg)
{
	if (family == 4)
		pg_nftables_payload(rule, NFT_PAYLOAD_NETWORK_HEADER,
				    source ? offsetof(struct iphdr, saddr)
					   : offsetof(struct iphdr, daddr),
				    4, reg);
	else
		pg_nftables_payload(rule, NFT_PAYLOAD_NETWORK_HEADER,
				    source ? offsetof(struct ip6_hdr, ip6_src)
					   : offsetof(struct ip6_hdr, ip6_dst),
				    16, reg);
}

/* ICMPv6; the rules that go on from here are in either table. */
static struct pg_nftables_rule start_icmpv6(struct pg_nftables_rules *rules)
{
	struct pg_nftables_rule rule = pg_nftables_rule(rules->family, rules->chain);

	if (rules->family == NFPROTO_BRIDGE)
		pg_nftables_is_ethertype(&rule, ETH_P_IPV6);
	else
		pg_nftables_is_nfproto(&rule, NFPROTO_IPV6);
	pg_nftables_is_l4proto(&rule, IPPROTO_ICMPV6);
	return rule;
}

static void load_type(struct pg_nftables_rule *rule)
{
	pg_nftables_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, PG_REG_0);
}

/* The first bits of an IPv6 address are those of `prefix`. */
static void is_within(struct pg_nftables_rule *rule, bool source, const uint8_t prefix[16],
		      const uint8_t mask[16])
{
	pg_nftables_address(rule, 6, source, PG_REG_0);
	pg_nftables_mask(rule, PG_REG_0, mask, 16);
	pg_nftables_compare(rule, NFT_CMP_EQ, PG_REG_0, prefix, 16);
}

void pg_nftables_is_link_local(struct pg_nftables_rule *rule, bool source)
{
	static const uint8_t prefix[16] = { 0xfe, 0x80 }, mask[16] = { 0xff, 0xc0 };

	is_within(rule, source, prefix, mask);
}

static void pass_report(struct pg_nftables_rules *rules, uint8_t type)
{
	static const uint8_t multicast[16] = { 0xff }, mask[16] = { 0xff };
	struct pg_nftables_rule rule = start_icmpv6(rules);

	load_type(&rule);
	pg_nftables_compare(&rule, NFT_CMP_EQ, PG_REG_0, &type, sizeof(type));
	pg_nftables_is_link_local(&rule, true);
	is_within(&rule, false, multicast, mask);
	pg_nftables_verdict(&rule, NF_ACCEPT, NULL);
	pg_nftables_comment(&rule, "multicast-listener-report");
	pg_nftables_rules_add(rules, &rule);
}

void pg_nftables_neighbours(struct pg_nftables_rules *rules)
{
	/* RFC 4861: router and neighbour solicitations and advertisements, redirects */
	static const uint8_t first = ND_ROUTER_SOLICIT, last = ND_REDIRECT;
	/* RFC 2710, RFC 3810: report and done, report of version 2 */
	static const uint8_t reports[] = { 131, 132, 143 };
	struct pg_nftables_rule rule = start_icmpv6(rules);

	load_type(&rule);
	pg_nftables_compare(&rule, NFT_CMP_GTE, PG_REG_0, &first, sizeof(first));
	pg_nftables_compare(&rule, NFT_CMP_LTE, PG_REG_0, &last, sizeof(last));
	pg_nftables_verdict(&rule, NF_ACCEPT, NULL);
	pg_nftables_comment(&rule, "neighbour-discovery");
	pg_nftables_rules_add(rules, &rule);
	for (size_t i = 0; i < PG_COUNT(reports); i++)
		pass_report(rules, reports[i]);
}
