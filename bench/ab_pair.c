// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_pair.h"

#include "bench/ab_host.h"
#include "compat/netns.h"

#define CLIENT_HOST 0
#define SERVER_HOST 1

static int set_text(char **member, const char *text)
{
	free(*member);
	*member = text ? strdup(text) : NULL;
	return text && !*member ? -ENOMEM : 0;
}

/* As a host sees an endpoint: its own container, which is the first one, or another host's. */
static int locate(struct pg_endpoint *endpoint, bool here)
{
	int err = set_text(&endpoint->node, here ? NULL : "elsewhere");

	endpoint->ifindex = here ? PG_LAB_HOSTS_FIRST_IF : 0;
	return err ?: set_text(&endpoint->interface, here ? "vpg0" : NULL);
}

static int locate_all(struct ab_policy *policy, unsigned host)
{
	struct pg_endpoints *endpoints = &policy->endpoints;
	int err = 0;

	endpoints->host_addrs.items[0] = pg_lab_hosts_gateway(host, 4);
	for (size_t i = 0; i < endpoints->list.count && !err; i++)
		err = locate(&endpoints->list.items[i],
			     i == (host == CLIENT_HOST ? AB_CLIENT : AB_SERVER));
	return err;
}

static int install(const struct ab_config *config, struct ab_policy *policy, struct pg_diags *diags,
		   const struct pg_lab_hosts *hosts, unsigned host)
{
	struct pg_addr server = pg_lab_hosts_addr(SERVER_HOST, 0, 4);
	char text[PG_ADDR_TEXT_MAX];
	_cleanup_netns_ int home = -1;
	int err = locate_all(policy, host);

	err = err ?: pg_netns_enter(hosts->host[host], &home);
	return err ?: ab_host_install(config, policy, diags, pg_addr_format(&server, text));
}

static struct ab_path path_of(const struct pg_lab_hosts *hosts)
{
	struct pg_addr server = pg_lab_hosts_addr(SERVER_HOST, 0, 4);
	struct ab_path path = {
		.client = hosts->container[CLIENT_HOST][0],
		.server = hosts->container[SERVER_HOST][0],
	};

	memcpy(&path.address, server.bytes, sizeof(path.address));
	return path;
}

void ab_pair_leave(struct ab_pair *pair)
{
	pg_lab_hosts_leave(&pair->hosts);
}

int ab_pair_enter(const struct ab_config *config, struct ab_policy *policy, struct pg_diags *diags,
		  struct ab_pair *ret_pair)
{
	_cleanup_lab_hosts_ struct pg_lab_hosts hosts = PG_LAB_HOSTS_NONE;
	int err = pg_lab_hosts_enter(config->form->kind != AB_WIRE, diags, &hosts);

	policy->endpoints.list.items[AB_CLIENT].ipv4 = pg_lab_hosts_addr(CLIENT_HOST, 0, 4);
	policy->endpoints.list.items[AB_SERVER].ipv4 = pg_lab_hosts_addr(SERVER_HOST, 0, 4);
	for (unsigned i = 0; i < PG_LAB_HOSTS && !err; i++)
		err = install(config, policy, diags, &hosts, i);
	if (err)
		return err;
	*ret_pair = (struct ab_pair){ .hosts = hosts, .path = path_of(&hosts) };
	hosts = PG_LAB_HOSTS_NONE;
	return 0;
}
