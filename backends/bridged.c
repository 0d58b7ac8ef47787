// SPDX-License-Identifier: GPL-2.0-only
#include "backends/bridged.h"

#include "compat/bridge.h"
#include "compat/errtext.h"
#include "compat/rtnl.h"

int pg_bridged_check_calls(uint8_t family, const char *who, struct pg_diags *diags)
{
	const char *sysctl = pg_bridge_sysctl(family);
	char text[PG_ERRTEXT_MAX];
	bool calls;
	int err = pg_bridge_calls_iptables(family, &calls);

	if (!err && calls)
		return 0;
	if (!err)
		pg_error(diags, PG_LOC_NONE,
			 "same-bridge traffic doesn't reach %s: %s is 0; set it: sysctl -w %s=1",
			 who, sysctl, sysctl);
	else if (err == -ENOENT)
		pg_error(diags, PG_LOC_NONE,
			 "same-bridge traffic doesn't reach %s: there is no %s; load it: "
			 "modprobe br_netfilter",
			 who, sysctl);
	else
		pg_error(diags, PG_LOC_NONE, "cannot read %s: %s", sysctl, pg_errtext(err, text));
	return err && err != -ENOENT ? err : -EOPNOTSUPP;
}

static void report(const struct pg_endpoint *endpoint, const char *backend, const char *why,
		   struct pg_diags *diags)
{
	_cleanup_strbuf_ struct pg_strbuf name = { 0 };

	pg_strbuf_add_escaped(&name, endpoint->name, strlen(endpoint->name));
	if (endpoint->interface) {
		pg_strbuf_puts(&name, "' with interface '");
		pg_strbuf_add_escaped(&name, endpoint->interface, strlen(endpoint->interface));
	}
	pg_error(diags, endpoint->loc, "%s cannot enforce anything on endpoint '%s': %s", backend,
		 name.text ? name.text : "", why);
}

/* NULL: all is well. */
static const char *find_fault(const struct pg_endpoint *endpoint, const struct pg_rtnl_links *links)
{
	const struct pg_rtnl_link *link, *master;

	if (endpoint->node)
		return NULL;
	if (!endpoint->interface)
		return "its interface on this host isn't known";
	link = pg_rtnl_links_by_name(links, endpoint->interface);
	if (!link)
		return "there is no such interface here";
	master = link->master ? pg_rtnl_links_by_index(links, link->master) : NULL;
	if (!master || strcmp(master->kind, "bridge") != 0)
		return "the interface is no port of a bridge, so rules can't tell its packets";
	return NULL;
}

int pg_bridged_check_ports(const struct pg_endpoints *endpoints, const char *backend,
			   struct pg_diags *diags)
{
	_cleanup_rtnl_links_ struct pg_rtnl_links links = { 0 };
	_cleanup_rtnl_ struct pg_rtnl *rtnl = NULL;
	char text[PG_ERRTEXT_MAX];
	int err = pg_rtnl_new(&rtnl);

	if (!err)
		err = pg_rtnl_links(rtnl, &links);
	if (err) {
		pg_error(diags, PG_LOC_NONE, "cannot list interfaces: %s", pg_errtext(err, text));
		return err;
	}
	pg_array_foreach(endpoint, &endpoints->list) {
		const char *fault = find_fault(endpoint, &links);

		if (fault)
			report(endpoint, backend, fault, diags);
		if (fault)
			err = -ENODEV;
	}
	return err;
}
