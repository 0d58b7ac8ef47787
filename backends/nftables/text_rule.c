// SPDX-License-Identifier: GPL-2.0-only
/* A rule's expressions as nft would write them: each register has the words for what is in it. */
#include "backends/nftables/text.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>

#include "policy/addr.h"

/* Registers of four bytes. */
#define SLOTS 16

struct slot {
	char words[128];
	uint32_t length; /* in bytes */
	uint8_t mask[16];
	bool masked;
};

struct listing {
	struct pg_strbuf *buf;
	struct slot slots[SLOTS];
	uint8_t l4proto; /* what it was found to be; 0: anything */
	bool begun;
};

static void say(struct listing *listing, const char *format, ...) PG_PRINTF(2, 3);

static void say(struct listing *listing, const char *format, ...)
{
	va_list args;

	if (listing->begun)
		pg_strbuf_putc(listing->buf, ' ');
	listing->begun = true;
	va_start(args, format);
	pg_strbuf_vprintf(listing->buf, format, args);
	va_end(args);
}

/* NULL: none that holds data. */
static struct slot *slot_of(struct listing *listing, uint32_t reg)
{
	uint32_t index = reg >= NFT_REG32_00 ? reg - NFT_REG32_00 : (reg - NFT_REG_1) * 4;

	return reg == NFT_REG_VERDICT || index >= SLOTS ? NULL : &listing->slots[index];
}

static void set_slot(struct listing *listing, uint32_t reg, uint32_t length, const char *words)
{
	struct slot *slot = slot_of(listing, reg);

	if (!slot)
		return;
	*slot = (struct slot){ .length = length };
	snprintf(slot->words, sizeof(slot->words), "%s", words);
}

static const char *words_of(struct listing *listing, uint32_t reg)
{
	struct slot *slot = slot_of(listing, reg);

	return slot && slot->words[0] ? slot->words : "#nothing";
}

static const struct {
	uint32_t base, offset, length;
	const char *words;
} payloads[] = {
	{ NFT_PAYLOAD_LL_HEADER, 12, 2, "ether type" },
	{ NFT_PAYLOAD_NETWORK_HEADER, 12, 4, "ip saddr" },
	{ NFT_PAYLOAD_NETWORK_HEADER, 16, 4, "ip daddr" },
	{ NFT_PAYLOAD_NETWORK_HEADER, 8, 16, "ip6 saddr" },
	{ NFT_PAYLOAD_NETWORK_HEADER, 24, 16, "ip6 daddr" },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, "th dport" },
};

static void format_raw(uint32_t base, uint32_t offset, uint32_t length, char words[128])
{
	static const char *const bases[] = { "ll", "nh", "th" };

	snprintf(words, 128, "@%s,%u,%u", base < PG_COUNT(bases) ? bases[base] : "#", 8 * offset,
		 8 * length);
}

static void list_payload(struct listing *listing, const struct nftnl_expr *expr)
{
	uint32_t base = nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_BASE);
	uint32_t offset = nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET);
	uint32_t length = nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_LEN);
	uint32_t reg = nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_DREG);
	char words[128];

	format_raw(base, offset, length, words);
	for (size_t i = 0; i < PG_COUNT(payloads); i++) {
		if (payloads[i].base == base && payloads[i].offset == offset &&
		    payloads[i].length == length)
			snprintf(words, sizeof(words), "%s", payloads[i].words);
	}
	if (base == NFT_PAYLOAD_TRANSPORT_HEADER && !offset && length == 1 && listing->l4proto)
		snprintf(words, sizeof(words), "%s",
			 listing->l4proto == IPPROTO_ICMP ? "icmp type" : "icmpv6 type");
	set_slot(listing, reg, length, words);
}

static const struct {
	uint32_t key, length;
	const char *words;
} metas[] = {
	{ NFT_META_PRIORITY, 4, "meta priority" }, { NFT_META_MARK, 4, "meta mark" },
	{ NFT_META_NFPROTO, 1, "meta nfproto" },   { NFT_META_L4PROTO, 1, "meta l4proto" },
	{ NFT_META_IIFNAME, 16, "iifname" },	   { NFT_META_OIFNAME, 16, "oifname" },
};

static void list_meta(struct listing *listing, const struct nftnl_expr *expr)
{
	uint32_t key = nftnl_expr_get_u32(expr, NFTNL_EXPR_META_KEY), length = 4;
	const char *words = "#meta";

	for (size_t i = 0; i < PG_COUNT(metas); i++) {
		if (metas[i].key != key)
			continue;
		words = metas[i].words;
		length = metas[i].length;
	}
	if (nftnl_expr_is_set(expr, NFTNL_EXPR_META_SREG))
		say(listing, "%s set %s", words,
		    words_of(listing, nftnl_expr_get_u32(expr, NFTNL_EXPR_META_SREG)));
	else
		set_slot(listing, nftnl_expr_get_u32(expr, NFTNL_EXPR_META_DREG), length, words);
}

