// SPDX-License-Identifier: GPL-2.0-only
/* The iptables backend through its seam, with the kernel and both flavours of iptables behind it. */
#include "tests/unit/backends/intent.h"
#include "tests/unit/backends/nft_world.h"

#include "compat/rtnl.h"

#define backend pg_backend_iptables

#define SAVE(flavour) "(iptables-" flavour "-save; ip6tables-" flavour "-save) 2>/dev/null"
/* What a host has: chain definitions and rules, without times and empty tables. */
#define RULES(flavour) SAVE(flavour) " | sed -n '/^:.*ACCEPT/d; /^[-:]/p'"
#define EVERYTHING     RULES("legacy") "; " RULES("nft") "; ipset save | sed 's/ initval.*//'"

/* A kernel without ipset. */
static bool lacks_sets;

int __real_pg_ipset_has_type(const char *type);
int __wrap_pg_ipset_has_type(const char *type);

int __wrap_pg_ipset_has_type(const char *type)
{
	return lacks_sets ? 0 : __real_pg_ipset_has_type(type);
}

static void need_world(void)
{
	int other = world_other();

	close(other);
	if (system("iptables-legacy -V >/dev/null 2>&1")) {
		print_message("needs iptables-legacy\n");
		skip();
	}
}

static void show(const struct pg_diags *diags)
{
	pg_array_foreach(diag, &diags->list)
		print_message("%s\n", diag->text);
}

static struct pg_backend_handle *open_with(const struct pg_backend_options *options)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_handle *handle = NULL;
	int err = backend.open(options, true, &diags, &handle);

	show(&diags);
	assert_int_equal(err, 0);
	return handle;
}

static struct pg_backend_handle *open_flavour(const char *flavour)
{
	return open_with(&(struct pg_backend_options){ .flavour = flavour });
}

static void close_handle(struct pg_backend_handle **handle)
{
	backend.close(*handle);
}
#define _cleanup_handle_ PG_CLEANUP(close_handle)

static const char *value_of(const struct pg_object *object)
{
	static char text[512];

	snprintf(text, sizeof(text), "%.*s", object ? (int)object->value_length : 0,
		 object ? (const char *)object->value : "");
	return text;
}

static void show_change(const struct pg_change *change)
{
	print_message("  - %s\n", value_of(change->live));
	print_message("  + %s\n", value_of(change->desired));
}

/* plan, live, diff; yields how many changes there are, and shows those that are not wanted. */
static size_t count_changes(struct pg_backend_handle *handle, const struct pg_intent *intent,
			    bool wanted)
{
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };

	assert_int_equal(backend.plan(handle, intent, &diags, &desired), 0);
	assert_int_equal(backend.live(handle, &diags, &live), 0);
	assert_int_equal(pg_diff_make(&desired, &live, &diff), 0);
	assert_int_equal(diags.list.count, 0);
	pg_array_foreach(change, &diff.changes) {
		if (!wanted)
			show_change(change);
	}
	return diff.changes.count;
}

static void apply(struct pg_backend_handle *handle, const struct pg_intent *intent)
{
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };

	assert_int_equal(backend.plan(handle, intent, &diags, &desired), 0);
	assert_int_equal(backend.live(handle, &diags, &live), 0);
	assert_int_equal(pg_diff_make(&desired, &live, &diff), 0);
	assert_int_equal(backend.commit(handle, intent, &desired, &diff, &diags), 0);
	show(&diags);
	assert_int_equal(diags.list.count, 0);
	assert_int_equal(count_changes(handle, intent, false), 0);
}

static void clear(struct pg_backend_handle *handle)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(backend.clear(handle, &diags), 0);
	assert_int_equal(diags.list.count, 0);
}

static struct pg_backend_status status_of(struct pg_backend_handle *handle)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_status status;

	assert_int_equal(backend.status(handle, &diags, &status), 0);
	return status;
}

static char *render(struct pg_backend_handle *handle, const struct pg_intent *intent,
		    enum pg_render_form form)
{
	_cleanup_objects_ struct pg_objects desired = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };

	assert_int_equal(backend.plan(handle, intent, &diags, &desired), 0);
	assert_int_equal(backend.render(handle, &desired, form, &text), 0);
	return pg_strbuf_take(&text);
}

