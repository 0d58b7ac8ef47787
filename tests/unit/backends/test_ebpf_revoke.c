// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of running flows when the policy changes, in both families. */
#include "tests/unit/backends/ebpf_abc.h"

#include <bpf/bpf.h>

/* The addresses of a family, and its echo. */
struct family {
	const char *a, *b, *cidr, *host, *world;
	uint8_t icmp, echo, echo_reply;
	enum pg_map flows, opening;
};

static const struct family families[] = {
	{ A_IP, B_IP, CIDR_IP, HOST_IP, WORLD_IP, IPPROTO_ICMP, 8, 0, PG_MAP_FLOWS4,
	  PG_MAP_OPENING4 },
	{ A_IP6, B_IP6, CIDR_IP6, HOST_IP6, WORLD_IP6, IPPROTO_ICMPV6, 128, 129, PG_MAP_FLOWS6,
	  PG_MAP_OPENING6 },
};

/* All that are known: one that is assured has an entry among those that aren't, too. */
static size_t count_flows(const struct family *f)
{
	_cleanup_pins_ struct pg_pins pins;
	struct pg_map_flow_key key;
	size_t count = 0;
	void *last = NULL;

	world_pins(&pins);
	for (; !bpf_map_get_next_key(pins.maps[f->opening], last, &key); last = &key)
		count++;
	return count;
}

/* By whose policy the only flow was judged last. */
static uint32_t judged_by(const struct family *f, uint32_t *ret_now)
{
	_cleanup_pins_ struct pg_pins pins;
	struct pg_map_flow_key key;
	struct pg_map_flow flow;

	world_pins(&pins);
	assert_int_equal(count_flows(f), 1);
	assert_int_equal(bpf_map_get_next_key(pins.maps[f->opening], NULL, &key), 0);
	if (bpf_map_lookup_elem(pins.maps[f->flows], &key, &flow))
		assert_int_equal(bpf_map_lookup_elem(pins.maps[f->opening], &key, &flow), 0);
	*ret_now = pg_pins_generation(&pins);
	return flow.generation;
}

static uint64_t established(void)
{
	return world_counter(PG_COUNT_ESTABLISHED, PG_EGRESS, PG_VERDICT_ALLOW);
}

/* The policy becomes these rules alone. */
static void begin_rules(struct world *world)
{
	world->table.entries.count = 0;
}

#define A_TO_B(f, flags) tcp((f)->a, 1000, (f)->b, 80, flags)
#define B_TO_A(f, flags) tcp((f)->b, 80, (f)->a, 1000, flags)

static void allow_egress(struct world *world)
{
	world_rule(world, A_ID, PG_EGRESS, B_ID, TCP_ALL, PG_VERDICT_ALLOW, 1);
}

static void allow_ingress(struct world *world)
{
	world_rule(world, B_ID, PG_INGRESS, A_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 2);
}

static void allow_a_to_b(struct world *world)
{
	begin_rules(world);
	allow_egress(world);
	allow_ingress(world);
	abc_apply(world);
}

static void connect_a_to_b(const struct family *f)
{
	assert_passes(exchanged(A, B, A_TO_B(f, TCP_SYN)));
	assert_passes(exchanged(B, A, B_TO_A(f, TCP_SYN | TCP_ACK)));
	assert_passes(exchanged(A, B, A_TO_B(f, TCP_ACK)));
}

static void assert_runs(const struct family *f)
{
	assert_passes(exchanged(B, A, B_TO_A(f, TCP_ACK)));
	assert_passes(exchanged(A, B, A_TO_B(f, TCP_ACK)));
}

/* Each test is one for both families. */
static void with_both(void **state, void (*fn)(struct world *world, const struct family *f))
{
	struct world *world = abc_begin(state);

	abc_add_ipv6(world);
	for (size_t i = 0; i < PG_COUNT(families); i++) {
		world_clear();
		world->intent.on_revoke = PG_ON_REVOKE_CUT;
		world->intent.host_policy = PG_HOST_POLICY_ENFORCE;
		begin_rules(world);
		fn(world, &families[i]);
	}
}

