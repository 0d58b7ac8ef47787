// SPDX-License-Identifier: GPL-2.0-only
/* The nftables backend with the kernel: it holds just what was planned, whatever was there before. */
#include "tests/unit/backends/intent.h"
#include "tests/unit/backends/nft_world.h"

#include "backends/nftables/kernel.h"
#include "backends/nftables/layout.h"
#include "backends/nftables/text.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <signal.h>
#include <sys/wait.h>

#define backend pg_backend_nftables

#define SEED	421
#define COMMITS 40

static void show(const struct pg_diags *diags)
{
	pg_array_foreach(diag, &diags->list)
		print_message("%s\n", diag->text);
}

static struct pg_backend_handle *open_backend(bool kernel)
{
	static const struct pg_backend_options options;
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_handle *handle = NULL;

	assert_int_equal(backend.open(&options, kernel, &diags, &handle), 0);
	return handle;
}

static void close_handle(struct pg_backend_handle **handle)
{
	backend.close(*handle);
}
#define _cleanup_handle_ PG_CLEANUP(close_handle)

static struct pg_objects plan(const struct pg_intent *intent)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_objects objects = { 0 };

	assert_int_equal(pg_nftables_plan(intent, &diags, &objects), 0);
	assert_int_equal(diags.list.count, 0);
	return objects;
}

static size_t count_changes(struct pg_backend_handle *handle, const struct pg_intent *intent)
{
	_cleanup_objects_ struct pg_objects desired = plan(intent), live = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };

	assert_int_equal(backend.live(handle, &diags, &live), 0);
	assert_int_equal(pg_diff_make(&desired, &live, &diff), 0);
	return diff.changes.count;
}

static void show_change(const struct pg_objects *desired, const struct pg_objects *live,
			const struct pg_change *change)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	pg_strbuf_puts(&text, "- ");
	if (change->live)
		pg_nftables_format(live, change->live, &text);
	pg_strbuf_puts(&text, "\n+ ");
	if (change->desired)
		pg_nftables_format(desired, change->desired, &text);
	print_message("%s\n", text.text);
}

static void assert_held(struct pg_backend_handle *handle, const struct pg_intent *intent)
{
	_cleanup_objects_ struct pg_objects desired = plan(intent), live = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };

	assert_int_equal(backend.live(handle, &diags, &live), 0);
	assert_int_equal(pg_diff_make(&desired, &live, &diff), 0);
	pg_array_foreach(change, &diff.changes)
		show_change(&desired, &live, change);
	assert_int_equal(diff.changes.count, 0);
}

static int try_apply(struct pg_backend_handle *handle, const struct pg_intent *intent,
		     struct pg_diags *diags)
{
	_cleanup_objects_ struct pg_objects desired = plan(intent), live = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };

	assert_int_equal(backend.live(handle, diags, &live), 0);
	assert_int_equal(pg_diff_make(&desired, &live, &diff), 0);
	return backend.commit(handle, intent, &desired, &diff, diags);
}

static void apply(struct pg_backend_handle *handle, const struct pg_intent *intent)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	int err = try_apply(handle, intent, &diags);

	show(&diags);
	assert_int_equal(err, 0);
	assert_int_equal(diags.list.count, 0);
	assert_held(handle, intent);
}

static void clear(struct pg_backend_handle *handle)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(backend.clear(handle, &diags), 0);
	assert_int_equal(diags.list.count, 0);
}

/* Each from the one before, and every few from nothing. */
static void test_kernel_holds_the_plan(void **state)
{
	_cleanup_handle_ struct pg_backend_handle *handle = open_backend(true);

	(void)state;
	for (uint64_t seed = SEED; seed < SEED + COMMITS; seed++) {
		struct universe universe = { 0 };
		struct pg_intent intent;

		intent_world(&universe, seed);
		intent = intent_of(&universe);
		intent.host_policy = seed % 3 ? PG_HOST_POLICY_ENFORCE : PG_HOST_POLICY_ALLOW;
		intent.digest[0] = (uint8_t)seed;
		apply(handle, &intent);
		if (!(seed % 8))
			clear(handle);
		universe_done(&universe);
	}
	clear(handle);
}

/* What nft makes of our text, it shows as it shows our own tables. */
static void test_nft_reads_our_text(void **state)
{
	_cleanup_handle_ struct pg_backend_handle *handle = open_backend(true);

	(void)state;
	for (uint64_t seed = SEED; seed < SEED + 6; seed++) {
		_cleanup_strbuf_ struct pg_strbuf text = { 0 };
		struct universe universe = { 0 };
		_cleanup_close_ int other = world_other();
		struct pg_intent intent;
		struct pg_objects objects;

		intent_world(&universe, seed);
		intent = intent_of(&universe);
		objects = plan(&intent);
		apply(handle, &intent);
		assert_int_equal(backend.render(handle, &objects, PG_RENDER_NATIVE, &text), 0);
		world_feed_in(other, "nft -f -", text.text);
		/* Elements of hash tables come in any order. */
		world_same(other,
			   "nft list ruleset | tr -d ',' | sed 's/elements = {//; s/ }$//' | "
			   "sed 's/^[\t ]*//' | sort");
		clear(handle);
		pg_objects_done(&objects);
		universe_done(&universe);
	}
}