#define LAYOUT "set" /* where nothing else is asked for */

static void assert_enforces(struct pg_backend_handle *handle, const char *flavour,
			    const char *attached)
{
	struct pg_backend_status status = status_of(handle);

	assert_true(status.enforcing);
	assert_string_equal(status.flavour, flavour);
	assert_string_equal(status.layout, LAYOUT);
	assert_string_equal(status.attached, attached);
}

/*
 * What is rendered and loaded by iptables-restore is what apply installs; a second plan has nothing to
 * do in either case; and clearing leaves what was there before.
 */
static void check_round_trip(const char *flavour, const char *layout,
			     const struct pg_intent *intent)
{
	const struct pg_backend_options options = { .flavour = flavour, .layout = layout };
	_cleanup_handle_ struct pg_backend_handle *handle = open_with(&options);
	_cleanup_free_ char *text = render(handle, intent, PG_RENDER_NATIVE);
	_cleanup_free_ char *before = NULL, *after = NULL, *applied = NULL, *restored = NULL;
	const char *save = !strcmp(flavour, "nft") ? RULES("nft") : RULES("legacy");
	char command[128];

	before = world_run("%s", EVERYTHING);
	apply(handle, intent);
	applied = world_run("%s", save);
	assert_non_null(strstr(applied, "POLGEN-META"));
	assert_string_equal(status_of(handle).layout, layout);
	clear(handle);
	assert_false(status_of(handle).enforcing);
	after = world_run("%s", EVERYTHING);
	assert_string_equal(after, before);

	world_feed("sed -n 's/^#s //p' | ipset restore", text);
	snprintf(command, sizeof(command), "iptables-%s-restore --noflush", flavour);
	world_feed(command, text);
	snprintf(command, sizeof(command), "sed -n 's/^#6 //p' | ip6tables-%s-restore --noflush",
		 flavour);
	world_feed(command, text);
	world_feed("sed -n 's/^#bridge //p' | nft -f -", text);
	restored = world_run("%s", save);
	assert_string_equal(restored, applied);
	assert_int_equal(count_changes(handle, intent, false), 0);
	clear(handle);
}

static void check_flavour(const char *flavour, uint64_t seed, unsigned int count)
{
	static const char *const layouts[] = { "linear", "tree", "set" };

	need_world();
	for (unsigned int i = 0; i < count; i++) {
		PG_CLEANUP(universe_done) struct universe universe;
		struct pg_intent intent;

		intent_world(&universe, seed + i);
		intent = intent_of(&universe);
		for (size_t j = 0; j < PG_COUNT(layouts); j++)
			check_round_trip(flavour, layouts[j], &intent);
	}
}

static void test_rendered_is_applied_legacy(void **state)
{
	(void)state;
	check_flavour("legacy", 100, 8);
}

static void test_rendered_is_applied_nft(void **state)
{
	(void)state;
	check_flavour("nft", 200, 8);
}

/* Two endpoints, of which one has an IPv6 address and both are closed. */
static void make_intent(struct universe *universe, struct pg_intent *intent)
{
	struct pg_entry *entry;
	struct pg_rule *rule;

	*universe = (struct universe){ 0 };
	build_endpoint(&universe->endpoints, "a", "10.0.0.2", "k8s:app=one");
	build_endpoint(&universe->endpoints, "b", "10.0.0.3", "k8s:app=two");
	universe->endpoints.list.items[0].ipv6 = build_addr("fd00::2");
	universe->endpoints.list.items[0].interface = strdup("veth1");
	universe->endpoints.list.items[1].interface = strdup("veth2");
	rule = build_rule(&universe->policy, "app=one", true);
	entry = build_entry(rule, PG_INGRESS);
	build_peer(entry, "app=two");
	build_ports(entry, PG_PROTO_TCP, 80, 80);
	build_rule(&universe->policy, "app=two", true)->default_deny[PG_INGRESS] = false;
	intent_resolve(universe);
	*intent = intent_of(universe);
	for (size_t i = 0; i < sizeof(intent->digest); i++)
		intent->digest[i] = (uint8_t)(255 - i);
}