static void cut_by(struct world *world, const struct family *f, void (*remaining)(struct world *))
{
	allow_a_to_b(world);
	connect_a_to_b(f);
	begin_rules(world);
	if (remaining)
		remaining(world);
	/* A neighbour that may go on. */
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, EVERY, PG_VERDICT_ALLOW, 3);
	assert_drops(sent(A, udp(f->a, 5, f->cidr, 6)));
	abc_apply(world);
	assert_passes(sent(A, udp(f->a, 5, f->cidr, 6)));
	assert_drops(exchanged(B, A, B_TO_A(f, TCP_ACK)));
	assert_drops(exchanged(A, B, A_TO_B(f, TCP_ACK)));
	assert_passes(received(A, udp(f->cidr, 6, f->a, 5)));
	assert_int_equal(count_flows(f), 1);
}

/* One side is enough, whichever; so is whichever packet comes first. */
static void cut(struct world *world, const struct family *f)
{
	cut_by(world, f, NULL);
	cut_by(world, f, allow_egress);
	cut_by(world, f, allow_ingress);
	allow_a_to_b(world);
	connect_a_to_b(f);
	begin_rules(world);
	abc_apply(world);
	assert_drops(sent(A, A_TO_B(f, TCP_ACK)));
	assert_drops(sent(B, B_TO_A(f, TCP_ACK)));
}

static void test_cut(void **state)
{
	with_both(state, cut);
}

/* It was forgotten: allowed again, it begins anew, from the side that may begin. */
static void allowed_again(struct world *world, const struct family *f)
{
	allow_a_to_b(world);
	connect_a_to_b(f);
	begin_rules(world);
	abc_apply(world);
	assert_drops(sent(B, B_TO_A(f, TCP_ACK)));
	allow_a_to_b(world);
	assert_drops(sent(B, B_TO_A(f, TCP_ACK)));
	assert_passes(exchanged(A, B, A_TO_B(f, TCP_ACK)));
	assert_runs(f);
}

static void test_allowed_again(void **state)
{
	with_both(state, allowed_again);
}

static void keep(struct world *world, const struct family *f)
{
	struct pg_backend_handle *handle;

	world->intent.on_revoke = PG_ON_REVOKE_KEEP;
	allow_a_to_b(world);
	connect_a_to_b(f);
	begin_rules(world);
	abc_apply(world);
	assert_runs(f);
	assert_drops(sent(A, tcp(f->a, 1001, f->b, 80, TCP_SYN)));
	/* To ask for it later is soon enough, and a change of its own. */
	world->intent.on_revoke = PG_ON_REVOKE_CUT;
	handle = world_open(NULL);
	assert_int_equal(world_changes(handle, world), 1);
	pg_backend_ebpf.close(handle);
	abc_apply(world);
	assert_drops(sent(B, B_TO_A(f, TCP_ACK)));
	assert_drops(sent(A, A_TO_B(f, TCP_ACK)));
}

static void test_keep(void **state)
{
	with_both(state, keep);
}

/* What was denied with cut is not let go on by a commit that keeps, before any of its packets came. */
static void cut_then_keep(struct world *world, const struct family *f)
{
	allow_a_to_b(world);
	connect_a_to_b(f);
	begin_rules(world);
	abc_apply(world);
	world->intent.on_revoke = PG_ON_REVOKE_KEEP;
	abc_apply(world);
	world_rule(world, C_ID, PG_EGRESS, WORLD_ID, EVERY, PG_VERDICT_DENY, 3);
	abc_apply(world);
	assert_drops(sent(B, B_TO_A(f, TCP_ACK)));
	assert_drops(sent(A, A_TO_B(f, TCP_ACK)));
	/* While those that began since, or went on, are kept. */
	allow_a_to_b(world);
	connect_a_to_b(f);
	begin_rules(world);
	abc_apply(world);
	assert_runs(f);
}

static void test_cut_then_keep(void **state)
{
	with_both(state, cut_then_keep);
}

static void test_status(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_handle *handle = world_open(NULL);
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_status status;

	for (int mode = 0; mode < PG_ON_REVOKES; mode++) {
		world->intent.on_revoke = (enum pg_on_revoke)mode;
		abc_apply(world);
		assert_int_equal(pg_backend_ebpf.status(handle, &diags, &status), 0);
		assert_int_equal(status.on_revoke, mode);
	}
	pg_backend_ebpf.close(handle);
}

