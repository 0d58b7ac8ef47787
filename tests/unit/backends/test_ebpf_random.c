// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random policies: the programs say of each packet what the verdict table says, and count it on the
 * rule that the table names. One policy after the other is applied over the one before, so that what
 * is compared went through every kind of change.
 */
#include "tests/unit/backends/ebpf_packet.h"
#include "tests/unit/backends/intent.h"

#define SEED	   4711
#define UNIVERSES  40
#define INTERFACES 6

static bool can_run;
static size_t checked[7][2]; /* by family: denied, allowed */

/* One end of a packet. */
struct end {
	char text[PG_ADDR_TEXT_MAX];
	uint8_t family;
	pg_identity id;
	uint32_t ifindex; /* 0: no endpoint */
};

struct ends {
	struct pg_array(struct end) list;
};

static void add_end(struct ends *ends, const struct universe *universe, const struct pg_addr *addr)
{
	struct end *end = pg_array_add(&ends->list);

	assert_non_null(end);
	pg_addr_format(addr, end->text);
	end->family = addr->family;
	end->id = pg_identities_of_addr(&universe->identities, addr);
	pg_array_foreach(endpoint, &universe->endpoints.list) {
		if (!pg_addr_compare(&endpoint->ipv4, addr) ||
		    !pg_addr_compare(&endpoint->ipv6, addr))
			end->ifindex = if_nametoindex(endpoint->interface);
	}
}

/* Everything that the programs should have counted. */
static void expect_count(struct pg_counters *counters, enum pg_direction direction,
			 struct pg_origin origin, enum pg_verdict verdict)
{
	char name[PG_RULE_NAME_MAX];

	if (!origin.rule && verdict != PG_VERDICT_DENY)
		return;
	intent_rule_name(NULL, origin, name);
	assert_int_equal(pg_counters_add(counters, name, direction, verdict, 1, 0), 0);
}

/* What one side says. An end that is no endpoint says nothing. */
static bool side_allows(const struct universe *universe, enum pg_direction direction,
			const struct end *subject, const struct end *peer,
			const struct packet *packet, struct pg_counters *counters)
{
	struct pg_origin origin;
	enum pg_verdict verdict;

	if (!subject->ifindex)
		return true;
	verdict = pg_verdict_table_judge(&universe->table, subject->id, direction, peer->id,
					 (pg_proto){ packet->proto }, packet->dport, &origin);
	expect_count(counters, direction, origin, verdict);
	return verdict == PG_VERDICT_ALLOW;
}

static bool program_allows(const struct pg_pins *pins, enum pg_direction direction,
			   const struct end *subject, const struct packet *packet)
{
	struct frame frame = frame_of(packet);

	return !subject->ifindex || run_frame_on(pins, direction, subject->ifindex, &frame) == PASS;
}

static void check_packet(const struct universe *universe, const struct pg_pins *pins,
			 const struct end *src, const struct end *dst, const struct packet *packet,
			 struct pg_counters *counters)
{
	bool wanted = side_allows(universe, PG_EGRESS, src, dst, packet, counters);
	bool got = program_allows(pins, PG_EGRESS, src, packet);

	if (wanted && got) {
		wanted = side_allows(universe, PG_INGRESS, dst, src, packet, counters);
		got = program_allows(pins, PG_INGRESS, dst, packet);
	}
	checked[src->family][wanted]++;
	if (wanted == got)
		return;
	print_error("seed %llu: %s (%u) -> %s (%u) protocol %u port %u: %s\n",
		    (unsigned long long)universe->seed, src->text, src->id.n, dst->text, dst->id.n,
		    packet->proto, packet->dport, got ? "passes" : "is dropped");
	fail();
}

/* Types of ICMPv6 that pass whatever the policy. */
static bool is_neighbourly(const struct end *end, uint16_t type)
{
	return end->family == 6 && type >= 133 && type <= 137;
}

