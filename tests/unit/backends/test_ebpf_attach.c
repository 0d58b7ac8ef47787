// SPDX-License-Identifier: GPL-2.0-only
/* Both ways to attach, beside programs, filters and qdiscs of somebody else's. */
#include "tests/unit/backends/ebpf_abc.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "backends/ebpf/clsact.h"

static void shell(const char *command)
{
	if (system(command))
		fail_msg("failed: %s", command);
}

/* A filter that lets everything pass. */
#define ANOTHERS "protocol ip bpf bytecode '1,6 0 0 4294967295' classid 1:1"

static void apply_by(struct world *world, const char *attach)
{
	world_finish(world);
	world_apply_by(world, attach);
}

static void assert_flavour(const char *flavour, const char *attached)
{
	struct pg_backend_handle *handle = world_open(NULL);
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_status status;

	assert_int_equal(pg_backend_ebpf.status(handle, &diags, &status), 0);
	assert_string_equal(status.flavour, flavour);
	assert_string_equal(status.attached, attached);
	pg_backend_ebpf.close(handle);
}

static struct world *begin_with_tcx(void **state)
{
	struct world *world = abc_begin(state);

	if (!world_has_tcx())
		skip();
	return world;
}

static void assert_with_tcx(struct world *world)
{
	apply_by(world, "tcx");
	assert_flavour("tcx", "3 interfaces");
	assert_int_equal(world_links(abc_ifindex(B)), 2);
	shell("! tc qdisc show dev vb | grep -q clsact");
	world_clear();
	assert_int_equal(world_links(abc_ifindex(B)), 0);
}

/* Where the kernel lacks TCX, it is said; asked for nothing, the other way is taken. */
static void assert_without_tcx(struct world *world)
{
	struct pg_backend_handle *handle;
	_cleanup_diags_ struct pg_diags diags = { 0 };

	handle = world_open("tcx");
	world_finish(world);
	assert_int_equal(world_apply(handle, world, &diags), -EOPNOTSUPP);
	world_says(&diags, "can't have TCX links: the kernel lacks them");
	assert_int_equal(access(WORLD_BPFFS "/polgen", F_OK), -1);
	pg_backend_ebpf.close(handle);
	apply_by(world, NULL);
	assert_flavour("clsact", "3 interfaces");
}

static void test_tcx(void **state)
{
	struct world *world = abc_begin(state);

	if (world_has_tcx())
		assert_with_tcx(world);
	else
		assert_without_tcx(world);
}

static void test_clsact(void **state)
{
	struct world *world = abc_begin(state);

	apply_by(world, "clsact");
	assert_flavour("clsact", "3 interfaces");
	assert_int_equal(world_links(abc_ifindex(B)), 0);
	shell("tc filter show dev vb ingress | grep -q from_container");
	shell("tc filter show dev vb egress | grep -q to_container");
	world_clear();
	shell("! tc qdisc show | grep -q clsact");
}

/* Asked for nothing, what is attached stays as it is. */
static void test_attached_is_attached(void **state)
{
	struct world *world = begin_with_tcx(state);
	struct pg_backend_handle *handle;

	apply_by(world, "clsact");
	handle = world_open(NULL);
	assert_int_equal(world_changes(handle, world), 0);
	pg_backend_ebpf.close(handle);
	/* What is new is attached as the kernel can. */
	world_veth("vd", 0);
	world_endpoint(world, "d", "vd", "10.0.0.5", C_ID);
	apply_by(world, NULL);
	assert_flavour("tcx, clsact", "4 interfaces");
	world_delete_link(if_nametoindex("vd"));
}

/* Asked for the other way, it is taken, and the first one given up. */
static void test_attached_by_the_other_way(void **state)
{
	struct world *world = begin_with_tcx(state);
	struct pg_backend_handle *handle;

	apply_by(world, "clsact");
	handle = world_open("tcx");
	assert_int_equal(world_changes(handle, world), 3);
	pg_backend_ebpf.close(handle);
	apply_by(world, "tcx");
	assert_flavour("tcx", "3 interfaces");
	assert_int_equal(world_links(abc_ifindex(B)), 2);
	shell("! tc qdisc show | grep -q clsact");
	assert_drops(sent(A, tcp(A_IP, 1000, B_IP, 80, TCP_SYN)));
	assert_int_equal(world_counter("default-deny", PG_EGRESS, PG_VERDICT_DENY), 1);

	apply_by(world, "clsact");
	assert_flavour("clsact", "3 interfaces");
	assert_int_equal(world_links(abc_ifindex(B)), 0);
	assert_true(pg_clsact_program(abc_ifindex(B), true) > 0);
	assert_true(pg_clsact_program(abc_ifindex(B), false) > 0);
}

/* A TCX link as an apply makes it. */
static void link_by_hand(const struct pg_backend_handle *handle, const struct pg_pins *pins,
			 uint32_t ifindex, enum pg_direction direction)
{
	bool egress = direction == PG_EGRESS;
	char path[PG_BPFFS_PATH];
	int link = bpf_link_create(pins->programs[direction], (int)ifindex, egress ? 46 : 47, NULL);

	assert_true(link >= 0);
	pg_bpffs_path(path, "%s/links/%u-%s", handle->directory, ifindex, egress ? "in" : "out");
	assert_int_equal(bpf_obj_pin(link, path), 0);
	close(link);
}

