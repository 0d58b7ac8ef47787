// SPDX-License-Identifier: GPL-2.0-only
/* Which of the Engine's containers are endpoints, and what is said of the others. */
#include "frontend/source/docker.h"

#include "frontend/source/names.h"

/* Why something is no endpoint. */
enum left_out {
	LEFT_OUT_ENDED,
	LEFT_OUT_HOST,
	LEFT_OUT_SHARED,
	LEFT_OUT_NONE,
	LEFT_OUT_DRIVER,
	LEFT_OUT_NETWORK,
	LEFT_OUT_ADDRESS,
	LEFT_OUTS,
};

static const struct {
	enum pg_severity severity;
	const char *text;
} reasons[] = {
	[LEFT_OUT_ENDED] = { PG_NOTE, "ended while Docker was asked" },
	[LEFT_OUT_HOST] = { PG_NOTE, "in the host's network, judged as the host" },
	[LEFT_OUT_SHARED] = { PG_NOTE, "in another container's network, judged as that one" },
	[LEFT_OUT_NONE] = { PG_NOTE, "on no network" },
	[LEFT_OUT_DRIVER] = { PG_WARNING, "on a network that is no bridge, not judged there" },
	[LEFT_OUT_NETWORK] = { PG_WARNING, "on a network that Docker does not list" },
	[LEFT_OUT_ADDRESS] = { PG_WARNING, "without an address, not judged" },
};
_Static_assert(PG_COUNT(reasons) == LEFT_OUTS, "each reason has a text");

/* The names that each reason goes for: a line for all of them, however many there are. */
struct tally {
	struct pg_names names[LEFT_OUTS];
};

static void tally_done(struct tally *tally)
{
	for (int i = 0; i < LEFT_OUTS; i++)
		pg_names_done(&tally->names[i]);
}

static int report(const struct tally *tally, struct pg_diags *diags)
{
	for (int i = 0; i < LEFT_OUTS; i++) {
		_cleanup_free_ char *names = pg_names_format(&tally->names[i]);

		if (!names)
			return -ENOMEM;
		if (tally->names[i].count)
			pg_diag_add(diags, reasons[i].severity, PG_LOC_NONE, "left out, %s: %s",
				    reasons[i].text, names);
	}
	return 0;
}

/* By id; by name where the Engine gives no id with a container's network. */
static const struct pg_docker_network *find_network(const struct pg_docker_state *state,
						    const struct pg_docker_attachment *attachment)
{
	bool by_id = *attachment->network_id;

	pg_array_foreach(network, &state->networks) {
		if (by_id ? !strcmp(network->id, attachment->network_id)
			  : !strcmp(network->name, attachment->network))
			return network;
	}
	return NULL;
}

/* LEFT_OUTS: it is an endpoint. */
static enum left_out judge(const struct pg_docker_state *state,
			   const struct pg_docker_attachment *attachment)
{
	const struct pg_docker_network *network = find_network(state, attachment);

	if (!network)
		return LEFT_OUT_NETWORK;
	if (!strcmp(network->driver, "host"))
		return LEFT_OUT_HOST;
	if (!strcmp(network->driver, "null"))
		return LEFT_OUT_NONE;
	if (!network->bridge)
		return LEFT_OUT_DRIVER;
	if (!attachment->ipv4.family && !attachment->ipv6.family)
		return LEFT_OUT_ADDRESS;
	return LEFT_OUTS;
}

/* The sandbox is the namespace itself; the process's is it as long as its number isn't reused. */
static int name_netns(const struct pg_docker_container *container, char **ret_path)
{
	char *path;

	if (*container->sandbox)
		path = strdup(container->sandbox);
	else if (asprintf(&path, "/proc/%u/ns/net", container->pid) < 0)
		path = NULL;
	if (!path)
		return -ENOMEM;
	*ret_path = path;
	return 0;
}

static int add_endpoint(const struct pg_docker_container *container,
			const struct pg_docker_attachment *attachment, bool several,
			struct pg_endpoints *endpoints)
{
	struct pg_endpoint *endpoint = pg_array_add(&endpoints->list);
	int r;

	if (!endpoint)
		return -ENOMEM;
	if (asprintf(&endpoint->name, "%s%s%s", container->name, several ? "@" : "",
		     several ? attachment->network : "") < 0)
		endpoint->name = NULL;
	endpoint->container = strdup(container->id);
	endpoint->network = strdup(attachment->network);
	if (!endpoint->name || !endpoint->container || !endpoint->network)
		return -ENOMEM;
	endpoint->ipv4 = attachment->ipv4;
	endpoint->ipv6 = attachment->ipv6;
	r = name_netns(container, &endpoint->netns);
	return r < 0 ? r : pg_labels_copy(&container->labels, &endpoint->labels);
}

static bool shares_namespace(const struct pg_docker_container *container)
{
	return !strncmp(container->mode, "container:", strlen("container:"));
}

/* What a container as a whole is left out for; LEFT_OUTS: its networks decide. */
static enum left_out judge_container(const struct pg_docker_container *container)
{
	if (!container->running || !container->pid)
		return LEFT_OUT_ENDED;
	if (shares_namespace(container))
		return LEFT_OUT_SHARED;
	return container->attachments.count ? LEFT_OUTS : LEFT_OUT_NONE;
}

/* Networks that could have an endpoint of the container's, whether or not it has an address now. */
static size_t count_bridges(const struct pg_docker_state *state,
			    const struct pg_docker_container *container)
{
	size_t count = 0;

	pg_array_foreach(attachment, &container->attachments) {
		const struct pg_docker_network *network = find_network(state, attachment);

		count += network && network->bridge;
	}
	return count;
}

static int add_container(const struct pg_docker_state *state,
			 const struct pg_docker_container *container, struct tally *tally,
			 struct pg_endpoints *endpoints)
{
	bool several = count_bridges(state, container) > 1;
	enum left_out reason = judge_container(container);
	int r = 0;

	if (reason != LEFT_OUTS) {
		pg_names_add(&tally->names[reason], container->name);
		return 0;
	}
	pg_array_foreach(attachment, &container->attachments) {
		reason = judge(state, attachment);
		if (reason == LEFT_OUTS)
			r = add_endpoint(container, attachment, several, endpoints);
		else
			pg_names_add(&tally->names[reason], container->name);
		if (r < 0)
			return r;
	}
	return 0;
}

int pg_docker_endpoints(const struct pg_docker_state *state, struct pg_diags *diags,
			struct pg_endpoints *endpoints)
{
	PG_CLEANUP(tally_done) struct tally tally = { 0 };
	int r;

	pg_array_foreach(id, &state->vanished)
		pg_names_add(&tally.names[LEFT_OUT_ENDED], *id);
	pg_array_foreach(container, &state->containers) {
		r = add_container(state, container, &tally, endpoints);
		if (r < 0)
			return r;
	}
	return report(&tally, diags);
}
