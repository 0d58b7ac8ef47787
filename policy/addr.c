// SPDX-License-Identifier: GPL-2.0-only
/* Addresses and prefixes: text, order, and which one lies in which. */
#include "policy/addr.h"

#include <arpa/inet.h>

static bool is_mapped(const struct pg_addr *addr)
{
	static const uint8_t start[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(addr->bytes, start, sizeof(start));
}

int pg_addr_parse(const char *text, struct pg_addr *ret_addr)
{
	struct pg_addr addr = { .family = 4 };

	/* glibc's inet_pton() takes no leading zeros, fewer than four numbers or zone indexes. */
	if (inet_pton(AF_INET, text, addr.bytes) != 1) {
		addr = (struct pg_addr){ .family = 6 };
		if (inet_pton(AF_INET6, text, addr.bytes) != 1 || is_mapped(&addr))
			return -EINVAL;
	}
	*ret_addr = addr;
	return 0;
}

/* A decimal number of at most three digits without leading zeros, or -EINVAL. */
static int parse_length(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	int length = 0;

	if (!digits || digits > 3 || text[digits] || (digits > 1 && text[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		length = length * 10 + (text[i] - '0');
	return length;
}

int pg_prefix_parse(const char *text, struct pg_prefix *ret_prefix)
{
	const char *slash = strchr(text, '/');
	size_t head = slash ? (size_t)(slash - text) : strlen(text);
	char copy[PG_ADDR_TEXT_MAX];
	struct pg_addr addr;
	int length;

	if (head >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, head);
	copy[head] = '\0';
	if (pg_addr_parse(copy, &addr))
		return -EINVAL;
	length = slash ? parse_length(slash + 1) : pg_addr_bits(&addr);
	if (length < 0 || length > pg_addr_bits(&addr))
		return -EINVAL;
	*ret_prefix = pg_prefix_of(&addr, (uint8_t)length);
	return 0;
}

const char *pg_addr_format(const struct pg_addr *addr, char text[PG_ADDR_TEXT_MAX])
{
	text[0] = '\0';
	if (addr->family)
		inet_ntop(addr->family == 4 ? AF_INET : AF_INET6, addr->bytes, text,
			  PG_ADDR_TEXT_MAX);
	return text;
}

const char *pg_prefix_format(const struct pg_prefix *prefix, char text[PG_PREFIX_TEXT_MAX])
{
	char addr[PG_ADDR_TEXT_MAX];

	snprintf(text, PG_PREFIX_TEXT_MAX, "%s/%u", pg_addr_format(&prefix->addr, addr),
		 prefix->length);
	return text;
}

int pg_addr_compare(const struct pg_addr *a, const struct pg_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int pg_prefix_compare(const struct pg_prefix *a, const struct pg_prefix *b)
{
	int order = pg_addr_compare(&a->addr, &b->addr);

	return order ? order : (a->length > b->length) - (a->length < b->length);
}

struct pg_prefix pg_prefix_of(const struct pg_addr *addr, uint8_t length)
{
	struct pg_prefix prefix = { .addr = *addr, .length = length };
	size_t whole = length / 8;

	if (whole < sizeof(prefix.addr.bytes)) {
		prefix.addr.bytes[whole] &= (uint8_t)(0xff00 >> (length % 8));
		memset(prefix.addr.bytes + whole + 1, 0, sizeof(prefix.addr.bytes) - whole - 1);
	}
	return prefix;
}

bool pg_prefix_contains(const struct pg_prefix *prefix, const struct pg_addr *addr)
{
	struct pg_prefix wanted;

	if (!addr->family || prefix->addr.family != addr->family)
		return false;
	wanted = pg_prefix_of(addr, prefix->length);
	return !pg_addr_compare(&wanted.addr, &prefix->addr);
}

bool pg_prefix_covers(const struct pg_prefix *outer, const struct pg_prefix *inner)
{
	return outer->length <= inner->length && pg_prefix_contains(outer, &inner->addr);
}