/* The flavour that is chosen, its parent chain, and whether there was a warning. */
static void assert_chooses(const char *flavour, const char *attached, size_t warnings)
{
	_cleanup_handle_ struct pg_backend_handle *handle = NULL;
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_options options = { 0 };
	struct pg_intent intent;

	assert_int_equal(backend.open(&options, true, &diags, &handle), 0);
	assert_int_equal(diags.warnings, warnings);
	make_intent(&universe, &intent);
	apply(handle, &intent);
	assert_enforces(handle, flavour, attached);
	clear(handle);
}

static void test_the_hosts_flavour_is_chosen(void **state)
{
	(void)state;
	need_world();
	free(world_run("iptables-legacy -A FORWARD -j ACCEPT"));
	assert_chooses("legacy", "FORWARD", 0);
	/* Docker's chain says more than any rule. */
	free(world_run("iptables-nft -N DOCKER-USER 2>/dev/null; "
		       "iptables-nft -A FORWARD -j DOCKER-USER 2>/dev/null"));
	assert_chooses("nft", "DOCKER-USER", 1);
	/* Nothing calls it any more. */
	free(world_run("iptables-nft -F FORWARD 2>/dev/null; iptables-legacy -F FORWARD"));
	assert_chooses("nft", "FORWARD", 0);
	free(world_run("iptables-nft -F FORWARD 2>/dev/null; iptables-nft -X 2>/dev/null; "
		       "iptables-legacy -F FORWARD"));
	free(world_run("iptables-nft -A FORWARD -p tcp -j ACCEPT 2>/dev/null"));
	assert_chooses("nft", "FORWARD", 0);
}

static void test_options_override(void **state)
{
	struct pg_backend_options options = { .flavour = "legacy", .parent_chain = "MINE" };
	_cleanup_handle_ struct pg_backend_handle *handle = NULL, *refused = NULL;
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_intent intent;

	(void)state;
	need_world();
	free(world_run("iptables-nft -N DOCKER-USER 2>/dev/null"));
	assert_int_equal(backend.open(&options, true, &diags, &refused), -EINVAL);
	assert_string_equal(diags.list.items[0].text,
			    "legacy iptables has no chain 'MINE' in table 'filter'");
	free(world_run("iptables-legacy -N MINE"));
	handle = open_with(&options);
	make_intent(&universe, &intent);
	apply(handle, &intent);
	assert_enforces(handle, "legacy", "MINE");
	options.flavour = "xtables";
	assert_int_equal(backend.open(&options, true, &diags, &refused), -EINVAL);
	options = (struct pg_backend_options){ .parent_chain = "POLGEN-X" };
	assert_int_equal(backend.open(&options, true, &diags, &refused), -EINVAL);
	options = (struct pg_backend_options){ .parent_chain = "a\nb" };
	assert_int_equal(backend.open(&options, false, &diags, &refused), -EINVAL);
}

/* Rules that stand in one flavour go when the other one has them, and are changes until then. */
static void test_the_other_flavours_rules_go(void **state)
{
	static const char *const flavours[] = { "legacy", "nft", "legacy" };
	PG_CLEANUP(universe_done) struct universe universe;
	struct pg_intent intent;

	(void)state;
	need_world();
	make_intent(&universe, &intent);
	for (size_t i = 0; i < PG_COUNT(flavours); i++) {
		_cleanup_handle_ struct pg_backend_handle *handle = open_flavour(flavours[i]);
		_cleanup_free_ char *other = NULL;

		assert_true(count_changes(handle, &intent, true) > 0);
		apply(handle, &intent);
		assert_enforces(handle, flavours[i], "FORWARD");
		other = world_run("(%s) | grep POLGEN || true",
				  strcmp(flavours[i], "nft") ? RULES("nft") : RULES("legacy"));
		assert_string_equal(other, "");
	}
}

