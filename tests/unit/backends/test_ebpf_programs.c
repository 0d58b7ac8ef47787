// SPDX-License-Identifier: GPL-2.0-only
/* Both programs, branch by branch, on packets made by hand. */
#include "tests/unit/backends/ebpf_packet.h"

static bool can_run;
static uint32_t veth[4];

/*
 * a (256) and b (257) are closed in both directions, c (258) is open. 10.1.0.0/16 is a CIDR of the
 * policy, 10.9.0.1 the host.
 */
static void make_world(struct world *world)
{
	world_init(world);
	world_endpoint(world, "a", "va", "10.0.0.2", 256);
	world_endpoint(world, "b", "vb", "10.0.0.3", 257);
	world_endpoint(world, "c", "vc", "10.0.0.4", 258);
	world_address(world, "10.9.0.1/32", 1);
	world_address(world, "10.1.0.0/16", 1 << 24 | 1);
	world_subject(world, 256, true, true);
	world_subject(world, 257, true, true);
	world_subject(world, 258, false, false);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	*state = world;
	if (!can_run)
		return 0;
	make_world(world);
	return 0;
}

static int teardown(void **state)
{
	if (can_run) {
		world_clear();
		world_done(*state);
	}
	free(*state);
	return 0;
}

static struct world *begin(void **state)
{
	if (!can_run)
		skip();
	return *state;
}

static void apply(struct world *world)
{
	world_finish(world);
	world_apply_ok(world);
}

static int sent(uint32_t from, const struct packet *packet)
{
	return run_packet(PG_EGRESS, veth[from], packet);
}

static int received(uint32_t by, const struct packet *packet)
{
	return run_packet(PG_INGRESS, veth[by], packet);
}

enum { A, B, C };

static void test_default_deny(void **state)
{
	struct world *world = begin(state);
	struct packet a_to_b = tcp("10.0.0.2", 1000, "10.0.0.3", 80, TCP_SYN);
	struct packet c_to_world = udp("10.0.0.4", 1000, "8.8.8.8", 53);

	apply(world);
	assert_int_equal(sent(A, &a_to_b), DROP);
	assert_int_equal(received(B, &a_to_b), DROP);
	assert_int_equal(sent(C, &c_to_world), PASS);
	assert_int_equal(world_counter("default-deny", PG_EGRESS, PG_VERDICT_DENY), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_default_deny, setup, teardown),
	};

	can_run = world_enter();
	if (can_run) {
		veth[A] = world_veth("va", 0);
		veth[B] = world_veth("vb", 70000);
		veth[C] = world_veth("vc", 0);
	}
	return cmocka_run_group_tests_name("ebpf programs", tests, NULL, NULL);
}