static void list_ct(struct listing *listing, const struct nftnl_expr *expr)
{
	bool state = nftnl_expr_get_u32(expr, NFTNL_EXPR_CT_KEY) == NFT_CT_STATE;

	set_slot(listing, nftnl_expr_get_u32(expr, NFTNL_EXPR_CT_DREG), 4,
		 state ? "ct state" : "#ct");
}

static void list_bitwise(struct listing *listing, const struct nftnl_expr *expr)
{
	struct slot *slot = slot_of(listing, nftnl_expr_get_u32(expr, NFTNL_EXPR_BITWISE_SREG));
	uint32_t length = 0;
	const uint8_t *mask = nftnl_expr_get(expr, NFTNL_EXPR_BITWISE_MASK, &length);

	if (!slot || !mask || length > sizeof(slot->mask))
		return;
	memcpy(slot->mask, mask, length);
	slot->masked = true;
	/* In a key: the number's bits. Compared with something they are words of their own. */
	if (length <= 2 && strlen(slot->words) < sizeof(slot->words) - 10)
		snprintf(slot->words + strlen(slot->words), 10, " & 0x%0*x", (int)length * 2,
			 length == 2 ? mask[0] << 8 | mask[1] : mask[0]);
}

static const struct {
	const char *field;
	uint16_t value;
	const char *words;
} values[] = {
	{ "meta nfproto", NFPROTO_IPV4, "ipv4" }, { "meta nfproto", NFPROTO_IPV6, "ipv6" },
	{ "meta l4proto", IPPROTO_ICMP, "icmp" }, { "meta l4proto", IPPROTO_ICMPV6, "ipv6-icmp" },
	{ "ether type", ETH_P_IP, "ip" },	  { "ether type", ETH_P_IPV6, "ip6" },
	{ "ether type", ETH_P_8021Q, "8021q" },	  { "ether type", ETH_P_8021AD, "8021ad" },
};

static void list_number(struct listing *listing, const char *field, const char *operator,
			const uint8_t * bytes, uint32_t length)
{
	unsigned int value = length == 2 ? (unsigned int)bytes[0] << 8 | bytes[1] : bytes[0];

	for (size_t i = 0; i < PG_COUNT(values); i++) {
		if (strcmp(values[i].field, field) || values[i].value != value || operator[0])
			continue;
		say(listing, "%s %s", field, values[i].words);
		return;
	}
	say(listing, "%s %s%s%u", field, operator, operator[0] ? " " : "", value);
}

static unsigned int count_bits(const uint8_t *mask, size_t length)
{
	unsigned int bits = 0;

	for (size_t i = 0; i < length; i++)
		bits += (unsigned int)__builtin_popcount(mask[i]);
	return bits;
}

/* States are bits of a number in host order. */
static void list_states(struct listing *listing, const struct slot *slot)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} states[] = { { NF_CT_STATE_BIT(IP_CT_ESTABLISHED), "established" },
		       { NF_CT_STATE_BIT(IP_CT_RELATED), "related" } };
	const char *comma = "";
	uint32_t bits;

	memcpy(&bits, slot->mask, sizeof(bits));
	say(listing, "ct state ");
	for (size_t i = 0; i < PG_COUNT(states); i++) {
		if (!(bits & states[i].bit))
			continue;
		pg_strbuf_printf(listing->buf, "%s%s", comma, states[i].word);
		comma = ",";
		bits &= ~states[i].bit;
	}
	if (bits)
		pg_strbuf_printf(listing->buf, "%s0x%x", comma, bits);
}

static void list_compare(struct listing *listing, const struct nftnl_expr *expr)
{
	static const char *const operators[] = {
		[NFT_CMP_EQ] = "",    [NFT_CMP_NEQ] = "!=", [NFT_CMP_LT] = "<",
		[NFT_CMP_LTE] = "<=", [NFT_CMP_GT] = ">",   [NFT_CMP_GTE] = ">=",
	};
	uint32_t operation = nftnl_expr_get_u32(expr, NFTNL_EXPR_CMP_OP), length = 0;
	uint32_t reg = nftnl_expr_get_u32(expr, NFTNL_EXPR_CMP_SREG);
	const uint8_t *bytes = nftnl_expr_get(expr, NFTNL_EXPR_CMP_DATA, &length);
	const struct slot *slot = slot_of(listing, reg);
	const char *field = words_of(listing, reg);

	if (!slot || !bytes || operation >= PG_COUNT(operators)) {
		say(listing, "#cmp");
	} else if (!strcmp(field, "ct state") && slot->masked && operation == NFT_CMP_NEQ) {
		list_states(listing, slot);
	} else if (length == 16 && !strncmp(field, "ip6 ", 4)) {
		struct pg_addr addr = { .family = 6 };
		char text[PG_ADDR_TEXT_MAX];

		memcpy(addr.bytes, bytes, 16);
		say(listing, "%s %s%s/%u", field, operators[operation], pg_addr_format(&addr, text),
		    slot->masked ? count_bits(slot->mask, 16) : 128);
	} else if (length && length <= 2) {
		list_number(listing, field, operators[operation], bytes, length);
	} else {
		say(listing, "%s %s#cmp", field, operators[operation]);
	}
	if (!strcmp(field, "meta l4proto") && operation == NFT_CMP_EQ && bytes)
		listing->l4proto = bytes[0];
}

