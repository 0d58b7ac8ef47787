// SPDX-License-Identifier: GPL-2.0-only
/* The nf_tables flavour: rules as iptables-nft would make them, without calling it. */
#include "backends/iptables/nft_commit.h"

static const struct pg_nft_table *table_of(const struct pg_nft_snapshot *snapshot, uint8_t family)
{
	return family == 4 ? &snapshot->v4 : &snapshot->v6;
}

/* Takes a snapshot with a socket of its own. -EOPNOTSUPP: no nf_tables here. */
static int look(uint8_t family, struct pg_nft_snapshot *ret_snapshot)
{
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	int err = pg_nfnl_open(&nfnl);

	if (!err)
		err = pg_nft_snapshot_take(&nfnl, family, ret_snapshot);
	return err == -EPROTONOSUPPORT ? -EOPNOTSUPP : err;
}

static struct pg_ipt_probe probe_table(const struct pg_nft_table *table, const char *parent)
{
	struct pg_ipt_probe probe = {
		.docker_user = pg_nft_chain_find(table, PG_IPT_DOCKER_CHAIN),
		.parent = parent &&
			  (pg_nft_chain_find(table, parent) || pg_nft_built_in_hook(parent) >= 0),
	};

	pg_array_foreach(chain, &table->chains) {
		if (!strcmp(chain->name, "FORWARD")) {
			probe.forward_rules = chain->handles.count - chain->hooks.count;
			probe.docker_called = chain->calls_docker;
		}
		probe.ours |= chain->ours || chain->hooks.count;
	}
	return probe;
}

static int probe(uint8_t family, const char *parent, struct pg_diags *diags,
		 struct pg_ipt_probe *ret_probe)
{
	_cleanup_nft_snapshot_ struct pg_nft_snapshot snapshot = { 0 };
	int err = look(family, &snapshot);

	if (err && err != -EOPNOTSUPP)
		return pg_nft_report_read(diags, err);
	*ret_probe =
		err ? (struct pg_ipt_probe){ 0 } : probe_table(table_of(&snapshot, family), parent);
	return 0;
}

static int read_tree(uint8_t family, struct pg_diags *diags, struct pg_tree *ret_tree)
{
	_cleanup_nft_snapshot_ struct pg_nft_snapshot snapshot = { 0 };
	int err = look(family, &snapshot);

	if (err && err != -EOPNOTSUPP)
		return pg_nft_report_read(diags, err);
	err = pg_nft_snapshot_to_tree(&snapshot, family, ret_tree);
	return err ? pg_nft_report_read(diags, err) : 0;
}

static int write_trees(const struct pg_tree *v4, const struct pg_tree *v6, struct pg_diags *diags,
		       struct pg_ipt_failure *failure)
{
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	int err = pg_nfnl_open(&nfnl);

	*failure = (struct pg_ipt_failure){ 0 };
	if (err)
		return pg_nft_report_read(diags, err);
	return pg_nft_commit(&nfnl, v4, v6, diags, failure);
}

static int remove_ours(struct pg_diags *diags)
{
	const struct pg_tree v4 = { .family = 4 }, v6 = { .family = 6 };
	_cleanup_nfnl_ struct pg_nfnl nfnl = { 0 };
	struct pg_ipt_failure failure;
	uint32_t generation;
	int err = pg_nfnl_open(&nfnl);

	if (!err)
		err = pg_nft_generation(&nfnl, &generation);
	/* Where there is no nf_tables there is nothing of ours in it. */
	if (err == -EOPNOTSUPP || err == -EPROTONOSUPPORT)
		return 0;
	return err ? pg_nft_report_read(diags, err)
		   : pg_nft_commit(&nfnl, &v4, &v6, diags, &failure);
}

const struct pg_ipt_flavour pg_ipt_nft = {
	.name = "nft",
	.probe = probe,
	.read = read_tree,
	.write = write_trees,
	.remove = remove_ours,
};
