// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/backends/nft_world.h"

#include <sys/wait.h>

#include "compat/netns.h"

static int home = -1;

int world_setup(void **state)
{
	int fd = -1;

	(void)state;
	/* Without namespaces it's an error for root, whose rules the caller's would be. */
	if (pg_netns_new(&fd))
		return geteuid() ? 0 : -1;
	if (pg_netns_enter(fd, &home))
		return -1;
	close(fd);
	return 0;
}

int world_teardown(void **state)
{
	(void)state;
	pg_netns_leave(&home);
	return 0;
}

static bool has_means(void)
{
	_cleanup_close_ int fd = -1;

	return !pg_netns_new(&fd) &&
	       !system("iptables-nft -V >/dev/null 2>&1 && nft -v >/dev/null 2>&1");
}

bool world_is_possible(void)
{
	if (has_means())
		return true;
	puts("1..0 # SKIP needs root, iptables-nft and nft");
	return false;
}

int world_other(void)
{
	int fd = -1;

	if (home < 0 || !has_means()) {
		print_message("needs root, iptables-nft and nft\n");
		skip();
	}
	assert_int_equal(pg_netns_new(&fd), 0);
	return fd;
}

char *world_run(const char *format, ...)
{
	_cleanup_strbuf_ struct pg_strbuf command = { 0 }, output = { 0 };
	char piece[4096];
	size_t length;
	va_list args;
	FILE *pipe;
	int status;

	va_start(args, format);
	pg_strbuf_puts(&command, "exec 2>&1; ");
	pg_strbuf_vprintf(&command, format, args);
	va_end(args);
	pipe = popen(command.text, "r");
	assert_non_null(pipe);
	while ((length = fread(piece, 1, sizeof(piece), pipe)))
		pg_strbuf_add(&output, piece, length);
	status = pclose(pipe);
	if (status)
		print_error("%s: %s\n", command.text, output.text ? output.text : "");
	assert_int_equal(status, 0);
	return pg_strbuf_take(&output);
}

char *world_run_in(int netns, const char *command)
{
	_cleanup_netns_ int back = -1;

	assert_int_equal(pg_netns_enter(netns, &back), 0);
	return world_run("%s", command);
}

void world_feed(const char *command, const char *input)
{
	FILE *pipe = popen(command, "w");

	assert_non_null(pipe);
	assert_int_equal(fputs(input, pipe) < 0, 0);
	assert_int_equal(pclose(pipe), 0);
}

void world_feed_in(int netns, const char *command, const char *input)
{
	_cleanup_netns_ int back = -1;

	assert_int_equal(pg_netns_enter(netns, &back), 0);
	world_feed(command, input);
}

void world_same(int netns, const char *command)
{
	_cleanup_free_ char *here = world_run("%s", command);
	_cleanup_free_ char *there = world_run_in(netns, command);

	assert_string_equal(here, there);
}

/* splitmix64. */
unsigned int random_below(struct random *random, unsigned int limit)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (unsigned int)((z ^ (z >> 31)) % limit);
}

static bool one_in(struct random *random, unsigned int n)
{
	return !random_below(random, n);
}

static struct pg_prefix random_prefix(struct random *random, uint8_t family)
{
	struct pg_addr addr = { .family = family };
	uint8_t bits = pg_addr_bits(&addr), length;

	for (size_t i = 0; i < bits / 8u; i++)
		addr.bytes[i] = (uint8_t)random_below(random, 256);
	length = (uint8_t)(1 + random_below(random, bits));
	return pg_prefix_of(&addr, one_in(random, 2) ? bits : length);
}

static void random_ports(struct random *random, uint8_t family, struct pg_tree_rule *rule)
{
	static const pg_proto protos[] = { PG_PROTO_TCP, PG_PROTO_UDP, PG_PROTO_SCTP };
	static const uint16_t ports[] = { 0, 1, 80, 8080, 65534, 65535 };
	uint16_t a = ports[random_below(random, 6)], b = ports[random_below(random, 6)];

	rule->has_dport = one_in(random, 2);
	if (one_in(random, 4)) {
		rule->proto = family == 4 ? PG_PROTO_ICMP : PG_PROTO_ICMPV6;
		/* 255 is `any` in one and no type in the other */
		a = b = (uint16_t)random_below(random, 255);
	} else {
		rule->proto = protos[random_below(random, 3)];
	}
	if (!rule->has_dport)
		return;
	rule->dport_first = PG_MIN(a, b);
	rule->dport_last = one_in(random, 2) ? PG_MIN(a, b) : PG_MAX(a, b);
}

static void random_target(struct random *random, const char *jump, struct pg_tree_rule *rule)
{
	rule->target = random_below(random, PG_TARGETS);
	if (rule->target != PG_TARGET_JUMP && rule->target != PG_TARGET_GOTO)
		return;
	if (jump)
		snprintf(rule->chain, sizeof(rule->chain), "%s", jump);
	else
		rule->target = PG_TARGET_DROP;
}

