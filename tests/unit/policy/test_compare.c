// SPDX-License-Identifier: GPL-2.0-only
/* Changes one by one, and those between random policies against what the evaluator says of each. */
#include "tests/unit/policy/universe.h"

#include "policy/compare.h"
#include "policy/example.h"

#define SEED	  20241124
#define UNIVERSES 50

struct fixture {
	struct pg_endpoints endpoints;
	struct pg_policy before, after;
	struct pg_evaluation_options options;
	struct pg_compare_limits limits;
	struct pg_flow_changes changes;
};

/* Endpoints a, a2 (its replica), b, and c, which has IPv6 only. */
static void fixture_make(struct fixture *fixture)
{
	*fixture = (struct fixture){
		.options.host_policy = PG_HOST_POLICY_ENFORCE,
		.limits = { 1000, 1000000 },
	};
	build_endpoint(&fixture->endpoints, "a", "10.0.0.2", "k8s:app=a");
	build_endpoint(&fixture->endpoints, "a2", "10.0.0.3", "k8s:app=a");
	build_endpoint(&fixture->endpoints, "b", "10.0.0.4", "k8s:app=b");
	build_endpoint(&fixture->endpoints, "c", "fd00::5", "k8s:app=c");
	*pg_array_add(&fixture->endpoints.host_addrs) = build_addr("10.0.0.1");
	build_finish(&fixture->endpoints);
}

static void fixture_compare(struct fixture *fixture)
{
	assert_int_equal(pg_compare(&fixture->before, &fixture->after, &fixture->endpoints,
				    &fixture->options, &fixture->limits, &fixture->changes),
			 0);
}

static void fixture_done(struct fixture *fixture)
{
	pg_endpoints_done(&fixture->endpoints);
	pg_policy_done(&fixture->before);
	pg_policy_done(&fixture->after);
	pg_flow_changes_done(&fixture->changes);
}

static void format_end(const struct fixture *fixture, const struct pg_flow_end *end,
		       struct pg_strbuf *buf)
{
	char text[PG_ADDR_TEXT_MAX];

	if (end->endpoint)
		pg_strbuf_puts(buf, fixture->endpoints.list.items[end->endpoint - 1].name);
	else if (end->id.n == PG_IDENTITY_HOST.n)
		pg_strbuf_puts(buf, "host");
	else
		pg_strbuf_puts(buf, pg_addr_format(&end->addr, text));
}

static void format_protos(const struct pg_flow_change *change, struct pg_strbuf *buf)
{
	static const char *const names[] = { "tcp", "udp", "sctp", "icmp", "icmpv6", "other" };
	bool first = true;

	if (change->every) {
		pg_strbuf_puts(buf, "every");
		return;
	}
	for (size_t i = 0; i < PG_FLOW_PROTOS; i++) {
		if (!(change->protos & 1u << i))
			continue;
		pg_strbuf_printf(buf, "%s%s", first ? "" : "+", names[i]);
		first = false;
	}
	if (change->first || change->last != UINT16_MAX)
		pg_strbuf_printf(buf, "/%u-%u", change->first, change->last);
}

static void format_change(const struct fixture *fixture, const struct pg_flow_change *change,
			  struct pg_strbuf *buf)
{
	pg_strbuf_puts(buf, buf->length ? "; " : "");
	format_end(fixture, &change->src, buf);
	pg_strbuf_puts(buf, ">");
	format_end(fixture, &change->dst, buf);
	pg_strbuf_puts(buf, " ");
	format_protos(change, buf);
	pg_strbuf_printf(buf, " %s>%s", pg_verdict_name(change->before.verdict),
			 pg_verdict_name(change->after.verdict));
}

/* "b>a tcp/80-80 deny>allow; ...": the examples' ends, protocols, ports, both verdicts. */
static void compare_and_expect(struct fixture *fixture, const char *expected)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	fixture_compare(fixture);
	pg_array_foreach(change, &fixture->changes.list)
		format_change(fixture, change, &buf);
	assert_string_equal(buf.text ? buf.text : "", expected);
	fixture_done(fixture);
}

