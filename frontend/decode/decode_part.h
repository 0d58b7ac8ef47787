/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the decoder, for each other: handlers for what tables of several files name. */
#ifndef PG_FRONTEND_DECODE_PART_H
#define PG_FRONTEND_DECODE_PART_H

#include "frontend/decode/decode.h"
#include "frontend/decode/dispatch.h"

#define PG_REQUIREMENTS_MAX 1024  /* of one selector */
#define PG_VALUES_MAX	    65536 /* of one matchExpressions element */

/*
 * An object; `member` is a zeroed struct pg_selector. The second is for whom a rule selects, or what
 * it requires of others: with a requirement less it would select or let in more.
 */
pg_field_fn pg_decode_selector, pg_decode_whole_selector;

/* The elements of a rule's section; `member` is a zeroed struct pg_entry with its direction set. */
pg_field_fn pg_decode_entry;

/*
 * Decodes what allows or denies something; `entry` has its direction and place. With --lenient an
 * entry that allows, and has something in it that isn't known or supported, is left out as a whole.
 */
int pg_decode_or_leave_out(struct pg_decoder *decoder, const struct pg_json_value *value,
			   pg_field_fn *decode, struct pg_entry *entry);

/* The arrays of fromEndpoints, fromCIDR and so on; `member` is a struct pg_peers. */
pg_field_fn pg_decode_peer_endpoints, pg_decode_peer_cidrs, pg_decode_peer_cidr_sets,
	pg_decode_peer_entities, pg_decode_requires;

/* An object of a prefix and exceptions; `member` is a struct pg_peers. */
pg_field_fn pg_decode_cidr_set;

/* Numbers from 0 to `max`, and what one is called: "port". */
struct pg_number_kind {
	const char *noun;
	uint16_t max;
};

extern const struct pg_number_kind pg_icmp_kind, pg_icmpv6_kind; /* types of messages */

/* An integer, or a string of digits. False, and an error: none of this kind. */
bool pg_decode_number(struct pg_decoder *decoder, const struct pg_json_value *value,
		      const struct pg_number_kind *kind, uint16_t *ret_number);

/* A port as a number, or as a string with one or with a service's name. False, and an error: none. */
bool pg_decode_port_number(struct pg_decoder *decoder, const struct pg_json_value *value,
			   uint16_t *ret_port);

/* The arrays of toPorts and icmps; `member` is a struct pg_entry. */
pg_field_fn pg_decode_to_ports, pg_decode_icmps;

/* The array of rules.http; `member` is a zeroed struct pg_http_list. */
pg_field_fn pg_decode_http;

/*
 * Labels; `member` is a struct pg_labels. One as a string, source "unspec" unless it has one; and
 * one as a string or as an object of key, value and source.
 */
pg_field_fn pg_decode_label_string, pg_decode_label;

/* False, and an error: the string is no address. */
bool pg_decode_address(struct pg_decoder *decoder, const struct pg_json_value *value,
		       struct pg_addr *ret_addr);

/* What to say of text that is no address, if it looks like IPv4 in the form of IPv6; or "". */
const char *pg_decode_mapped_hint(const char *text);

/* A string, one of the host's own addresses; `member` is a struct pg_endpoints. */
pg_field_fn pg_decode_host_address;

/*
 * An object that is a rule; `member` is a struct pg_policy, and has one rule more then, unless the
 * rule was left out.
 */
pg_field_fn pg_decode_rule;

/* An object as Kubernetes has them, that has rules in it; `member` is a struct pg_policy. */
pg_field_fn pg_decode_object;
bool pg_decode_is_object(const struct pg_json_value *value);

/* Rules and objects, one or a list of them; `member` is a struct pg_policy. */
pg_field_fn pg_decode_rules;

#endif
