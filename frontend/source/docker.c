// SPDX-License-Identifier: GPL-2.0-only
#include "frontend/source/docker.h"

#include "compat/errtext.h"
#include "frontend/source/docker_client.h"
#include "frontend/source/names.h"

/* One connection to the Engine, and where what it says is told. */
struct visit {
	const struct pg_docker_options *options;
	struct pg_docker_client *client;
	struct pg_diags *diags;
};

/* For paths that every Engine has: not found is an answer of something else's. */
static int get(const struct visit *visit, const char *path, struct pg_strbuf *answer)
{
	int r = pg_docker_client_get(visit->client, path, visit->diags, answer);

	if (r != -ESRCH)
		return r;
	pg_error(visit->diags, PG_LOC_NONE, "'%s' is not found: is this Docker?", path);
	return -EREMOTEIO;
}

static int negotiate(const struct visit *visit)
{
	_cleanup_strbuf_ struct pg_strbuf answer = { 0 };
	unsigned int minor;
	int r = get(visit, "/version", &answer);

	r = r ?: pg_docker_parse_version(answer.text, answer.length, visit->diags, &minor);
	if (r == 0)
		pg_docker_client_set_version(visit->client, minor);
	return r;
}

static int list(const struct visit *visit, struct pg_docker_ids *ret_ids)
{
	_cleanup_strbuf_ struct pg_strbuf answer = { 0 };
	int r = get(visit, "/containers/json", &answer);

	return r ?: pg_docker_parse_list(answer.text, answer.length, visit->diags, ret_ids);
}

/* -ESRCH: it is gone. */
static int inspect(const struct visit *visit, const char *id,
		   struct pg_docker_container *ret_container)
{
	_cleanup_strbuf_ struct pg_strbuf answer = { 0 };
	_cleanup_free_ char *path = NULL;
	int r;

	if (asprintf(&path, "/containers/%s/json", id) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	r = pg_docker_client_get(visit->client, path, visit->diags, &answer);
	return r
		       ?: pg_docker_parse_container(answer.text, answer.length,
						    visit->options->ignored, visit->diags,
						    ret_container);
}

static int add_vanished(const char *id, struct pg_docker_state *state)
{
	char **vanished = pg_array_add(&state->vanished);

	if (!vanished)
		return -ENOMEM;
	*vanished = strndup(id, 12);
	return *vanished ? 0 : -ENOMEM;
}

static int add_container(const struct visit *visit, const char *id, struct pg_docker_state *state)
{
	_cleanup_docker_container_ struct pg_docker_container container = { 0 };
	struct pg_docker_container *added;
	int r = inspect(visit, id, &container);

	if (r == -ESRCH)
		return add_vanished(id, state);
	if (r < 0)
		return r;
	added = pg_array_add(&state->containers);
	if (!added)
		return -ENOMEM;
	*added = container;
	container = (struct pg_docker_container){ 0 };
	return 0;
}

static int compare_containers(const void *a, const void *b)
{
	const struct pg_docker_container *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* Networks come last: each that a container is on is among them then. */
static int add_networks(const struct visit *visit, struct pg_docker_state *state)
{
	_cleanup_strbuf_ struct pg_strbuf answer = { 0 };
	int r = get(visit, "/networks", &answer);

	return r ?: pg_docker_parse_networks(answer.text, answer.length, visit->diags, state);
}

static int fetch(const struct visit *visit, struct pg_docker_state *state)
{
	_cleanup_docker_ids_ struct pg_docker_ids ids = { 0 };
	int r = negotiate(visit);

	r = r ?: list(visit, &ids);
	pg_array_foreach(id, &ids.list)
		r = r ?: add_container(visit, *id, state);
	r = r ?: add_networks(visit, state);
	if (r == 0 && state->containers.count)
		qsort(state->containers.items, state->containers.count,
		      sizeof(*state->containers.items), compare_containers);
	return r;
}

/* Asks once more about a container whose namespace wasn't found: has it ended? */
static int has_ended(const struct visit *visit, const char *id, bool *ret_ended)
{
	_cleanup_docker_container_ struct pg_docker_container container = { 0 };
	static const char *const all_labels[] = { "*", NULL };
	struct pg_docker_options options = { .ignored = all_labels };
	struct visit again = { &options, visit->client, visit->diags };
	int r = inspect(&again, id, &container);

	if (r < 0 && r != -ESRCH)
		return r;
	*ret_ended = r == -ESRCH || !container.running || !container.pid;
	return 0;
}

static int report(struct pg_diags *diags, enum pg_severity severity, const char *what,
		  const struct pg_names *names)
{
	_cleanup_free_ char *text = pg_names_format(names);

	if (!text)
		return -ENOMEM;
	if (names->count)
		pg_diag_add(diags, severity, PG_LOC_NONE, "%s: %s", what, text);
	return 0;
}

/*
 * Endpoints whose interface wasn't found go if their container has ended meanwhile. If it hasn't,
 * they stay: that they can't be enforced on is for a backend to say, and no reason to forget them.
 */
static int drop_ended(const struct visit *visit, struct pg_endpoints *endpoints)
{
	_cleanup_names_ struct pg_names ended = { 0 }, no_netns = { 0 }, no_veth = { 0 };
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < endpoints->list.count; i++) {
		struct pg_endpoint *endpoint = &endpoints->list.items[i];
		bool gone = false;

		if (!endpoint->interface) {
			r = r ?: has_ended(visit, endpoint->container, &gone);
			pg_names_add(gone	       ? &ended
				     : endpoint->netns ? &no_veth
						       : &no_netns,
				     endpoint->name);
		}
		if (gone)
			pg_endpoint_done(endpoint);
		else
			endpoints->list.items[kept++] = *endpoint;
	}
	endpoints->list.count = kept;
	r = r ?: report(visit->diags, PG_NOTE, "left out, ended while Docker was asked", &ended);
	r = r
		    ?: report(visit->diags, PG_WARNING,
			      "no network namespace is where Docker says it is, of", &no_netns);
	return r
		       ?: report(visit->diags, PG_WARNING,
				 "no veth on the network's bridge in this network namespace, of",
				 &no_veth);
}

static int add_interfaces(const struct visit *visit, const struct pg_docker_state *state,
			  struct pg_endpoints *endpoints)
{
	int r = pg_docker_interfaces(state, endpoints);
	char text[PG_ERRTEXT_MAX];

	switch (r) {
	case 0:
		return drop_ended(visit, endpoints);
	case -EACCES:
	case -EPERM:
		pg_warning(visit->diags, PG_LOC_NONE,
			   "cannot open the containers' network namespaces to find interfaces: %s",
			   pg_errtext(r, text));
		return 0;
	case -ENOMEM:
		return r;
	default:
		pg_error(visit->diags, PG_LOC_NONE, "cannot look up containers' interfaces: %s",
			 pg_errtext(r, text));
		return r;
	}
}

int pg_docker_load(const struct pg_docker_options *options, struct pg_diags *diags,
		   struct pg_endpoints *endpoints)
{
	_cleanup_docker_client_ struct pg_docker_client *client = NULL;
	_cleanup_docker_state_ struct pg_docker_state state = { 0 };
	struct visit visit = { .options = options, .diags = diags };
	int r = pg_docker_client_new(options, diags, &client);

	if (r < 0)
		return r;
	visit.client = client;
	r = fetch(&visit, &state);
	r = r ?: pg_docker_endpoints(&state, diags, endpoints);
	if (r == 0 && options->kernel)
		r = add_interfaces(&visit, &state, endpoints);
	return r;
}
