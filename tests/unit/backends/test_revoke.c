// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which flows go when a policy denies them: as the evaluator says, NAT or not, and in the kernel those
 * and no others; what becomes of expected flows; what is said where it can't be done.
 */
#include "tests/unit/backends/intent.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "backends/revoke.h"
#include "compat/netns.h"

#define SEED	      4217
#define UNIVERSES     20
#define KERNEL_WORLDS 12

/* What the kernel is made to say, or to find, at the functions that reach it. */
static struct {
	int probe, dump, delete;
	size_t dumps;
	void (*after_dump)(void);
} faults;

int __real_pg_ct_probe(struct pg_nfnl *nfnl);
int __real_pg_ct_dump(struct pg_nfnl *nfnl,
		      int (*callback)(const struct pg_ct_flow *flow, void *data), void *data);
int __real_pg_ct_delete(struct pg_nfnl *nfnl, const struct pg_ct_flow *flow);
int __wrap_pg_ct_probe(struct pg_nfnl *nfnl);
int __wrap_pg_ct_dump(struct pg_nfnl *nfnl,
		      int (*callback)(const struct pg_ct_flow *flow, void *data), void *data);
int __wrap_pg_ct_delete(struct pg_nfnl *nfnl, const struct pg_ct_flow *flow);

int __wrap_pg_ct_probe(struct pg_nfnl *nfnl)
{
	return faults.probe ? faults.probe : __real_pg_ct_probe(nfnl);
}

int __wrap_pg_ct_dump(struct pg_nfnl *nfnl,
		      int (*callback)(const struct pg_ct_flow *flow, void *data), void *data)
{
	int err = faults.dump ? faults.dump : __real_pg_ct_dump(nfnl, callback, data);

	faults.dumps++;
	if (faults.after_dump)
		faults.after_dump();
	return err;
}

/* Only of UDP. */
int __wrap_pg_ct_delete(struct pg_nfnl *nfnl, const struct pg_ct_flow *flow)
{
	return faults.delete &&flow->proto == IPPROTO_UDP ? faults.delete
							  : __real_pg_ct_delete(nfnl, flow);
}

static int home = -1;

static int enter_world(void **state)
{
	_cleanup_close_ int fd = -1;

	(void)state;
	memset(&faults, 0, sizeof(faults));
	if (pg_netns_new(&fd))
		return geteuid() ? 0 : -1;
	return pg_netns_enter(fd, &home);
}

static int leave_world(void **state)
{
	(void)state;
	pg_netns_leave(&home);
	return 0;
}
#define kernel_test(fn) cmocka_unit_test_setup_teardown(fn, enter_world, leave_world)

static void need_kernel(void)
{
	if (home >= 0)
		return;
	print_message("needs root\n");
	skip();
}

/* A flow from one to the other whose addresses and ports NAT changed, both. */
static struct pg_ct_flow flow_of(const struct pg_addr *src, const struct pg_addr *dst,
				 pg_proto proto, uint16_t dport)
{
	struct pg_ct_flow flow = {
		.family = src->family,
		.proto = proto.n,
		.original = { .sport = 40000, .dport = 8443, .icmp_type = (uint8_t)dport },
		.reply = { .sport = dport, .dport = 61000 },
	};

	memcpy(flow.original.src, src->bytes, sizeof(src->bytes));
	memcpy(flow.reply.src, dst->bytes, sizeof(dst->bytes));
	memset(flow.original.dst, 77, src->family == 4 ? 4 : 16);
	memset(flow.reply.dst, 99, src->family == 4 ? 4 : 16);
	return flow;
}

/* The evaluator's answer. HTTP is nobody's matter below L7. */
static bool is_denied(const struct universe *universe, enum pg_host_policy host_policy,
		      const struct pg_flow *flow)
{
	const struct pg_evaluation_options options = {
		.enforcement = universe->mode,
		.host_policy = host_policy,
	};
	struct pg_evaluation evaluation;

	assert_int_equal(
		pg_evaluate(&universe->policy, &universe->identities, flow, &options, &evaluation),
		0);
	return evaluation.verdict == PG_VERDICT_DENY;
}

