// SPDX-License-Identifier: GPL-2.0-only
/* Which flavour, and which chains of the host's to hook into. */
#include <sys/socket.h>

#include "backends/iptables/handle.h"

#define DEFAULT_CHAIN "FORWARD"
#define ALTERNATIVE   "/etc/alternatives/iptables"

enum {
	LEGACY,
	NFT,
	FLAVOURS,
};

static const struct pg_ipt_flavour *const flavours[FLAVOURS] = { &pg_ipt_legacy, &pg_ipt_nft };

/* What one flavour's table says of one host. */
struct view {
	struct pg_ipt_probe v4, v6;
};

static void use(struct pg_backend_handle *handle, int flavour)
{
	handle->flavour = flavours[flavour];
	handle->other = flavours[!flavour];
}

/* -1: by probing; -EINVAL. */
static int parse_flavour(const char *name, struct pg_diags *diags)
{
	if (!name)
		return -1;
	for (int i = 0; i < FLAVOURS; i++) {
		if (!strcmp(name, flavours[i]->name))
			return i;
	}
	pg_error(diags, PG_LOC_NONE, "unknown flavour of iptables; 'legacy' and 'nft' are known");
	return -EINVAL;
}

static int parse_layout(const char *name, struct pg_diags *diags, struct pg_backend_handle *handle)
{
	handle->any_layout = !name;
	if (!name || !pg_layout_parse(name, &handle->layout))
		return 0;
	pg_error(diags, PG_LOC_NONE,
		 "unknown layout of iptables rules; 'linear', 'tree' and 'set' are known");
	return -EINVAL;
}

/* What the command iptables is on this host; Debian and its kin link it so. */
static int find_alternative(void)
{
	char target[256];
	ssize_t length = readlink(ALTERNATIVE, target, sizeof(target) - 1);

	if (length < 0)
		return LEGACY;
	target[length] = '\0';
	return strstr(target, "nft") ? NFT : LEGACY;
}

static bool is_used(const struct view *view)
{
	return view->v4.docker_user || view->v4.forward_rules;
}

static int choose_flavour(const struct view views[FLAVOURS], struct pg_diags *diags)
{
	bool both = is_used(&views[LEGACY]) && is_used(&views[NFT]);
	int chosen;

	if (views[LEGACY].v4.docker_user != views[NFT].v4.docker_user)
		chosen = views[NFT].v4.docker_user ? NFT : LEGACY;
	else if (!both && (is_used(&views[LEGACY]) || is_used(&views[NFT])))
		chosen = is_used(&views[NFT]) ? NFT : LEGACY;
	else
		chosen = find_alternative();
	if (both)
		pg_warning(diags, PG_LOC_NONE,
			   "both flavours of iptables have forwarding rules here, and packets pass "
			   "both; using '%s'",
			   flavours[chosen]->name);
	return chosen;
}

static int look(const char *parent, struct pg_diags *diags, struct view views[FLAVOURS])
{
	for (int i = 0; i < FLAVOURS; i++) {
		int err = flavours[i]->probe(4, parent, diags, &views[i].v4);

		if (!err)
			err = flavours[i]->probe(6, parent, diags, &views[i].v6);
		if (err)
			return err;
	}
	return 0;
}

/* In a chain that nothing calls our rules would judge nothing. */
static void choose_parent(const char *parent, const struct pg_ipt_probe *probe,
			  char name[PG_CHAIN_NAME_MAX])
{
	if (!parent || !probe->parent)
		parent = probe->docker_called ? PG_IPT_DOCKER_CHAIN : DEFAULT_CHAIN;
	snprintf(name, PG_CHAIN_NAME_MAX, "%s", parent);
}

/* A name that could be a chain's, means itself in iptables-restore text, and isn't ours. */
static bool is_parent_name(const char *name)
{
	size_t length = strlen(name);

	for (const char *c = name; *c; c++) {
		if (*c <= ' ' || *c >= 0x7f || strchr("\"'\\", *c))
			return false;
	}
	return length && length < PG_CHAIN_NAME_MAX && name[0] != '-' && name[0] != '!' &&
	       !pg_ipt_is_ours(name);
}

static int check_parent(const char *name, struct pg_diags *diags)
{
	if (!name || is_parent_name(name))
		return 0;
	pg_error(diags, PG_LOC_NONE, "not the name of a chain that polgen can be jumped to from");
	return -EINVAL;
}

static bool has_ipv6(void)
{
	_cleanup_close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 || errno != EAFNOSUPPORT;
}

static int choose_here(const struct pg_backend_options *options, int wanted, struct pg_diags *diags,
		       struct pg_backend_handle *handle)
{
	const char *parent = options->parent_chain;
	struct view views[FLAVOURS] = { 0 };
	const struct view *view;
	int err = look(parent, diags, views);

	if (err)
		return err;
	if (wanted < 0)
		wanted = choose_flavour(views, diags);
	use(handle, wanted);
	view = &views[wanted];
	if (parent && !view->v4.parent) {
		pg_error(diags, PG_LOC_NONE, "%s iptables has no chain '%s' in table 'filter'",
			 handle->flavour->name, parent);
		return -EINVAL;
	}
	choose_parent(parent, &view->v4, handle->parent4);
	choose_parent(parent, &view->v6, handle->parent6);
	handle->ipv6 = has_ipv6();
	return 0;
}

int pg_ipt_choose(const struct pg_backend_options *options, bool kernel, struct pg_diags *diags,
		  struct pg_backend_handle *handle)
{
	static const struct pg_ipt_probe nothing = { .parent = true };
	int wanted = parse_flavour(options->flavour, diags);
	int err = wanted < -1 ? wanted : check_parent(options->parent_chain, diags);

	if (!err)
		err = parse_layout(options->layout, diags, handle);
	if (err)
		return err;
	handle->kernel = kernel;
	if (kernel)
		return choose_here(options, wanted, diags, handle);
	use(handle, PG_MAX(wanted, 0));
	choose_parent(options->parent_chain, &nothing, handle->parent4);
	choose_parent(options->parent_chain, &nothing, handle->parent6);
	handle->ipv6 = true;
	return 0;
}
