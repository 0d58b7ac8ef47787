// SPDX-License-Identifier: GPL-2.0-only
/* The endpoints of a commit: entries by interface index, and the programs on the interfaces. */
#include "backends/ebpf/attach.h"
#include "backends/ebpf/commit.h"
#include "backends/ebpf/way.h"
#include "compat/errtext.h"
#include "compat/strbuf.h"

/* Found by its address: nothing is sorted by interface. NULL: it can't be told. */
static const struct pg_endpoint *endpoint_of(const struct pg_commit *commit,
					     const struct pg_map_entry_endpoint *entry)
{
	const struct pg_endpoints *endpoints = commit->intent->endpoints;
	const struct pg_address *found = pg_identities_find_addr(
		commit->intent->identities, entry->ipv4.family ? &entry->ipv4 : &entry->ipv6);
	const struct pg_endpoint *endpoint;

	if (!found || !found->endpoint || found->endpoint > endpoints->list.count)
		return NULL;
	endpoint = &endpoints->list.items[found->endpoint - 1];
	if (endpoint->interface && (strlen(endpoint->interface) != entry->name_length ||
				    memcmp(endpoint->interface, entry->name, entry->name_length)))
		return NULL;
	return endpoint;
}

/* An interface that goes away while it is looked at is the operator's news, not a bug. */
static int report_interface(const struct pg_commit *commit,
			    const struct pg_map_entry_endpoint *entry, int err)
{
	const struct pg_endpoint *endpoint = endpoint_of(commit, entry);
	struct pg_loc loc = endpoint ? endpoint->loc : PG_LOC_NONE;
	_cleanup_strbuf_ struct pg_strbuf text = { 0 };
	char why[PG_ERRTEXT_MAX];

	pg_strbuf_puts(&text, "interface '");
	pg_strbuf_add_escaped(&text, entry->name, entry->name_length);
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

static void copy_name(const struct pg_map_entry_endpoint *endpoint, char name[IFNAMSIZ])
{
	memset(name, 0, IFNAMSIZ);
	memcpy(name, endpoint->name, PG_MIN(endpoint->name_length, (size_t)IFNAMSIZ - 1));
}

/* The interface that an endpoint has now. 0: it is gone, or another one has taken its name. */
static uint32_t resolve(const struct pg_commit *commit, const struct pg_map_entry_endpoint *entry)
{
	const struct pg_endpoint *endpoint = endpoint_of(commit, entry);
	char name[IFNAMSIZ];
	uint32_t ifindex;

	copy_name(entry, name);
	ifindex = if_nametoindex(name);
	if (endpoint && endpoint->ifindex && endpoint->ifindex != ifindex)
		return 0;
	return ifindex;
}

/* Calls fn with the index and the entry of each endpoint that is new or other than before. */
static int each_changed(struct pg_commit *commit,
			int (*fn)(struct pg_commit *commit, uint32_t ifindex,
				  const struct pg_map_entry_endpoint *endpoint))
{
	pg_array_foreach(change, &commit->diff->changes) {
		struct pg_map_entry entry;
		uint32_t ifindex;
		int err;

		if (!change->desired || pg_map_entry_read(change->desired, &entry) ||
		    entry.kind != PG_ENTRY_ENDPOINT)
			continue;
		ifindex = resolve(commit, &entry.endpoint);
		err = ifindex ? fn(commit, ifindex, &entry.endpoint) : -ENODEV;
		if (err)
			return report_interface(commit, &entry.endpoint, err);
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
	return each_changed(commit, is_there);
}

/* Two endpoints that have the short way between them need the same MTU. */
static bool keeps_way(const struct pg_map_endpoint_half *before,
		      const struct pg_map_endpoint_half *after)
{
	return !(before->flags & PG_ABI_ENDPOINT_SHORT) ||
	       (after->flags & PG_ABI_ENDPOINT_SHORT && before->mtu == after->mtu);
}

static int stage_endpoint(struct pg_commit *commit, uint32_t ifindex,
			  const struct pg_map_entry_endpoint *endpoint)
{
	union pg_map_key key = { .number = ifindex };
	struct pg_map_endpoint_half half = { .identity = endpoint->id.n }, old = { 0 };
	struct pg_way way;
	int err = pg_stage_read(&commit->stage, PG_MAP_ENDPOINTS, &key, true, &old);

	pg_way_find(commit->rtnl, &commit->pins, commit->intent->same_host, ifindex, &way);
	half.flags = way.flags;
	half.mtu = way.mtu;
	commit->back_to_stack |= !keeps_way(&old, &half);
	memcpy(&half.ipv4, endpoint->ipv4.bytes, sizeof(half.ipv4));
	memcpy(half.ipv6, endpoint->ipv6.bytes, sizeof(half.ipv6));
	copy_name(endpoint, half.interface);
	return err ? err : pg_stage_put(&commit->stage, PG_MAP_ENDPOINTS, &key, &half, &old);
}

struct indexes {
	struct pg_array(uint32_t) list;
};

static void indexes_done(struct indexes *indexes)
{
	free(indexes->list.items);
}

static int compare_indexes(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Of the interfaces that are some endpoint's from now on, sorted. */
static int list_arrivals(const struct pg_commit *commit, struct indexes *arrivals)
{
	const struct pg_stage_list *list = &commit->stage.lists[PG_MAP_ENDPOINTS];

	for (size_t i = 0; i < list->count; i++) {
		uint32_t *ifindex = pg_array_add(&arrivals->list);

		if (!ifindex)
			return -ENOMEM;
		memcpy(ifindex, list->keys + i * sizeof(*ifindex), sizeof(*ifindex));
	}
	if (arrivals->list.count)
		qsort(arrivals->list.items, arrivals->list.count, sizeof(*arrivals->list.items),
		      compare_indexes);
	return 0;
}

static bool arrives(const struct indexes *arrivals, uint32_t ifindex)
{
	return arrivals->list.count && bsearch(&ifindex, arrivals->list.items, arrivals->list.count,
					       sizeof(*arrivals->list.items), compare_indexes);
}

static int stage_departure(struct pg_commit *commit, uint32_t ifindex)
{
	static const struct pg_map_endpoint_half absent;
	union pg_map_key key = { .number = ifindex };
	struct pg_map_endpoint_half old;
	int err = pg_stage_read(&commit->stage, PG_MAP_ENDPOINTS, &key, true, &old);

	return err ? err : pg_stage_put(&commit->stage, PG_MAP_ENDPOINTS, &key, &absent, &old);
}

/*
 * Endpoints that leave or change, at the index that the map has them at: their interface may have
 * another one since, or be gone.
 */
static int stage_departures(struct pg_commit *commit)
{
	PG_CLEANUP(indexes_done) struct indexes arrivals = { 0 };
	int err = list_arrivals(commit, &arrivals);

	pg_array_foreach(change, &commit->diff->changes) {
		struct pg_map_entry entry;
		char name[IFNAMSIZ];
		uint32_t ifindex;

		if (err)
			break;
		if (!change->live || pg_map_entry_read(change->live, &entry) ||
		    entry.kind != PG_ENTRY_ENDPOINT)
			continue;
		copy_name(&entry.endpoint, name);
		ifindex = pg_known_ifindex(commit->known, name);
		if (ifindex && !arrives(&arrivals, ifindex))
			err = stage_departure(commit, ifindex);
	}
	return err;
}

int pg_commit_stage_endpoints(struct pg_commit *commit)
{
	int err;

	/* Without it all goes through the stack, which is right, if not quick. */
	pg_rtnl_new(&commit->rtnl);
	err = each_changed(commit, stage_endpoint);
	if (err)
		return err;
	err = stage_departures(commit);
	return err ? pg_ebpf_error(commit->diags, err, "cannot prepare the eBPF maps") : 0;
}

static int attach(struct pg_commit *commit, uint32_t ifindex,
		  const struct pg_map_entry_endpoint *endpoint)
{
	(void)endpoint;
	return pg_attach(commit->handle, &commit->pins, ifindex, PG_ON_CONTAINER);
}

int pg_commit_attach(struct pg_commit *commit)
{
	return each_changed(commit, attach);
}

static struct pg_map_endpoint staged_endpoint(const struct pg_commit *commit, size_t i,
					      uint32_t *ret_ifindex)
{
	const struct pg_stage_list *list = &commit->stage.lists[PG_MAP_ENDPOINTS];
	struct pg_map_endpoint endpoint;

	memcpy(ret_ifindex, list->keys + i * sizeof(*ret_ifindex), sizeof(*ret_ifindex));
	memcpy(&endpoint, list->values + i * sizeof(endpoint), sizeof(endpoint));
	return endpoint;
}

/* First all that were there before: interfaces may have exchanged their names. */
int pg_commit_know_endpoints(struct pg_commit *commit)
{
	size_t count = commit->stage.lists[PG_MAP_ENDPOINTS].count;
	uint32_t ifindex;
	int err = 0;

	for (size_t i = 0; i < count; i++) {
		struct pg_map_endpoint endpoint = staged_endpoint(commit, i, &ifindex);

		if (endpoint.old.identity &&
		    pg_known_ifindex(commit->known, endpoint.old.interface) == ifindex)
			pg_known_set(commit->known, endpoint.old.interface, 0);
	}
	for (size_t i = 0; i < count && !err; i++) {
		struct pg_map_endpoint endpoint = staged_endpoint(commit, i, &ifindex);

		if (endpoint.new.identity)
			err = pg_known_set(commit->known, endpoint.new.interface, ifindex);
	}
	return err;
}
