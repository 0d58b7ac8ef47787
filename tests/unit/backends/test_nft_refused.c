// SPDX-License-Identifier: GPL-2.0-only
/* The nf_tables flavour when the kernel or another program is against it. */
#include "tests/unit/backends/nft_world.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "backends/iptables/nft.h"

static const struct pg_tree none4 = { .family = 4 }, none6 = { .family = 6 };

static struct pg_tree_rule *add_rule(struct pg_tree *tree, enum pg_target target, const char *chain)
{
	struct pg_tree_rule *rule = pg_tree_add_rule(&tree->chains.items[0]);

	assert_non_null(rule);
	rule->target = target;
	snprintf(rule->chain, sizeof(rule->chain), "%s", chain);
	return rule;
}

/* POLGEN with a hook in a chain, and `count` numbered rules. */
static struct pg_tree make_tree(uint8_t family, const char *parent, unsigned int count)
{
	struct pg_tree tree = { .family = family };
	struct pg_tree_chain *chain = pg_tree_add_chain(&tree, "POLGEN");

	assert_non_null(chain);
	for (unsigned int i = 0; i < count; i++)
		add_numbered(chain, i);
	assert_int_equal(pg_tree_add_hook(&tree, parent, "POLGEN", 0), 0);
	return tree;
}

/*
 * write() must fail with an error and an error text, point at a rule, and change nothing; what was
 * there before are our rules of another kind, in both families.
 */
static void assert_refused(const struct pg_tree *v4, const struct pg_tree *v6, int error,
			   const struct pg_tree_rule *rule, const char *text)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_ipt_failure failure;
	_cleanup_free_ char *before = world_run("nft -a list ruleset"), *after = NULL;

	assert_int_equal(pg_ipt_nft.write(v4, v6, &diags, &failure), error);
	assert_int_equal(diags.errors, 1);
	assert_string_equal(diags.list.items[0].text, text);
	assert_ptr_equal(failure.rule, rule);
	after = world_run("nft -a list ruleset");
	assert_string_equal(after, before);
}

static void write_something(void)
{
	_cleanup_tree_ struct pg_tree v4 = make_tree(4, "FORWARD", 3);
	_cleanup_tree_ struct pg_tree v6 = make_tree(6, "FORWARD", 3);

	assert_int_equal(world_write(&v4, &v6), 0);
}

static void test_an_error_in_the_middle_leaves_the_old_state(void **state)
{
	_cleanup_tree_ struct pg_tree good = make_tree(4, "INPUT", 100);
	_cleanup_tree_ struct pg_tree bad = make_tree(6, "INPUT", 100);
	struct pg_tree_rule *rule;

	(void)state;
	write_something();
	add_rule(&bad, PG_TARGET_JUMP, "POLGEN-GONE");
	for (unsigned int i = 0; i < 100; i++)
		add_numbered(&bad.chains.items[0], i);
	rule = &bad.chains.items[0].rules.items[100];
	assert_refused(&good, &bad, -ENOENT, rule,
		       "nf_tables refuses to add a rule to chain 'POLGEN' of table 'ip6 filter', "
		       "'-j POLGEN-GONE': no such file or directory");
	/* Its neighbour without that rule passes. */
	rule->target = PG_TARGET_RETURN;
	assert_int_equal(world_write(&good, &bad), 0);
	world_reads(&good);
	world_reads(&bad);
}

/* Which rule is told, or none, depends on when the kernel looks. */
static void test_circles_are_refused(void **state)
{
	_cleanup_tree_ struct pg_tree tree = make_tree(4, "FORWARD", 1);
	_cleanup_free_ char *before = NULL, *after = NULL;

	(void)state;
	write_something();
	before = world_run("nft -a list ruleset");
	add_rule(&tree, PG_TARGET_JUMP, "POLGEN");
	assert_int_equal(world_write(&tree, &none6), -EMLINK);
	after = world_run("nft -a list ruleset");
	assert_string_equal(after, before);
}

