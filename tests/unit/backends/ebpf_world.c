// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/backends/ebpf_world.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "backends/ebpf/clsact.h"
#include "compat/rtnl.h"

/* The interfaces made here say nothing by themselves (MLD), which programs would count. */
static void be_silent(void)
{
	_cleanup_close_ int fd =
		open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);

	/* A kernel without IPv6 is silent. */
	if (fd >= 0)
		assert_int_equal(write(fd, "1", 1), 1);
}

bool world_enter(void)
{
	if (geteuid()) {
		print_message("needs root\n");
		return false;
	}
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", WORLD_BPFFS, "bpf", 0, NULL)) {
		print_message("needs namespaces and a bpffs: %s\n", strerror(errno));
		return false;
	}
	be_silent();
	return true;
}

uint32_t world_veth_to(const char *name, uint32_t index, int netns)
{
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	struct pg_rtnl_end near = { .name = name, .index = index, .netns = -1 };
	struct pg_rtnl_end far = { .netns = netns };
	char far_name[IFNAMSIZ];

	snprintf(far_name, sizeof(far_name), "%.12s-c", name);
	far.name = far_name;
	assert_int_equal(pg_rtnl_new(&rtnl), 0);
	pg_rtnl_add_veth(rtnl, &near, &far);
	assert_int_equal(pg_rtnl_commit(rtnl), 0);
	return if_nametoindex(name);
}

uint32_t world_veth(const char *name, uint32_t index)
{
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	uint32_t ifindex = world_veth_to(name, index, -1);
	char far_name[IFNAMSIZ];

	snprintf(far_name, sizeof(far_name), "%.12s-c", name);
	assert_int_equal(pg_rtnl_new(&rtnl), 0);
	pg_rtnl_set_up(rtnl, if_nametoindex(far_name));
	assert_int_equal(pg_rtnl_commit(rtnl), 0);
	return ifindex;
}

void world_delete_link(uint32_t index)
{
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;

	assert_int_equal(pg_rtnl_new(&rtnl), 0);
	pg_rtnl_delete_link(rtnl, index);
	assert_int_equal(pg_rtnl_commit(rtnl), 0);
}

static void rule_name(const void *context, struct pg_origin origin, char name[PG_RULE_NAME_MAX])
{
	(void)context;
	if (origin.rule)
		snprintf(name, PG_RULE_NAME_MAX, "rule-%u", origin.rule);
	else
		snprintf(name, PG_RULE_NAME_MAX, "default-deny");
}

static struct pg_loc rule_loc(const void *context, struct pg_origin origin)
{
	(void)context;
	return (struct pg_loc){ .source = 1, .offset = origin.rule };
}

void world_init(struct world *world)
{
	*world = (struct world){ 0 };
	world->intent = (struct pg_intent){
		.endpoints = &world->endpoints,
		.identities = &world->identities,
		.table = &world->table,
		.host_policy = PG_HOST_POLICY_ENFORCE,
		.rule_name = rule_name,
		.rule_loc = rule_loc,
	};
}

void world_done(struct world *world)
{
	pg_endpoints_done(&world->endpoints);
	pg_identities_done(&world->identities);
	pg_verdict_table_done(&world->table);
}

static char *copy(const char *text)
{
	char *copied = text ? strdup(text) : NULL;

	assert_int_equal(!copied, !text);
	return copied;
}

static void add_address(struct world *world, struct pg_prefix prefix, uint32_t identity,
			uint32_t endpoint)
{
	struct pg_address *address = pg_array_add(&world->identities.addresses);

	assert_non_null(address);
	address->prefix = prefix;
	address->id.n = identity;
	address->endpoint = endpoint;
}

void world_endpoint(struct world *world, const char *name, const char *interface, const char *ipv4,
		    uint32_t identity)
{
	struct pg_endpoint *endpoint = pg_array_add(&world->endpoints.list);
	pg_identity *id = pg_array_add(&world->identities.endpoint_ids);

	assert_non_null(endpoint);
	assert_non_null(id);
	endpoint->name = copy(name);
	endpoint->interface = copy(interface);
	assert_int_equal(pg_addr_parse(ipv4, &endpoint->ipv4), 0);
	id->n = identity;
	add_address(world, pg_prefix_of(&endpoint->ipv4, 32), identity,
		    (uint32_t)world->endpoints.list.count);
}

