// SPDX-License-Identifier: GPL-2.0-only
/* The uplink's programs: where they are put, by which way, and that they go. */
#include "tests/unit/backends/ebpf_abc.h"

static void make_links(void)
{
	if (system("ip link add up0 type veth peer name up1 && ip link add br0 type bridge && "
		   "ip link add port0 type veth peer name port1 && ip link set port0 master br0"))
		fail_msg("cannot make links");
}

static void apply_by(struct world *world, const char *attach)
{
	struct pg_backend_handle *handle = world_open(attach);
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(pg_backend_ebpf.check(handle, &world->intent, &diags), 0);
	assert_int_equal(world_apply(handle, world, &diags), 0);
	assert_int_equal(world_changes(handle, world), 0);
	pg_backend_ebpf.close(handle);
}

static bool has_programs(const char *name)
{
	uint32_t ifindex = if_nametoindex(name);
	bool from = world_is_attached(ifindex, PG_EGRESS);

	assert_int_equal(world_is_attached(ifindex, PG_INGRESS), from);
	return from;
}

/* It comes, moves, is what it is while nobody says otherwise, and goes. */
static void come_and_go(struct world *world, const char *attach)
{
	world_finish(world);
	world->intent.uplink = "up0";
	apply_by(world, attach);
	assert_true(has_programs("up0"));
	assert_string_equal(world_status().uplink, "up0");
	assert_string_equal(world_status().attached, "3 interfaces");
	world->intent.uplink = "up1";
	apply_by(world, attach);
	assert_false(has_programs("up0"));
	assert_true(has_programs("up1"));
	world->intent.uplink = NULL;
	apply_by(world, attach);
	assert_false(has_programs("up1"));
	assert_string_equal(world_status().uplink, "");
	world->intent.uplink = "up0";
	apply_by(world, attach);
	world_clear();
	assert_false(has_programs("up0"));
	assert_int_equal(access(WORLD_BPFFS "/polgen", F_OK), -1);
}

static void test_tcx(void **state)
{
	struct world *world = abc_begin(state);

	if (!world_has_tcx())
		skip();
	come_and_go(world, "tcx");
}

static void test_clsact(void **state)
{
	struct world *world = abc_begin(state);

	come_and_go(world, "clsact");
	if (system("! tc qdisc show | grep -q clsact"))
		fail_msg("a qdisc is left");
}

/* Somebody took it away, or there is another one of that name. */
static void test_missing(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_handle *handle;

	world_finish(world);
	world->intent.uplink = "up0";
	apply_by(world, NULL);
	if (system("ip link delete up0 && ip link add up0 type veth peer name up1"))
		fail_msg("cannot make it anew");
	handle = world_open(NULL);
	assert_int_equal(world_changes(handle, world), 1);
	pg_backend_ebpf.close(handle);
	apply_by(world, NULL);
	assert_true(has_programs("up0"));
}

static void assert_refused(struct world *world, const char *name, const char *why)
{
	struct pg_backend_handle *handle = world_open(NULL);
	_cleanup_diags_ struct pg_diags diags = { 0 };

	world->intent.uplink = name;
	assert_int_equal(pg_backend_ebpf.check(handle, &world->intent, &diags), -ENODEV);
	world_says(&diags, why);
	pg_backend_ebpf.close(handle);
}

static void test_refused(void **state)
{
	struct world *world = abc_begin(state);

	world_finish(world);
	assert_refused(world, "nosuch0",
		       "'nosuch0' can't be the uplink: there is no such interface");
	assert_refused(world, "no\nsuch", "'no\\nsuch' can't be the uplink");
	assert_refused(world, "a-name-that-no-interface-has", "there is no such interface");
	assert_refused(world, "va", "it is an endpoint's interface");
	assert_refused(world, "br0", "it is a bridge");
	assert_refused(world, "port0", "it is a port of another interface");
	assert_refused(world, "lo", "it isn't Ethernet");
	world->intent.uplink = "up0";
	apply_by(world, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_tcx),
		abc_test(test_clsact),
		abc_test(test_missing),
		abc_test(test_refused),
	};

	abc_enter();
	if (!geteuid())
		make_links();
	return cmocka_run_group_tests_name("ebpf uplink", tests, NULL, NULL);
}