/* The key that begins in a register: all that stand one behind the other. */
static void join_key(struct listing *listing, uint32_t reg, char words[256])
{
	const struct slot *slot = slot_of(listing, reg);
	size_t used = 0;

	words[0] = '\0';
	while (slot && slot < listing->slots + SLOTS && slot->words[0] && used < 256) {
		used += (size_t)snprintf(words + used, 256 - used, "%s%s", used ? " . " : "",
					 slot->words);
		slot += (slot->length + 3) / 4;
	}
}

static void list_lookup(struct listing *listing, const struct nftnl_expr *expr)
{
	const char *set = nftnl_expr_get_str(expr, NFTNL_EXPR_LOOKUP_SET);
	const char *invert =
		nftnl_expr_get_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV ? "!= " : "";
	char key[256], words[300];
	uint32_t to;

	join_key(listing, nftnl_expr_get_u32(expr, NFTNL_EXPR_LOOKUP_SREG), key);
	if (!nftnl_expr_is_set(expr, NFTNL_EXPR_LOOKUP_DREG)) {
		say(listing, "%s %s@%s", key, invert, set);
		return;
	}
	to = nftnl_expr_get_u32(expr, NFTNL_EXPR_LOOKUP_DREG);
	if (to == NFT_REG_VERDICT) {
		say(listing, "%s vmap @%s", key, set);
		return;
	}
	snprintf(words, sizeof(words), "%s map @%s", key, set);
	set_slot(listing, to, 4, words);
}

void pg_nftables_format_verdict(int code, const char *chain, struct pg_strbuf *buf)
{
	switch (code) {
	case NF_ACCEPT:
		pg_strbuf_puts(buf, "accept");
		break;
	case NF_DROP:
		pg_strbuf_puts(buf, "drop");
		break;
	case NFT_RETURN:
		pg_strbuf_puts(buf, "return");
		break;
	case NFT_JUMP:
	case NFT_GOTO:
		pg_strbuf_printf(buf, "%s %s", code == NFT_JUMP ? "jump" : "goto", chain);
		break;
	default:
		pg_strbuf_printf(buf, "#verdict %d", code);
	}
}

static void list_immediate(struct listing *listing, const struct nftnl_expr *expr)
{
	const char *chain = nftnl_expr_get_str(expr, NFTNL_EXPR_IMM_CHAIN);

	if (nftnl_expr_get_u32(expr, NFTNL_EXPR_IMM_DREG) != NFT_REG_VERDICT) {
		say(listing, "#immediate");
		return;
	}
	say(listing, "%s", "");
	pg_nftables_format_verdict((int)nftnl_expr_get_u32(expr, NFTNL_EXPR_IMM_VERDICT),
				   chain ? chain : "", listing->buf);
}

static void list_reference(struct listing *listing, const struct nftnl_expr *expr)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_OBJREF_IMM_NAME);

	say(listing, "counter name \"%s\"", name ? name : "");
}

static void list_counter(struct listing *listing, const struct nftnl_expr *expr PG_UNUSED)
{
	say(listing, "counter");
}

static int list_expression(struct nftnl_expr *expr, void *data)
{
	static const struct {
		const char *name;
		void (*list)(struct listing *listing, const struct nftnl_expr *expr);
	} known[] = {
		{ "payload", list_payload },
		{ "meta", list_meta },
		{ "ct", list_ct },
		{ "bitwise", list_bitwise },
		{ "cmp", list_compare },
		{ "lookup", list_lookup },
		{ "objref", list_reference },
		{ "counter", list_counter },
		{ "immediate", list_immediate },
	};
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
	struct listing *listing = data;

	for (size_t i = 0; i < PG_COUNT(known); i++) {
		if (strcmp(known[i].name, name))
			continue;
		known[i].list(listing, expr);
		return 0;
	}
	say(listing, "#%s", name);
	return 0;
}

static void list_comment(struct nftnl_rule *rule, struct pg_strbuf *buf)
{
	uint32_t length = 0;
	const uint8_t *bytes = nftnl_rule_get_data(rule, NFTNL_RULE_USERDATA, &length);

	/* Type, length, text with its NUL. */
	if (!bytes || length < 3 || bytes[0] != NFTNL_UDATA_RULE_COMMENT ||
	    bytes[1] + 2u > length || !bytes[1])
		return;
	pg_strbuf_puts(buf, " comment \"");
	pg_strbuf_add_escaped(buf, (const char *)bytes + 2, bytes[1] - 1u);
	pg_strbuf_putc(buf, '"');
}

void pg_nftables_format_rule(struct nftnl_rule *rule, struct pg_strbuf *buf)
{
	struct listing listing = { .buf = buf };

	nftnl_expr_foreach(rule, list_expression, &listing);
	list_comment(rule, buf);
}
