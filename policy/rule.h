/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy as the operator wrote it, decoded: a list of rules, each a subject and entries. This is
 * the whole language; a decoder that doesn't read a field yet leaves its member empty.
 */
#ifndef PG_POLICY_RULE_H
#define PG_POLICY_RULE_H

#include "policy/addr.h"
#include "policy/selector.h"
#include "policy/types.h"

/* fromCIDR and fromCIDRSet elements. */
struct pg_cidr {
	struct pg_prefix prefix;
	struct pg_array(struct pg_prefix) except; /* each inside `prefix` */
	struct pg_loc loc;
};

/* fromEntities, as bits. */
enum pg_entity {
	PG_ENTITY_ALL = 1 << 0,
	PG_ENTITY_WORLD = 1 << 1,
	PG_ENTITY_HOST = 1 << 2,
	PG_ENTITY_REMOTE_NODE = 1 << 3,
	PG_ENTITY_CLUSTER = 1 << 4, /* every managed endpoint, host and remote-node */
	PG_ENTITY_NONE = 1 << 5,
};

/* What an entry says of the peer, before the union is taken. */
enum pg_l3 {
	PG_L3_ANY,   /* no peer field: anybody */
	PG_L3_PEERS, /* the union of endpoints, cidrs and entities; nobody if all are empty */
};

/*
 * fromRequires grants nothing. It limits the entry's own peers to those that meet all of its
 * selectors (where the entry has no peer field: anybody who meets them), and, as in Cilium up to
 * 1.18, the `endpoints` (not the CIDRs and entities) of all other entries that apply to the same
 * subject in the same direction, allows and denies each for themselves.
 */
struct pg_peers {
	enum pg_l3 l3;
	struct pg_array(struct pg_selector) endpoints;
	struct pg_array(struct pg_cidr) cidrs;
	unsigned int entities;			      /* enum pg_entity */
	struct pg_array(struct pg_selector) requires; /* fromRequires */
};

/* Forgets whom they name; what they require stays. */
void pg_peers_name_nobody(struct pg_peers *peers);

/* One element of an http list: the fields are ANDed, an absent one (NULL) allows all. */
struct pg_http_rule {
	char *method, *path, *host;	 /* regular expressions over the whole value */
	struct pg_array(char *) headers; /* "Name: value" or "Name" */
	struct pg_loc loc;
};

/*
 * One thing that a toPorts or icmps element allows. `port: 0` is 0..65535. For ICMP the range is of
 * message types. An entry with protocol ANY is three of these: TCP, UDP, SCTP.
 */
struct pg_l4 {
	pg_proto proto;
	uint16_t first, last; /* inclusive, host order */
	uint32_t http;	      /* 1-based index into pg_entry.http_lists; 0: no L7 rules */
	struct pg_loc loc;
};

struct pg_http_list {
	struct pg_array(struct pg_http_rule) rules; /* ORed; empty: every request */
	struct pg_loc loc;
};

/* An element of ingress, egress, ingressDeny or egressDeny. */
struct pg_entry {
	enum pg_direction direction;
	bool deny;
	struct pg_peers peers;
	bool has_l4; /* toPorts or icmps is there, even if nothing comes of it */
	struct pg_array(struct pg_l4) l4;
	struct pg_array(struct pg_http_list) http_lists;
	struct pg_loc loc;
};

struct pg_rule {
	struct pg_selector subject;
	struct pg_array(struct pg_entry) entries; /* in the order of the file */
	bool default_deny[PG_DIRECTIONS];	  /* closes the subject in that direction */
	struct pg_labels labels;
	char *description; /* NULL: none */
	struct pg_loc loc;
};

struct pg_policy {
	struct pg_array(struct pg_rule) rules;
};

/*
 * Which entry of which rule something comes from. Both are 1-based; rule 0 means "no rule": the
 * default deny of an endpoint, or a verdict that needs none. entry 0 with a rule: the rule as a whole.
 */
struct pg_origin {
	uint32_t rule, entry;
};

#define PG_ORIGIN_NONE ((struct pg_origin){ 0 })

void pg_http_rule_done(struct pg_http_rule *rule);
void pg_entry_done(struct pg_entry *entry);
void pg_rule_done(struct pg_rule *rule);
void pg_policy_done(struct pg_policy *policy);
#define _cleanup_policy_ PG_CLEANUP(pg_policy_done)

/* The first HTTP list of the policy, for errors about L7; NULL: there is none. */
const struct pg_http_list *pg_policy_first_http(const struct pg_policy *policy);

/* The place of an origin's entry, or of its rule. PG_LOC_NONE for PG_ORIGIN_NONE. */
struct pg_loc pg_policy_loc(const struct pg_policy *policy, struct pg_origin origin);

int pg_origin_compare(struct pg_origin a, struct pg_origin b);

/*
 * Orders by what is said: 0 if both say the same in the same words. Places, labels and descriptions
 * don't count. (policy/rule_compare.c)
 */
int pg_rule_compare(const struct pg_rule *a, const struct pg_rule *b);
int pg_http_rule_compare(const struct pg_http_rule *a, const struct pg_http_rule *b);

#endif
