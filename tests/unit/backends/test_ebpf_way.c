// SPDX-License-Identifier: GPL-2.0-only
/* Which endpoints may take the short way, and that a change of that is seen and put right. */
#include "tests/unit/backends/ebpf_abc.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "compat/netns.h"
#include "compat/rtnl.h"

#define D_IP "10.0.0.5"

static void shell(const char *command)
{
	if (system(command))
		fail_msg("failed: %s", command);
}

/* An interface goes with its namespace, and that with its last descriptor. */
static int elsewhere = -1;

/* vd is as a container's interface: its other end is elsewhere. va, vb and vc have theirs here. */
static struct world *begin(void **state)
{
	struct world *world = abc_begin(state);
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	struct pg_rtnl_end near = { .name = "vd", .netns = -1 }, far = { .name = "eth0" };

	if (if_nametoindex("vd"))
		world_delete_link(if_nametoindex("vd"));
	if (elsewhere < 0)
		assert_int_equal(pg_netns_new(&elsewhere), 0);
	far.netns = elsewhere;
	assert_int_equal(pg_rtnl_new(&rtnl), 0);
	pg_rtnl_add_veth(rtnl, &near, &far);
	assert_int_equal(pg_rtnl_commit(rtnl), 0);
	world_endpoint(world, "d", "vd", D_IP, C_ID);
	world->intent.same_host = PG_SAME_HOST_REDIRECT;
	world_finish(world);
	return world;
}

static void assert_status(const char *text)
{
	struct pg_backend_handle *handle = world_open(NULL);
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_status status;

	assert_int_equal(pg_backend_ebpf.status(handle, &diags, &status), 0);
	assert_string_equal(status.same_host, text);
	pg_backend_ebpf.close(handle);
}

/* What vd's entry says. */
static void assert_entry(uint16_t flags, uint16_t mtu)
{
	_cleanup_pins_ struct pg_pins pins;
	struct pg_map_endpoint value;
	uint32_t ifindex = if_nametoindex("vd");

	world_pins(&pins);
	assert_int_equal(bpf_map_lookup_elem(pins.maps[PG_MAP_ENDPOINTS], &ifindex, &value), 0);
	assert_int_equal(value.new.flags, flags);
	assert_int_equal(value.new.mtu, mtu);
}

#define OTHERS_HERE " (va: its other end is in this network namespace)"

static void test_asked_for(void **state)
{
	struct world *world = begin(state);

	world_apply_by(world, NULL);
	assert_status("redirect, 1 of 4 interfaces" OTHERS_HERE);
	assert_entry(PG_ABI_ENDPOINT_SHORT, 1500);
}

static void test_not_asked_for(void **state)
{
	struct world *world = begin(state);

	world->intent.same_host = PG_SAME_HOST_STACK;
	world_apply_by(world, NULL);
	assert_status("stack");
	assert_entry(0, 0);
	/* The option is the policy's: all entries change with it. */
	world->intent.same_host = PG_SAME_HOST_REDIRECT;
	assert_int_equal(world_left(world), 5);
	world_apply_by(world, NULL);
	assert_entry(PG_ABI_ENDPOINT_SHORT, 1500);
}

/* Filters of ours are no obstacle. */
static void test_by_clsact(void **state)
{
	struct world *world = begin(state);

	world_apply_by(world, "clsact");
	assert_status("redirect, 1 of 4 interfaces" OTHERS_HERE);
}

static void test_mtu(void **state)
{
	struct world *world = begin(state);

	world_apply_by(world, NULL);
	shell("ip link set vd mtu 1400");
	assert_int_equal(world_left(world), 1);
	world_apply_by(world, NULL);
	assert_entry(PG_ABI_ENDPOINT_SHORT, 1400);
}

/* Something comes into the way, and goes. */
static void obstruct(struct world *world, const char *add, const char *remove)
{
	world_apply_by(world, NULL);
	shell(add);
	assert_int_equal(world_left(world), 1);
	world_apply_by(world, NULL);
	assert_entry(0, 1500);
	shell(remove);
	assert_int_equal(world_left(world), 1);
	world_apply_by(world, NULL);
	assert_entry(PG_ABI_ENDPOINT_SHORT, 1500);
}

static void test_qdisc(void **state)
{
	obstruct(begin(state), "tc qdisc add dev vd root pfifo limit 10",
		 "tc qdisc del dev vd root");
}

#define ANOTHERS "protocol ip bpf bytecode '1,6 0 0 4294967295' classid 1:1"
/* Without TCX it is there already, with filters of ours. */
#define CLSACT "(tc qdisc show dev vd | grep -q clsact || tc qdisc add dev vd clsact)"

static void test_filter(void **state)
{
	struct world *world = begin(state);

	obstruct(world, CLSACT " && tc filter add dev vd egress prio 7 " ANOTHERS,
		 "tc filter del dev vd egress prio 7");
	obstruct(world, "tc filter add dev vd ingress prio 7 " ANOTHERS,
		 "tc filter del dev vd ingress prio 7");
}

static int load_pass(void)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "others", "GPL", insns, PG_COUNT(insns),
			     NULL);
}

static void test_program(void **state)
{
	struct world *world = begin(state);
	_cleanup_close_ int program = load_pass();

	if (!world_has_tcx())
		skip();
	assert_true(program >= 0);
	for (int hook = 46; hook <= 47; hook++) {
		int link;

		world_apply_by(world, NULL);
		assert_entry(PG_ABI_ENDPOINT_SHORT, 1500);
		link = bpf_link_create(program, (int)if_nametoindex("vd"), hook, NULL);
		assert_true(link >= 0);
		assert_int_equal(world_left(world), 1);
		world_apply_by(world, NULL);
		assert_entry(0, 1500);
		assert_int_equal(bpf_link_detach(link), 0);
		close(link);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_asked_for), abc_test(test_not_asked_for), abc_test(test_by_clsact),
		abc_test(test_mtu),	  abc_test(test_qdisc),		abc_test(test_filter),
		abc_test(test_program),
	};

	abc_enter();
	return cmocka_run_group_tests_name("ebpf way", tests, NULL, NULL);
}
