// SPDX-License-Identifier: GPL-2.0-only
/* The endpoints of a commit: entries by interface index, and the programs on the interfaces. */
#include "backends/ebpf/attach.h"
#include "backends/ebpf/commit.h"
#include "compat/errtext.h"
#include "compat/strbuf.h"

static int compare_interfaces(const void *a, const void *b)
{
	const struct pg_endpoint *const *left = a, *const *right = b;

	return strcmp((*left)->interface, (*right)->interface);
}

static int index_endpoints(struct pg_commit *commit)
{
	pg_array_foreach(endpoint, &commit->intent->endpoints->list) {
		const struct pg_endpoint **item;

		if (!endpoint->interface)
			continue;
		item = pg_array_add(&commit->by_interface);
		if (!item)
			return -ENOMEM;
		*item = endpoint;
	}
	if (commit->by_interface.count)
		qsort(commit->by_interface.items, commit->by_interface.count,
		      sizeof(*commit->by_interface.items), compare_interfaces);
	return 0;
}

static const struct pg_endpoint *endpoint_of(const struct pg_commit *commit, const char *interface)
{
	struct pg_endpoint wanted = { .interface = (char *)interface };
	const struct pg_endpoint *key = &wanted, **found = NULL;

	if (commit->by_interface.count)
		found = bsearch(&key, commit->by_interface.items, commit->by_interface.count,
				sizeof(*commit->by_interface.items), compare_interfaces);
	return found ? *found : NULL;
}

/* An interface that goes away while it is looked at is the operator's news, not a bug. */
static int report_interface(const struct pg_commit *commit, const char *interface, int err)
{
	const struct pg_endpoint *endpoint = endpoint_of(commit, interface);
	struct pg_loc loc = endpoint ? endpoint->loc : PG_LOC_NONE;
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	char why[PG_ERRTEXT_MAX];

	pg_strbuf_puts(&text, "interface '");
	pg_strbuf_add_escaped(&text, interface, strlen(interface));
	pg_strbuf_puts(&text, "' of endpoint '");
	if (endpoint)
		pg_strbuf_add_escaped(&text, endpoint->name, strlen(endpoint->name));
	if (pg_strbuf_error(&text))
		return -ENOMEM;
	if (err == -ENODEV)
		pg_error(commit->diags, loc, "%s' is gone", text.text);
	else if (err == -EOPNOTSUPP)
		pg_error(commit->diags, loc, "%s' can't have TCX links: the kernel lacks them",
			 text.text);
	else
		pg_error(commit->diags, loc, "cannot attach to %s': %s", text.text,
			 pg_errtext(err, why));
	return err;
}

/* The interface that an endpoint has now. 0: it is gone, or another one has taken its name. */
static uint32_t resolve(const struct pg_commit *commit, const char *interface)
{
	const struct pg_endpoint *endpoint = endpoint_of(commit, interface);
	uint32_t ifindex = if_nametoindex(interface);

	if (endpoint && endpoint->ifindex && endpoint->ifindex != ifindex)
		return 0;
	return ifindex;
}

static void copy_name(const struct pg_map_entry_endpoint *endpoint, char name[IFNAMSIZ])
{
	memset(name, 0, IFNAMSIZ);
	memcpy(name, endpoint->name, PG_MIN(endpoint->name_length, (size_t)IFNAMSIZ - 1));
}

/* Calls fn with the index and the entry of each endpoint that is new or other than before. */
static int each_changed(struct pg_commit *commit,
			int (*fn)(struct pg_commit *commit, uint32_t ifindex,
				  const struct pg_map_entry_endpoint *endpoint))
{
	pg_array_foreach(change, &commit->diff->changes) {
		struct pg_map_entry entry;
		char name[IFNAMSIZ];
		uint32_t ifindex;
		int err;

		if (!change->desired || pg_map_entry_read(change->desired, &entry) ||
		    entry.kind != PG_ENTRY_ENDPOINT)
			continue;
		copy_name(&entry.endpoint, name);
		ifindex = resolve(commit, name);
		err = ifindex ? fn(commit, ifindex, &entry.endpoint) : -ENODEV;
		if (err)
			return report_interface(commit, name, err);
	}
	return 0;
}