static size_t answers[2];

static void check_flow(const struct universe *universe, enum pg_host_policy host_policy,
		       const struct pg_flow *flow)
{
	struct pg_intent intent = intent_of(universe);
	struct pg_ct_flow running =
		flow_of(&flow->src.addr, &flow->dst.addr, flow->proto, flow->dport);
	char src[PG_ADDR_TEXT_MAX], dst[PG_ADDR_TEXT_MAX];
	bool denied = is_denied(universe, host_policy, flow);

	intent.host_policy = host_policy;
	answers[denied]++;
	if (pg_revoke_is_denied(&intent, &running) != denied)
		fail_msg("seed %llu: %s to %s, protocol %u, port %u, host policy %s: denied is %d",
			 (unsigned long long)universe->seed, pg_addr_format(&flow->src.addr, src),
			 pg_addr_format(&flow->dst.addr, dst), flow->proto.n, flow->dport,
			 pg_host_policy_name(host_policy), denied);
}

static void check_pair(const struct universe *universe, const struct pg_party *src,
		       const struct pg_party *dst)
{
	const pg_proto protos[] = {
		PG_PROTO_TCP,  PG_PROTO_UDP,
		PG_PROTO_SCTP, src->addr.family == 4 ? PG_PROTO_ICMP : PG_PROTO_ICMPV6,
		{ 47 },
	};

	for (size_t i = 0; i < PG_COUNT(protos); i++) {
		pg_array_foreach(port, &universe->ports) {
			struct pg_flow flow = { *src, *dst, protos[i], *port, NULL };

			/* A type is one byte. */
			if (i == 3)
				flow.dport &= 0xff;
			check_flow(universe, PG_HOST_POLICY_ALLOW, &flow);
			check_flow(universe, PG_HOST_POLICY_ENFORCE, &flow);
		}
	}
}

static void test_flows_are_judged_as_the_evaluator_does(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < UNIVERSES; i++) {
		struct universe universe;

		intent_world(&universe, SEED + i);
		pg_array_foreach(src, &universe.parties) {
			pg_array_foreach(dst, &universe.parties) {
				if (src->addr.family == dst->addr.family)
					check_pair(&universe, src, dst);
			}
		}
		universe_done(&universe);
	}
	print_message("# %zu flows may go on, %zu not\n", answers[false], answers[true]);
	assert_true(answers[false] > 1000 && answers[true] > 1000);
}

static void put_tuple(struct nlmsghdr *message, uint16_t type, const struct pg_ct_flow *flow,
		      const struct pg_ct_tuple *tuple)
{
	bool v4 = flow->family == 4;
	size_t size = v4 ? 4 : 16;
	struct nlattr *nest = mnl_attr_nest_start(message, type), *inner;

	inner = mnl_attr_nest_start(message, CTA_TUPLE_IP);
	mnl_attr_put(message, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, size, tuple->src);
	mnl_attr_put(message, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, size, tuple->dst);
	mnl_attr_nest_end(message, inner);
	inner = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(message, CTA_PROTO_NUM, flow->proto);
	if (flow->proto == IPPROTO_ICMP || flow->proto == IPPROTO_ICMPV6) {
		mnl_attr_put_u16(message, v4 ? CTA_PROTO_ICMP_ID : CTA_PROTO_ICMPV6_ID,
				 htons(tuple->sport));
		mnl_attr_put_u8(message, v4 ? CTA_PROTO_ICMP_TYPE : CTA_PROTO_ICMPV6_TYPE,
				tuple->icmp_type);
		mnl_attr_put_u8(message, v4 ? CTA_PROTO_ICMP_CODE : CTA_PROTO_ICMPV6_CODE, 0);
	} else {
		mnl_attr_put_u16(message, CTA_PROTO_SRC_PORT, htons(tuple->sport));
		mnl_attr_put_u16(message, CTA_PROTO_DST_PORT, htons(tuple->dport));
	}
	mnl_attr_nest_end(message, inner);
	mnl_attr_nest_end(message, nest);
}