/* Found and taken down also by who would use the other one. */
static void test_the_other_flavours_rules_are_seen(void **state)
{
	_cleanup_handle_ struct pg_backend_handle *legacy = NULL, *nft = NULL;
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_free_ char *left = NULL;
	struct pg_intent intent;

	(void)state;
	need_world();
	legacy = open_flavour("legacy");
	nft = open_flavour("nft");
	make_intent(&universe, &intent);
	apply(legacy, &intent);
	assert_enforces(nft, "legacy", "FORWARD");
	assert_memory_equal(status_of(nft).digest, intent.digest, sizeof(intent.digest));
	clear(nft);
	left = world_run("(%s) | grep POLGEN || true", EVERYTHING);
	assert_string_equal(left, "");
}

/* Whatever is done to the rules shows as a change, is not called enforcing, and is put right. */
static void check_repair(const char *flavour)
{
	/* Of sets of one family, whichever they are called. */
	static const char *const set_damages[] = {
		"ipset flush $set",
		"ipset add $set $other",
		"ipset create spare $type; ipset swap spare $set; ipset destroy spare",
	};
	static const struct {
		const char *damage;
		bool enforcing;
	} damages[] = {
		{ "-D FORWARD 1", false },	  { "-F POLGEN-META", false },
		{ "-I FORWARD -j ACCEPT", true }, { "-I POLGEN-INGRESS -j RETURN", true },
		{ "-D POLGEN-SPOOF 1", true },
	};
	static const char *const tools[] = { "iptables", "ip6tables" };
	_cleanup_handle_ struct pg_backend_handle *handle = open_flavour(flavour);
	PG_CLEANUP(universe_done) struct universe universe;
	struct pg_intent intent;

	make_intent(&universe, &intent);
	apply(handle, &intent);
	for (size_t i = 0; i < PG_COUNT(damages) * PG_COUNT(tools); i++) {
		size_t damage = i / PG_COUNT(tools);

		free(world_run("%s-%s %s", tools[i % PG_COUNT(tools)], flavour,
			       damages[damage].damage));
		assert_true(count_changes(handle, &intent, true) > 0);
		assert_int_equal(status_of(handle).enforcing, damages[damage].enforcing);
		apply(handle, &intent);
		assert_enforces(handle, flavour, "FORWARD");
	}
	for (size_t i = 0; i < PG_COUNT(set_damages); i++) {
		_cleanup_free_ char *before = world_run("%s", EVERYTHING), *after = NULL;

		free(world_run("set=$(ipset list -n | grep polgen-4 | head -n 1) other=10.9.9.9 "
			       "type='hash:ip family inet'; %s",
			       set_damages[i]));
		assert_true(count_changes(handle, &intent, true) > 0);
		apply(handle, &intent);
		after = world_run("%s", EVERYTHING);
		assert_string_equal(after, before);
	}
	clear(handle);
}

static void test_damage_is_repaired(void **state)
{
	(void)state;
	need_world();
	check_repair("legacy");
	check_repair("nft");
}

static const struct pg_counter *find_counter(const struct pg_counters *counters, const char *rule,
					     enum pg_direction direction, enum pg_verdict verdict)
{
	pg_array_foreach(counter, &counters->list) {
		if (!strcmp(counter->rule, rule) && counter->direction == direction &&
		    counter->verdict == verdict)
			return counter;
	}
	return NULL;
}

static void assert_counter(const struct pg_counters *counters, const char *rule,
			   enum pg_direction direction, enum pg_verdict verdict, uint64_t packets)
{
	const struct pg_counter *counter = find_counter(counters, rule, direction, verdict);

	assert_non_null(counter);
	assert_int_equal(counter->packets, packets);
	assert_int_equal(counter->bytes, packets * 10);
}

