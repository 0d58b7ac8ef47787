// SPDX-License-Identifier: GPL-2.0-only
/* The list of endpoints: sorted, and checked for what would make two of them one. */
#include "policy/endpoint.h"

void pg_endpoint_done(struct pg_endpoint *endpoint)
{
	free(endpoint->name);
	free(endpoint->container);
	free(endpoint->network);
	free(endpoint->netns);
	free(endpoint->node);
	free(endpoint->interface);
	pg_labels_done(&endpoint->labels);
	*endpoint = (struct pg_endpoint){ 0 };
}

void pg_endpoints_done(struct pg_endpoints *endpoints)
{
	pg_array_foreach(endpoint, &endpoints->list)
		pg_endpoint_done(endpoint);
	free(endpoints->list.items);
	free(endpoints->host_addrs.items);
	free(endpoints->remote_node_addrs.items);
	*endpoints = (struct pg_endpoints){ 0 };
}

static int compare_locs(struct pg_loc a, struct pg_loc b)
{
	if (a.source != b.source)
		return a.source < b.source ? -1 : 1;
	return (a.offset > b.offset) - (a.offset < b.offset);
}

/* By name; those of one name in the order of the file. */
static int compare_endpoints(const void *a, const void *b)
{
	const struct pg_endpoint *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : compare_locs(left->loc, right->loc);
}

/* A name made printable; NULL: out of memory. */
static char *escape(const char *name)
{
	_cleanup_strbuf_ struct pg_strbuf buf = { 0 };

	pg_strbuf_add_escaped(&buf, name, strlen(name));
	return pg_strbuf_take(&buf);
}

static int check_names(const struct pg_endpoints *endpoints, struct pg_diags *diags)
{
	const struct pg_endpoint *list = endpoints->list.items;

	for (size_t i = 1; i < endpoints->list.count; i++) {
		_cleanup_free_ char *name = NULL;

		if (strcmp(list[i - 1].name, list[i].name))
			continue;
		name = escape(list[i].name);
		if (!name)
			return -ENOMEM;
		pg_error(diags, list[i].loc, "endpoint '%s' is there twice", name);
		pg_note(diags, list[i - 1].loc, "the other one is here");
	}
	return 0;
}

/* Whose address one is: an endpoint's, or one of the nodes'. */
struct owner {
	struct pg_addr addr;
	size_t rank;			    /* of several with one address: whose it is */
	const struct pg_endpoint *endpoint; /* NULL: a node's */
	const char *node;		    /* what the node is, for people */
};

struct owners {
	struct pg_array(struct owner) list;
};

static void owners_done(struct owners *owners)
{
	free(owners->list.items);
}

static int add_owner(struct owners *owners, const struct pg_addr *addr,
		     const struct pg_endpoint *endpoint, const char *node)
{
	struct owner *owner;

	if (!addr->family)
		return 0;
	owner = pg_array_add(&owners->list);
	if (!owner)
		return -ENOMEM;
	*owner = (struct owner){
		.addr = *addr,
		.rank = owners->list.count,
		.endpoint = endpoint,
		.node = node,
	};
	return 0;
}

/* Those of one address: nodes first, then endpoints in the order of the file. */
static int compare_owners(const void *a, const void *b)
{
	const struct owner *left = a, *right = b;
	int order = pg_addr_compare(&left->addr, &right->addr);

	if (!order && left->endpoint && right->endpoint)
		order = compare_locs(left->endpoint->loc, right->endpoint->loc);
	return order ? order : (left->rank > right->rank) - (left->rank < right->rank);
}

static int report_shared(const struct owner *first, const struct owner *second,
			 struct pg_diags *diags)
{
	_cleanup_free_ char *name = escape(second->endpoint->name), *other = NULL;
	char text[PG_ADDR_TEXT_MAX];

	if (!name)
		return -ENOMEM;
	pg_addr_format(&second->addr, text);
	if (!first->endpoint) {
		pg_error(diags, second->endpoint->loc, "endpoint '%s' has the address '%s' of %s",
			 name, text, first->node);
		return 0;
	}
	other = escape(first->endpoint->name);
	if (!other)
		return -ENOMEM;
	pg_error(diags, second->endpoint->loc, "endpoint '%s' has the address '%s' of '%s'", name,
		 text, other);
	pg_note(diags, first->endpoint->loc, "'%s' is here", other);
	return 0;
}

static int collect_owners(const struct pg_endpoints *endpoints, struct owners *owners)
{
	int err = 0;

	pg_array_foreach(addr, &endpoints->host_addrs)
		err = err ?: add_owner(owners, addr, NULL, "the host");
	pg_array_foreach(addr, &endpoints->remote_node_addrs)
		err = err ?: add_owner(owners, addr, NULL, "a remote node");
	pg_array_foreach(endpoint, &endpoints->list) {
		err = err ?: add_owner(owners, &endpoint->ipv4, endpoint, NULL);
		err = err ?: add_owner(owners, &endpoint->ipv6, endpoint, NULL);
	}
	return err;
}

static int check_addresses(const struct pg_endpoints *endpoints, struct pg_diags *diags)
{
	PG_CLEANUP(owners_done) struct owners owners = { 0 };
	const struct owner *first = NULL;
	int err = collect_owners(endpoints, &owners);

	if (err || !owners.list.count)
		return err;
	qsort(owners.list.items, owners.list.count, sizeof(*first), compare_owners);
	pg_array_foreach(owner, &owners.list) {
		if (!first || pg_addr_compare(&first->addr, &owner->addr))
			first = owner;
		else if (owner->endpoint)
			err = err ?: report_shared(first, owner, diags);
	}
	return err;
}

static int check_each(struct pg_endpoints *endpoints, struct pg_diags *diags)
{
	pg_array_foreach(endpoint, &endpoints->list) {
		_cleanup_free_ char *name = NULL;

		pg_labels_sort(&endpoint->labels);
		if (endpoint->ipv4.family || endpoint->ipv6.family)
			continue;
		name = escape(endpoint->name);
		if (!name)
			return -ENOMEM;
		pg_error(diags, endpoint->loc, "endpoint '%s' has no address", name);
	}
	return 0;
}

int pg_endpoints_finish(struct pg_endpoints *endpoints, struct pg_diags *diags)
{
	size_t errors = diags->errors;
	int err;

	if (endpoints->list.count > PG_ENDPOINTS_MAX) {
		pg_error(diags, PG_LOC_NONE, "%zu endpoints are more than the %d that are allowed",
			 endpoints->list.count, PG_ENDPOINTS_MAX);
		return -EINVAL;
	}
	if (endpoints->list.count)
		qsort(endpoints->list.items, endpoints->list.count, sizeof(struct pg_endpoint),
		      compare_endpoints);
	err = check_each(endpoints, diags);
	err = err ?: check_names(endpoints, diags);
	err = err ?: check_addresses(endpoints, diags);
	if (err)
		return err;
	return diags->errors > errors ? -EINVAL : 0;
}

static int compare_name(const void *name, const void *endpoint)
{
	return strcmp(name, ((const struct pg_endpoint *)endpoint)->name);
}

const struct pg_endpoint *pg_endpoints_find(const struct pg_endpoints *endpoints, const char *name)
{
	if (!endpoints->list.count)
		return NULL;
	return bsearch(name, endpoints->list.items, endpoints->list.count,
		       sizeof(struct pg_endpoint), compare_name);
}