void world_ipv6(struct world *world, size_t index, const char *ipv6)
{
	struct pg_endpoint *endpoint = &world->endpoints.list.items[index];

	assert_int_equal(pg_addr_parse(ipv6, &endpoint->ipv6), 0);
	add_address(world, pg_prefix_of(&endpoint->ipv6, 128),
		    world->identities.endpoint_ids.items[index].n, (uint32_t)index + 1);
}

void world_address(struct world *world, const char *prefix, uint32_t identity)
{
	struct pg_prefix parsed;

	assert_int_equal(pg_prefix_parse(prefix, &parsed), 0);
	add_address(world, parsed, identity, 0);
}

void world_subject(struct world *world, uint32_t identity, bool egress, bool ingress)
{
	struct pg_subject *subject = pg_array_add(&world->table.subjects);

	assert_non_null(subject);
	subject->id.n = identity;
	subject->enforced[PG_EGRESS] = egress;
	subject->enforced[PG_INGRESS] = ingress;
}

void world_rule(struct world *world, uint32_t subject, enum pg_direction direction, uint32_t peer,
		uint8_t proto, uint16_t first, uint16_t last, enum pg_verdict verdict,
		uint32_t rule)
{
	struct pg_verdict_entry *entry = pg_array_add(&world->table.entries);

	assert_non_null(entry);
	*entry = (struct pg_verdict_entry){
		.subject = { subject },
		.direction = direction,
		.peer = { peer },
		.proto = { proto },
		.first = first,
		.last = last,
		.verdict = verdict,
		.origin = { .rule = rule, .entry = 1 },
	};
}

static int compare_addresses(const void *a, const void *b)
{
	const struct pg_address *left = a, *right = b;

	return pg_prefix_compare(&left->prefix, &right->prefix);
}

#define ORDER(left, right, member)             \
	if ((left)->member != (right)->member) \
	return (left)->member < (right)->member ? -1 : 1

static int compare_entries(const void *a, const void *b)
{
	const struct pg_verdict_entry *left = a, *right = b;

	ORDER(left, right, subject.n);
	ORDER(left, right, direction);
	ORDER(left, right, peer.n);
	ORDER(left, right, proto.n);
	ORDER(left, right, first);
	ORDER(left, right, last);
	ORDER(left, right, verdict);
	return 0;
}

/* The digest only has to differ where the intents do. */
static void make_digest(struct world *world)
{
	uint64_t hash = 14695981039346656037u;
	const char *bytes = (const char *)world->table.entries.items;

	for (size_t i = 0; i < world->table.entries.count * sizeof(struct pg_verdict_entry); i++)
		hash = (hash ^ (uint8_t)bytes[i]) * 1099511628211u;
	memcpy(world->intent.digest, &hash, sizeof(hash));
}

void world_finish(struct world *world)
{
	if (world->identities.addresses.count)
		qsort(world->identities.addresses.items, world->identities.addresses.count,
		      sizeof(struct pg_address), compare_addresses);
	if (world->table.entries.count)
		qsort(world->table.entries.items, world->table.entries.count,
		      sizeof(struct pg_verdict_entry), compare_entries);
	make_digest(world);
}

static void print_diags(const struct pg_diags *diags)
{
	pg_array_foreach(diag, &diags->list)
		print_error("%s\n", diag->text);
}

static uint32_t flows;

void world_set_flows(uint32_t count)
{
	flows = count;
}

struct pg_backend_handle *world_open(const char *attach)
{
	struct pg_backend_options options = { .bpffs = WORLD_BPFFS,
					      .attach = attach,
					      .flows = flows };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_handle *handle = NULL;
	int err = pg_backend_ebpf.open(&options, true, &diags, &handle);

	print_diags(&diags);
	assert_int_equal(err, 0);
	return handle;
}

/* What would change; the diff points into the two lists. */
static int compare(struct pg_backend_handle *handle, const struct world *world,
		   struct pg_diags *diags, struct pg_objects *desired, struct pg_objects *live,
		   struct pg_diff *diff)
{
	int err = pg_backend_ebpf.plan(handle, &world->intent, diags, desired);

	if (!err)
		err = pg_backend_ebpf.live(handle, diags, live);
	return err ? err : pg_diff_make(desired, live, diff);
}

int world_apply(struct pg_backend_handle *handle, const struct world *world, struct pg_diags *diags)
{
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };
	int err = compare(handle, world, diags, &desired, &live, &diff);

	if (err)
		return err;
	return pg_backend_ebpf.commit(handle, &world->intent, &desired, &diff, diags);
}