/* Makes the kernel believe that a flow runs. */
static void start_flow(const struct pg_ct_flow *flow, const struct pg_ct_flow *master)
{
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	char buffer[PG_NFNL_MESSAGE_MAX];
	struct nlmsghdr *message;

	assert_int_equal(pg_nfnl_open(&nfnl), 0);
	message = pg_nfnl_request(&nfnl, buffer, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW,
				  flow->family == 4 ? AF_INET : AF_INET6,
				  NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	put_tuple(message, CTA_TUPLE_ORIG, flow, &flow->original);
	put_tuple(message, CTA_TUPLE_REPLY, flow, &flow->reply);
	if (master)
		put_tuple(message, CTA_TUPLE_MASTER, master, &master->original);
	mnl_attr_put_u32(message, CTA_TIMEOUT, htonl(600));
	if (flow->zone)
		mnl_attr_put_u16(message, CTA_ZONE, flow->zone);
	assert_int_equal(pg_nfnl_talk(&nfnl, message, NULL, NULL), 0);
}

/* A flow that runs, and whether it may. */
struct running {
	struct pg_ct_flow flow;
	bool denied;
	unsigned int seen;
};

struct world {
	struct universe universe;
	struct pg_array(struct running) flows;
};

/* No two flows are the same to the kernel: each has a source port of its own, or an ICMP id. */
static void add_running(struct world *world, const struct pg_flow *flow)
{
	struct running *running = pg_array_add(&world->flows);
	uint16_t number = (uint16_t)world->flows.count;

	assert_non_null(running);
	running->denied = is_denied(&world->universe, PG_HOST_POLICY_ENFORCE, flow);
	running->flow = flow_of(&flow->src.addr, &flow->dst.addr, flow->proto, flow->dport);
	running->flow.original.sport = running->flow.reply.dport = number;
	running->flow.zone = number % 5 ? 0 : htons(7);
	if (flow->proto.n == IPPROTO_ICMP || flow->proto.n == IPPROTO_ICMPV6) {
		running->flow.reply.sport = number;
		running->flow.reply.icmp_type = flow->proto.n == IPPROTO_ICMP ? 0 : 129;
	}
	start_flow(&running->flow, NULL);
}

static void start_flows(struct world *world)
{
	static const pg_proto protos[] = { PG_PROTO_TCP, PG_PROTO_UDP, PG_PROTO_SCTP };

	pg_array_foreach(src, &world->universe.parties) {
		pg_array_foreach(dst, &world->universe.parties) {
			bool v4 = src->addr.family == 4;
			struct pg_flow flow = { *src, *dst, PG_PROTO_ICMP, 8, NULL };

			if (src->addr.family != dst->addr.family)
				continue;
			flow.proto = v4 ? PG_PROTO_ICMP : PG_PROTO_ICMPV6;
			flow.dport = v4 ? 8 : 128;
			add_running(world, &flow);
			flow.proto = protos[world->flows.count % PG_COUNT(protos)];
			flow.dport =
				world->universe.ports
					.items[world->flows.count % world->universe.ports.count];
			add_running(world, &flow);
		}
	}
}

static int find_running(const struct pg_ct_flow *flow, void *data)
{
	struct world *world = data;

	pg_array_foreach(running, &world->flows) {
		const struct pg_ct_flow *wanted = &running->flow;

		if (wanted->proto == flow->proto && wanted->zone == flow->zone &&
		    wanted->original.sport == flow->original.sport &&
		    wanted->reply.sport == flow->reply.sport &&
		    !memcmp(wanted->original.src, flow->original.src, 16) &&
		    !memcmp(wanted->reply.src, flow->reply.src, 16))
			running->seen++;
	}
	return 0;
}

static void look(struct world *world)
{
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };

	pg_array_foreach(running, &world->flows)
		running->seen = 0;
	assert_int_equal(pg_nfnl_open(&nfnl), 0);
	assert_int_equal(__real_pg_ct_dump(&nfnl, find_running, world), 0);
}

