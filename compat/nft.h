/* SPDX-License-Identifier: GPL-2.0-only */
/* What everybody who reads or changes nf_tables needs. */
#ifndef PG_COMPAT_NFT_H
#define PG_COMPAT_NFT_H

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <time.h>

#include "compat/nfnl.h"

/* How long we have been trying while another program's changes came between, and whether it's enough. */
struct pg_nft_patience {
	struct timespec start;
};
struct pg_nft_patience pg_nft_patience_start(void);
bool pg_nft_patience_is_over(const struct pg_nft_patience *patience);

/* The number that every change of nf_tables counts up, anybody's. -EOPNOTSUPP: no nf_tables. */
int pg_nft_generation(struct pg_nfnl *nfnl, uint32_t *ret_generation);

static inline void pg_nftnl_table_freep(struct nftnl_table **table)
{
	if (*table)
		nftnl_table_free(*table);
}

static inline void pg_nftnl_chain_freep(struct nftnl_chain **chain)
{
	if (*chain)
		nftnl_chain_free(*chain);
}

static inline void pg_nftnl_rule_freep(struct nftnl_rule **rule)
{
	if (*rule)
		nftnl_rule_free(*rule);
}

static inline void pg_nftnl_set_freep(struct nftnl_set **set)
{
	if (*set)
		nftnl_set_free(*set);
}

#define _cleanup_nftnl_table_ PG_CLEANUP(pg_nftnl_table_freep)
#define _cleanup_nftnl_chain_ PG_CLEANUP(pg_nftnl_chain_freep)
#define _cleanup_nftnl_rule_  PG_CLEANUP(pg_nftnl_rule_freep)
#define _cleanup_nftnl_set_   PG_CLEANUP(pg_nftnl_set_freep)

#endif
