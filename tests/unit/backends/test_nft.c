// SPDX-License-Identifier: GPL-2.0-only
/* The nf_tables flavour against the real kernel, and against what iptables-nft itself makes. */
#include "tests/unit/backends/nft_world.h"

#include "backends/iptables/nft.h"

static const struct pg_tree none6 = { .family = 6 };

/* A chain POLGEN of numbered rules, and a hook. */
static struct pg_tree numbered_tree(unsigned int count, const char *parent)
{
	struct pg_tree tree = { .family = 4 };
	struct pg_tree_chain *chain = pg_tree_add_chain(&tree, "POLGEN");

	assert_non_null(chain);
	for (unsigned int i = 0; i < count; i++)
		add_numbered(chain, i);
	assert_int_equal(pg_tree_add_hook(&tree, parent, "POLGEN", 0), 0);
	return tree;
}

static uint32_t generation(void)
{
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	uint32_t now;

	assert_int_equal(pg_nfnl_open(&nfnl), 0);
	assert_int_equal(pg_nft_generation(&nfnl, &now), 0);
	return now;
}

static void remove_ours(void)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(pg_ipt_nft.remove(&diags), 0);
	assert_int_equal(diags.list.count, 0);
}

static struct pg_ipt_probe probe(const char *parent)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_ipt_probe answer;

	assert_int_equal(pg_ipt_nft.probe(4, parent, &diags, &answer), 0);
	assert_int_equal(diags.list.count, 0);
	return answer;
}

/* A host like one with Docker: other people's chains and rules, with counters. */
static void make_docker(void)
{
	world_feed("iptables-nft-restore -c", "*filter\n"
					      ":INPUT ACCEPT [1:2]\n"
					      ":FORWARD DROP [3:4]\n"
					      ":OUTPUT ACCEPT [5:6]\n"
					      ":DOCKER-USER - [0:0]\n"
					      ":DOCKER - [0:0]\n"
					      "[10:1000] -A FORWARD -j DOCKER-USER\n"
					      "[11:1100] -A FORWARD -o docker0 -j DOCKER\n"
					      "[12:1200] -A DOCKER-USER -s 192.0.2.1/32 -j DROP\n"
					      "[13:1300] -A DOCKER-USER -j RETURN\n"
					      "[14:1400] -A DOCKER -d 10.0.0.2/32 -j ACCEPT\n"
					      "COMMIT\n");
}

/*
 * What iptables-nft-restore makes of the same trees is what we make, expression for expression. Its
 * matches of x_tables are ours to the byte, or we couldn't read them.
 */
static void test_is_what_iptables_nft_makes(void **state)
{
	struct random random = { 1 };

	(void)state;
	for (int i = 0; i < 5; i++) {
		_cleanup_tree_ struct pg_tree v4 = random_tree(&random, 4, 20, 30);
		_cleanup_tree_ struct pg_tree v6 = random_tree(&random, 6, 20, 30);
		_cleanup_close_ int fresh = world_other();

		assert_int_equal(world_write(&v4, &v6), 0);
		world_load(fresh, &v4, &v6);
		world_same(fresh, WORLD_SAVE);
		world_same(fresh, WORLD_EXPRESSIONS);
		world_reads(&v4);
		world_reads(&v6);
		world_reads_in(fresh, &v4);
		world_reads_in(fresh, &v6);
	}
}

static void test_writing_twice_changes_nothing(void **state)
{
	struct random random = { 2 };
	_cleanup_tree_ struct pg_tree v4 = random_tree(&random, 4, 10, 50);
	_cleanup_tree_ struct pg_tree v6 = random_tree(&random, 6, 10, 50);
	_cleanup_free_ char *before = NULL, *after = NULL;
	uint32_t first;

	(void)state;
	assert_int_equal(world_write(&v4, &v6), 0);
	before = world_run("nft -a list ruleset");
	first = generation();
	assert_int_equal(world_write(&v4, &v6), 0);
	after = world_run("nft -a list ruleset");
	assert_string_equal(after, before);
	assert_int_equal(generation(), first);
}