static size_t cut(const struct world *world)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_intent intent = intent_of(&world->universe);
	size_t count = SIZE_MAX;

	assert_int_equal(pg_revoke(&intent, &diags, &count), 0);
	assert_int_equal(diags.list.count, 0);
	return count;
}

static void world_done(struct world *world)
{
	universe_done(&world->universe);
	free(world->flows.items);
}

static void test_denied_flows_go_and_no_others(void **state)
{
	size_t gone = 0, stayed = 0;

	(void)state;
	need_kernel();
	for (uint64_t seed = SEED; seed < SEED + KERNEL_WORLDS; seed++) {
		PG_CLEANUP(world_done) struct world world = { 0 };
		size_t denied = 0;

		leave_world(NULL);
		assert_int_equal(enter_world(NULL), 0);
		intent_world(&world.universe, seed);
		start_flows(&world);
		look(&world);
		pg_array_foreach(running, &world.flows) {
			assert_int_equal(running->seen, 1);
			denied += running->denied;
		}
		assert_int_equal(cut(&world), denied);
		look(&world);
		pg_array_foreach(running, &world.flows)
			assert_int_equal(running->seen, !running->denied);
		assert_int_equal(cut(&world), 0);
		gone += denied;
		stayed += world.flows.count - denied;
	}
	print_message("# %zu flows were cut, %zu not\n", gone, stayed);
	assert_true(gone > 500 && stayed > 500);
}

/* app1 takes port 21 from app2 and nothing else; app3 is open. */
static void make_ftp(struct world *world)
{
	struct universe *universe = &world->universe;
	struct pg_rule *rule;
	struct pg_entry *entry;

	*world = (struct world){ 0 };
	build_endpoint(&universe->endpoints, "app1", "10.0.0.2", "k8s:app=one")->ipv6 =
		build_addr("fd00::2");
	build_endpoint(&universe->endpoints, "app2", "10.0.0.3", "k8s:app=two");
	build_endpoint(&universe->endpoints, "app3", "10.0.0.4", "k8s:app=three");
	rule = build_rule(&universe->policy, "app=one", true);
	rule->default_deny[PG_EGRESS] = false;
	entry = build_entry(rule, PG_INGRESS);
	build_peer(entry, "app=two");
	build_ports(entry, PG_PROTO_TCP, 21, 21);
	intent_resolve(universe);
}

/* To app1; the flow is not translated. */
static struct pg_ct_flow to_app1(const char *from, pg_proto proto, uint16_t dport)
{
	struct pg_addr src = build_addr(from), dst = build_addr("10.0.0.2");
	struct pg_ct_flow flow = flow_of(&src, &dst, proto, dport);

	memcpy(flow.original.dst, dst.bytes, sizeof(dst.bytes));
	memcpy(flow.reply.dst, src.bytes, sizeof(src.bytes));
	flow.original.dport = dport;
	flow.reply.dport = flow.original.sport;
	return flow;
}

static void add_known(struct world *world, const struct pg_ct_flow *flow)
{
	struct running *running = pg_array_add(&world->flows);

	assert_non_null(running);
	running->flow = *flow;
}

/* As that of a connection to 127.0.0.1 where a port is published. */
static void test_the_host_by_its_loopback_addresses(void **state)
{
	PG_CLEANUP(world_done) struct world world;
	struct pg_addr src = build_addr("::1"), dst = build_addr("fd00::2");
	struct pg_ct_flow v4 = to_app1("127.0.0.1", PG_PROTO_TCP, 80);
	struct pg_ct_flow v6 = flow_of(&src, &dst, PG_PROTO_TCP, 80);
	struct pg_ct_flow other = to_app1("126.0.0.1", PG_PROTO_TCP, 80);
	struct pg_intent intent;

	(void)state;
	make_ftp(&world);
	intent = intent_of(&world.universe);
	intent.host_policy = PG_HOST_POLICY_ALLOW;
	assert_false(pg_revoke_is_denied(&intent, &v4));
	assert_false(pg_revoke_is_denied(&intent, &v6));
	assert_true(pg_revoke_is_denied(&intent, &other));
	intent.host_policy = PG_HOST_POLICY_ENFORCE;
	assert_true(pg_revoke_is_denied(&intent, &v4));
	assert_true(pg_revoke_is_denied(&intent, &v6));
}

