// SPDX-License-Identifier: GPL-2.0-only
/* The x_tables flavour against the kernel and iptables-legacy, each test in a namespace of its own. */
#include "tests/unit/backends/nft_world.h"

#include <signal.h>
#include <sys/wait.h>

#include "backends/iptables/legacy_table.h"
#include "compat/xtables_lock.h"

#define SAVE	     "(iptables-legacy-save; ip6tables-legacy-save) | grep -v '^#'"
#define SAVE_COUNTED "(iptables-legacy-save -c; ip6tables-legacy-save -c) | grep -v '^#'"

/* Commits to the kernel are counted, and fail or are the last thing done when told so. */
static unsigned int commits, fail_at, kill_at;

int __wrap_pg_xt_table_commit(struct pg_xt_table *table);
int __real_pg_xt_table_commit(struct pg_xt_table *table);

/* The lock is taken as always, or is somebody else's when told so. */
static bool is_busy;

int __wrap_pg_xtables_lock(unsigned int limit_ms, int *ret_fd);
int __real_pg_xtables_lock(unsigned int limit_ms, int *ret_fd);

int __wrap_pg_xtables_lock(unsigned int limit_ms, int *ret_fd)
{
	return is_busy ? -EBUSY : __real_pg_xtables_lock(limit_ms, ret_fd);
}

int __wrap_pg_xt_table_commit(struct pg_xt_table *table)
{
	int err, fd;

	assert_int_equal(__real_pg_xtables_lock(0, &fd), -EBUSY);
	if (++commits == fail_at)
		return -ENOMEM;
	err = __real_pg_xt_table_commit(table);
	if (commits == kill_at)
		raise(SIGKILL);
	return err;
}

static void need_legacy(void)
{
	int other = world_other();

	close(other);
	if (system("iptables-legacy -V >/dev/null 2>&1")) {
		print_message("needs iptables-legacy\n");
		skip();
	}
}

static int try_write(const struct pg_tree *v4, const struct pg_tree *v6)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_ipt_failure failure;
	int err = pg_ipt_legacy.write(v4, v6, &diags, &failure);

	pg_array_foreach(diag, &diags.list)
		print_message("%s\n", diag->text);
	assert_int_equal(diags.errors, err ? 1 : 0);
	return err;
}

static struct pg_tree read_tree(uint8_t family)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_tree tree = { 0 };

	assert_int_equal(pg_ipt_legacy.read(family, &diags, &tree), 0);
	assert_int_equal(diags.errors, 0);
	assert_int_equal(tree.family, family);
	return tree;
}

/* cmocka cuts long texts: shows the first lines that differ. */
static void assert_same_text(const char *got, const char *wanted)
{
	size_t same = 0, line = 0;

	for (; got[same] && got[same] == wanted[same]; same++)
		line = got[same] == '\n' ? same + 1 : line;
	if (got[same] == wanted[same])
		return;
	print_error("got    '%.*s'\nwanted '%.*s'\n", (int)strcspn(got + line, "\n"), got + line,
		    (int)strcspn(wanted + line, "\n"), wanted + line);
	fail();
}

static void assert_reads(const struct pg_tree *wanted)
{
	_cleanup_strbuf_ struct pg_strbuf wanted_text = { 0 }, live_text = { 0 };
	_cleanup_tree_ struct pg_tree live = read_tree(wanted->family);

	pg_tree_format(wanted, &wanted_text);
	pg_tree_format(&live, &live_text);
	assert_same_text(live_text.text, wanted_text.text);
}

static void load(int netns, const struct pg_tree *v4, const struct pg_tree *v6)
{
	_cleanup_strbuf_ struct pg_strbuf text4 = { 0 }, text6 = { 0 };

	pg_tree_format(v4, &text4);
	pg_tree_format(v6, &text6);
	world_feed_in(netns, "iptables-legacy-restore --noflush", text4.text);
	world_feed_in(netns, "ip6tables-legacy-restore --noflush", text6.text);
}