size_t world_changes(struct pg_backend_handle *handle, const struct world *world)
{
	_cleanup_objects_ struct pg_objects desired = { 0 }, live = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	_cleanup_diff_ struct pg_diff diff = { 0 };
	int err = compare(handle, world, &diags, &desired, &live, &diff);

	print_diags(&diags);
	assert_int_equal(err, 0);
	return diff.changes.count;
}

void world_apply_ok(const struct world *world)
{
	struct pg_backend_handle *handle = world_open(NULL);
	_cleanup_diags_ struct pg_diags diags = { 0 };
	int err = world_apply(handle, world, &diags);

	print_diags(&diags);
	assert_int_equal(err, 0);
	assert_int_equal(diags.list.count, 0);
	assert_int_equal(world_changes(handle, world), 0);
	pg_backend_ebpf.close(handle);
}

void world_apply_by(const struct world *world, const char *attach)
{
	struct pg_backend_handle *handle = world_open(attach);
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(world_apply(handle, world, &diags), 0);
	assert_int_equal(world_changes(handle, world), 0);
	pg_backend_ebpf.close(handle);
}

size_t world_left(const struct world *world)
{
	struct pg_backend_handle *handle = world_open(NULL);
	size_t count = world_changes(handle, world);

	pg_backend_ebpf.close(handle);
	return count;
}

struct pg_backend_status world_status(void)
{
	struct pg_backend_handle *handle = world_open(NULL);
	_cleanup_diags_ struct pg_diags diags = { 0 };
	struct pg_backend_status status;

	assert_int_equal(pg_backend_ebpf.status(handle, &diags, &status), 0);
	pg_backend_ebpf.close(handle);
	return status;
}

void world_clear(void)
{
	struct pg_backend_handle *handle = world_open(NULL);
	_cleanup_diags_ struct pg_diags diags = { 0 };
	int err = pg_backend_ebpf.clear(handle, &diags);

	print_diags(&diags);
	assert_int_equal(err, 0);
	pg_backend_ebpf.close(handle);
}

void world_says(const struct pg_diags *diags, const char *text)
{
	pg_array_foreach(diag, &diags->list) {
		if (strstr(diag->text, text))
			return;
	}
	print_diags(diags);
	fail_msg("nothing says '%s'", text);
}

void world_pins(struct pg_pins *ret_pins)
{
	struct pg_backend_handle *handle = world_open(NULL);
	_cleanup_diags_ struct pg_diags diags = { 0 };

	assert_int_equal(pg_pins_open(handle, &diags, ret_pins), 0);
	pg_backend_ebpf.close(handle);
}

/* 0 or -errno, as bpf_prog_query() says it; BPF_TCX_INGRESS and BPF_TCX_EGRESS. */
static int query_tcx(uint32_t ifindex, enum pg_direction direction, uint32_t *ret_count)
{
	*ret_count = 0;
	return bpf_prog_query((int)ifindex, direction == PG_EGRESS ? 46 : 47, 0, NULL, NULL,
			      ret_count);
}

bool world_has_tcx(void)
{
	uint32_t count;

	return query_tcx(1, PG_EGRESS, &count) != -EINVAL;
}

size_t world_links(uint32_t ifindex)
{
	size_t links = 0;

	for (int i = 0; i < PG_DIRECTIONS; i++) {
		uint32_t count;

		if (!query_tcx(ifindex, i, &count))
			links += count;
	}
	return links;
}

bool world_is_attached(uint32_t ifindex, enum pg_direction direction)
{
	uint32_t count;

	return (!query_tcx(ifindex, direction, &count) && count) ||
	       pg_clsact_program(ifindex, direction == PG_EGRESS);
}

uint64_t world_counter(const char *rule, enum pg_direction direction, enum pg_verdict verdict)
{
	struct pg_backend_handle *handle = world_open(NULL);
	_cleanup_counters_ struct pg_counters counters = { 0 };
	_cleanup_diags_ struct pg_diags diags = { 0 };
	uint64_t packets = 0;

	assert_int_equal(pg_backend_ebpf.counters(handle, &diags, &counters), 0);
	pg_backend_ebpf.close(handle);
	pg_array_foreach(counter, &counters.list) {
		if (!strcmp(counter->rule, rule) && counter->direction == direction &&
		    counter->verdict == verdict)
			packets += counter->packets;
	}
	return packets;
}

bool world_lose_batches(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, BPF_MAP_LOOKUP_BATCH, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, BPF_MAP_DELETE_BATCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { PG_COUNT(filter), filter };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