static void test_expected_flows_go_with_what_they_were_expected_by(void **state)
{
	PG_CLEANUP(world_done) struct world world;
	struct pg_ct_flow control = to_app1("10.0.0.3", PG_PROTO_TCP, 21);
	struct pg_ct_flow data = to_app1("10.0.0.3", PG_PROTO_TCP, 5000);
	struct pg_ct_flow more = to_app1("10.0.0.3", PG_PROTO_TCP, 5001);
	struct pg_ct_flow denied_control = to_app1("10.0.0.4", PG_PROTO_TCP, 21);
	struct pg_ct_flow denied_data = to_app1("10.0.0.4", PG_PROTO_TCP, 5000);

	(void)state;
	need_kernel();
	make_ftp(&world);
	start_flow(&control, NULL);
	start_flow(&data, &control);
	start_flow(&more, &data);
	start_flow(&denied_control, NULL);
	start_flow(&denied_data, &denied_control);
	add_known(&world, &control);
	add_known(&world, &data);
	add_known(&world, &more);
	add_known(&world, &denied_control);
	add_known(&world, &denied_data);
	assert_int_equal(cut(&world), 2);
	look(&world);
	for (size_t i = 0; i < world.flows.count; i++)
		assert_int_equal(world.flows.items[i].seen, i < 3);
}

static int forget(const struct pg_ct_flow *flow, void *data)
{
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	const uint16_t *port = data;

	if (flow->reply.sport != *port)
		return 0;
	assert_int_equal(pg_nfnl_open(&nfnl), 0);
	assert_int_equal(__real_pg_ct_delete(&nfnl, flow), 0);
	return 0;
}

static void test_expected_flows_of_one_that_ended_go(void **state)
{
	PG_CLEANUP(world_done) struct world world;
	struct pg_ct_flow control = to_app1("10.0.0.3", PG_PROTO_TCP, 21);
	struct pg_ct_flow data = to_app1("10.0.0.3", PG_PROTO_TCP, 5000);
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	uint16_t port = 21;

	(void)state;
	need_kernel();
	make_ftp(&world);
	start_flow(&control, NULL);
	start_flow(&data, &control);
	assert_int_equal(pg_nfnl_open(&nfnl), 0);
	assert_int_equal(__real_pg_ct_dump(&nfnl, forget, &port), 0);
	assert_int_equal(cut(&world), 1);
}

/* One more denied flow each time, from other ports. */
static void start_another(void)
{
	struct pg_ct_flow flow = to_app1("10.0.0.4", PG_PROTO_TCP, (uint16_t)(80 + faults.dumps));

	start_flow(&flow, NULL);
}

static void start_another_once(void)
{
	if (faults.dumps == 1)
		start_another();
}

static void test_flows_that_appear_meanwhile_go_too(void **state)
{
	PG_CLEANUP(world_done) struct world world;
	struct pg_ct_flow flow = to_app1("10.0.0.4", PG_PROTO_TCP, 80);

	(void)state;
	need_kernel();
	make_ftp(&world);
	start_flow(&flow, NULL);
	faults.after_dump = start_another_once;
	assert_int_equal(cut(&world), 2);
	assert_int_equal(faults.dumps, 3);
}

static void test_it_comes_to_an_end(void **state)
{
	PG_CLEANUP(world_done) struct world world;

	(void)state;
	need_kernel();
	make_ftp(&world);
	faults.dumps = 0;
	start_another();
	faults.after_dump = start_another;
	assert_int_equal(cut(&world), 3);
	assert_int_equal(faults.dumps, 3);
}

