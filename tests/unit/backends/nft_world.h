/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of the nf_tables flavour need: namespaces, the host's own tools, random trees. */
#ifndef PG_TESTS_UNIT_BACKENDS_NFT_WORLD_H
#define PG_TESTS_UNIT_BACKENDS_NFT_WORLD_H

#include "tests/unit/unit.h"

#include "backends/iptables/flavour.h"

/* Each test runs in a network namespace of its own. */
int world_setup(void **state);
int world_teardown(void **state);
#define world_test(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

/* Whether there are namespaces and tools here; if not, prints a plan that skips all. */
bool world_is_possible(void);

/* A second, empty namespace; the caller closes it. Skips the test where it isn't possible. */
int world_other(void);

/* The output of a shell command, standard error too. It must succeed. The caller frees it. */
char *world_run(const char *format, ...) PG_PRINTF(1, 2);
/* The same inside another namespace. */
char *world_run_in(int netns, const char *command);
/* With a text on its standard input. */
void world_feed(const char *command, const char *input);
void world_feed_in(int netns, const char *command, const char *input);

/* Asserts that a command says the same here and in another namespace. */
void world_same(int netns, const char *command);

/* iptables-nft-save of both families without the lines that name the time. */
#define WORLD_SAVE "(iptables-nft-save; ip6tables-nft-save) 2>/dev/null | grep -v '^#'"
#define WORLD_SAVE_COUNTED \
	"(iptables-nft-save -c; ip6tables-nft-save -c) 2>/dev/null | grep -v '^#'"
/* Each rule's expressions as the kernel has them, one rule a line, sorted by chain. */
#define WORLD_EXPRESSIONS                                                              \
	"nft --debug=netlink list ruleset 2>/dev/null | sed '/^table/,$d' | "          \
	"awk 'BEGIN { RS = \"\" } { h = $1 \" \" $2 \" \" $3; sub(/^[^\\n]*/, \"\"); " \
	"gsub(/[ \\n]+/, \" \"); print h $0 }' | sort -s -k1,3"

/* Numbers that are the same in each run. */
struct random {
	uint64_t state;
};
unsigned int random_below(struct random *random, unsigned int limit);

/* `chains` chains of up to `rules` rules of every form, and a hook in FORWARD and INPUT. */
struct pg_tree random_tree(struct random *random, uint8_t family, unsigned int chains,
			   unsigned int rules);
/* A rule at the end of a chain: "-p tcp --dport PORT -j DROP" with the comment "ruleNUMBER". */
void add_numbered(struct pg_tree_chain *chain, unsigned int number);

/* write() with what it says on failure; 0 or -errno. */
int world_write(const struct pg_tree *v4, const struct pg_tree *v6);
/* Both trees as input of iptables-restore and ip6tables-restore. */
void world_load(int netns, const struct pg_tree *v4, const struct pg_tree *v6);
/* read() gives this tree (chains are in order of name), but for counters. */
void world_reads(const struct pg_tree *wanted);
void world_reads_in(int netns, const struct pg_tree *wanted);

#endif