static void test_foreign_rules_stay_as_they_are(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(10, "DOCKER-USER");
	_cleanup_free_ char *before = NULL, *foreign = NULL, *hooked = NULL, *after = NULL;

	(void)state;
	make_docker();
	before = world_run("nft -a list ruleset");
	foreign = world_run(WORLD_SAVE_COUNTED " | grep -v POLGEN");
	assert_int_equal(world_write(&v4, &none6), 0);
	hooked = world_run(WORLD_SAVE_COUNTED " | grep -v 'A POLGEN\\|:POLGEN\\|-j POLGEN'");
	assert_string_equal(hooked, foreign);
	free(hooked);
	hooked = world_run("iptables-nft -S DOCKER-USER");
	assert_string_equal(hooked, "-N DOCKER-USER\n-A DOCKER-USER -j POLGEN\n"
				    "-A DOCKER-USER -s 192.0.2.1/32 -j DROP\n"
				    "-A DOCKER-USER -j RETURN\n");
	remove_ours();
	after = world_run("nft -a list ruleset");
	assert_string_equal(after, before);
}

static void test_removing_leaves_what_was_before(void **state)
{
	struct random random = { 3 };
	_cleanup_tree_ struct pg_tree v4 = random_tree(&random, 4, 10, 10);
	_cleanup_tree_ struct pg_tree v6 = random_tree(&random, 6, 10, 10);
	_cleanup_free_ char *first = NULL, *second = NULL;
	uint32_t untouched;

	(void)state;
	untouched = generation();
	remove_ours();
	assert_int_equal(generation(), untouched);
	assert_int_equal(world_write(&v4, &v6), 0);
	remove_ours();
	first = world_run("nft list ruleset");
	assert_string_equal(first, "");
	/* A chain that somebody else made, though it is empty. */
	free(world_run("nft add table ip filter && nft 'add chain ip filter FORWARD "
		       "{ type filter hook forward priority 0; }'"));
	free(first);
	first = world_run("nft list ruleset");
	assert_int_equal(world_write(&v4, &v6), 0);
	remove_ours();
	second = world_run("nft list ruleset");
	assert_string_equal(second, first);
}

/* Runs a command while our rules are there; says what is left of the table without them. */
static char *leftover_of(const char *command)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(3, "FORWARD");

	assert_int_equal(world_write(&v4, &none6), 0);
	free(world_run("%s", command));
	remove_ours();
	return world_run("nft list ruleset | tr -d '\\n\\t'; nft flush ruleset");
}

static void test_removing_spares_what_others_came_to_use(void **state)
{
	_cleanup_free_ char *rule = NULL, *chain = NULL, *policy = NULL, *set = NULL;

	(void)state;
	rule = leftover_of("iptables-nft -A FORWARD -s 192.0.2.1 -j DROP");
	assert_non_null(strstr(rule, "chain FORWARD"));
	assert_non_null(strstr(rule, "192.0.2.1"));
	chain = leftover_of("iptables-nft -N DOCKER-USER");
	assert_non_null(strstr(chain, "chain DOCKER-USER"));
	assert_null(strstr(chain, "chain FORWARD"));
	policy = leftover_of("iptables-nft -P FORWARD DROP");
	assert_non_null(strstr(policy, "policy drop"));
	set = leftover_of("nft add set ip filter people '{ type ipv4_addr; }'");
	assert_non_null(strstr(set, "set people"));
	assert_null(strstr(set, "POLGEN"));
}

/* Gives each rule of the namespace counters of its own. */
static void number_counters(void)
{
	free(world_run("iptables-nft-save -c | awk '/^\\[/ { n++; "
		       "sub(/^\\[[0-9:]*\\]/, \"[\" n \":\" n * 100 \"]\") } { print }' | "
		       "iptables-nft-restore -c"));
}

static void read_v4(struct pg_tree *ret_tree)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(pg_ipt_nft.read(4, &diags, ret_tree), 0);
}