static struct pg_entry *add_allow(struct pg_policy *policy, const char *subject, const char *peer)
{
	struct pg_rule *rule = build_rule(policy, subject, false);
	struct pg_entry *entry = build_entry(rule, PG_INGRESS);

	rule->default_deny[PG_INGRESS] = true;
	if (peer)
		build_peer(entry, peer);
	return entry;
}

static void test_the_same_policy(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_ports(add_allow(&fixture.before, "app=a", "app=b"), PG_PROTO_TCP, 80, 80);
	build_ports(add_allow(&fixture.after, "app=a", "app=b"), PG_PROTO_TCP, 80, 80);
	compare_and_expect(&fixture, "");
}

static void test_no_policies(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	compare_and_expect(&fixture, "");
	fixture = (struct fixture){ .limits = { 10, 10 } };
	build_rule(&fixture.before, "", true);
	compare_and_expect(&fixture, "");
}

static void test_other_words_for_the_same(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_ports(add_allow(&fixture.before, "app=a", "app=b"), PG_PROTO_TCP, 80, 89);
	build_ports(add_allow(&fixture.after, "app=a", "k8s:app=b"), PG_PROTO_TCP, 80, 84);
	build_ports(add_allow(&fixture.after, "k8s:app", "app=b"), PG_PROTO_TCP, 85, 89);
	fixture.after.rules.items[1].default_deny[PG_INGRESS] = false;
	compare_and_expect(&fixture, "");
}

static void test_a_port_more_and_one_less(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_ports(add_allow(&fixture.before, "app=a", "app=b"), PG_PROTO_TCP, 80, 82);
	build_ports(add_allow(&fixture.after, "app=a", "app=b"), PG_PROTO_TCP, 81, 84);
	compare_and_expect(&fixture, "b>a tcp/80-80 allow>deny; b>a tcp/83-84 deny>allow");
}

static void test_ranges_are_as_long_as_can_be(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_entry(build_rule(&fixture.before, "app=a", true), PG_INGRESS);
	fixture.before.rules.items[0].default_deny[PG_EGRESS] = false;
	build_ports(add_allow(&fixture.after, "app=a", "app=b"), PG_PROTO_TCP, 80, 82);
	build_ports(add_allow(&fixture.after, "app=a", NULL), PG_PROTO_TCP, 83, 83);
	build_ports(add_allow(&fixture.after, "app=a", "app=b"), PG_PROTO_TCP, 82, 90);
	fixture_compare(&fixture);
	assert_int_equal(fixture.changes.list.items[1].first, 80);
	assert_int_equal(fixture.changes.list.items[1].last, 90);
	assert_int_equal(fixture.changes.list.items[1].after.side[PG_INGRESS].origin.rule, 1);
	fixture_done(&fixture);
}

static void test_protocols_that_change_alike(void **state)
{
	struct fixture fixture;
	struct pg_entry *entry;

	(void)state;
	fixture_make(&fixture);
	build_ports(add_allow(&fixture.before, "app=a", "app=b"), PG_PROTO_TCP, 1, 1);
	entry = add_allow(&fixture.after, "app=a", "app=b");
	build_ports(entry, PG_PROTO_TCP, 1, 1);
	build_ports(entry, PG_PROTO_TCP, 53, 53);
	build_ports(entry, PG_PROTO_UDP, 53, 53);
	build_ports(entry, PG_PROTO_SCTP, 54, 54);
	build_ports(entry, PG_PROTO_ICMP, 53, 53);
	compare_and_expect(&fixture, "b>a tcp+udp/53-53 deny>allow; b>a sctp/54-54 deny>allow; "
				     "b>a icmp/53-53 deny>allow");
}

static void test_everything_between_two(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_ports(add_allow(&fixture.before, "app=a", "app=b"), PG_PROTO_TCP, 80, 80);
	add_allow(&fixture.after, "app=a", "app=b");
	compare_and_expect(&fixture, "b>a tcp/0-79 deny>allow; b>a tcp/81-65535 deny>allow; "
				     "b>a udp+sctp+icmp+other deny>allow");
	fixture_make(&fixture);
	add_allow(&fixture.before, "app=a", "app=zz");
	add_allow(&fixture.after, "app=a", "app=b");
	compare_and_expect(&fixture, "b>a every deny>allow");
}

