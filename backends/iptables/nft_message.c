// SPDX-License-Identifier: GPL-2.0-only
/* The messages of a batch. */
#include <arpa/inet.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>

#include "backends/iptables/nft_commit.h"

void pg_nft_commit_done(struct pg_nft_commit *commit)
{
	pg_nfnl_batch_done(&commit->batch);
	free(commit->notes.items);
}

/* Starts a message. NULL: errno says why. */
static struct nlmsghdr *start(struct pg_nft_commit *commit, uint16_t type, uint16_t flags,
			      const char *action, const char *chain)
{
	struct pg_nft_note *note = pg_array_add(&commit->notes);

	if (!note) {
		errno = ENOMEM;
		return NULL;
	}
	note->action = action;
	note->chain = chain;
	note->family = commit->family;
	return pg_nfnl_batch_add(&commit->batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
				 pg_nft_family(commit->family), flags);
}

/* A comment, in the form that nft gives to those of tables and chains. */
static void put_tag(struct nlmsghdr *message, uint16_t attribute)
{
	struct {
		uint8_t type, length;
		char text[sizeof(PG_NFT_TAG)];
	} tag = { NFTNL_UDATA_TABLE_COMMENT, sizeof(tag.text), PG_NFT_TAG };

	_Static_assert(sizeof(tag) == 2 + sizeof(PG_NFT_TAG), "type, length, text, no holes");
	mnl_attr_put(message, attribute, sizeof(tag), &tag);
}

static struct nlmsghdr *start_table(struct pg_nft_commit *commit, uint16_t type, uint16_t flags,
				    const char *action)
{
	struct nlmsghdr *message = start(commit, type, flags, action, NULL);

	if (message)
		mnl_attr_put_strz(message, NFTA_TABLE_NAME, PG_NFT_TABLE);
	return message;
}

int pg_nft_add_table(struct pg_nft_commit *commit)
{
	struct nlmsghdr *message =
		start_table(commit, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, "make");

	if (!message)
		return -errno;
	put_tag(message, NFTA_TABLE_USERDATA);
	return 0;
}

int pg_nft_delete_table(struct pg_nft_commit *commit)
{
	return start_table(commit, NFT_MSG_DELTABLE, 0, "delete") ? 0 : -errno;
}

static struct nlmsghdr *start_chain(struct pg_nft_commit *commit, uint16_t type, uint16_t flags,
				    const char *action, const char *name)
{
	struct nlmsghdr *message = start(commit, type, flags, action, name);

	if (message) {
		mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, PG_NFT_TABLE);
		mnl_attr_put_strz(message, NFTA_CHAIN_NAME, name);
	}
	return message;
}

int pg_nft_add_chain(struct pg_nft_commit *commit, const char *name)
{
	return start_chain(commit, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, "make", name)
		       ? 0
		       : -errno;
}

int pg_nft_delete_chain(struct pg_nft_commit *commit, const char *name)
{
	return start_chain(commit, NFT_MSG_DELCHAIN, 0, "delete", name) ? 0 : -errno;
}

int pg_nft_add_base_chain(struct pg_nft_commit *commit, const char *name, uint32_t hook)
{
	struct nlmsghdr *message =
		start_chain(commit, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, "make", name);
	struct nlattr *nest;

	if (!message)
		return -errno;
	nest = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(hook));
	mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY, htonl(NF_IP_PRI_FILTER));
	mnl_attr_nest_end(message, nest);
	mnl_attr_put_u32(message, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
	put_tag(message, NFTA_CHAIN_USERDATA);
	return 0;
}

static struct nlmsghdr *start_rule(struct pg_nft_commit *commit, uint16_t type, uint16_t flags,
				   const char *action, const char *chain)
{
	struct nlmsghdr *message = start(commit, type, flags, action, chain);

	if (message) {
		mnl_attr_put_strz(message, NFTA_RULE_TABLE, PG_NFT_TABLE);
		mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
	}
	return message;
}

int pg_nft_delete_rules(struct pg_nft_commit *commit, const char *chain, uint64_t handle)
{
	struct nlmsghdr *message = start_rule(commit, NFT_MSG_DELRULE, 0, "delete rules of", chain);

	if (!message)
		return -errno;
	if (handle)
		mnl_attr_put_u64(message, NFTA_RULE_HANDLE, htobe64(handle));
	return 0;
}

static int put_rule(struct pg_nft_commit *commit, const char *action, const char *chain,
		    uint64_t before, const struct pg_tree_rule *rule,
		    const struct pg_nft_counter *counter)
{
	/* Before a rule is where one goes that isn't appended after it. */
	uint16_t flags = NLM_F_CREATE | (before ? 0 : NLM_F_APPEND);
	struct nlmsghdr *message = start_rule(commit, NFT_MSG_NEWRULE, flags, action, chain);

	if (!message)
		return -errno;
	if (before)
		mnl_attr_put_u64(message, NFTA_RULE_POSITION, htobe64(before));
	return pg_nft_encode(message, rule, counter, commit->family);
}

int pg_nft_add_rule(struct pg_nft_commit *commit, const char *chain, uint64_t before,
		    const struct pg_tree_rule *rule, const struct pg_nft_counter *counter)
{
	int err = put_rule(commit, "add a rule to", chain, before, rule, counter);

	/* The message about it was started last, if it was. */
	if (commit->notes.count)
		commit->notes.items[commit->notes.count - 1].rule = rule;
	return err;
}

int pg_nft_add_hook(struct pg_nft_commit *commit, const char *parent, uint64_t before,
		    const char *chain, const struct pg_nft_counter *counter)
{
	struct pg_tree_rule jump = { .target = PG_TARGET_JUMP };

	snprintf(jump.chain, sizeof(jump.chain), "%s", chain);
	return put_rule(commit, "put our jump into", parent, before, &jump, counter);
}
