/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From an intent to rules. Pure: nothing here asks the kernel.
 *
 *	DOCKER-USER or FORWARD -> POLGEN         spoofed, not-own-address, established, egress, ingress
 *	INPUT                  -> POLGEN-INPUT   spoofed, established, egress
 *	OUTPUT                 -> POLGEN-OUTPUT  established, ingress; only if the host is judged too
 *
 *	POLGEN-SPOOF    what comes in by an endpoint's interface and isn't from its address: dropped
 *	POLGEN-NOT-OWN  what is bridged to a closed endpoint and isn't to its address: dropped
 *	POLGEN-EGRESS   judges the source, if it is an endpoint
 *	POLGEN-INGRESS  judges the destination, if it is an endpoint
 *	POLGEN-META     never jumped to: one rule whose comment says what is installed
 *
 * RETURN means "allowed here": the packet goes on to the next chain, and in the end back to the host's
 * own rules, which decide after us. Names of rules are their comments.
 *
 * What netfilter shows of a packet, with net.bridge.bridge-nf-call-iptables=1: the bridge port it came
 * in by whether it is bridged, routed, or to the host itself; the port it leaves by only if bridged.
 *
 * What no rule sees, frames that carry IP behind a VLAN tag, the guard beside the rules drops (vlan.h).
 *
 * Both families have this layout, each with the endpoints' addresses of that family, the CIDRs and the
 * ICMP of it. What IPv6 has besides:
 *
 * - Neighbour discovery (ICMPv6 133 to 137) passes before anything else, from and to any address: its
 *   sources are link-local or unspecified. Receivers see to the hop limit of 255 (RFC 4861).
 * - So do multicast listener reports (131, 132, 143), without which switches that snoop deliver no
 *   multicast, from link-local sources to multicast destinations and not otherwise.
 * - Everything else from a link-local source is spoofed, as from any address that isn't the endpoint's
 *   own, also to the host and in a flow that is known: policy speaks of the one address that is known.
 *   So nothing else is bridged to an endpoint's link-local address, be it open: it couldn't answer, and
 *   what denies it to some peers would be got around.
 * - An endpoint without a known IPv6 address may have one that nobody knows. Closed in egress, all that
 *   comes in by its interface is dropped; closed in ingress, what is bridged to it is, both as "ipv6".
 *   Open, it is left alone, other than with IPv4. What is routed to such an endpoint, or sent to it by
 *   the host, no rule can tell; the same goes for link-local addresses that the host sends to.
 * - No rules at all, while no endpoint has an IPv6 address and none is closed in any direction.
 */
#ifndef PG_BACKENDS_IPTABLES_LAYOUT_H
#define PG_BACKENDS_IPTABLES_LAYOUT_H

#include "backends/backend.h"
#include "translate/ruletree.h"

#define PG_CHAIN_FORWARD    "POLGEN"
#define PG_CHAIN_INPUT	    "POLGEN-INPUT"
#define PG_CHAIN_OUTPUT	    "POLGEN-OUTPUT"
#define PG_CHAIN_SPOOF	    "POLGEN-SPOOF"
#define PG_CHAIN_NOT_OWN    "POLGEN-NOT-OWN"
#define PG_CHAIN_EGRESS	    "POLGEN-EGRESS"
#define PG_CHAIN_EGRESS_EP  "POLGEN-EGRESS-EP"
#define PG_CHAIN_INGRESS    "POLGEN-INGRESS"
#define PG_CHAIN_INGRESS_EP "POLGEN-INGRESS-EP"
#define PG_CHAIN_META	    "POLGEN-META"

/* In the layouts "tree" and "set": judges of the world, and what the names of all its other chains begin with. */
#define PG_CHAIN_EGRESS_W     "POLGEN-EGRESS-W"
#define PG_CHAIN_INGRESS_W    "POLGEN-INGRESS-W"
#define PG_CHAIN_EGRESS_TREE  "POLGEN-E-"
#define PG_CHAIN_INGRESS_TREE "POLGEN-I-"

enum pg_layout {
	PG_LAYOUT_LINEAR,
	PG_LAYOUT_TREE,
	PG_LAYOUT_SET,
	PG_LAYOUTS,
};

const char *pg_layout_name(enum pg_layout layout);
/* -EINVAL. */
int pg_layout_parse(const char *name, enum pg_layout *ret_layout);

/* Whose verdicts the rules of a chain are; PG_DIRECTIONS: neither's. */
enum pg_direction pg_layout_direction(const char *chain);