/* Numbers that each rule's place tells, so that sums show which rules were counted where. */
static void test_counters_by_rule(void **state)
{
	_cleanup_handle_ struct pg_backend_handle *handle = NULL;
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_counters_ struct pg_counters counters = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_intent intent;

	(void)state;
	need_world();
	handle = open_with(&(struct pg_backend_options){ .flavour = "legacy", .layout = "linear" });
	make_intent(&universe, &intent);
	apply(handle, &intent);
	free(world_run("for tool in iptables ip6tables; do $tool-legacy-save | sed "
		       "-e '/comment established/s/^/[3:30] /' "
		       "-e '/comment spoofed/s/^/[5:50] /' -e '/comment not-own/s/^/[7:70] /' "
		       "-e '/GRESS.*default-deny/s/^/[11:110] /' -e '/rule-1.1/s/^/[13:130] /' "
		       "-e '/comment ipv6/s/^/[17:170] /' -e '/discovery/s/^/[19:190] /' "
		       "-e '/listener/s/^/[19:190] /' "
		       "-e '/-j POLGEN/s/^/[1000:1000] /' | $tool-legacy-restore -c; done"));
	assert_int_equal(backend.counters(handle, &diags, &counters), 0);
	assert_counter(&counters, "established", PG_EGRESS, PG_VERDICT_ALLOW, 18);
	assert_counter(&counters, "spoofed", PG_EGRESS, PG_VERDICT_DENY, 15);
	assert_counter(&counters, "not-own-address", PG_EGRESS, PG_VERDICT_DENY, 14);
	assert_counter(&counters, "default-deny", PG_EGRESS, PG_VERDICT_DENY, 33);
	assert_counter(&counters, "default-deny", PG_INGRESS, PG_VERDICT_DENY, 22);
	assert_counter(&counters, "ipv6", PG_EGRESS, PG_VERDICT_DENY, 17);
	assert_counter(&counters, "rule-1.1", PG_INGRESS, PG_VERDICT_ALLOW, 13);
	assert_counter(&counters, PG_COUNT_VLAN, PG_EGRESS, PG_VERDICT_DENY, 0);
	assert_int_equal(counters.list.count, 8);
}

/* The same, as root or not, as what a plan for no kernel gives. */
static void test_rendering_needs_no_kernel(void **state)
{
	_cleanup_handle_ struct pg_backend_handle *handle = NULL, *here = NULL;
	PG_CLEANUP(universe_done) struct universe universe;
	struct pg_backend_options options = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_free_ char *text = NULL, *text_here = NULL, *json = NULL;
	struct pg_intent intent;

	(void)state;
	make_intent(&universe, &intent);
	assert_int_equal(backend.open(&options, false, &diags, &handle), 0);
	text = render(handle, &intent, PG_RENDER_NATIVE);
	assert_non_null(strstr(text, "\n-I FORWARD 1 -j POLGEN\n"));
	json = render(handle, &intent, PG_RENDER_JSON);
	assert_non_null(strstr(json,
			       "{\"backend\":\"iptables\",\"families\":[{\"family\":4,\"sets\":"
			       "[{\"name\":\"polgen-4-"));
	assert_non_null(strstr(json, "\"type\":\"hash:ip family inet\",\"elements\":"
				     "[{\"key\":\"10.0.0.3\"}]}"));
	assert_non_null(strstr(json, "],\"hooks\":[{\"parent\":\"FORWARD\",\"position\":1,"
				     "\"chain\":\"POLGEN\"}"));
	assert_non_null(strstr(json, "-m comment --comment \\\"rule-1.1\\\" -j RETURN\","
				     "\"rule\":\"rule-1.1\"}"));
	assert_non_null(strstr(json, "{\"name\":\"POLGEN-EGRESS\",\"rules\":[{"));
	need_world();
	here = open_flavour("nft");
	text_here = render(here, &intent, PG_RENDER_NATIVE);
	assert_string_equal(text_here, text);
}

static void test_without_ipset(void **state)
{
	const struct pg_backend_options options = { .layout = "set" };
	_cleanup_handle_ struct pg_backend_handle *any = NULL, *set = NULL;
	PG_CLEANUP(universe_done) struct universe universe;
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_intent intent;

	(void)state;
	need_world();
	lacks_sets = true;
	make_intent(&universe, &intent);
	any = open_with(&(struct pg_backend_options){ 0 });
	apply(any, &intent);
	assert_string_equal(status_of(any).layout, "tree");
	set = open_with(&options);
	assert_int_equal(backend.check(set, &intent, &diags), -EOPNOTSUPP);
	assert_string_equal(
		diags.list.items[0].text,
		"layout 'set' needs ipset, and the kernel has no sets of type 'hash:ip'; "
		"use --layout=tree");
	lacks_sets = false;
	clear(any);
}