static int is_there(struct pg_commit *commit, uint32_t ifindex,
		    const struct pg_map_entry_endpoint *endpoint)
{
	(void)commit;
	(void)ifindex;
	(void)endpoint;
	return 0;
}

int pg_commit_check_interfaces(struct pg_commit *commit)
{
	int err = index_endpoints(commit);

	return err ? err : each_changed(commit, is_there);
}

static int stage_endpoint(struct pg_commit *commit, uint32_t ifindex,
			  const struct pg_map_entry_endpoint *endpoint)
{
	union pg_map_key key = { .number = ifindex };
	struct pg_map_endpoint_half half = { .identity = endpoint->id.n };

	memcpy(&half.ipv4, endpoint->ipv4.bytes, sizeof(half.ipv4));
	memcpy(half.ipv6, endpoint->ipv6.bytes, sizeof(half.ipv6));
	copy_name(endpoint, half.interface);
	return pg_stage_put(&commit->stage, PG_MAP_ENDPOINTS, &key, &half, true);
}

/* Names of endpoints that leave or change, and the indexes at which the map has them. */
struct departures {
	const struct pg_commit *commit;
	struct pg_array(struct interface_name { char text[IFNAMSIZ]; }) names;
	struct pg_array(uint32_t) indexes;
};

static void departures_done(struct departures *departures)
{
	free(departures->names.items);
	free(departures->indexes.items);
}

/* In the order of the changes, which is that of names. */
static int list_names(const struct pg_diff *diff, struct departures *departures)
{
	pg_array_foreach(change, &diff->changes) {
		struct interface_name *name;
		struct pg_map_entry entry;

		if (!change->live || pg_map_entry_read(change->live, &entry) ||
		    entry.kind != PG_ENTRY_ENDPOINT)
			continue;
		name = pg_array_add(&departures->names);
		if (!name)
			return -ENOMEM;
		copy_name(&entry.endpoint, name->text);
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct interface_name));
}

static int list_index(void *context, const void *key, void *value)
{
	struct departures *departures = context;
	const struct pg_map_endpoint_half *half = pg_halves_counting(
		&pg_map_types[PG_MAP_ENDPOINTS].halves, value, departures->commit->stage.now);
	uint32_t *ifindex;

	if (!departures->names.count ||
	    !bsearch(half->interface, departures->names.items, departures->names.count,
		     sizeof(struct interface_name), compare_names))
		return 0;
	ifindex = pg_array_add(&departures->indexes);
	if (!ifindex)
		return -ENOMEM;
	memcpy(ifindex, key, sizeof(*ifindex));
	return 0;
}

/*
 * Found by name, in the map: the interface may have another index since, or be gone. Collected first,
 * since a walk over a map that is written to has no end.
 */
static int stage_departures(struct pg_commit *commit)
{
	static const struct pg_map_endpoint_half absent;
	PG_CLEANUP(departures_done) struct departures departures = { .commit = commit };
	union pg_map_value value;
	int err = list_names(commit->diff, &departures);

	if (!err)
		err = pg_map_each(commit->pins.maps[PG_MAP_ENDPOINTS], &value, list_index,
				  &departures);
	for (size_t i = 0; i < departures.indexes.count && !err; i++) {
		union pg_map_key key = { .number = departures.indexes.items[i] };

		err = pg_stage_put(&commit->stage, PG_MAP_ENDPOINTS, &key, &absent, true);
	}
	return err;
}

int pg_commit_stage_endpoints(struct pg_commit *commit)
{
	int err = stage_departures(commit);

	if (err)
		return pg_ebpf_error(commit->diags, err, "cannot write to an eBPF map");
	return each_changed(commit, stage_endpoint);
}

static int attach(struct pg_commit *commit, uint32_t ifindex,
		  const struct pg_map_entry_endpoint *endpoint)
{
	(void)endpoint;
	return pg_attach(commit->handle, &commit->pins, ifindex);
}

int pg_commit_attach(struct pg_commit *commit)
{
	return each_changed(commit, attach);
}
