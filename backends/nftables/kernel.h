/* SPDX-License-Identifier: GPL-2.0-only */
/* Both tables and the kernel: read, written in one batch, reported on. */
#ifndef PG_BACKENDS_NFTABLES_KERNEL_H
#define PG_BACKENDS_NFTABLES_KERNEL_H

#include "backends/nftables/item.h"
#include "compat/nft.h"

/* read.c */

struct pg_nftables_count {
	uint64_t packets, bytes;
};

/* What the tables hold at one moment, and what was counted by then. */
struct pg_nftables_state {
	uint32_t generation;
	struct pg_objects objects; /* sorted */
	/* by elements' keys, sorted: their struct pg_nftables_count, if it was asked for */
	struct pg_objects counts;
	bool keep_counts;
	struct pg_counters counters;
};

void pg_nftables_state_done(struct pg_nftables_state *state);
#define _cleanup_nftables_state_ PG_CLEANUP(pg_nftables_state_done)

/*
 * An empty state where the kernel has no nf_tables. `counts`: of each element, too. An error is in
 * `diags`.
 */
int pg_nftables_read(struct pg_diags *diags, bool counts, struct pg_nftables_state *ret_state);

/* commit.c */

/*
 * Makes the kernel hold `desired`, from which `diff` differs by what was read at `generation`. -ERESTART: it
 * isn't that generation any more; nothing was changed nor said. Other errors are in `diags`, at the rule
 * that the refused object came of.
 */
int pg_nftables_write(const struct pg_objects *desired, const struct pg_diff *diff,
		      uint32_t generation, const struct pg_intent *intent, struct pg_diags *diags);

/*
 * Whether the kernel would take `desired` in place of what it holds; nothing is changed. -EOPNOTSUPP: it lacks
 * something.
 */
int pg_nftables_try(const struct pg_objects *desired, const struct pg_intent *intent,
		    struct pg_diags *diags);

/* Takes both tables down. 0 where there are none. */
int pg_nftables_clear(struct pg_diags *diags);

/* message.c: each adds one object's message, or the one that takes it away. -ENOMEM, -E2BIG, -EINVAL. */

struct pg_nftables_batch {
	struct pg_nfnl_batch messages;
	/* the object that each message is about, by the message's number */
	struct pg_array(const struct pg_object *) about;
	struct nlmsghdr *elements; /* the message that takes elements, and their list in it */
	struct nlattr *list;
	uint16_t type;		       /* of that message */
	const struct pg_object *first; /* its first element */
	bool single;		       /* each element has a message of its own */
	uint32_t sets;		       /* so far; each has a number of its own in a batch */
};

void pg_nftables_batch_done(struct pg_nftables_batch *batch);
#define _cleanup_nftables_batch_ PG_CLEANUP(pg_nftables_batch_done)

int pg_nftables_put(struct pg_nftables_batch *batch, const struct pg_object *object);
int pg_nftables_remove(struct pg_nftables_batch *batch, const struct pg_object *object);
/* All elements of a set, all rules of a chain, of the same name and table as `object`'s. */
int pg_nftables_flush(struct pg_nftables_batch *batch, const struct pg_object *object);
/* What was added so far is complete. */
void pg_nftables_finish(struct pg_nftables_batch *batch);

#endif
