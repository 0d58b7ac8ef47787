// SPDX-License-Identifier: GPL-2.0-only
/*
 * A rule as nf_tables lists it. libnftnl trusts the form of the kernel's messages, so what is made up
 * here are the expressions in it, which any program may have put there: the family (lowest bit of the
 * first byte), then for each expression its kind and members, cut short where the input ends. What is
 * understood means the same when it is encoded and read again, and each rule's text is one line.
 */
#include <stdio.h> /* libnftnl's headers need it */

#include <libnftnl/expr.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "backends/iptables/nft.h"
#include "tests/fuzz/fuzz.h"

/* What is left of the input; zeros behind its end. */
struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t take(struct input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->at++;
}

/* A length below `limit`, and so many bytes. */
static size_t take_bytes(struct input *input, uint8_t *bytes, size_t limit)
{
	size_t length = (take(input) | (size_t)take(input) << 8) % limit;

	for (size_t i = 0; i < length; i++)
		bytes[i] = take(input);
	return length;
}

/* Registers hold 16 bytes, as far as rules of iptables are concerned. */
static void set_data(struct input *input, struct nftnl_expr *expression, uint16_t attribute)
{
	uint8_t bytes[16];
	size_t length = take_bytes(input, bytes, sizeof(bytes) + 1);

	nftnl_expr_set(expression, attribute, bytes, (uint32_t)length);
}

static void set_numbers(struct input *input, struct nftnl_expr *expression,
			const uint16_t *attributes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		nftnl_expr_set_u32(expression, attributes[i], take(input));
}

#define SET_NUMBERS(input, expression, ...)                               \
	set_numbers(input, expression, (const uint16_t[]){ __VA_ARGS__ }, \
		    PG_COUNT(((const uint16_t[]){ __VA_ARGS__ })))

static void fill_match(struct input *input, struct nftnl_expr *expression)
{
	static const char *const names[] = { "physdev", "conntrack", "sctp",	"icmp", "icmp6",
					     "tcp",	"udp",	     "comment", "limit" };
	uint8_t *info = malloc(512);
	size_t length;

	FUZZ_CHECK(info);
	nftnl_expr_set_str(expression, NFTNL_EXPR_MT_NAME, names[take(input) % PG_COUNT(names)]);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_MT_REV, take(input));
	length = take_bytes(input, info, 512);
	/* which then belongs to the expression */
	nftnl_expr_set(expression, NFTNL_EXPR_MT_INFO, info, (uint32_t)length);
}

/* libnftnl loses the chain of a verdict that has none by right. */
static void fill_immediate(struct input *input, struct nftnl_expr *expression)
{
	char chain[48] = "";
	int verdict;

	nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_DREG, take(input));
	verdict = (int8_t)take(input);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_VERDICT, (uint32_t)verdict);
	take_bytes(input, (uint8_t *)chain, sizeof(chain));
	if (verdict == NFT_JUMP || verdict == NFT_GOTO)
		nftnl_expr_set_str(expression, NFTNL_EXPR_IMM_CHAIN, chain);
}

static void fill_compare(struct input *input, struct nftnl_expr *expression)
{
	SET_NUMBERS(input, expression, NFTNL_EXPR_CMP_SREG, NFTNL_EXPR_CMP_OP);
	set_data(input, expression, NFTNL_EXPR_CMP_DATA);
}

static void fill_payload(struct input *input, struct nftnl_expr *expression)
{
	SET_NUMBERS(input, expression, NFTNL_EXPR_PAYLOAD_DREG, NFTNL_EXPR_PAYLOAD_BASE,
		    NFTNL_EXPR_PAYLOAD_OFFSET, NFTNL_EXPR_PAYLOAD_LEN);
}

static void fill_meta(struct input *input, struct nftnl_expr *expression)
{
	SET_NUMBERS(input, expression, NFTNL_EXPR_META_KEY, NFTNL_EXPR_META_DREG);
}

static void fill_bitwise(struct input *input, struct nftnl_expr *expression)
{
	SET_NUMBERS(input, expression, NFTNL_EXPR_BITWISE_SREG, NFTNL_EXPR_BITWISE_DREG,
		    NFTNL_EXPR_BITWISE_OP);
	set_data(input, expression, NFTNL_EXPR_BITWISE_MASK);
	set_data(input, expression, NFTNL_EXPR_BITWISE_XOR);
}

static void fill_range(struct input *input, struct nftnl_expr *expression)
{
	SET_NUMBERS(input, expression, NFTNL_EXPR_RANGE_SREG, NFTNL_EXPR_RANGE_OP);
	set_data(input, expression, NFTNL_EXPR_RANGE_FROM_DATA);
	set_data(input, expression, NFTNL_EXPR_RANGE_TO_DATA);
}

static void fill_counter(struct input *input, struct nftnl_expr *expression)
{
	nftnl_expr_set_u64(expression, NFTNL_EXPR_CTR_PACKETS, take(input));
	nftnl_expr_set_u64(expression, NFTNL_EXPR_CTR_BYTES, take(input));
}

static const struct {
	const char *name;
	void (*fill)(struct input *input, struct nftnl_expr *expression);
} kinds[] = {
	{ "match", fill_match }, { "cmp", fill_compare },     { "payload", fill_payload },
	{ "meta", fill_meta },	 { "counter", fill_counter }, { "immediate", fill_immediate },
	{ "range", fill_range }, { "bitwise", fill_bitwise }, { "masq", NULL },
};

static void add_expression(struct input *input, struct nftnl_rule *rule)
{
	size_t kind = take(input) % PG_COUNT(kinds);
	struct nftnl_expr *expression = nftnl_expr_alloc(kinds[kind].name);

	FUZZ_CHECK(expression);
	if (kinds[kind].fill)
		kinds[kind].fill(input, expression);
	nftnl_rule_add_expr(rule, expression);
}

static void check_text(const struct pg_tree_rule *rule)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	pg_tree_format_rule(rule, &text);
	FUZZ_CHECK(!pg_strbuf_error(&text));
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.text[i];

		FUZZ_CHECK(c >= 0x20 && c != 0x7f);
	}
}

static void check_again(const struct pg_tree_rule *rule, uint8_t family)
{
	const struct pg_nft_counter counter = { rule->packets, rule->bytes };
	char buffer[PG_NFNL_MESSAGE_MAX] = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nftnl_rule *parsed = nftnl_rule_alloc();
	struct pg_tree_rule again = { 0 };

	FUZZ_CHECK(parsed);
	mnl_nlmsg_put_extra_header(message, sizeof(struct nfgenmsg));
	FUZZ_CHECK(pg_nft_encode(message, rule, &counter, family) == 0);
	FUZZ_CHECK(nftnl_rule_nlmsg_parse(message, parsed) == 0);
	FUZZ_CHECK(pg_nft_decode(parsed, family, &again) == 0);
	FUZZ_CHECK(!pg_tree_compare_rules(rule, &again));
	FUZZ_CHECK(again.packets == rule->packets && again.bytes == rule->bytes);
	nftnl_rule_free(parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	uint8_t family = take(&input) & 1 ? 6 : 4;
	struct nftnl_rule *listed = nftnl_rule_alloc();
	struct pg_tree_rule rule = { 0 };

	FUZZ_CHECK(listed);
	while (input.left)
		add_expression(&input, listed);
	FUZZ_CHECK(pg_nft_decode(listed, family, &rule) == 0);
	check_text(&rule);
	if (!rule.foreign)
		check_again(&rule, family);
	free(rule.foreign);
	nftnl_rule_free(listed);
	return 0;
}