/* How many rules with number `comment` there are; their counters go into *sum. */
static size_t count_rules(const struct pg_tree *tree, const char *comment, uint64_t *sum)
{
	const struct pg_tree_chain *chain = pg_tree_find_chain(tree, "POLGEN");
	size_t count = 0;

	*sum = 0;
	assert_non_null(chain);
	pg_array_foreach(rule, &chain->rules) {
		if (strcmp(rule->comment, comment))
			continue;
		assert_int_equal(rule->bytes, rule->packets * 100);
		*sum += rule->packets;
		count++;
	}
	return count;
}

/* Whatever moves: a rule that there were as many of before has all that they had counted. */
static void check_counters(const struct pg_tree *before, const struct pg_tree *after,
			   unsigned int numbers)
{
	for (unsigned int i = 0; i < numbers; i++) {
		uint64_t old, new;
		size_t was, is;
		char comment[32];

		snprintf(comment, sizeof(comment), "rule%u", i);
		was = count_rules(before, comment, &old);
		is = count_rules(after, comment, &new);
		if (!was)
			assert_int_equal(new, 0);
		else if (is >= was)
			assert_int_equal(new, old);
		else
			assert_true(new <= old && (!is || new > 0));
	}
}

/* Random edits of a chain, in which texts repeat, from one to the next. */
static void edit_at_random(unsigned int length, int rounds)
{
	struct random random = { length };

	for (int i = 0; i < rounds; i++) {
		_cleanup_tree_ struct pg_tree before = { 0 }, after = { 0 },
					      wanted = { .family = 4 };
		struct pg_tree_chain *chain = pg_tree_add_chain(&wanted, "POLGEN");

		assert_non_null(chain);
		for (unsigned int n = random_below(&random, length); n; n--)
			add_numbered(chain, random_below(&random, length / 2 + 1));
		number_counters();
		if (i)
			read_v4(&before);
		assert_int_equal(world_write(&wanted, &none6), 0);
		world_reads(&wanted);
		read_v4(&after);
		if (i)
			check_counters(&before, &after, length / 2 + 1);
	}
}

static void test_rules_keep_their_counters(void **state)
{
	(void)state;
	edit_at_random(4, 20);
	edit_at_random(40, 20);
	edit_at_random(400, 6);
}

/* Nothing but the one rule is touched: handles, which the kernel never gives twice, stay. */
static void test_one_change_is_one_change(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(1000, "FORWARD");
	_cleanup_free_ char *before = NULL, *after = NULL;

	(void)state;
	assert_int_equal(world_write(&v4, &none6), 0);
	before = world_run("nft -a list ruleset | grep -v 'dport 501 '");
	v4.chains.items[0].rules.items[500].target = PG_TARGET_ACCEPT;
	assert_int_equal(world_write(&v4, &none6), 0);
	world_reads(&v4);
	after = world_run("nft -a list ruleset | grep -v 'dport 501 '");
	assert_string_equal(after, before);
}

/* Many changes of a long chain make a new one of it: the same in the end. */
static void test_a_long_chain_that_changes_much(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(20000, "FORWARD");
	struct pg_tree_rule *rules = v4.chains.items[0].rules.items;
	_cleanup_tree_ struct pg_tree after = { 0 };

	(void)state;
	assert_int_equal(world_write(&v4, &none6), 0);
	world_reads(&v4);
	number_counters();
	for (size_t i = 0; i < 20000; i += 2)
		rules[i].target = PG_TARGET_ACCEPT;
	assert_int_equal(world_write(&v4, &none6), 0);
	world_reads(&v4);
	read_v4(&after);
	/* the jump in FORWARD, with number 1, is listed before them */
	for (size_t i = 0; i < 20000; i++)
		assert_int_equal(after.chains.items[0].rules.items[i].packets, i % 2 ? i + 2 : 0);
}

static void assert_hook(const struct pg_tree_hook *hook, const char *parent, uint32_t position,
			bool conditional)
{
	assert_string_equal(hook->parent, parent);
	assert_int_equal(hook->position, position);
	assert_int_equal(hook->conditional, conditional);
}

