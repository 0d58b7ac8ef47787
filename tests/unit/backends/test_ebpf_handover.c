// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which flows of the short way are put into the kernel's connection tracking when enforcement by eBPF
 * ends, and as what: each that must be beside one that must not.
 */
#include "tests/unit/backends/ebpf_abc.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <time.h>

#include "compat/conntrack.h"

#define SECOND 1000000000ull

static struct pg_map_flow running(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (struct pg_map_flow){
		.seen = (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec,
		.generation = 1,
		.way = PG_ABI_WAY_SHORT,
		.local = 3,
		.replied = 1,
	};
}

/* a is 10.0.0.2 or fd00::2 and its side the first, as its address is the smaller one. */
static void add_flow(uint8_t family, uint8_t proto, uint16_t a_port, uint16_t b_port,
		     struct pg_map_flow flow)
{
	struct pg_map_flow_key key = { .proto = proto, .port = { a_port, b_port } };
	_cleanup_pins_ struct pg_pins pins;

	world_pins(&pins);
	inet_pton(family == 6 ? AF_INET6 : AF_INET, family == 6 ? A_IP6 : A_IP,
		  family == 6 ? (void *)key.addr6[0] : (void *)&key.addr4[0]);
	inet_pton(family == 6 ? AF_INET6 : AF_INET, family == 6 ? B_IP6 : B_IP,
		  family == 6 ? (void *)key.addr6[1] : (void *)&key.addr4[1]);
	assert_int_equal(bpf_map_update_elem(pins.maps[family == 6 ? PG_MAP_FLOWS6 : PG_MAP_FLOWS4],
					     &key, &flow, BPF_ANY),
			 0);
}

/* What conntrack knows, as "4 tcp 10.0.0.2:1000 > 10.0.0.3:80 established", sorted by port. */
struct listing {
	struct pg_strbuf lines[65536 / 1000];
};

static int list_flow(const struct pg_ct_flow *flow, void *data)
{
	struct listing *listing = data;
	uint16_t port = PG_MAX(flow->original.sport, flow->original.dport);
	struct pg_strbuf *line = &listing->lines[port / 1000];
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	int family = flow->family == 6 ? AF_INET6 : AF_INET;

	inet_ntop(family, flow->original.src, src, sizeof(src));
	inet_ntop(family, flow->original.dst, dst, sizeof(dst));
	pg_strbuf_printf(line, "%u %s:%u > %s:%u%s%s\n", flow->proto, src, flow->original.sport,
			 dst, flow->original.dport, flow->replied ? " replied" : "",
			 flow->tcp_state == TCP_CONNTRACK_ESTABLISHED ? " established" : "");
	return 0;
}

static void assert_known(const char *expected)
{
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	struct listing listing = { 0 };

	pg_strbuf_puts(&text, "");
	assert_int_equal(pg_nfnl_open(&nfnl), 0);
	assert_int_equal(pg_ct_dump(&nfnl, list_flow, &listing), 0);
	for (size_t i = 0; i < PG_COUNT(listing.lines); i++) {
		if (listing.lines[i].text)
			pg_strbuf_puts(&text, listing.lines[i].text);
		pg_strbuf_done(&listing.lines[i]);
	}
	assert_string_equal(text.text ? text.text : "", expected);
}

static int forget(const struct pg_ct_flow *flow, void *data)
{
	assert_int_equal(pg_ct_delete(data, flow), 0);
	return 0;
}

/* The tests share a namespace. */
static struct world *begin(void **state)
{
	struct world *world = abc_begin(state);
	_cleanup_nfnl_ struct pg_nfnl dump = { 0 }, requests = { 0 };

	assert_int_equal(pg_nfnl_open(&dump), 0);
	assert_int_equal(pg_nfnl_open(&requests), 0);
	if (pg_ct_probe(&requests) == -EOPNOTSUPP)
		skip();
	assert_int_equal(pg_ct_dump(&dump, forget, &requests), 0);
	abc_add_ipv6(world);
	world_rule(world, A_ID, PG_EGRESS, ANY_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_rule(world, B_ID, PG_INGRESS, ANY_ID, EVERY, PG_VERDICT_ALLOW, 1);
	abc_apply(world);
	return world;
}

static void test_running(void **state)
{
	struct pg_map_flow from_b = running(), half_closed = running();

	begin(state);
	from_b.initiator = 1;
	half_closed.ended = PG_ABI_ENDED_FIN(0);
	add_flow(4, IPPROTO_TCP, 1000, 80, running());
	add_flow(4, IPPROTO_TCP, 2000, 80, from_b);
	add_flow(4, IPPROTO_TCP, 3000, 80, half_closed);
	add_flow(4, IPPROTO_UDP, 4000, 53, running());
	add_flow(4, 47, 0, 0, running());
	add_flow(6, IPPROTO_TCP, 5000, 80, running());
	add_flow(6, IPPROTO_UDP, 6000, 53, from_b);
	assert_known("");
	world_clear();
	assert_known("47 10.0.0.2:0 > 10.0.0.3:0 replied\n"
		     "6 10.0.0.2:1000 > 10.0.0.3:80 replied established\n"
		     "6 10.0.0.3:80 > 10.0.0.2:2000 replied established\n"
		     "6 10.0.0.2:3000 > 10.0.0.3:80 replied established\n"
		     "17 10.0.0.2:4000 > 10.0.0.3:53 replied\n"
		     "6 fd00::2:5000 > fd00::3:80 replied established\n"
		     "17 fd00::3:53 > fd00::2:6000 replied\n");
}

static void test_not_running(void **state)
{
	struct pg_map_flow stack = running(), unknown = running(), reset = running(),
			   closed = running(), idle = running();

	begin(state);
	/* No flow is idle for longer than the machine is up. */
	if (idle.seen <= (PG_ABI_IDLE_UDP + 1) * SECOND)
		skip();
	stack.way = PG_ABI_WAY_STACK;
	unknown.way = PG_ABI_WAY_UNKNOWN;
	reset.ended = PG_ABI_ENDED_RESET;
	closed.ended = PG_ABI_ENDED_FINS;
	idle.seen -= (PG_ABI_IDLE_UDP + 1) * SECOND;
	add_flow(4, IPPROTO_TCP, 1000, 80, stack);
	add_flow(4, IPPROTO_TCP, 2000, 80, unknown);
	add_flow(4, IPPROTO_TCP, 3000, 80, reset);
	add_flow(4, IPPROTO_TCP, 4000, 80, closed);
	add_flow(4, IPPROTO_UDP, 5000, 53, idle);
	add_flow(4, IPPROTO_TCP, 6000, 80, idle);
	add_flow(4, IPPROTO_ICMP, 7000, 7000, running());
	add_flow(4, IPPROTO_SCTP, 8000, 80, running());
	world_clear();
	assert_known("6 10.0.0.2:6000 > 10.0.0.3:80 replied established\n");
}

/* What is known in the other direction stays what it is, one flow. */
static void test_known_already(void **state)
{
	struct pg_ct_flow flow = { .family = 4, .proto = IPPROTO_TCP };
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };

	begin(state);
	inet_pton(AF_INET, B_IP, flow.original.src);
	inet_pton(AF_INET, A_IP, flow.original.dst);
	inet_pton(AF_INET, A_IP, flow.reply.src);
	inet_pton(AF_INET, B_IP, flow.reply.dst);
	flow.original.sport = flow.reply.dport = 80;
	flow.original.dport = flow.reply.sport = 1000;
	assert_int_equal(pg_nfnl_open(&nfnl), 0);
	assert_int_equal(pg_ct_establish(&nfnl, &flow, 100), 0);
	add_flow(4, IPPROTO_TCP, 1000, 80, running());
	world_clear();
	assert_known("6 10.0.0.3:80 > 10.0.0.2:1000 replied established\n");
}

/* A flow that a later policy denies has ended, though none of its packets came since. */
static void test_revoked(void **state)
{
	struct world *world = begin(state);
	struct pg_map_flow later = running();

	world_rule(world, B_ID, PG_INGRESS, ANY_ID, IPPROTO_TCP, 80, 80, PG_VERDICT_DENY, 2);
	world_rule(world, A_ID, PG_EGRESS, ANY_ID, IPPROTO_UDP, 53, 53, PG_VERDICT_DENY, 3);
	abc_apply(world);
	later.generation = 2;
	add_flow(4, IPPROTO_TCP, 1000, 80, running());
	add_flow(4, IPPROTO_TCP, 2000, 81, running());
	add_flow(4, IPPROTO_UDP, 3000, 53, running());
	add_flow(4, IPPROTO_UDP, 4000, 54, running());
	add_flow(4, IPPROTO_TCP, 5000, 80, later);
	world_clear();
	assert_known("6 10.0.0.2:2000 > 10.0.0.3:81 replied established\n"
		     "17 10.0.0.2:4000 > 10.0.0.3:54 replied\n"
		     "6 10.0.0.2:5000 > 10.0.0.3:80 replied established\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_running),
		abc_test(test_not_running),
		abc_test(test_known_already),
		abc_test(test_revoked),
	};

	abc_enter();
	return cmocka_run_group_tests_name("ebpf handover", tests, NULL, NULL);
}
