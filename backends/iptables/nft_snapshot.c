// SPDX-License-Identifier: GPL-2.0-only
/* Reading what nf_tables holds in table "filter". */
#include <arpa/inet.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "backends/iptables/match_set.h"
#include "backends/iptables/nft.h"

uint8_t pg_nft_family(uint8_t family)
{
	return family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
}

static void chain_done(struct pg_nft_chain *chain)
{
	free(chain->name);
	free(chain->handles.items);
	pg_array_foreach(rule, &chain->rules)
		free(rule->foreign);
	free(chain->rules.items);
	free(chain->hooks.items);
}

static void table_done(struct pg_nft_table *table)
{
	pg_array_foreach(chain, &table->chains)
		chain_done(chain);
	free(table->chains.items);
	*table = (struct pg_nft_table){ 0 };
}

void pg_nft_snapshot_done(struct pg_nft_snapshot *snapshot)
{
	table_done(&snapshot->v4);
	table_done(&snapshot->v6);
}

static uint16_t type_of(uint16_t message)
{
	return (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message);
}

static int fail(int error)
{
	errno = error;
	return MNL_CB_ERROR;
}

static int find_comment(const struct nftnl_udata *attr, void *data)
{
	_Static_assert((int)NFTNL_UDATA_TABLE_COMMENT == (int)NFTNL_UDATA_CHAIN_COMMENT,
		       "tables and chains have their comment in one place");
	if (nftnl_udata_type(attr) == NFTNL_UDATA_TABLE_COMMENT)
		*(const struct nftnl_udata **)data = attr;
	return 0;
}

/* Whether a table's or a chain's user data hold our comment. */
static bool is_tag(const void *userdata, uint32_t length)
{
	const struct nftnl_udata *comment = NULL;

	if (!userdata || nftnl_udata_parse(userdata, length, find_comment, &comment) < 0)
		return false;
	return comment && nftnl_udata_len(comment) == sizeof(PG_NFT_TAG) &&
	       !memcmp(nftnl_udata_get(comment), PG_NFT_TAG, sizeof(PG_NFT_TAG));
}

static int take_table(const struct nlmsghdr *message, void *data)
{
	_cleanup_nftnl_table_ struct nftnl_table *from = nftnl_table_alloc();
	struct pg_nft_table *table = data;
	uint32_t length = 0;
	const void *userdata;

	if (!from || nftnl_table_nlmsg_parse(message, from) < 0)
		return fail(from ? EBADMSG : ENOMEM);
	userdata = nftnl_table_get_data(from, NFTNL_TABLE_USERDATA, &length);
	table->exists = true;
	table->tagged = is_tag(userdata, length);
	table->dormant = nftnl_table_get_u32(from, NFTNL_TABLE_FLAGS) & NFT_TABLE_F_DORMANT;
	table->use = nftnl_table_get_u32(from, NFTNL_TABLE_USE);
	return MNL_CB_OK;
}

static int read_table(struct pg_nfnl *nfnl, uint8_t family, struct pg_nft_table *table)
{
	char buffer[PG_NFNL_MESSAGE_MAX];
	struct nlmsghdr *request =
		pg_nfnl_request(nfnl, buffer, type_of(NFT_MSG_GETTABLE), pg_nft_family(family), 0);
	int err;

	mnl_attr_put_strz(request, NFTA_TABLE_NAME, PG_NFT_TABLE);
	err = pg_nfnl_talk(nfnl, request, take_table, table);
	return err == -ENOENT ? 0 : err;
}

static int take_chain(const struct nlmsghdr *message, void *data)
{
	_cleanup_nftnl_chain_ struct nftnl_chain *from = nftnl_chain_alloc();
	struct pg_nft_table *table = data;
	struct pg_nft_chain *chain;
	uint32_t length = 0;
	const void *userdata;

	if (!from || nftnl_chain_nlmsg_parse(message, from) < 0)
		return fail(from ? EBADMSG : ENOMEM);
	if (strcmp(nftnl_chain_get_str(from, NFTNL_CHAIN_TABLE), PG_NFT_TABLE))
		return MNL_CB_OK;
	chain = pg_array_add(&table->chains);
	if (!chain)
		return fail(ENOMEM);
	chain->name = strdup(nftnl_chain_get_str(from, NFTNL_CHAIN_NAME));
	if (!chain->name)
		return fail(ENOMEM);
	userdata = nftnl_chain_get_data(from, NFTNL_CHAIN_USERDATA, &length);
	chain->tagged = is_tag(userdata, length);
	chain->ours = pg_ipt_is_ours(chain->name);
	chain->base = nftnl_chain_is_set(from, NFTNL_CHAIN_HOOKNUM);
	chain->hook = nftnl_chain_get_u32(from, NFTNL_CHAIN_HOOKNUM);
	chain->policy = nftnl_chain_get_u32(from, NFTNL_CHAIN_POLICY);
	return MNL_CB_OK;
}