/* What write() makes is what iptables-restore makes of the same rules, and both read back the same. */
static void test_is_what_restore_makes(void **state)
{
	struct random random = { .state = 4711 };

	(void)state;
	need_legacy();
	for (int i = 0; i < 12; i++) {
		_cleanup_tree_ struct pg_tree v4 = random_tree(&random, 4, 6, 30);
		_cleanup_tree_ struct pg_tree v6 = random_tree(&random, 6, 6, 30);
		_cleanup_free_ char *here = NULL, *there = NULL;
		_cleanup_close_ int other = world_other();

		assert_int_equal(try_write(&v4, &v6), 0);
		assert_reads(&v4);
		assert_reads(&v6);
		load(other, &v4, &v6);
		here = world_run("%s", SAVE);
		there = world_run_in(other, SAVE);
		assert_same_text(here, there);
	}
}

/* What restore made reads as what write() would have made: bytes that no text shows are the same. */
static void test_reads_what_restore_makes(void **state)
{
	struct random random = { .state = 815 };

	(void)state;
	need_legacy();
	for (int i = 0; i < 6; i++) {
		_cleanup_tree_ struct pg_tree v4 = random_tree(&random, 4, 4, 40);
		_cleanup_tree_ struct pg_tree v6 = random_tree(&random, 6, 4, 40);
		_cleanup_strbuf_ struct pg_strbuf text4 = { 0 }, text6 = { 0 };

		pg_tree_format(&v4, &text4);
		pg_tree_format(&v6, &text6);
		world_feed("iptables-legacy-restore", text4.text);
		world_feed("ip6tables-legacy-restore", text6.text);
		assert_reads(&v4);
		assert_reads(&v6);
	}
}

static struct pg_tree numbered_tree(uint8_t family, unsigned int first, unsigned int count)
{
	struct pg_tree tree = { .family = family };
	struct pg_tree_chain *chain = pg_tree_add_chain(&tree, "POLGEN");

	assert_non_null(chain);
	for (unsigned int i = 0; i < count; i++)
		add_numbered(chain, first + i);
	assert_int_equal(pg_tree_add_hook(&tree, "FORWARD", "POLGEN", 0), 0);
	return tree;
}

#define FOREIGN                                                                                  \
	"*nat\n:X - [0:0]\n-A POSTROUTING -j X\nCOMMIT\n"                                        \
	"*filter\n:FORWARD DROP [7:70]\n:POLGENX - [0:0]\n:DOCKER-USER - [0:0]\n"                \
	"[3:30] -A FORWARD -j DOCKER-USER\n"                                                     \
	"[5:50] -A FORWARD -s 10.1.0.0/16 -m limit --limit 3/hour -j LOG --log-prefix \"a b\"\n" \
	"[1:10] -A POLGENX -p tcp -m multiport --dports 1,2,3 -j REJECT\n"                       \
	"[2:20] -A DOCKER-USER -j RETURN\nCOMMIT\n"

/* Foreign rules keep their bytes and counters, and clearing leaves what was there before. */
static void test_foreign_rules_stay(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(4, 1, 5), v6 = numbered_tree(6, 1, 5);
	_cleanup_free_ char *before = NULL, *after = NULL, *with = NULL;
	_cleanup_diags_ struct pg_diags diags = { 0 };

	(void)state;
	need_legacy();
	world_feed("iptables-legacy-restore -c", FOREIGN);
	free(world_run("ip6tables-legacy -A FORWARD -j ACCEPT"));
	before = world_run(SAVE_COUNTED);
	assert_int_equal(try_write(&v4, &v6), 0);
	with = world_run(SAVE_COUNTED " | grep -v 'POLGEN '");
	assert_non_null(strstr(with, "[5:50] -A FORWARD -s 10.1.0.0/16"));
	assert_int_equal(pg_ipt_legacy.remove(&diags), 0);
	after = world_run(SAVE_COUNTED);
	assert_same_text(after, before);
}