static void test_hooks_go_to_their_place(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(1, "DOCKER-USER"), live = { 0 };
	_cleanup_free_ char *rules = NULL;

	(void)state;
	make_docker();
	/* a jump that isn't first, one with a match, a stale one, and one to no chain of ours */
	free(world_run("iptables-nft -N POLGEN-OLD && iptables-nft -N POLGEN && "
		       "iptables-nft -N POLGENERAL && iptables-nft -A DOCKER-USER -j POLGEN && "
		       "iptables-nft -I DOCKER-USER -i eth0 -j POLGEN && "
		       "iptables-nft -A DOCKER-USER -j POLGENERAL && "
		       "iptables-nft -I OUTPUT -g POLGEN-OLD"));
	read_v4(&live);
	assert_int_equal(live.hooks.count, 3);
	assert_hook(&live.hooks.items[0], "DOCKER-USER", 1, true);
	assert_hook(&live.hooks.items[1], "DOCKER-USER", 4, false);
	assert_hook(&live.hooks.items[2], "OUTPUT", 1, true);
	assert_int_equal(pg_tree_add_hook(&v4, "FORWARD", "POLGEN", 2), 0);
	assert_int_equal(pg_tree_add_hook(&v4, "INPUT", "POLGEN", 9), 0);
	assert_int_equal(world_write(&v4, &none6), 0);
	rules = world_run("iptables-nft -S | grep -v '^-N\\|^-P\\|^-A POLGEN\\|^-A DOCKER '");
	assert_string_equal(rules, "-A INPUT -j POLGEN\n"
				   "-A FORWARD -j DOCKER-USER\n"
				   "-A FORWARD -j POLGEN\n"
				   "-A FORWARD -o docker0 -j DOCKER\n"
				   "-A DOCKER-USER -j POLGEN\n"
				   "-A DOCKER-USER -s 192.0.2.1/32 -j DROP\n"
				   "-A DOCKER-USER -j RETURN\n"
				   "-A DOCKER-USER -j POLGENERAL\n");
}

static void test_hooks_count_on_when_they_move(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(1, "DOCKER-USER"), live = { 0 };
	_cleanup_free_ char *rules = NULL;

	(void)state;
	make_docker();
	assert_int_equal(world_write(&v4, &none6), 0);
	free(world_run("iptables-nft -D DOCKER-USER -j POLGEN && "
		       "iptables-nft -A DOCKER-USER -c 7 700 -j POLGEN"));
	assert_int_equal(world_write(&v4, &none6), 0);
	rules = world_run("iptables-nft -vS DOCKER-USER | head -n 2");
	assert_string_equal(rules, "-N DOCKER-USER\n-A DOCKER-USER -c 7 700 -j POLGEN\n");
	read_v4(&live);
	assert_int_equal(live.hooks.items[0].packets, 7);
	assert_int_equal(live.hooks.items[0].bytes, 700);
}

