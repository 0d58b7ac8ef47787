/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The objects of this backend: map entries in canonical form. A key is a letter for the map and the
 * map's key, numbers with the most significant byte first, so that the order of bytes is that of the
 * numbers. What only this boot of this kernel knows (interface indexes, slots) isn't in them: plan()
 * makes the same objects without a kernel.
 */
#ifndef PG_BACKENDS_EBPF_ENTRY_H
#define PG_BACKENDS_EBPF_ENTRY_H

#include <net/if.h>

#include "backends/backend.h"

enum pg_map_entry_kind {
	PG_ENTRY_ADDRESS = 'a',
	PG_ENTRY_ENDPOINT = 'e',
	PG_ENTRY_META = 'm',
	PG_ENTRY_POLICY = 'p',
	PG_ENTRY_SUBJECT = 's',
	PG_ENTRY_UPLINK = 'l',
	PG_ENTRY_UNFINISHED = 'u', /* a commit was killed: never desired, so that one is made */
};

struct pg_map_entry_address {
	struct pg_prefix prefix;
	pg_identity id;
	bool local; /* of an endpoint whose interface is known */
};

struct pg_map_entry_endpoint {
	/*
	 * The interface, or "/NAME" (what no interface can be called) of an endpoint that has none,
	 * as in endpoints that are only to be rendered.
	 */
	const char *name;
	size_t name_length;
	pg_identity id;
	struct pg_addr ipv4, ipv6;   /* family 0: none */
	enum pg_same_host same_host; /* what was asked for */
	/* both programs are on the interface, and what its entry says of it is still so */
	bool attached;
};

struct pg_map_entry_meta {
	uint8_t digest[32];
	enum pg_host_policy host_policy;
	enum pg_on_revoke on_revoke;
	enum pg_same_host same_host;
};

struct pg_map_entry_policy {
	pg_identity subject, peer;
	enum pg_direction direction;
	pg_proto proto;
	uint16_t port;
	uint8_t port_bits;
	enum pg_verdict verdict;
	const char *rule;
	size_t rule_length;
};

struct pg_map_entry_subject {
	pg_identity id;
	bool enforced[PG_DIRECTIONS];
	uint32_t use[PG_DIRECTIONS]; /* as the map has it */
};

struct pg_map_entry_uplink {
	const char *name; /* of the interface */
	size_t name_length;
	bool attached; /* both programs are on it, and what is known of it is still so */
};

struct pg_map_entry {
	enum pg_map_entry_kind kind;
	union {
		struct pg_map_entry_address address;
		struct pg_map_entry_endpoint endpoint;
		struct pg_map_entry_meta meta;
		struct pg_map_entry_policy policy;
		struct pg_map_entry_subject subject;
		struct pg_map_entry_uplink uplink;
		uint32_t generation; /* of the unfinished commit */
	};
};

/* Appends an entry. Texts are copied. -ENOMEM. */
int pg_map_entry_add(struct pg_objects *objects, const struct pg_map_entry *entry,
		     struct pg_origin origin);

/* What an object says; texts point into it. -EINVAL: it isn't one of this backend's. */
int pg_map_entry_read(const struct pg_object *object, struct pg_map_entry *ret_entry);

/* The address entry of the longest prefix that covers one, or of itself. NULL: none. */
const struct pg_object *pg_map_entry_covering(const struct pg_objects *objects,
					      const struct pg_prefix *prefix);

#endif
