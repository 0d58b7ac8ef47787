/* SPDX-License-Identifier: GPL-2.0-only */
/* What rtnl.c and rtnl_list.c share. */
#ifndef PG_COMPAT_RTNL_INTERNAL_H
#define PG_COMPAT_RTNL_INTERNAL_H

#include <libmnl/libmnl.h>

#include "compat/rtnl.h"

#define PG_RTNL_BATCH (64u << 10)
/* The largest request here has some 200 bytes. */
#define PG_RTNL_REQUEST 512

struct pg_rtnl {
	struct mnl_socket *socket;
	unsigned int portid, sequence;
	char batch[PG_RTNL_BATCH];
	size_t used;
	struct nlmsghdr *last; /* of the batch; NULL while it is empty */
	int err;	       /* the first since the last commit */
	char error[192];
	/* The kernel sizes the parts of a list by this, at most 32 KiB (netlink_recvmsg). */
	char reply[32u << 10];
};

/* Begins a request in the batch, and puts it there. */
struct nlmsghdr *pg_rtnl_begin(struct pg_rtnl *rtnl, uint16_t type, uint16_t flags);
void pg_rtnl_end(struct pg_rtnl *rtnl, struct nlmsghdr *request);

#endif
