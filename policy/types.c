// SPDX-License-Identifier: GPL-2.0-only
/* The text forms of the small enums. */
#include "policy/types.h"

#include <strings.h>

static const char *const direction_names[] = {
	[PG_EGRESS] = "egress",
	[PG_INGRESS] = "ingress",
};
_Static_assert(PG_COUNT(direction_names) == PG_DIRECTIONS, "a direction lacks its name");

static const char *const verdict_names[] = {
	[PG_VERDICT_NONE] = "none",
	[PG_VERDICT_ALLOW] = "allow",
	[PG_VERDICT_REDIRECT] = "redirect",
	[PG_VERDICT_DENY] = "deny",
};
_Static_assert(PG_COUNT(verdict_names) == PG_VERDICTS, "a verdict lacks its name");

static const char *const enforcement_names[] = {
	[PG_ENFORCEMENT_DEFAULT] = "default",
	[PG_ENFORCEMENT_ALWAYS] = "always",
	[PG_ENFORCEMENT_NEVER] = "never",
};
_Static_assert(PG_COUNT(enforcement_names) == PG_ENFORCEMENTS, "an enforcement lacks its name");

static const char *const host_policy_names[] = {
	[PG_HOST_POLICY_ALLOW] = "allow",
	[PG_HOST_POLICY_ENFORCE] = "enforce",
};
_Static_assert(PG_COUNT(host_policy_names) == PG_HOST_POLICIES, "a host policy lacks its name");

static const char *const on_revoke_names[] = {
	[PG_ON_REVOKE_CUT] = "cut",
	[PG_ON_REVOKE_KEEP] = "keep",
};
_Static_assert(PG_COUNT(on_revoke_names) == PG_ON_REVOKES, "a way to revoke lacks its name");

static const char *const same_host_names[] = {
	[PG_SAME_HOST_REDIRECT] = "redirect",
	[PG_SAME_HOST_STACK] = "stack",
};
_Static_assert(PG_COUNT(same_host_names) == PG_SAME_HOSTS, "a way on the host lacks its name");

static const struct {
	pg_proto proto;
	const char *name;
} protos[] = {
	{ PG_PROTO_ICMP, "icmp" },     { PG_PROTO_TCP, "tcp" },	  { PG_PROTO_UDP, "udp" },
	{ PG_PROTO_ICMPV6, "icmpv6" }, { PG_PROTO_SCTP, "sctp" },
};

const char *pg_direction_name(enum pg_direction direction)
{
	return (size_t)direction < PG_DIRECTIONS ? direction_names[direction] : "?";
}

const char *pg_verdict_name(enum pg_verdict verdict)
{
	return (size_t)verdict < PG_VERDICTS ? verdict_names[verdict] : "?";
}

const char *pg_enforcement_name(enum pg_enforcement mode)
{
	return (size_t)mode < PG_ENFORCEMENTS ? enforcement_names[mode] : "?";
}

const char *pg_host_policy_name(enum pg_host_policy policy)
{
	return (size_t)policy < PG_HOST_POLICIES ? host_policy_names[policy] : "?";
}

const char *pg_on_revoke_name(enum pg_on_revoke mode)
{
	return (size_t)mode < PG_ON_REVOKES ? on_revoke_names[mode] : "?";
}

const char *pg_same_host_name(enum pg_same_host way)
{
	return (size_t)way < PG_SAME_HOSTS ? same_host_names[way] : "?";
}

const char *pg_proto_name(pg_proto proto)
{
	for (size_t i = 0; i < PG_COUNT(protos); i++) {
		if (protos[i].proto.n == proto.n)
			return protos[i].name;
	}
	return NULL;
}

/* The index of `text` in a table of names, or -EINVAL. */
static int find_name(const char *const *names, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(names[i], text))
			return (int)i;
	}
	return -EINVAL;
}

int pg_enforcement_parse(const char *text, enum pg_enforcement *ret_mode)
{
	int found = find_name(enforcement_names, PG_COUNT(enforcement_names), text);

	if (found < 0)
		return found;
	*ret_mode = (enum pg_enforcement)found;
	return 0;
}

int pg_host_policy_parse(const char *text, enum pg_host_policy *ret_policy)
{
	int found = find_name(host_policy_names, PG_COUNT(host_policy_names), text);

	if (found < 0)
		return found;
	*ret_policy = (enum pg_host_policy)found;
	return 0;
}

int pg_on_revoke_parse(const char *text, enum pg_on_revoke *ret_mode)
{
	int found = find_name(on_revoke_names, PG_COUNT(on_revoke_names), text);

	if (found < 0)
		return found;
	*ret_mode = (enum pg_on_revoke)found;
	return 0;
}

int pg_same_host_parse(const char *text, enum pg_same_host *ret_way)
{
	int found = find_name(same_host_names, PG_COUNT(same_host_names), text);

	if (found < 0)
		return found;
	*ret_way = (enum pg_same_host)found;
	return 0;
}

int pg_proto_parse(const char *text, pg_proto *ret_proto)
{
	for (size_t i = 0; i < PG_COUNT(protos); i++) {
		if (!strcasecmp(protos[i].name, text)) {
			*ret_proto = protos[i].proto;
			return 0;
		}
	}
	return -EINVAL;
}