/* What another tool put into our chain is seen, and goes with the next write. */
static void test_strange_rules_in_our_chains(void **state)
{
	static const char *const strange[] = {
		"nft add rule ip filter POLGEN ip ttl 5 counter drop",
		"nft add rule ip filter POLGEN tcp dport 80 drop",
		"nft add rule ip filter POLGEN tcp sport 80 counter drop",
		"nft add rule ip filter POLGEN ip saddr 10.0.0.1-10.0.0.5 counter drop",
		"nft add rule ip filter POLGEN ip saddr { 10.0.0.1, 10.0.0.5 } counter drop",
		"nft add rule ip filter POLGEN meta l4proto != tcp counter drop",
		"nft add rule ip filter POLGEN tcp dport != 80 counter drop",
		"nft add rule ip filter POLGEN counter counter drop",
		"iptables-nft -A POLGEN -j LOG",
		"iptables-nft -A POLGEN -i eth0 -j DROP",
		"iptables-nft -A POLGEN ! -p tcp -j DROP",
		"iptables-nft -A POLGEN -s 10.0.0.1/255.0.255.0 -j DROP",
		"iptables-nft -A POLGEN -p icmp -m icmp --icmp-type 3/1 -j DROP",
		"iptables-nft -A POLGEN -p icmp -m icmp ! --icmp-type 3 -j DROP",
		"iptables-nft -A POLGEN -p sctp -m sctp --sport 3 -j DROP",
		"iptables-nft -A POLGEN -m physdev ! --physdev-in veth0 -j DROP",
		"iptables-nft -A POLGEN -m physdev --physdev-out veth0 -j DROP",
		"iptables-nft -A POLGEN -m conntrack --ctstate NEW,RELATED -j DROP",
		"iptables-nft -A POLGEN -m conntrack ! --ctstate RELATED -j DROP",
		"iptables-nft -A POLGEN -m comment --comment \"$(printf 'a\\033b')\" -j DROP",
		"iptables-nft -A POLGEN -m comment --comment a -m comment --comment b",
		"iptables-nft -A POLGEN -m comment --comment $(printf %0200d 0) -j DROP",
		"iptables-nft -N LONG-FOREIGN-CHAIN && iptables-nft -A POLGEN -m limit -j RETURN",
	};
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(3, "FORWARD");

	(void)state;
	for (size_t i = 0; i < PG_COUNT(strange); i++) {
		_cleanup_tree_ struct pg_tree live = { 0 };
		const struct pg_tree_rule *last;

		assert_int_equal(world_write(&v4, &none6), 0);
		free(world_run("%s", strange[i]));
		read_v4(&live);
		assert_int_equal(live.chains.items[0].rules.count, 4);
		last = &live.chains.items[0].rules.items[3];
		if (!last->foreign)
			print_error("%s is taken for something else\n", strange[i]);
		assert_non_null(last->foreign);
		assert_memory_equal(last->foreign, "nft [", 5);
		assert_int_equal(world_write(&v4, &none6), 0);
		world_reads(&v4);
	}
}

/* Chains that are gone from the tree go, with their jumps among each other. */
static void test_chains_come_and_go(void **state)
{
	struct random random = { 5 };

	(void)state;
	for (int i = 0; i < 10; i++) {
		unsigned int chains = 1 + random_below(&random, 15);
		_cleanup_tree_ struct pg_tree v4 = random_tree(&random, 4, chains, 5);
		_cleanup_tree_ struct pg_tree v6 = random_tree(&random, 6, chains / 2 + 1, 5);

		assert_int_equal(world_write(&v4, &v6), 0);
		world_reads(&v4);
		world_reads(&v6);
	}
}

static void test_probe_tells_what_is_there(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(5, "FORWARD");
	struct pg_ipt_probe answer;

	(void)state;
	answer = probe("FORWARD");
	assert_true(answer.parent);
	assert_false(answer.docker_user || answer.ours || answer.forward_rules);
	assert_false(probe("DOCKER-USER").parent);
	assert_false(probe(NULL).parent);
	make_docker();
	assert_int_equal(world_write(&v4, &none6), 0);
	answer = probe("DOCKER-USER");
	assert_true(answer.parent && answer.docker_user && answer.docker_called && answer.ours);
	assert_int_equal(answer.forward_rules, 2);
	free(world_run("iptables-nft -D FORWARD -j DOCKER-USER"));
	answer = probe(NULL);
	assert_true(answer.docker_user && !answer.docker_called);
	remove_ours();
	assert_false(probe(NULL).ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_is_what_iptables_nft_makes),
		world_test(test_writing_twice_changes_nothing),
		world_test(test_foreign_rules_stay_as_they_are),
		world_test(test_removing_leaves_what_was_before),
		world_test(test_removing_spares_what_others_came_to_use),
		world_test(test_rules_keep_their_counters),
		world_test(test_one_change_is_one_change),
		world_test(test_a_long_chain_that_changes_much),
		world_test(test_hooks_go_to_their_place),
		world_test(test_hooks_count_on_when_they_move),
		world_test(test_strange_rules_in_our_chains),
		world_test(test_chains_come_and_go),
		world_test(test_probe_tells_what_is_there),
	};

	if (!world_is_possible())
		return 0;
	return cmocka_run_group_tests_name("nft", tests, NULL, NULL);
}