static void test_both_sides_count(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_rule(&fixture.before, "app=b", false)->default_deny[PG_EGRESS] = true;
	build_rule(&fixture.after, "app=b", false)->default_deny[PG_EGRESS] = true;
	add_allow(&fixture.before, "app=a", "app=zz");
	add_allow(&fixture.after, "app=a", "app=b");
	compare_and_expect(&fixture, ""); /* b still has no way out */
}

static void test_families(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	add_allow(&fixture.before, "app=c", "app=zz");
	add_allow(&fixture.after, "app=c", "app=b"); /* they never meet */
	compare_and_expect(&fixture, "");
	fixture_make(&fixture);
	add_allow(&fixture.before, "app=c", "app=zz");
	build_cidr(add_allow(&fixture.after, "app=c", NULL), "2001:db8::/32", NULL);
	compare_and_expect(&fixture, "2001:db8::1>c every deny>allow");
}

static void test_replicas_meet_each_other_and_nobody_itself(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	add_allow(&fixture.before, "app=a", "app=zz");
	add_allow(&fixture.after, "app=a", "app=a");
	compare_and_expect(&fixture, "a>a2 every deny>allow");
	fixture_make(&fixture);
	add_allow(&fixture.before, "app=b", "app=zz");
	add_allow(&fixture.after, "app=b", "app=b");
	compare_and_expect(&fixture, "");
}

static void test_the_world_in_pieces(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_cidr(add_allow(&fixture.before, "app=b", NULL), "192.0.2.0/24", NULL);
	build_cidr(add_allow(&fixture.after, "app=b", NULL), "192.0.2.0/25", NULL);
	/* /25 is of the new policy only: the old one knows its addresses as the /24's */
	compare_and_expect(&fixture, "192.0.2.128>b every allow>deny");
	fixture_make(&fixture);
	build_cidr(add_allow(&fixture.before, "app=b", NULL), "0.0.0.0/0", NULL);
	build_cidr(add_allow(&fixture.after, "app=b", NULL), "0.0.0.0/0", "10.0.0.0/8");
	compare_and_expect(&fixture, "10.0.0.5>b every allow>deny");
}

static void test_labels_of_the_others_cidrs_are_not_there(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	/* selects CIDRs that aren't inside 192.0.2.0/24, a CIDR that only the new policy names */
	build_peer(add_allow(&fixture.before, "app=b", NULL), "$world,!cidr:192.0.2.0/24");
	build_peer(add_allow(&fixture.after, "app=b", NULL), "$world,!cidr:192.0.2.0/24");
	build_cidr(add_allow(&fixture.after, "app=a", NULL), "192.0.2.0/24", NULL);
	fixture.after.rules.items[1].default_deny[PG_INGRESS] = false;
	compare_and_expect(&fixture, "192.0.2.1>b every allow>deny");
}

static void test_the_host(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_entities(add_allow(&fixture.before, "app=b", NULL), PG_ENTITY_HOST);
	add_allow(&fixture.after, "app=b", "app=zz");
	compare_and_expect(&fixture, "host>b every allow>deny");
	fixture_make(&fixture);
	fixture.options.host_policy = PG_HOST_POLICY_ALLOW;
	build_entities(add_allow(&fixture.before, "app=b", NULL), PG_ENTITY_HOST);
	add_allow(&fixture.after, "app=b", "app=zz");
	compare_and_expect(&fixture, "");
}

static void add_http(struct pg_policy *policy, const char *const *paths)
{
	for (; *paths; paths++)
		build_http(add_allow(policy, "app=b", "app=a"), PG_PROTO_TCP, 80, *paths);
}

static void compare_http(const char *const *before, const char *const *after, const char *expected)
{
	struct fixture fixture;

	fixture_make(&fixture);
	add_http(&fixture.before, before);
	add_http(&fixture.after, after);
	compare_and_expect(&fixture, expected);
}

