/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the engine, for each other. */
#ifndef PG_POLICY_ENGINE_PART_H
#define PG_POLICY_ENGINE_PART_H

#include "compat/hash.h"
#include "policy/engine.h"

/*
 * Two things that belong to each other, each of which has a list of the others: taken apart in no
 * time, whichever side one comes from. The lists never move while something is joined to them.
 */
struct pg_link {
	void *owner;		/* who is at the other end */
	struct pg_links *there; /* its list */
	uint32_t place;		/* where in that list the other end of this link is */
};

struct pg_links {
	struct pg_array(struct pg_link) list;
};

/* -ENOMEM. (policy/engine_links.c) */
int pg_links_join(struct pg_links *a, void *a_owner, struct pg_links *b, void *b_owner);
/* Takes the last link of the list apart. */
void pg_links_part_last(struct pg_links *links);
/* Takes all of them apart. */
void pg_links_part_all(struct pg_links *links);

/*
 * A row of the verdict table, of one subject and one entry of one rule. All are kept, also those that
 * say the same: so each can go as it came.
 */
struct pg_engine_row {
	uint32_t peer; /* number of an identity */
	uint32_t slot, entry;
	uint16_t first, last;
	uint8_t proto, direction, verdict, unused;
};

struct pg_engine_rows {
	struct pg_array(struct pg_engine_row) list;
};

/* A subject as a table shows it. */
struct pg_engine_subject {
	pg_identity id; /* PG_IDENTITY_ANY: no subject */
	bool enforced[PG_DIRECTIONS];
	uint32_t closed_by[PG_DIRECTIONS]; /* slot + 1 */
	struct pg_engine_rows rows;	   /* sorted */
};

struct pg_engine_identity {
	struct pg_identity_info info; /* without the indexes of endpoints */
	uint32_t home;
	size_t users;		   /* endpoints, or mentions of the CIDR in rules */
	struct pg_links endpoints; /* struct pg_engine_endpoint */
	struct pg_links topics;	   /* struct pg_topic: what selectors may find it by */
	struct pg_links rules;	   /* struct pg_engine_rule: those that select it */
	size_t requiring;	   /* how many of those have fromRequires */
	struct pg_engine_subject now, before;
	struct pg_engine_rows added; /* not among now.rows yet */
	bool touched;		     /* `before` is filled, and it is in the engine's list */
	bool stale;		     /* the rows are to be made anew */
	bool chosen;		     /* among those that are worked on */
	uint64_t seen;		     /* the last walk that came by */
};

/* Who asks for identities: a rule for its subjects, or an entry for its peers. */
struct pg_watcher {
	struct pg_engine_rule *rule;
	uint32_t entry; /* 1-based; 0: the rule's subject */
	uint64_t seen;
	struct pg_links topics; /* struct pg_topic: whoever it is after has one of these */
};

struct pg_engine_rule {
	struct pg_rule rule;
	uint32_t slot;
	bool requires;		     /* some entry has fromRequires */
	struct pg_links subjects;    /* struct pg_engine_identity */
	struct pg_watcher *watchers; /* the subject's, then one for each entry */
};

/* What some identities have in common. */
enum pg_topic_kind {
	PG_TOPIC_EVERYBODY,
	PG_TOPIC_LABEL, /* key and value */
	PG_TOPIC_KEY,
	PG_TOPIC_PREFIX, /* CIDRs that it covers */
	PG_TOPIC_HOST,
	PG_TOPIC_REMOTE_NODE,
	PG_TOPIC_CLUSTER,
	PG_TOPIC_WORLD,
};

struct pg_topic_key {
	enum pg_topic_kind kind;
	const char *key, *value; /* or NULL */
	struct pg_prefix prefix;
};

struct pg_topic {
	struct pg_topic_key name;
	char *key, *value; /* the name's, owned */
	uint64_t hash;
	struct pg_links identities, watchers;
};

struct pg_engine_endpoint {
	struct pg_endpoint endpoint;
	struct pg_links identity; /* the one it has */
	pg_identity before;	  /* its number then; ANY: it wasn't there */
	bool gone, touched;
	uint32_t index; /* in the view that is being made; 1-based */
};

