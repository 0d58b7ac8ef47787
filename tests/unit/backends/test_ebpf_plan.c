// SPDX-License-Identifier: GPL-2.0-only
/* What needs no kernel: plans, their text, values with two halves, what libbpf says. */
#include "tests/unit/backends/ebpf_world.h"

#include <bpf/libbpf.h>
#include <netinet/in.h>

#include "backends/ebpf/generation.h"
#include "backends/ebpf/log.h"

static struct pg_backend_handle *open_without_kernel(void)
{
	struct pg_backend_options options = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_handle *handle = NULL;

	assert_int_equal(pg_backend_ebpf.open(&options, false, &diags, &handle), 0);
	return handle;
}

static char *rendered(const struct world *world, enum pg_render_form form)
{
	struct pg_backend_handle *handle = open_without_kernel();
	_cleanup_objects_ struct pg_objects objects = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	assert_int_equal(pg_backend_ebpf.plan(handle, &world->intent, &diags, &objects), 0);
	assert_int_equal(pg_backend_ebpf.render(handle, &objects, form, &buf), 0);
	pg_backend_ebpf.close(handle);
	return pg_strbuf_take(&buf);
}

static void make_shop(struct world *world)
{
	world_init(world);
	world_endpoint(world, "db", "veth2", "10.0.0.3", 300);
	world_endpoint(world, "web", NULL, "10.0.0.2", 256);
	world_ipv6(world, 0, "fd00::3");
	world_address(world, "10.9.0.0/16", 1 << 24 | 1);
	world_address(world, "fd00:9::/32", 1 << 24 | 2);
	world_address(world, "10.0.0.1", 1);
	world_subject(world, 256, false, true);
	world_subject(world, 300, true, true);
	world_rule(world, 256, PG_INGRESS, 0, IPPROTO_TCP, 80, 80, PG_VERDICT_ALLOW, 1);
	world_rule(world, 256, PG_INGRESS, 2, IPPROTO_UDP, 1000, 1005, PG_VERDICT_DENY, 2);
	world_rule(world, 300, PG_INGRESS, 256, IPPROTO_SCTP, 0, 65535, PG_VERDICT_ALLOW, 3);
	world_rule(world, 300, PG_EGRESS, 1, 0, 0, 65535, PG_VERDICT_ALLOW, 4);
	world_rule(world, 300, PG_EGRESS, 1 << 24 | 1, IPPROTO_ICMP, 8, 8, PG_VERDICT_ALLOW, 5);
	world_rule(world, 300, PG_EGRESS, 1 << 24 | 2, IPPROTO_ICMPV6, 128, 128, PG_VERDICT_ALLOW,
		   6);
	world_finish(world);
	memset(world->intent.digest, 0xab, sizeof(world->intent.digest));
}

#define AB8 "abababababababab"

static void test_text(void **state)
{
	_cleanup_world_ struct world world;
	_cleanup_free_ char *text = NULL;

	(void)state;
	make_shop(&world);
	text = rendered(&world, PG_RENDER_NATIVE);
	assert_string_equal(
		text,
		"address 10.0.0.1/32 identity=1\n"
		"address 10.0.0.2/32 identity=256\n"
		"address 10.0.0.3/32 identity=300 local\n"
		"address 10.9.0.0/16 identity=16777217\n"
		"address fd00::3/128 identity=300 local\n"
		"address fd00:9::/32 identity=16777218\n"
		"endpoint web identity=256 ipv4=10.0.0.2\n"
		"endpoint veth2 identity=300 ipv4=10.0.0.3 ipv6=fd00::3\n"
		"meta abi=3 host-policy=enforce on-revoke=cut same-host=redirect digest=" AB8 AB8
			AB8 AB8 "\n"
		"policy subject=256 ingress peer=any tcp/80 allow rule=rule-1\n"
		"policy subject=256 ingress peer=2 udp/1000-1003 deny rule=rule-2\n"
		"policy subject=256 ingress peer=2 udp/1004-1005 deny rule=rule-2\n"
		"policy subject=300 egress peer=1 every allow rule=rule-4\n"
		"policy subject=300 egress peer=16777217 icmp/8 allow rule=rule-5\n"
		"policy subject=300 egress peer=16777218 icmpv6/128 allow rule=rule-6\n"
		"policy subject=300 ingress peer=256 sctp allow rule=rule-3\n"
		"subject identity=256 egress=open ingress=closed\n"
		"subject identity=300 egress=closed ingress=closed\n");
}