#define PATHS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_http_rules(void **state)
{
	struct fixture fixture;

	(void)state;
	compare_http(PATHS("/x"), PATHS("/x"), "");
	compare_http(PATHS("/x", "/y"), PATHS("/y", "/x", "/x"), "");
	compare_http(PATHS("/x"), PATHS("/x", "/y"), "a>b tcp/80-80 redirect>redirect");
	compare_http(PATHS("/x"), PATHS("/y"), "a>b tcp/80-80 redirect>redirect");
	fixture_make(&fixture);
	add_http(&fixture.before, PATHS("/x"));
	build_ports(add_allow(&fixture.after, "app=b", "app=a"), PG_PROTO_TCP, 80, 80);
	compare_and_expect(&fixture, "a>b tcp/80-80 redirect>allow");
	fixture_make(&fixture);
	add_http(&fixture.before, PATHS("/x"));
	add_allow(&fixture.after, "app=b", "app=zz");
	compare_and_expect(&fixture, "a>b tcp/80-80 redirect>deny");
}

static void test_an_http_rule_for_all_is_one_for_each(void **state)
{
	struct fixture fixture;
	struct pg_entry *entry;

	(void)state;
	fixture_make(&fixture);
	add_http(&fixture.before, PATHS("/x"));
	add_http(&fixture.after, PATHS("/x", "/y"));
	for (int i = 0; i < 2; i++) {
		entry = add_allow(i ? &fixture.after : &fixture.before, "app=b", "app=a");
		build_http(entry, PG_PROTO_TCP, 80, "/z");
		pg_http_rule_done(&entry->http_lists.items[0].rules.items[0]);
	}
	compare_and_expect(&fixture, "");
}

/* HTTP rules for what a asks of b, where a leaves and where b is reached; nothing else is closed. */
static void add_http_sides(struct pg_policy *policy, const char *egress, const char *ingress)
{
	const char *const paths[PG_DIRECTIONS] = { [PG_EGRESS] = egress, [PG_INGRESS] = ingress };

	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		struct pg_entry *entry;

		if (!paths[i])
			continue;
		entry = build_entry(build_rule(policy, i == PG_EGRESS ? "app=a" : "app=b", false),
				    (enum pg_direction)i);
		build_peer(entry, i == PG_EGRESS ? "app=b" : "app=a");
		build_http(entry, PG_PROTO_TCP, 80, paths[i]);
	}
}

static void test_http_rules_of_either_side(void **state)
{
	static const char change[] = "a>b tcp/80-80 redirect>redirect";
	static const struct {
		const char *before[PG_DIRECTIONS], *after[PG_DIRECTIONS], *expected;
	} cases[] = {
		{ { "/x", NULL }, { NULL, "/x" }, "" },
		{ { "/x", "/x" }, { NULL, "/x" }, "" },
		{ { "/x", "/y" }, { "/y", "/x" }, "" },
		{ { "/x", "/y" }, { NULL, "/y" }, change },
		{ { "/x", "/y" }, { "/x", "/x" }, change },
		{ { "/x", NULL }, { NULL, NULL }, "a>b tcp/80-80 redirect>allow" },
	};

	(void)state;
	for (size_t i = 0; i < PG_COUNT(cases); i++) {
		struct fixture fixture;

		fixture_make(&fixture);
		add_http_sides(&fixture.before, cases[i].before[0], cases[i].before[1]);
		add_http_sides(&fixture.after, cases[i].after[0], cases[i].after[1]);
		compare_and_expect(&fixture, cases[i].expected);
	}
}

static void test_http_rules_of_ports_that_overlap(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	for (int i = 0; i < 2; i++) {
		struct pg_policy *policy = i ? &fixture.after : &fixture.before;
		struct pg_entry *entry = add_allow(policy, "app=b", "app=a");

		build_http(entry, PG_PROTO_TCP, 2, "/y");
		entry->l4.items[0].last = 7;
		build_http(entry, PG_PROTO_TCP, 5, i ? "/x" : "/y");
		entry->l4.items[1].last = 9;
	}
	compare_and_expect(&fixture, "a>b tcp/5-9 redirect>redirect");
}

