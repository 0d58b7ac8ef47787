// SPDX-License-Identifier: GPL-2.0-only
#include "translate/ruletree.h"

static void chain_done(struct pg_tree_chain *chain)
{
	pg_array_foreach(rule, &chain->rules)
		free(rule->foreign);
	free(chain->rules.items);
}

void pg_tree_done(struct pg_tree *tree)
{
	pg_array_foreach(chain, &tree->chains)
		chain_done(chain);
	free(tree->chains.items);
	free(tree->hooks.items);
	pg_sets_done(&tree->sets);
	*tree = (struct pg_tree){ 0 };
}

struct pg_tree_chain *pg_tree_add_chain(struct pg_tree *tree, const char *name)
{
	struct pg_tree_chain *chain = pg_array_add(&tree->chains);

	if (!chain)
		return NULL;
	snprintf(chain->name, sizeof(chain->name), "%s", name);
	if (tree->chains.count > 1 && strcmp(chain[-1].name, chain->name) >= 0)
		tree->unsorted = true;
	return chain;
}

static int compare_chains(const void *a, const void *b)
{
	return strcmp(((const struct pg_tree_chain *)a)->name,
		      ((const struct pg_tree_chain *)b)->name);
}

void pg_tree_sort(struct pg_tree *tree)
{
	if (tree->chains.count)
		qsort(tree->chains.items, tree->chains.count, sizeof(struct pg_tree_chain),
		      compare_chains);
	tree->unsorted = false;
}

static struct pg_tree_chain *search_unsorted(const struct pg_tree *tree, const char *name)
{
	pg_array_foreach(chain, &tree->chains) {
		if (!strcmp(chain->name, name))
			return chain;
	}
	return NULL;
}

struct pg_tree_chain *pg_tree_find_chain(const struct pg_tree *tree, const char *name)
{
	size_t low = 0, high = tree->chains.count;

	if (tree->unsorted)
		return search_unsorted(tree, name);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(tree->chains.items[middle].name, name);

