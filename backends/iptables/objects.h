/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rule trees as the seam's objects, and objects as text. Pure.
 *
 *	set    family 0 0 NAME 0              ->  what makes it, without sizes: "hash:ip family inet"
 *	       family 0 0 NAME 0 ELEMENT 0    ->  the element's comment
 *	hook   family 0 PARENT 0 CHAIN 0 position     ->  "-j CHAIN"
 *	chain  family CHAIN 0                         ->  ""
 *	rule   family CHAIN 0 position                ->  the rule as iptables-save has it after -A CHAIN
 *
 * Family is a byte, 4 or 6, with PG_OBJECT_ELSEWHERE set for what is live in the flavour that isn't
 * used: never desired, so that a diff shows it as to be deleted. Positions are 4 bytes, big-endian,
 * from 1. So objects sort by family, sets first, each before its elements, then hooks, then
 * each chain before its rules.
 */
#ifndef PG_BACKENDS_IPTABLES_OBJECTS_H
#define PG_BACKENDS_IPTABLES_OBJECTS_H

#include "backends/backend.h"
#include "translate/ruletree.h"

#define PG_OBJECT_ELSEWHERE 0x80

/* Whether something of a set, or in it, is other than desired. */
bool pg_ipt_objects_change_set(const struct pg_diff *diff, const char *name);

/* Appends all of a tree; the family byte gets `mark` added. -ENOMEM. */
int pg_ipt_objects_add(struct pg_objects *objects, const struct pg_tree *tree, uint8_t mark);

/*
 * Input of iptables-restore --noflush, for a host that has no chains of polgen's: it makes what a
 * commit makes. The IPv6 part, if there is one, follows in lines that begin with "#6 ", which
 * iptables-restore ignores: `sed -n 's/^#6 //p' | ip6tables-restore --noflush` loads it.
 */
void pg_ipt_render_native(const struct pg_objects *objects, struct pg_strbuf *buf);

/*
 *	{ "backend": "iptables",
 *	  "families": [
 *	    { "family": 4,
 *	      "sets": [ { "name": "polgen-4-49527-9a7b3c1d", "type": "hash:ip family inet",
 *	                  "elements": [ { "key": "10.0.0.2" } ] } ],
 *	      "hooks": [ { "parent": "FORWARD", "position": 1, "chain": "POLGEN" } ],
 *	      "chains": [
 *	        { "name": "POLGEN-EGRESS",
 *	          "rules": [ { "text": "-s 10.0.0.2/32 ... -j RETURN", "rule": "shop.json:3:7" } ] } ] } ] }
 *
 * "rule" is the comment, absent where a rule or an element has none; so is "sets" where there are none. A family without objects is absent.
 * After the families comes the guard's part (vlan.h), if there is one.
 */
void pg_ipt_render_json(const struct pg_objects *objects, struct pg_strbuf *buf);

#endif