/* A prefix, and whose it may be. */
struct pg_engine_address {
	pg_identity id; /* ANY: nobody's */
	struct pg_engine_endpoint *endpoint;
};

struct pg_engine_place {
	struct pg_prefix prefix;
	struct pg_engine_endpoint *endpoint;
	bool host, remote_node;
	struct pg_engine_identity *cidr;
	bool touched;
	struct pg_engine_address before;
};

struct pg_engine {
	struct pg_engine_options options;
	int broken;   /* the error that ended it */
	bool settled; /* what went away goes for good with the next change */
	struct pg_array(struct pg_addr) host_addrs, remote_node_addrs;
	bool host_known;
	struct pg_array(struct pg_engine_identity *) reserved; /* host, world, remote-node */
	struct pg_hash topics;
	struct pg_hash numbers;	   /* identities by number */
	struct pg_hash label_sets; /* identities by labels */
	struct pg_hash prefixes;   /* identities by CIDR */
	struct pg_hash places;
	struct pg_hash endpoints;			    /* by name */
	struct pg_array(struct pg_engine_identity *) cidrs; /* by pg_prefix_compare() */
	/*
	 * Rules have a slot for as long as they live, and a number that says which comes first. Numbers
	 * have gaps: a rule that went keeps its own until what it said is settled.
	 */
	struct pg_array(struct pg_engine_rule *) slots; /* NULL: free */
	struct pg_array(uint32_t) free_slots;
	struct pg_array(uint32_t) rule_numbers; /* by slot */
	struct pg_array(uint32_t) order;	/* slots */
	uint32_t next_number;
	struct pg_array(struct pg_engine_rule *) requiring; /* those with fromRequires */
	size_t rows;					    /* of all subjects */
	uint64_t walk;
	struct pg_array(struct pg_engine_identity *) touched_subjects;
	struct pg_array(struct pg_engine_endpoint *) touched_endpoints;
	struct pg_array(struct pg_engine_place *) touched_places;
	struct pg_array(struct pg_engine_identity *) dead_identities;
	struct pg_array(struct pg_engine_rule *) dead_rules;
};

struct pg_engine_identities {
	struct pg_array(struct pg_engine_identity *) list;
};

struct pg_watchers {
	struct pg_array(struct pg_watcher *) list;
};

/* Topics. (policy/engine_topics.c) -ENOMEM. */
int pg_engine_carry(struct pg_engine *engine, struct pg_engine_identity *identity);
void pg_engine_drop_topics(struct pg_engine *engine, struct pg_links *topics);
int pg_engine_follow(struct pg_engine *engine, struct pg_watcher *watcher,
		     const struct pg_topic_key *name);
/* The topics of what a selector asks for least; whoever it selects has one of them. */
int pg_engine_follow_selector(struct pg_engine *engine, struct pg_watcher *watcher,
			      const struct pg_selector *selector);
/* Who has a topic that the watcher follows, and who follows one that the identity has. Each once. */
int pg_engine_find_identities(struct pg_engine *engine, const struct pg_watcher *watcher,
			      struct pg_engine_identities *found);
int pg_engine_find_watchers(struct pg_engine *engine, const struct pg_engine_identity *identity,
			    struct pg_watchers *found);

/* Rows. (policy/engine_rows.c) */
int pg_engine_touch(struct pg_engine *engine, struct pg_engine_identity *subject);
/* Has a subject's rows made anew when all is settled. */
int pg_engine_refill(struct pg_engine *engine, struct pg_engine_identity *subject);
/* What the rule says for some of its subjects. -E2BIG, -ENOMEM. */
int pg_engine_add_rows(struct pg_engine *engine, const struct pg_engine_rule *rule,
		       struct pg_engine_identity *const *subjects, size_t count);
/* What one entry says of one peer to all subjects of its rule. */
int pg_engine_add_peer_rows(struct pg_engine *engine, const struct pg_watcher *watcher,
			    const struct pg_engine_identity *peer);
int pg_engine_drop_peer_rows(struct pg_engine *engine, struct pg_engine_identity *subject,
			     pg_identity peer);
int pg_engine_drop_rule_rows(struct pg_engine *engine, struct pg_engine_identity *subject,
			     uint32_t slot);