static void test_rules_that_iptables_can_not_say(void **state)
{
	_cleanup_tree_ struct pg_tree tree = make_tree(4, "FORWARD", 1);
	struct pg_tree_rule *rule = add_rule(&tree, PG_TARGET_DROP, "");

	(void)state;
	write_something();
	rule->proto = PG_PROTO_ICMP;
	rule->has_dport = true;
	rule->dport_last = 3;
	assert_refused(&tree, &none6, -EINVAL, rule,
		       "nf_tables refuses to add a rule to chain 'POLGEN' of table 'ip filter', "
		       "'-p icmp -m icmp --icmp-type 0:3 -j DROP': invalid argument");
	rule->proto = (pg_proto){ 47 };
	assert_refused(&tree, &none6, -EINVAL, rule,
		       "nf_tables refuses to add a rule to chain 'POLGEN' of table 'ip filter', "
		       "'-p 47 -j DROP': invalid argument");
	rule->has_dport = false;
	assert_int_equal(world_write(&tree, &none6), 0);
}

static void test_parents_that_no_packet_comes_to(void **state)
{
	_cleanup_tree_ struct pg_tree docker = make_tree(4, "DOCKER-\x1bUSER", 1);
	_cleanup_tree_ struct pg_tree forward = make_tree(4, "FORWARD", 1);

	(void)state;
	assert_refused(&docker, &none6, -EINVAL, NULL,
		       "can't jump from chain 'DOCKER-\\x1bUSER' of table 'ip filter': "
		       "there is no such chain");
	free(world_run("nft add table ip filter && nft add chain ip filter FORWARD"));
	assert_refused(&forward, &none6, -EINVAL, NULL,
		       "can't jump from chain 'FORWARD' of table 'ip filter': "
		       "the kernel gives no packets to that chain");
	free(world_run("nft flush ruleset && nft 'add table ip filter { flags dormant; }'"));
	assert_refused(&forward, &none6, -EINVAL, NULL,
		       "can't jump from chain 'FORWARD' of table 'ip filter': "
		       "the table is dormant");
	free(world_run("nft flush ruleset"));
	assert_int_equal(world_write(&forward, &none6), 0);
}

/* Something that isn't a rule jumps to our chain. */
static void test_a_map_that_jumps_to_us(void **state)
{
	(void)state;
	write_something();
	free(world_run("nft add map ip filter where '{ type inet_service : verdict; "
		       "elements = { 80 : jump POLGEN } }'"));
	assert_refused(&none4, &none6, -EBUSY, NULL,
		       "nf_tables refuses to delete chain 'POLGEN' of table 'ip filter': "
		       "device or resource busy");
	free(world_run("nft delete map ip filter where"));
	assert_int_equal(world_write(&none4, &none6), 0);
}

/* A batch that was worked out from what is no longer there does nothing. */
static void test_a_stale_batch_does_nothing(void **state)
{
	_cleanup_nfnl_batch_ struct pg_nfnl_batch stale = { 0 }, fresh = { 0 };
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	struct pg_nfnl_error error = { 0 };
	uint32_t generation;
	const uint16_t type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE;

	(void)state;
	assert_int_equal(pg_nfnl_open(&nfnl), 0);
	assert_int_equal(pg_nft_generation(&nfnl, &generation), 0);
	free(world_run("nft add table ip elsewhere"));
	assert_int_equal(pg_nfnl_batch_begin(&nfnl, &stale, NFNL_SUBSYS_NFTABLES, generation), 0);
	mnl_attr_put_strz(pg_nfnl_batch_add(&stale, type, NFPROTO_IPV4, NLM_F_CREATE),
			  NFTA_TABLE_NAME, "stale");
	assert_int_equal(pg_nfnl_batch_send(&nfnl, &stale, &error), -ERESTART);
	assert_int_equal(error.index, UINT32_MAX);
	assert_int_equal(pg_nfnl_batch_begin(&nfnl, &fresh, NFNL_SUBSYS_NFTABLES, generation + 1),
			 0);
	mnl_attr_put_strz(pg_nfnl_batch_add(&fresh, type, NFPROTO_IPV4, NLM_F_CREATE),
			  NFTA_TABLE_NAME, "fresh");
	assert_int_equal(pg_nfnl_batch_send(&nfnl, &fresh, &error), 0);
	free(world_run("nft list table ip fresh && ! nft list table ip stale"));
}