static void random_rule(struct random *random, uint8_t family, const char *jump,
			struct pg_tree_rule *rule)
{
	static const char *const comments[] = { "plain", "shop.json:3:7", "a b", "x;y=$z `(&)" };

	if (one_in(random, 2)) {
		rule->src = random_prefix(random, family);
		rule->src_not = one_in(random, 3);
	}
	if (one_in(random, 2)) {
		rule->dst = random_prefix(random, family);
		rule->dst_not = one_in(random, 3);
	}
	if (one_in(random, 2))
		random_ports(random, family, rule);
	if (one_in(random, 4))
		rule->ct_states = 1 + random_below(random, 3);
	if (one_in(random, 4))
		snprintf(rule->physdev_in, IFNAMSIZ, "veth%u%s", random_below(random, 100000),
			 random_below(random, 2) ? "+" : "");
	if (one_in(random, 6))
		snprintf(rule->physdev_out, IFNAMSIZ, "%s", "abcdefghijklmno");
	if (one_in(random, 2))
		snprintf(rule->comment, sizeof(rule->comment), "%s",
			 comments[random_below(random, 4)]);
	random_target(random, jump, rule);
}

struct pg_tree random_tree(struct random *random, uint8_t family, unsigned int chains,
			   unsigned int rules)
{
	struct pg_tree tree = { .family = family };
	char name[PG_CHAIN_NAME_MAX], next[PG_CHAIN_NAME_MAX];

	/*
	 * Jumps go to the next chain only: no circles. Few of them: Linux 5.10 walks all ways through the
	 * chains at each commit, as others did before they learned to look at a chain once.
	 */
	for (unsigned int i = 0; i < chains; i++) {
		unsigned int jumps = i + 1 < PG_MIN(chains, 12u) ? 2 : 0;
		struct pg_tree_chain *chain;

		snprintf(name, sizeof(name), i ? "POLGEN-%03u" : "POLGEN", i);
		snprintf(next, sizeof(next), "POLGEN-%03u", i + 1);
		chain = pg_tree_add_chain(&tree, name);
		assert_non_null(chain);
		for (unsigned int n = random_below(random, rules + 1); n; n--) {
			struct pg_tree_rule *rule = pg_tree_add_rule(chain);

			assert_non_null(rule);
			random_rule(random, family, jumps ? next : NULL, rule);
			if (rule->chain[0])
				jumps--;
		}
	}
	assert_int_equal(pg_tree_add_hook(&tree, "FORWARD", "POLGEN", 0), 0);
	assert_int_equal(pg_tree_add_hook(&tree, "INPUT", "POLGEN", 1), 0);
	return tree;
}

void add_numbered(struct pg_tree_chain *chain, unsigned int number)
{
	struct pg_tree_rule *rule = pg_tree_add_rule(chain);

	assert_non_null(rule);
	rule->proto = PG_PROTO_TCP;
	rule->has_dport = true;
	rule->dport_first = rule->dport_last = (uint16_t)(1 + number % 65535);
	rule->target = PG_TARGET_DROP;
	snprintf(rule->comment, sizeof(rule->comment), "rule%u", number);
}

int world_write(const struct pg_tree *v4, const struct pg_tree *v6)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_ipt_failure failure;
	int err = pg_ipt_nft.write(v4, v6, &diags, &failure);

	pg_array_foreach(diag, &diags.list)
		print_message("%s\n", diag->text);
	assert_int_equal(diags.errors, err ? 1 : 0);
	return err;
}

void world_load(int netns, const struct pg_tree *v4, const struct pg_tree *v6)
{
	_cleanup_strbuf_ struct pg_strbuf text4 = { 0 }, text6 = { 0 };

	pg_tree_format(v4, &text4);
	pg_tree_format(v6, &text6);
	world_feed_in(netns, "iptables-nft-restore --noflush", text4.text);
	world_feed_in(netns, "ip6tables-nft-restore --noflush", text6.text);
}

void world_reads(const struct pg_tree *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf wanted_text = { 0 }, live_text = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_tree_ struct pg_tree live = { 0 };

	assert_int_equal(pg_ipt_nft.read(wanted->family, &diags, &live), 0);
	assert_int_equal(live.family, wanted->family);
	pg_tree_format(wanted, &wanted_text);
	pg_tree_format(&live, &live_text);
	assert_string_equal(live_text.text, wanted_text.text);
}

void world_reads_in(int netns, const struct pg_tree *wanted)
{
	_cleanup_netns_ int back = -1;

	assert_int_equal(pg_netns_enter(netns, &back), 0);
	world_reads(wanted);
}
