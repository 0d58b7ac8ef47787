// SPDX-License-Identifier: GPL-2.0-only
/* From the verdict table to map entries. Pure. */
#include "backends/ebpf/bpf/abi.h"
#include "backends/ebpf/ebpf.h"
#include "compat/strbuf.h"
#include "policy/classify.h"

/* abi.h has numbers of its own, since the kernel's side can't include ours. */
#define SAME(a, b) _Static_assert((int)(a) == (int)(b), #a)
SAME(PG_ABI_EGRESS, PG_EGRESS);
SAME(PG_ABI_INGRESS, PG_INGRESS);
SAME(PG_ABI_NONE, PG_VERDICT_NONE);
SAME(PG_ABI_ALLOW, PG_VERDICT_ALLOW);
SAME(PG_ABI_REDIRECT, PG_VERDICT_REDIRECT);
SAME(PG_ABI_DENY, PG_VERDICT_DENY);
SAME(PG_ABI_HOST_POLICY_ALLOW, PG_HOST_POLICY_ALLOW);
SAME(PG_ABI_ON_REVOKE_CUT, PG_ON_REVOKE_CUT);
SAME(PG_ABI_ON_REVOKE_KEEP, PG_ON_REVOKE_KEEP);
SAME(PG_ABI_SAME_HOST_STACK, PG_SAME_HOST_STACK);
SAME(PG_ABI_SAME_HOST_REDIRECT, PG_SAME_HOST_REDIRECT);
SAME(PG_ABI_FIRST_ENDPOINT, PG_IDENTITY_FIRST_CLUSTER);
SAME(PG_ABI_LAST_ENDPOINT, PG_IDENTITY_LAST_CLUSTER);
SAME(PG_ABI_NAME_MAX, PG_RULE_NAME_MAX);
SAME(PG_ABI_IFNAME, IFNAMSIZ);

static int plan_meta(const struct pg_intent *intent, struct pg_objects *objects)
{
	struct pg_map_entry entry = {
		.kind = PG_ENTRY_META,
		.meta = {
			.host_policy = intent->host_policy,
			.on_revoke = intent->on_revoke,
			.same_host = intent->same_host,
		},
	};

	memcpy(entry.meta.digest, intent->digest, sizeof(entry.meta.digest));
	return pg_map_entry_add(objects, &entry, PG_ORIGIN_NONE);
}

static int plan_uplink(const struct pg_intent *intent, struct pg_objects *objects)
{
	struct pg_map_entry entry = { .kind = PG_ENTRY_UPLINK, .uplink.attached = true };

	if (!intent->uplink)
		return 0;
	entry.uplink.name = intent->uplink;
	entry.uplink.name_length = strlen(intent->uplink);
	return pg_map_entry_add(objects, &entry, PG_ORIGIN_NONE);
}

static int plan_addresses(const struct pg_intent *intent, struct pg_objects *objects)
{
	const struct pg_endpoints *endpoints = intent->endpoints;

	pg_array_foreach(address, &intent->identities->addresses) {
		struct pg_map_entry entry = {
			.kind = PG_ENTRY_ADDRESS,
			.address = { .prefix = address->prefix, .id = address->id },
		};
		int err;

		entry.address.local =
			address->endpoint && endpoints->list.items[address->endpoint - 1].interface;
		err = pg_map_entry_add(objects, &entry, PG_ORIGIN_NONE);
		if (err)
			return err;
	}
	return 0;
}

static int plan_endpoint(const struct pg_intent *intent, size_t number, struct pg_diags *diags,
			 struct pg_objects *objects)
{
	const struct pg_endpoint *endpoint = &intent->endpoints->list.items[number];
	_cleanup_strbuf_ struct pg_strbuf name = { 0 };
	struct pg_map_entry entry = { .kind = PG_ENTRY_ENDPOINT };

	if (endpoint->interface && strlen(endpoint->interface) >= IFNAMSIZ) {
		pg_strbuf_add_escaped(&name, endpoint->interface, strlen(endpoint->interface));
		pg_error(diags, endpoint->loc, "interface name '%s' is longer than %d bytes",
			 name.text ? name.text : "?", IFNAMSIZ - 1);
		return -EINVAL;
	}
	if (!endpoint->interface)
		pg_strbuf_putc(&name, '/');
	pg_strbuf_puts(&name, endpoint->interface ? endpoint->interface : endpoint->name);
	if (pg_strbuf_error(&name))
		return -ENOMEM;
	entry.endpoint = (struct pg_map_entry_endpoint){
		.name = name.text,
		.name_length = name.length,
		.id = intent->identities->endpoint_ids.items[number],
		.ipv4 = endpoint->ipv4,
		.ipv6 = endpoint->ipv6,
		.same_host = intent->same_host,
		.attached = true,
	};
	return pg_map_entry_add(objects, &entry, PG_ORIGIN_NONE);
}