static void test_the_list_has_an_end(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	fixture.limits.changes = 2;
	build_rule(&fixture.after, "", true);
	fixture_compare(&fixture);
	assert_int_equal(fixture.changes.list.count, 2);
	assert_int_equal(fixture.changes.more, 11);
	assert_false(fixture.changes.at_least);
	fixture_done(&fixture);
	/* with no more than a source to look at once the list is full */
	fixture_make(&fixture);
	fixture.limits = (struct pg_compare_limits){ .changes = 1 };
	build_rule(&fixture.after, "", true);
	fixture_compare(&fixture);
	assert_int_equal(fixture.changes.list.count, 1);
	assert_true(fixture.changes.at_least);
	fixture_done(&fixture);
}

static void test_parties_come_by_name(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_make(&fixture);
	build_rule(&fixture.before, "", true);
	build_entities(add_allow(&fixture.before, "app=b", NULL), PG_ENTITY_NONE);
	build_entities(add_allow(&fixture.after, "app=b", NULL), PG_ENTITY_ALL);
	build_cidr(add_allow(&fixture.after, "app=b", NULL), "192.0.2.0/24", NULL);
	build_rule(&fixture.after, "", true);
	compare_and_expect(&fixture, "host>b every deny>allow; 198.51.100.1>b every deny>allow; "
				     "192.0.2.1>b every deny>allow");
}

/* Of random policies. */

struct trial {
	struct universe universe;
	struct pg_identities other_identities;
	struct pg_evaluation_options options;
	struct pg_flow_changes changes;
	struct pg_array(struct pg_addr) addrs; /* of everybody, and of each piece of the world */
	struct pg_array(const struct pg_flow_change *) between; /* the two at hand */
};

static size_t flows, changed, http_changed;

static void add_addr(struct trial *trial, const struct pg_addr *addr)
{
	struct pg_addr *added = pg_array_add(&trial->addrs);

	assert_non_null(added);
	*added = *addr;
}

static void add_addrs(struct trial *trial)
{
	struct pg_addr addr;

	pg_array_foreach(party, &trial->universe.parties)
		add_addr(trial, &party->addr);
	pg_array_foreach(info, &trial->changes.identities.list) {
		for (uint8_t family = 4; family <= 6; family += 2) {
			if (!pg_example_address(&trial->changes.identities, info->id, family,
						&addr))
				add_addr(trial, &addr);
		}
	}
}

static void trial_make(struct trial *trial, uint64_t seed)
{
	static const struct pg_compare_limits everything = { SIZE_MAX, SIZE_MAX };
	struct universe *universe = &trial->universe;

	*trial = (struct trial){ 0 };
	if (seed % 2)
		universe_make_dense(universe, seed);
	else
		universe_make(universe, seed);
	universe_make_other(universe);
	trial->options.enforcement = universe->mode;
	trial->options.host_policy = (enum pg_host_policy)(seed / 2 % PG_HOST_POLICIES);
	assert_int_equal(pg_identities_make(&universe->endpoints, &universe->other,
					    &trial->other_identities),
			 0);
	assert_int_equal(pg_compare(&universe->policy, &universe->other, &universe->endpoints,
				    &trial->options, &everything, &trial->changes),
			 0);
	assert_int_equal(trial->changes.more, 0);
	add_addrs(trial);
}

static void trial_done(struct trial *trial)
{
	universe_done(&trial->universe);
	pg_identities_done(&trial->other_identities);
	pg_flow_changes_done(&trial->changes);
	free(trial->addrs.items);
	free(trial->between.items);
}

static struct pg_evaluation evaluate(const struct trial *trial, bool after,
				     const struct pg_addr *src, const struct pg_addr *dst,
				     pg_proto proto, uint16_t port,
				     const struct pg_http_request *http)
{
	const struct pg_identities *identities =
		after ? &trial->other_identities : &trial->universe.identities;
	const struct pg_flow flow = {
		.src = { pg_identities_of_addr(identities, src), *src },
		.dst = { pg_identities_of_addr(identities, dst), *dst },
		.proto = proto,
		.dport = port,
		.http = http,
	};
	struct pg_evaluation evaluation;

	assert_int_equal(pg_evaluate(after ? &trial->universe.other : &trial->universe.policy,
				     identities, &flow, &trial->options, &evaluation),
			 0);
	return evaluation;
}

