// SPDX-License-Identifier: GPL-2.0-only
/* The evaluator, the verdict table and its first-hit form give one answer, origins included. */
#include "tests/unit/policy/universe.h"

#define SEED	  20240917
#define UNIVERSES 100

static size_t answers, verdicts[PG_VERDICTS];

struct answer {
	enum pg_verdict verdict;
	struct pg_origin origin;
};

static bool same(struct answer a, struct answer b)
{
	return a.verdict == b.verdict && !pg_origin_compare(a.origin, b.origin);
}

static void format_l4(const struct pg_l4 *l4)
{
	print_message("      %s %u-%u%s\n", pg_proto_name(l4->proto), l4->first, l4->last,
		      l4->http ? " http" : "");
}

static void print_selector(const char *what, const struct pg_selector *selector)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_selector_format(selector, &buf);
	print_message("%s %s\n", what, buf.text);
}

static void print_entry(const struct pg_entry *entry)
{
	char text[PG_PREFIX_TEXT_MAX];

	print_message("    %s %s, %s, entities %x\n", pg_direction_name(entry->direction),
		      entry->deny ? "deny" : "allow",
		      entry->peers.l3 == PG_L3_ANY ? "anybody" : "peers", entry->peers.entities);
	pg_array_foreach(selector, &entry->peers.endpoints)
		print_selector("      peer", selector);
	pg_array_foreach(selector, &entry->peers.requires)
		print_selector("      requires", selector);
	pg_array_foreach(cidr, &entry->peers.cidrs) {
		print_message("      cidr %s\n", pg_prefix_format(&cidr->prefix, text));
		pg_array_foreach(except, &cidr->except)
			print_message("        except %s\n", pg_prefix_format(except, text));
	}
	if (entry->has_l4)
		print_message("      ports:\n");
	pg_array_foreach(l4, &entry->l4)
		format_l4(l4);
}

static void print_universe(const struct universe *universe)
{
	print_message("seed %llu, mode %s\n", (unsigned long long)universe->seed,
		      pg_enforcement_name(universe->mode));
	pg_array_foreach(rule, &universe->policy.rules) {
		print_selector("  rule", &rule->subject);
		print_message("    closes: egress %d ingress %d\n", rule->default_deny[PG_EGRESS],
			      rule->default_deny[PG_INGRESS]);
		pg_array_foreach(entry, &rule->entries)
			print_entry(entry);
	}
}

static void print_party(const struct universe *universe, const char *what,
			const struct pg_party *party)
{
	const struct pg_identity_info *info = pg_identities_get(&universe->identities, party->id);
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	char text[PG_ADDR_TEXT_MAX];

	pg_labels_format(&info->labels, &buf);
	print_message("  %s %s %u {%s}\n", what, pg_addr_format(&party->addr, text), party->id.n,
		      buf.text);
}

static void print_answer(const char *who, struct answer answer)
{
	print_message("  %s: %s by %u/%u\n", who, pg_verdict_name(answer.verdict),
		      answer.origin.rule, answer.origin.entry);
}

static void fail_flow(const struct universe *universe, const struct pg_flow *flow,
		      enum pg_direction direction)
{
	print_universe(universe);
	print_party(universe, "src", &flow->src);
	print_party(universe, "dst", &flow->dst);
	print_message("  protocol %u port %u, %s\n", flow->proto.n, flow->dport,
		      pg_direction_name(direction));
	fail_msg("not the same answer");
}

/* What the evaluator says of one side. An open or closed subject has no origin in the table. */
static struct answer evaluate(const struct universe *universe, const struct pg_flow *flow,
			      enum pg_direction direction)
{
	const struct pg_evaluation_options options = {
		.enforcement = universe->mode,
		.host_policy = PG_HOST_POLICY_ENFORCE,
	};
	struct pg_evaluation evaluation;
	const struct pg_judgement *side = &evaluation.side[direction];

	assert_int_equal(
		pg_evaluate(&universe->policy, &universe->identities, flow, &options, &evaluation),
		0);
	return (struct answer){
		.verdict = side->verdict,
		.origin = side->reason == PG_REASON_RULE ? side->origin : PG_ORIGIN_NONE,
	};
}

static void check_side(const struct universe *universe, const struct pg_flow *flow,
		       enum pg_direction direction)
{
	bool egress = direction == PG_EGRESS;
	pg_identity subject = egress ? flow->src.id : flow->dst.id;
	pg_identity peer = egress ? flow->dst.id : flow->src.id;
	struct answer model = evaluate(universe, flow, direction), table, classes;

	table.verdict = pg_verdict_table_judge(&universe->table, subject, direction, peer,
					       flow->proto, flow->dport, &table.origin);
	classes.verdict = pg_classes_judge(&universe->classes, &universe->table, subject, direction,
					   peer, flow->proto, flow->dport, &classes.origin);
	if (!same(model, table) || !same(model, classes)) {
		print_answer("evaluator", model);
		print_answer("table", table);
		print_answer("classes", classes);
		fail_flow(universe, flow, direction);
	}
	answers++;
	verdicts[model.verdict]++;
}