static int compare_chains(const void *a, const void *b)
{
	const struct pg_nft_chain *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static int read_chains(struct pg_nfnl *nfnl, uint8_t family, struct pg_nft_table *table)
{
	char buffer[PG_NFNL_MESSAGE_MAX];
	int err = pg_nfnl_talk(nfnl,
			       pg_nfnl_request(nfnl, buffer, type_of(NFT_MSG_GETCHAIN),
					       pg_nft_family(family), NLM_F_DUMP),
			       take_chain, table);

	if (!err && table->chains.count > 1)
		qsort(table->chains.items, table->chains.count, sizeof(struct pg_nft_chain),
		      compare_chains);
	return err;
}

static struct pg_nft_chain *find_chain(const struct pg_nft_table *table, const char *name)
{
	struct pg_nft_chain wanted = { .name = (char *)name };

	if (!table->chains.count)
		return NULL;
	return bsearch(&wanted, table->chains.items, table->chains.count, sizeof(wanted),
		       compare_chains);
}

const struct pg_nft_chain *pg_nft_chain_find(const struct pg_nft_table *table, const char *name)
{
	return find_chain(table, name);
}

/* Where the rules of a dump go. */
struct rules {
	struct pg_nft_table *table;
	struct pg_nft_chain *chain; /* of the rule before: they come chain by chain */
	struct pg_match_set_names names;
	uint8_t family;
};

static void rules_done(struct rules *rules)
{
	pg_match_set_names_done(&rules->names);
}

static int take_own_rule(struct nftnl_rule *from, struct rules *rules)
{
	struct pg_tree_rule *rule = pg_array_add(&rules->chain->rules);
	int err = rule ? pg_nft_decode(from, rules->family, rule) : -ENOMEM;

	return err ? err : pg_match_set_name(&rules->names, rule);
}

static int find_jump(struct nftnl_expr *expression, void *data)
{
	const char *name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);

	if (!strcmp(name, "immediate") && nftnl_expr_is_set(expression, NFTNL_EXPR_IMM_CHAIN))
		*(const char **)data = nftnl_expr_get_str(expression, NFTNL_EXPR_IMM_CHAIN);
	return 0;
}

/* Of a foreign chain only jumps to ours and to Docker's are of interest. */
static int take_foreign_rule(struct nftnl_rule *from, uint8_t family, struct pg_nft_chain *chain)
{
	const char *target = NULL;
	struct pg_nft_hook *hook;
	struct pg_tree_rule rule;
	int err;

	nftnl_expr_foreach(from, find_jump, &target);
	chain->calls_docker |= target && !strcmp(target, PG_IPT_DOCKER_CHAIN);
	if (!target || !pg_ipt_is_ours(target))
		return 0;
	err = pg_nft_decode(from, family, &rule);
	if (err)
		return err;
	hook = pg_array_add(&chain->hooks);
	if (hook) {
		hook->plain = pg_tree_rule_is_plain_jump(&rule);
		hook->index = chain->handles.count - 1;
		hook->counter = (struct pg_nft_counter){ rule.packets, rule.bytes };
		snprintf(hook->chain, sizeof(hook->chain), "%s", target);
	}
	free(rule.foreign);
	return hook ? 0 : -ENOMEM;
}