static void test_json(void **state)
{
	_cleanup_world_ struct world world;
	_cleanup_free_ char *text = NULL;

	(void)state;
	world_init(&world);
	world_endpoint(&world, "we\"b", NULL, "10.0.0.2", 256);
	world_subject(&world, 256, false, true);
	world_rule(&world, 256, PG_INGRESS, 0, IPPROTO_TCP, 80, 81, PG_VERDICT_ALLOW, 1);
	world_rule(&world, 256, PG_INGRESS, 0, IPPROTO_ICMPV6, 128, 128, PG_VERDICT_ALLOW, 2);
	world_finish(&world);
	memset(world.intent.digest, 0xab, sizeof(world.intent.digest));
	text = rendered(&world, PG_RENDER_JSON);
	assert_string_equal(
		text,
		"[\n"
		"  {\"map\": \"address\", \"prefix\": \"10.0.0.2/32\", \"identity\": 256, "
		"\"local\": false},\n"
		"  {\"map\": \"endpoint\", \"name\": \"we\\\"b\", \"identity\": 256, "
		"\"ipv4\": \"10.0.0.2\"},\n"
		"  {\"map\": \"meta\", \"abi\": 3, \"host-policy\": \"enforce\", \"on-revoke\": \"cut\", \"same-host\": \"redirect\", \"digest\": \"" AB8
			AB8 AB8 AB8 "\"},\n"
		"  {\"map\": \"policy\", \"subject\": 256, \"direction\": \"ingress\", "
		"\"peer\": \"any\", \"proto\": \"tcp\", \"port\": \"80-81\", \"verdict\": \"allow\", "
		"\"rule\": \"rule-1\"},\n"
		"  {\"map\": \"policy\", \"subject\": 256, \"direction\": \"ingress\", "
		"\"peer\": \"any\", \"proto\": \"icmpv6\", \"type\": 128, \"verdict\": \"allow\", "
		"\"rule\": \"rule-2\"},\n"
		"  {\"map\": \"subject\", \"identity\": 256, \"egress\": \"open\", \"ingress\": "
		"\"closed\"}\n"
		"]\n");
}

static void test_nothing_is_an_empty_list(void **state)
{
	struct pg_backend_handle *handle = open_without_kernel();
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };
	struct pg_objects none = { 0 };

	(void)state;
	assert_int_equal(pg_backend_ebpf.render(handle, &none, PG_RENDER_JSON, &buf), 0);
	assert_string_equal(buf.text, "[]\n");
	pg_backend_ebpf.close(handle);
}

/* Objects are what they were written as, and of one key each. */
static void test_entries_read_back(void **state)
{
	struct pg_backend_handle *handle = open_without_kernel();
	_cleanup_objects_ struct pg_objects objects = { 0 }, copies = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };
	_cleanup_world_ struct world world;

	(void)state;
	make_shop(&world);
	assert_int_equal(pg_backend_ebpf.plan(handle, &world.intent, &diags, &objects), 0);
	pg_array_foreach(object, &objects.list) {
		struct pg_map_entry entry;

		assert_int_equal(pg_map_entry_read(object, &entry), 0);
		assert_int_equal(pg_map_entry_add(&copies, &entry, object->origin), 0);
	}
	assert_int_equal(pg_objects_sort(&copies), 0);
	assert_int_equal(pg_diff_make(&objects, &copies, &diff), 0);
	assert_int_equal(diff.changes.count, 0);
	assert_int_equal(diff.kept, objects.list.count);
	pg_backend_ebpf.close(handle);
}

static void test_foreign_objects_are_refused(void **state)
{
	static const char *const keys[] = { "", "x", "p", "sabc", "a4" };
	struct pg_map_entry entry;

	(void)state;
	for (size_t i = 0; i < PG_COUNT(keys); i++) {
		struct pg_object object = { .key = keys[i],
					    .key_length = (uint32_t)strlen(keys[i]),
					    .value = "" };

		assert_int_equal(pg_map_entry_read(&object, &entry), -EINVAL);
	}
}

static void plan_fails(const struct world *world, const char *text)
{
	struct pg_backend_handle *handle = open_without_kernel();
	_cleanup_objects_ struct pg_objects objects = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(pg_backend_ebpf.plan(handle, &world->intent, &diags, &objects), -EINVAL);
	world_says(&diags, text);
	pg_backend_ebpf.close(handle);
}

