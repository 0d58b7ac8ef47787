// SPDX-License-Identifier: GPL-2.0-only
/*
 * The uplink of a commit. Its programs do nothing before the meta map says that it is the uplink, so they
 * are attached before that and taken off after it does so no more. The records of attach.h say what
 * is attached, so that a commit that was killed is found and finished by the next.
 */
#include "backends/ebpf/attach.h"
#include "backends/ebpf/commit.h"
#include "backends/ebpf/uplink.h"
#include "compat/strbuf.h"

static int report(const struct pg_commit *commit, int err)
{
	_cleanup_strbuf_ struct pg_strbuf name = { 0 };

	pg_strbuf_add_escaped(&name, commit->intent->uplink, strlen(commit->intent->uplink));
	if (pg_strbuf_error(&name))
		return -ENOMEM;
	if (err != -EOPNOTSUPP)
		return pg_ebpf_error(commit->diags, err, "cannot attach to the uplink '%s'",
				     name.text);
	pg_error(commit->diags, PG_LOC_NONE,
		 "the uplink '%s' can't have TCX links: the kernel lacks them", name.text);
	return err;
}

int pg_commit_check_uplink(struct pg_commit *commit)
{
	if (!commit->intent->uplink)
		return 0;
	commit->uplink = if_nametoindex(commit->intent->uplink);
	return commit->uplink ? 0 : report(commit, -ENODEV);
}

/* Whether flows that go by the uplink now go through the stack then. */
static bool gives_up(const struct pg_commit *commit)
{
	const struct pg_map_meta_half *half = &commit->pins.meta->half[commit->stage.now & 1];

	return half->uplink && (half->uplink != commit->uplink ||
				pg_uplink_mtu(commit->rtnl, commit->uplink) < half->uplink_mtu);
}

int pg_commit_attach_uplink(struct pg_commit *commit)
{
	int err;

	commit->back_to_stack |= gives_up(commit);
	if (!commit->uplink)
		return 0;
	err = pg_attach(commit->handle, &commit->pins, commit->uplink, PG_ON_UPLINK);
	return err ? report(commit, err) : 0;
}

void pg_commit_name_uplink(const struct pg_commit *commit, struct pg_map_meta_half *half)
{
	const char *name = commit->intent->uplink;

	half->uplink = commit->uplink;
	if (!name)
		return;
	half->uplink_mtu = pg_uplink_mtu(commit->rtnl, commit->uplink);
	memcpy(half->uplink_name, name, strnlen(name, sizeof(half->uplink_name) - 1));
}

int pg_commit_settle_uplink(struct pg_commit *commit, uint32_t generation)
{
	return pg_detach_uplinks(commit->handle, commit->pins.meta->half[generation & 1].uplink);
}