static void select_changes(struct trial *trial, const struct pg_addr *src,
			   const struct pg_addr *dst)
{
	pg_identity src_id = pg_identities_of_addr(&trial->changes.identities, src);
	pg_identity dst_id = pg_identities_of_addr(&trial->changes.identities, dst);

	trial->between.count = 0;
	pg_array_foreach(change, &trial->changes.list) {
		const struct pg_flow_change **added;

		if (change->src.id.n != src_id.n || change->dst.id.n != dst_id.n)
			continue;
		added = pg_array_add(&trial->between);
		assert_non_null(added);
		*added = change;
	}
}

static const struct pg_flow_change *find_change(const struct trial *trial, enum pg_flow_proto proto,
						uint16_t port)
{
	const struct pg_flow_change *found = NULL;

	pg_array_foreach(change, &trial->between) {
		if (!((*change)->protos & 1u << proto) || port < (*change)->first ||
		    (*change)->last < port)
			continue;
		assert_null(found); /* each flow is in one change at most */
		found = *change;
	}
	return found;
}

static void fail_flow(const struct trial *trial, const struct pg_addr *src,
		      const struct pg_addr *dst, enum pg_flow_proto proto, uint16_t port)
{
	char from[PG_ADDR_TEXT_MAX], to[PG_ADDR_TEXT_MAX];

	fail_msg("seed %llu: %s -> %s protocol %u port %u",
		 (unsigned long long)trial->universe.seed, pg_addr_format(src, from),
		 pg_addr_format(dst, to), proto, port);
}

/* HTTP rules that differ by their texts may still agree about these requests. */
static bool http_differs(const struct trial *trial, const struct pg_addr *src,
			 const struct pg_addr *dst, uint16_t port)
{
	static const struct pg_http_request requests[] = {
		{ .method = "GET", .path = "/x" },
		{ .method = "GET", .path = "/y" },
		{ .method = "GET", .path = "/z" },
	};

	for (size_t i = 0; i < PG_COUNT(requests); i++) {
		struct pg_evaluation before =
			evaluate(trial, false, src, dst, PG_PROTO_TCP, port, &requests[i]);
		struct pg_evaluation after =
			evaluate(trial, true, src, dst, PG_PROTO_TCP, port, &requests[i]);

		if (before.verdict != after.verdict)
			return true;
	}
	return false;
}

static void check_flow(const struct trial *trial, const struct pg_addr *src,
		       const struct pg_addr *dst, enum pg_flow_proto proto, uint16_t port)
{
	/* GRE stands for the protocols that the language has no word for */
	pg_proto number = proto == PG_FLOW_OTHER ? (pg_proto){ 47 } : pg_flow_proto_number(proto);
	enum pg_verdict before = evaluate(trial, false, src, dst, number, port, NULL).verdict;
	enum pg_verdict after = evaluate(trial, true, src, dst, number, port, NULL).verdict;
	const struct pg_flow_change *change = find_change(trial, proto, port);

	flows++;
	changed += before != after;
	if (change && (change->before.verdict != before || change->after.verdict != after))
		fail_flow(trial, src, dst, proto, port);
	if (before == PG_VERDICT_REDIRECT && after == PG_VERDICT_REDIRECT) {
		http_changed += change != NULL;
		if (!change && http_differs(trial, src, dst, port))
			fail_flow(trial, src, dst, proto, port);
	} else if ((change != NULL) != (before != after)) {
		fail_flow(trial, src, dst, proto, port);
	}
}

static void check_pair(struct trial *trial, const struct pg_addr *src, const struct pg_addr *dst)
{
	enum pg_flow_proto foreign = src->family == 4 ? PG_FLOW_ICMPV6 : PG_FLOW_ICMP;

	if (src->family != dst->family || !pg_addr_compare(src, dst))
		return;
	select_changes(trial, src, dst);
	for (size_t i = 0; i < PG_FLOW_PROTOS; i++) {
		if (i == foreign)
			continue;
		pg_array_foreach(port, &trial->universe.ports)
			check_flow(trial, src, dst, (enum pg_flow_proto)i, *port);
	}
}

