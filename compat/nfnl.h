/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Talking to nfnetlink: requests and dumps, and batches, which the kernel takes whole or not at all.
 * The messages' meaning is the caller's.
 */
#ifndef PG_COMPAT_NFNL_H
#define PG_COMPAT_NFNL_H

#include <libmnl/libmnl.h>

#include "compat/util.h"

/* The longest message that may be put into a batch; a request's buffer is as large. */
#define PG_NFNL_MESSAGE_MAX 8192u

/* The longest batch: the kernel keeps a send buffer's size doubled in an int. */
#define PG_NFNL_BATCH_MAX (1u << 30)

/* A zeroed struct is a closed one. */
struct pg_nfnl {
	struct mnl_socket *socket;
	uint32_t seq;
};

/*
 * Of the calling thread's network namespace. -EPROTONOSUPPORT: the kernel has no nfnetlink.
 * Permission is checked at each request, not here.
 */
int pg_nfnl_open(struct pg_nfnl *ret_nfnl);
void pg_nfnl_done(struct pg_nfnl *nfnl);
#define _cleanup_nfnl_ PG_CLEANUP(pg_nfnl_done)

/*
 * Starts a request in `buffer`, which has PG_NFNL_MESSAGE_MAX bytes. `type` is subsystem << 8 |
 * message; `flags` NLM_F_DUMP or 0. Attributes are added by the caller, with mnl_attr_put...().
 */
struct nlmsghdr *pg_nfnl_request(struct pg_nfnl *nfnl, void *buffer, uint16_t type, uint8_t family,
				 uint16_t flags);

/*
 * Sends a request and gives each message of the answer to `callback`. 0, or what the kernel said;
 * -EINTR: the dump is not of one moment, ask again. A callback that returns MNL_CB_ERROR with errno
 * set ends it with that, in the midst of the answer: the socket is good for nothing more.
 */
int pg_nfnl_talk(struct pg_nfnl *nfnl, const struct nlmsghdr *request, mnl_cb_t callback,
		 void *data);

/* Messages of one batch, one after another, as they are sent. A zeroed struct is an empty one. */
struct pg_nfnl_batch {
	char *bytes;
	size_t used, capacity;
	uint32_t first_seq, count; /* messages so far; the n-th has the number first_seq + n */
	size_t last;		   /* where the message begins that was added last */
	uint16_t subsystem;
};

void pg_nfnl_batch_done(struct pg_nfnl_batch *batch);
#define _cleanup_nfnl_batch_ PG_CLEANUP(pg_nfnl_batch_done)

/* What the kernel refused. */
struct pg_nfnl_error {
	int error;	/* -errno */
	uint32_t index; /* of the message; UINT32_MAX: the batch as such */
};

/*
 * Begins a batch for a subsystem (NFNL_SUBSYS_NFTABLES). `generation`: the batch fails as a whole
 * with -ERESTART unless the subsystem's rules are still of this generation. -ENOMEM.
 */
int pg_nfnl_batch_begin(struct pg_nfnl *nfnl, struct pg_nfnl_batch *batch, uint16_t subsystem,
			uint32_t generation);

/*
 * Starts the next message; the batch has room for PG_NFNL_MESSAGE_MAX bytes of it. The address is
 * good until the next one is started. NULL: out of memory, or the batch would be too long (-E2BIG):
 * errno says which.
 */
struct nlmsghdr *pg_nfnl_batch_add(struct pg_nfnl_batch *batch, uint16_t type, uint8_t family,
				   uint16_t flags);

/*
 * Ends a batch of at least one message and sends it. 0: all of it was done. Otherwise nothing was,
 * and *ret_error says what was refused first.
 */
int pg_nfnl_batch_send(struct pg_nfnl *nfnl, struct pg_nfnl_batch *batch,
		       struct pg_nfnl_error *ret_error);

#endif