/* What pg_revoke() says when it fails; the caller frees it. */
static char *fail_to_revoke(const struct world *world, int wanted)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_intent intent = intent_of(&world->universe);
	size_t count;

	assert_int_equal(pg_revoke(&intent, &diags, &count), wanted);
	assert_int_equal(diags.errors, 1);
	return strdup(diags.list.items[0].text);
}

static void test_one_that_stays_does_not_keep_the_others(void **state)
{
	PG_CLEANUP(world_done) struct world world;
	struct pg_ct_flow stays = to_app1("10.0.0.4", PG_PROTO_UDP, 53);
	struct pg_ct_flow goes = to_app1("10.0.0.4", PG_PROTO_TCP, 80);
	_cleanup_free_ char *text = NULL;

	(void)state;
	need_kernel();
	make_ftp(&world);
	start_flow(&stays, NULL);
	start_flow(&goes, NULL);
	add_known(&world, &stays);
	add_known(&world, &goes);
	faults.delete = -EBUSY;
	text = fail_to_revoke(&world, -EBUSY);
	assert_string_equal(text, "the policy is enforced, but running flows that it denies may go "
				  "on: cannot forget 1 of them: device or resource busy");
	look(&world);
	assert_int_equal(world.flows.items[0].seen, 1);
	assert_int_equal(world.flows.items[1].seen, 0);
}

static void test_flows_that_cannot_be_listed(void **state)
{
	PG_CLEANUP(world_done) struct world world;
	_cleanup_free_ char *text = NULL;

	(void)state;
	need_kernel();
	make_ftp(&world);
	faults.dump = -ENOBUFS;
	text = fail_to_revoke(&world, -ENOBUFS);
	assert_string_equal(text, "the policy is enforced, but running flows that it denies may go "
				  "on: cannot look for them: no buffer space available");
}

/* A dump that says so each time is no whole one. */
static void test_a_dump_that_is_interrupted_again_and_again(void **state)
{
	PG_CLEANUP(world_done) struct world world;
	_cleanup_free_ char *text = NULL;

	(void)state;
	need_kernel();
	make_ftp(&world);
	faults.dump = -EINTR;
	text = fail_to_revoke(&world, -EINTR);
	assert_int_equal(faults.dumps, 3);
}

static void test_a_kernel_without_ctnetlink_is_refused(void **state)
{
	PG_CLEANUP(world_done) struct world world;
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_intent intent;

	(void)state;
	need_kernel();
	make_ftp(&world);
	intent = intent_of(&world.universe);
	assert_int_equal(pg_revoke_check(&intent, &diags), 0);
	faults.probe = -EOPNOTSUPP;
	assert_int_equal(pg_revoke_check(&intent, &diags), -EOPNOTSUPP);
	assert_int_equal(diags.errors, 1);
	assert_string_equal(
		diags.list.items[0].text,
		"this kernel lets nobody look at running flows, so those that the "
		"policy denies can't be cut; load it: modprobe nf_conntrack_netlink; or "
		"let them end: --on-revoke=keep");
	intent.on_revoke = PG_ON_REVOKE_KEEP;
	assert_int_equal(pg_revoke_check(&intent, &diags), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows_are_judged_as_the_evaluator_does),
		cmocka_unit_test(test_the_host_by_its_loopback_addresses),
		kernel_test(test_denied_flows_go_and_no_others),
		kernel_test(test_expected_flows_go_with_what_they_were_expected_by),
		kernel_test(test_expected_flows_of_one_that_ended_go),
		kernel_test(test_flows_that_appear_meanwhile_go_too),
		kernel_test(test_it_comes_to_an_end),
		kernel_test(test_one_that_stays_does_not_keep_the_others),
		kernel_test(test_flows_that_cannot_be_listed),
		kernel_test(test_a_dump_that_is_interrupted_again_and_again),
		kernel_test(test_a_kernel_without_ctnetlink_is_refused),
	};

	return cmocka_run_group_tests_name("revoke", tests, NULL, NULL);
}