static void make_world(struct universe *universe)
{
	intent_world(universe, SEED + 1);
}

static bool is_enforcing(struct pg_backend_handle *handle)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_status status;

	assert_int_equal(backend.status(handle, &diags, &status), 0);
	return status.enforcing;
}

/* Whatever is done to our tables by hand is seen, and put right; other tables are nobody's business. */
static void test_repairs(void **state)
{
	static const struct {
		const char *command;
		bool enforcing; /* afterwards, for all that status sees */
	} damages[] = {
		{ "delete table inet polgen", false },
		{ "delete table bridge polgen-guard", false },
		{ "flush table inet polgen", false },
		{ "flush chain inet polgen forward", true },
		{ "insert rule inet polgen forward accept", true },
		{ "flush map inet polgen subjects4", true },
		{ "flush map inet polgen cidrs4", true },
		{ "add chain inet polgen mine { type filter hook forward priority -20; }", true },
		{ "add rule inet polgen ports ip saddr 1.2.3.4 log", true },
		{ "add set inet polgen mine { type ether_addr; }", false },
		{ "add map inet polgen mine { type ipv4_addr : mark; flags timeout; }", false },
		{ "add set inet polgen mine { type ifname . ifname . ifname; "
		  "elements = { \"a\" . \"b\" . \"c\" }; }",
		  false },
		{ "add counter inet polgen mine", false },
		{ "add element inet polgen peers4 { 1.2.3.4 : 7 }", true },
		{ "add element bridge polgen-guard endpoints { \"veth999\" }", true },
		{ "add table inet polgen { flags dormant; }", false },
		{ "chain inet polgen forward { policy drop; }", true },
	};
	_cleanup_handle_ struct pg_backend_handle *handle = open_backend(true);
	_cleanup_free_ char *before = NULL, *after = NULL;
	struct universe universe = { 0 };
	struct pg_intent intent;

	(void)state;
	make_world(&universe);
	intent = intent_of(&universe);
	free(world_run("nft 'table inet other { set s { type mark; elements = { 1 } }; "
		       "chain forward { type filter hook forward priority 0; counter; }; }'"));
	before = world_run("nft -s list table inet other");
	apply(handle, &intent);
	for (size_t i = 0; i < PG_COUNT(damages); i++) {
		free(world_run("nft '%s'", damages[i].command));
		assert_true(count_changes(handle, &intent) > 0);
		assert_int_equal(is_enforcing(handle), damages[i].enforcing);
		apply(handle, &intent);
		assert_true(is_enforcing(handle));
	}
	clear(handle);
	assert_false(is_enforcing(handle));
	after = world_run("nft -s list ruleset");
	assert_string_equal(after, before);
	clear(handle);
	universe_done(&universe);
}

/* Rules of others in our tables are as long as the kernel lets them be. */
static void test_long_rule_is_taken_away(void **state)
{
	_cleanup_handle_ struct pg_backend_handle *handle = open_backend(true);
	struct universe universe = { 0 };
	struct pg_intent intent;

	(void)state;
	make_world(&universe);
	intent = intent_of(&universe);
	apply(handle, &intent);
	free(world_run("name=$(printf a%%.0s $(seq 250)); "
		       "nft add set inet polgen $name '{ type ipv4_addr; }' && "
		       "nft insert rule inet polgen forward "
		       "$(for i in $(seq 40); do echo ip saddr @$name; done) accept"));
	assert_true(count_changes(handle, &intent) > 1);
	apply(handle, &intent);
	clear(handle);
	universe_done(&universe);
}

/* Another program's change between looking and writing makes us look again. */
static void test_others_change_tables_meanwhile(void **state)
{
	_cleanup_handle_ struct pg_backend_handle *handle = open_backend(true);
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };
	struct universe universe = { 0 };
	struct pg_intent intent;

	(void)state;
	make_world(&universe);
	intent = intent_of(&universe);
	desired = plan(&intent);
	assert_int_equal(backend.live(handle, &diags, &live), 0);
	assert_int_equal(pg_diff_make(&desired, &live, &diff), 0);
	free(world_run("nft add table inet other"));
	assert_int_equal(backend.commit(handle, &intent, &desired, &diff, &diags), 0);
	assert_int_equal(diags.list.count, 0);
	assert_held(handle, &intent);
	clear(handle);
	universe_done(&universe);
}