static int take_rule(const struct nlmsghdr *message, void *data)
{
	_cleanup_nftnl_rule_ struct nftnl_rule *from = nftnl_rule_alloc();
	struct rules *rules = data;
	const char *name;
	uint64_t *handle;
	int err;

	if (!from || nftnl_rule_nlmsg_parse(message, from) < 0)
		return fail(from ? EBADMSG : ENOMEM);
	if (strcmp(nftnl_rule_get_str(from, NFTNL_RULE_TABLE), PG_NFT_TABLE))
		return MNL_CB_OK;
	name = nftnl_rule_get_str(from, NFTNL_RULE_CHAIN);
	if (!rules->chain || strcmp(rules->chain->name, name))
		rules->chain = find_chain(rules->table, name);
	/* A chain that came after the chains were read: the generation will have changed. */
	if (!rules->chain)
		return MNL_CB_OK;
	handle = pg_array_add(&rules->chain->handles);
	if (!handle)
		return fail(ENOMEM);
	*handle = nftnl_rule_get_u64(from, NFTNL_RULE_HANDLE);
	err = rules->chain->ours ? take_own_rule(from, rules)
				 : take_foreign_rule(from, rules->family, rules->chain);
	return err ? fail(-err) : MNL_CB_OK;
}

static int read_rules(struct pg_nfnl *nfnl, uint8_t family, struct pg_nft_table *table)
{
	char buffer[PG_NFNL_MESSAGE_MAX];
	PG_CLEANUP(rules_done) struct rules rules = { .table = table, .family = family };
	struct nlmsghdr *request = pg_nfnl_request(nfnl, buffer, type_of(NFT_MSG_GETRULE),
						   pg_nft_family(family), NLM_F_DUMP);

	mnl_attr_put_strz(request, NFTA_RULE_TABLE, PG_NFT_TABLE);
	return pg_nfnl_talk(nfnl, request, take_rule, &rules);
}

static int read_family(struct pg_nfnl *nfnl, uint8_t family, struct pg_nft_table *table)
{
	int err = read_table(nfnl, family, table);

	if (!err && table->exists)
		err = read_chains(nfnl, family, table);
	if (!err && table->exists)
		err = read_rules(nfnl, family, table);
	return err;
}

static int read_once(struct pg_nfnl *nfnl, uint8_t family, struct pg_nft_snapshot *snapshot)
{
	uint32_t now;
	int err = pg_nft_generation(nfnl, &snapshot->generation);

	if (!err && family != 6)
		err = read_family(nfnl, 4, &snapshot->v4);
	if (!err && family != 4)
		err = read_family(nfnl, 6, &snapshot->v6);
	if (!err)
		err = pg_nft_generation(nfnl, &now);
	if (!err && now != snapshot->generation)
		err = -EINTR;
	return err;
}

int pg_nft_snapshot_take(struct pg_nfnl *nfnl, uint8_t family, struct pg_nft_snapshot *ret_snapshot)
{
	struct pg_nft_patience patience = pg_nft_patience_start();

	for (;;) {
		_cleanup_nft_snapshot_ struct pg_nft_snapshot snapshot = { 0 };
		int err = read_once(nfnl, family, &snapshot);

		if (!err) {
			*ret_snapshot = snapshot;
			snapshot = (struct pg_nft_snapshot){ 0 };
			return 0;
		}
		if (err != -EINTR)
			return err;
		if (pg_nft_patience_is_over(&patience))
			return -EAGAIN;
	}
}

static int take_hooks(const struct pg_nft_chain *chain, struct pg_tree *tree)
{
	pg_array_foreach(hook, &chain->hooks) {
		struct pg_tree_hook *added;

		if (pg_tree_add_hook(tree, chain->name, hook->chain, (uint32_t)hook->index + 1))
			return -ENOMEM;
		added = &tree->hooks.items[tree->hooks.count - 1];
		added->packets = hook->counter.packets;
		added->bytes = hook->counter.bytes;
		added->conditional = !hook->plain;
	}
	return 0;
}

static int take_own_chain(struct pg_nft_chain *chain, struct pg_tree *tree)
{
	struct pg_tree_chain *added = pg_tree_add_chain(tree, chain->name);

	if (!added)
		return -ENOMEM;
	memcpy(&added->rules, &chain->rules, sizeof(added->rules));
	memset(&chain->rules, 0, sizeof(chain->rules));
	return 0;
}

int pg_nft_snapshot_to_tree(struct pg_nft_snapshot *snapshot, uint8_t family,
			    struct pg_tree *ret_tree)
{
	struct pg_nft_table *table = family == 4 ? &snapshot->v4 : &snapshot->v6;
	_cleanup_tree_ struct pg_tree tree = { .family = family };

	pg_array_foreach(chain, &table->chains) {
		int err = chain->ours ? take_own_chain(chain, &tree) : take_hooks(chain, &tree);

		if (err)
			return err;
	}
	*ret_tree = tree;
	tree = (struct pg_tree){ 0 };
	return 0;
}