/* Makes and deletes a table of its own, as fast as a program that calls nft can. */
static void *disturb(void *context)
{
	atomic_bool *stop = context;

	while (!atomic_load(stop)) {
		if (system("nft 'add table ip elsewhere' && nft 'delete table ip elsewhere'"))
			abort();
	}
	return NULL;
}

static void test_another_program_changes_rules_meanwhile(void **state)
{
	_cleanup_tree_ struct pg_tree small = make_tree(4, "FORWARD", 10);
	_cleanup_tree_ struct pg_tree large = make_tree(4, "FORWARD", 1500);
	atomic_bool stop = false;
	pthread_t thread;

	(void)state;
	/* The thread is in this one's network namespace. */
	assert_int_equal(pthread_create(&thread, NULL, disturb, &stop), 0);
	for (int i = 0; i < 30; i++) {
		const struct pg_tree *tree = i % 2 ? &small : &large;

		assert_int_equal(world_write(tree, &none6), 0);
		world_reads(tree);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
}

static void test_twenty_thousand_rules_at_once(void **state)
{
	_cleanup_tree_ struct pg_tree tree = make_tree(4, "FORWARD", 20000);

	(void)state;
	assert_int_equal(world_write(&tree, &none6), 0);
	world_reads(&tree);
	free(world_run("test $(iptables-nft -S POLGEN | wc -l) = 20001"));
	/* Far more errors than fit into a receive buffer: the first one is told. */
	write_something();
	for (size_t i = 5; i < 20000; i++) {
		struct pg_tree_rule *rule = &tree.chains.items[0].rules.items[i];

		rule->target = PG_TARGET_GOTO;
		snprintf(rule->chain, sizeof(rule->chain), "POLGEN-GONE");
	}
	assert_refused(&tree, &none6, -ENOENT, &tree.chains.items[0].rules.items[5],
		       "nf_tables refuses to add a rule to chain 'POLGEN' of table 'ip filter', "
		       "'-p tcp -m tcp --dport 6 -m comment --comment rule5 -g POLGEN-GONE': "
		       "no such file or directory");
}

/* Writes one pair of trees after the other until it is killed. */
static void write_for_ever(struct pg_tree pairs[2][2])
{
	for (unsigned int i = 0;; i++) {
		struct pg_diags diags = { 0 };
		struct pg_ipt_failure failure;

		if (pg_ipt_nft.write(&pairs[i % 2][0], &pairs[i % 2][1], &diags, &failure))
			_exit(1);
	}
}

static char *read_text(uint8_t family)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_tree_ struct pg_tree live = { 0 };

	assert_int_equal(pg_ipt_nft.read(family, &diags, &live), 0);
	pg_tree_format(&live, &buf);
	return pg_strbuf_take(&buf);
}

static bool is_pair(struct pg_tree pair[2])
{
	_cleanup_strbuf_ struct pg_strbuf v4 = { 0 }, v6 = { 0 };
	_cleanup_free_ char *live4 = read_text(4), *live6 = read_text(6);

	pg_tree_format(&pair[0], &v4);
	pg_tree_format(&pair[1], &v6);
	return !strcmp(live4, v4.text) && !strcmp(live6, v6.text);
}

/* Whenever it dies: one pair or the other, whole, and both families of the same. */
static void test_killed_at_any_moment(void **state)
{
	struct random random = { 11 };
	struct pg_tree pairs[2][2] = {
		{ make_tree(4, "FORWARD", 1000), make_tree(6, "FORWARD", 10) },
		{ make_tree(4, "INPUT", 10), make_tree(6, "INPUT", 1000) },
	};

	(void)state;
	assert_int_equal(world_write(&pairs[0][0], &pairs[0][1]), 0);
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (!pid)
			write_for_ever(pairs);
		usleep(random_below(&random, 50000));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_true(is_pair(pairs[0]) || is_pair(pairs[1]));
	}
	for (int i = 0; i < 4; i++)
		pg_tree_done(&pairs[i / 2][i % 2]);
}