/* A refused element is named, with its rule, and the old tables stand. */
static void test_refusal_changes_nothing(void **state)
{
	_cleanup_handle_ struct pg_backend_handle *handle = open_backend(true);
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };
	struct pg_nftables_value bad = { .kind = PG_TYPE_VERDICT, .code = NFT_JUMP, .chain = "no" };
	struct pg_origin origin = { .rule = 3 };
	struct universe first = { 0 }, second = { 0 };
	struct pg_intent intent, next;

	(void)state;
	make_world(&first);
	intent_world(&second, SEED + 2);
	intent = intent_of(&first);
	next = intent_of(&second);
	apply(handle, &intent);
	desired = plan(&next);
	for (uint32_t id = 1; id < 100; id++) {
		struct pg_nftables_value good = { .kind = PG_TYPE_VERDICT, .code = NFT_RETURN };
		struct pg_nftables_key key = { 0 };

		pg_nftables_key_add_id(&key, (pg_identity){ id });
		assert_int_equal(pg_nftables_add_element(&desired, NFPROTO_INET, "egress-subjects",
							 &key, id == 60 ? &bad : &good, origin),
				 0);
	}
	assert_int_equal(pg_objects_sort(&desired), 0);
	assert_int_equal(backend.live(handle, &diags, &live), 0);
	assert_int_equal(pg_diff_make(&desired, &live, &diff), 0);
	assert_int_equal(backend.commit(handle, &next, &desired, &diff, &diags), -ENOENT);
	assert_int_equal(diags.list.count, 1);
	assert_string_equal(diags.list.items[0].text,
			    "nf_tables refuses 'add element inet polgen egress-subjects { 0:3c : "
			    "jump no }': no such file or directory");
	assert_int_equal(diags.list.items[0].loc.source, 3);
	assert_held(handle, &intent);
	clear(handle);
	universe_done(&first);
	universe_done(&second);
}

/* What isn't changed counts on. */
static void test_counters_stay(void **state)
{
	_cleanup_handle_ struct pg_backend_handle *handle = open_backend(true);
	_cleanup_counters_ struct pg_counters counters = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct universe universe = { 0 };
	struct pg_intent intent;
	uint64_t packets = 0;

	(void)state;
	make_world(&universe);
	intent = intent_of(&universe);
	apply(handle, &intent);
	/* Nobody listens: the refusal is an answer. */
	free(world_run("ip link set lo up; for i in 1 2 3; do "
		       "bash -c 'exec 3<>/dev/tcp/127.0.0.1/9' 2>/dev/null; done; true"));
	intent.digest[0]++;
	apply(handle, &intent);
	assert_int_equal(backend.counters(handle, &diags, &counters), 0);
	pg_array_foreach(counter, &counters.list) {
		if (!strcmp(counter->rule, PG_COUNT_ESTABLISHED))
			packets += counter->packets;
	}
	assert_true(packets >= 3);
	clear(handle);
	universe_done(&universe);
}

/* Killed at any moment, all of it is there or nothing. */
static void test_killed(void **state)
{
	_cleanup_handle_ struct pg_backend_handle *handle = open_backend(true);
	struct universe first = { 0 }, second = { 0 };
	struct pg_intent intent, next;
	size_t before = 0, after = 0;

	(void)state;
	make_world(&first);
	intent_world(&second, SEED + 2);
	intent = intent_of(&first);
	next = intent_of(&second);
	for (useconds_t delay = 0; delay < 20000; delay += 500) {
		_cleanup_objects_ struct pg_objects desired = plan(&next), live = { 0 };
		_cleanup_diags_ struct pg_diags diags = { 0 };
		_cleanup_diff_ struct pg_diff diff = { 0 };
		pid_t child;

		apply(handle, &intent);
		assert_int_equal(backend.live(handle, &diags, &live), 0);
		assert_int_equal(pg_diff_make(&desired, &live, &diff), 0);
		child = fork();
		if (!child)
			_exit(!!backend.commit(handle, &next, &desired, &diff, &diags));
		usleep(delay);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		if (!count_changes(handle, &intent))
			before++;
		else if (!count_changes(handle, &next))
			after++;
		else
			fail_msg("killed after %u us: neither policy is whole", delay);
	}
	print_message("killed: %zu times before, %zu times after\n", before, after);
	clear(handle);
	universe_done(&first);
	universe_done(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_kernel_holds_the_plan),
		world_test(test_nft_reads_our_text),
		world_test(test_repairs),
		world_test(test_long_rule_is_taken_away),
		world_test(test_others_change_tables_meanwhile),
		world_test(test_refusal_changes_nothing),
		world_test(test_counters_stay),
		world_test(test_killed),
	};

	return world_is_possible() ? cmocka_run_group_tests_name("nftables", tests, NULL, NULL) : 0;
}