static void add_link(struct pg_rtnl *rtnl, const char *name, uint32_t index, uint32_t master)
{
	struct pg_rtnl_end near = { .name = name, .index = index, .master = master, .netns = -1 };
	char other[IFNAMSIZ];
	struct pg_rtnl_end far = { .name = other, .netns = -1 };

	snprintf(other, sizeof(other), "p%u", index);
	pg_rtnl_add_veth(rtnl, &near, &far);
}

/* 0, or the error that check() ends with; its first message must be `text`. */
static void assert_check(struct pg_backend_handle *handle, const struct pg_intent *intent,
			 int wanted, const char *text)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(backend.check(handle, intent, &diags), wanted);
	assert_int_equal(diags.errors > 0, wanted != 0);
	if (text)
		assert_string_equal(diags.list.items[0].text, text);
}

static void test_check_claims_only_what_it_can(void **state)
{
	_cleanup_handle_ struct pg_backend_handle *handle = NULL;
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	PG_CLEANUP(universe_done) struct universe universe;
	struct pg_rtnl_end bridge = { .name = "br0", .index = 100, .netns = -1 };
	struct pg_intent intent;

	(void)state;
	need_world();
	handle = open_flavour("legacy");
	make_intent(&universe, &intent);
	assert_check(handle, &intent, -ENODEV,
		     "iptables cannot enforce anything on endpoint 'a' with interface 'veth1': "
		     "there is no such interface here");
	assert_int_equal(pg_rtnl_new(&rtnl), 0);
	pg_rtnl_add_bridge(rtnl, &bridge);
	add_link(rtnl, "veth1", 101, 100);
	add_link(rtnl, "veth2", 102, 0);
	assert_int_equal(pg_rtnl_commit(rtnl), 0);
	assert_check(handle, &intent, -ENODEV,
		     "iptables cannot enforce anything on endpoint 'b' with interface 'veth2': "
		     "the interface is no port of a bridge, so rules can't tell its packets");
	free(world_run("ip link set veth2 master br0"));
	assert_check(handle, &intent, 0, NULL);
	free(world_run("sysctl -qw net.bridge.bridge-nf-call-ip6tables=0"));
	assert_check(handle, &intent, -EOPNOTSUPP,
		     "same-bridge traffic doesn't reach ip6tables: "
		     "net.bridge.bridge-nf-call-ip6tables is 0; set it: "
		     "sysctl -w net.bridge.bridge-nf-call-ip6tables=1");
	free(world_run("sysctl -qw net.bridge.bridge-nf-call-iptables=0"));
	assert_check(handle, &intent, -EOPNOTSUPP,
		     "same-bridge traffic doesn't reach iptables: "
		     "net.bridge.bridge-nf-call-iptables is 0; set it: "
		     "sysctl -w net.bridge.bridge-nf-call-iptables=1");
	free(world_run("sysctl -qw net.bridge.bridge-nf-call-iptables=1 "
		       "net.bridge.bridge-nf-call-ip6tables=1"));
	free(universe.endpoints.list.items[1].interface);
	universe.endpoints.list.items[1].interface = NULL;
	assert_check(handle, &intent, -ENODEV,
		     "iptables cannot enforce anything on endpoint 'b': "
		     "its interface on this host isn't known");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_rendered_is_applied_legacy),
		world_test(test_rendered_is_applied_nft),
		world_test(test_the_hosts_flavour_is_chosen),
		world_test(test_options_override),
		world_test(test_without_ipset),
		world_test(test_the_other_flavours_rules_go),
		world_test(test_the_other_flavours_rules_are_seen),
		world_test(test_damage_is_repaired),
		world_test(test_counters_by_rule),
		world_test(test_rendering_needs_no_kernel),
		world_test(test_check_claims_only_what_it_can),
	};

	return cmocka_run_group_tests_name("iptables", tests, NULL, NULL);
}