		if (!order)
			return &tree->chains.items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct pg_tree_rule *pg_tree_add_rule(struct pg_tree_chain *chain)
{
	return pg_array_add(&chain->rules);
}

int pg_tree_add_hook(struct pg_tree *tree, const char *parent, const char *chain, uint32_t position)
{
	struct pg_tree_hook *hook = pg_array_add(&tree->hooks);

	if (!hook)
		return -ENOMEM;
	snprintf(hook->parent, sizeof(hook->parent), "%s", parent);
	snprintf(hook->chain, sizeof(hook->chain), "%s", chain);
	hook->position = position;
	return 0;
}

bool pg_tree_is_empty(const struct pg_tree *tree)
{
	return !tree->chains.count && !tree->hooks.count;
}

size_t pg_tree_rules(const struct pg_tree *tree)
{
	size_t count = 0;

	pg_array_foreach(chain, &tree->chains)
		count += chain->rules.count;
	return count;
}

static int compare_numbers(unsigned int a, unsigned int b)
{
	return (a > b) - (a < b);
}

static int compare_addresses(const struct pg_tree_rule *a, const struct pg_tree_rule *b)
{
	int order = pg_prefix_compare(&a->src, &b->src);

	if (!order)
		order = pg_prefix_compare(&a->dst, &b->dst);
	if (!order)
		order = compare_numbers(a->src_not, b->src_not);
	return order ? order : compare_numbers(a->dst_not, b->dst_not);
}

static int compare_protocols(const struct pg_tree_rule *a, const struct pg_tree_rule *b)
{
	int order = compare_numbers(a->proto.n, b->proto.n);

	if (!order)
		order = compare_numbers(a->has_dport, b->has_dport);
	if (!order && a->has_dport)
		order = compare_numbers(a->dport_first, b->dport_first);
	if (!order && a->has_dport)
		order = compare_numbers(a->dport_last, b->dport_last);
	return order ? order : compare_numbers(a->ct_states, b->ct_states);
}

static int compare_sets(const struct pg_tree_rule *a, const struct pg_tree_rule *b)
{
	int order = compare_numbers(a->has_set, b->has_set);

	if (!order)
		order = strcmp(a->set, b->set);
	return order ? order : compare_numbers(a->set_dst, b->set_dst);
}

static int compare_texts(const struct pg_tree_rule *a, const struct pg_tree_rule *b)
{
	int order = strcmp(a->physdev_in, b->physdev_in);

	if (!order)
		order = strcmp(a->physdev_out, b->physdev_out);
	if (!order)
		order = strcmp(a->comment, b->comment);
	if (!order)
		order = compare_numbers(a->target, b->target);
	if (!order)
		order = strcmp(a->chain, b->chain);
	return order ? order : strcmp(a->foreign ? a->foreign : "", b->foreign ? b->foreign : "");
}

int pg_tree_compare_rules(const struct pg_tree_rule *a, const struct pg_tree_rule *b)
{
	int order = compare_addresses(a, b);

	if (!order)
		order = compare_protocols(a, b);
	if (!order)
		order = compare_sets(a, b);
	return order ? order : compare_texts(a, b);
}

bool pg_tree_rule_is_plain_jump(const struct pg_tree_rule *rule)
{
	struct pg_tree_rule plain = { .target = PG_TARGET_JUMP };

	memcpy(plain.chain, rule->chain, sizeof(plain.chain));
	return !pg_tree_compare_rules(rule, &plain);
}

/* Adds an option; a space before it unless it is the rule's first. */
PG_PRINTF(3, 4)
static void put(struct pg_strbuf *buf, size_t start, const char *format, ...)
{
	va_list args;

	if (buf->length != start)
		pg_strbuf_putc(buf, ' ');
	va_start(args, format);
	pg_strbuf_vprintf(buf, format, args);
	va_end(args);
}

static void format_prefix(struct pg_strbuf *buf, size_t start, const char *option,
			  const struct pg_prefix *prefix, bool inverted)
{
	char text[PG_PREFIX_TEXT_MAX];

	if (prefix->addr.family)
		put(buf, start, "%s%s %s", inverted ? "! " : "", option,
		    pg_prefix_format(prefix, text));
}

/* As iptables-save has them from /etc/protocols. */
static const struct {
	pg_proto proto;
	const char *name, *match, *option;
} protocols[] = {
	{ PG_PROTO_ICMP, "icmp", "icmp", "icmp-type" },
	{ PG_PROTO_TCP, "tcp", "tcp", "dport" },
	{ PG_PROTO_UDP, "udp", "udp", "dport" },
	{ PG_PROTO_ICMPV6, "ipv6-icmp", "icmp6", "icmpv6-type" },
	{ PG_PROTO_SCTP, "sctp", "sctp", "dport" },
};

static void format_proto(struct pg_strbuf *buf, size_t start, pg_proto proto)
{
	if (proto.n == PG_PROTO_EVERY.n)
		return;
	for (size_t i = 0; i < PG_COUNT(protocols); i++) {
		if (protocols[i].proto.n == proto.n) {
			put(buf, start, "-p %s", protocols[i].name);
			return;
		}
	}
	put(buf, start, "-p %u", proto.n);
}

static void format_ports(struct pg_strbuf *buf, size_t start, const struct pg_tree_rule *rule)
{
	if (!rule->has_dport)
		return;
	for (size_t i = 0; i < PG_COUNT(protocols); i++) {
		if (protocols[i].proto.n != rule->proto.n)
			continue;
		put(buf, start, "-m %s", protocols[i].match);
		if (rule->dport_first == 0 && rule->dport_last == 65535)
			return;
		put(buf, start, "--%s %u", protocols[i].option, rule->dport_first);
		if (rule->dport_last != rule->dport_first)
			pg_strbuf_printf(buf, ":%u", rule->dport_last);
	}
}

static void format_physdev(struct pg_strbuf *buf, size_t start, const struct pg_tree_rule *rule)
{
	if (!rule->physdev_in[0] && !rule->physdev_out[0])
		return;
	put(buf, start, "-m physdev");
	if (rule->physdev_in[0])
		put(buf, start, "--physdev-in %s", rule->physdev_in);
	if (rule->physdev_out[0])
		put(buf, start, "--physdev-out %s --physdev-is-bridged", rule->physdev_out);
}

static void format_conntrack(struct pg_strbuf *buf, size_t start, unsigned int states)
{
	if (states)
		put(buf, start, "-m conntrack --ctstate %s%s%s",
		    states & PG_CT_RELATED ? "RELATED" : "",
		    states == (PG_CT_RELATED | PG_CT_ESTABLISHED) ? "," : "",
		    states & PG_CT_ESTABLISHED ? "ESTABLISHED" : "");
}

static void format_set(struct pg_strbuf *buf, size_t start, const struct pg_tree_rule *rule)
{
	if (rule->has_set)
		put(buf, start, "-m set --match-set %s %s", rule->set,
		    rule->set_dst ? "dst" : "src");
}

/* iptables-save quotes what holds any other character than these. */
static void format_comment(struct pg_strbuf *buf, size_t start, const char *comment)
{
	static const char plain[] =
		"_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (!comment[0])
		return;
	if (!comment[strspn(comment, plain)]) {
		put(buf, start, "-m comment --comment %s", comment);
		return;
	}
	put(buf, start, "-m comment --comment \"");
	for (; *comment; comment++) {
		if (strchr("\"\\'", *comment))
			pg_strbuf_putc(buf, '\\');
		pg_strbuf_putc(buf, *comment);
	}
	pg_strbuf_putc(buf, '"');
}

static void format_target(struct pg_strbuf *buf, size_t start, const struct pg_tree_rule *rule)
{
	static const char *const names[] = {
		[PG_TARGET_NONE] = NULL,      [PG_TARGET_RETURN] = "-j RETURN",
		[PG_TARGET_DROP] = "-j DROP", [PG_TARGET_ACCEPT] = "-j ACCEPT",
		[PG_TARGET_JUMP] = "-j %s",   [PG_TARGET_GOTO] = "-g %s",
	};

	_Static_assert(PG_COUNT(names) == PG_TARGETS, "each target has a text");
	if (names[rule->target])
		put(buf, start, names[rule->target], rule->chain);
}

void pg_tree_format_rule(const struct pg_tree_rule *rule, struct pg_strbuf *buf)
{
	size_t start = buf->length;

	if (rule->foreign) {
		pg_strbuf_puts(buf, rule->foreign);
		return;
	}
	format_prefix(buf, start, "-s", &rule->src, rule->src_not);
	format_prefix(buf, start, "-d", &rule->dst, rule->dst_not);
	format_proto(buf, start, rule->proto);
	format_physdev(buf, start, rule);
	format_conntrack(buf, start, rule->ct_states);
	format_ports(buf, start, rule);
	format_set(buf, start, rule);
	format_comment(buf, start, rule->comment);
	format_target(buf, start, rule);
}

static void format_chain(const struct pg_tree_chain *chain, struct pg_strbuf *buf)
{
	pg_array_foreach(rule, &chain->rules) {
		pg_strbuf_printf(buf, "-A %s ", chain->name);
		pg_tree_format_rule(rule, buf);
		pg_strbuf_putc(buf, '\n');
	}
}

void pg_tree_format(const struct pg_tree *tree, struct pg_strbuf *buf)
{
	pg_strbuf_puts(buf, "*filter\n");
	pg_array_foreach(chain, &tree->chains)
		pg_strbuf_printf(buf, ":%s - [0:0]\n", chain->name);
	pg_array_foreach(chain, &tree->chains)
		format_chain(chain, buf);
	pg_array_foreach(hook, &tree->hooks)
		pg_strbuf_printf(buf, "-I %s %u -j %s\n", hook->parent, PG_MAX(hook->position, 1u),
				 hook->chain);
	pg_strbuf_puts(buf, "COMMIT\n");
}