/* A commit that changes nothing for a flow: it is judged once more, and not counted. */
static void unconcerned(struct world *world, const struct family *f)
{
	uint32_t before, now;

	allow_a_to_b(world);
	connect_a_to_b(f);
	before = judged_by(f, &now);
	assert_int_equal(before, now);
	world_rule(world, C_ID, PG_EGRESS, WORLD_ID, EVERY, PG_VERDICT_DENY, 3);
	abc_apply(world);
	assert_int_equal(judged_by(f, &now), before);
	assert_int_equal(established(), 2);
	assert_passes(exchanged(B, A, B_TO_A(f, TCP_ACK)));
	assert_int_equal(judged_by(f, &now), before + 1);
	assert_int_equal(now, before + 1);
	assert_int_equal(established(), 3);
	assert_runs(f);
	assert_int_equal(world_counter("rule-1", PG_EGRESS, PG_VERDICT_ALLOW), 1);
	assert_int_equal(world_counter("rule-2", PG_INGRESS, PG_VERDICT_ALLOW), 1);
}

static void test_unconcerned(void **state)
{
	with_both(state, unconcerned);
}

/* Judged in the direction in which it began; the packet is judged in that in which it is seen. */
static void directions(struct world *world, const struct family *f)
{
	allow_a_to_b(world);
	connect_a_to_b(f);
	begin_rules(world);
	world_rule(world, B_ID, PG_EGRESS, A_ID, TCP_ALL, PG_VERDICT_ALLOW, 3);
	world_rule(world, A_ID, PG_INGRESS, B_ID, TCP_ALL, PG_VERDICT_ALLOW, 4);
	abc_apply(world);
	assert_drops(sent(A, A_TO_B(f, TCP_ACK)));
	assert_passes(exchanged(B, A, B_TO_A(f, TCP_ACK)));
	assert_int_equal(world_counter("rule-4", PG_INGRESS, PG_VERDICT_ALLOW), 1);
	/* Now it is a flow of b's. */
	assert_passes(exchanged(A, B, A_TO_B(f, TCP_ACK)));
	abc_apply(world);
	assert_runs(f);
}

static void test_directions(void **state)
{
	with_both(state, directions);
}

static void of_host(struct world *world, const struct family *f)
{
	world->intent.host_policy = PG_HOST_POLICY_ALLOW;
	abc_apply(world);
	assert_passes(received(A, udp(f->host, 1, f->a, 2)));
	assert_passes(sent(A, udp(f->a, 2, f->host, 1)));
	world_rule(world, C_ID, PG_EGRESS, WORLD_ID, EVERY, PG_VERDICT_DENY, 3);
	abc_apply(world);
	assert_passes(sent(A, udp(f->a, 2, f->host, 1)));
	world->intent.host_policy = PG_HOST_POLICY_ENFORCE;
	abc_apply(world);
	assert_drops(sent(A, udp(f->a, 2, f->host, 1)));
}

static void test_host(void **state)
{
	with_both(state, of_host);
}