static void check_pair(const struct universe *universe, const struct pg_pins *pins,
		       const struct end *src, const struct end *dst, struct pg_counters *counters)
{
	/* One without ports for each direction, since a flow of it is all that two hosts exchange. */
	uint8_t portless = src < dst ? IPPROTO_GRE : IPPROTO_ESP;
	uint8_t icmp = src->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, icmp, portless };
	/* Of ICMP it is the identifier: no answer to another packet. */
	static uint16_t number;

	for (size_t i = 0; i < PG_COUNT(protocols); i++) {
		pg_array_foreach(port, &universe->ports) {
			struct packet packet = tcp(src->text, 54321, dst->text, *port, TCP_SYN);

			packet.proto = protocols[i];
			if (packet.proto == icmp)
				packet.sport = ++number;
			if (packet.proto == icmp && (*port > 255 || is_neighbourly(src, *port)))
				continue;
			if (packet.proto == portless)
				packet.dport = 0;
			check_packet(universe, pins, src, dst, &packet, counters);
		}
	}
}

static void check_counters(struct pg_backend_handle *handle, struct pg_counters *wanted)
{
	_cleanup_counters_ struct pg_counters counters = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	size_t found = 0;

	pg_counters_sort(wanted);
	assert_int_equal(pg_backend_ebpf.counters(handle, &diags, &counters), 0);
	pg_array_foreach(counter, &counters.list) {
		pg_array_foreach(other, &wanted->list) {
			if (strcmp(counter->rule, other->rule) ||
			    counter->direction != other->direction ||
			    counter->verdict != other->verdict)
				continue;
			assert_int_equal(counter->packets, other->packets);
			found++;
		}
	}
	assert_int_equal(found, wanted->list.count);
}

static void apply(struct pg_backend_handle *handle, const struct pg_intent *intent)
{
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 }, after = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 }, rest = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(pg_backend_ebpf.plan(handle, intent, &diags, &desired), 0);
	assert_int_equal(pg_backend_ebpf.live(handle, &diags, &live), 0);
	assert_int_equal(pg_diff_make(&desired, &live, &diff), 0);
	assert_int_equal(pg_backend_ebpf.commit(handle, intent, &desired, &diff, &diags), 0);
	assert_int_equal(diags.list.count, 0);
	assert_int_equal(pg_backend_ebpf.live(handle, &diags, &after), 0);
	assert_int_equal(pg_diff_make(&desired, &after, &rest), 0);
	assert_int_equal(rest.changes.count, 0);
}

static void check_universe(struct pg_backend_handle *handle, const struct universe *universe)
{
	_cleanup_counters_ struct pg_counters counters = { 0 };
	_cleanup_pins_ struct pg_pins pins;
	struct ends ends = { 0 };

	pg_array_foreach(party, &universe->parties)
		add_end(&ends, universe, &party->addr);
	world_pins(&pins);
	pg_array_foreach(src, &ends.list) {
		pg_array_foreach(dst, &ends.list) {
			if (src != dst && src->family == dst->family &&
			    (src->ifindex || dst->ifindex))
				check_pair(universe, &pins, src, dst, &counters);
		}
	}
	if (universe->seed % 2)
		check_counters(handle, &counters);
	free(ends.list.items);
}

static void test_random_policies(void **state)
{
	struct pg_backend_handle *handle;

	(void)state;
	if (!can_run)
		skip();
	handle = world_open(NULL);
	for (uint64_t seed = SEED; seed < SEED + UNIVERSES; seed++) {
		struct universe universe;
		struct pg_intent intent;

		intent_world(&universe, seed);
		intent = intent_of(&universe);
		memcpy(intent.digest, &seed, sizeof(seed));
		/* Every other policy is the first one, so that its counters begin at 0. */
		if (seed % 2)
			world_clear();
		apply(handle, &intent);
		check_universe(handle, &universe);
		universe_done(&universe);
	}
	pg_backend_ebpf.close(handle);
	for (int family = 4; family <= 6; family += 2)
		assert_true(checked[family][false] > 2000 && checked[family][true] > 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_policies),
	};

	can_run = world_enter();
	for (int i = 0; can_run && i < INTERFACES; i++) {
		char name[IFNAMSIZ];

		snprintf(name, sizeof(name), "veth%d", i);
		world_veth(name, 0);
	}
	return cmocka_run_group_tests_name("ebpf random", tests, NULL, NULL);
}