/* Looking, and removing nothing, doesn't make a table come to be. */
static void test_looking_changes_nothing(void **state)
{
	_cleanup_tree_ struct pg_tree none4 = { .family = 4 }, none6 = { .family = 6 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_tree_ struct pg_tree tree = { 0 };
	_cleanup_free_ char *tables = NULL;
	struct pg_ipt_probe probe;

	(void)state;
	need_legacy();
	assert_int_equal(pg_ipt_legacy.probe(4, "FORWARD", &diags, &probe), 0);
	assert_true(probe.parent);
	assert_false(probe.docker_user || probe.ours || probe.forward_rules);
	assert_int_equal(pg_ipt_legacy.probe(4, "X", &diags, &probe), 0);
	assert_false(probe.parent);
	tree = read_tree(6);
	assert_true(pg_tree_is_empty(&tree));
	assert_int_equal(pg_ipt_legacy.remove(&diags), 0);
	assert_int_equal(try_write(&none4, &none6), 0);
	tables = world_run("cat /proc/net/ip_tables_names /proc/net/ip6_tables_names");
	assert_string_equal(tables, "");
}

static void test_probe_sees_the_host(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(4, 1, 1), v6 = { .family = 6 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_ipt_probe probe;

	(void)state;
	need_legacy();
	world_feed("iptables-legacy-restore -c", FOREIGN);
	assert_int_equal(pg_ipt_legacy.probe(4, "POLGENX", &diags, &probe), 0);
	assert_true(probe.docker_user && probe.docker_called && probe.parent);
	assert_false(probe.ours);
	assert_int_equal(probe.forward_rules, 2);
	assert_int_equal(try_write(&v4, &v6), 0);
	assert_int_equal(pg_ipt_legacy.probe(4, NULL, &diags, &probe), 0);
	assert_true(probe.ours);
	assert_int_equal(probe.forward_rules, 2);
	free(world_run("iptables-legacy -D FORWARD -j DOCKER-USER"));
	assert_int_equal(pg_ipt_legacy.probe(4, NULL, &diags, &probe), 0);
	assert_true(probe.docker_user && !probe.docker_called);
}

/* Counters of rules that stay, wherever in the chain, survive; new rules begin at 0. */
static void test_counters_stay_with_their_rules(void **state)
{
	_cleanup_tree_ struct pg_tree old4 = numbered_tree(4, 1, 3), v6 = { .family = 6 };
	_cleanup_tree_ struct pg_tree new4 = numbered_tree(4, 0, 5);
	_cleanup_free_ char *save = NULL;

	(void)state;
	need_legacy();
	assert_int_equal(try_write(&old4, &v6), 0);
	free(world_run("iptables-legacy-save | sed '/rule[0-9]/s/^/[11:22] /; "
		       "/rule3/s/11:22/33:44/; /^-A FORWARD/s/^/[55:66] /' | "
		       "iptables-legacy-restore -c"));
	assert_int_equal(try_write(&new4, &v6), 0);
	save = world_run("iptables-legacy-save -c | grep '^\\[' | cut -d' ' -f1,3 | tr '\\n' ' '");
	assert_string_equal(save, "[55:66] FORWARD [0:0] POLGEN [11:22] POLGEN [11:22] POLGEN "
				  "[33:44] POLGEN [0:0] POLGEN ");
}

/* A hook that lost the first place, one too many, and one where none belongs are put right. */
static void test_hooks_are_put_right(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(4, 1, 1), v6 = { .family = 6 };
	_cleanup_tree_ struct pg_tree live = { 0 };
	_cleanup_free_ char *save = NULL;

	(void)state;
	need_legacy();
	assert_int_equal(try_write(&v4, &v6), 0);
	free(world_run("iptables-legacy -I FORWARD -j ACCEPT && iptables-legacy -N OWN && "
		       "iptables-legacy -A OWN -p tcp -g POLGEN && "
		       "iptables-legacy -A FORWARD -j POLGEN"));
	live = read_tree(4);
	assert_int_equal(live.hooks.count, 3);
	assert_int_equal(live.hooks.items[0].position, 2);
	assert_int_equal(live.hooks.items[1].position, 3);
	assert_string_equal(live.hooks.items[2].parent, "OWN");
	assert_false(live.hooks.items[0].conditional || live.hooks.items[1].conditional);
	assert_true(live.hooks.items[2].conditional);
	assert_int_equal(try_write(&v4, &v6), 0);
	save = world_run("iptables-legacy-save | grep -e '-A FORWARD' -e '-A OWN' | tr '\\n' ';'");
	assert_string_equal(save, "-A FORWARD -j POLGEN;-A FORWARD -j ACCEPT;");
}

static void test_rules_of_others_in_our_chains_go(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(4, 1, 1), v6 = { .family = 6 };
	_cleanup_tree_ struct pg_tree live = { 0 };

	(void)state;
	need_legacy();
	assert_int_equal(try_write(&v4, &v6), 0);
	free(world_run("iptables-legacy -A POLGEN -i eth0 -j DROP; "
		       "iptables-legacy -A POLGEN -m mark --mark 1; "
		       "iptables-legacy -A POLGEN -j REJECT; iptables-legacy -N POLGEN-OLD; "
		       "iptables-legacy -A POLGEN -p tcp --sport 3 -j POLGEN-OLD"));
	live = read_tree(4);
	assert_int_equal(live.chains.count, 2);
	assert_null(live.chains.items[0].rules.items[0].foreign);
	for (size_t i = 1; i < 5; i++)
		assert_non_null(live.chains.items[0].rules.items[i].foreign);
	assert_int_equal(try_write(&v4, &v6), 0);
	assert_reads(&v4);
}

/* IPv4 fails after IPv6 was changed: a parent that isn't there. All is as it was. */
static void test_an_error_leaves_everything(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(4, 1, 3), v6 = numbered_tree(6, 1, 3);
	_cleanup_tree_ struct pg_tree new4 = numbered_tree(4, 5, 3), new6 = numbered_tree(6, 2, 9);
	_cleanup_free_ char *before = NULL, *after = NULL;

	(void)state;
	need_legacy();
	assert_int_equal(try_write(&v4, &v6), 0);
	before = world_run(SAVE_COUNTED);
	assert_int_equal(pg_tree_add_hook(&new4, "NOWHERE", "POLGEN", 0), 0);
	assert_int_equal(try_write(&new4, &new6), -ENOENT);
	after = world_run(SAVE_COUNTED);
	assert_same_text(after, before);
	/* The same without the mistake passes. */
	new4.hooks.count = 1;
	assert_int_equal(try_write(&new4, &new6), 0);
	assert_reads(&new4);
	assert_reads(&new6);
}

/* A policy that closes IPv6 for one endpoint and opens it for another takes the most steps. */
struct change {
	struct pg_tree old4, old6, new4, new6;
};

static void change_done(struct change *change)
{
	pg_tree_done(&change->old4);
	pg_tree_done(&change->old6);
	pg_tree_done(&change->new4);
	pg_tree_done(&change->new6);
}

static struct change make_change(void)
{
	return (struct change){
		.old4 = numbered_tree(4, 1, 3),
		.old6 = numbered_tree(6, 1, 3),
		.new4 = numbered_tree(4, 11, 3),
		.new6 = numbered_tree(6, 2, 3),
	};
}

/* Each commit that fails, one after the other: all is as it was, whatever was done before. */
static void test_each_failing_commit_leaves_everything(void **state)
{
	PG_CLEANUP(change_done) struct change change = make_change();
	unsigned int failures = 0;
	int err;

	(void)state;
	need_legacy();
	assert_int_equal(try_write(&change.old4, &change.old6), 0);
	do {
		_cleanup_free_ char *before = world_run(SAVE_COUNTED), *after = NULL;

		fail_at = commits + failures + 1;
		err = try_write(&change.new4, &change.new6);
		fail_at = 0;
		after = world_run(SAVE_COUNTED);
		if (err) {
			failures++;
			assert_same_text(after, before);
		}
	} while (err);
	assert_int_equal(failures, 3);
	assert_reads(&change.new4);
	assert_reads(&change.new6);
}

static void test_a_lock_that_is_never_free(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(4, 1, 3), v6 = { .family = 6 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_tree_ struct pg_tree live = { 0 };
	struct pg_ipt_failure failure;

	(void)state;
	need_legacy();
	is_busy = true;
	assert_int_equal(pg_ipt_legacy.write(&v4, &v6, &diags, &failure), -EBUSY);
	is_busy = false;
	assert_int_equal(diags.errors, 1);
	assert_non_null(strstr(diags.list.items[0].text, "another program has held '"));
	assert_non_null(strstr(diags.list.items[0].text, "' for 60 seconds"));
	live = read_tree(4);
	assert_true(pg_tree_is_empty(&live));
	assert_int_equal(try_write(&v4, &v6), 0);
}

static bool drops(const struct pg_tree *tree, const struct pg_tree_rule *wanted)
{
	pg_array_foreach(hook, &tree->hooks) {
		const struct pg_tree_chain *chain = pg_tree_find_chain(tree, hook->chain);

		pg_array_foreach(rule, &chain->rules) {
			if (!pg_tree_compare_rules(rule, wanted))
				return true;
		}
	}
	return false;
}

static void assert_drops_all(const struct pg_tree *live, const struct pg_tree *tree)
{
	pg_array_foreach(chain, &tree->chains) {
		pg_array_foreach(rule, &chain->rules)
			assert_true(drops(live, rule));
	}
}

/* Writes until the commit of that number is done. */
static void run_killed(const struct pg_tree *v4, const struct pg_tree *v6, unsigned int commit)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		kill_at = commits + commit;
		try_write(v4, v6);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* What a killed process left may be changed by another one that is killed in its turn. */
static void kill_again(const struct change *change, const struct pg_tree *left)
{
	_cleanup_tree_ struct pg_tree another6 = numbered_tree(6, 21, 3), live6 = { 0 };

	run_killed(&change->old4, &another6, 1);
	live6 = read_tree(6);
	assert_drops_all(&live6, &another6);
	assert_drops_all(&live6, left);
}

/*
 * Killed right after a commit: IPv4 is old or new as a whole, and IPv6 drops what the policy drops
 * that IPv4 has. What follows makes it whole.
 */
static void kill_after(const struct change *change, unsigned int commit)
{
	_cleanup_tree_ struct pg_tree live4 = { 0 }, live6 = { 0 };
	bool is_new;

	assert_int_equal(try_write(&change->old4, &change->old6), 0);
	run_killed(&change->new4, &change->new6, commit);
	live4 = read_tree(4);
	live6 = read_tree(6);
	is_new = drops(&live4, &change->new4.chains.items[0].rules.items[0]);
	assert_reads(is_new ? &change->new4 : &change->old4);
	assert_drops_all(&live6, is_new ? &change->new6 : &change->old6);
	kill_again(change, &live6);
	assert_int_equal(try_write(&change->new4, &change->new6), 0);
	assert_reads(&change->new4);
	assert_reads(&change->new6);
}

static void test_killed_at_any_commit_nothing_opens(void **state)
{
	PG_CLEANUP(change_done) struct change change = make_change();

	(void)state;
	need_legacy();
	for (unsigned int commit = 1; commit <= 3; commit++)
		kill_after(&change, commit);
}

/* Enough rules for anything quadratic to show, were it to take part in the tests. */
static void test_many_rules(void **state)
{
	_cleanup_tree_ struct pg_tree v4 = numbered_tree(4, 1, 20000), v6 = { .family = 6 };

	(void)state;
	need_legacy();
	assert_int_equal(try_write(&v4, &v6), 0);
	assert_int_equal(try_write(&v4, &v6), 0);
	assert_reads(&v4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_is_what_restore_makes),
		world_test(test_reads_what_restore_makes),
		world_test(test_foreign_rules_stay),
		world_test(test_looking_changes_nothing),
		world_test(test_probe_sees_the_host),
		world_test(test_counters_stay_with_their_rules),
		world_test(test_hooks_are_put_right),
		world_test(test_rules_of_others_in_our_chains_go),
		world_test(test_an_error_leaves_everything),
		world_test(test_each_failing_commit_leaves_everything),
		world_test(test_a_lock_that_is_never_free),
		world_test(test_killed_at_any_commit_nothing_opens),
		world_test(test_many_rules),
	};

	return cmocka_run_group_tests_name("legacy", tests, NULL, NULL);
}
