/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sets that rules look packets up in, and their text: what `ipset restore` reads and `ipset save`
 * prints. Two kinds: addresses of one family (hash:ip), and ports that carry the name of the rule they
 * are from and count for it (bitmap:port with counters and comments).
 */
#ifndef PG_TRANSLATE_IPSET_H
#define PG_TRANSLATE_IPSET_H

#include "compat/strbuf.h"
#include "policy/addr.h"
#include "policy/rule.h"

#define PG_SET_NAME_MAX 32 /* IPSET_MAXNAMELEN, with the NUL */

enum pg_set_kind {
	PG_SET_ADDRESSES,
	PG_SET_PORTS,
	PG_SET_FOREIGN, /* read back, and none of these: `foreign` says what it is */
};

struct pg_set_element {
	struct pg_addr addr; /* of PG_SET_ADDRESSES */
	uint16_t port;	     /* of PG_SET_PORTS, with all that follows */
	char *comment;	     /* owned; NULL: none */
	struct pg_origin origin;
	uint64_t packets, bytes;
};

struct pg_set {
	char name[PG_SET_NAME_MAX];
	enum pg_set_kind kind;
	uint8_t family;					 /* of addresses: 4 or 6 */
	uint16_t first, last;				 /* ports that there is room for */
	struct pg_array(struct pg_set_element) elements; /* sorted by address, or port */
	char *foreign;					 /* owned */
};

struct pg_sets {
	struct pg_array(struct pg_set) list;
};

void pg_set_done(struct pg_set *set);
void pg_sets_done(struct pg_sets *sets);
#define _cleanup_sets_ PG_CLEANUP(pg_sets_done)

/* A set without elements at the end. NULL: out of memory. */
struct pg_set *pg_sets_add(struct pg_sets *sets, const char *name, enum pg_set_kind kind);
/* By name. */
void pg_sets_sort(struct pg_sets *sets);
/* NULL: no such set. The sets are sorted. */
const struct pg_set *pg_sets_find(const struct pg_sets *sets, const char *name);

/* -ENOMEM. */
int pg_set_add_addr(struct pg_set *set, const struct pg_addr *addr);
int pg_set_add_port(struct pg_set *set, uint16_t port, const char *comment,
		    struct pg_origin origin);
void pg_set_sort(struct pg_set *set);
/* The element of an address, or of a port; NULL: the set has none. The set is sorted. */
const struct pg_set_element *pg_set_find_addr(const struct pg_set *set, const struct pg_addr *addr);
const struct pg_set_element *pg_set_find_port(const struct pg_set *set, uint16_t port);

/*
 * A hash of what the set holds: kind, room, elements in order and their comments, not its name and
 * counters.
 */
uint64_t pg_set_hash(const struct pg_set *set);

/* What stands after the name when it is made: "hash:ip family inet". No sizes: the kernel changes those. */
void pg_set_format_type(const struct pg_set *set, struct pg_strbuf *buf);
/* The sizes that follow such a type of a set of so many elements. */
void pg_set_format_room(const char *type, size_t elements, struct pg_strbuf *buf);
/* An element as it is written after the name: "10.0.0.2", "80"; its comment apart. */
void pg_set_format_key(const struct pg_set *set, const struct pg_set_element *element,
		       struct pg_strbuf *buf);
/* Input of ipset restore that makes and fills the set, elements with their counters. */
void pg_set_format(const struct pg_set *set, struct pg_strbuf *buf);

/*
 * Appends the sets of what `ipset save` printed; the text is taken apart. A set of another kind, or with
 * other options, is PG_SET_FOREIGN, without elements. Sorts each set. -EBADMSG: no such text. -ENOMEM.
 */
int pg_sets_parse(char *text, struct pg_sets *sets);

#endif
