// SPDX-License-Identifier: GPL-2.0-only
#include "bench/ab_host.h"

#include <arpa/inet.h>
#include <fcntl.h>

#include "compat/netns.h"
#include "compat/rtnl.h"
#include "frontend/cli/enforce.h"

#define WIRE_CLIENT "192.168.80.1"
#define WIRE_SERVER "192.168.80.2"
#define WIRE_INDEX  80

/* What polgen itself would have to say. */
static int enforce(const struct ab_config *config, const struct ab_policy *policy,
		   struct pg_diags *diags)
{
	_cleanup_prepared_ struct pg_prepared prepared = { 0 };
	struct pg_intent_options options = {
		.enforcement = PG_ENFORCEMENT_DEFAULT,
		.same_host = PG_SAME_HOST_REDIRECT,
		.uplink = config->form->uplink,
	};
	struct pg_enforce_result result;
	int err = pg_prepare(&policy->sources, &policy->policy, &policy->endpoints, &options, diags,
			     &prepared);

	return err
		       ?: pg_enforce(config->form->backend, &config->form->options,
				     &prepared.intent, diags, &result);
}

/*
 * Frames of one bridge meet IP's hooks only where this is 1, as Docker sets it. Where nothing is there it
 * is 0, lest the way there counts.
 */
static int set_bridge_netfilter(bool on)
{
	_cleanup_close_ int fd =
		open("/proc/sys/net/bridge/bridge-nf-call-iptables", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return on ? -errno : 0;
	return write(fd, on ? "1" : "0", 1) == 1 ? 0 : -errno;
}

static void write_flat(FILE *rules, const char *server, size_t policies)
{
	for (size_t i = 0; i + 1 < policies; i++)
		fprintf(rules,
			"-A FORWARD -s 10.0.192.%zu/32 -d %s/32 -p tcp --dport %zu -j ACCEPT\n",
			4 + i % AB_OTHERS, server, 6001 + 2 * (i / AB_OTHERS));
}

static void write_match(FILE *rules, const char *server, const char *protocol, bool replies)
{
	fprintf(rules, "-A FORWARD -s 10.0.192.2/32 -d %s/32 -p %s --dport %u -j ACCEPT\n", server,
		protocol, AB_PORT);
	if (replies)
		fprintf(rules, "-A FORWARD -s %s/32 -d 10.0.192.2/32 -p %s --sport %u -j ACCEPT\n",
			server, protocol, AB_PORT);
}

static int restore(const struct ab_config *config, const char *server)
{
	bool top = config->form->kind == AB_TOP;
	FILE *rules = popen("iptables-legacy-restore", "we");

	if (!rules)
		return -errno;
	fprintf(rules, "*filter\n:INPUT ACCEPT\n:FORWARD %s\n:OUTPUT ACCEPT\n",
		ab_config_filters(config) ? "DROP" : "ACCEPT");
	if (top)
		fputs("-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n", rules);
	else
		write_flat(rules, server, config->policies);
	if (ab_config_filters(config)) {
		write_match(rules, server, "tcp", !top);
		write_match(rules, server, "udp", !top);
	}
	fputs("COMMIT\n", rules);
	return pclose(rules) ? -EIO : 0;
}

static int add_address(int netns, uint32_t index, const char *text)
{
	_cleanup_netns_ int home = -1;
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	struct in_addr address;
	int err = pg_netns_enter(netns, &home);

	inet_pton(AF_INET, text, &address);
	err = err ?: pg_rtnl_new(&rtnl);
	if (err)
		return err;
	pg_rtnl_add_addr(rtnl, index, AF_INET, &address, 24);
	pg_rtnl_set_up(rtnl, index);
	return pg_rtnl_commit(rtnl);
}

/* The client and the server keep what the lab gave them, and this is another way. */
static int add_wire(struct ab_path *path)
{
	struct pg_rtnl_end near = { .name = "wire", .index = WIRE_INDEX, .netns = path->client };
	struct pg_rtnl_end far = { .name = "wire", .index = WIRE_INDEX, .netns = path->server };
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	int err = pg_rtnl_new(&rtnl);

	if (err)
		return err;
	pg_rtnl_add_veth(rtnl, &near, &far);
	err = pg_rtnl_commit(rtnl);
	err = err ?: add_address(path->client, WIRE_INDEX, WIRE_CLIENT);
	err = err ?: add_address(path->server, WIRE_INDEX, WIRE_SERVER);
	inet_pton(AF_INET, WIRE_SERVER, &path->address);
	return err;
}

int ab_host_install(const struct ab_config *config, const struct ab_policy *policy,
		    struct pg_diags *diags, const char *server)
{
	const struct ab_form *form = config->form;
	bool has_rules = form->kind == AB_TOP || form->kind == AB_FLAT ||
			 (form->backend && form->backend != &pg_backend_ebpf);
	int err = set_bridge_netfilter(has_rules);

	if (err)
		return err;
	switch (form->kind) {
	case AB_WIRE:
	case AB_BRIDGE:
	case AB_EMPTY:
		return 0;
	case AB_TOP:
	case AB_FLAT:
		return restore(config, server);
	case AB_POLGEN:
	case AB_RESTORE:
		return enforce(config, policy, diags);
	}
	return -EINVAL;
}

void ab_host_leave(struct ab_host *host)
{
	pg_lab_free(host->lab);
	*host = (struct ab_host){ 0 };
}

int ab_host_enter(const struct ab_config *config, struct ab_policy *policy, struct pg_diags *diags,
		  struct ab_host *ret_host)
{
	_cleanup_host_ struct ab_host host = { 0 };
	int err = pg_lab_enter(&policy->endpoints, NULL, 0, diags, &host.lab);

	if (err)
		return err;
	host.path.client = pg_lab_endpoint_netns(host.lab, AB_CLIENT);
	host.path.server = pg_lab_endpoint_netns(host.lab, AB_SERVER);
	inet_pton(AF_INET, AB_SERVER_ADDRESS, &host.path.address);
	err = ab_host_install(config, policy, diags, AB_SERVER_ADDRESS);
	if (!err && config->form->kind == AB_WIRE)
		err = add_wire(&host.path);
	if (err)
		return err;
	*ret_host = host;
	host = (struct ab_host){ 0 };
	return 0;
}

/*
 * The first packets on a new link may be lost, and are sent again after a second; what comes through
 * shows that those of the closed port would come through as well.
 */
int ab_host_check(const struct ab_config *config, const struct ab_path *path)
{
	int err = ab_traffic_connect(path, AB_PORT, 5);

	if (err)
		return err;
	err = ab_traffic_connect(path, AB_CLOSED_PORT, 0.2);
	return err == (ab_config_filters(config) ? -ETIMEDOUT : 0) ? 0 : -EPROTO;
}
