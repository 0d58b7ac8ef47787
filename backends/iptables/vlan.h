/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guard beside the rules: tagged frames that endpoints send, and those to endpoints that are closed in
 * ingress, are dropped. The eBPF backend does so too, but lets an open endpoint send with its own address.
 *
 * Frames that carry IP behind a VLAN tag don't come to iptables, but their receiver takes those of VLAN
 * 0 as if they had none (IEEE 802.1Q, 6.9.1: priority-tagged). Nobody checks whose source address is
 * behind the tag, either: sent to the bridge itself, the host would route it as anybody's. So nf_tables
 * drops them on the bridge, with either flavour of iptables, in a table of its own:
 *
 *	table bridge polgen {
 *		set egress { type ifname; }		interfaces of all endpoints
 *		set ingress { type ifname; }	interfaces of those that are closed in ingress
 *		chain prerouting {			what comes in by them
 *			type filter hook prerouting priority -200; policy accept;
 *			ether type 8021q iifname @egress counter drop
 *			ether type 8021ad iifname @egress counter drop
 *		}
 *		chain postrouting {			what leaves by them: ingress, oifname
 *			...
 *		}
 *	}
 *
 * The kernel shows the outermost tag there, also when it keeps it beside the frame, not in it. A set
 * without elements has no chain and is not made; without both there is no table. The whole table
 * is ours, and no other is touched.
 *
 * What this doesn't see: on a bridge that filters VLANs itself (vlan_filtering=1, not Docker's) a tag may
 * be taken off between the two chains.
 */
#ifndef PG_BACKENDS_IPTABLES_VLAN_H
#define PG_BACKENDS_IPTABLES_VLAN_H

#include <net/if.h>

#include "backends/backend.h"

struct pg_vlan_name {
	char text[IFNAMSIZ]; /* padded with NULs: the key of a set */
};

/* Interfaces by name, sorted: who may not send, and not receive. A zeroed struct is no guard. */
struct pg_vlan {
	struct pg_array(struct pg_vlan_name) names[PG_DIRECTIONS];
};

void pg_vlan_done(struct pg_vlan *vlan);
#define _cleanup_vlan_ PG_CLEANUP(pg_vlan_done)

/* The guard of an intent. Pure. -ENOMEM. */
int pg_vlan_make(const struct pg_intent *intent, struct pg_vlan *ret_vlan);
/* Adds what `other` closes. -ENOMEM. */
int pg_vlan_merge(struct pg_vlan *vlan, const struct pg_vlan *other);

/*
 * The guard as objects beside those of objects.h, each a command that nft takes, such that all of them in
 * order make the guard:
 *
 *	7 rank NAME 0			->  "add set bridge polgen egress { type ifname; }"
 *	7 rank SET 0 interface 0	->  "add element bridge polgen egress { "veth1" }"
 *	7 rank CHAIN 0 position		->  "add rule bridge polgen prerouting ..."
 *
 * Rank is a byte that puts sets before elements, chains before rules. What polgen doesn't make (a
 * rule that was put there by hand) is shown in words that nft may not take. -ENOMEM.
 */
int pg_vlan_plan(const struct pg_vlan *vlan, struct pg_objects *objects);
/* What the kernel holds; nothing where it has no nf_tables. */
int pg_vlan_live(struct pg_diags *diags, struct pg_objects *objects);

/* Lines that begin with "#bridge ": `sed -n 's/^#bridge //p' | nft -f -` loads them. */
void pg_vlan_render_native(const struct pg_objects *objects, struct pg_strbuf *buf);
/* ,"bridge":["add table bridge polgen",...]; nothing without a guard. */
void pg_vlan_render_json(const struct pg_objects *objects, struct pg_strbuf *buf);

/*
 * Whether the kernel would take this guard; nothing is changed. -EOPNOTSUPP: it has no nf_tables for
 * bridges, so nothing could be enforced on who sends tagged frames.
 */
int pg_vlan_check(const struct pg_vlan *vlan, struct pg_diags *diags);

/* Makes the kernel hold this guard, in one batch, unless it does; counters go on. */
int pg_vlan_hold(const struct pg_vlan *vlan, struct pg_diags *diags);
/* The same, of what `vlan` or the guard that is there closes; the latter is *ret_before. */
int pg_vlan_hold_both(const struct pg_vlan *vlan, struct pg_diags *diags,
		      struct pg_vlan *ret_before);

/* Adds what was dropped. */
int pg_vlan_count(struct pg_diags *diags, struct pg_counters *counters);

#endif