/* Both ways with who has no programs; and whose address becomes another's. */
static void of_others(struct world *world, const struct family *f)
{
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_rule(world, A_ID, PG_INGRESS, WORLD_ID, IPPROTO_UDP, 7, 7, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	assert_passes(sent(A, udp(f->a, 1, f->cidr, 2)));
	assert_passes(sent(A, udp(f->a, 1, f->cidr, 3)));
	assert_passes(received(A, udp(f->world, 6, f->a, 7)));
	begin_rules(world);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, IPPROTO_UDP, 3, 3, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_drops(received(A, udp(f->cidr, 2, f->a, 1)));
	assert_passes(received(A, udp(f->cidr, 3, f->a, 1)));
	assert_drops(sent(A, udp(f->a, 7, f->world, 6)));
	begin_rules(world);
	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_UDP, 3, 3, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_drops(received(A, udp(f->cidr, 3, f->a, 1)));
}

static void test_others(void **state)
{
	with_both(state, of_others);
}

static struct packet query(const struct family *f, const char *src, const char *dst, uint8_t type)
{
	struct packet packet = icmp(src, dst, type, 7);

	packet.proto = f->icmp;
	return packet;
}

/* Of a query it is the request's type that counts. */
static void of_queries(struct world *world, const struct family *f)
{
	uint8_t other = f->icmp == IPPROTO_ICMP ? 13 : 139;

	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, EVERY, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_passes(sent(A, query(f, f->a, f->cidr, f->echo)));
	assert_passes(sent(A, query(f, f->a, f->cidr, other)));
	begin_rules(world);
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, f->icmp, f->echo, f->echo, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_passes(received(A, query(f, f->cidr, f->a, f->echo_reply)));
	assert_drops(received(A, query(f, f->cidr, f->a, (uint8_t)(other + 1))));
	begin_rules(world);
	abc_apply(world);
	assert_drops(received(A, query(f, f->cidr, f->a, f->echo_reply)));
}

static void test_queries(void **state)
{
	with_both(state, of_queries);
}

static void errors(struct world *world, const struct family *f)
{
	struct packet about = udp(f->a, 1, f->cidr, 2);
	struct packet error = query(f, f->world, f->a, f->icmp == IPPROTO_ICMP ? 3 : 1);

	error.about = &about;
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, IPPROTO_UDP, 2, 2, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_passes(sent(A, about));
	assert_passes(received(A, error));
	world_rule(world, C_ID, PG_EGRESS, WORLD_ID, EVERY, PG_VERDICT_DENY, 3);
	abc_apply(world);
	assert_passes(received(A, error));
	begin_rules(world);
	abc_apply(world);
	assert_drops(received(A, error));
	assert_int_equal(count_flows(f), 0);
}

/* One about a flow that was cut is related to nothing. */
static void test_errors(void **state)
{
	with_both(state, errors);
}

static void unanswered(struct world *world, const struct family *f)
{
	allow_a_to_b(world);
	assert_passes(exchanged(A, B, A_TO_B(f, TCP_SYN)));
	begin_rules(world);
	abc_apply(world);
	assert_drops(sent(B, B_TO_A(f, TCP_SYN | TCP_ACK)));
	assert_drops(sent(A, A_TO_B(f, TCP_SYN)));
}

static void test_unanswered(void **state)
{
	with_both(state, unanswered);
}

/* What an endpoint sends to itself is nobody else's business. */
static void to_itself(struct world *world, const struct family *f)
{
	world_rule(world, A_ID, PG_EGRESS, A_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_rule(world, A_ID, PG_INGRESS, A_ID, EVERY, PG_VERDICT_ALLOW, 2);
	abc_apply(world);
	assert_passes(exchanged(A, A, udp(f->a, 1, f->a, 2)));
	begin_rules(world);
	abc_apply(world);
	assert_passes(exchanged(A, A, udp(f->a, 2, f->a, 1)));
}

static void test_to_itself(void **state)
{
	with_both(state, to_itself);
}

/* A datagram that has begun may end; the next one's first fragment is judged. */
static void fragments(struct world *world, const struct family *f)
{
	struct packet first = udp(f->a, 1, f->cidr, 2), later;

	if (f->icmp == IPPROTO_ICMPV6)
		make_fragment(&first, 7, 0, true);
	else
		first.fragment = 0x2000;
	later = first;
	later.fragment = 8;
	world_rule(world, A_ID, PG_EGRESS, CIDR_ID, EVERY, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	assert_passes(sent(A, first));
	assert_passes(sent(A, later));
	begin_rules(world);
	abc_apply(world);
	assert_passes(sent(A, later));
	assert_drops(sent(A, first));
}

static void test_fragments(void **state)
{
	with_both(state, fragments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_cut),	  abc_test(test_allowed_again), abc_test(test_keep),
		abc_test(test_status),	  abc_test(test_unconcerned),	abc_test(test_directions),
		abc_test(test_host),	  abc_test(test_others),	abc_test(test_queries),
		abc_test(test_errors),	  abc_test(test_unanswered),	abc_test(test_to_itself),
		abc_test(test_fragments), abc_test(test_cut_then_keep),
	};

	abc_enter();
	return cmocka_run_group_tests_name("ebpf revoke", tests, NULL, NULL);
}