int pg_engine_clear_rows(struct pg_engine *engine, struct pg_engine_identity *subject);
/* Brings a touched subject up to date. */
int pg_engine_settle_subject(struct pg_engine *engine, struct pg_engine_identity *subject);

/* Whether an entry says anything to anybody. */
static inline bool pg_entry_speaks(const struct pg_entry *entry)
{
	return entry->has_l4 ? entry->l4.count : entry->peers.l3 != PG_L3_ANY;
}

static inline const struct pg_entry *pg_watcher_entry(const struct pg_watcher *watcher)
{
	return &watcher->rule->rule.entries.items[watcher->entry - 1];
}

/* Identities. (policy/engine_identity.c) */
void pg_engine_identity_free(struct pg_engine_identity *identity);
/* Those that are there from the start, numbers and all, still without users. -ENOMEM. */
int pg_engine_add_identities(struct pg_engine *engine, const struct pg_identities *identities);
struct pg_engine_identity *pg_engine_find_prefix(const struct pg_engine *engine,
						 const struct pg_prefix *prefix);
/* An identity for labels (copied), or a CIDR, has a user more. */
int pg_engine_use_labels(struct pg_engine *engine, const struct pg_labels *labels,
			 struct pg_engine_identity **ret_identity);
int pg_engine_use_prefix(struct pg_engine *engine, const struct pg_prefix *prefix);
/* ... and one less: with the last one it goes. */
int pg_engine_leave_labels(struct pg_engine *engine, struct pg_engine_identity *identity);
int pg_engine_leave_prefix(struct pg_engine *engine, const struct pg_prefix *prefix);
/* Joins a rule and a subject. */
int pg_engine_join_subject(struct pg_engine *engine, struct pg_engine_rule *rule,
			   struct pg_engine_identity *subject);

/* Numbers. (policy/engine_number.c) */
struct pg_engine_move {
	struct pg_engine_identity *identity;
	pg_identity id; /* its new number */
};

struct pg_engine_moves {
	struct pg_array(struct pg_engine_move) list;
};

/* The number it would have if nobody else wanted it, counted from the first of its range. */
void pg_engine_set_home(struct pg_engine_identity *identity);
/* Yields whose numbers change when one comes, which is among them, or goes. -E2BIG, -ENOMEM. */
int pg_engine_number_new(struct pg_engine *engine, struct pg_engine_identity *identity,
			 struct pg_engine_moves *moves);
int pg_engine_number_gone(struct pg_engine *engine, struct pg_engine_identity *identity,
			  struct pg_engine_moves *moves);
struct pg_engine_identity *pg_engine_numbered(const struct pg_engine *engine, pg_identity id);
uint64_t pg_engine_number_hash(pg_identity id);

/* (policy/engine_rule.c) */
void pg_engine_rule_free(struct pg_engine_rule *rule);

/* Endpoints and addresses. (policy/engine_endpoint.c) */
void pg_engine_endpoint_free(struct pg_engine_endpoint *endpoint);
/* Takes nodes' addresses, which never change. */
int pg_engine_add_nodes(struct pg_engine *engine, const struct pg_endpoints *endpoints);
/* Forgets the places that nobody has. */
void pg_engine_forget_places(struct pg_engine *engine);
/* Whose a CIDR's addresses are, if nobody else's; NULL: nobody's. */
int pg_engine_place_cidr(struct pg_engine *engine, const struct pg_prefix *prefix,
			 struct pg_engine_identity *cidr);
struct pg_engine_address pg_engine_address_of(const struct pg_engine_place *place);
/* All that an identity's number shows in: its endpoints, their addresses, its CIDR's. */
int pg_engine_touch_addresses(struct pg_engine *engine, struct pg_engine_identity *identity);

/* Changes. (policy/engine.c) */
/* Before each: 0, or the error that broke the engine. What is settled is forgotten, what went is freed. */
int pg_engine_begin(struct pg_engine *engine);
/* After each that may have stopped half-way: keeps its error. */
int pg_engine_end(struct pg_engine *engine, int err);
/* Brings all rows up to date. */
int pg_engine_settle_rows(struct pg_engine *engine);

#endif
