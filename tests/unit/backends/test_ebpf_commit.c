// SPDX-License-Identifier: GPL-2.0-only
/* Commits: what is read back, what changes cost, and that a commit which fails changes nothing. */
#include "tests/unit/backends/ebpf_abc.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "compat/rtnl.h"

static size_t entries_of(const char *directory)
{
	DIR *opened = opendir(directory);
	struct dirent *entry;
	size_t count = 0;

	if (!opened)
		return 0;
	while ((entry = readdir(opened)))
		count += entry->d_name[0] != '.';
	closedir(opened);
	return count;
}

static void assert_nothing_left(void)
{
	assert_int_equal(access(WORLD_BPFFS "/polgen", F_OK), -1);
}

/* Tries to apply; the error must be this one and say so. */
static void apply_fails(const struct world *world, int wanted, const char *text)
{
	struct pg_backend_handle *handle = world_open(NULL);
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(world_apply(handle, world, &diags), wanted);
	assert_true(diags.errors > 0);
	world_says(&diags, text);
	pg_backend_ebpf.close(handle);
}

static void allow(struct world *world, uint16_t port, uint32_t rule)
{
	world_rule(world, A_ID, PG_EGRESS, WORLD_ID, IPPROTO_TCP, port, port, PG_VERDICT_ALLOW,
		   rule);
}

static void forget_rules(struct world *world)
{
	world->table.entries.count = 0;
}

static void test_status(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_status now = world_status();

	assert_false(now.enforcing);
	assert_int_equal(now.generation, 0);
	allow(world, 80, 1);
	abc_apply(world);
	now = world_status();
	assert_true(now.enforcing);
	assert_string_equal(now.flavour, world_has_tcx() ? "tcx" : "clsact");
	assert_string_equal(now.layout, "identity-maps");
	assert_string_equal(now.attached, "3 interfaces");
	assert_memory_equal(now.digest, world->intent.digest, 32);
	assert_int_equal(now.generation, 1);
	/* meta, 3 endpoints, 5 addresses, 3 subjects, 1 class */
	assert_int_equal(now.objects, 13);
}

static void test_changes_cost_what_changes(void **state)
{
	struct world *world = abc_begin(state);

	allow(world, 80, 1);
	abc_apply(world);
	forget_rules(world);
	allow(world, 80, 1);
	allow(world, 81, 2);
	world_finish(world);
	/* the class and the digest */
	assert_int_equal(world_left(world), 2);
	world_apply_ok(world);
	assert_passes(sent(A, tcp(A_IP, 1, WORLD_IP, 81, TCP_SYN)));
	/* A replica of b: its address and its interface. */
	world_veth("vb2", 0);
	world_endpoint(world, "b2", "vb2", "10.0.0.5", B_ID);
	world_finish(world);
	assert_int_equal(world_left(world), 2);
	world_apply_ok(world);
	assert_int_equal(world_status().generation, 3);
	assert_string_equal(world_status().attached, "4 interfaces");
	world_delete_link(if_nametoindex("vb2"));
}