static void check_judgement(const struct pg_evaluation *a, const struct pg_evaluation *b)
{
	assert_int_equal(a->verdict, b->verdict);
	for (size_t i = 0; i < PG_DIRECTIONS; i++) {
		assert_int_equal(a->side[i].verdict, b->side[i].verdict);
		assert_int_equal(a->side[i].reason, b->side[i].reason);
		assert_int_equal(pg_origin_compare(a->side[i].origin, b->side[i].origin), 0);
	}
}

/* The example is what it says: a flow of these two, with these verdicts for these reasons. */
static void check_example(const struct trial *trial, const struct pg_flow_change *change)
{
	pg_proto number = change->proto == PG_FLOW_OTHER ? (pg_proto){ 47 }
							 : pg_flow_proto_number(change->proto);
	const struct pg_addr *src = &change->src.addr, *dst = &change->dst.addr;
	struct pg_evaluation before = evaluate(trial, false, src, dst, number, change->port, NULL);
	struct pg_evaluation after = evaluate(trial, true, src, dst, number, change->port, NULL);

	assert_true(change->first <= change->port && change->port <= change->last);
	assert_true(change->protos & 1u << change->proto);
	assert_int_equal(pg_identities_of_addr(&trial->changes.identities, src).n,
			 change->src.id.n);
	assert_int_equal(pg_identities_of_addr(&trial->changes.identities, dst).n,
			 change->dst.id.n);
	assert_int_equal(src->family, dst->family);
	assert_int_not_equal(pg_addr_compare(src, dst), 0);
	check_judgement(&change->before, &before);
	check_judgement(&change->after, &after);
}

/* Ranges that touch would be one if they said the same. */
static void check_ranges(const struct trial *trial, const struct pg_flow_change *change)
{
	pg_array_foreach(next, &trial->changes.list) {
		if (next->src.id.n != change->src.id.n || next->dst.id.n != change->dst.id.n ||
		    !(next->protos & change->protos) || next->first != change->last + 1)
			continue;
		assert_true(next->before.verdict != change->before.verdict ||
			    next->after.verdict != change->after.verdict);
	}
}

static void test_all_flows_of_random_policies(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < UNIVERSES; i++) {
		struct trial trial;

		trial_make(&trial, SEED + i);
		pg_array_foreach(src, &trial.addrs) {
			pg_array_foreach(dst, &trial.addrs)
				check_pair(&trial, src, dst);
		}
		pg_array_foreach(change, &trial.changes.list) {
			check_example(&trial, change);
			check_ranges(&trial, change);
		}
		trial_done(&trial);
	}
	print_message("# %zu flows, %zu changed, %zu in their HTTP rules\n", flows, changed,
		      http_changed);
	assert_true(changed > 10000);
	assert_true(http_changed > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_policy),
		cmocka_unit_test(test_no_policies),
		cmocka_unit_test(test_other_words_for_the_same),
		cmocka_unit_test(test_a_port_more_and_one_less),
		cmocka_unit_test(test_ranges_are_as_long_as_can_be),
		cmocka_unit_test(test_protocols_that_change_alike),
		cmocka_unit_test(test_everything_between_two),
		cmocka_unit_test(test_both_sides_count),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_replicas_meet_each_other_and_nobody_itself),
		cmocka_unit_test(test_the_world_in_pieces),
		cmocka_unit_test(test_labels_of_the_others_cidrs_are_not_there),
		cmocka_unit_test(test_the_host),
		cmocka_unit_test(test_http_rules),
		cmocka_unit_test(test_an_http_rule_for_all_is_one_for_each),
		cmocka_unit_test(test_http_rules_of_either_side),
		cmocka_unit_test(test_http_rules_of_ports_that_overlap),
		cmocka_unit_test(test_the_list_has_an_end),
		cmocka_unit_test(test_parties_come_by_name),
		cmocka_unit_test(test_all_flows_of_random_policies),
	};

	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
