// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "compat/nft.h"

/*
 * A host that starts many containers changes its rules hundreds of times a second, for seconds; in
 * between there is time enough for us to read and write, sooner or later.
 */
#define PATIENCE_SECONDS 20

struct pg_nft_patience pg_nft_patience_start(void)
{
	struct pg_nft_patience patience = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &patience.start);
	return patience;
}

bool pg_nft_patience_is_over(const struct pg_nft_patience *patience)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - patience->start.tv_sec > PATIENCE_SECONDS;
}

static int take_generation(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == NFTA_GEN_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			*(uint32_t *)data = ntohl(mnl_attr_get_u32(attr));
	}
	return MNL_CB_OK;
}

int pg_nft_generation(struct pg_nfnl *nfnl, uint32_t *ret_generation)
{
	char buffer[PG_NFNL_MESSAGE_MAX];
	uint32_t generation = 0;
	int err = pg_nfnl_talk(nfnl,
			       pg_nfnl_request(nfnl, buffer,
					       NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
					       AF_UNSPEC, 0),
			       take_generation, &generation);

	/* nfnetlink says EINVAL of a subsystem that the kernel doesn't have. */
	if (err)
		return err == -EINVAL ? -EOPNOTSUPP : err;
	*ret_generation = generation;
	return 0;
}
