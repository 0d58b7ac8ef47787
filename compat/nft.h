/* SPDX-License-Identifier: GPL-2.0-only */
/* What everybody who reads or changes nf_tables needs. */
#ifndef PG_COMPAT_NFT_H
#define PG_COMPAT_NFT_H

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

#endif