static void check_pair(const struct universe *universe, const struct pg_party *src,
		       const struct pg_party *dst)
{
	static const pg_proto protos[] = {
		PG_PROTO_TCP, PG_PROTO_UDP, PG_PROTO_SCTP, PG_PROTO_ICMP, { 47 }
	};

	for (size_t i = 0; i < PG_COUNT(protos); i++) {
		pg_array_foreach(port, &universe->ports) {
			struct pg_flow flow = { *src, *dst, protos[i], *port, NULL };

			check_side(universe, &flow, PG_EGRESS);
			check_side(universe, &flow, PG_INGRESS);
		}
	}
}

/* Whether two keys that stand one behind the other are in order and not the same. */
static void check_ascends(const struct universe *universe, const uint32_t *left,
			  const uint32_t *right, size_t count)
{
	size_t k = 0;

	while (k + 1 < count && left[k] == right[k])
		k++;
	if (left[k] < right[k])
		return;
	print_universe(universe);
	fail_msg("keys are not in order, or one is there twice");
}

static void check_table(const struct universe *universe)
{
	const struct pg_verdict_entry *list = universe->table.entries.items;

	for (size_t i = 0; i + 1 < universe->table.entries.count; i++) {
		const struct pg_verdict_entry *a = &list[i], *b = &list[i + 1];
		const uint32_t left[] = { a->subject.n, a->direction, a->peer.n, a->proto.n,
					  a->first,	a->last,      a->verdict };
		const uint32_t right[] = { b->subject.n, b->direction, b->peer.n, b->proto.n,
					   b->first,	 b->last,      b->verdict };

		check_ascends(universe, left, right, PG_COUNT(left));
	}
}

/* Sorted, unique, aligned, and announced by the uses. */
static void check_classes(const struct universe *universe)
{
	const struct pg_class *list = universe->classes.list.items;

	for (size_t i = 0; i < universe->classes.list.count; i++) {
		assert_true(list[i].port_bits <= 16);
		assert_int_equal(list[i].port & 0xffff >> list[i].port_bits, 0);
		assert_true(list[i].verdict != PG_VERDICT_NONE);
		assert_true(list[i].proto.n != PG_PROTO_EVERY.n || !list[i].port_bits);
	}
	for (size_t i = 0; i + 1 < universe->classes.list.count; i++) {
		const struct pg_class *a = &list[i], *b = &list[i + 1];
		const uint32_t left[] = { a->subject.n, a->direction, a->peer.n,
					  a->proto.n,	a->port,      a->port_bits };
		const uint32_t right[] = { b->subject.n, b->direction, b->peer.n,
					   b->proto.n,	 b->port,      b->port_bits };

		check_ascends(universe, left, right, PG_COUNT(left));
	}
}

static bool is_endpoint(const struct universe *universe, const struct pg_party *party)
{
	return pg_identities_get(&universe->identities, party->id)->endpoints.count;
}

/* All flows that an endpoint has a part in, and some of the others. */
static void check_universe(struct universe *universe)
{
	check_table(universe);
	check_classes(universe);
	pg_array_foreach(src, &universe->parties) {
		pg_array_foreach(dst, &universe->parties) {
			if (src == dst)
				continue;
			if (is_endpoint(universe, src) || is_endpoint(universe, dst) ||
			    !universe_random(universe, 16))
				check_pair(universe, src, dst);
		}
	}
}

static void test_all_flows_of_random_universes(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < UNIVERSES; i++) {
		struct universe universe;

		universe_make(&universe, SEED + i);
		check_universe(&universe);
		universe_done(&universe);
	}
	print_message("# %zu answers: %zu allow, %zu redirect, %zu deny\n", answers,
		      verdicts[PG_VERDICT_ALLOW], verdicts[PG_VERDICT_REDIRECT],
		      verdicts[PG_VERDICT_DENY]);
	assert_true(verdicts[PG_VERDICT_ALLOW] > 1000);
	assert_true(verdicts[PG_VERDICT_REDIRECT] > 1000);
	assert_true(verdicts[PG_VERDICT_DENY] > 1000);
}

/* Everything that is derived from a universe, as text. */
static char *describe(const struct universe *universe)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_array_foreach(info, &universe->identities.list) {
		pg_strbuf_printf(&buf, "%u ", info->id.n);
		pg_labels_format(&info->labels, &buf);
	}
	pg_array_foreach(entry, &universe->table.entries)
		pg_strbuf_printf(&buf, "\n%u %d %u %u %u-%u %d %u/%u", entry->subject.n,
				 entry->direction, entry->peer.n, entry->proto.n, entry->first,
				 entry->last, entry->verdict, entry->origin.rule,
				 entry->origin.entry);
	pg_array_foreach(class, &universe->classes.list)
		pg_strbuf_printf(&buf, "\n%u %d %u %u %u/%u %d %u/%u", class->subject.n,
				 class->direction, class->peer.n, class->proto.n, class->port,
				 class->port_bits, class->verdict, class->origin.rule,
				 class->origin.entry);
	return pg_strbuf_take(&buf);
}

static void test_the_same_input_gives_the_same_output(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 20; i++) {
		_cleanup_free_ char *first = NULL, *second = NULL;
		struct universe universe;

		universe_make(&universe, SEED + i);
		first = describe(&universe);
		universe_done(&universe);
		universe_make(&universe, SEED + i);
		second = describe(&universe);
		universe_done(&universe);
		assert_string_equal(first, second);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_flows_of_random_universes),
		cmocka_unit_test(test_the_same_input_gives_the_same_output),
	};

	return cmocka_run_group_tests_name("agreement", tests, NULL, NULL);
}