/* Killed in between, both are there; the next apply settles it. */
static void test_attached_by_both_ways(void **state)
{
	struct world *world = begin_with_tcx(state);
	uint32_t ifindex = abc_ifindex(A);
	struct pg_backend_handle *handle;
	_cleanup_pins_ struct pg_pins pins;

	apply_by(world, "clsact");
	handle = world_open(NULL);
	world_pins(&pins);
	link_by_hand(handle, &pins, ifindex, PG_EGRESS);
	link_by_hand(handle, &pins, ifindex, PG_INGRESS);
	assert_int_equal(world_links(ifindex), 2);
	assert_int_equal(world_changes(handle, world), 1);
	pg_backend_ebpf.close(handle);
	apply_by(world, NULL);
	assert_int_equal(world_links(ifindex), 2);
	assert_int_equal(pg_clsact_program(ifindex, true), 0);
	assert_flavour("tcx, clsact", "3 interfaces");
}

static void test_anothers_qdisc_stays(void **state)
{
	struct world *world = abc_begin(state);

	shell("tc qdisc add dev va clsact");
	apply_by(world, "clsact");
	world_clear();
	shell("tc qdisc show dev va | grep -q clsact");
	shell("! tc qdisc show dev vb | grep -q clsact");
	shell("tc qdisc del dev va clsact");
}

static void test_anothers_filter_stays(void **state)
{
	struct world *world = abc_begin(state);

	apply_by(world, "clsact");
	shell("tc filter add dev va egress prio 7 " ANOTHERS);
	world_clear();
	shell("tc filter show dev va egress | grep -q bytecode");
	shell("! tc filter show dev va ingress | grep -q .");
	shell("tc qdisc del dev va clsact");
}

/* Somebody else has taken our filter away, or put another in its place. */
static void test_a_filter_that_was_taken_away(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_handle *handle;

	apply_by(world, "clsact");
	shell("tc qdisc del dev va clsact");
	handle = world_open("clsact");
	assert_int_equal(world_changes(handle, world), 1);
	pg_backend_ebpf.close(handle);
	apply_by(world, "clsact");
	assert_true(pg_clsact_program(abc_ifindex(A), true) > 0);
	world_clear();
	shell("! tc qdisc show | grep -q clsact");
}

static void test_a_link_that_was_taken_away(void **state)
{
	struct world *world = begin_with_tcx(state);
	struct pg_backend_handle *handle = world_open("tcx");
	char path[PG_BPFFS_PATH];
	int link;

	apply_by(world, "tcx");
	pg_bpffs_path(path, "%s/links/%u-in", handle->directory, abc_ifindex(A));
	link = bpf_obj_get(path);
	assert_true(link >= 0);
	assert_int_equal(bpf_link_detach(link), 0);
	close(link);
	assert_int_equal(world_links(abc_ifindex(A)), 1);
	assert_int_equal(world_changes(handle, world), 1);
	apply_by(world, "tcx");
	assert_int_equal(world_links(abc_ifindex(A)), 2);
	pg_backend_ebpf.close(handle);
}

/* One interface can't be had: nothing is changed on any. */
static void test_attaching_fails(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_handle *handle;
	_cleanup_diags_ struct pg_diags diags = { 0 };

	/* Filters of one priority are of one protocol. */
	shell("tc qdisc add dev vb clsact");
	shell("tc filter add dev vb ingress prio 1 " ANOTHERS);
	handle = world_open("clsact");
	world_finish(world);
	assert_true(world_apply(handle, world, &diags) < 0);
	world_says(&diags, "cannot attach to interface 'vb' of endpoint 'b'");
	assert_int_equal(access(WORLD_BPFFS "/polgen", F_OK), -1);
	shell("! tc qdisc show dev va | grep -q clsact");
	/* The same when there is something to go back to. */
	shell("tc qdisc del dev vb clsact");
	apply_by(world, "clsact");
	world_veth("vd", 0);
	shell("tc qdisc add dev vd clsact");
	shell("tc filter add dev vd ingress prio 1 " ANOTHERS);
	world_endpoint(world, "d", "vd", "10.0.0.5", C_ID);
	world_rule(world, A_ID, PG_EGRESS, ANY_ID, EVERY, PG_VERDICT_ALLOW, 1);
	world_finish(world);
	assert_true(world_apply(handle, world, &diags) < 0);
	assert_drops(sent(A, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
	assert_flavour("clsact", "3 interfaces");
	shell("tc filter show dev vd ingress | grep -q bytecode");
	pg_backend_ebpf.close(handle);
	world_delete_link(if_nametoindex("vd"));
}

/* A program that lets everything pass, and that no other gets to see then. */
static int load_pass(void)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "others", "GPL", insns, PG_COUNT(insns),
			     NULL);
}

static void test_first_of_all_programs(void **state)
{
	struct world *world = begin_with_tcx(state);
	_cleanup_close_ int program = load_pass(), link = -1;
	struct bpf_prog_info info = { 0 };
	uint32_t length = sizeof(info), ids[4] = { 0 }, count = PG_COUNT(ids);

	assert_true(program >= 0);
	link = bpf_link_create(program, (int)abc_ifindex(A), 46, NULL);
	assert_true(link >= 0);
	apply_by(world, "tcx");
	assert_int_equal(bpf_prog_query((int)abc_ifindex(A), 46, 0, NULL, ids, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(bpf_obj_get_info_by_fd(program, &info, &length), 0);
	assert_int_equal(ids[1], info.id);
	world_clear();
	assert_int_equal(world_links(abc_ifindex(A)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_tcx),
		abc_test(test_clsact),
		abc_test(test_attached_is_attached),
		abc_test(test_attached_by_the_other_way),
		abc_test(test_attached_by_both_ways),
		abc_test(test_anothers_qdisc_stays),
		abc_test(test_anothers_filter_stays),
		abc_test(test_a_filter_that_was_taken_away),
		abc_test(test_a_link_that_was_taken_away),
		abc_test(test_attaching_fails),
		abc_test(test_first_of_all_programs),
	};

	abc_enter();
	return cmocka_run_group_tests_name("ebpf attach", tests, NULL, NULL);
}