/* Runs a function in a child process; what it returns is what must be true there. */
static void assert_in_child(bool (*fn)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(fn() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool says(int err, int wanted, const struct pg_diags *diags, const char *text)
{
	if (err == wanted && diags->errors == 1 && !strcmp(diags->list.items[0].text, text))
		return true;
	fprintf(stderr, "%d, %s\n", err, diags->list.count ? diags->list.items[0].text : "nothing");
	return false;
}

static bool nobody_is_not_permitted(void)
{
	static const char text[] = "nf_tables: not permitted; CAP_NET_ADMIN is needed";
	struct pg_diags read_diags = { 0 }, write_diags = { 0 }, probe_diags = { 0 };
	struct pg_tree tree = { .family = 4 }, live;
	struct pg_ipt_failure failure;
	struct pg_ipt_probe answer;

	if (setresuid(65534, 65534, 65534))
		return false;
	return says(pg_ipt_nft.read(4, &read_diags, &live), -EPERM, &read_diags, text) &&
	       says(pg_ipt_nft.probe(4, NULL, &probe_diags, &answer), -EPERM, &probe_diags, text) &&
	       says(pg_ipt_nft.write(&tree, &none6, &write_diags, &failure), -EPERM, &write_diags,
		    text);
}

static void test_without_the_permission(void **state)
{
	(void)state;
	assert_in_child(nobody_is_not_permitted);
}

/* From here on a system call fails. */
static bool take_away(unsigned int call, unsigned int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { PG_COUNT(code), code };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* There is nothing of ours in what isn't there, but nothing can be put there either. */
static bool is_empty_but_refuses(void)
{
	struct pg_diags diags = { 0 }, quiet = { 0 };
	struct pg_tree tree = make_tree(4, "FORWARD", 1), live = { 0 };
	struct pg_ipt_failure failure;
	struct pg_ipt_probe answer = { .ours = true };

	return !pg_ipt_nft.read(4, &quiet, &live) && live.family == 4 && pg_tree_is_empty(&live) &&
	       !pg_ipt_nft.probe(4, "FORWARD", &quiet, &answer) && !answer.ours && !answer.parent &&
	       !pg_ipt_nft.remove(&quiet) && !quiet.list.count &&
	       says(pg_ipt_nft.write(&tree, &none6, &diags, &failure), -EOPNOTSUPP, &diags,
		    "this kernel has no nf_tables");
}

static bool without_nfnetlink(void)
{
	return take_away(SYS_socket, EPROTONOSUPPORT) && is_empty_but_refuses();
}

/* nfnetlink's answer to messages of a subsystem that it lacks. */
static bool without_nf_tables(void)
{
	return take_away(SYS_sendto, EINVAL) && is_empty_but_refuses();
}

static void test_a_kernel_without_nf_tables(void **state)
{
	(void)state;
	assert_in_child(without_nfnetlink);
	assert_in_child(without_nf_tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_an_error_in_the_middle_leaves_the_old_state),
		world_test(test_circles_are_refused),
		world_test(test_rules_that_iptables_can_not_say),
		world_test(test_parents_that_no_packet_comes_to),
		world_test(test_a_map_that_jumps_to_us),
		world_test(test_a_stale_batch_does_nothing),
		world_test(test_another_program_changes_rules_meanwhile),
		world_test(test_twenty_thousand_rules_at_once),
		world_test(test_killed_at_any_moment),
		world_test(test_without_the_permission),
		world_test(test_a_kernel_without_nf_tables),
	};

	if (!world_is_possible())
		return 0;
	return cmocka_run_group_tests_name("nft_refused", tests, NULL, NULL);
}