struct pg_layout_options {
	uint8_t family; /* 4 or 6: of the tree to be made */
	enum pg_layout layout;
	const char *parent; /* the chain that forwarding is hooked to */
};

/*
 * Layouts differ in what POLGEN-EGRESS and POLGEN-INGRESS lead to, and not in what is judged, by which
 * rule, nor in the names by which that is counted. In each of them a subject's denies come before its
 * allows, then the drop of the rest where it is enforced, denies and allows each in the order of the
 * policy's rules. If the policy speaks of CIDRs or the world, whose rules must not match managed
 * addresses, peers are sorted by address first: rules for endpoints and hosts then stand in
 * POLGEN-EGRESS-EP and POLGEN-INGRESS-EP.
 *
 * "linear": every pair of addresses its own rule, one flat chain a direction (and for endpoints).
 *
 * "tree": a packet is sent to the chain of its subject's identity by the address, from there to one for
 * its peer's, both through dispatch.h, and there it meets only what is said of these two. E stands for
 * egress here, I in its place for ingress; S and P are numbers of identities.
 *
 *	POLGEN-EGRESS     to POLGEN-EGRESS-EP or -W by the peer if the policy speaks of the world, through
 *	                  POLGEN-E-M.00, ...; else as those
 *	POLGEN-EGRESS-EP  by the subject, through POLGEN-E-S.00, ..., to POLGEN-E-<S>
 *	POLGEN-EGRESS-W   by the subject, through POLGEN-E-W.00, ..., to POLGEN-E-<S>-W
 *	POLGEN-E-<S>      by the peer, through POLGEN-E-<S>.00, ..., to POLGEN-E-<S>-<P>, where P is the
 *	                  first of the peers of whom the same is said; 0: of whom nothing special is.
 *	                  Holds the rules itself if that is everybody. With -W likewise
 *	POLGEN-SPOOF      by the interface, through POLGEN-SPOOF.00, ...; POLGEN-NOT-OWN likewise
 *
 * "set": as "tree", but endpoints and hosts are told apart by sets of their identities' addresses, which
 * sets.h has, and so are many ports of one chain. So rules grow with the pairs of identities, and an added
 * endpoint is rules of the guards and elements of sets.
 *
 * Chains are sorted by name, and so are the tree's sets. An IPv6 tree is empty if it isn't needed. -E2BIG: more rules than
 * PG_PLAN_MAX, found out before the first is made. -EINVAL: an interface that rules can't name, or that
 * two endpoints share. -EOPNOTSUPP: a match that iptables lacks. -ENOMEM.
 */
int pg_layout_build(const struct pg_intent *intent, const struct pg_layout_options *options,
		    struct pg_diags *diags, struct pg_tree *ret_tree);

/* Rules that don't come of the verdict table (guard.c): -ENOMEM. */

/* Whether rules can name all interfaces, each of one endpoint. -EINVAL (diags), -ENOMEM. */
int pg_guard_check(const struct pg_endpoints *endpoints, struct pg_diags *diags);
/* Fill the chains of these names. Endpoints without an interface get no rule. */
int pg_guard_spoof(const struct pg_intent *intent, uint8_t family, struct pg_tree_chain *chain);
int pg_guard_not_own(const struct pg_intent *intent, uint8_t family, struct pg_tree_chain *chain);
int pg_guard_meta(const struct pg_intent *intent, const char *layout, struct pg_tree_chain *chain);
int pg_guard_established(struct pg_tree_chain *chain);
/* What of IPv6 passes whatever the policy. */
int pg_guard_neighbours(struct pg_tree_chain *chain);
/* A jump at the end of a chain. */
int pg_guard_jump(struct pg_tree_chain *chain, const char *to);

/* Whether a family needs rules: IPv4 always, IPv6 if there is something to say about it. */
bool pg_guard_is_needed(const struct pg_intent *intent, uint8_t family);

/* Whether the policy closed an endpoint, by its index, in a direction. */
bool pg_guard_is_enforced(const struct pg_intent *intent, size_t endpoint,
			  enum pg_direction direction);

/* What the rule in POLGEN-META says. */
struct pg_meta {
	uint8_t digest[32];
	enum pg_on_revoke on_revoke;
	char layout[32];
};

/* -EINVAL: not a comment of pg_guard_meta()'s. */
int pg_meta_parse(const char *comment, struct pg_meta *ret_meta);

#endif