static void test_entries_that_go(void **state)
{
	struct world *world = abc_begin(state);
	_cleanup_pins_ struct pg_pins pins;
	uint32_t key, next;

	allow(world, 80, 1);
	allow(world, 82, 2);
	world_address(world, "10.1.2.0/24", CIDR_ID + 1);
	abc_apply(world);
	assert_passes(sent(A, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
	assert_passes(sent(A, tcp(A_IP, 1, WORLD_IP, 82, TCP_SYN)));
	forget_rules(world);
	allow(world, 82, 2);
	world->identities.addresses.items[0] = world->identities.addresses.items[5];
	world->identities.addresses.count = 5;
	abc_apply(world);
	world_pins(&pins);
	/* The rule's slot and counter are gone; those of the other stay. */
	key = 2;
	assert_int_equal(bpf_map_delete_elem(pins.maps[PG_MAP_RULES], &key), -ENOENT);
	assert_int_equal(bpf_map_delete_elem(pins.maps[PG_MAP_COUNTERS], &key), -ENOENT);
	key = 3;
	assert_int_equal(bpf_map_delete_elem(pins.maps[PG_MAP_RULES], &key), 0);
	assert_int_equal(bpf_map_delete_elem(pins.maps[PG_MAP_COUNTERS], &key), 0);
	assert_int_equal(bpf_map_get_next_key(pins.maps[PG_MAP_COUNTERS], NULL, &next), -ENOENT);
}

static void test_counters_stay_with_their_rules(void **state)
{
	struct world *world = abc_begin(state);

	allow(world, 80, 1);
	abc_apply(world);
	assert_passes(sent(A, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
	allow(world, 81, 2);
	abc_apply(world);
	assert_passes(sent(A, tcp(A_IP, 2, WORLD_IP, 81, TCP_SYN)));
	assert_int_equal(world_counter("rule-1", PG_EGRESS, PG_VERDICT_ALLOW), 1);
	assert_int_equal(world_counter("rule-2", PG_EGRESS, PG_VERDICT_ALLOW), 1);
	/* A rule that goes and comes again begins at 0. */
	forget_rules(world);
	allow(world, 81, 2);
	abc_apply(world);
	allow(world, 80, 3);
	abc_apply(world);
	assert_int_equal(world_counter("rule-1", PG_EGRESS, PG_VERDICT_ALLOW), 0);
	assert_int_equal(world_counter("rule-2", PG_EGRESS, PG_VERDICT_ALLOW), 1);
	assert_int_equal(world_counter("rule-3", PG_EGRESS, PG_VERDICT_ALLOW), 0);
}

static void test_an_endpoint_that_leaves(void **state)
{
	struct world *world = abc_begin(state);
	struct packet packet = tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN);
	struct pg_endpoint last;

	abc_apply(world);
	assert_drops(sent(A, packet));
	/* a is the first of the three. */
	pg_endpoint_done(&world->endpoints.list.items[0]);
	last = world->endpoints.list.items[2];
	world->endpoints.list.items[0] = last;
	world->endpoints.list.count = 2;
	world->identities.endpoint_ids.items[0] = world->identities.endpoint_ids.items[2];
	world->identities.endpoint_ids.count = 2;
	abc_apply(world);
	assert_string_equal(world_status().attached, "2 interfaces");
	/* Its entry is gone: were the program still there, it would know nothing of the interface. */
	assert_drops(sent(A, packet));
	assert_int_equal(world_counter("unknown-interface", PG_EGRESS, PG_VERDICT_DENY), 1);
}

static void test_an_interface_that_is_gone(void **state)
{
	struct world *world = abc_begin(state);

	world_endpoint(world, "ghost", "veth-ghost", "10.0.0.9", B_ID);
	world_finish(world);
	apply_fails(world, -ENODEV, "interface 'veth-ghost' of endpoint 'ghost' is gone");
	assert_nothing_left();
}

static void test_an_interface_that_is_gone_later(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_handle *handle;
	_cleanup_diags_ struct pg_diags diags = { 0 };

	allow(world, 80, 1);
	abc_apply(world);
	world_endpoint(world, "ghost", "veth-ghost", "10.0.0.9", B_ID);
	forget_rules(world);
	world_finish(world);
	apply_fails(world, -ENODEV, "interface 'veth-ghost' of endpoint 'ghost' is gone");
	assert_passes(sent(A, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
	assert_int_equal(world_status().generation, 1);
	handle = world_open(NULL);
	assert_int_equal(pg_backend_ebpf.check(handle, &world->intent, &diags), -ENODEV);
	world_says(&diags, "endpoint 'ghost' has the interface 'veth-ghost', which is gone");
	pg_backend_ebpf.close(handle);
}

/* The name is there, but it is another interface than the one that was listed. */
static void test_an_interface_that_was_replaced(void **state)
{
	struct world *world = abc_begin(state);

	world->endpoints.list.items[0].ifindex = abc_ifindex(B);
	world_finish(world);
	apply_fails(world, -ENODEV, "interface 'va' of endpoint 'a' is gone");
	assert_nothing_left();
}

/* The container was started again: its interface has the same name and is another one. */
static void test_an_interface_that_came_again(void **state)
{
	struct world *world = abc_begin(state);
	struct packet packet = tcp("10.0.0.9", 1, WORLD_IP, 80, TCP_SYN);
	uint32_t first, second;

	first = world_veth("again", 0);
	world_endpoint(world, "again", "again", "10.0.0.9", B_ID);
	abc_apply(world);
	assert_int_equal(run_packet(PG_EGRESS, first, &packet), DROP);
	world_delete_link(first);
	assert_int_equal(world_left(world), 1);
	apply_fails(world, -ENODEV, "is gone");
	second = world_veth("again", first + 100);
	assert_int_equal(world_left(world), 1);
	world_apply_ok(world);
	assert_int_equal(run_packet(PG_EGRESS, second, &packet), DROP);
	assert_int_equal(world_counter("default-deny", PG_EGRESS, PG_VERDICT_DENY), 2);
	assert_string_equal(world_status().attached, "4 interfaces");
	world_delete_link(second);
}

static void rename_link(const char *from, const char *to)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "ip link set %s down && ip link set %s name %s && "
		 "ip link set %s up",
		 from, from, to, to);
	assert_int_equal(system(command), 0);
}

/* Two interfaces swap their names: each index is another endpoint's now. */
static void test_interfaces_that_swap_names(void **state)
{
	struct world *world = abc_begin(state);

	allow(world, 80, 1);
	abc_apply(world);
	rename_link("va", "vx");
	rename_link("vb", "va");
	rename_link("vx", "vb");
	assert_int_equal(world_left(world), 2);
	world_apply_ok(world);
	assert_passes(sent(B, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
	assert_drops(sent(A, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
	assert_string_equal(world_status().attached, "3 interfaces");
	rename_link("va", "vx");
	rename_link("vb", "va");
	rename_link("vx", "vb");
}

static void test_an_endpoint_without_interface(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_handle *handle;
	_cleanup_diags_ struct pg_diags diags = { 0 };

	world_endpoint(world, "far", NULL, "10.0.0.9", B_ID);
	world_finish(world);
	handle = world_open(NULL);
	assert_int_equal(pg_backend_ebpf.check(handle, &world->intent, &diags), -ENODEV);
	world_says(&diags, "endpoint 'far' has no known interface");
	pg_backend_ebpf.close(handle);
	apply_fails(world, -ENODEV, "interface '/far' of endpoint");
	assert_nothing_left();
}

static void test_a_policy_that_does_not_fit(void **state)
{
	struct world *world = abc_begin(state);
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

	allow(world, 80, 1);
	abc_apply(world);
	for (size_t i = 0; i < 3 * PG_COUNT(protocols); i++) {
		for (uint32_t port = 1; port < 65536; port += 2)
			world_rule(world, i < 6 ? A_ID : B_ID, i < 3 ? PG_INGRESS : PG_EGRESS,
				   CIDR_ID, protocols[i % 3], (uint16_t)port, (uint16_t)port,
				   PG_VERDICT_ALLOW, 2);
	}
	world_finish(world);
	apply_fails(world, -E2BIG, "map 'pg_policy' was made for 262144 entries");
	assert_passes(sent(A, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
	assert_drops(sent(A, tcp(A_IP, 1, CIDR_IP, 81, TCP_SYN)));
	assert_int_equal(world_status().generation, 1);
	/* Made anew, as by way of another backend, they are large enough. */
	world_clear();
	world_apply_ok(world);
	assert_passes(sent(A, tcp(A_IP, 1, CIDR_IP, 81, TCP_SYN)));
}

static void test_another_version(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_handle *handle;
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_pins_ struct pg_pins pins;
	struct pg_backend_status unused;

	abc_apply(world);
	world_pins(&pins);
	pins.meta->abi = PG_ABI_VERSION + 1;
	apply_fails(world, -EPROTO, "'polgen clear' takes it down");
	handle = world_open(NULL);
	assert_int_equal(pg_backend_ebpf.status(handle, &diags, &unused), -EPROTO);
	pg_backend_ebpf.close(handle);
	/* Nothing was touched. */
	pins.meta->abi = PG_ABI_VERSION;
	assert_drops(sent(A, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
	assert_int_equal(world_left(world), 0);
	pins.meta->abi = PG_ABI_VERSION + 1;
	world_clear();
	assert_nothing_left();
}

static void test_a_missing_pin(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_handle *handle;
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_status unused;
	char path[sizeof(handle->directory) + 16];

	abc_apply(world);
	handle = world_open(NULL);
	assert_int_equal(pg_backend_ebpf.status(handle, &diags, &unused), 0);
	assert_int_equal(diags.list.count, 0);
	snprintf(path, sizeof(path), "%s/pg_policy", handle->directory);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(pg_backend_ebpf.status(handle, &diags, &unused), 0);
	assert_non_null(strstr(diags.list.items[0].text, "is incomplete: programs may go on"));
	pg_backend_ebpf.close(handle);
	world_apply_ok(world);
	assert_true(world_status().enforcing);
	assert_drops(sent(A, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
}

/* The namespace whose state this was is gone, its inode number is ours now. */
static void test_another_namespace(void **state)
{
	struct world *world = abc_begin(state);
	_cleanup_pins_ struct pg_pins pins;

	abc_apply(world);
	world_pins(&pins);
	if (!pins.meta->netns_cookie)
		skip();
	pins.meta->netns_cookie++;
	assert_false(world_status().enforcing);
	assert_int_equal(pg_pins_generation(&pins), 1);
	world_apply_ok(world);
	assert_int_equal(world_status().generation, 1);
}

static void test_clear(void **state)
{
	struct world *world = abc_begin(state);
	char path[PG_BPFFS_PATH];
	struct stat self;

	world_clear();
	abc_apply(world);
	assert_int_equal(entries_of(WORLD_BPFFS "/polgen"), 1);
	assert_true(world_is_attached(abc_ifindex(A), PG_EGRESS));
	assert_true(world_is_attached(abc_ifindex(A), PG_INGRESS));
	world_clear();
	assert_nothing_left();
	assert_false(world_is_attached(abc_ifindex(A), PG_EGRESS));
	assert_false(world_is_attached(abc_ifindex(A), PG_INGRESS));
	/* What a process left that was killed while it made the state. */
	assert_int_equal(stat("/proc/thread-self/ns/net", &self), 0);
	pg_bpffs_path(path, WORLD_BPFFS "/polgen/%lu-new/links", (unsigned long)self.st_ino);
	assert_int_equal(mkdir(WORLD_BPFFS "/polgen", 0700), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(mkdir(path, 0700), 0);
	world_apply_ok(world);
	assert_int_equal(entries_of(WORLD_BPFFS "/polgen"), 1);
	assert_int_equal(mkdir(path, 0700), 0);
	world_clear();
	assert_nothing_left();
}

static void test_clear_that_was_killed(void **state)
{
	struct world *world = abc_begin(state);
	_cleanup_pins_ struct pg_pins pins;

	abc_apply(world);
	world_pins(&pins);
	__atomic_store_n(&pins.meta->generation, 0, __ATOMIC_SEQ_CST);
	assert_false(world_status().enforcing);
	world_apply_ok(world);
	assert_drops(sent(A, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
	assert_string_equal(world_status().attached, "3 interfaces");
}

static void test_two_at_once(void **state)
{
	struct world *world = abc_begin(state);
	struct pg_backend_handle *handle;
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };

	allow(world, 80, 1);
	world_finish(world);
	handle = world_open(NULL);
	assert_int_equal(pg_backend_ebpf.plan(handle, &world->intent, &diags, &desired), 0);
	assert_int_equal(pg_backend_ebpf.live(handle, &diags, &live), 0);
	assert_int_equal(pg_diff_make(&desired, &live, &diff), 0);
	world_apply_ok(world);
	assert_int_equal(pg_backend_ebpf.commit(handle, &world->intent, &desired, &diff, &diags),
			 -EBUSY);
	world_says(&diags, "changed by another process");
	assert_passes(sent(A, tcp(A_IP, 1, WORLD_IP, 80, TCP_SYN)));
	pg_backend_ebpf.close(handle);
}

static void test_a_commit_that_was_not_finished(void **state)
{
	struct world *world = abc_begin(state);
	_cleanup_pins_ struct pg_pins pins;

	abc_apply(world);
	world_pins(&pins);
	pins.meta->pending = 2;
	assert_int_equal(world_left(world), 1);
	world_apply_ok(world);
	assert_int_equal(pins.meta->pending, 0);
	assert_int_equal(pg_pins_generation(&pins), 2);
}

static void test_no_bpffs(void **state)
{
	struct pg_backend_options options = { .bpffs = "/proc" };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_handle *handle;

	abc_begin(state);
	assert_int_equal(pg_backend_ebpf.open(&options, true, &diags, &handle), -EOPNOTSUPP);
	world_says(&diags, "no bpffs at '/proc'; mount one: mount -t bpf bpf /proc");
	options.bpffs = "/nowhere";
	assert_int_equal(pg_backend_ebpf.open(&options, true, &diags, &handle), -EOPNOTSUPP);
	options.bpffs = NULL;
	options.attach = "xdp";
	assert_int_equal(pg_backend_ebpf.open(&options, true, &diags, &handle), -EINVAL);
	world_says(&diags, "programs are attached by 'tcx' or 'clsact'");
}

static void test_no_privilege(void **state)
{
	struct pg_backend_options options = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_handle *handle;
	pid_t child;
	int status;

	abc_begin(state);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		bool refused =
			!setresuid(65534, 65534, 65534) &&
			pg_backend_ebpf.open(&options, true, &diags, &handle) == -EPERM &&
			strstr(diags.list.items[0].text, "eBPF is not permitted: it needs root");

		_exit(!refused);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		abc_test(test_status),
		abc_test(test_changes_cost_what_changes),
		abc_test(test_entries_that_go),
		abc_test(test_counters_stay_with_their_rules),
		abc_test(test_an_endpoint_that_leaves),
		abc_test(test_an_interface_that_is_gone),
		abc_test(test_an_interface_that_is_gone_later),
		abc_test(test_an_interface_that_was_replaced),
		abc_test(test_an_interface_that_came_again),
		abc_test(test_interfaces_that_swap_names),
		abc_test(test_an_endpoint_without_interface),
		abc_test(test_a_policy_that_does_not_fit),
		abc_test(test_another_version),
		abc_test(test_a_missing_pin),
		abc_test(test_another_namespace),
		abc_test(test_clear),
		abc_test(test_clear_that_was_killed),
		abc_test(test_two_at_once),
		abc_test(test_a_commit_that_was_not_finished),
		abc_test(test_no_bpffs),
		abc_test(test_no_privilege),
	};

	abc_enter();
	return cmocka_run_group_tests_name("ebpf commit", tests, NULL, NULL);
}
