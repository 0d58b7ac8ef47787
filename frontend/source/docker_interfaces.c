// SPDX-License-Identifier: GPL-2.0-only
/* The host's side of a container's interface, found in what the host's namespace knows of itself. */
#include "frontend/source/docker.h"

#include "compat/netns.h"
#include "compat/rtnl.h"

/* A list that changes while it is read is read again; containers come and go all the time. */
#define ATTEMPTS 10

struct lookup {
	const struct pg_docker_state *state;
	struct pg_rtnl *rtnl;
	struct pg_rtnl_links links;
};

static void lookup_done(struct lookup *lookup)
{
	pg_rtnl_free(lookup->rtnl);
	pg_rtnl_links_done(&lookup->links);
}

/* Each time with a new socket: what is left of a list that was given up is not read as the next. */
static int list_links(struct lookup *lookup)
{
	int r = -EINTR;

	for (int i = 0; i < ATTEMPTS && r == -EINTR; i++) {
		pg_rtnl_free(PG_TAKE(lookup->rtnl));
		r = pg_rtnl_new(&lookup->rtnl);
		r = r ?: pg_rtnl_links(lookup->rtnl, &lookup->links);
	}
	return r;
}

static uint32_t find_pid(const struct pg_docker_state *state, const char *id)
{
	pg_array_foreach(container, &state->containers) {
		if (!strcmp(container->id, id))
			return container->pid;
	}
	return 0;
}

/*
 * The sandbox's path leads nowhere in another mount namespace than dockerd's; then the container's
 * first process may show the way. Keeps the path that worked, or none.
 */
static int open_netns(const struct lookup *lookup, struct pg_endpoint *endpoint, int *ret_netns)
{
	_cleanup_free_ char *path = NULL;
	int r = pg_netns_open(endpoint->netns, ret_netns);

	if (r == 0)
		return 0;
	if (asprintf(&path, "/proc/%u/ns/net", find_pid(lookup->state, endpoint->container)) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	if (pg_netns_open(path, ret_netns) < 0)
		return r;
	free(endpoint->netns);
	endpoint->netns = PG_TAKE(path);
	return 0;
}

static bool is_bridge_of(const struct lookup *lookup, uint32_t index, const char *network_name)
{
	const struct pg_rtnl_link *bridge = pg_rtnl_links_by_index(&lookup->links, index);

	if (!bridge || strcmp(bridge->kind, "bridge"))
		return false;
	pg_array_foreach(network, &lookup->state->networks) {
		if (network->bridge && !strcmp(network->name, network_name) &&
		    !strcmp(network->bridge, bridge->name))
			return true;
	}
	return false;
}

/* A container is on each bridge at most once. NULL: not in this namespace. */
static const struct pg_rtnl_link *find_veth(const struct lookup *lookup, int32_t netns_id,
					    const char *network)
{
	if (netns_id < 0)
		return NULL;
	pg_array_foreach(link, &lookup->links.list) {
		if (link->peer_ns == netns_id && !strcmp(link->kind, "veth") &&
		    is_bridge_of(lookup, link->master, network))
			return link;
	}
	return NULL;
}

static int look_up(const struct lookup *lookup, struct pg_endpoint *endpoint)
{
	_cleanup_close_ int netns = -1;
	const struct pg_rtnl_link *link;
	int32_t id = -1;
	int r = open_netns(lookup, endpoint, &netns);

	r = r ?: pg_rtnl_netns_id(lookup->rtnl, netns, &id);
	if (r < 0)
		return r;
	link = find_veth(lookup, id, endpoint->network);
	if (!link)
		return 0;
	endpoint->interface = strdup(link->name);
	endpoint->ifindex = link->index;
	return endpoint->interface ? 0 : -ENOMEM;
}

int pg_docker_interfaces(const struct pg_docker_state *state, struct pg_endpoints *endpoints)
{
	PG_CLEANUP(lookup_done) struct lookup lookup = { .state = state };
	int r = list_links(&lookup);

	if (r < 0)
		return r;
	pg_array_foreach(endpoint, &endpoints->list) {
		r = look_up(&lookup, endpoint);
		/* -EINVAL: the file outlives the namespace that was mounted on it. */
		if (r == -ENOENT || r == -EINVAL)
			free(PG_TAKE(endpoint->netns));
		else if (r < 0)
			return r;
	}
	return 0;
}