static int plan_endpoints(const struct pg_intent *intent, struct pg_diags *diags,
			  struct pg_objects *objects)
{
	for (size_t i = 0; i < intent->endpoints->list.count; i++) {
		int err = intent->endpoints->list.items[i].node
				  ? 0
				  : plan_endpoint(intent, i, diags, objects);

		if (err)
			return err;
	}
	return 0;
}

static uint32_t use_bits(const struct pg_class_use *use)
{
	return use->port_bits | (use->every ? PG_ABI_USE_EVERY : 0);
}

/* Both lists are sorted by identity. */
static int plan_subjects(const struct pg_intent *intent, const struct pg_classes *classes,
			 struct pg_objects *objects)
{
	size_t used = 0;

	pg_array_foreach(subject, &intent->table->subjects) {
		struct pg_map_entry entry = { .kind = PG_ENTRY_SUBJECT, .subject.id = subject->id };
		int err;

		for (int i = 0; i < PG_DIRECTIONS; i++)
			entry.subject.enforced[i] = subject->enforced[i];
		while (used < classes->uses.count &&
		       classes->uses.items[used].subject.n <= subject->id.n) {
			const struct pg_class_use *use = &classes->uses.items[used++];

			if (use->subject.n == subject->id.n)
				entry.subject.use[use->direction] = use_bits(use);
		}
		err = pg_map_entry_add(objects, &entry, PG_ORIGIN_NONE);
		if (err)
			return err;
	}
	return 0;
}

static int plan_policy(const struct pg_intent *intent, const struct pg_classes *classes,
		       struct pg_objects *objects)
{
	pg_array_foreach(class, &classes->list) {
		char rule[PG_RULE_NAME_MAX];
		struct pg_map_entry entry = {
			.kind = PG_ENTRY_POLICY,
			.policy = {
				.subject = class->subject,
				.peer = class->peer,
				.direction = class->direction,
				.proto = class->proto,
				.port = class->port,
				.port_bits = class->port_bits,
				.verdict = class->verdict,
				.rule = rule,
			},
		};
		int err;

		intent->rule_name(intent->context, class->origin, rule);
		entry.policy.rule_length = strlen(rule);
		err = pg_map_entry_add(objects, &entry, class->origin);
		if (err)
			return err;
	}
	return 0;
}

static int plan_all(const struct pg_intent *intent, const struct pg_classes *classes,
		    struct pg_diags *diags, struct pg_objects *objects)
{
	int err = plan_meta(intent, objects);

	if (!err)
		err = plan_uplink(intent, objects);
	if (!err)
		err = plan_addresses(intent, objects);
	if (!err)
		err = plan_endpoints(intent, diags, objects);
	if (!err)
		err = plan_subjects(intent, classes, objects);
	if (!err)
		err = plan_policy(intent, classes, objects);
	return err;
}

/* By interface; those of one interface in their own order, which is that of their addresses here. */
static int compare_interfaces(const void *a, const void *b)
{
	const struct pg_endpoint *left = *(const struct pg_endpoint *const *)a;
	const struct pg_endpoint *right = *(const struct pg_endpoint *const *)b;
	int order = strcmp(left->interface, right->interface);

	return order ? order : (left > right) - (left < right);
}

/* The one way in which two entries can have one key. -ENOMEM. */
static int report_shared_interface(const struct pg_intent *intent, struct pg_diags *diags)
{
	size_t count = 0;
	_cleanup_free_ const struct pg_endpoint **sorted =
		calloc(intent->endpoints->list.count + 1, sizeof(struct pg_endpoint *));

	if (!sorted)
		return -ENOMEM;
	pg_array_foreach(endpoint, &intent->endpoints->list) {
		if (endpoint->interface)
			sorted[count++] = endpoint;
	}
	qsort(sorted, count, sizeof(struct pg_endpoint *), compare_interfaces);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(sorted[i - 1]->interface, sorted[i]->interface))
			continue;
		pg_error(diags, sorted[i]->loc, "two endpoints have interface '%s'",
			 sorted[i]->interface);
		pg_note(diags, sorted[i - 1]->loc, "the first one");
		break;
	}
	return -EINVAL;
}

int pg_ebpf_plan(struct pg_backend_handle *handle, const struct pg_intent *intent,
		 struct pg_diags *diags, struct pg_objects *ret_desired)
{
	_cleanup_objects_ struct pg_objects objects = { 0 };
	_cleanup_classes_ struct pg_classes classes = { 0 };
	int err = pg_classify(intent->table, PG_PLAN_MAX, &classes);

	(void)handle;
	if (err == -E2BIG)
		pg_error(diags, PG_LOC_NONE, "policy needs more than %d map entries", PG_PLAN_MAX);
	if (!err)
		err = plan_all(intent, &classes, diags, &objects);
	if (!err)
		err = pg_objects_sort(&objects);
	if (err == -EEXIST)
		err = report_shared_interface(intent, diags);
	if (err)
		return err;
	*ret_desired = objects;
	objects = (struct pg_objects){ 0 };
	return 0;
}