static void test_two_endpoints_of_one_interface(void **state)
{
	_cleanup_world_ struct world world;

	(void)state;
	world_init(&world);
	world_endpoint(&world, "a", "veth1", "10.0.0.2", 256);
	world_endpoint(&world, "b", "veth1", "10.0.0.3", 256);
	world_finish(&world);
	plan_fails(&world, "two endpoints have interface 'veth1'");
}

static void test_a_long_interface_name(void **state)
{
	_cleanup_world_ struct world world;

	(void)state;
	world_init(&world);
	world_endpoint(&world, "a", "veth567890123456", "10.0.0.2", 256);
	world_finish(&world);
	plan_fails(&world, "interface name 'veth567890123456' is longer than 15 bytes");
}

/* Values of 4 bytes; 0 is absent. */
static bool is_zero(const void *half)
{
	uint32_t number;

	memcpy(&number, half, sizeof(number));
	return !number;
}

static const struct pg_halves numbers = { sizeof(uint32_t), is_zero };

struct number {
	uint32_t generation, new, old;
};

static uint32_t counting(const struct number *value, uint32_t generation)
{
	uint32_t number;

	memcpy(&number, pg_halves_counting(&numbers, value, generation), sizeof(number));
	return number;
}

static void test_which_half_counts(void **state)
{
	struct number value;
	uint32_t seven = 7, nine = 9;

	(void)state;
	assert_int_equal(pg_halves_value_size(&numbers), sizeof(value));
	pg_halves_write(&numbers, &value, 5, &seven, &nine);
	assert_int_equal(counting(&value, 4), 9);
	assert_int_equal(counting(&value, 5), 7);
	assert_int_equal(counting(&value, 6), 7);
}

static void test_settling(void **state)
{
	struct number value = { 5, 7, 9 };

	(void)state;
	assert_int_equal(pg_halves_settle(&numbers, &value, 5), PG_SETTLED);
	assert_int_equal(pg_halves_settle(&numbers, &value, 4), PG_SETTLE_REWRITE);
	assert_int_equal(counting(&value, 4), 9);
	assert_int_equal(counting(&value, 5), 9);
	assert_int_equal(pg_halves_settle(&numbers, &value, 4), PG_SETTLED);
	/* Came with generation 5, left with it. */
	value = (struct number){ 5, 7, 0 };
	assert_int_equal(pg_halves_settle(&numbers, &value, 4), PG_SETTLE_DELETE);
	value = (struct number){ 5, 0, 9 };
	assert_int_equal(pg_halves_settle(&numbers, &value, 5), PG_SETTLE_DELETE);
	assert_int_equal(pg_halves_settle(&numbers, &value, 4), PG_SETTLE_REWRITE);
}

/* What libbpf has to say comes as notes, the end of it, and never on the terminal. */
static void test_what_libbpf_says(void **state)
{
	_cleanup_diags_ struct pg_diags diags = { 0 };
	static const char garbage[64] = "not an object";

	(void)state;
	pg_bpf_log_init();
	pg_bpf_log_report(&diags);
	assert_int_equal(diags.list.count, 0);
	assert_null(bpf_object__open_mem(garbage, sizeof(garbage), NULL));
	pg_bpf_log_report(&diags);
	assert_true(diags.list.count > 0);
	world_says(&diags, "libbpf: ");
	pg_diags_done(&diags);
	pg_bpf_log_report(&diags);
	assert_int_equal(diags.list.count, 0);
	for (int i = 0; i < 300; i++)
		bpf_object__open_mem(garbage, sizeof(garbage), NULL);
	pg_bpf_log_report(&diags);
	assert_int_equal(diags.list.count, 12);
	pg_array_foreach(diag, &diags.list)
		assert_int_equal(diag->severity, PG_NOTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_nothing_is_an_empty_list),
		cmocka_unit_test(test_entries_read_back),
		cmocka_unit_test(test_foreign_objects_are_refused),
		cmocka_unit_test(test_two_endpoints_of_one_interface),
		cmocka_unit_test(test_a_long_interface_name),
		cmocka_unit_test(test_which_half_counts),
		cmocka_unit_test(test_settling),
		cmocka_unit_test(test_what_libbpf_says),
	};

	return cmocka_run_group_tests_name("ebpf plan", tests, NULL, NULL);
}
